#!/usr/bin/env python3
"""`whether run` at trackers: npm `emulate` as GitHub and Linear behind trackers.mjs, which makes trouble when told to;
strict fakes (fake_trackers.py) for those that have no server in reach.

usage: trackers.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases; WHETHER_WRAPPER goes before WHETHER
"""
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from daemon import PATIENCE_S, ROOT, Daemon, end_all, wait_until  # noqa: E402
from fake_trackers import FakeGitea, FakeGitlab, FakeJira, FakeReceiver, adf_text  # noqa: E402

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


def case_github_away():
    """/readyz says why to the end of the sentence."""
    write_secret("token", "any-token")
    daemon = run(f"[github]\nsecret_file = secret\ntoken_file = token\napi = http://127.0.0.1:{free_port()}\n")
    status = daemon.wait_for("tracker.trouble")["status"]
    assert re.search(r"Failed to connect to .*: Couldn't connect to server$", status), status
    assert json.dumps(status) in daemon.request("GET", "/readyz")[1]
    daemon.stop()


def case_github_labels():
    """The label asks, the other label records; a ticket that is opened with it comes twice and is answered once."""
    world = World()
    daemon = github(world, bot="records = records\n")
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
                 "Chosen option: Node.js", "### Consequences", "- Good for Node.js", "Source: "]:
        assert part in text, (part, text)
    files = list((scratch / "records").iterdir())
    assert len(files) == 1 and files[0].name.startswith("node-or-django-"), files
    kept = files[0].read_text()
    assert kept.startswith("---\nstatus: proposed\ndate: 20") and kept.rstrip().endswith(text.partition("\n\n<!--")[0][-40:]), kept
    # Again, by the word, after what was said since: the same file.
    world.say(issue, "It is an internal business app full of CRUD forms with an admin panel. No live bids, and no React.")
    wait_until(lambda: world.comments(issue)[2:], "another verdict")
    world.say(issue, "@whether-bot record this, please")
    wait_until(lambda: world.comments(issue)[3:], "another record")
    assert list((scratch / "records").iterdir()) == files and "Chosen option: Django" in files[0].read_text()
    daemon.stop()


def pull(number, text, action="opened", **more):
    """pull_request as GitHub and Gitea send it, cut likewise."""
    user = {"login": "ann", "type": "User"}
    return {"action": action, "number": number, "repository": {"full_name": "acme/shop"}, "sender": user,
            "pull_request": {"id": 9, "number": number, "title": "Backend", "body": text, "user": user, "labels": [],
                             "updated_at": "2026-01-01T00:00:00Z"}} | more


def case_github_pull_requests():
    """A pull request asks as an issue does; comments on its lines and reviews belong to the same conversation, whatever their ids."""
    world = World()
    daemon = github(world, "listen = questions\n")
    issues = [world.open("Backend", "Hm.") for _ in range(4)]
    first, second, third, fourth = [one["number"] for one in issues]
    assert deliver(daemon, pull(first, QUESTION), "pull_request", "d1")[0] == 200
    text = wait_until(lambda: world.comments(issues[0]), "an answer to a pull request that asks")[0]
    assert text.startswith("**Node.js"), text
    # Its id is also that of another pull request, of an issue and of comments: numbers of other tables.
    assert deliver(daemon, pull(second, f"@whether-bot {QUESTION}"), "pull_request", "d2")[0] == 200
    wait_until(lambda: world.comments(issues[1]), "an answer to one that mentions")
    user = {"login": "bob", "type": "User"}
    for number, (event, action, thing) in enumerate([("pull_request_review_comment", "created", "comment"), ("pull_request_review", "submitted", "review")]):
        said = {"id": 9, "body": ["@whether-bot why?", "@whether-bot what would change it?"][number], "user": user}
        assert deliver(daemon, pull(second, "", action, sender=user) | {thing: said}, event, f"e{number}")[0] == 200
        wait_until(lambda: len(world.comments(issues[1])) == 2 + number, f"an answer to a {event}")
    assert "real-time" in world.comments(issues[1])[1], world.comments(issues[1])
    # A review without words, commits pushed, one that asks nothing; the label.
    assert deliver(daemon, pull(first, "", "submitted", sender=user) | {"review": {"id": 10, "body": None, "user": user}}, "pull_request_review", "f1")[0] == 200
    assert deliver(daemon, pull(third, f"@whether-bot {QUESTION}", "synchronize"), "pull_request", "f2")[0] == 200
    assert deliver(daemon, pull(third, "Makes the buttons blue."), "pull_request", "f3")[0] == 200
    labelled = pull(fourth, "live bids over websockets", "labeled", label={"name": "stack-decision"})
    assert deliver(daemon, labelled, "pull_request", "f4")[0] == 200
    wait_until(lambda: world.comments(issues[3]), "an answer to the label")
    settle()
    assert [len(world.comments(one)) for one in issues] == [1, 3, 0, 1]
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
    assert len(world.comments(issue)) == 1, (world.comments(issue), daemon.lines[-20:])
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


