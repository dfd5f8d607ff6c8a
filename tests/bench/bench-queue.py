#!/usr/bin/env python3
"""The daemon under loads that come at random moments, beside what the simulator makes of the same loads (tests/simulate).

The simulator is told of the daemon's two ends: how long each question takes when nothing else is asked, and how many are answered when
they never cease. What the first takes longer than the second is that of being woken, with cold caches. Questions are several in one, so
that the daemon's work outweighs what the client adds; that is measured with requests that ask nothing, and taken off. Prints a table,
asserts no time. On a machine that others use: chrt -f 5 tests/bench/bench-queue.py ...

usage: bench-queue.py WHETHER SIMULATE [SECONDS]
"""
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from daemon import Daemon  # noqa: E402
from load import SECRET, TEAM, Load, command, each  # noqa: E402
from questions import questions  # noqa: E402

WHETHER, SIMULATE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SECONDS = int(sys.argv[3]) if sys.argv[3:] else 10
TOGETHER, ALONE, SHARES = 16, 2000, (0.2, 0.4, 0.6, 0.8, 0.9)
CONFIG = f"[http]\nlisten = 127.0.0.1:0\n[slack]\nteam = {TEAM}\nsigning_secret_file = signing\n"
NOTHING = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def texts():
    """Shuffled, or neighbours would be the same author's."""
    all_ = questions(("slash",)) * TOGETHER
    random.Random(1).shuffle(all_)
    return [" ".join(all_[i:i + TOGETHER]) for i in range(0, len(all_), TOGETHER)]


def alone(port):
    """(microseconds for each of many questions, one after another; seconds of each that are the client's)."""
    Load(port, each(command, texts(), ALONE, salt="w"), most=1).run()
    asked = Load(port, each(command, texts(), ALONE, salt="a"), most=1).run()
    nothing = Load(port, [NOTHING] * ALONE, most=1).run()
    assert asked.statuses == nothing.statuses == {200: ALONE}, (asked.statuses, nothing.statuses)
    client = statistics.median(nothing.latencies)
    return [1e6 * max(latency - client, 0) for latency in asked.latencies], client


def busy(port):
    """Microseconds for a question when others always wait."""
    load = Load(port, each(command, texts(), ALONE, salt="b"), most=32).run()
    return 1e6 * load.seconds / ALONE


def simulated(folder, times, wake, rates):
    """By rate: seconds (mean, p50, p99)."""
    (folder / "times").write_text("".join(f"{time:.1f}\n" for time in times))
    out = subprocess.run([SIMULATE, f"times={folder / 'times'}", f"wake_us={wake:.1f}", "batch=4096", f"seconds={SECONDS}",
                          "rate=" + ",".join(map(str, rates))], check=True, capture_output=True, text=True).stdout
    head, _, *rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in out.splitlines()]
    return {int(row[0]): [seconds(row[head.index(name)]) for name in ("mean", "p50", "p99")] for row in rows}


def seconds(text):
    number, unit = text.split()
    return float(number) / {"s": 1, "ms": 1000}[unit]


def measured(port, rate, salt):
    requests = each(command, texts(), rate * SECONDS, salt=salt)
    load = Load(port, requests, rate=rate, most=500, chance=random.Random(rate)).run()
    assert load.statuses == {200: len(requests)}, load.statuses
    return [statistics.fmean(load.latencies), load.percentile(.5) / 1000, load.percentile(.99) / 1000]


def report(daemon, folder):
    times, client = alone(daemon.port)
    mean, message = statistics.fmean(times), busy(daemon.port)
    rates = [round(share * 1e6 / message) for share in SHARES]
    theory = simulated(folder, [time * message / mean for time in times], max(mean - message, 0), rates)
    print(f"{TOGETHER} questions in one: {mean:.0f} us alone (p99 {statistics.quantiles(times, n=100)[-1]:.0f}), {message:.0f} us when others "
          f"always wait; the client adds {client * 1e6:.0f} us; {SECONDS} s each\n")
    print("| questions a second | load | mean | simulated | p50 | simulated | p99 | simulated |\n|---|---|---|---|---|---|---|---|")
    for share, rate in zip(SHARES, rates):
        pairs = zip(measured(daemon.port, rate, f"R{rate}X"), theory[rate])
        print(f"| {rate} | {share} | " + " | ".join(f"{1000 * got:.2f} ms | {1000 * (want + client):.2f} ms" for got, want in pairs) + " |")


def main():
    with tempfile.TemporaryDirectory(prefix="whether-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "signing").write_text(SECRET)
        (folder / "signing").chmod(0o600)
        with Daemon([WHETHER], folder, CONFIG) as daemon:
            report(daemon, folder)


main()
