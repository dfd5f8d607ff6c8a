#!/usr/bin/env python3
"""A storm: questions by the thousand, each in several copies, while the daemon is killed again and again.

usage: storm.py WHETHER [QUESTIONS [KILLS [SEED]]]     prints TAP and the figures

Questions come as Slack sends them: signed, as app_mention and as message in both orders, with retries under the same
event_id and re-sends under others, late copies included; whatever is not acknowledged is sent again. Ten times the
daemon is killed with SIGKILL at a random moment and started again. Slack's API is one that limits, fails, breaks off
and is late. An IRC network is configured and down. At the end each question must have exactly one answer in its place,
and answers to one conversation must be in the order of its questions.
"""
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import queue
import random
import shlex
import socket
import sys
import tempfile
import threading
import time
import traceback

from daemon import Daemon, wait_until
from fake_slack import BOT_USER, TEAM, TOKEN, FakeSlack

WHETHER = shlex.split(os.environ.get("WHETHER_WRAPPER", "")) + [os.path.abspath(sys.argv[1])]
SECRET = "storm-signing-secret"
SENDERS = 8
PATIENCE_S = 180

# Each is answered by itself in a way of its own, so that an answer tells which question it is to.
FACTS = ["The frontend is React.", "It is a chat with live messages.", "We train models in Python."]


class Question:
    """One message of a person: where it is said, what must be there in the end."""

    def __init__(self, number, rng):
        self.number = number
        person, part = divmod(number, len(FACTS))
        self.user, self.text = f"U{person:05d}", f"Node or Django? {FACTS[part]}"
        self.ts = f"1700{number:06d}.000100"
        self.direct = person % 4 == 0
        # Direct talk is one conversation; in channels every question has its thread, or a person's share one.
        self.channel = f"D{person:05d}" if self.direct else f"C{person % 20:03d}"
        self.shares = person % 4 == 1
        first = number - part
        self.thread = "" if self.direct else f"1700{first:06d}.000100" if self.shares and part else self.ts
        self.part = part
        self.copies = self.plan(rng)

    @property
    def place(self):
        return self.channel, self.thread

    def plan(self, rng):
        """Deliveries of the one message: (kind of event, event_id), in the order in which they come."""
        kinds = ["message"] if self.direct else ["app_mention", "message"]
        rng.shuffle(kinds)
        copies = [(kind, f"Ev{self.number:05d}{kind[0]}") for kind in kinds]
        copies += rng.choices(copies, k=rng.choice([0, 0, 1, 3]))              # retries (S6)
        copies += [(kind, f"Ev{self.number:05d}x{i}") for i, (kind, _) in
                   enumerate(rng.choices(copies, k=rng.choice([0, 0, 0, 2])))]  # under another event_id (S10)
        return copies

    def event(self, kind, event_id):
        text = self.text if self.direct else f"<@{BOT_USER}> {self.text}"
        event = {"type": kind, "user": self.user, "text": text, "ts": self.ts, "event_ts": self.ts, "channel": self.channel}
        if kind == "message":
            event["channel_type"] = "im" if self.direct else "channel"
        if self.thread and self.thread != self.ts:
            event["thread_ts"] = self.thread
        return {"type": "event_callback", "token": "x", "team_id": TEAM, "api_app_id": "A1", "event_id": event_id,
                "event_time": int(time.time()), "event": event,
                "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}]}


class Sender(threading.Thread):
    """Sends until it is acknowledged, as often as that takes."""

    def __init__(self, storm):
        super().__init__(daemon=True)
        self.storm, self.connection, self.failure = storm, None, None

    def run(self):
        try:
            while (job := self.storm.jobs.get()) is not None:
                for copy in job.copies:
                    self.deliver(job, *copy)
                self.storm.acknowledged(job)
        except Exception as failure:
            self.failure = failure

    def deliver(self, question, kind, event_id):
        end = time.monotonic() + PATIENCE_S
        retry = 0
        while time.monotonic() < end:
            status = self.attempt(question.event(kind, event_id), retry)
            if status and 200 <= status < 300:
                return
            assert status in (None, 503), f"{status} for {question.number}"
            retry += 1
            self.storm.resent += 1
            time.sleep(0.02)
        raise AssertionError(f"question {question.number} was never acknowledged")

    def attempt(self, event, retry):
        body = json.dumps(event).encode()
        stamp = str(int(time.time()))
        signature = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Slack-Request-Timestamp": stamp,
                   "X-Slack-Signature": "v0=" + signature}
        if retry:
            headers |= {"X-Slack-Retry-Num": str(min(retry, 3)), "X-Slack-Retry-Reason": "http_error"}
        self.storm.sent += 1
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.storm.port, timeout=3)
            self.connection.request("POST", "/slack/events", body, headers)
            response = self.connection.getresponse()
            response.read()
            return response.status
        except (OSError, http.client.HTTPException):
            with contextlib.suppress(Exception):
                self.connection.close()
            self.connection = None
            return None