# ---- GitLab: fake, payloads of docs.gitlab.com/user/project/integrations/webhook_events --------------


def gitlab_note(text, ident=1, iid=5, noteable="Issue", user="ann", **attributes):
    body = {"object_kind": "note", "event_type": "note", "user": {"id": 1, "name": "Ann", "username": user, "email": "[REDACTED]"},
            "project_id": 5, "project": {"id": 5, "name": "Shop", "path_with_namespace": "acme/shop"},
            "object_attributes": {"id": ident, "note": text, "noteable_type": noteable, "author_id": 1, "system": False,
                                  "created_at": "2026-01-01 00:00:00 UTC", "updated_at": "2026-01-01 00:00:00 UTC", "project_id": 5,
                                  "action": "create", "url": "https://gitlab.example/x"} | attributes}
    return body | ({"issue": {"id": 92, "iid": iid, "title": "Backend"}} if noteable == "Issue" else
                   {"merge_request": {"id": 93, "iid": iid, "title": "Backend"}})


def gitlab_issue(title, text, action="open", iid=6, labels=(), changes=None, user="carl"):
    return {"object_kind": "issue", "event_type": "issue", "user": {"id": 1, "username": user}, "project": {"id": 5},
            "object_attributes": {"id": 300 + iid, "iid": iid, "title": title, "description": text, "action": action, "state": "opened",
                                  "updated_at": "2026-01-01 00:00:00 UTC"},
            "labels": [{"id": 1, "title": name} for name in labels], "changes": changes or {}}


def gitlab_merge(text, iid=10, action="open", changes=None, **attributes):
    return gitlab_issue("Backend", text, action, iid, (), changes, "dora") | {
        "object_kind": "merge_request", "event_type": "merge_request",
        "object_attributes": {"id": 300 + iid, "iid": iid, "title": "Backend", "description": text, "action": action, "state": "opened",
                              "updated_at": "2026-01-01 00:00:00 UTC", "source_branch": "x", "target_branch": "main"} | attributes}


