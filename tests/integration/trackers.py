#!/usr/bin/env python3
"""`whether run` at trackers: npm `emulate` as GitHub and Linear behind trackers.mjs, which makes trouble when told to;
strict fakes (fake_trackers.py) for those that have no server in reach.

usage: trackers.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases; WHETHER_WRAPPER goes before WHETHER
"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

from daemon import PATIENCE_S, ROOT, Daemon, wait_until
from fake_trackers import FakeTracker

WHETHER = shlex.split(os.environ.get("WHETHER_WRAPPER", "")) + [os.path.abspath(sys.argv[1])]
MODULES = ROOT / "build/npm"
SECRET = "It's a Secret to Everybody"
QUESTION = "Node or Django for a live auction board with thousands of bids a second?"
SETTLE_S = 0.7      # for what must not happen

scratch = None      # a folder of the running case
started = []        # processes of the running case


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(url, method="GET", body=None, headers=None):
    """Status and text of an answer."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE_S)
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class World:
    """GitHub and Linear."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["node", ROOT / "tests/integration/trackers.mjs", MODULES, str(free_port()), str(free_port())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(scratch / "trackers.err", "wb"))
        started.append(self.process)
        line = self.process.stdout.readline()
        assert line, (scratch / "trackers.err").read_text()
        self.__dict__ |= json.loads(line)

    def control(self, name, **body):
        status, text = call(f"{self.url}/control/{name}", "POST", json.dumps(body))
        assert status == 200, text
        return json.loads(text)

    def posts(self, service="github"):
        """The comments that the bot sent, whatever became of them."""
        return [one for one in self.control("seen")["seen"]
                if one["service"] == service and one["method"] == "POST" and ("comments" in one["path"] or "commentCreate" in one["body"])]

    # GitHub as people use it
    def hub(self, who, method, path, **body):
        status, text = call(self.github + path, method, json.dumps(body) if body else None,
                            {"Authorization": f"Bearer token-{who}", "Content-Type": "application/json"})
        assert status < 300, (status, text)
        return json.loads(text) if text else None

    def hook(self, daemon, secret=SECRET):
        self.hub("acme", "POST", "/repos/acme/shop/hooks", name="web", events=["*"], active=True,
                 config={"url": f"http://127.0.0.1:{daemon.port}/hooks/github", "content_type": "json", "secret": secret})

    def open(self, title, body, who="ann", **more):
        return self.hub(who, "POST", "/repos/acme/shop/issues", title=title, body=body, **more)

    def say(self, issue, body, who="ann"):
        return self.hub(who, "POST", f"/repos/acme/shop/issues/{issue['number']}/comments", body=body)

    def comments(self, issue):
        """The bot's."""
        found = self.hub("ann", "GET", f"/repos/acme/shop/issues/{issue['number']}/comments?per_page=100")
        return [one["body"] for one in found if one["user"]["login"] == "whether-bot"]

    # Linear
    def graphql(self, who, query, **variables):
        status, text = call(self.linear + "/graphql", "POST", json.dumps({"query": query, "variables": variables}),
                            {"Authorization": f"Bearer lin_{who}", "Content-Type": "application/json"})
        answer = json.loads(text)
        assert status == 200 and "errors" not in answer, text
        return answer["data"]


def write_secret(name, text):
    path = scratch / name
    path.write_text(text + "\n")
    path.chmod(0o600)


def run(sections, secret=SECRET, bot="", env=None):
    """A daemon with these sections; every `secret_file = secret`, `token_file = token`."""
    write_secret("secret", secret)
    daemon = Daemon(WHETHER, scratch, f"[bot]\n{bot}[http]\nlisten = 127.0.0.1:0\n[log]\nlevel = debug\n{sections}", env=env)
    daemon.start()
    started.append(daemon.process)
    return daemon


def github(world, more="", token="token-whether-bot", **rest):
    write_secret("token", token)
    daemon = run(f"[github]\nsecret_file = secret\ntoken_file = token\napi = {world.url}/github\n{more}", **rest)
    daemon.wait_for("tracker.ready")
    return daemon


def hmac_hex(body, secret=SECRET):
    return hmac.new(secret.encode(), body if isinstance(body, bytes) else body.encode(), hashlib.sha256).hexdigest()


