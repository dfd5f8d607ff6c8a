#!/usr/bin/env python3
"""The same project, asked for in many ways: every frame of a file with every thing, through `whether replay`.

A line of a FILE holds, with a tab between,
  node, django  a thing that the article settles so
  things        another file, in the same folder, that has the things
  frame         a question with {} where the thing goes, or several turns with || between; {other} is another thing, of the other side
  aside         the same, but the thing is no fact of the project: "ask" is right
  floor         how many of a thousand must be right
and # begins a comment. The other side is never right: one such answer fails the file, but where turns before spoke of it. --misses prints
what was answered otherwise. Prints TAP, one line a file.

usage: frames.py [--whether PROGRAM] [--misses] FILE...
"""
import argparse
import collections
import json
import pathlib
import sys
import tempfile

import run

SIDES = {"node": "a booking system", "django": "a chat app"}  # each with a thing of the other side


def read(path):
    """{"frame": [...], "aside": [...], "node": [...], "django": [...], "floor": [...]}"""
    rows = collections.defaultdict(list)
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            key, text = line.split("\t")
            rows[key].append(text)
    for name in rows["things"]:
        things = read(path.with_name(name))
        for side in SIDES:
            rows[side] += things[side]
    return rows


def ask(whether, rows):
    """[(frame, thing, what is right, what was answered)]"""
    frames = [(frame, None) for frame in rows["frame"]] + [(frame, "ask") for frame in rows["aside"]]
    asked = [(frame.replace("{other}", SIDES[side]), thing, right or side)
             for side in SIDES for thing in rows[side] for frame, right in frames]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for number, (frame, thing, right) in enumerate(asked):
            file.write(json.dumps({"id": str(number), "surface": "dm", "say": frame.replace("{}", thing).split(" || "), "kind": "verdict",
                                   "verdict": [right], "situations": [], "denied": []}) + "\n")
        file.flush()
        outcomes = run.replay(whether, file.name)
    return [(*row, answer(outcomes[str(number)])) for number, row in enumerate(asked)]


def answer(outcome):
    return outcome["verdict"] if outcome["kind"] == "verdict" else outcome["kind"]


def worst(misses, at):
    return ", ".join(f"{name} {count}" for name, count in collections.Counter(miss[at] for miss in misses).most_common(5))


def check(whether, path, tell):
    """(whether it is fine, a line about it)"""
    rows = read(path)
    answers = ask(whether, rows)
    misses = [row for row in answers if row[3] != row[2]]
    wrong = [row for row in misses if row[3] in SIDES and row[2] in SIDES and "||" not in row[0]]
    right = len(answers) - len(misses)
    fine = right * 1000 >= int(rows["floor"][0]) * len(answers) and not wrong
    for frame, thing, _, got in misses if tell else wrong:
        print(f"# {got}: {frame.replace('{}', thing)}")
    if not fine:
        print(f"# most often: {worst(misses, 1)}; {worst(misses, 0)}")
    return fine, f"{path.stem}: right {right} of {len(answers)} ({run.percent(right, len(answers))} %), the other side {len(wrong)}"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--whether", default="build/dev/whether")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("paths", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    print(f"1..{len(args.paths)}")
    failed = 0
    for number, path in enumerate(args.paths, 1):
        fine, line = check(args.whether, path, args.misses)
        print(f"{'ok' if fine else 'not ok'} {number} - {line}")
        failed += not fine
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