def to_gitlab(daemon, body, delivery="g1", token="gitlab secret", **headers):
    text = body if isinstance(body, str) else json.dumps(body)
    given = {"Content-Type": "application/json", "X-Gitlab-Event": "Note Hook", "X-Gitlab-Token": token, "Idempotency-Key": delivery,
             "X-Gitlab-Event-UUID": "same-for-all"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return daemon.request("POST", "/hooks/gitlab", text, {k: v for k, v in given.items() if v is not None})[0]


def gitlab(tracker, more=""):
    write_secret("token", tracker.TOKEN)
    daemon = run(f"[gitlab]\nsecret_file = secret\ntoken_file = token\napi = {tracker.url}/api/v4\n{more}",
                 secret="gitlab secret\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    daemon.wait_for("tracker.ready")
    return daemon


def case_gitlab():
    with FakeGitlab() as tracker:
        daemon = gitlab(tracker, "listen = questions\n")
        assert to_gitlab(daemon, gitlab_note(f"@whether-bot {QUESTION}"), "n1") == 200
        assert to_gitlab(daemon, gitlab_note(f"@whether-bot {QUESTION}"), "n1") == 200
        wait_until(lambda: tracker.comments, "a note")
        assert tracker.comments[0]["place"] == ("5", "issues", "5") and tracker.comments[0]["body"].startswith("**Node.js"), tracker.comments
        # A merge request, a new issue that asks, one with the label, a label put on later; a record.
        assert to_gitlab(daemon, gitlab_note(f"@whether-bot {QUESTION}", 2, 8, "MergeRequest", "bob"), "n2") == 200
        assert to_gitlab(daemon, gitlab_issue("Spike", QUESTION), "n3") == 200
        assert to_gitlab(daemon, gitlab_issue("Auction", "live bids over websockets, and a React frontend", iid=7, labels=["stack-decision"]), "n4") == 200
        put = {"labels": {"previous": [], "current": [{"title": "stack-decision"}]}}
        assert to_gitlab(daemon, gitlab_issue("CRUD", "an internal CRUD app with an admin panel", "update", 9, ["stack-decision"], put), "n5") == 200
        wait_until(lambda: len(tracker.comments) == 5, "all five")
        assert {one["place"] for one in tracker.comments} >= {("5", "merge_requests", "8"), ("5", "issues", "6"), ("5", "issues", "7"), ("5", "issues", "9")}
        put = {"labels": {"previous": [], "current": [{"title": "decision-record"}]}}
        assert to_gitlab(daemon, gitlab_issue("CRUD", "an internal CRUD app with an admin panel", "update", 9, [], put), "n6") == 200
        record = wait_until(lambda: tracker.comments[5:], "a record")[0]
        assert "## Decision Outcome" in record["body"] and record["place"] == ("5", "issues", "9")
        # A merge request that asks, and one that gets the label; commits pushed to it put no label on (gitlab-org/gitlab #22023).
        assert to_gitlab(daemon, gitlab_merge(QUESTION), "m1") == 200
        assert to_gitlab(daemon, gitlab_merge("live bids over websockets", 11, "update", changes={
            "labels": {"previous": [], "current": [{"title": "stack-decision"}]}}), "m2") == 200
        assert to_gitlab(daemon, gitlab_merge("live bids over websockets", 11, "update", oldrev="c0ffee", changes=put), "m3") == 200
        wait_until(lambda: len(tracker.comments) == 8, "both")
        assert {one["place"] for one in tracker.comments[6:]} == {("5", "merge_requests", "10"), ("5", "merge_requests", "11")}
        # Nothing for us: system notes, commits, closing, a new weight, our own; and never a 4xx (L4).
        for number, body in enumerate([gitlab_note("@whether-bot hm", 9, action="create", noteable_type="Commit"),
                                       gitlab_note(f"@whether-bot {QUESTION}", 10, user="whether-bot"),
                                       gitlab_note(f"@whether-bot {QUESTION}", 11, user="project_5_bot_1"),
                                       gitlab_issue("Spike", QUESTION, "close"), gitlab_issue("Spike", QUESTION, "update"),
                                       {"object_kind": "push"}, {}, "{", {"object_kind": "note", "object_attributes": None}]):
            assert to_gitlab(daemon, body, f"z{number}") == 200, body
        settle()
        assert len(tracker.comments) == 8 and not tracker.refusals, (tracker.comments[8:], tracker.refusals)
        daemon.stop()


def case_gitlab_signatures():
    """The token in clear text, and the signing token (L1, L2); 401 only for a bad one."""
    world = World()
    with FakeGitlab() as tracker:
        daemon = gitlab(tracker)
        body = json.dumps(gitlab_note(f"@whether-bot {QUESTION}"))
        for token, reason in [(None, "missing"), ("", "missing"), ("gitlab secre", "wrong"), ("GITLAB SECRET", "wrong"), ("x", "wrong")]:
            assert to_gitlab(daemon, body, token=token) == 401, token
            assert rejected(daemon, f"signature_{reason}") > 0, reason
        now = int(time.time())
        sign = world.control("sign", scheme="standard", secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body=body, id="w1", timestamp=now)["signature"]
        headers = {"webhook_id": "w1", "webhook_timestamp": str(now), "webhook_signature": sign, "token": None}
        for change in [{"webhook_id": "w2"}, {"webhook_timestamp": str(now + 1)}, {"webhook_signature": sign[:-4] + "AAA="},
                       {"webhook_signature": ""}, {"webhook_id": None}]:
            assert to_gitlab(daemon, body, **(headers | change)) == 401, change
        assert not tracker.comments
        assert to_gitlab(daemon, body, **headers) == 200
        wait_until(lambda: tracker.comments, "a note")
        assert to_gitlab(daemon, body, **headers) == 200
        assert daemon.metric('whether_duplicates_total{adapter="gitlab"}') == 1
        daemon.stop()


def case_gitlab_lost_answer():
    with FakeGitlab() as tracker:
        daemon = gitlab(tracker)
        tracker.faults = ["swallow"]
        assert to_gitlab(daemon, gitlab_note(f"@whether-bot {QUESTION}")) == 200
        # Others write a lot meanwhile: it is found on the third page.
        wait_until(lambda: tracker.comments, "the note")
        for number in range(250):
            tracker.store(place=tracker.comments[0]["place"], body=f"{number}", author={"username": "ann"}, system=False)
        wait_until(lambda: daemon.metric('whether_deliveries_total{adapter="gitlab"}') == 1, "the note to be found")
        assert len(tracker.comments) == 251 and not tracker.refusals
        assert [path for method, path in tracker.requests if "page=3" in path]
        daemon.stop()


def case_gitlab_endless_thread():
    """Where it cannot be found among ten thousand newer ones it is not said again, and that is told."""
    with FakeGitlab() as tracker:
        daemon = gitlab(tracker)
        tracker.faults = ["swallow"]
        assert to_gitlab(daemon, gitlab_note(f"@whether-bot {QUESTION}")) == 200
        wait_until(lambda: tracker.comments, "the note")
        for number in range(10000):
            tracker.store(place=tracker.comments[0]["place"], body=f"{number}", author={"username": "ann"}, system=False)
        assert "too many comments" in daemon.wait_for("outbox.refused")["cause"]
        assert len(tracker.comments) == 10001 and daemon.metric('whether_deliveries_given_up_total{adapter="gitlab"}') == 1
        daemon.stop()


# ---- Gitea and Forgejo: fake, payloads of modules/structs/hook.go, headers of services/webhook/deliver.go


def to_gitea(daemon, body, delivery="t1", event="issue_comment", forgejo=False, secret=SECRET, **headers):
    """All the names that a delivery has there (T1)."""
    text = body if isinstance(body, str) else json.dumps(body)
    signature = hmac_hex(text, secret) if secret else ""
    given = {"Content-Type": "application/json", "X-Gitea-Event": event, "X-Gitea-Delivery": delivery, "X-Gitea-Signature": signature,
             "X-Gogs-Event": event, "X-Gogs-Signature": signature, "X-Hub-Signature": "sha1=0", "X-Hub-Signature-256": f"sha256={signature}",
             "X-GitHub-Event": event, "X-GitHub-Delivery": delivery}
    if forgejo:
        given |= {"X-Forgejo-Event": event, "X-Forgejo-Delivery": delivery, "X-Forgejo-Signature": signature}
    given |= {k.replace("_", "-"): v for k, v in headers.items()}
    return daemon.request("POST", "/hooks/gitea", text, {k: v for k, v in given.items() if v is not None})[0]


def case_gitea():
    with FakeGitea() as tracker:
        write_secret("token", tracker.TOKEN)
        daemon = run(f"[gitea]\nsecret_file = secret\ntoken_file = token\napi = {tracker.url}/api/v1\n")
        daemon.wait_for("tracker.ready")
        body = comment(f"@whether-bot {QUESTION}", 3, 1)
        assert to_gitea(daemon, body) == 200
        assert to_gitea(daemon, comment(f"@whether-bot {QUESTION}", 4, 2, "bob"), "t2", forgejo=True) == 200
        wait_until(lambda: len(tracker.comments) == 2, "two answers")
        assert sorted(one["place"] for one in tracker.comments) == [("acme", "shop", "3"), ("acme", "shop", "4")]
        # T2: without a secret the headers are empty. T3: Forgejo's own signature decides.
        assert to_gitea(daemon, body, secret="") == 401
        assert to_gitea(daemon, body, X_Gitea_Signature="") == 401
        assert to_gitea(daemon, body, forgejo=True, X_Forgejo_Signature="") == 401
        assert to_gitea(daemon, body, forgejo=True, X_Forgejo_Signature=hmac_hex("x")) == 401
        assert daemon.request("GET", "/hooks/gitea?payload=%7B%7D")[0] == 405
        # A form: the field is signed, not the form (T2).
        text = json.dumps(comment(f"@whether-bot {QUESTION}", 5, 3, "carl"))
        form = urllib.parse.urlencode({"payload": text})
        kind = {"Content_Type": "application/x-www-form-urlencoded"}
        assert to_gitea(daemon, form, "t3", **kind) == 401
        assert to_gitea(daemon, "payload=%", "t3", **kind) == 401
        assert to_gitea(daemon, form, "t3", X_Gitea_Signature=hmac_hex(text), **kind) == 200
        wait_until(lambda: len(tracker.comments) == 3, "an answer to a form")
        # A label: the issue's words; lost on its way.
        tracker.faults = ["swallow"]
        issue = {"action": "label_updated", "issue": {"id": 50, "number": 6, "title": "Auction", "body": "live bids over websockets",
                 "user": {"login": "dora"}, "labels": [{"name": "stack-decision"}]}, "repository": {"full_name": "acme/shop"},
                 "sender": {"login": "dora"}}
        assert to_gitea(daemon, issue, "t4", "issues") == 200
        wait_until(lambda: daemon.metric('whether_deliveries_total{adapter="gitea"}') == 4, "the answer to be found")
        assert len(tracker.comments) == 4 and not tracker.refusals, tracker.refusals
        # A pull request asks as an issue does; what Gitea tells of a review has no id: two of them are two.
        assert to_gitea(daemon, pull(7, f"@whether-bot {QUESTION}"), "t5", "pull_request") == 200
        wait_until(lambda: len(tracker.comments) == 5, "an answer to a pull request")
        for number, event in enumerate(["pull_request_comment", "pull_request_approved"]):
            review = pull(7, "", "reviewed", sender={"login": f"p{number}"}, review={"type": f"pull_request_review_{number}", "content": "@whether-bot why?"})
            assert to_gitea(daemon, review, f"t6{number}", event) == 200
        wait_until(lambda: len(tracker.comments) == 7, "an answer to each review")
        assert [one["place"][2] for one in tracker.comments[4:]] == ["7"] * 3
        # The same delivery does not get in where GitHub's are taken, and there is no [github] here.
        assert daemon.request("POST", "/hooks/github", text, {"X-Hub-Signature-256": "sha256=" + hmac_hex(text)})[0] == 404
        daemon.stop()


# ---- Jira Cloud: fake, payloads of developer.atlassian.com/cloud/jira/platform/webhooks --------------


def jira_user(who):
    return {"accountId": f"id-{who}", "displayName": who, "accountType": "atlassian", "active": True}


def jira_issue(key="SHOP-1", summary="Backend", description="Hm.", labels=()):
    return {"id": "1" + key[-1], "key": key, "self": "https://x.atlassian.net/rest/api/2/issue/1",
            "fields": {"summary": summary, "description": description, "labels": list(labels), "reporter": jira_user("ann"),
                       "updated": "2026-01-01T00:00:00.000+0000", "project": {"key": "SHOP"}}}


def jira_comment(text, ident="1", who="ann", event="comment_created", key="SHOP-1", **more):
    comment = {"id": ident, "body": text, "author": jira_user(who), "updateAuthor": jira_user(who), "jsdPublic": True,
               "created": "2026-01-01T00:00:00.000+0000", "updated": "2026-01-01T00:00:00.000+0000"}
    return {"timestamp": 1767225600000, "webhookEvent": event, "comment": comment | more, "issue": jira_issue(key)}


def to_jira(daemon, body, delivery="j1", **headers):
    text = body if isinstance(body, str) else json.dumps(body)
    given = {"content-type": "application/json; charset=UTF-8", "x-hub-signature": "sha256=" + hmac_hex(text),
             "x-atlassian-webhook-identifier": delivery, "x-atlassian-webhook-flow": "Primary"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return daemon.request("POST", "/hooks/jira", text, {k: v for k, v in given.items() if v is not None})[0]


def case_jira():
    with FakeJira() as tracker:
        write_secret("token", tracker.TOKEN)
        daemon = run(f"[jira]\nsecret_file = secret\ntoken_file = token\nuser = {tracker.USER}\napi = {tracker.url}\n")
        daemon.wait_for("tracker.ready")
        text = "[~accountid:5b10-bot] " + QUESTION + "\n{quote}\nwe only know Python, a CMS with an admin\n{quote}\nbq. Django!\n{code:python}\nimport django\n{code}\n"
        assert to_jira(daemon, jira_comment(text)) == 200
        assert to_jira(daemon, jira_comment(text)) == 200
        wait_until(lambda: tracker.comments, "a comment")
        said = adf_text(tracker.comments[0]["body"])
        assert said.startswith("Node.js, clearly.") and "Python" not in said.partition("How this")[2], said
        assert any(node["type"] == "table" for node in tracker.comments[0]["body"]["content"])
        # The label is put on; then the one for a record; an edit; a comment that is not for us; ours; an app's.
        change = {"changelog": {"items": [{"field": "labels", "fromString": "a", "toString": "a stack-decision"}]}}
        body = {"webhookEvent": "jira:issue_updated", "user": jira_user("bob"), "issue": jira_issue("SHOP-2", "CRUD", "an internal CRUD app, admin panel")}
        assert to_jira(daemon, body | change, "j2") == 200
        wait_until(lambda: len(tracker.comments) == 2, "an answer to a label")
        change = {"changelog": {"items": [{"field": "labels", "fromString": "stack-decision", "toString": "stack-decision decision-record"}]}}
        assert to_jira(daemon, body | change, "j3") == 200
        record = wait_until(lambda: tracker.comments[2:], "a record")[0]
        assert "Decision Outcome" in adf_text(record["body"]) and record["place"] == "SHOP-2"
        for number, other in enumerate([body | {"changelog": {"items": [{"field": "status", "toString": "Done"}]}},
                                        jira_comment("whatever", "5", key="SHOP-3"), jira_comment(text, "6", "x") | {"comment": None},
                                        jira_comment(text, "7", author=tracker.SELF), jira_comment(text, "8", author=jira_user("b") | {"accountType": "app"}),
                                        {"webhookEvent": "sprint_started"}]):
            assert to_jira(daemon, other, f"k{number}") in (200, 400), other
        # Signed under another name, in upper case, not at all (J1).
        for change, reason in [({"x_hub_signature": None}, "missing"), ({"x_hub_signature": None, "X_Hub_Signature_256": "sha256=" + hmac_hex("x")}, "missing"),
                               ({"x_hub_signature": "sha1=" + hmac_hex("x")}, "malformed"), ({"x_hub_signature": "sha256=" + hmac_hex("x")}, "wrong")]:
            assert to_jira(daemon, jira_comment(text, "9"), "l1", **change) == 401
            assert rejected(daemon, f"signature_{reason}") > 0
        # Lost: found again by the comment's property.
        tracker.faults = ["swallow"]
        assert to_jira(daemon, jira_comment("@Whether " + QUESTION, "10", "dora", key="SHOP-4"), "m1") == 200
        wait_until(lambda: daemon.metric('whether_deliveries_total{adapter="jira"}') == 4, "the comment to be found")
        assert len(tracker.comments) == 4 and not tracker.refusals, tracker.refusals
        assert not [line for line in daemon.lines if base64.b64encode(f"{tracker.USER}:{tracker.TOKEN}".encode()).decode() in line]
        daemon.stop()


# ---- Linear: emulate ---------------------------------------------------------------------------------


def case_linear():
    world = World()
    write_secret("token", "lin_whether-bot")
    daemon = run(f"[linear]\nsecret_file = secret\ntoken_file = token\napi = {world.url}/linear/graphql\nlisten = questions\n")
    daemon.wait_for("tracker.ready")
    world.graphql("ann", "mutation($input: WebhookCreateInput!){webhookCreate(input: $input){success}}", input={
        "url": f"http://127.0.0.1:{daemon.port}/hooks/linear", "resourceTypes": ["Issue", "Comment"], "secret": SECRET, "allPublicTeams": True})
    team = world.graphql("ann", "{teams{nodes{id}}}")["teams"]["nodes"][0]["id"]
    create = "mutation($input: IssueCreateInput!){issueCreate(input: $input){issue{id}}}"
    say = "mutation($input: CommentCreateInput!){commentCreate(input: $input){comment{id}}}"

    def bot_comments(issue):
        nodes = world.graphql("ann", "query($id: String!){issue(id: $id){comments(first: 50){nodes{body user{displayName}}}}}", id=issue)
        return [one["body"] for one in nodes["issue"]["comments"]["nodes"] if one["user"]["displayName"] == "whether-bot"]

    issue = world.graphql("ann", create, input={"teamId": team, "title": "Spike", "description": QUESTION})["issueCreate"]["issue"]["id"]
    text = wait_until(lambda: bot_comments(issue), "an answer")[0]
    assert text.startswith("**Node.js") and "**How this was read**" in text and "`whether:" in text and "<details>" not in text, text
    world.graphql("bob", say, input={"issueId": issue, "body": "Forget the live bids: an internal CRUD app with an admin panel."})
    wait_until(lambda: len(bot_comments(issue)) == 2, "an answer to what changes it")
    # Lost on its way: looked for, found.
    world.control("fault", path="/graphql", kind="swallow")
    world.graphql("ann", say, input={"issueId": issue, "body": "@whether-bot why?"})
    wait_until(lambda: daemon.metric('whether_deliveries_total{adapter="linear"}') == 3, "the comment to be found")
    assert len(bot_comments(issue)) == 3
    # N3: the rate limit is an HTTP 400.
    limit = json.dumps({"errors": [{"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED"}}]})
    world.control("fault", path="/graphql", kind="status", status=400, body=limit, headers={"Retry-After": "1"})
    world.graphql("ann", say, input={"issueId": issue, "body": "@whether-bot what would change your mind?"})
    wait_until(lambda: len(bot_comments(issue)) == 4, "an answer after the limit")
    # N1: the time is in the body; a replay is stale.
    body = {"action": "create", "type": "Comment", "actor": {"id": "user-bob"}, "data": {"id": "c9", "body": f"@whether-bot {QUESTION}", "issueId": issue,
            "userId": "user-bob"}}
    for skew_ms, status in [(-61000, 401), (61000, 401), (None, 401), (0, 200)]:
        stamped = json.dumps(body | ({} if skew_ms is None else {"webhookTimestamp": int(time.time() * 1000) + skew_ms}))
        headers = {"Content-Type": "application/json", "Linear-Delivery": "x9", "Linear-Signature": hmac_hex(stamped)}
        assert daemon.request("POST", "/hooks/linear", stamped, headers)[0] == status, skew_ms
        assert daemon.request("POST", "/hooks/linear", stamped, headers | {"Linear-Signature": "sha256=" + hmac_hex(stamped)})[0] == 401
    assert rejected(daemon, "signature_stale") == 3
    wait_until(lambda: len(bot_comments(issue)) == 5, "an answer")
    daemon.stop()


# ---- anything else -----------------------------------------------------------------------------------


def case_generic():
    """JSON pointers say where things stand; answers go only to hosts that the configuration names (SSRF)."""
    with FakeReceiver() as receiver:
        write_secret("token", "generic-token")
        host = receiver.url.removeprefix("http://")
        daemon = run(f"[generic]\nsecret_file = secret\ntoken_file = token\nreply_hosts = {host}\ntext = /ticket/fields/0/te~1xt\nid = /ticket/id\n"
                     "author = /by\nreply = /links/reply\nsignature_header = X-Sig\nsignature_prefix =\n")
        daemon.wait_for("tracker.ready")

        def send(body, delivery="1", signature=None):
            text = body if isinstance(body, str) else json.dumps(body)
            return daemon.request("POST", "/hooks/generic", text, {"Content-Type": "application/json", "X-Sig": signature or hmac_hex(text),
                                                                   "Idempotency-Key": delivery})[0]

        def ticket(text, reply=receiver.url + "/answers/1", **more):
            return {"ticket": {"id": 17, "fields": [{"te/xt": text}]}, "by": "ann", "links": {"reply": reply}} | more

        assert send(ticket(QUESTION)) == 200 and send(ticket(QUESTION)) == 200
        wait_until(lambda: receiver.comments, "an answer")
        assert receiver.comments[0]["place"] == "/answers/1" and receiver.comments[0]["body"].startswith("**Node.js")
        assert send(ticket("why?"), "2") == 200
        wait_until(lambda: len(receiver.comments) == 2, "the conversation goes on")
        for reply in ["http://169.254.169.254/latest", "https://evil.example/x", f"http://{host}@evil.example/", f"http://evil.example#{host}",
                      "file:///etc/passwd", "gopher://127.0.0.1/", "", None, 5, "http://127.0.0.1:1/"]:
            assert send(ticket(QUESTION, reply), f"r{reply}") == 400, reply
        assert send(ticket(5), "t") == 200 and send({}, "e") == 200 and send(ticket(QUESTION, ticket={"id": None, "fields": [{"te/xt": "x"}]}), "i") == 400
        assert send(ticket(QUESTION), "s", signature="00" * 32) == 401
        settle()
        assert len(receiver.comments) == 2 and not receiver.refusals
        daemon.stop()


def case_generic_lost_answer():
    """Nobody can look whether an answer arrived: it is sent again under the same key, after a lost connection, a gateway, a kill."""
    with FakeReceiver() as receiver:
        write_secret("token", "generic-token")
        host = receiver.url.removeprefix("http://")
        daemon = run(f"[generic]\nsecret_file = secret\ntoken_file = token\nreply_hosts = {host}\ntext = /text\nid = /id\nreply = /reply\n")
        daemon.wait_for("tracker.ready")
        for number, fault in enumerate(["swallow", 502]):
            text = json.dumps({"text": QUESTION, "id": f"t{number}", "reply": f"{receiver.url}/{number}"})
            receiver.faults = [fault]
            headers = {"Content-Type": "application/json", "X-Hub-Signature-256": "sha256=" + hmac_hex(text), "Idempotency-Key": f"d{number}"}
            assert daemon.request("POST", "/hooks/generic", text, headers)[0] == 200
            wait_until(lambda: daemon.metric('whether_deliveries_total{adapter="generic"}') == number + 1, f"the answer after {fault}")
        assert [one["place"] for one in receiver.comments] == ["/0", "/1"] and not receiver.refusals, (receiver.comments, receiver.refusals)
        assert receiver.keys[0] == receiver.keys[1] and len(set(receiver.keys)) == 2, receiver.keys
        # Killed while it waits for the receiver's word.
        receiver.faults = ["hold"]
        text = json.dumps({"text": QUESTION, "id": "t9", "reply": f"{receiver.url}/9"})
        assert daemon.request("POST", "/hooks/generic", text, {"Content-Type": "application/json", "X-Hub-Signature-256": "sha256=" + hmac_hex(text)})[0] == 200
        wait_until(lambda: len(receiver.comments) == 3, "the answer to be there")
        daemon.kill()
        receiver.held.set()
        daemon.start()
        started.append(daemon.process)
        wait_until(lambda: daemon.metric('whether_deliveries_total{adapter="generic"}') == 1, "the answer to be sent again")
        assert len(receiver.comments) == 3 and receiver.keys[-1] == receiver.keys[-2]
        assert daemon.metric('whether_deliveries_given_up_total{adapter="generic"}') == 0
        daemon.stop()


def case_many_at_once():
    """Several trackers and several sections of one kind in one process, each with its own secret and place."""
    world = World()
    write_secret("other", "another secret")
    write_secret("token", "token-whether-bot")
    daemon = run("".join(f"[github{label}]\nsecret_file = {secret}\ntoken_file = token\napi = {world.url}/github\n{more}"
                         for label, secret, more in [("", "secret", ""), (" two", "other", ""), (" three", "other", "path = /hooks/github\n")]))
    wait_until(lambda: len(daemon.events("tracker.ready")) == 3, "all three")
    issue = world.open("Backend", "Hm.")
    for number, (path, secret, status) in enumerate([("/hooks/github", SECRET, 200), ("/hooks/github/two", SECRET, 401),
                                                     ("/hooks/github/two", "another secret", 200), ("/hooks/github", "another secret", 200)]):
        body = comment(f"@whether-bot {QUESTION}", issue["number"], number, f"p{number}")
        assert deliver(daemon, body, delivery=f"d{number}", path=path, secret=secret)[0] == status, number
    wait_until(lambda: len(world.comments(issue)) == 3, "an answer by each")
    daemon.stop()


@contextlib.contextmanager
def around():
    """A folder of its own; what the case has started ends with it."""
    global scratch
    with tempfile.TemporaryDirectory(prefix="whether-trackers-") as folder:
        scratch = pathlib.Path(folder)
        try:
            yield
        finally:
            end_all(started)


def main():
    if not (MODULES / "installed.json").exists():
        print("1..1\nBail out! script/npm has not been run")
        return 1
    return tap.run(globals(), sys.argv[2:], around)


if __name__ == "__main__":
    sys.exit(main())