def deliver(daemon, body, event="issue_comment", delivery="d1", path="/hooks/github", secret=SECRET, **headers):
    """A delivery as GitHub makes it; headers None are left out."""
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    given = {"Content-Type": "application/json", "X-GitHub-Event": event, "X-GitHub-Delivery": delivery,
             "X-Hub-Signature-256": "sha256=" + hmac_hex(text, secret)} | {k.replace("_", "-"): v for k, v in headers.items()}
    return daemon.request("POST", path, text, {k: v for k, v in given.items() if v is not None})


def comment(text, number=1, ident=1, login="ann", action="created", **more):
    """issue_comment as GitHub sends it, cut to what anybody reads."""
    user = {"login": login, "type": "User"}
    return {"action": action, "issue": {"number": number, "id": 9, "title": "t", "body": None, "user": user, "labels": []},
            "comment": {"id": ident, "body": text, "user": user, "updated_at": "2026-01-01T00:00:00Z"},
            "repository": {"full_name": "acme/shop"}, "sender": user} | more


def settle():
    time.sleep(SETTLE_S)


def rejected(daemon, reason):
    return daemon.metric(f'whether_rejected_total{{reason="{reason}"}}')


# ---- GitHub ----------------------------------------------------------------------------------------


def case_github_issue():
    """An issue that asks is answered once, in the form that was promised; the bot's own comment starts nothing."""
    world = World()
    daemon = github(world, "listen = questions\n")
    world.hook(daemon)
    issue = world.open("Spike: choose the backend", QUESTION + "\n\nThe admin panel is out of scope.")
    text = wait_until(lambda: world.comments(issue), "an answer")[0]
    assert text.startswith("**Node.js"), text
    assert "| Speaks for | What you said | Because | Section |\n| --- | --- | --- | --- |\n| Node.js |" in text, text
    assert "What would change it:" in text and "<details>\n<summary>How this was read</summary>" in text, text
    assert "Source: " in text and "<!-- whether:" in text, text
    plain = world.open("Buttons are grey", "They should be blue.")
    settle()
    assert len(world.comments(issue)) == 1 and world.comments(plain) == []
    assert daemon.metric('whether_rejected_total{reason="signature_wrong"}') == 0
    daemon.stop()


def case_github_conversation():
    """Follow-ups are heard, and answered only when the verdict changes or the bot is asked."""
    world = World()
    daemon = github(world)
    world.hook(daemon)
    issue = world.open("Backend", "Which one?")
    world.say(issue, "I'd wait for the designers. Node or Django, who knows.", "bob")
    settle()
    assert world.comments(issue) == []
    world.say(issue, f"@whether-bot {QUESTION}")
    wait_until(lambda: world.comments(issue), "an answer to a mention")
    world.say(issue, "Nice. The bids come in over websockets, by the way.", "bob")
    world.say(issue, "thanks!", "bob")
    settle()
    assert len(world.comments(issue)) == 1, world.comments(issue)
    world.say(issue, "There are no live bids any more. It is an internal business app full of CRUD forms with an admin panel.", "bob")
    text = wait_until(lambda: world.comments(issue)[1:], "an answer to what changes it")[0]
    assert "Django" in text.splitlines()[0], text
    world.say(issue, "@whether-bot why?")
    wait_until(lambda: len(world.comments(issue)) == 3, "an answer to who asks")
    # Edits: the same words say nothing new, others are a follow-up.
    daemon.stop()


def case_github_edit_and_delete():
    world = World()
    daemon = github(world)
    world.hook(daemon)
    issue = world.open("Backend", "Hm.")
    said = world.say(issue, f"@whether-bot {QUESTION}")
    wait_until(lambda: world.comments(issue), "an answer")
    path = f"/repos/acme/shop/issues/comments/{said['id']}"
    world.hub("ann", "PATCH", path, body=f"@whether-bot {QUESTION} (typo fixed)")
    settle()
    assert len(world.comments(issue)) == 1, "an edit that changes nothing"
    world.hub("ann", "PATCH", path, body="@whether-bot Node or Django for an internal CRUD business app with an admin panel? Nothing is live in it.")
    wait_until(lambda: len(world.comments(issue)) == 2, "an answer to other words")
    own = [one for one in world.hub("ann", "GET", f"/repos/acme/shop/issues/{issue['number']}/comments")
           if one["user"]["login"] == "whether-bot"][0]
    # Somebody edits the bot's own comment; somebody deletes the question.
    world.hub("acme", "PATCH", f"/repos/acme/shop/issues/comments/{own['id']}", body="@whether-bot Node or Django?")
    world.hub("ann", "DELETE", path)
    settle()
    assert len([one for one in world.posts()]) == 2
    daemon.stop()


