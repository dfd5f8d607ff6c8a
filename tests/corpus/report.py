#!/usr/bin/env python3
"""The tables of docs/reading.md, made anew from the present program, packs and corpus.

usage: report.py [--build FOLDER] [--first N] PART... -- FILE...

Parts, each a Markdown table on standard output:
  files       right, denied facts and false replies of each FILE (measure.py)
  kinds       right by kind, and which kinds are taken for which
  situations  precision and recall of each situation
  ablation    all FILEs without each stage of the reading (tests/corpus/without.c); nothing is trained anew
  curve       all FILEs with topics trained on the first authors only; trains once a row: minutes each
  cost        time and memory (bench-read) and the sizes of program, packs, models and vectors
FILEs are labelled conversations or folders of them. Those of the corpus itself are known text: for `curve` give others.
--build is where the program and its tests lie (build/rel), --first takes so many records of each FILE.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import measure
import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACK = "node-or-django"


def tally(whether, paths, **environment):
    """What all records come to, read by this program in this environment."""
    whole = measure.Tally()
    with changed(environment):
        for path in paths:
            outcomes = run.replay(whether, path)
            for gold in run.records(path):
                whole.add(gold, outcomes.get(gold["id"], {}))
    return whole


class changed:
    """Environment variables for a while."""

    def __init__(self, variables):
        self.variables = variables

    def __enter__(self):
        self.before = {name: os.environ.get(name) for name in self.variables}
        os.environ.update(self.variables)

    def __exit__(self, *_):
        for name, value in self.before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def row(whole):
    """right, kind, verdict; situations' precision and recall; denied facts counted in none: all in percent."""
    kinds = sum(whole.confusion[kind][kind] for kind in run.KINDS)
    true, false, missed = (sum(c.values()) for c in (whole.true, whole.false, whole.missed))
    figures = [(whole.hits["right"], whole.total["right"]), (kinds, whole.total["right"]),
               (whole.hits["verdict"], whole.total["verdict"]), (true, true + false), (true, true + missed),
               (whole.hits["denied"], whole.total["denied"])]
    return " | ".join(f"{100 * hits / of:.1f}" if of else "-" for hits, of in figures)


HEAD = "| {} | right % | kind % | verdict % | situations' precision | recall | no denied fact counted % |\n|---|---|---|---|---|---|---|"


def stages(without):
    """What may be left out: the program tells it when it is asked for something else."""
    asked = subprocess.run([without, "replay", os.devnull], env={**os.environ, "WITHOUT": "?"}, capture_output=True, text=True)
    return re.search(r"is none of (.*)", asked.stderr)[1].split()


def ablation(build, paths):
    without = build / "tests" / "without"
    print(HEAD.format("without"))
    for name in stages(without):
        print(f"| {name} | {row(tally(without, paths, WITHOUT=name))} |", flush=True)


def check(build, paths):
    """Ends the program unless leaving nothing out changes nothing, and each of the large parts something."""
    without = build / "tests" / "without"
    whole = [run.replay(build / "whether", path) for path in paths]
    for name in stages(without):
        with changed({"WITHOUT": name}):
            same = [run.replay(without, path) for path in paths] == whole
        if same != (name == "nothing") and name in ("nothing", "topics", "kinds", "vectors", "phrases", "denial"):
            sys.exit(f"report.py: without {name} the outcomes are {'the same' if same else 'others'}")


def trained(whether, authors, folder):
    """A copy of the packs in `folder`, its topics trained on these authors' files only; clauses and conversations."""
    shutil.copytree(ROOT / "knowledge", folder, dirs_exist_ok=True)
    clauses = talks = 0
    for path in (folder / f"{PACK}.corpus").iterdir():
        author = path.name.partition(".")[0]
        if author not in authors:
            path.unlink()
            continue
        lines = sum(bool(line.strip()) for line in open(path, encoding="utf-8"))
        clauses += lines if path.name.endswith(".clauses.tsv") else 0
        talks += lines if path.name.endswith(".conversations.jsonl") else 0
    done = subprocess.run([whether, "train", "--only", "topics", folder], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"report.py: training failed: {done.stderr.strip()}")
    return clauses, talks


def curve(build, paths, steps):
    whether = build / "whether"
    files = (ROOT / "knowledge" / f"{PACK}.corpus").iterdir()
    names = {path.name.partition(".")[0] for path in files if not path.name.endswith(".kinds.jsonl")}
    order = sorted(names, key=lambda name: (name[0], int(re.sub(r"\D", "", name) or 0)))
    print(HEAD.format("authors | clauses | conversations").replace("|---|---|", "|---|---|---|---|", 1))
    for step in steps:
        count = min(step, len(order))
        with tempfile.TemporaryDirectory(prefix="whether-curve-") as folder:
            clauses, talks = trained(whether, set(order[:count]), pathlib.Path(folder))
            whole = tally(whether, paths, WHETHER_PACKS=folder)
        print(f"| {order[0]}-{order[count - 1]} | {clauses} | {talks} | {row(whole)} |", flush=True)


def cost(build):
    environment = {**os.environ, "WHETHER_PACKS": str(ROOT / "knowledge")}
    print(subprocess.run([build / "tests" / "bench-read", build / "whether"], env=environment, capture_output=True, text=True,
                         check=True).stdout)
    stripped = pathlib.Path(tempfile.mkdtemp()) / "whether"
    subprocess.run(["strip", "-o", stripped, build / "whether"], check=True)
    sizes = {"program, stripped": [stripped], "packs": (ROOT / "knowledge").glob("*.json"),
             "models": (ROOT / "knowledge").glob("*.model"), "vectors": [ROOT / "knowledge" / "words.vec"]}
    total = 0
    print("| what | KiB |\n|---|---|")
    for what, paths in sizes.items():
        size = sum(path.stat().st_size for path in paths)
        total += size
        print(f"| {what} | {size // 1024} |")
    print(f"| together | {total // 1024} |")
    shutil.rmtree(stripped.parent)


def cut(paths, first, folder):
    """The first records of each file, in files of the same names."""
    for path in paths:
        target = folder / path.resolve().parent.name / path.name
        target.parent.mkdir(exist_ok=True)
        with open(path, encoding="utf-8") as lines:
            target.write_text("".join(line for number, line in enumerate(lines) if number < first), encoding="utf-8")
        yield target


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "rel")
    parser.add_argument("--first", type=int)
    parser.add_argument("--check", action="store_true", help="first whether leaving out a stage does what it says")
    parser.add_argument("--steps", default="1,4,9,16,99", help="how many authors each row of `curve` has")
    words = sys.argv[1:]
    names = words[words.index("--") + 1:] if "--" in words else []
    parser.add_argument("parts", nargs="+", choices=["files", "kinds", "situations", "ablation", "curve", "cost"])
    options = parser.parse_args(words[:words.index("--")] if "--" in words else words)
    with tempfile.TemporaryDirectory(prefix="whether-report-") as folder:
        paths = list(run.files(names))
        paths = list(cut(paths, options.first, pathlib.Path(folder))) if options.first else paths
        if options.check:
            check(options.build, paths)
        for part in options.parts:
            print(f"\n### {part}\n", flush=True)
            if part == "ablation":
                ablation(options.build, paths)
            elif part == "curve":
                curve(options.build, paths, [int(step) for step in options.steps.split(",")])
            elif part == "cost":
                cost(options.build)
            else:
                measure.print_part(part, options.build / "whether", paths)


if __name__ == "__main__":
    main()
