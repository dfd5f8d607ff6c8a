#!/usr/bin/env python3
"""What one more of each costs `whether run`, for docs/SCALE.md: processor, memory, bytes in the store. Prints a table, asserts no figure:
the processor's time is counted in the process, so that a busy machine disturbs it little.

usage: bench-costs.py WHETHER [messages] [guards] [redis] [workspaces]      the tables named; all if none is
"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from daemon import Daemon, wait_until  # noqa: E402
from fake_slack import TOKEN, FakeSlack  # noqa: E402
from load import SECRET, TEAM, Load, command, each, mention, overheard  # noqa: E402
from questions import ROOT, questions  # noqa: E402
from rediskit import Redis  # noqa: E402

WHETHER = [os.path.abspath(sys.argv[1])]
MANY, CONNECTIONS, DRAIN_S = 10000, 1000, 300
ROUNDS = 7  # of what differs little
WORKSPACES = (1, 100, 1000, 2000, 10000)
HTTP = "[http]\nlisten = 127.0.0.1:0\n"
LISTENING = "[bot]\nlisten = questions\n" + HTTP


def workspace(name, api):
    return f"[slack{name}]\nsigning_secret_file = signing\nbot_token_file = token\napi = {api}\n"


def small_talk():
    """What is said in channels and asks nothing."""
    cases = [json.loads(line) for path in sorted((ROOT / "tests/corpus").glob("ambient*.jsonl")) for line in path.read_text().splitlines()]
    return [case["say"][0] for case in cases if case["kind"] == "silent"]


class OnFile:
    """What is used of a daemon on SQLite's file."""
    heads, formats = ("processor", "bytes in the store"), ("{:.0f} us", "{:.0f}")

    def __init__(self, daemon):
        self.daemon = daemon

    def used(self):
        return self.daemon.cpu_s() * 1e6, self.stored()

    def stored(self):
        """Bytes of the file once its log is copied into it."""
        path = self.daemon.folder / "whether.db"
        with contextlib.closing(sqlite3.connect(path)) as database:
            wait_until(lambda: len(set(database.execute("PRAGMA wal_checkpoint").fetchone()[1:])) == 1, "the store's log to be copied")
        return path.stat().st_size


class OnRedis:
    """The same of a daemon on Redis."""
    heads, formats = ("processor", "Redis' processor", "bytes in Redis"), ("{:.0f} us", "{:.0f} us", "{:.0f}")

    def __init__(self, daemon, server):
        self.daemon, self.server = daemon, server

    def used(self):
        said = dict(line.split(":", 1) for line in self.server.ask("INFO").split() if ":" in line)
        return (self.daemon.cpu_s() * 1e6, 1e6 * (float(said["used_cpu_user"]) + float(said["used_cpu_sys"])),
                int(said["used_memory_dataset"]))


class Cost:
    """What is used between its begin and its end, for each of `count`."""

    def __init__(self, store, count):
        self.store, self.count, self.before = store, count, store.used()

    def each(self):
        return [form.format((after - before) / self.count)
                for form, before, after in zip(self.store.formats, self.before, self.store.used())]


def head(*cells):
    row(*cells)
    print("|---" * len(cells) + "|", flush=True)


