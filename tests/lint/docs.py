#!/usr/bin/env python3
"""The documents say what is there: links and named paths exist, so do the daemon's files in its map, the changelog is open, README starts
with the two commands."""
import re

import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# `bot/reader/`, `script/run`: a path in code quotes that begins with a folder of ours.
CODE = re.compile(r"`((?:\.ci|adapters|bot|docs|knowledge|script|tests)/[\w./*{},-]*)`")
FIRST_SCREEN = 40
COMMANDS = ("script/run", "script/test")

faults = []


def exists(path):
    path = path.rstrip("/.,")
    return any(tree.ROOT.glob(path)) if "*" in path else (tree.ROOT / path).exists()


def check(document):
    fenced = False
    for number, line in enumerate(tree.text(document).splitlines(), 1):
        fenced ^= line.startswith("```")
        if fenced:
            continue
        for target in LINK.findall(line):
            file = target.partition("#")[0]
            if file and "://" not in file and not file.startswith("mailto:") and not exists(str(document.parent / file)):
                faults.append(f"{document}:{number}: the link {target} leads nowhere")
        for path in CODE.findall(line):
            # {a,b} stands for several, NAME for whatever one likes.
            if not re.search(r"[{}]|NAME", path) and not exists(path):
                faults.append(f"{document}:{number}: {path} does not exist")


for document in tree.files(".md"):
    check(document)
# docs/daemon.md says of each file of the daemon what it is for.
MAP, MAPPED = "docs/daemon.md", ("bot/daemon/", "bot/host/")
named = set(re.findall(r"`(\w+)`", tree.text(MAP)))
faults += [f"{MAP}: does not say what {path} is for" for path in tree.files(".c", ".h")
           if str(path).startswith(MAPPED) and path.stem not in named]
if not re.search(r"^## \[Unreleased\]", tree.text("CHANGELOG.md"), re.M):
    faults.append("CHANGELOG.md: has no [Unreleased] section")
screen = "\n".join(tree.text("README.md").splitlines()[:FIRST_SCREEN])
faults += [f"README.md: its first {FIRST_SCREEN} lines do not show {command}" for command in COMMANDS
           if command not in screen]
tree.finish(faults)
