#!/usr/bin/env python3
"""`whether run` in a Slack workspace that runs here: npm `emulate` behind slack.mjs, which makes trouble when told to.

usage: slack.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases; WHETHER_WRAPPER goes before WHETHER
"""
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from daemon import end_all  # noqa: E402

ROOT = pathlib.Path(os.environ.get("WHETHER_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
WHETHER = shlex.split(os.environ.get("WHETHER_WRAPPER", "")) + [os.path.abspath(sys.argv[1])]
MODULES = ROOT / "build/npm"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
OLD_SECRET = "00000000000000000000000000000000"
TEAM = "T000000001"
QUESTION = "Node or Django for a live auction board with thousands of bids a second?"
PATIENCE_S = 20     # for one thing to happen
SETTLE_S = 1.0      # for what must not happen

scratch = None      # a folder of the running case
started = []        # processes of the running case, the last one first to go


def until(what, probe, patience=PATIENCE_S):
    """The first true result of probe()."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if result := probe():
            return result
        time.sleep(0.02)
    raise AssertionError(f"waited {patience} s in vain: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(url, method="GET", body=None, headers=None, timeout=PATIENCE_S):
    """Status, headers and text of an answer."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


class Slack:
    """The workspace."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["node", ROOT / "tests/integration/slack.mjs", MODULES, str(free_port())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(scratch / "slack.err", "wb"))
        started.append(self.process)
        line = self.process.stdout.readline()
        assert line, (scratch / "slack.err").read_text()
        self.url, self.emulator = json.loads(line)["url"], json.loads(line)["emulator"]
        self.users = {user["name"]: user["user_id"] for user in self.control("users")["users"]}

    def control(self, name, **body):
        status, _, text = call(f"{self.url}/control/{name}", "POST", json.dumps(body))
        assert status == 200, text
        return json.loads(text)

    def api(self, who, method, **fields):
        token = {"bot": "xoxb-bot", "ann": "xoxp-ann", "bob": "xoxp-bob"}[who]
        _, _, text = call(f"{self.emulator}/api/{method}", "POST", urllib.parse.urlencode(fields),
                          {"Authorization": f"Bearer {token}", "Content-Type": "application/x-www-form-urlencoded"})
        answer = json.loads(text)
        assert answer["ok"], answer
        return answer

    def direct(self, who):
        return self.api(who, "conversations.open", users="UBOT")["channel"]["id"]

    def posts(self, channel, thread=None):
        """What the bot said there."""
        if thread:
            messages = self.api("bot", "conversations.replies", channel=channel, ts=thread)["messages"]
        else:
            messages = self.api("bot", "conversations.history", channel=channel, limit=1000)["messages"]
        return [m for m in messages if m.get("user") == "UBOT" or m.get("bot_id") == "BBOT"]

    def calls(self, method):
        return [entry for entry in self.control("seen")["seen"] if entry["method"] == method]


class Bot:
    """The program. Its log is in scratch."""

    def __init__(self, slack, config="", secrets=(SECRET,), api="yes", sections=None, store="whether.db"):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.hosts = urllib.parse.urlsplit(slack.url).netloc
        write_secret("signing", "\n".join(secrets))
        write_secret("token", "xoxb-bot")
        sections = sections if sections is not None else f"""
[slack]
signing_secret_file = signing
bot_token_file = token
api = {slack.url}/api
response_hosts = hooks.slack.com, {self.hosts}
{config}
"""
        self.path = scratch / "whether.ini"
        self.path.write_text(f"""
[bot]
packs = {ROOT}/knowledge
[store]
path = {store}
[log]
level = debug
[http]
listen = 127.0.0.1:{self.port}
[api]
open = {api}
{sections}
""")
        self.start()

    def start(self, ready=True):
        self.log = open(scratch / "whether.log", "ab")
        env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(scratch)}
        env |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        self.process = subprocess.Popen([*WHETHER, "run", "-c", self.path], cwd=scratch, env=env, stderr=self.log,
                                        stdout=self.log, stdin=subprocess.DEVNULL)
        started.append(self.process)
        if ready:
            until("the bot is ready", lambda: self.ready()[0] == 200)

    def ready(self):
        assert self.process.poll() is None, log_end()
        try:
            status, _, text = call(f"{self.url}/readyz")
            return status, json.loads(text)
        except OSError:
            return 0, {}

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_S) == 0, log_end()

    def post(self, path, body, content, secret=SECRET, skew=0, headers=None, timestamp=None, signature=None):
        """Signed as Slack signs, but for what is asked for otherwise."""
        body = body if isinstance(body, bytes) else body.encode()
        timestamp = timestamp or str(int(time.time()) + skew)
        signature = signature or sign(secret, timestamp, body)
        return call(self.url + path, "POST", body, {
            "Content-Type": content, "X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature,
            **(headers or {})})

    def event(self, event, event_id, **more):
        body = json.dumps({"type": "event_callback", "team_id": TEAM, "api_app_id": "A1", "event_id": event_id,
                           "event": event, **more.pop("envelope", {})})
        return self.post("/slack/events", body, "application/json", **more)

    def command(self, text, trigger, **more):
        fields = {"token": "x", "team_id": TEAM, "channel_id": "C000000001", "channel_name": "general",
                  "user_id": "U1", "user_name": "ann", "command": "/whether", "text": text, "trigger_id": trigger,
                  "response_url": f"http://{self.hosts}/response/command"}
        return self.post("/slack/commands", urllib.parse.urlencode(fields), "application/x-www-form-urlencoded", **more)

    def press(self, action_id, trigger, value=None, **payload):
        payload = {"type": "block_actions", "team": {"id": TEAM}, "user": {"id": "U1"}, "trigger_id": trigger,
                   "actions": [{"action_id": action_id, "value": value}], **payload}
        return self.post("/slack/actions", urllib.parse.urlencode({"payload": json.dumps(payload)}),
                         "application/x-www-form-urlencoded")

    def metric(self, name):
        """A counter's value; 0 where it has none yet."""
        _, _, text = call(f"{self.url}/metrics")
        found = re.search(rf"^{re.escape(name)} (\d+)$", text, re.M)
        return int(found[1]) if found else 0

    def rejected(self, reason):
        return self.metric(f'whether_rejected_total{{reason="{reason}"}}')

    def waiting(self):
        return self.ready()[1]["waiting"]


def sign(secret, timestamp, body):
    base = b"v0:" + timestamp.encode() + b":" + (body if isinstance(body, bytes) else body.encode())
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def write_secret(name, text):
    path = scratch / name
    path.write_text(text + "\n")
    path.chmod(0o600)


def log_end():
    log = scratch / "whether.log"
    return log.read_text()[-3000:] if log.exists() else ""


def mention(text, ts, user="U1", **more):
    return {"type": "app_mention", "channel": "C000000001", "user": user, "text": f"<@UBOT> {text}", "ts": ts, **more}


def message(text, ts, user="U1", **more):
    return {"type": "message", "channel": "C000000001", "channel_type": "channel", "user": user,
            "text": f"<@UBOT> {text}", "ts": ts, **more}


def settle():
    time.sleep(SETTLE_S)


# ---- talking ----

def case_direct_message():
    """A person writes in emulate, its own event comes re-signed, the answer appears there, and its echo starts nothing."""
    slack = Slack()
    bot = Bot(slack)
    slack.control("events", url=bot.url + "/slack/events", secret=SECRET)
    channel = slack.direct("ann")
    slack.api("ann", "chat.postMessage", channel=channel, text=QUESTION)
    post = until("an answer", lambda: slack.posts(channel))[0]
    assert "Node" in post["text"] and "thread_ts" not in post, post
    assert post["metadata"]["event_payload"]["delivery"], post
    assert post["blocks"][-1]["type"] == "actions", post["blocks"]
    slack.api("ann", "chat.postMessage", channel=channel, text="why?")
    until("the conversation goes on", lambda: len(slack.posts(channel)) == 2)
    assert "Node" in slack.posts(channel)[0]["text"], slack.posts(channel)
    settle()
    assert len(slack.posts(channel)) == 2
    answered = slack.control("seen")["received"]
    assert len(answered) >= 4 and all(entry["status"] == 200 for entry in answered), answered


def case_mention_in_thread():
    """Both copies of a mention, in both orders, under several event ids: one answer each, in the right thread."""
    slack = Slack()
    bot = Bot(slack)
    for number, order in enumerate([(mention, message), (message, mention)]):
        ts = f"170000000{number}.000100"
        for copy, make in enumerate([*order, *order]):
            assert bot.event(make(QUESTION, ts), f"Ev{number}{copy}")[0] == 200
        until("an answer in the thread", lambda: slack.posts("C000000001", ts))
    # A reply in a thread is answered there, never under itself (S16), and by what was said before.
    reply = mention("why?", "1700000005.000100", thread_ts="1700000000.000100")
    assert bot.event(reply, "Ev9")[0] == 200
    until("an answer in the old thread", lambda: len(slack.posts("C000000001", "1700000000.000100")) == 2)
    settle()
    assert len(slack.posts("C000000001", "1700000001.000100")) == 1
    assert slack.posts("C000000001", "1700000005.000100") == []
    assert bot.metric('whether_duplicates_total{adapter="slack"}') == 6


def case_not_for_us():
    """Edits, other bots, our own posts, people among themselves: 200, and not a word."""
    slack = Slack()
    bot = Bot(slack)
    silent = [
        {"type": "message", "channel": "C000000001", "channel_type": "channel", "user": "U1", "text": QUESTION, "ts": "1.1"},
        message(QUESTION, "1.2", subtype="message_changed"),
        mention(QUESTION, "1.3", edited={"user": "U1", "ts": "2.0"}),
        message(QUESTION, "1.4", bot_id="B9"),
        message(QUESTION, "1.5", user="UBOT"),
        message(QUESTION, "1.6", user="USLACKBOT"),
        {"type": "reaction_added", "user": "U1"},
    ]
    for number, event in enumerate(silent):
        assert bot.event(event, f"Ev{number}")[0] == 200, event
    settle()
    assert slack.calls("chat.postMessage") == []
    # The copy that was dropped has not used up the message (S11).
    assert bot.event(mention(QUESTION, "1.1"), "Ev50")[0] == 200
    until("an answer", lambda: slack.posts("C000000001", "1.1"))


def case_ambient():
    """listen = questions: what is overheard is answered only where it plainly asks."""
    slack = Slack()
    bot = Bot(slack, "listen = questions")
    plain = {"type": "message", "channel": "C000000001", "channel_type": "channel", "user": "U1"}
    assert bot.event({**plain, "text": "lunch anyone?", "ts": "1.1"}, "Ev1")[0] == 200
    assert bot.event({**plain, "text": QUESTION, "ts": "1.2"}, "Ev2")[0] == 200
    until("an answer", lambda: slack.posts("C000000001", "1.2"))
    settle()
    assert slack.posts("C000000001", "1.1") == []


def case_command():
    """Answered in the same request; the same request again is not."""
    slack = Slack()
    bot = Bot(slack)
    status, headers, text = bot.command(QUESTION, "1.2.a")
    answer = json.loads(text)
    assert status == 200 and headers["Content-Type"] == "application/json", (status, text)
    assert answer["response_type"] == "ephemeral" and "Node" in answer["text"] and answer["blocks"], answer
    assert bot.command(QUESTION, "1.2.a")[::2] == (200, "")
    assert json.loads(bot.command("", "1.2.b")[2])["text"]
    assert bot.post("/slack/commands", "ssl_check=1&token=x", "application/x-www-form-urlencoded")[::2] == (200, "")
    settle()
    assert slack.calls("chat.postMessage") == [] and bot.waiting() == 0


def case_challenge():
    slack = Slack()
    bot = Bot(slack)
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"})
    status, _, text = bot.post("/slack/events", body, "application/json")
    assert status == 200 and json.loads(text) == {"challenge": "3eZbrw1aB"}, text
    assert bot.post("/slack/events", body, "application/json", secret="wrong")[0] == 401


def case_buttons():
    slack = Slack()
    bot = Bot(slack)
    assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev1")[0] == 200
    post = until("an answer", lambda: slack.posts("C000000001", "1700000000.000100"))[0]
    place = {"channel": {"id": "C000000001"}, "message": {"ts": post["ts"], "thread_ts": post["thread_ts"]},
             "container": {"message_ts": post["ts"], "thread_ts": post["thread_ts"], "channel_id": "C000000001"},
             "response_url": f"{slack.url}/response/button"}
    actions = {button["text"]["text"]: button for button in post["blocks"][-1]["elements"]}
    assert list(actions) == ["Why?", "What would change it?", "Wrong"], actions
    for count, label in ((2, "Why?"), (3, "What would change it?")):
        assert bot.press(actions[label]["action_id"], f"t{count}", **place)[::2] == (200, "")
        until(label, lambda: len(slack.posts("C000000001", "1700000000.000100")) == count)
    assert bot.press(actions["Why?"]["action_id"], "t9", **place)[0] == 200   # twice is once
    wrong = actions["Wrong"]
    assert bot.press(wrong["action_id"], "t4", value=wrong["value"], **place)[0] == 200
    said = until("a word of thanks", lambda: slack.calls("response/button") or slack.calls("/response/button"))
    assert "Noted" in said[0]["body"] and said[0].get("authorization") is None, said
    settle()
    assert len(slack.posts("C000000001", "1700000000.000100")) == 3
    bot.stop()
    gaps = subprocess.run([*WHETHER, "gaps", "-c", bot.path], cwd=scratch, capture_output=True, text=True, timeout=60)
    assert gaps.returncode == 0 and "wrong" in gaps.stdout and "auction board" in gaps.stdout, gaps


# ---- deliveries ----

def case_rate_limited():
    """429: everything waits as long as Slack says, then every answer comes, once and in order."""
    slack = Slack()
    bot = Bot(slack)
    slack.control("fault", method="chat.postMessage", kind="status", status=429, headers={"Retry-After": "2"},
                  body='{"ok":false,"error":"ratelimited"}')
    began = time.monotonic()
    for number in range(3):
        assert bot.event(mention(QUESTION, f"170000000{number}.000100"), f"Ev{number}")[0] == 200
    for number in range(3):
        until("an answer", lambda: slack.posts("C000000001", f"170000000{number}.000100"))
    assert time.monotonic() - began > 1.9
    calls = slack.calls("chat.postMessage")
    # Those that were under way before the answer came may have been sent, none after it.
    first = min(entry["at"] for entry in calls)
    assert not [entry for entry in calls if first + 200 < entry["at"] < first + 1900], calls
    settle()
    for number in range(3):
        assert len(slack.posts("C000000001", f"170000000{number}.000100")) == 1


def case_answer_lost():
    """The message arrived, the answer that says so did not: found there, not sent again."""
    slack = Slack()
    bot = Bot(slack)
    slack.control("fault", method="chat.postMessage", kind="swallow")
    assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev1")[0] == 200
    until("it is settled", lambda: slack.calls("conversations.replies") and bot.waiting() == 0)
    settle()
    assert len(slack.posts("C000000001", "1700000000.000100")) == 1
    assert len(slack.calls("chat.postMessage")) == 1


def case_request_lost():
    """The message did not arrive: looked for, not found, sent."""
    slack = Slack()
    bot = Bot(slack)
    slack.control("fault", method="chat.postMessage", kind="drop")
    slack.control("fault", method="conversations.history", kind="status", status=503)
    channel = slack.direct("ann")
    event = {"type": "message", "channel": channel, "channel_type": "im", "user": "U1", "text": QUESTION, "ts": "1.1"}
    assert bot.event(event, "Ev1")[0] == 200
    until("an answer", lambda: slack.posts(channel))
    settle()
    assert len(slack.posts(channel)) == 1 and bot.waiting() == 0
    assert len(slack.calls("conversations.history")) >= 2


def case_refused():
    """ok: false is an error; what never can arrive is given up, loudly, and holds up nothing."""
    slack = Slack()
    bot = Bot(slack)
    slack.control("fault", method="chat.postMessage", kind="error", error="is_archived")
    assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev1")[0] == 200
    until("it is given up", lambda: bot.metric('whether_deliveries_given_up_total{adapter="slack"}') == 1)
    assert "is_archived" in (scratch / "whether.log").read_text()
    assert bot.event(mention("why?", "1700000002.000100", thread_ts="1700000000.000100"), "Ev2")[0] == 200
    until("the next answer", lambda: slack.posts("C000000001", "1700000000.000100"))


def case_not_in_channel():
    """S26: the answer to a button goes by its response_url."""
    slack = Slack()
    bot = Bot(slack)
    slack.control("fault", method="chat.postMessage", kind="error", error="not_in_channel")
    place = {"channel": {"id": "C000000009"}, "container": {"message_ts": "20.1", "channel_id": "C000000009"},
             "response_url": f"{slack.url}/response/outside"}
    assert bot.press("whether_why", "t1", **place)[0] == 200
    said = until("an answer", lambda: slack.calls("/response/outside"))
    assert json.loads(said[0]["body"])["replace_original"] is False
    # A response_url elsewhere is never called.
    slack.control("fault", method="chat.postMessage", kind="error", error="not_in_channel")
    place["container"]["message_ts"] = "20.2"
    assert bot.press("whether_why", "t2", **{**place, "response_url": "http://127.0.0.1:1/x"})[0] == 200
    until("it is given up", lambda: bot.metric('whether_deliveries_given_up_total{adapter="slack"}') == 1)


def case_killed():
    """kill -9 while Slack holds an answer back that it has taken: after the restart it is there once."""
    slack = Slack()
    bot = Bot(slack)
    slack.control("fault", method="chat.postMessage", kind="delay", ms=1500, after=True)
    assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev1")[0] == 200
    until("it is under way", lambda: slack.calls("chat.postMessage"))
    bot.kill()
    bot.start()
    until("it is settled", lambda: slack.calls("conversations.replies") and bot.waiting() == 0)
    assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev1")[0] == 200       # Slack tries again (S9)
    assert bot.event(mention("why?", "1700000002.000100", thread_ts="1700000000.000100"), "Ev2")[0] == 200
    until("the conversation goes on", lambda: len(slack.posts("C000000001", "1700000000.000100")) == 2)
    settle()
    assert len(slack.posts("C000000001", "1700000000.000100")) == 2


def case_slack_down():
    """Started while Slack cannot be reached: not ready, then ready, and what was asked meanwhile is answered."""
    slack = Slack()
    slack.control("fault", method="auth.test", kind="status", status=503, times=2)
    bot = Bot(slack, api="yes", config="")
    assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev1")[0] == 200
    until("an answer", lambda: slack.posts("C000000001", "1700000000.000100"))
    assert len(slack.calls("auth.test")) == 3


def case_webhook_only():
    """S27: without a bot token, by an incoming webhook."""
    slack = Slack()
    write_secret("webhook", f"{slack.url}/hook/{TEAM}/B000000001/X000000001")
    bot = Bot(slack, sections=f"""
[slack]
signing_secret_file = signing
webhook_file = webhook
api = {slack.url}/api
""")
    who = {"authorizations": [{"user_id": "UBOT", "is_bot": True}]}
    assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev1", envelope=who)[0] == 200
    until("an answer", lambda: [m for m in slack.api("ann", "conversations.history", channel="C000000001")["messages"]
                                if m.get("subtype") == "bot_message" and "Node" in m["text"]])
    assert slack.calls("auth.test") == [] and slack.calls("chat.postMessage") == []


def case_two_teams():
    """Two workspaces of one app share its request URL; each is answered with its own token."""
    slack = Slack()
    common = f"signing_secret_file = signing\napi = {slack.url}/api\npath = /slack\n"
    write_secret("hook", f"{slack.url}/hook/{TEAM}/B000000001/X000000001")
    bot = Bot(slack, sections=f"[slack one]\n{common}team = {TEAM}\nbot_token_file = token\n"
                              f"[slack two]\n{common}team = T2\nwebhook_file = hook\n")
    who = {"authorizations": [{"user_id": "UBOT", "is_bot": True}]}
    assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev1", envelope=who)[0] == 200
    until("an answer in the first", lambda: slack.posts("C000000001", "1700000000.000100"))
    assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev2", envelope={**who, "team_id": "T2"})[0] == 200
    until("an answer in the second", lambda: slack.calls(f"/hook/{TEAM}/B000000001/X000000001"))
    assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev3", envelope={**who, "team_id": "T3"})[0] == 200
    assert bot.rejected("other_team") == 1
    assert len(slack.calls("chat.postMessage")) == 1


# ---- attacks ----

def case_signatures():
    """What bolt accepts we accept, and nothing else; but for times in the future, where bolt is lax (S2)."""
    slack = Slack()
    bot = Bot(slack, secrets=(SECRET, OLD_SECRET))
    body = json.dumps({"type": "url_verification", "challenge": "x"})
    now = int(time.time())
    rows = [("good", SECRET, now, None, True), ("the old secret", OLD_SECRET, now, None, True),
            ("another secret", "f" * 32, now, None, False), ("four minutes ago", SECRET, now - 240, None, True),
            ("six minutes ago", SECRET, now - 360, None, False), ("in four minutes", SECRET, now + 240, None, True),
            ("unknown version", SECRET, now, lambda s: "v1" + s[2:], False),
            ("cut", SECRET, now, lambda s: s[:-1], False), ("longer", SECRET, now, lambda s: s + "0", False),
            ("flipped", SECRET, now, lambda s: s[:-1] + ("0" if s[-1] != "0" else "1"), False),
            ("empty", SECRET, now, lambda s: "v0=", False)]
    for name, secret, timestamp, change, expected in rows:
        signature = sign(secret, str(timestamp), body)
        signature = change(signature) if change else signature
        said = bot.post("/slack/events", body, "application/json", timestamp=str(timestamp), signature=signature)[0]
        assert (said == 200) is expected, (name, said)
        valid = [slack.control("oracle", secret=one, timestamp=str(timestamp), signature=signature, body=body)["valid"]
                 for one in (SECRET, OLD_SECRET)]
        assert any(valid) is expected, (name, valid)
    late = str(now + 360)
    assert bot.post("/slack/events", body, "application/json", timestamp=late)[0] == 401
    assert slack.control("oracle", secret=SECRET, timestamp=late, signature=sign(SECRET, late, body), body=body)["valid"]
    for headers in ({}, {"X-Slack-Signature": sign(SECRET, str(now), body)}, {"X-Slack-Request-Timestamp": str(now)}):
        assert call(f"{bot.url}/slack/events", "POST", body, {"Content-Type": "application/json", **headers})[0] == 401
    assert bot.rejected("signature_stale") == 2 and bot.rejected("signature_missing") == 3
    assert bot.rejected("signature_wrong") == 2 and bot.rejected("signature_malformed") == 4


def case_replay():
    """A recorded request sent again within its five minutes says nothing twice."""
    slack = Slack()
    bot = Bot(slack)
    timestamp = str(int(time.time()))
    for _ in range(3):
        assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev1", timestamp=timestamp,
                         headers={"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"})[0] == 200
    until("an answer", lambda: slack.posts("C000000001", "1700000000.000100"))
    settle()
    assert len(slack.calls("chat.postMessage")) == 1


def case_bad_bodies():
    """Signed, and yet nothing that Slack would send."""
    slack = Slack()
    bot = Bot(slack)
    good = json.dumps({"type": "event_callback", "team_id": TEAM, "event_id": "Ev1", "event": mention(QUESTION, "1.1")})
    form, plain = "application/x-www-form-urlencoded", "application/json"
    rows = [
        ("/slack/events", b"", plain, 400), ("/slack/events", b"\x00", plain, 400),
        ("/slack/events", good[:-1].encode(), plain, 400), ("/slack/events", good.encode() + b"\x00", plain, 400),
        ("/slack/events", good.replace(QUESTION, "a\\u0000b").encode(), plain, 400),
        ("/slack/events", good.replace(QUESTION, "a").encode().replace(b"a\"", b"\xff\""), plain, 400),
        ("/slack/events", b'{"type":"event_callback","type":"event_callback"}', plain, 400),
        ("/slack/events", b'{"a":' + b"[" * 100000, plain, 400),
        ("/slack/events", b'{"a":' * 50000, plain, 400),
        ("/slack/events", b'{"type":7,"event":[]}', plain, 400),
        ("/slack/events", b'{"type":"event_callback","team_id":"T1","event":{"type":"app_mention","user":{}}}', plain, 200),
        ("/slack/events", good.encode(), "text/plain", 415), ("/slack/events", good.encode(), form, 415),
        ("/slack/commands", b"text=%00", form, 400), ("/slack/commands", b"text=a&text=b", form, 400),
        ("/slack/commands", b"text=%zz", form, 400), ("/slack/commands", b"a=" + b"x" * 500000, form, 400),
        ("/slack/actions", b"payload=%7B", form, 400), ("/slack/actions", b"payload=7", form, 400),
        ("/slack/actions", b"", form, 400),
        ("/slack/events", b"x" * (1024 * 1024 + 1), plain, 413),
    ]
    for path, body, content, expected in rows:
        status, _, text = bot.post(path, body, content)
        assert status == expected, (path, body[:60], status, text)
        assert status == 200 or (list(json.loads(text)) == ["error"] and text.count("\n") == 1), text
    assert call(f"{bot.url}/slack/events")[0] == 405 and call(f"{bot.url}/nothing")[0] == 404
    settle()
    assert slack.calls("chat.postMessage") == []
    assert bot.rejected("malformed") > 10 and bot.rejected("body_size") == 1 and bot.rejected("content_type") == 2


def case_ping_everybody():
    """<!channel> in a question does not come back as one; nor do links and mentions."""
    slack = Slack()
    bot = Bot(slack)
    text = "<!channel> <!here> Node or Django, <@U123> asks, for <https://evil.example|a shop> with lots of live bids?"
    assert bot.event(mention(text, "1700000000.000100"), "Ev1")[0] == 200
    until("an answer", lambda: slack.posts("C000000001", "1700000000.000100"))
    for raw in (slack.calls("chat.postMessage")[0]["body"], bot.command("&lt;!channel&gt; rails or phoenix?", "t1")[2]):
        post = json.loads(raw)
        shown = [post["text"]] + [b["text"]["text"] for b in post["blocks"] if "text" in b]
        assert all("<!" not in part and "<@" not in part and "evil" not in part for part in shown), shown


def still_there(one):
    """Whether nobody has told it anything, or ended it."""
    return not select.select([one], [], [], 0)[0]


def case_slow_and_idle():
    """1,000 idle connections and a slow loris: Slack is answered while they are there, not when they have been sent away."""
    slack = Slack()
    bot = Bot(slack)
    crowd = []
    for number in range(1000):
        one = socket.create_connection(("127.0.0.1", bot.port))
        if number % 10 == 0:
            one.sendall(b"POST /slack/events HTTP/1.1\r\nX-Slow: ")
        crowd.append(one)
    served = 0
    for number in range(20):
        assert bot.command(QUESTION, f"t{number}")[0] == 200
        served += still_there(crowd[-1])
    assert served > 0, "all commands were answered after the crowd had gone"
    # The slow one is told so and goes, however busily it goes on; the idle ones go, too.
    with contextlib.suppress(OSError):
        crowd[0].sendall(b"x")
    for one in crowd[:2]:
        one.settimeout(PATIENCE_S)
        assert one.recv(100).startswith(b"HTTP/1.1 408")
    until("they are counted", lambda: bot.rejected("slow_client") >= 1000)
    for one in crowd:
        one.close()


def case_pipelining():
    """Ten signed commands in one packet: ten answers, in order, each checked by itself."""
    slack = Slack()
    bot = Bot(slack)
    packet = b""
    for number in range(10):
        body = urllib.parse.urlencode({"team_id": TEAM, "channel_id": "C1", "user_id": "U1", "text": QUESTION,
                                       "trigger_id": f"t{number}"}).encode()
        timestamp = str(int(time.time()))
        signature = sign(SECRET if number != 4 else "wrong", timestamp, body)
        packet += (f"POST /slack/commands HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                   f"X-Slack-Request-Timestamp: {timestamp}\r\nX-Slack-Signature: {signature}\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    with socket.create_connection(("127.0.0.1", bot.port), PATIENCE_S) as one:
        one.sendall(packet)
        stream = one.makefile("rb")
        statuses = []
        for _ in range(10):
            answer = http.client.HTTPResponse(one)
            answer.fp = stream
            answer.begin()
            statuses.append(answer.status)
            answer.fp, body = None, stream.read(int(answer.headers["Content-Length"]))
    assert statuses == [200] * 4 + [401] + [200] * 5, statuses
    assert bot.metric('whether_http_pipelined_total{handled="in order"}') == 9


# ---- for programs and watchers ----

def case_api():
    slack = Slack()
    bot = Bot(slack)

    def ask(**fields):
        status, _, text = call(f"{bot.url}/api/ask", "POST", json.dumps(fields), {"Content-Type": "application/json"})
        assert status == 200 and text.endswith("}\n"), (status, text)
        return json.loads(text)

    answer = ask(text=QUESTION, id="q1")
    assert answer["id"] == "q1" and answer["verdict"] == "node" and answer["reasons"] and answer["text"], answer
    assert ask(text="why?")["verdict"] is None                     # a question on its own
    assert ask(text=QUESTION, conversation="c")["verdict"] == "node"
    why = ask(text="why?", conversation="c")
    assert why["kind"] == "facts" and "Node" in why["text"], why
    assert ask(text="which one?", pack="rest-or-graphql", conversation="d")["decision"] == "rest-or-graphql"
    assert call(f"{bot.url}/api/ask", "POST", "{}", {"Content-Type": "application/json"})[0] == 400
    assert call(f"{bot.url}/api/ask", "POST", json.dumps({"text": "x"}),
                {"Content-Type": "application/json", "Host": "evil.example"})[0] == 403


def case_watchers():
    slack = Slack()
    bot = Bot(slack)
    assert call(f"{bot.url}/healthz")[0] == 200
    status, view = bot.ready()
    assert status == 200 and {one["name"]: one["state"] for one in view["adapters"]} == {"api": "ready", "slack": "ready"}
    bot.command(QUESTION, "t1")
    _, headers, text = call(f"{bot.url}/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'whether_questions_total{kind="verdict"} 1' in text and "whether_answer_seconds_count 1" in text, text
    slack.control("fault", method="chat.postMessage", kind="error", error="token_revoked")
    assert bot.event(mention(QUESTION, "1700000000.000100"), "Ev1")[0] == 200
    until("it says that the token is gone", lambda: bot.ready()[0] == 503)
    assert "token_revoked" in json.dumps(bot.ready()[1]) and bot.waiting() == 1
    secrets = (SECRET, "xoxb-bot")
    assert not [one for one in secrets if one in (scratch / "whether.log").read_text()]


@contextlib.contextmanager
def around():
    """A folder of its own; what the case has started ends with it."""
    global scratch
    with tempfile.TemporaryDirectory(prefix="whether-slack-") as folder:
        scratch = pathlib.Path(folder)
        try:
            yield
        except Exception as problem:
            problem.add_note(log_end())
            raise
        finally:
            end_all(started)


def main():
    if not (MODULES / "installed.json").exists():
        print("1..1\nBail out! script/npm has not been run")
        return 1
    return tap.run(globals(), sys.argv[2:], around)


if __name__ == "__main__":
    sys.exit(main())
