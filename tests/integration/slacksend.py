"""Questions as Slack sends them, each in copies, each copy until it is acknowledged, to whichever replica comes next."""
import collections
import contextlib
import hashlib
import hmac
import http.client
import itertools
import json
import threading
import time

from fake_slack import BOT_USER, TEAM

SIGNING_SECRET = "replicas-signing-secret"
FACTS = ["The frontend is React.", "It is a chat with live messages.", "We train models in Python."]
PATIENCE_S = 90

Question = collections.namedtuple("Question", "number user text ts channel thread place")


def question(number):
    """Three of a person in one thread, one after the other: a conversation."""
    person, part = divmod(number, len(FACTS))
    ts, first = f"1700{number:06d}.000100", f"1700{number - part:06d}.000100"
    channel = f"C{person % 20:03d}"
    return Question(number, f"U{person:05d}", f"Node or Django? {FACTS[part]}", ts, channel, first, (channel, first))


def event(asked, kind, event_id):
    body = {"type": kind, "user": asked.user, "text": f"<@{BOT_USER}> {asked.text}", "ts": asked.ts, "event_ts": asked.ts,
            "channel": asked.channel}
    if kind == "message":
        body["channel_type"] = "channel"
    if asked.thread != asked.ts:
        body["thread_ts"] = asked.thread
    return {"type": "event_callback", "token": "x", "team_id": TEAM, "api_app_id": "A1", "event_id": event_id,
            "event_time": int(time.time()), "event": body,
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}]}


def signed_headers(body, kind):
    stamp = str(int(time.time()))
    mac = hmac.new(SIGNING_SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac}"}


class Sender(threading.Thread):
    """Sends each question in two copies, to different replicas, at once where there are several."""

    def __init__(self, daemons, questions):
        super().__init__(daemon=True)
        self.daemons, self.questions, self.failure = daemons, questions, None
        self.again = collections.Counter()  # why it was sent again: a status, None for a connection that broke
        self.turn = itertools.count()

    def run(self):
        try:
            for asked in self.questions:
                copies = [("app_mention", f"Ev{asked.number:05d}a"), ("message", f"Ev{asked.number:05d}m")]
                others = [threading.Thread(target=self.deliver, args=(asked, *copy), daemon=True) for copy in copies]
                for other in others:
                    other.start()
                for other in others:
                    other.join(PATIENCE_S + 5)
        except Exception as failure:  # told by whoever joins
            self.failure = failure

    def deliver(self, asked, kind, event_id):
        end = time.monotonic() + PATIENCE_S
        body = json.dumps(event(asked, kind, event_id))
        while time.monotonic() < end:
            daemon = self.daemons[next(self.turn) % len(self.daemons)]
            status = self.attempt(daemon, body)
            if status and 200 <= status < 300:
                return
            if status not in (None, 502, 503, 504):  # those between are a proxy's
                break
            self.again[status] += 1
            time.sleep(0.05)
        self.failure = self.failure or f"question {asked.number} was never acknowledged ({status})"

    def attempt(self, daemon, body):
        headers = signed_headers(body, "application/json")
        with contextlib.closing(daemon.connection(5)) as connection:
            try:
                connection.request("POST", "/slack/events", body, headers)
                response = connection.getresponse()
                response.read()
                return response.status
            except (OSError, http.client.HTTPException):
                return None
