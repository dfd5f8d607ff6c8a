"""Requests to the daemon, signed as Slack signs them, and a client that sends them: at its own pace or at a given one.

At a given pace ("open loop") a request counts from the moment at which it was due, not from when it could be sent: a server that stalls
is charged with all who came meanwhile.
"""
import hashlib
import hmac
import itertools
import json
import selectors
import socket
import time
import urllib.parse

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM, CHANNELS = "T0STORM", 50
PATIENCE_S = 30


def signed(path, kind, body):
    """One request as bytes. Good for five minutes: Slack's window."""
    stamp = str(int(time.time()))
    mac = hmac.new(SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    data = body.encode()
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nX-Slack-Request-Timestamp: {stamp}\r\n"
            f"X-Slack-Signature: v0={mac}\r\nContent-Length: {len(data)}\r\n\r\n").encode() + data


def command(number, text, salt="", path="/slack"):
    """A slash command of a person of its own."""
    return signed(path + "/commands", "application/x-www-form-urlencoded", urllib.parse.urlencode({
        "token": "x", "team_id": TEAM, "team_domain": "d", "channel_id": f"C{number % CHANNELS}", "channel_name": "c",
        "user_id": f"U{salt}{number:07d}", "user_name": "u", "command": "/whether", "text": text,
        "response_url": "https://hooks.slack.com/commands/T1/1/x", "trigger_id": f"{salt}.{number}.x"}))


def event(kind, number, text, **more):
    """A message outside threads, by a person of its own."""
    return signed("/slack/events", "application/json", json.dumps({
        "token": "x", "team_id": TEAM, "api_app_id": "A1", "type": "event_callback", "event_id": f"Ev{number:010d}",
        "event_time": 1764086400, "event": {
            "type": kind, "user": f"U{number:07d}", "text": text, "ts": f"1764086400.{number:06d}",
            "channel": f"C{number % CHANNELS}", "event_ts": f"1764086400.{number:06d}", **more}}))


def mention(number, text):
    """Its answer begins a thread of its own."""
    return event("app_mention", number, f"<@U0BOT> {text}")


def overheard(number, text):
    """Not said to the bot."""
    return event("message", number, text, channel_type="channel")


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.got = b""
        self.due = None  # of the request that is under way

    def send(self, request, due):
        self.due = due
        sent = self.socket.send(request)
        assert sent == len(request), "a request does not fit into an empty socket"

    def receive(self):
        """The answer's status when it is complete, else None."""
        data = self.socket.recv(65536)
        if not data:
            raise AssertionError(f"the server closed a connection in the middle: {self.got!r}")
        self.got += data
        head, end, body = self.got.partition(b"\r\n\r\n")
        if not end:
            return None
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        if len(body) < length:
            return None
        self.got = b""
        return int(head.split()[1])


class Load:
    """Sends each of `requests` once, over at most `most` connections; run() returns when all are answered. With `rate` so many a second,
    evenly, or with `chance` (a random.Random) at random moments, as people do."""

    def __init__(self, port, requests, rate=None, most=32, chance=None):
        self.port, self.requests, self.rate, self.most, self.chance = port, requests, rate, most, chance
        self.selector = selectors.DefaultSelector()
        self.idle, self.count = [], 0
        self.latencies, self.statuses = [], {}

    def connection(self):
        if self.idle:
            return self.idle.pop()
        if self.count == self.most:
            return None
        self.count += 1
        connection = Connection(self.port)
        self.selector.register(connection.socket, selectors.EVENT_READ, connection)
        return connection

    def take(self, timeout):
        for key, _ in self.selector.select(timeout):
            status = key.data.receive()
            if status is not None:
                self.latencies.append(time.monotonic() - key.data.due)
                self.statuses[status] = self.statuses.get(status, 0) + 1
                self.idle.append(key.data)

    def dues(self):
        """When each request is to be sent, in seconds from the start; without a rate, whenever it can be."""
        due = 0
        for number in range(len(self.requests)):
            yield due if self.rate else 0
            due = due + self.chance.expovariate(self.rate) if self.chance else (number + 1) / (self.rate or 1)

    def run(self):
        start = time.monotonic()
        for due, request in zip(self.dues(), self.requests):
            due = start + due if self.rate else time.monotonic()
            while (wait := due - time.monotonic()) > 0:
                self.take(wait)
            while (connection := self.connection()) is None:
                self.take(PATIENCE_S)
            connection.send(request, due)
            self.take(0)
        end = time.monotonic() + PATIENCE_S
        while len(self.idle) < self.count:
            assert time.monotonic() < end, f"{self.count - len(self.idle)} requests have no answer"
            self.take(PATIENCE_S)
        self.seconds = time.monotonic() - start
        for key in list(self.selector.get_map().values()):
            key.data.socket.close()
        self.selector.close()
        return self

    def percentile(self, share):
        """In milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def each(make, texts, count, **more):
    return [make(number, text, **more) for number, text in zip(range(count), itertools.cycle(texts))]
