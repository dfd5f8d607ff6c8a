#!/usr/bin/env python3
"""The JSON API and the MCP endpoint of `whether run`, as api.mjs sees them.

usage: api.py WHETHER     prints TAP
"""
import sys

from daemon import ROOT
from node_run import run

CONFIG = "[http]\nlisten = 127.0.0.1:0\n[api]\ntoken_file = token\n"

sys.exit(run("api.mjs", CONFIG, {"token": "open-sesame-7\n"}, "open-sesame-7", str(ROOT / "docs/openapi.json")))
