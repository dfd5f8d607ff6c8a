#!/usr/bin/env python3
"""Labelled conversations through `whether replay`: how many are read right, and no fewer than before.

usage: run.py [--whether PROGRAM] [--misses] [--write-floors] FILE-OR-FOLDER...

A record is right when its kind is right, its verdict (for kind "verdict") is one of the acceptable ones and no
situation that the speaker denied is counted as stated. Each file must reach the floors that floors.json records, in
percent: right in all and per kind, and "denied", the records that deny something and of which no denied situation is
counted. A file without floors only has to be read. --misses prints what went wrong,
--write-floors records the present figures, rounded down. Prints TAP, one line a file.
"""
import argparse
import collections
import json
import math
import os
import pathlib
import shlex
import subprocess
import sys

FLOORS = pathlib.Path(__file__).with_name("floors.json")
KINDS = ("verdict", "facts", "neighbour", "unknown", "meta", "silent")


def records(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def replay(whether, path):
    """The outcomes by id; raises RuntimeError where the program failed."""
    wrapper = shlex.split(os.environ.get("WHETHER_WRAPPER", ""))
    run = subprocess.run([*wrapper, whether, "replay", str(path)], capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(f"status {run.returncode}: {run.stderr.strip()[-2000:]}")
    return {outcome["id"]: outcome for outcome in map(json.loads, run.stdout.splitlines())}


def counts_denied(gold, outcome):
    """Whether a situation that the speaker denied is counted as stated."""
    return bool(set(outcome.get("situations") or []) & set(gold.get("denied") or []))


def right(gold, outcome):
    if outcome.get("kind") != gold["kind"]:
        return False
    if gold["kind"] != "verdict":
        return True
    return outcome.get("verdict") in gold["verdict"] and not counts_denied(gold, outcome)


def percent(hits, of):
    return math.floor(1000 * hits / of) / 10


def score(path, whether):
    """The percentages that floors are for, and the (label, outcome) pairs that are wrong."""
    labels, outcomes = records(path), replay(whether, path)
    total, hits, misses = collections.Counter(), collections.Counter(), []
    for gold in labels:
        outcome = outcomes.get(gold["id"], {})
        ok = right(gold, outcome)
        total.update(("all", gold["kind"]))
        hits.update(("all", gold["kind"]) if ok else ())
        if gold.get("denied"):
            total["denied"] += 1
            hits["denied"] += not counts_denied(gold, outcome)
        if not ok:
            misses.append((gold, outcome))
    return {key: percent(hits[key], total[key]) for key in ("all", *KINDS, "denied") if total[key]}, misses


def show(gold, outcome):
    want = "/".join(gold.get("verdict") or []) or gold["kind"]
    print(f"# {gold['id']} {gold['surface']}: want {want}, got {outcome.get('kind')} {outcome.get('verdict') or ''}")
    print(f"#     {json.dumps(gold['say'], ensure_ascii=False)[:400]}")
    print(f"#     want {gold['situations']} not {gold.get('denied')}, got {outcome.get('situations')} not {outcome.get('denied')}")


def files(paths):
    for path in map(pathlib.Path, paths):
        yield from sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


def title(path):
    """Two folders may hold files of one name: the folder is part of it."""
    return f"{path.resolve().parent.name}/{path.name}"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--whether", default="build/dev/whether")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--write-floors", action="store_true")
    parser.add_argument("paths", nargs="+")
    args = parser.parse_args()
    floors = json.loads(FLOORS.read_text()) if FLOORS.exists() else {}
    found, failed = list(files(args.paths)), 0
    if not found:
        sys.exit("run.py: no conversations there")
    print(f"1..{len(found)}")
    for number, path in enumerate(found, 1):
        name = title(path)
        try:
            figures, misses = score(path, args.whether)
        except (RuntimeError, ValueError, KeyError) as error:
            print(f"not ok {number} - {name}: {str(error).splitlines()[0] if str(error) else error!r}")
            print("\n".join(f"# {line}" for line in str(error).splitlines()))
            failed += 1
            continue
        below = [f"{kind} {figures.get(kind, 0)} is under its floor of {floor}"
                 for kind, floor in floors.get(name, {}).items() if figures.get(kind, 0) < floor]
        failed += bool(below)
        print(f"{'not ok' if below else 'ok'} {number} - {name} " + " ".join(f"{k} {v}" for k, v in figures.items()))
        for line in below:
            print(f"# {line}")
        if args.misses:
            for miss in misses:
                show(*miss)
        if args.write_floors:
            floors[name] = {kind: math.floor(figure) for kind, figure in figures.items()}
    if args.write_floors:
        rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(floors.items()))
        FLOORS.write_text("{\n" + rows + "\n}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
