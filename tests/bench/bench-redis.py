#!/usr/bin/env python3
"""Signed events a second on SQLite's file, on a Redis (appendfsync always and everysec), and with two replicas behind it, one after the other in one run.

Slash commands (answered at once) and mentions (answered through the outbox, to a Slack that takes two seconds), each another person's, sent
by one wrk a replica over 32 connections, as fast as they are answered. Beside each rate what an event cost of the processors: all replicas,
Redis, and wrk together.

Replicas, Redis and wrk share the machine's processors, so that two replicas cannot show there what they are worth. Hence a second table:
each replica and Redis have a quota of a tenth of a processor (a cgroup each, needs root), which leaves enough for wrk. It is a machine
with a slower processor for each of them. Without cgroups it is left out, and said so. Asserts only that all were acknowledged.

usage: bench-redis.py WHETHER [SECONDS]
"""
import concurrent.futures
import contextlib
import os
import pathlib
import resource
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from daemon import Daemon  # noqa: E402
from fake_slack import TOKEN, FakeSlack  # noqa: E402
from load import SECRET, TEAM, command, mention  # noqa: E402
from rediskit import Redis  # noqa: E402
from wrk import write_requests, wrk  # noqa: E402

WHETHER = [os.path.abspath(sys.argv[1])]
SECONDS = int(sys.argv[2]) if sys.argv[2:] else 4
PER_SECOND_MAX, SLACK_DELAY_S = 25000, 2.0
KINDS = {"commands": command, "mentions": mention}
ROWS = (("SQLite", None, 1), ("always, one replica", "always", 1), ("always, two", "always", 2),
        ("everysec, one replica", "everysec", 1), ("everysec, two", "everysec", 2))
CGROUPS = pathlib.Path("/sys/fs/cgroup/cpu")
PERIOD_US, SHARE = 10000, 0.1


class Quota:
    """Processes that have no more than their share of a processor."""

    def __init__(self, name):
        self.folder = CGROUPS / f"whether-bench-{os.getpid()}-{name}"

    def __enter__(self):
        self.folder.mkdir()
        (self.folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (self.folder / "cpu.cfs_quota_us").write_text(str(int(PERIOD_US * SHARE)))
        return self

    def take(self, pid):
        (self.folder / "cgroup.procs").write_text(str(pid))

    def __exit__(self, *rest):
        self.folder.rmdir()  # its processes have ended


def may_limit():
    try:
        with Quota("probe"):
            return True
    except OSError:
        return False


def cpu_s(process):
    stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def children_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(folder, kind, daemons, server):
    """Events a second, and microseconds of processor an event: replicas, Redis, wrk."""
    count = PER_SECOND_MAX * SECONDS
    scripts = [write_requests(folder, KINDS[kind], range(i * count, (i + 1) * count)) for i in range(len(daemons))]

    def used():
        return sum(d.cpu_s() for d in daemons), cpu_s(server.process) if server else 0, children_s()

    before = used()
    with concurrent.futures.ThreadPoolExecutor(len(daemons)) as pool:
        results = list(pool.map(lambda pair: wrk(pair[0].port, pair[1], SECONDS), zip(daemons, scripts)))
    after = used()
    assert not any(bad for _, _, bad in results), "not all were acknowledged"
    rate = sum(rate for rate, _, _ in results)
    assert all(rate < PER_SECOND_MAX for rate, _, _ in results), "more than were prepared"
    return rate, [(b - a) * 1e6 / (rate * SECONDS) for a, b in zip(before, after)]


def run(folder, fsync, count, slack, limited):
    for name, secret in (("signing", SECRET), ("token", TOKEN)):
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    (folder / "redis").mkdir()
    with contextlib.ExitStack() as stack:
        def quota(name, pid):
            if limited:
                stack.enter_context(Quota(name)).take(pid)
        server = Redis(folder / "redis", fsync=fsync) if fsync else None
        store = f"store = redis://{server.where}" if fsync else "path = whether.db"
        config = (f"[http]\nlisten = 127.0.0.1:0\n[log]\nlevel = info\n[store]\n{store}\n[slack]\nteam = {TEAM}\n"
                  f"signing_secret_file = {folder}/signing\nbot_token_file = {folder}/token\napi = {slack.api}\n")
        ends = stack.enter_context(contextlib.ExitStack())  # before the quotas
        if server:
            ends.enter_context(server)
        daemons = []
        for number in range(count):
            own = folder / str(number)
            own.mkdir(parents=True)
            daemons.append(ends.enter_context(Daemon(WHETHER, own, config)))
            daemons[-1].wait_for("slack.ready")
        if server:
            quota("redis", server.process.pid)
        for number, daemon in enumerate(daemons):
            quota(number, daemon.process.pid)
        figures = {kind: measure(folder, kind, daemons, server) for kind in KINDS}
        for daemon in daemons:
            daemon.kill()  # what waits for Slack is not measured here
        ends.close()
        return figures


def table(title, limited):
    print(f"\n{title}\n{'store':24} " + " ".join(f"{kind + ' /s':>12} {'ratio':>6} {'us: replicas, Redis, wrk':>25}" for kind in KINDS))
    first = None
    for name, fsync, count in ROWS:
        with tempfile.TemporaryDirectory(prefix="whether-bench-") as folder, FakeSlack(delay_s=SLACK_DELAY_S) as slack:
            figures = run(pathlib.Path(folder), fsync, count, slack, limited)
        first = first or figures
        print(f"{name:24} " + " ".join(f"{rate:12.0f} {rate / first[kind][0]:6.2f} {', '.join(f'{c:.0f}' for c in cost):>25}"
                                       for kind, (rate, cost) in figures.items()), flush=True)


def main():
    print(f"{SECONDS} s each, {os.cpu_count()} processors, load before: {os.getloadavg()[0]:.1f}")
    table("shared by all", False)
    if may_limit():
        table(f"replicas and Redis with {SHARE:.0%} of a processor each", True)
    else:
        print("\nno cgroup can be made here: what two replicas are worth with processors of their own is not measured")


if __name__ == "__main__":
    main()