class Storm:
    def __init__(self, folder, questions, kills, seed):
        self.random = random.Random(seed)
        self.questions = [Question(n, self.random) for n in range(questions)]
        self.kills, self.folder = kills, folder
        self.jobs = queue.Queue()
        self.done, self.sent, self.resent = 0, 0, 0
        self.lock = threading.Lock()

    def acknowledged(self, question):
        with self.lock:
            self.done += 1
            late = self.done % 10 == 0
        if late:
            # Long after: the sender had lost our acknowledgement.
            self.stragglers.put(question)

    def config(self, slack):
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            two.bind(("127.0.0.1", 0))
            self.port, closed = one.getsockname()[1], two.getsockname()[1]
        for name, text in (("signing", SECRET), ("token", TOKEN)):
            path = self.folder / name
            path.write_text(text)
            path.chmod(0o600)
        return (f"[http]\nlisten = 127.0.0.1:{self.port}\n[log]\nlevel = info\n"
                f"[slack]\nsigning_secret_file = signing\nbot_token_file = token\napi = {slack.api}\nlisten = questions\n"
                f"[irc dead]\nserver = 127.0.0.1:{closed}\ntls = no\nchannels = #a\n")

    def kill_now_and_then(self, daemon, slack):
        """While questions come in, at random ones of them; the last kills fall among the answers going out."""
        among_answers = min(self.kills // 3, 10)
        marks = sorted(self.random.sample(range(len(self.questions) // 20, len(self.questions) - 1),
                                          self.kills - among_answers))
        for mark in marks:
            wait_until(lambda: self.done >= mark or any(s.failure for s in self.senders), f"question {mark}", PATIENCE_S)
            time.sleep(self.random.random() * 0.05)
            daemon.kill()
            daemon.start()
        wait_until(lambda: self.done == len(self.questions) or any(s.failure for s in self.senders), "all questions",
                   PATIENCE_S)
        slack.delay_s = 0.2  # they must last until the last kill
        for _ in range(among_answers):
            time.sleep(0.2 + self.random.random() * 2)
            assert daemon.metric("whether_outbox_waiting") > 0, "all is delivered before the last kill"
            daemon.kill()
            daemon.start()
        slack.delay_s = 0

    def run(self):
        begun = time.monotonic()
        self.stragglers = queue.Queue()
        with FakeSlack(seed=self.random.random(), trouble=0.15) as slack:
            daemon = Daemon(WHETHER, self.folder, self.config(slack)).start()
            self.senders = [Sender(self) for _ in range(SENDERS)]
            # Each sender takes all of a person's questions, one after the other: people wait for nothing, but the
            # order of what they said is known.
            for question in self.questions:
                self.jobs.put(question)
            for sender in self.senders:
                sender.start()
            try:
                self.kill_now_and_then(daemon, slack)
                while not self.stragglers.empty():
                    question = self.stragglers.get()
                    self.senders[0].deliver(question, *question.copies[0])
                for sender in self.senders:
                    self.jobs.put(None)
                for sender in self.senders:
                    sender.join(PATIENCE_S)
                    if sender.failure:
                        raise sender.failure
                wait_until(lambda: daemon.metric("whether_outbox_waiting") == 0, "the outbox to empty", PATIENCE_S)
                status = daemon.stop()
                assert status == 0, status
                self.check(slack, daemon, time.monotonic() - begun)
            except BaseException:
                print("".join("# " + line + "\n" for line in daemon.lines[-40:]), end="")
                raise
            finally:
                if daemon.process.poll() is None:
                    daemon.stop()

    def check(self, slack, daemon, seconds):
        asked = {}
        for question in self.questions:
            asked.setdefault(question.place, []).append(question)
        lost = sum(max(0, len(asked[p]) - len(slack.messages.get(p, []))) for p in asked)
        twice = sum(max(0, len(m) - len(asked.get(p, []))) for p, m in slack.messages.items())
        keys = [m["metadata"]["event_payload"]["delivery"] for ms in slack.messages.values() for m in ms]
        given_up = sum(len(daemon.events(e)) for e in ("outbox.given_up", "outbox.refused", "store.failed"))
        print(f"# {len(self.questions)} questions in {self.sent} requests ({self.resent} sent again), {self.kills} kills, "
              f"{seconds:.1f} s: {len(keys)} answers, {lost} lost, {twice} twice")
        print(f"# Slack's API: {dict(sorted(slack.calls.items()))}")
        for place, messages in slack.messages.items():
            if len(messages) != len(asked.get(place, [])):
                print(f"# {place}: asked {[q.number for q in asked.get(place, [])]}, got "
                      f"{[m['metadata']['event_payload']['delivery'] for m in messages]}")
        assert lost == 0 and twice == 0 and given_up == 0, (lost, twice, given_up)
        assert len(set(keys)) == len(keys) == len(self.questions)
        # Deliveries are numbered as they are taken: within a conversation they must have arrived in that order.
        for place, messages in slack.messages.items():
            numbers = [int(m["metadata"]["event_payload"]["delivery"].split(".")[0]) for m in messages]
            assert numbers == sorted(numbers), (place, numbers)


def main():
    questions, kills, seed = (int(a) for a in (sys.argv[2:] + ["2000", "10", "7"][len(sys.argv) - 2:])[:3])
    print("1..1")
    with tempfile.TemporaryDirectory(prefix="whether-storm-") as folder:
        try:
            Storm(pathlib.Path(folder), questions, kills, seed).run()
            print("ok 1 - every question answered once", flush=True)
            return 0
        except Exception:
            print("not ok 1 - every question answered once")
            print("".join("# " + line + "\n" for line in traceback.format_exc()[-3000:].splitlines()), end="", flush=True)
            return 1


sys.exit(main())
