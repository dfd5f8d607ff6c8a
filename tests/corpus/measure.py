#!/usr/bin/env python3
"""How the reader does on labelled conversations, in more detail than a floor needs: for docs/reading.md.

usage: measure.py [--whether PROGRAM] FILE...

Prints, over all files together: right, kinds and verdicts in percent; precision and recall of each situation; which kinds
are taken for which. What counts as right is said in run.py.
"""
import argparse
import collections

import run


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--whether", default="build/dev/whether")
    arguments.add_argument("files", nargs="+")
    options = arguments.parse_args()
    hits, total = collections.Counter(), collections.Counter()
    true, false, missed = collections.Counter(), collections.Counter(), collections.Counter()
    confusion = collections.defaultdict(collections.Counter)
    for path in options.files:
        outcomes = run.replay(options.whether, path)
        for gold in run.records(path):
            outcome = outcomes.get(gold["id"], {})
            ok = run.right(gold, outcome)
            total.update(("right", gold["kind"]))
            hits.update(("right", gold["kind"]) if ok else ())
            confusion[gold["kind"]][outcome.get("kind")] += 1
            if gold["kind"] == "verdict":
                said, want = set(outcome.get("situations") or []), set(gold["situations"])
                true.update(said & want)
                false.update(said - want - set(gold.get("optional") or []))
                missed.update(want - said)
    print("| kind | right | of |\n|---|---|---|")
    for key in ("right", *run.KINDS):
        print(f"| {'all' if key == 'right' else key} | {hits[key]} | {total[key]} |")
    print("\n| situation | precision | recall | times |\n|---|---|---|---|")
    for name in sorted(set(true) | set(missed), key=lambda n: -(true[n] + missed[n])):
        precision = 100 * true[name] / max(1, true[name] + false[name])
        recall = 100 * true[name] / max(1, true[name] + missed[name])
        print(f"| {name} | {precision:.0f} | {recall:.0f} | {true[name] + missed[name]} |")
    print("\n| said \\ taken for | " + " | ".join(run.KINDS) + " |\n|---" * 1 + "|---" * len(run.KINDS) + "|")
    for kind in run.KINDS:
        print(f"| {kind} | " + " | ".join(str(confusion[kind][other]) for other in run.KINDS) + " |")


if __name__ == "__main__":
    main()
