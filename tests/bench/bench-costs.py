#!/usr/bin/env python3
"""What one more of each costs `whether run`, for docs/SCALE.md: processor, memory, bytes in the store. Prints a table, asserts no figure:
the processor's time is counted in the process, so that a busy machine disturbs it little.

usage: bench-costs.py WHETHER [--workspaces]     only the second table
"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from daemon import Daemon, wait_until  # noqa: E402
from fake_slack import TOKEN, FakeSlack  # noqa: E402
from load import SECRET, Load, command, each, mention, overheard  # noqa: E402
from questions import ROOT, questions  # noqa: E402

WHETHER = [os.path.abspath(sys.argv[1])]
MANY, CONNECTIONS, DRAIN_S = 10000, 1000, 300
WORKSPACES = (1, 100, 1000, 2000, 10000)
HTTP = "[http]\nlisten = 127.0.0.1:0\n"


def workspace(name, api):
    return f"[slack{name}]\nsigning_secret_file = signing\nbot_token_file = token\napi = {api}\n"


def small_talk():
    """What is said in channels and asks nothing."""
    cases = [json.loads(line) for path in sorted((ROOT / "tests/corpus").glob("ambient*.jsonl")) for line in path.read_text().splitlines()]
    return [case["say"][0] for case in cases if case["kind"] == "silent"]


class Cost:
    """What happens between its begin and its end, for each of `count`."""

    def __init__(self, daemon, count):
        self.daemon, self.count = daemon, count
        self.cpu, self.bytes = daemon.cpu_s(), stored(daemon)

    def each(self):
        return f"{(self.daemon.cpu_s() - self.cpu) * 1e6 / self.count:.0f} us", f"{(stored(self.daemon) - self.bytes) / self.count:.0f}"


def stored(daemon):
    """Bytes of the store's file once its log is copied into it."""
    path = daemon.folder / "whether.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        wait_until(lambda: len(set(database.execute("PRAGMA wal_checkpoint").fetchone()[1:])) == 1, "the store's log to be copied")
    return path.stat().st_size


def row(what, cpu, disk, memory="-"):
    print(f"| {what} | {cpu} | {disk} | {memory} |", flush=True)


def send(daemon, requests):
    load = Load(daemon.port, requests).run()
    assert load.statuses == {200: len(requests)}, load.statuses


def wait_until_delivered(daemon):
    wait_until(lambda: daemon.metric("whether_outbox_waiting") == 0 or time.sleep(0.2), "the outbox to be empty", DRAIN_S)


def messages(daemon, slack):
    send(daemon, each(command, questions(("slash",)), 2000, salt="w"))
    asked = each(mention, questions(), MANY)
    for what, requests in (("slash command, another person's each", each(command, questions(("slash",)), MANY)),
                           ("mention in a thread of its own, answered through the API", asked),
                           ("the same mention sent again", asked),
                           ("overheard, asks nothing", [overheard(MANY + i, text) for i, text in
                                                        zip(range(MANY), small_talk() * MANY)])):
        cost, memory = Cost(daemon, MANY), daemon.status("VmRSS")
        send(daemon, requests)
        wait_until_delivered(daemon)
        row(what, *cost.each(), f"{(daemon.status('VmRSS') - memory) * 1024 / MANY:.0f} bytes")
    slack.delay_s = 3600
    waiting = each(mention, questions(), 3 * MANY)[2 * MANY:]
    cost = Cost(daemon, len(waiting))
    send(daemon, waiting)
    row("mention whose answer waits (Slack is down)", *cost.each())


def connections(daemon):
    before, open_ = daemon.status("VmRSS"), []
    cpu = daemon.cpu_s()
    for _ in range(CONNECTIONS):
        one = socket.create_connection(("127.0.0.1", daemon.port))
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert one.recv(4096).startswith(b"HTTP/1.1 200")
        open_.append(one)
    row("connection that stays open", f"{(daemon.cpu_s() - cpu) * 1e6 / CONNECTIONS:.0f} us", "-",
        f"{(daemon.status('VmRSS') - before) / CONNECTIONS:.1f} KiB")
    for one in open_:
        one.close()


def workspaces(count, api):
    """A process in so many workspaces, each an app of its own: prints its row, returns its memory in KiB."""
    with tempfile.TemporaryDirectory(prefix="whether-bench-") as name:
        folder = fresh_folder(name)
        config = HTTP + "".join(workspace(f" {i}", api) for i in range(count))
        begin = time.monotonic()
        with Daemon(WHETHER, folder, config) as daemon:
            listens = time.monotonic() - begin
            daemon.wait_for("slack.ready", count=count)
            ready = time.monotonic() - begin
            time.sleep(1)
            memory = daemon.status("VmRSS")
            before = daemon.cpu_s()
            send(daemon, each(command, questions(("slash",)), MANY, path=f"/slack/{count - 1}"))
            slash = (daemon.cpu_s() - before) * 1e6 / MANY
            mark, before = len(daemon.lines), time.monotonic()
            daemon.send(signal.SIGHUP)
            daemon.wait_for("reload.done", since=mark)
            reload = time.monotonic() - before
            begin = time.monotonic()
            subprocess.run([*WHETHER, "check", "-c", str(folder / "whether.ini")], check=True, stdout=subprocess.DEVNULL,
                           env=daemon.env)
            check = time.monotonic() - begin
        print(f"| {count:,} | {listens * 1000:.0f} ms | {ready:.1f} s | {memory / 1024:.1f} MiB | {reload * 1000:.0f} ms | "
              f"{check * 1000:.0f} ms | {slash:.0f} us |", flush=True)
        return memory


def fresh_folder(name):
    folder = pathlib.Path(name)
    for file, secret in (("signing", SECRET), ("token", TOKEN)):
        (folder / file).write_text(secret)
        (folder / file).chmod(0o600)
    return folder


def many_workspaces():
    print("\n| workspaces | listens after | all ready after | memory | reload | check -c | slash command |\n|---|---|---|---|---|---|---|")
    with FakeSlack() as slack:
        memory = [workspaces(count, slack.api) for count in WORKSPACES]
    print("\nA workspace: " + ", ".join(f"{(more - memory[0]) / (count - 1):.2f} KiB of {count:,}"
                                        for count, more in zip(WORKSPACES[1:], memory[1:])))


def main():
    if "--workspaces" in sys.argv:
        return many_workspaces()
    print("| one more | processor | bytes in the store | memory |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="whether-bench-") as name, FakeSlack() as slack:
        one = HTTP + workspace("", slack.api)
        with Daemon(WHETHER, fresh_folder(name), "[bot]\nlisten = questions\n" + one) as daemon:
            daemon.wait_for("slack.ready")
            messages(daemon, slack)
            connections(daemon)
            slack.delay_s = 0
            daemon.kill()
    many_workspaces()


main()
