#!/usr/bin/env python3
"""The daemon on a real Redis, with the n-th command, or the n-th reply, failing while it is asked everywhere: n = 1, 2, 3 ...

usage: WHETHER_SHIM=shim.so shared.py WHETHER [--every | --sanitized] [NAME...]     prints TAP

A command goes out by half; it was done and nobody hears of it; Redis says nothing any more; Redis refuses. Whoever asks then
hears "try again" (503), and does; in the end each question has its one answer, and the daemon, which never ended, all it needs.
"""
import collections
import os
import pathlib
import subprocess
import sys
import tempfile

import faultkit
from faultkit import SANITIZER, Faults, sweep_anew
from stage import ROOT, Stage, run_cases, wait_until

from daemon import Daemon  # stage knows where
from rediskit import Redis

WHETHER = os.path.abspath(sys.argv[1])
EVERY, SANITIZED = "--every" in sys.argv, "--sanitized" in sys.argv
SPEED = 5  # Redis has 200 ms of ours for a reply
SHORT = "[bot]\nlength = line\n"  # on IRC a line takes its time
MOST = 60 if EVERY else 3 if SANITIZED else 4
STRIDE = 1 if EVERY else 3
# Beginnings of errors that it takes for itself, that it takes for all, and that it does not know.
REFUSALS = ["ERR injected", "OOM command not allowed when used memory > 'maxmemory'.", "LOADING Redis is loading the dataset in memory",
            "READONLY You can't write against a read only replica.", "NOSCRIPT No matching script.", "MISCONF Errors writing to the AOF file"]


def descriptors(stage):
    return len(os.listdir(f"/proc/{stage.daemon.process.pid}/fd"))


def sweep(*kinds):
    """kinds: (kind, what Redis says)."""
    with tempfile.TemporaryDirectory(prefix="whether-redis-") as folder, Redis(pathlib.Path(folder)) as redis, \
            Stage(WHETHER, speed=SPEED, store=f"redis://{redis.where}", more=SHORT) as stage:
        stage.ask_all()
        before = descriptors(stage)
        for kind, says in kinds:
            failures = 0
            for nth in range(1, MOST * STRIDE + 1, STRIDE):
                stage.faults.arm(kind, nth, says=says)
                stage.ask_all()
                failed = stage.faults.disarm()
                assert not stage.is_dead(), f"{kind} {nth} {says}"
                failures += failed
                if failed == 0:
                    break
            print(f"# {kind} {says}: {failures} failures")
            assert failures > 0, f"no call of {kind} failed: a test that cannot fail"
            stage.check()
        wait_until(lambda: stage.daemon.request("GET", "/readyz")[0] == 200, "it to be ready")
        assert len(stage.daemon.events("daemon.started")) == 1
        wait_until(lambda: descriptors(stage) <= before + 1, f"{before} descriptors, not {descriptors(stage)}")


def case_half_a_command():
    sweep(("rsend", ""))


def case_reply_lost():
    sweep(("rrecv", ""))


def case_no_reply():
    sweep(("rmute", ""))


def case_refused():
    sweep(*(("rsays", says) for says in (REFUSALS if EVERY else REFUSALS[1:3])))


def case_start():
    """It starts in spite of it, or says why not and ends; and then starts."""
    ends = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="whether-redis-") as folder, Redis(pathlib.Path(folder)) as redis:
        config = f"[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n[store]\nstore = redis://{redis.where}\n"
        faults = Faults(pathlib.Path(folder, "faults"))
        for kind, says in (("rsend", ""), ("rrecv", ""), ("rmute", ""), ("rsays", REFUSALS[2])):
            for nth in range(1, 30 if EVERY else 4):
                daemon = Daemon([WHETHER], folder, config, env=faults.env())
                faults.arm(kind, nth, says=says)
                try:
                    daemon.start()
                except AssertionError:
                    status, last = daemon.stop(), daemon.lines[-1]
                    assert status == 1 and last.startswith("whether: [store]: redis://"), (kind, nth, status, daemon.lines)
                else:
                    assert daemon.ask("Node or Django for a chat?")[0] in (200, 503)
                    status = daemon.stop()
                    assert status == 0, (kind, nth, status, daemon.lines)
                assert not any(SANITIZER.search(line) for line in daemon.lines), daemon.lines
                failed = faults.disarm()
                ends[kind, status] += failed
                if failed == 0:
                    break
            assert ends[kind, 0] + ends[kind, 1] > 0, f"no call of {kind} failed"
    print(f"# {dict(ends)}")


def case_looking():
    """`whether gaps` on that Redis: what there is, or a clean error."""
    with tempfile.TemporaryDirectory(prefix="whether-redis-") as folder, Redis(pathlib.Path(folder)) as redis:
        with Stage(WHETHER, speed=1, store=f"redis://{redis.where}") as stage:
            stage.ask_all()
            stage.post("/api/ask", '{"text": "Zig or Odin for planes?"}', {})
        config = pathlib.Path(folder, "whether.ini")
        config.write_text(f"[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n[store]\nstore = redis://{redis.where}\n")
        command = [WHETHER, "gaps", "--json", "-c", str(config)]
        environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "WHETHER_PACKS": str(ROOT / "knowledge")}
        plain = subprocess.run(command, capture_output=True, env=environ, timeout=60)
        assert plain.returncode == 0 and b"Odin" in plain.stdout, plain
        ends = collections.Counter()
        for kind in ("rsend", "rrecv", "rmute", "malloc"):
            stride = 1 if kind != "malloc" else 40 if EVERY else 400
            whole, found = sweep_anew(command, pathlib.Path(folder, "faults"), kind, environ, stride=stride)
            assert whole.output == faultkit.fnv(plain.stdout) and found, (kind, whole)
            for result in found:
                good = result.status == 0 and result.output == whole.output and not result.errors
                *logged, last = result.errors.splitlines() or [""]
                clean = result.status == 1 and last.startswith("whether: ") and all("level=" in line for line in logged)
                assert good or clean, (kind, result)
                ends[kind, result.status] += 1
        print(f"# {dict(ends)}")


sys.exit(run_cases(globals(), sys.argv[2:]))
