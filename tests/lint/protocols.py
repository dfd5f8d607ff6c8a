#!/usr/bin/env python3
"""docs/protocols.md: every number is there once, in order, and every test that it names exists."""
import re

import tree

DOCUMENT = "docs/protocols.md"
LAST = {"S": 28, "I": 16, "C": 20, "H": 6}
ROW = re.compile(r"^\| ([SICH])(\d+) \| .+ \| (.+) \|$")
NOT_DONE = "not spoken"  # of a fact that needs no test

faults = []
names = {}  # file name -> its cases
for path in tree.files(".c", ".py"):
    if path.parts[:2] in (("tests", "unit"), ("tests", "integration")):
        names[path.name] = set(re.findall(r"^static void test_(\w+)\(|^def case_(\w+)\(|^def (main)\(", tree.text(path), re.M))
        names[path.name] = {word for words in names[path.name] for word in words if word}

seen = {letter: [] for letter in LAST}
for number, line in enumerate(tree.text(DOCUMENT).splitlines(), 1):
    if not (row := ROW.match(line)):
        continue
    seen[row[1]].append(int(row[2]))
    for test in [] if row[3] == NOT_DONE else row[3].split():
        file, _, case = test.partition(":")
        if case not in names.get(file, ()):
            faults.append(f"{DOCUMENT}:{number}: there is no test {test}")
for letter, last in LAST.items():
    if seen[letter] != list(range(1, last + 1)):
        faults.append(f"{DOCUMENT}: {letter}1 to {letter}{last} should be there once each, in order, not {seen[letter]}")
tree.finish(faults)