def case_github_redelivery():
    """The same delivery again (G3), and the same comment under another delivery: one answer."""
    world = World()
    daemon = github(world)
    issue = world.open("Backend", "Hm.")
    body = comment(f"@whether-bot {QUESTION}", issue["number"], 77)
    for delivery in ["d1", "d1", "d2"]:
        assert deliver(daemon, body, delivery=delivery)[0] == 200
    wait_until(lambda: world.comments(issue), "an answer")
    settle()
    assert len(world.comments(issue)) == 1
    assert daemon.metric('whether_duplicates_total{adapter="github"}') == 2
    daemon.stop()


def case_github_kill_between_posting_and_recording():
    """The comment is there, the answer to our request is not, and the process is killed: the next one finds it."""
    world = World()
    daemon = github(world)
    issue = world.open("Backend", "Hm.")
    world.control("fault", path="/comments", kind="hold")
    assert deliver(daemon, comment(f"@whether-bot {QUESTION}", issue["number"]))[0] == 200
    wait_until(lambda: world.comments(issue), "the comment")
    daemon.kill()
    world.control("free")
    daemon.start()
    started.append(daemon.process)
    wait_until(lambda: daemon.metric('whether_deliveries_total{adapter="github"}') == 1, "the delivery to be known as done")
    assert len(world.comments(issue)) == 1 and len(world.posts()) == 1
    looks = [one for one in world.control("seen")["seen"] if one["method"] == "GET" and "/comments?" in one["path"]]
    assert looks and "since=20" in looks[0]["path"], looks
    daemon.stop()


def case_github_trouble():
    """Lost answers, rate limits, gateways: one comment each, later; what is refused is told once."""
    world = World()
    daemon = github(world)
    for number, fault in enumerate([{"kind": "swallow"}, {"kind": "drop"}, {"kind": "status", "status": 502},
                                    {"kind": "status", "status": 403, "headers": {"Retry-After": "1"}},
                                    {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}}]):
        issue = world.open("Backend", "Hm.")
        world.control("fault", path=f"/issues/{issue['number']}/comments", **fault)
        assert deliver(daemon, comment(f"@whether-bot {QUESTION}", issue["number"], number, login=f"p{number}"), delivery=f"d{number}")[0] == 200
        wait_until(lambda: daemon.metric('whether_deliveries_total{adapter="github"}') == number + 1, f"delivery after {fault}")
        assert len(world.comments(issue)) == 1, fault
    # An issue that is gone.
    assert deliver(daemon, comment(f"@whether-bot {QUESTION}", 4711, 99, login="p9"), delivery="d9")[0] == 200
    daemon.wait_for("outbox.refused")
    daemon.stop()


def case_github_bad_token():
    """Nobody is answered, /readyz says why, deliveries are to be sent again, and no secret is in the log."""
    world = World()
    write_secret("token", "wrong-token")
    world.control("fault", path="/user", method="GET", kind="status", status=401, times=9)
    daemon = run(f"[github]\nsecret_file = secret\ntoken_file = token\napi = {world.url}/github\n")
    daemon.wait_for("tracker.trouble")
    assert deliver(daemon, comment(f"@whether-bot {QUESTION}"))[0] == 503
    status, text = daemon.request("GET", "/readyz")
    assert status == 503 and "does not take the token" in text, text
    assert not [line for line in daemon.lines if "wrong-token" in line or SECRET in line]
    daemon.stop()


