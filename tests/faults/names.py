#!/usr/bin/env python3
"""Name servers that are dead: one that never answers, one that says SERVFAIL, one that says there is no such name (and is wrong).

usage: WHETHER_SHIM=shim.so names.py WHETHER [--every] [NAME...]     prints TAP; skipped where namespaces may not be made

Slack, a tracker, an IRC network and Redis are known by name alone, to a name server of the test's own. While it is dead, what
needs no name goes on; what was acknowledged waits; when it answers again, all of it arrives, once.
"""
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from stage import PATIENCE_S, ROOT, Stage, run_cases, wait_until  # first: it knows where the others are

import netkit
import senders
from fake_slack import FakeSlack
from irckit import Keys
from rediskit import Redis

WHETHER = os.path.abspath(sys.argv[1])
DEAD = ("silent", "servfail", "nxdomain")
SOME = DEAD if "--every" in sys.argv else DEAD[:1]
CACHED_S = 60  # libcurl remembers a name for so long, of the daemon's time
A, SERVFAIL, NXDOMAIN = 1, 2, 3


class Names(threading.Thread):
    """Every name is this machine, as long as it is in the mood ("right", or one of DEAD)."""

    def __init__(self):
        super().__init__(daemon=True)
        self.mood, self.asked = "right", []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))

    def run(self):
        while True:
            query, sender = self.socket.recvfrom(4096)
            end = query.index(b"\0", 12)
            question, kind = query[12:end + 5], struct.unpack_from("!H", query, end + 1)[0]
            self.asked.append(b".".join(part for part in self.labels(question)).decode())
            if self.mood == "silent":
                continue
            code = {"servfail": SERVFAIL, "nxdomain": NXDOMAIN}.get(self.mood, 0)
            found = code == 0 and kind == A
            head = query[:2] + struct.pack("!5H", 0x8180 | code, 1, int(found), 0, 0)
            address = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 1, 4) + socket.inet_aton("127.0.0.1") if found else b""
            self.socket.sendto(head + question + address, sender)

    @staticmethod
    def labels(question):
        at = 0
        while question[at]:
            yield question[at + 1:at + 1 + question[at]]
            at += 1 + question[at]

    def be(self, mood):
        """From now on; what was asked before is forgotten."""
        self.mood, self.asked = mood, []

    def wait_for(self, *names):
        """Until somebody has asked for all of them in this mood."""
        wait_until(lambda: set(names) <= set(self.asked), f"{names} to be looked up, not {set(self.asked)}", PATIENCE_S)


names = keys = None


class Named(Stage):
    """With a tracker, too; everything by name."""

    def __init__(self):
        slack = FakeSlack(name="slack.test", context=keys.server_context("named"), closes=True)
        self.tracker = senders.FakeAll(name="tracker.test", context=keys.server_context("named"))
        more = f"[gitea]\nsecret_file = secret\ntoken_file = tracker\napi = {self.tracker.url}/api/v1\n"
        super().__init__(WHETHER, host="irc.test", slack=slack, more=more)
        for name, text in (("secret", senders.SECRET), ("tracker", "x")):
            (self.path / name).write_text(text)
            (self.path / name).chmod(0o600)
        self.sender = senders.Gitea()

    def __enter__(self):
        self.tracker.__enter__()
        return super().__enter__()

    def __exit__(self, *rest):
        try:
            super().__exit__(*rest)
        finally:
            self.tracker.__exit__()

    def start(self):
        if names.mood == "right":
            super().start()
            self.daemon.wait_for("tracker.ready")
        else:
            self.daemon.start()

    def ask_tracker(self, number):
        return self.sender.send(self.daemon, self.sender.body(f"@whether-bot Node or Django? {number}", number), f"d{number}")

    def comments(self, number):
        return sum(f"/shop{number}/" in comment["place"] for comment in self.tracker.comments)

    def goes_on(self):
        """What needs no name is as always, and it does not spin."""
        busy = self.daemon.cpu_s()
        for _ in range(20):
            assert self.ask_api(next(self.numbers)) == 200
        assert self.daemon.request("GET", "/healthz")[0] == 200
        status, said = self.daemon.request("GET", "/readyz")
        assert status == 503 and "irc net" in said, said
        time.sleep(1)
        assert self.daemon.cpu_s() - busy < 0.8, "it spins"


