#!/usr/bin/env python3
"""What holds for files as such: sizes, blanks, who is built, who is executable, shell syntax."""
import os
import re
import subprocess

import tree

LINES_MAX = 900
COLUMNS_MAX = 100

CODE = (".c", ".h", ".py", ".sh", ".build", ".ini", ".txt", ".md", ".json", ".dict", ".mjs")
# Bytes that are somebody's input, kept as they came.
INPUT = re.compile(r"^tests/(fuzz/corpus|replay|golden/[^/]+|unit/packs)/")

faults = []


def blanks(path, source):
    for number, line in enumerate(source.split("\n"), 1):
        if line != line.rstrip() and not path.name.endswith(".md"):
            faults.append(f"{path}:{number}: blanks at the end of the line")
        if "\t" in line and path.suffix != ".tsv" and str(path) != "debian/rules":  # make wants them
            faults.append(f"{path}:{number}: a tab")
        if path.suffix in (".c", ".h") and len(line) > COLUMNS_MAX:
            faults.append(f"{path}:{number}: {len(line)} columns, over {COLUMNS_MAX}")
    if source and not source.endswith("\n"):
        faults.append(f"{path}: no line end at its end")


def size(path, source):
    lines = source.count("\n")
    if lines > LINES_MAX:
        faults.append(f"{path}: {lines} lines, over {LINES_MAX}: does it still hold one thing?")


def built(sources):
    """A C file that no meson.build names is dead, a test that nobody runs too, and so is a pack that is not installed."""
    builds = {path.parent: tree.text(path) for path in tree.files("meson.build")}
    for path in sources:
        # Tests are listed by name alone ('buf' for unit/test-buf.c).
        short = path.stem.removeprefix("test-") if path.parts[0] == "tests" else None
        if not any(f"'{path.relative_to(folder)}'" in text or f"'{short}'" in text
                   for folder, text in builds.items() if folder in path.parents):
            faults.append(f"{path}: no meson.build names it")


def shell(path, first_line):
    if first_line.startswith("#!"):
        if not os.access(tree.ROOT / path, os.X_OK):
            faults.append(f"{path}: has a #! line but is not executable")
        interpreter = "bash" if "bash" in first_line else "sh" if re.search(r"[/ ]sh\b", first_line) else None
        if interpreter:
            run = subprocess.run([interpreter, "-n", tree.ROOT / path], capture_output=True, text=True)
            if run.returncode:
                faults.append(f"{path}: {interpreter} -n says: {run.stderr.strip()}")


for path in tree.files():
    if INPUT.match(str(path)) or not (path.suffix in CODE or path.suffix == ""):
        continue
    try:
        source = (tree.ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        if path.suffix:
            faults.append(f"{path}: is not UTF-8")
        continue
    blanks(path, source)
    shell(path, source.partition("\n")[0])
    if path.suffix in (".c", ".h"):
        size(path, source)
built(tree.files(".c"))
built(tree.files(".json", ".model", ".vec", under=("knowledge",)))
tree.finish(faults)
