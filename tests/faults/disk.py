#!/usr/bin/env python3
"""A disk that is full, read-only, or at a limit: refused at the door, said why, and all well again when there is room.

usage: WHETHER_SHIM=shim.so disk.py WHETHER [NAME...]     prints TAP; the disk is a small tmpfs where we may mount one
"""
import errno
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time

from faultkit import FOR_EVER
from stage import PATIENCE_S, Stage, run_cases, wait_until

WHETHER = os.path.abspath(sys.argv[1])


def refused(stage, number):
    """A question that cannot be kept is not acknowledged, and the bot says so of itself."""
    assert stage.ask_api(number) == 503
    assert stage.ask_slack(number) == 503
    assert stage.daemon.request("GET", "/healthz")[0] == 200
    assert stage.daemon.request("GET", "/readyz")[0] == 503


def in_trouble(stage, *reasons):
    failed = wait_until(lambda: stage.daemon.events("store.failed"), "a word in the log", PATIENCE_S)
    assert any(reason in failed[-1]["cause"] for reason in reasons), failed[-1]
    # Said once in a while, not with every question.
    assert len(failed) <= 3 + stage.wall_s() / 10, len(failed)


def trouble(reasons, begin, end, **more):
    with Stage(WHETHER, **more) as stage:
        stage.ask_all()
        begin(stage)
        numbers = [next(stage.numbers) for _ in range(5)]
        # What is left on the last page of a log may still take a question or two.
        wait_until(lambda: stage.ask_api(numbers[0]) == 503, "the disk to be full", PATIENCE_S)
        for number in numbers:
            refused(stage, number)
        stage.irc.ask("lost", "Node or Django for a live chat?")
        time.sleep(0.5)
        assert stage.irc.answers("lost") == 0, "answered, though nothing could be kept"
        in_trouble(stage, *reasons)
        busy = stage.daemon.cpu_s()
        time.sleep(1)
        assert stage.daemon.cpu_s() - busy < 0.5, "it spins"
        end(stage)
        for number in numbers:
            stage.until_heard(stage.ask_slack, number)
            stage.asked.append(number)
        wait_until(lambda: all(map(stage.settled, numbers)), "the answers", PATIENCE_S)
        wait_until(lambda: stage.daemon.request("GET", "/readyz")[0] == 200, "it to be ready", PATIENCE_S)
        assert stage.daemon.events("store.recovered")
        stage.check()


class Tmpfs:
    """A disk of a few hundred kB, or None where one may not be mounted."""

    def __init__(self, size):
        self.path = tempfile.mkdtemp(prefix="whether-disk-")
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.path], capture_output=True)
        self.mounted = made.returncode == 0

    def remount(self, options):
        subprocess.run(["mount", "-o", f"remount,{options}", self.path], check=True, capture_output=True)

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.path], check=True, capture_output=True)
        os.rmdir(self.path)


def case_full():
    disk = Tmpfs("1m")
    ballast = pathlib.Path(disk.path, "ballast")

    def fill(stage):
        if disk.mounted:
            with open(ballast, "wb", buffering=0) as file:
                try:
                    while file.write(bytes(4096)):
                        pass
                except OSError:
                    pass
        else:
            stage.faults.arm("pwrite", 1, FOR_EVER)

    def empty(stage):
        if disk.mounted:
            ballast.unlink()
        stage.faults.disarm()
    try:
        trouble(["full", "disk"], fill, empty, store=f"{disk.path}/whether.db" if disk.mounted else "whether.db")
    finally:
        disk.close()
    print(f"# on {'a tmpfs' if disk.mounted else 'a disk of the shim'}")


def case_read_only():
    """As the kernel makes it when a disk has errors: each write fails from then on."""
    trouble(["readonly", "read-only", "I/O"], lambda stage: stage.faults.arm("pwrite", 1, FOR_EVER, errno.EROFS),
            lambda stage: stage.faults.disarm())


def case_no_sync():
    trouble(["the disk did not take it"], lambda stage: stage.faults.arm("fsync", 1, FOR_EVER),
            lambda stage: stage.faults.disarm())


def case_file_at_its_limit():
    """RLIMIT_FSIZE: SIGXFSZ would kill; it is an error like a full disk."""
    def limit(stage, size):
        resource.prlimit(stage.daemon.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    trouble(["full", "I/O", "disk"], lambda stage: limit(stage, 4096), lambda stage: limit(stage, resource.RLIM_INFINITY))


def case_read_only_from_the_start():
    """The store cannot be opened at all: said, with its path, and nothing runs."""
    disk = Tmpfs("1m")
    try:
        if disk.mounted:
            disk.remount("ro")
        path = pathlib.Path(disk.path if disk.mounted else "/proc", "whether.db")
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "whether.ini")
            config.write_text(f"[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n[store]\npath = {path}\n")
            done = subprocess.run([WHETHER, "run", "-c", str(config)], capture_output=True, timeout=PATIENCE_S,
                                  env={"PATH": os.environ["PATH"], "WHETHER_PACKS": os.environ["WHETHER_PACKS"]})
        said = done.stderr.decode()
        assert done.returncode == 1 and str(path) in said and said.count("\n") == 1, (done.returncode, said)
    finally:
        disk.close()


signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.exit(run_cases(globals(), sys.argv[2:]))
