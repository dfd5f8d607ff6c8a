#!/usr/bin/env python3
"""How the reader does on labelled conversations, in more detail than a floor needs: for docs/reading.md.

usage: measure.py [--whether PROGRAM] FILE...

Prints, file by file: right, in how many of the records that deny something no denied situation is counted, replies to
talk that asks nothing. Over all files together: right by kind; precision and recall of each situation; which kinds are taken
for which. What counts as right is said in run.py.
"""
import argparse
import collections

import run


class Tally:
    """What the records of one file, or of all of them, come to."""

    def __init__(self):
        self.hits, self.total = collections.Counter(), collections.Counter()
        self.true, self.false, self.missed = collections.Counter(), collections.Counter(), collections.Counter()
        self.confusion = collections.defaultdict(collections.Counter)

    def count(self, key, hit):
        self.total[key] += 1
        self.hits[key] += bool(hit)

    def add(self, gold, outcome):
        ok = run.right(gold, outcome)
        self.count("right", ok)
        self.count(gold["kind"], ok)
        self.confusion[gold["kind"]][outcome.get("kind")] += 1
        if gold.get("denied"):
            self.count("denied", not run.counts_denied(gold, outcome))
        if gold["kind"] == "verdict":
            said, want = set(outcome.get("situations") or []), set(gold["situations"])
            self.true.update(said & want)
            self.false.update(said - want - set(gold.get("optional") or []))
            self.missed.update(want - said)

    def share(self, key):
        """"hits / total" and percent."""
        hits, total = self.hits[key], self.total[key]
        return f"{hits} / {total} | {run.percent(hits, total) if total else '-'}"


def print_files(tallies):
    print("| file | right | % | no denied fact counted | % | false replies |\n|---|---|---|---|---|---|")
    for name, tally in tallies.items():
        false = tally.total["silent"] - tally.confusion["silent"]["silent"]
        print(f"| {name} | {tally.share('right')} | {tally.share('denied')} | {false} / {tally.total['silent']} |")


def print_kinds(tally):
    print("\n| kind | right | of |\n|---|---|---|")
    for key in ("right", *run.KINDS):
        print(f"| {'all' if key == 'right' else key} | {tally.hits[key]} | {tally.total[key]} |")


def print_situations(tally):
    true, false, missed = tally.true, tally.false, tally.missed
    print("\n| situation | precision | recall | times |\n|---|---|---|---|")
    for name in sorted(set(true) | set(missed), key=lambda n: -(true[n] + missed[n])):
        precision = 100 * true[name] / max(1, true[name] + false[name])
        recall = 100 * true[name] / max(1, true[name] + missed[name])
        print(f"| {name} | {precision:.0f} | {recall:.0f} | {true[name] + missed[name]} |")


def print_confusion(tally):
    print("\n| said \\ taken for | " + " | ".join(run.KINDS) + " |\n|---" + "|---" * len(run.KINDS) + "|")
    for kind in run.KINDS:
        print(f"| {kind} | " + " | ".join(str(tally.confusion[kind][other]) for other in run.KINDS) + " |")


def print_part(part, whether, paths):
    """One of the tables: "files", "kinds" (with their confusion) or "situations"."""
    tallies, whole = collections.defaultdict(Tally), Tally()
    for path in paths:
        outcomes = run.replay(whether, path)
        for gold in run.records(path):
            for tally in (tallies[run.title(path)], whole):
                tally.add(gold, outcomes.get(gold["id"], {}))
    if part in ("files", "all"):
        print_files({**tallies, "together": whole})
    if part in ("kinds", "all"):
        print_kinds(whole)
    if part in ("situations", "all"):
        print_situations(whole)
    if part in ("kinds", "all"):
        print_confusion(whole)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--whether", default="build/dev/whether")
    arguments.add_argument("files", nargs="+")
    options = arguments.parse_args()
    print_part("all", options.whether, run.files(options.files))


if __name__ == "__main__":
    main()
