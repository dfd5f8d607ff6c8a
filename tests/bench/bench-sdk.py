#!/usr/bin/env python3
"""`whether run` beside Slack's SDK, in one run: signed slash commands a second, each once as fast as it answers 32 connections (wrk); memory
meanwhile; how many strangers' questions are read right. Prints a table and asserts no figure.

  whether    reads the question and answers it
  constant   @slack/bolt in one process, a constant for an answer: the question is not read
  node-nlp   the same, naming the verdict for which node-nlp takes the question, taught from knowledge/node-or-django.corpus. It keeps
             the words of each text that it has seen for an hour, and is asked the same few hundred texts: a kindness to it
  entities   the same as its README starts it: looking for dates, numbers and the like, too

The servers take turns, several times, with the same requests, each warmed up before; the figures are the medians. Nobody was taught tests/corpus/fresh, on which
the readers are scored. node-nlp's lessons take minutes and are kept in build/npm-bench while neither they nor the labels change.

usage: bench-sdk.py WHETHER [SECONDS [ROUNDS]]      needs script/setup --bench && script/npm --bench
"""
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT / "tests/corpus"), str(ROOT / "tests/integration")]  # in that order: both have a run.py
import run  # noqa: E402
from daemon import PATIENCE_S, Daemon  # noqa: E402
from load import SECRET, TEAM  # noqa: E402
from memory import Memory  # noqa: E402
from wrk import CONNECTIONS, write_commands, wrk  # noqa: E402

WHETHER = os.path.abspath(sys.argv[1])
SECONDS = int(sys.argv[2]) if sys.argv[2:] else 5
ROUNDS = int(sys.argv[3]) if sys.argv[3:] else 3
WARM_S, MOST_PER_SECOND = 2, 40000
MODULES, SDK = ROOT / "build/npm-bench", ROOT / "tests/bench/sdk"
TAUGHT = sorted((ROOT / "knowledge/node-or-django.corpus").glob("*.jsonl"))
STRANGERS = sorted((ROOT / "tests/corpus/fresh").glob("*.jsonl"))
CONFIG = f"[http]\nlisten = 127.0.0.1:0\n[slack]\nteam = {TEAM}\nsigning_secret_file = signing\n"
WANTED = {"constant": 3, "node-nlp": 100, "entities": 100}  # times as many commands, issue 6
WANTED_MEMORY = 0.1


class Bolt:
    """tests/bench/sdk/bolt.mjs while it runs; measured as the daemon is."""
    cpu_s, status = Daemon.cpu_s, Daemon.status

    def __init__(self, *model):
        self.command = ["node", SDK / "bolt.mjs", MODULES, SECRET, *model]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=os.environ | {"NODE_ENV": "production"})
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()


def whether(folder):
    (folder / "signing").write_text(SECRET)
    (folder / "signing").chmod(0o600)
    return Daemon([WHETHER], folder, CONFIG)


def train():
    """(the model's file, what train.mjs said of it)."""
    lessons = hashlib.sha256()
    for path in (*TAUGHT, *STRANGERS, SDK / "intents.mjs", SDK / "train.mjs", MODULES / "installed.json"):
        lessons.update(path.read_bytes())
    model = MODULES / f"{lessons.hexdigest()[:16]}.nlp"
    said = model.with_suffix(".json")
    if not said.exists():
        print(f"teaching node-nlp {len(TAUGHT)} files ...", file=sys.stderr)
        out = subprocess.run(["node", SDK / "train.mjs", MODULES, model, *TAUGHT, "--", *STRANGERS], check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        said.write_text(out.splitlines()[-1] + "\n")
    return model, json.loads(said.read_text())


def read_right():
    """How many of the strangers' conversations `whether` reads right."""
    hits = total = 0
    for path in STRANGERS:
        outcomes = run.replay(WHETHER, path)
        for gold in run.records(path):
            hits += run.right(gold, outcomes.get(gold["id"], {}))
            total += 1
    return hits, total


def measure(server, warm, script):
    """One server's part of a round: {"rate", "p50", "p99", "cpu_us", "memory", "bad"}."""
    with server:
        wrk(server.port, warm, WARM_S)
        cpu = server.cpu_s()
        with Memory(server) as memory:
            rate, times, bad = wrk(server.port, script, SECONDS)
        cpu_us = (server.cpu_s() - cpu) * 1e6 / (rate * SECONDS)
    return {"rate": rate, "p50": milliseconds(times["50"]), "p99": milliseconds(times["99"]), "cpu_us": cpu_us, "memory": memory.most,
            "bad": bad}


def milliseconds(text):
    """wrk's "812.00us", "3.25ms", "1.02s"."""
    for unit, factor in (("us", 1e-3), ("ms", 1), ("s", 1e3)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(f"wrk says a time of {text}")


def rounds(servers):
    """The median of each figure, by server."""
    figures = {name: [] for name in servers}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="whether-bench-") as folder:
            folder = pathlib.Path(folder)
            warm, script = write_commands(folder, WARM_S * MOST_PER_SECOND, "w"), write_commands(folder, SECONDS * MOST_PER_SECOND)
            for name, create in servers.items():
                figures[name].append(measure(create(folder), warm, script))
    return {name: {key: statistics.median(one[key] for one in all_) for key in all_[0]} for name, all_ in figures.items()}


def show(figures, accuracy):
    print(f"{CONNECTIONS} connections, medians of {ROUNDS} rounds of {SECONDS} s\n")
    print("| | commands a second | p50 | p99 | processor a command | memory | strangers read right |\n|---|---|---|---|---|---|---|")
    for name, f in figures.items():
        print(f"| {name} | {f['rate']:,.0f} | {f['p50']:.2f} ms | {f['p99']:.2f} ms | {f['cpu_us']:,.0f} us | {f['memory']:.1f} MiB | "
              f"{accuracy.get(name, 'reads none')} |")
        if f["bad"]:
            print(f"  {name}: {f['bad']:.0f} answers were not 2xx")
    ours = figures["whether"]
    print("\n| whether against | commands | wanted | memory | wanted |\n|---|---|---|---|---|")
    for name, times in WANTED.items():
        print(f"| {name} | {ours['rate'] / figures[name]['rate']:.2f} times | {times} | {ours['memory'] / figures[name]['memory']:.2f} | "
              f"under {WANTED_MEMORY} |")


def share(hits, of):
    return f"{hits} of {of} ({run.percent(hits, of)} %)"


def main():
    model, taught = train()
    print(f"node-nlp was taught {taught['taught']} conversations in {taught['seconds']:.0f} s")
    named = share(taught["right"], taught["of"])
    servers = {"whether": whether, "constant": lambda _: Bolt(), "node-nlp": lambda _: Bolt(model),
               "entities": lambda _: Bolt(model, "entities")}
    show(rounds(servers), {"whether": share(*read_right()), "node-nlp": named, "entities": named})


if not (MODULES / "installed.json").exists():
    sys.exit("bench-sdk.py: Slack's SDK is not installed: script/setup --bench && script/npm --bench")
main()