def case_github_labels():
    """The label asks, the other label records; a ticket that is opened with it comes twice and is answered once."""
    world = World()
    daemon = github(world)
    world.hook(daemon)
    issue = world.open("Live auction board", "Thousands of bids a second, the frontend is React.", labels=["stack-decision"])
    wait_until(lambda: world.comments(issue), "an answer")
    user = {"login": "ann", "type": "User"}
    body = {"action": "labeled", "label": {"name": "stack-decision"}, "repository": {"full_name": "acme/shop"}, "sender": user,
            "issue": issue}
    assert deliver(daemon, body, "issues", "d1")[0] == 200
    assert deliver(daemon, body | {"label": {"name": "bug"}}, "issues", "d2")[0] == 200
    settle()
    assert len(world.comments(issue)) == 1
    assert deliver(daemon, body | {"label": {"name": "decision-record"}}, "issues", "d3")[0] == 200
    text = wait_until(lambda: world.comments(issue)[1:], "a record")[0]
    for part in ["# Node", "## Context and Problem Statement", "## Considered Options", "## Decision Outcome",
                 "Chosen option: Node.js", "## Consequences", "- Good for Node.js", "Source: "]:
        assert part in text, (part, text)
    daemon.stop()


def case_github_not_the_speakers():
    """What is quoted, code, commented out or of a template is nobody's fact; mentions in it are none."""
    world = World()
    daemon = github(world)
    issue = world.open("Backend", "Hm.")
    for number, text in enumerate(["> @whether-bot Node or Django?\n\nI agree.", "```\n@whether-bot Node or Django?\n```",
                                   "<!-- @whether-bot Node or Django? -->", "`@whether-bot` is a bot", "mail me: ann@whether-bot.org",
                                   "ok\n-- \n@whether-bot Node or Django?", "@whether-bots Node or Django?"]):
        assert deliver(daemon, comment(text, issue["number"], number), delivery=f"q{number}")[0] == 200
    settle()
    assert world.comments(issue) == [], world.comments(issue)
    text = f"""@whether-bot Node or Django?
> we will build it with Django's admin in Python, all CRUD
<!-- Please describe the machine learning in your project -->
```python
import django, pandas, sklearn
```
Thousands of live bids a second over websockets.
- [x] I have searched for similar data-heavy machine learning issues
On Mon, 3 Mar 2025, Bob wrote:
the team writes Python only, a CMS
"""
    assert deliver(daemon, comment(text, issue["number"], 50), delivery="d50")[0] == 200
    answer = wait_until(lambda: world.comments(issue), "an answer")[0]
    assert answer.startswith("**Node.js, clearly.**"), answer
    assert "Python" not in answer.partition("<details>")[2].partition("</details>")[0], answer
    daemon.stop()


def case_github_bad_senders():
    """Every way to sign badly is told apart; other events, forms and broken bodies get the status that fits."""
    world = World()
    daemon = github(world)
    good = json.dumps(comment(f"@whether-bot {QUESTION}"))
    right = "sha256=" + hmac_hex(good)
    assert world.control("sign", scheme="octokit", secret=SECRET, body=good)["signature"] == right
    for reason, value in [("missing", None), ("missing", ""), ("malformed", "sha256="), ("malformed", right[:-1]), ("malformed", right.upper()),
                          ("malformed", right.replace("256", "1")), ("wrong", "sha256=" + hmac_hex(good + " ")),
                          ("wrong", "sha256=" + hmac_hex(good, "x"))]:
        before = rejected(daemon, f"signature_{reason}")
        status, said = deliver(daemon, good, X_Hub_Signature_256=value)
        assert status == 401 and "error" in json.loads(said), (value, status)
        assert rejected(daemon, f"signature_{reason}") == before + 1, (reason, value)
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE_S)
    connection.putrequest("POST", "/hooks/github")
    for name, value in [("X-Hub-Signature-256", right), ("X-Hub-Signature-256", right), ("Content-Length", str(len(good)))]:
        connection.putheader(name, value)
    connection.endheaders(good.encode())
    assert connection.getresponse().status == 401 and rejected(daemon, "signature_repeated") == 1
    connection.close()
    assert deliver(daemon, good, X_Hub_Signature_256="sha256=" + hmac_hex(good).upper(), delivery="u1")[0] == 200
    assert daemon.request("GET", "/hooks/github")[0] == 405
    assert daemon.request("POST", "/hooks/gitlab", "{}")[0] == 404
    for number, (body, event, status) in enumerate([
            ('{"zen": "Keep it logically awesome."}', "ping", 200), ('{"ref": "refs/heads/main"}', "push", 200),
            ("{", "issues", 400), ("[]", "issues", 400), ('{"action": "opened"}', "issues", 400), ("[" * 100, "issues", 400),
            (json.dumps(comment(None, login="x")), "issue_comment", 200),
            (json.dumps(comment("@whether-bot hi") | {"sender": None, "comment": {"id": 5, "body": "hm", "user": None}}), "issue_comment", 200),
            (json.dumps(comment("@whether-bot hi", repository={"full_name": "../../admin"})), "issue_comment", 400),
            (json.dumps(comment("@whether-bot hi", repository={"full_name": "a/b?x=1"})), "issue_comment", 400)]):
        got, said = deliver(daemon, body, event, f"b{number}")
        assert got == status, (body, got, said)
    assert deliver(daemon, "x" * (1 << 20) + "y")[0] == 413
    # A form is as good as JSON (G2): the signature is over the form.
    issue = world.open("Backend", "Hm.")
    form = urllib.parse.urlencode({"payload": json.dumps(comment(f"@whether-bot {QUESTION}", issue["number"], 500, "carl"))})
    assert deliver(daemon, form, delivery="f1", Content_Type="application/x-www-form-urlencoded")[0] == 200
    wait_until(lambda: world.comments(issue), "an answer to a form")
    daemon.stop()


