#!/usr/bin/env python3
"""The page of `whether run` in a browser, as page.mjs uses it.

usage: page.py WHETHER [CASE... | --screenshots FOLDER | --measure]     prints TAP; the last two take pictures, and times
"""
import os
import sys

from daemon import ROOT
from node_run import run

KNOWLEDGE = ROOT / "knowledge"
CONFIG = f"""[bot]
packs = {KNOWLEDGE}, {KNOWLEDGE / "examples/3d-printing.json"}
records = records
[http]
listen = 127.0.0.1:0
[api]
open = yes
[page]
gaps_token_file = token
address = https://whether.example.org
"""

sys.exit(run("page.mjs", CONFIG, {"token": "open-sesame-8\n"}, "open-sesame-8", os.path.abspath(sys.argv[1]),
             str(KNOWLEDGE / "node-or-django.json")))