def dead(mood):
    names.be(mood)
    with Named() as stage:
        # From the start.
        names.wait_for("slack.test", "tracker.test", "irc.test")
        stage.goes_on()
        first = next(stage.numbers)
        stage.until_heard(stage.ask_slack, first)
        stage.asked.append(first)
        assert stage.count(first) == 0 and stage.waiting() == 1
        names.be("right")
        wait_until(stage.irc.joined.is_set, "IRC", PATIENCE_S)
        stage.daemon.wait_for("tracker.ready")
        # In the midst: taken, and kept.
        names.be(mood)
        time.sleep(1.2 * CACHED_S / stage.faults.speed)
        stage.irc.drop()
        second = next(stage.numbers)
        stage.until_heard(stage.ask_slack, second)
        stage.asked.append(second)
        assert stage.ask_tracker(second) == 200
        names.wait_for("slack.test", "tracker.test", "irc.test")
        stage.goes_on()
        wait_until(lambda: len(stage.daemon.events("outbox.again")) >= 2, "answers put off", PATIENCE_S)
        assert stage.count(second) == 0 and stage.comments(second) == 0, "delivered without a name"
        names.be("right")
        wait_until(lambda: stage.settled(second) and stage.comments(second), "the answers", PATIENCE_S)
        stage.check()
        assert stage.comments(second) == 1, stage.tracker.comments


def case_never_answers():
    dead("silent")


def case_servfail():
    dead("servfail")


def case_no_such_name():
    dead("nxdomain")


def case_redis():
    """Its connection breaks while its name cannot be looked up: away, as if it were down; and back."""
    for mood in SOME:
        names.be("right")
        with tempfile.TemporaryDirectory(prefix="whether-redis-") as folder, Redis(pathlib.Path(folder)) as redis, \
                Stage(WHETHER, speed=5, store=f"redis://redis.test:{redis.port}", more="[bot]\nlength = line\n") as stage:
            stage.ask_all()
            names.be(mood)
            redis.kill()
            redis.start()
            number = next(stage.numbers)
            wait_until(lambda: stage.ask_api(number) == 503, "Redis to be missed", PATIENCE_S)
            assert stage.ask_slack(number) == 503
            names.wait_for("redis.test")
            assert stage.daemon.request("GET", "/healthz")[0] == 200 and stage.daemon.request("GET", "/readyz")[0] == 503
            busy = stage.daemon.cpu_s()
            time.sleep(2)
            assert stage.daemon.cpu_s() - busy < 0.8, "it spins"
            assert len(stage.daemon.events("redis.away")) == 1
            names.be("right")
            stage.until_heard(stage.ask_slack, number)
            stage.asked.append(number)
            stage.check()


def case_redis_at_the_start():
    """A store that nobody knows is told, with its name, and nothing runs."""
    for mood in SOME:
        names.be(mood)
        with tempfile.TemporaryDirectory(prefix="whether-names-") as folder:
            config = pathlib.Path(folder, "whether.ini")
            config.write_text("[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n[store]\nstore = redis://redis.test:6379\n")
            done = subprocess.run([WHETHER, "run", "-c", str(config)], capture_output=True, text=True, timeout=PATIENCE_S, cwd=folder,
                                  env={"PATH": os.environ["PATH"], "WHETHER_PACKS": str(ROOT / "knowledge")})
        last = done.stderr.splitlines()[-1]
        assert done.returncode == 1 and last.startswith("whether: [store]: redis://redis.test:6379/0: "), done.stderr


def main():
    global names, keys
    if reason := netkit.enter():
        print(f"1..0 # SKIP {reason}")
        return 0
    with tempfile.TemporaryDirectory(prefix="whether-names-") as folder:
        keys = Keys(folder)
        keys.issue("named", "subjectAltName=DNS:slack.test,DNS:tracker.test")
        netkit.trust(keys.path("ca.pem"))
        netkit.name_server("127.0.0.1", folder)
        names = Names()
        names.start()
        return run_cases(globals(), sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
