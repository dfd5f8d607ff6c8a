"""A Web API like Slack's, as bad as the real one on its worst day: limits, errors, broken and late answers.

Remembers every message that it took, as a channel's members would see it. What it does wrong comes from a seed.
"""
import http.server
import itertools
import json
import random
import threading
import time
import urllib.parse

from fakehttp import FakeServer, Served

TOKEN = "xoxb-storm"
TEAM, BOT_USER, BOT_ID = "T0STORM", "U0BOT", "B0BOT"


class FakeSlack(Served):
    def __init__(self, seed=1, trouble=0.0, delay_s=0.0, closes=False, host="127.0.0.1", name=None, context=None):
        """trouble: the share of posts that go wrong in some way; delay_s: how late every answer is; closes: each call
        needs a connection of its own; name: what host is called; context: of ssl, for https."""
        self.trouble, self.delay_s, self.closes = trouble, delay_s, closes
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.messages = {}  # (channel, thread) -> [message]
        self.calls = {}     # method or what went wrong -> how often
        self.stamps = itertools.count()
        self.server = FakeServer((host, 0), Handler, context)
        self.server.slack, self.name = self, name

    @property
    def api(self):
        return self.server.url(self.name) + "/api"

    def team_of(self, token):
        """Whose token that is; None: nobody's."""
        return TEAM if token == TOKEN else None

    def count(self, what):
        with self.lock:
            self.calls[what] = self.calls.get(what, 0) + 1

    def fate(self):
        with self.lock:
            if self.random.random() >= self.trouble:
                return "fine"
            return self.random.choices(["limited", "error", "broken", "late", "very late"], [1, 4, 4, 4, 2])[0]

    def store(self, body, team=TEAM):
        """team: whose token it came with."""
        with self.lock:
            key = body["channel"], body.get("thread_ts", "")
            # Far later than any question's own stamp.
            message = {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "text": body["text"],
                       "ts": f"{int(time.time())}.9{next(self.stamps):05d}", "metadata": body.get("metadata", {}), "team": team}
            self.messages.setdefault(key, []).append(message)
            return message

    def total(self):
        with self.lock:
            return sum(map(len, self.messages.values()))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def say(self, answer, status=200, **headers):
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.server.slack.closes:
            self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        slack = self.server.slack
        data = self.rfile.read(int(self.headers["Content-Length"]))
        method = self.path.rpartition("/")[2]
        slack.count(method)
        team = slack.team_of(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if team is None:
            self.say({"ok": False, "error": "invalid_auth"})
        elif method == "auth.test":
            self.say({"ok": True, "team_id": team, "user_id": BOT_USER, "bot_id": BOT_ID})
        elif method == "chat.postMessage":
            self.post(slack, json.loads(data), team)
        elif method in ("conversations.replies", "conversations.history"):
            self.look(slack, dict(urllib.parse.parse_qsl(data.decode())))
        else:
            self.say({"ok": False, "error": "unknown_method"})

    def post(self, slack, body, team):
        fate = slack.fate()
        if fate != "fine":
            slack.count("post " + fate)
        if slack.delay_s:
            time.sleep(slack.delay_s)
        if fate == "limited":
            self.say({"ok": False, "error": "ratelimited"}, 429, Retry_After="1")
        elif fate == "error":
            self.say({"ok": False, "error": "internal_error"})
        elif fate == "broken":
            # Taken, but nobody hears of it.
            slack.store(body, team)
            self.close_connection = True
        else:
            if fate != "fine":
                time.sleep(0.3 if fate == "late" else 1.5)
            message = slack.store(body, team)
            self.say({"ok": True, "channel": body["channel"], "ts": message["ts"], "message": message})

    def look(self, slack, form):
        if slack.delay_s:
            time.sleep(slack.delay_s)
        with slack.lock:
            found = list(slack.messages.get((form["channel"], form.get("ts", "")), []))
        self.say({"ok": True, "messages": found, "has_more": False})