def case_github_two_secrets_and_bots():
    """Two secrets while one is being changed; other bots are not answered; nor is who looks like us."""
    world = World()
    daemon = github(world, secret=f"new one\n{SECRET}")
    issue = world.open("Backend", "Hm.")
    text = f"@whether-bot {QUESTION}"
    for number, secret in enumerate([SECRET, "new one"]):
        assert deliver(daemon, comment(text, issue["number"], number, f"p{number}"), delivery=f"s{number}", secret=secret)[0] == 200
    wait_until(lambda: len(world.comments(issue)) == 2, "two answers")
    bot = {"login": "renovate[bot]", "type": "Bot"}
    for number, more in enumerate([{"sender": bot}, {"sender": {"login": "whether-bot", "type": "User"}}]):
        assert deliver(daemon, comment(text, issue["number"], 10 + number, **more), delivery=f"b{number}")[0] == 200
    assert deliver(daemon, comment(text + " <!-- whether:1.2 -->", issue["number"], 20), delivery="b9")[0] == 200
    settle()
    assert len(world.comments(issue)) == 2
    daemon.stop()


def case_long_thread():
    """A thread of many comments: each is heard, none is answered, and the one that asks is."""
    world = World()
    daemon = github(world)
    issue = world.open("Backend", "Hm.")
    for number in range(10000):
        status, _ = keep(daemon, comment(f"comment {number}", issue["number"], 1000 + number, f"p{number % 50}"), f"L{number}")
        assert status == 200
    keep.connection.close()
    assert deliver(daemon, comment(f"@whether-bot {QUESTION}", issue["number"], 5))[0] == 200
    wait_until(lambda: world.comments(issue), "an answer")
    assert len(world.comments(issue)) == 1
    daemon.stop()


def keep(daemon, body, delivery):
    """deliver() on one connection."""
    if getattr(keep, "port", None) != daemon.port:
        keep.connection, keep.port = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE_S), daemon.port
    text = json.dumps(body)
    keep.connection.request("POST", "/hooks/github", text, {
        "Content-Type": "application/json", "X-GitHub-Event": "issue_comment", "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": "sha256=" + hmac_hex(text)})
    answer = keep.connection.getresponse()
    return answer.status, answer.read()


CASES = {name.removeprefix("case_"): value for name, value in globals().items() if name.startswith("case_")}


def clean_up():
    while started:
        process = started.pop()
        if process.stdin:
            process.stdin.close()
        if process.poll() is None:
            process.kill()
        process.wait()


def main():
    global scratch
    names = sys.argv[2:] or list(CASES)
    print(f"1..{len(names)}", flush=True)
    if not (MODULES / "installed.json").exists():
        print("Bail out! script/npm has not been run")
        return 1
    failed = 0
    for number, name in enumerate(names, 1):
        with tempfile.TemporaryDirectory(prefix="whether-trackers-") as folder:
            scratch = pathlib.Path(folder)
            try:
                CASES[name]()
                print(f"ok {number} - {name}", flush=True)
            except Exception:
                failed += 1
                text = traceback.format_exc()
                print(f"not ok {number} - {name}\n" + "".join(f"# {line}\n" for line in text.splitlines()), flush=True)
            finally:
                clean_up()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
