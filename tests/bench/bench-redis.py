#!/usr/bin/env python3
"""Signed events a second on SQLite's file, on a Redis (appendfsync always and everysec), and with two replicas behind it, one after the other in one run.

Slash commands (answered at once) and mentions (answered through the outbox, to a Slack that takes two seconds). The load comes from as
many processes as there are replicas, each over 64 connections, as fast as it is answered. Prints a table and asserts only that all were
acknowledged. Load, replicas and Redis share the processors: two replicas need more than two of them to show what they can.

usage: bench-redis.py WHETHER [REQUESTS]
"""
import contextlib
import multiprocessing
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from daemon import Daemon  # noqa: E402
from fake_slack import TOKEN, FakeSlack  # noqa: E402
from load import SECRET, TEAM, Load, command, each, mention  # noqa: E402
from questions import questions  # noqa: E402
from rediskit import Redis  # noqa: E402

WHETHER = [os.path.abspath(sys.argv[1])]
REQUESTS = int(sys.argv[2]) if sys.argv[2:] else 8000
CONNECTIONS, SLACK_DELAY_S = 64, 2.0


def send(port, requests):
    load = Load(port, requests, most=CONNECTIONS).run()
    assert load.statuses == {200: len(requests)}, load.statuses


def measure(daemons, make):
    """Requests a second."""
    requests = each(make, questions(), REQUESTS)
    share = len(requests) // len(daemons)
    parts = [requests[i * share:(i + 1) * share] for i in range(len(daemons))]
    senders = [multiprocessing.Process(target=send, args=(d.port, part)) for d, part in zip(daemons, parts)]
    began = time.monotonic()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
        assert sender.exitcode == 0, "a sender failed"
    return share * len(daemons) / (time.monotonic() - began)


def run(folder, store, count, slack):
    for name, secret in (("signing", SECRET), ("token", TOKEN)):
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    config = (f"[http]\nlisten = 127.0.0.1:0\n[log]\nlevel = info\n[store]\n{store}\n[slack]\nteam = {TEAM}\n"
              f"signing_secret_file = {folder}/signing\nbot_token_file = {folder}/token\napi = {slack.api}\n")
    with contextlib.ExitStack() as stack:
        daemons = []
        for number in range(count):
            own = folder / str(number)
            own.mkdir(parents=True)
            daemons.append(stack.enter_context(Daemon(WHETHER, own, config)))
            daemons[-1].wait_for("slack.ready")
        figures = [measure(daemons, make) for make in (command, mention)]
        for daemon in daemons:
            daemon.kill()  # what waits for Slack is not measured here
        return figures


def main():
    print(f"{REQUESTS} requests each, {os.cpu_count()} processors\n{'store':24} {'commands /s':>12} {'mentions /s':>12}")
    first = None
    with tempfile.TemporaryDirectory(prefix="whether-bench-") as name:
        for title, fsync, count in (("SQLite", None, 1), ("always, one replica", "always", 1), ("always, two", "always", 2),
                                    ("everysec, one replica", "everysec", 1), ("everysec, two", "everysec", 2)):
            folder = pathlib.Path(name) / title.replace(" ", "-")
            (folder / "redis").mkdir(parents=True)
            with FakeSlack(delay_s=SLACK_DELAY_S) as slack, contextlib.ExitStack() as stack:
                server = stack.enter_context(Redis(folder / "redis", fsync=fsync)) if fsync else None
                store = f"store = redis://{server.where}" if fsync else "path = whether.db"
                figures = run(folder, store, count, slack)
            first = first or figures
            print(f"{title:24} " + " ".join(f"{f:12.0f}" for f in figures)
                  + "   ratio to SQLite: " + ", ".join(f"{a / b:.2f}" for a, b in zip(figures, first)), flush=True)


if __name__ == "__main__":
    main()