def row(*cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def send(daemon, requests):
    load = Load(daemon.port, requests).run()
    assert load.statuses == {200: len(requests)}, load.statuses


def wait_until_delivered(daemon):
    wait_until(lambda: daemon.metric("whether_outbox_waiting") == 0 or time.sleep(0.2), "the outbox to be empty", DRAIN_S)


def messages(store, slack):
    daemon = store.daemon
    head("one more", *store.heads, "memory")
    send(daemon, each(command, questions(("slash",)), 2000, salt="w"))
    asked = each(mention, questions(), MANY)
    for what, requests in (("slash command, another person's each", each(command, questions(("slash",)), MANY)),
                           ("mention in a thread of its own, answered through the API", asked),
                           ("the same mention sent again", asked),
                           ("overheard, asks nothing", [overheard(MANY + i, text) for i, text in
                                                        zip(range(MANY), small_talk() * MANY)])):
        cost, memory = Cost(store, MANY), daemon.status("VmRSS")
        send(daemon, requests)
        wait_until_delivered(daemon)
        row(what, *cost.each(), f"{(daemon.status('VmRSS') - memory) * 1024 / MANY:.0f} bytes")
    slack.delay_s = 3600
    waiting = each(mention, questions(), 3 * MANY)[2 * MANY:]
    cost = Cost(store, len(waiting))
    send(daemon, waiting)
    row("mention whose answer waits (Slack is down)", *cost.each(), "-")
    slack.delay_s = 0


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


def workspaces(count, api, server=None):
    """A process in so many workspaces, each an app of its own: prints its row, returns its memory in KiB."""
    with tempfile.TemporaryDirectory(prefix="whether-bench-") as name:
        folder = fresh_folder(name)
        config = HTTP + (f"[store]\nstore = redis://{server.where}\n" if server else "")
        config += "".join(workspace(f" {i}", api) for i in range(count))
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
    for where, store in (("the store a file", contextlib.nullcontext), ("on Redis", Redis)):
        print(f"\nWorkspaces, {where}:\n")
        head("workspaces", "listens after", "all ready after", "memory", "reload", "check -c", "slash command")
        memory = []
        for count in WORKSPACES:
            with tempfile.TemporaryDirectory(prefix="whether-bench-") as folder, FakeSlack() as slack, \
                    store(pathlib.Path(folder)) as server:
                memory.append(workspaces(count, slack.api, server if store is Redis else None))
        print("\nA workspace: " + ", ".join(f"{(more - memory[0]) / (count - 1):.2f} KiB of {count:,}"
                                            for count, more in zip(WORKSPACES[1:], memory[1:])))


def on_file():
    with tempfile.TemporaryDirectory(prefix="whether-bench-") as name, FakeSlack() as slack:
        with Daemon(WHETHER, fresh_folder(name), LISTENING + workspace("", slack.api)) as daemon:
            daemon.wait_for("slack.ready")
            messages(OnFile(daemon), slack)
            connections(daemon)
            daemon.kill()


def on_redis():
    print("\nOn Redis (appendfsync always):\n")
    with tempfile.TemporaryDirectory(prefix="whether-bench-") as name, FakeSlack() as slack, Redis(pathlib.Path(name)) as server:
        store = f"[store]\nstore = redis://{server.where}\n"
        with Daemon(WHETHER, fresh_folder(name), LISTENING + store + workspace("", slack.api)) as daemon:
            daemon.wait_for("slack.ready")
            messages(OnRedis(daemon, server), slack)
            daemon.kill()


def guards():
    """A slash command's processor without one guard at a time. In turns, so that what else the machine does falls on all alike."""
    without = {"as it is": "", "confine = no": "[bot]\nconfine = no\n", "per_address = 0": "[http]\nper_address = 0\n"}
    times = {what: [] for what in without}
    for number in range(ROUNDS):
        for what, config in without.items():
            with tempfile.TemporaryDirectory(prefix="whether-bench-") as name:
                config = HTTP + f"[slack]\nteam = {TEAM}\nsigning_secret_file = signing\n" + config
                with Daemon(WHETHER, fresh_folder(name), config) as daemon:
                    send(daemon, each(command, questions(("slash",)), 2000, salt="w"))
                    before = daemon.cpu_s()
                    send(daemon, each(command, questions(("slash",)), MANY))
                    times[what].append((daemon.cpu_s() - before) * 1e6 / MANY)
    print()
    head("a slash command", "processor, median", "least", "most")
    for what, found in times.items():
        row(what, *(f"{value:.1f} us" for value in (statistics.median(found), min(found), max(found))))


def main():
    tables = {"messages": on_file, "guards": guards, "redis": on_redis, "workspaces": many_workspaces}
    for name in sys.argv[2:] or tables:
        tables[name]()


main()
