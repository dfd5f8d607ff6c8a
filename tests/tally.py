#!/usr/bin/env python3
"""Adds up what `meson test` left behind.

usage: tally.py [--failed NAME]... LOGBASE...

LOGBASE.json (one line a test program) and LOGBASE.junit.xml (one entry a case) are what `meson test --logbase`
writes. --failed counts one failure more (a build that broke). Prints what failed and, as the last line,
`N passed, N failed[, N skipped]`. Exit status 1 if anything failed, nothing ran, or CI is set and anything was skipped.
"""
import collections
import json
import os
import sys
import xml.etree.ElementTree as xml

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}


def cases(path):
    """Outcomes of each test program's cases, by name: {"whether:unit / buf": [("appends", "failed"), ...]}."""
    found = collections.defaultdict(list)
    for suite in xml.parse(path).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            program = case.get("classname", "").partition(".")[2]
            if not program:
                continue
            if case.find("failure") is not None or case.find("error") is not None:
                outcome = "failed"
            else:
                outcome = "skipped" if case.find("skipped") is not None else "passed"
            found[program].append((case.get("name"), outcome))
    return found


def read(base):
    """Every (name, outcome) of one run."""
    by_program = cases(base + ".junit.xml")
    with open(base + ".json", encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            name = test["name"]
            result = test["result"]
            whole = "passed" if result in PASSED else "skipped" if result in SKIPPED else "failed"
            inner = by_program.get(name, [])
            name = name.rpartition(" / ")[2]
            yield from ((f"{name}: {case}", outcome) for case, outcome in inner)
            # A program without cases counts as one; one that died between its cases as one failure more.
            if not inner or (whole == "failed" and all(outcome != "failed" for _, outcome in inner)):
                yield name, whole


def main(argv):
    count = collections.Counter()
    args = list(argv)
    while args:
        arg = args.pop(0)
        if arg == "--failed":
            results = [(args.pop(0), "failed")]
            arg = "build"
        else:
            try:
                results = list(read(arg))
            except (OSError, ValueError, KeyError, xml.ParseError) as error:
                results = [(f"no result: {error}", "failed")]
        for name, outcome in results:
            count[outcome] += 1
            if outcome != "passed":
                print(f"{outcome}: {name} ({arg})")
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}")
    bad = count["failed"] or not count["passed"] or (os.environ.get("CI") and count["skipped"])
    return 1 if bad else 0


sys.exit(main(sys.argv[1:]))
