"""A daemon under the shim with an API, a Slack and an IRC network, and people who ask and ask again until they are heard.

What holds, whatever fails: a question that was acknowledged has one answer; no question has two; after the trouble all works.
"""
import hashlib
import hmac
import http.client
import itertools
import json
import os
import pathlib
import re
import socket
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(os.environ.get("WHETHER_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
sys.path.insert(0, str(ROOT / "tests/integration"))

from daemon import Daemon, wait_until  # noqa: E402
from fake_slack import BOT_USER, TEAM, TOKEN, FakeSlack  # noqa: E402
from faultkit import SANITIZER, Faults  # noqa: E402

SECRET = "faults-signing-secret"
PATIENCE_S = 60
# Waits of the daemon's own (a second, five, a minute) are over in a fraction of that.
SPEED = 20
FACTS = ["The frontend is React.", "It is a chat with live messages.", "We train models in Python."]


class Network:
    """An IRC network of one server and one channel, which takes back whoever comes."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.said = []  # what the bot said in the channel
        self.client, self.stalled, self.joined = None, None, threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        rest = b""
        try:
            while data := client.recv(65536):
                *lines, rest = (rest + data).split(b"\r\n")
                for line in lines:
                    self.hear(client, line.decode("utf-8", "replace"))
        except OSError:
            pass
        if self.client is client:
            self.joined.clear()
        client.close()

    def hear(self, client, line):
        if client is self.stalled:
            return
        def say(*lines):
            client.sendall("".join(f"{text}\r\n" for text in lines).encode())
        verb, _, rest = line.partition(" ")
        if line.startswith("CAP LS"):
            say(":irc.example CAP * LS :")
        elif line == "CAP END":
            say(":irc.example 001 whether :Welcome", ":irc.example 376 whether :End of MOTD")
        elif verb == "JOIN":
            say(f":whether!w@host.example JOIN {rest.split()[0]}")
            self.client = client
            self.joined.set()
        elif verb == "PING":
            say(f":irc.example PONG irc.example {rest}")
        elif verb == "PRIVMSG":
            self.said.append(rest)
        elif verb == "QUIT":
            client.shutdown(socket.SHUT_RDWR)

    def ask(self, nick, text):
        """False where nobody listens."""
        try:
            self.client.sendall(f":{nick}!{nick}@{nick}.example PRIVMSG #a :whether: {text}\r\n".encode())
            return True
        except (OSError, AttributeError):
            return False

    def drop(self):
        """Like a link that is cut: whoever is there has to come back."""
        self.joined.clear()
        if self.client:
            self.client.shutdown(socket.SHUT_RDWR)

    def stall(self):
        """Whoever is there now hears nothing any more, and is not heard; whoever comes is."""
        self.joined.clear()
        self.stalled = self.client

    def answers(self, nick):
        return sum(f":{nick}: " in line for line in self.said)

    def close(self):
        self.listener.close()
        if self.client:
            self.client.close()


class Stage:
    """with Stage(whether) as stage: the daemon runs, has joined, and knows Slack."""

    def __init__(self, whether, speed=SPEED, store="whether.db", more="", closes=False, host="127.0.0.1", slack=None):
        self.folder = tempfile.TemporaryDirectory(prefix="whether-faults-")
        self.path = pathlib.Path(self.folder.name)
        self.faults = Faults(self.path / "faults")
        if speed > 1:
            self.faults.hurry(speed)
        self.slack, self.irc = slack or FakeSlack(closes=closes), Network()
        for name, text in (("signing", SECRET), ("token", TOKEN)):
            (self.path / name).write_text(text)
            (self.path / name).chmod(0o600)
        self.daemon = Daemon([whether], self.path, self.config(store, more, host), env=self.faults.env())
        self.numbers = itertools.count(1)
        self.asked = []  # numbers of Slack questions that were acknowledged

    def config(self, store, more, host):
        """store: a file, or where a Redis is."""
        key = "store" if "://" in store else "path"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        return (f"[http]\nlisten = 127.0.0.1:{port}\n[api]\nopen = yes\n[store]\n{key} = {store}\n[log]\nlevel = info\n"
                f"[slack]\nsigning_secret_file = signing\nbot_token_file = token\napi = {self.slack.api}\n"
                f"[irc net]\nserver = {host}:{self.irc.port}\ntls = no\nchannels = #a\n{more}")

    def __enter__(self):
        self.slack.__enter__()
        self.begun = time.monotonic()
        self.start()
        return self

    def __exit__(self, kind, *rest):
        try:
            if self.daemon.process.poll() is None:
                status = self.daemon.stop()
                assert kind or status == 0, f"ended with {status}: " + "\n".join(self.daemon.lines[-30:])
            if kind:
                print("".join(f"# {line}\n" for line in self.daemon.lines[-25:]), end="")
            complaints = [line for line in self.daemon.lines if SANITIZER.search(line)]
            assert kind or not complaints, complaints
        finally:
            self.irc.close()
            self.slack.__exit__()
            self.folder.cleanup()

    def start(self):
        self.daemon.start()
        assert self.irc.joined.wait(PATIENCE_S), "the bot did not join"
        wait_until(lambda: any(e.get("adapter") == "slack" for e in self.daemon.events("slack.ready")), "Slack", PATIENCE_S)

    def wall(self):
        """The daemon's idea of the time, in seconds."""
        return time.time() + self.faults.ahead()

    def wall_s(self):
        """How long it has run, by its own clock."""
        return time.monotonic() - self.begun + self.faults.ahead()

    def is_dead(self):
        return self.daemon.process.poll() is not None

    def revive(self):
        """After it ended: it must have said why, in one line of its own."""
        self.daemon.reader.join(PATIENCE_S)
        status, last = self.daemon.process.returncode, self.daemon.lines[-1] if self.daemon.lines else ""
        assert status == 1 and last == "whether: out of memory", (status, self.daemon.lines[-12:])
        self.irc.joined.clear()
        self.start()

    # --- asking; each returns an HTTP status, None where the connection broke ------------------------

    def post(self, path, body, headers, timeout=10):
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=timeout)
        try:
            connection.request("POST", path, body, headers | {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return None, b""
        finally:
            connection.close()

    def ask_api(self, number):
        body = json.dumps({"text": f"Node or Django? {FACTS[number % 3]}", "conversation": f"c{number}"})
        status, answer = self.post("/api/ask", body, {})
        assert status != 200 or json.loads(answer)["verdict"] in ("node", "django"), answer
        return status

    def ask_slack(self, number):
        event = {"type": "app_mention", "user": f"U{number:05d}", "text": f"<@{BOT_USER}> Node or Django? {FACTS[number % 3]}",
                 "ts": f"1700{number:06d}.000100", "channel": f"C{number:05d}"}
        event["event_ts"] = event["ts"]
        body = json.dumps({"type": "event_callback", "token": "x", "team_id": TEAM, "api_app_id": "A1",
                           "event_id": f"Ev{number:05d}", "event_time": int(self.wall()), "event": event,
                           "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}]})
        stamp = str(int(self.wall()))
        signature = hmac.new(SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return self.post("/slack/events", body, {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signature}"})[0]

    def until_heard(self, ask, number, patience=PATIENCE_S):
        """As a sender does, who sends again what was not acknowledged; the daemon is started again when it ended."""
        end, refused = time.monotonic() + patience, 0
        while (status := ask(number)) != 200:
            assert status in (None, 503), f"{status} for {number}"
            assert time.monotonic() < end, f"{number} was never acknowledged"
            if self.is_dead():
                self.revive()
            refused += 1
            time.sleep(0.01)
        return refused

    # --- what holds ------------------------------------------------------------------------------------

    def count(self, number):
        with self.slack.lock:
            return len(self.slack.messages.get((f"C{number:05d}", f"1700{number:06d}.000100"), []))

    def waiting(self):
        try:
            return self.daemon.metric("whether_outbox_waiting")
        except (OSError, http.client.HTTPException):
            return -1

    def settled(self, number):
        if self.is_dead():
            self.revive()
        return self.count(number) >= 1 and self.waiting() == 0

    def ask_all(self):
        """One question everywhere, through whatever is armed; when this returns, all has its answer."""
        number = next(self.numbers)
        self.irc.ask(f"p{number}", f"Node or Django? {FACTS[number % 3]}")
        self.until_heard(self.ask_api, number)
        self.until_heard(self.ask_slack, number)
        self.asked.append(number)
        wait_until(lambda: self.settled(number), f"the answer to {number}", PATIENCE_S)

    def check(self):
        """At the end of all: nothing lost, nothing twice, and everybody is heard as before."""
        self.faults.disarm()
        if self.is_dead():
            self.revive()
        wait_until(self.irc.joined.is_set, "the bot to come back", PATIENCE_S)
        self.ask_all()
        nick = f"p{self.asked[-1]}"
        wait_until(lambda: self.irc.answers(nick), "an answer on IRC", PATIENCE_S)
        counts = {number: self.count(number) for number in self.asked}
        assert set(counts.values()) == {1}, {n: c for n, c in counts.items() if c != 1}
        twice = [n for n in self.asked if self.irc.answers(f"p{n}") > 1]
        assert not twice, f"twice on IRC: {twice}"
        lost = [line for line in self.daemon.lines if re.search(r"event=outbox\.(given_up|refused)", line)
                and "adapter=slack" in line]
        assert not lost, lost


def run_cases(names, argv):
    """Prints TAP; the exit status. names: globals() of a file with case_ functions."""
    wanted = [a for a in argv if not a.startswith("--")]
    cases = [(name[5:], case) for name, case in names.items() if name.startswith("case_")]
    cases = [c for c in cases if not wanted or c[0] in wanted]
    print(f"1..{len(cases)}")
    failed = 0
    for number, (name, case) in enumerate(cases, 1):
        begun = time.monotonic()
        try:
            case()
            print(f"# {name}: {time.monotonic() - begun:.1f} s\nok {number} - {name}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {name}")
            print("".join("# " + line + "\n" for line in traceback.format_exc()[-5000:].splitlines()), end="", flush=True)
    return failed > 0
