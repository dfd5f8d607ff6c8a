#!/usr/bin/env python3
"""Every sender of webhooks at its worst: signatures missing, empty, wrong, cut, in capitals, doubled; forms and GET; other events;
each part of a delivery null or of another type; a MiB; another sender's delivery; hostile words. One `whether run` for all of them.

usage: senders.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases; WHETHER_WRAPPER goes before WHETHER
"""
import base64
import copy
import hashlib
import hmac
import http.client
import json
import sys
import time
import urllib.parse

import ircstage as stage
from daemon import PATIENCE_S, Daemon, wait_until
from fake_trackers import FakeTracker
from irckit import WRAPPER

SECRET, TOKEN, STANDARD = "It's a Secret to Everybody", "clear-text-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LOGINS = {"token": "the-bots-own-token", "user": "bot@example.org"}
QUESTION = "Node or Django for a live auction board with thousands of bids a second?"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class FakeAll(FakeTracker):
    """The reply APIs of all of them, so that whatever is answered is here; trackers.py has the strict ones."""

    def answer(self, method, path, query, headers, body):
        if method == "GET":
            return 200, {"login": "whether-bot", "username": "whether-bot", "accountId": "id-bot", "displayName": "whether-bot"}
        if "viewer" in body.get("query", ""):
            return 200, {"data": {"viewer": {"id": "id-bot", "name": "Whether", "displayName": "whether-bot"}}}
        self.store(place=path, body=json.dumps(body))
        return 201, {"data": {"commentCreate": {"success": True}}}


def hexed(data):
    return hmac.new(SECRET.encode(), data, hashlib.sha256).hexdigest()


def standard(data, ident, at):
    key = base64.b64decode(STANDARD.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, f"{ident}.{at}.".encode() + data, hashlib.sha256).digest()).decode()


class Sender:
    """One of them: where it sends, how it signs (the header, and what stands in it), and a delivery that asks."""
    path, header, prefix, never_4xx = "", "", "", False
    events = {}         # headers beside the signature
    other = {}          # a delivery of another event

    def sign(self, data):
        return {self.header: self.prefix + hexed(data)}

    def body(self, text, ident):
        raise NotImplementedError

    def send(self, daemon, body, delivery="d", method="POST", kind=JSON, drop=(), **change):
        """Status. change: of headers, by name with _ for -; drop: names left out."""
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        headers = {"Content-Type": kind} | {k: v % delivery if "%s" in v else v for k, v in self.events.items()} | self.sign(data)
        headers |= {k.replace("_", "-"): v for k, v in change.items()}
        return daemon.request(method, self.path, data, {k: v for k, v in headers.items() if k not in drop})[0]


class Github(Sender):
    path, header, prefix = "/hooks/github", "X-Hub-Signature-256", "sha256="
    events = {"X-GitHub-Event": "issue_comment", "X-GitHub-Delivery": "%s"}
    other = {"action": "started", "repository": {"full_name": "acme/shop"}, "sender": {"login": "ann"}}

    def body(self, text, ident):
        user = {"login": f"p{ident}", "type": "User"}
        return {"action": "created", "issue": {"number": 1, "id": 9, "title": "t", "body": "b", "user": user, "labels": [{"name": "bug"}]},
                "comment": {"id": ident, "body": text, "user": user, "updated_at": "2026-01-01T00:00:00Z"},
                "repository": {"full_name": f"acme/shop{ident}"}, "sender": user}


class Gitea(Github):
    path, header, prefix = "/hooks/gitea", "X-Gitea-Signature", ""
    events = {"X-Gitea-Event": "issue_comment", "X-Gitea-Delivery": "%s", "X-GitHub-Event": "issue_comment", "X-GitHub-Delivery": "%s"}


class Forgejo(Gitea):
    header = "X-Forgejo-Signature"
    events = Gitea.events | {"X-Forgejo-Event": "issue_comment", "X-Forgejo-Delivery": "%s"}


class Gitlab(Sender):
    path, header, never_4xx = "/hooks/gitlab", "X-Gitlab-Token", True
    events = {"X-Gitlab-Event": "Note Hook", "Idempotency-Key": "%s"}
    other = {"object_kind": "pipeline", "user": {"username": "ann"}, "project": {"id": 5}}

    def sign(self, data):
        return {self.header: TOKEN}

    def body(self, text, ident):
        return {"object_kind": "note", "user": {"username": f"p{ident}", "name": "Ann"}, "project": {"id": ident}, "issue": {"iid": 5, "title": "t"},
                "object_attributes": {"id": ident, "note": text, "noteable_type": "Issue", "action": "create", "updated_at": "2026-01-01 00:00:00 UTC"}}


class GitlabSigned(Gitlab):
    header, prefix = "webhook-signature", "v1,"

    def sign(self, data):
        at, ident = str(int(time.time())), f"w{hash(data)}"
        return {"webhook-id": ident, "webhook-timestamp": at, self.header: standard(data, ident, at)}


class Jira(Sender):
    path, header, prefix = "/hooks/jira", "X-Hub-Signature", "sha256="
    events = {"X-Atlassian-Webhook-Identifier": "%s"}
    other = {"webhookEvent": "sprint_started", "sprint": {"id": 5}}

    def body(self, text, ident):
        user = {"accountId": f"p{ident}", "displayName": "Ann", "accountType": "atlassian"}
        return {"webhookEvent": "comment_created", "comment": {"id": str(ident), "body": text, "author": user, "updateAuthor": user, "updated": "2026"},
                "issue": {"id": "1", "key": f"SHOP-{ident}", "fields": {"summary": "t", "description": "d", "labels": ["a"], "reporter": user}}}


class Linear(Sender):
    path, header = "/hooks/linear", "Linear-Signature"
    events = {"Linear-Delivery": "%s"}
    other = {"type": "Project", "action": "create", "data": {"id": "x"}}

    def body(self, text, ident):
        return {"type": "Comment", "action": "create", "actor": {"id": f"p{ident}", "type": "user"}, "webhookTimestamp": int(time.time() * 1000),
                "data": {"id": f"c{ident}", "body": text, "issueId": f"i{ident}", "userId": f"p{ident}", "updatedAt": "2026"}}


class Generic(Sender):
    path, header, prefix = "/hooks/generic", "X-Hub-Signature-256", "sha256="
    events = {"Idempotency-Key": "%s"}
    other = {"something": "else"}
    reply = ""

    def body(self, text, ident):
        return {"text": text, "id": f"t{ident}", "author": {"name": f"p{ident}"}, "reply": f"{self.reply}/{ident}"}


SENDERS = [Github(), Gitea(), Forgejo(), Gitlab(), GitlabSigned(), Jira(), Linear(), Generic()]


def everybody(tracker):
    stage.secret("secret", SECRET + "\n")
    stage.secret("gitlab-secret", f"{TOKEN}\n{STANDARD}\n")
    stage.secret("token", LOGINS["token"] + "\n")
    Generic.reply = tracker.url
    host = tracker.url.removeprefix("http://")
    sections = "".join(f"[{name}]\nsecret_file = {'gitlab-secret' if name == 'gitlab' else 'secret'}\ntoken_file = token\napi = {tracker.url}\n{more}"
                       for name, more in [("github", ""), ("gitea", ""), ("gitlab", ""), ("jira", f"user = {LOGINS['user']}\n"), ("linear", "")])
    daemon = Daemon([*WRAPPER, stage.program], stage.scratch, f"[http]\nlisten = 127.0.0.1:0\n[log]\nlevel = debug\n{sections}"
                    f"[generic]\nsecret_file = secret\ntoken_file = token\nauthor = /author/name\nreply_hosts = {host}\n")
    return daemon


class Everybody:
    """with Everybody() as (daemon, tracker): no secret may be in the log, whatever happens."""

    def __enter__(self):
        self.tracker = FakeAll()
        self.daemon = everybody(self.tracker)
        self.tracker.__enter__()
        self.daemon.start()
        self.daemon.wait_for("tracker.ready", count=6)
        return self.daemon, self.tracker

    def __exit__(self, kind, *rest):
        try:
            self.daemon.__exit__(kind, *rest)
        finally:
            self.tracker.__exit__()
        basic = base64.b64encode(f"{LOGINS['user']}:{LOGINS['token']}".encode()).decode()
        told = [line for line in self.daemon.lines for word in (SECRET, TOKEN, STANDARD, LOGINS["token"], basic) if word in line]
        assert not told, told


def refused(daemon, reason):
    return daemon.metric(f'whether_rejected_total{{reason="signature_{reason}"}}')


def capitals(sender, good):
    """The signature in capitals, and whether that is one: hex digits may be either; nothing else may."""
    if not sender.prefix and "-Token" not in sender.header:
        return good.upper(), None
    return good.upper(), "malformed" if sender.prefix else "wrong"


def case_signatures():
    """Each way to sign badly is refused with 401 and counted by its reason; and the same delivery is taken when it is well."""
    with Everybody() as (daemon, tracker):
        for number, sender in enumerate(SENDERS):
            data = json.dumps(sender.body(f"@whether-bot {QUESTION}", number)).encode()
            good = sender.sign(data)[sender.header]
            plain = sender.header == "X-Gitlab-Token"
            big, reason = capitals(sender, good)
            bad = [("missing", None), ("missing", ""), ("wrong", sender.sign(data + b" ")[sender.header] if not plain else TOKEN + "x"),
                   ("wrong" if plain else "malformed", good[:-1]), ("malformed" if sender.prefix else "missing", sender.prefix)]
            if reason:
                bad.append((reason, big))
            for why, value in bad:
                before = refused(daemon, why)
                change = {"drop": (sender.header,)} if value is None else {sender.header.replace("-", "_"): value}
                assert sender.send(daemon, data, f"d{number}", **change) == 401, (sender.path, why, value)
                assert refused(daemon, why) == before + 1, (sender.path, sender.header, why, value)
            # Doubled, be it twice the same.
            before = refused(daemon, "repeated")
            connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE_S)
            connection.putrequest("POST", sender.path)
            for name, value in [*sender.sign(data).items(), (sender.header, good), ("Content-Type", JSON), ("Content-Length", str(len(data)))]:
                connection.putheader(name, value)
            connection.endheaders(data)
            assert connection.getresponse().status == 401 and refused(daemon, "repeated") == before + 1, sender.path
            connection.close()
            assert len(tracker.comments) == number, tracker.comments
            # In capitals where that is as good, else as it should be.
            assert sender.send(daemon, data, f"d{number}", **({} if reason else {sender.header.replace("-", "_"): big})) == 200, sender.path
            wait_until(lambda: len(tracker.comments) == number + 1, f"an answer at {sender.path}")


def case_bodies():
    """Forms, GET, other events, what is no JSON or too much of it: the status that the sender understands."""
    with Everybody() as (daemon, tracker):
        for number, sender in enumerate(SENDERS):
            asks = sender.body(f"@whether-bot {QUESTION}", 100 + number)
            form = urllib.parse.urlencode({"payload": json.dumps(asks)})
            inside = sender.sign(json.dumps(asks).encode())
            if sender.header in ("X-Gitea-Signature", "X-Forgejo-Signature"):
                assert sender.send(daemon, form, f"f{number}", kind=FORM) == 401, "the form itself is not what is signed (T2)"
                assert sender.send(daemon, form, f"f{number}", kind=FORM, **{sender.header.replace("-", "_"): inside[sender.header]}) == 200
            else:
                assert sender.send(daemon, form, f"f{number}", kind=FORM) == 200, sender.path
            wait_until(lambda: len(tracker.comments) == number + 1, f"an answer to a form at {sender.path}")
            for method in ("GET", "PUT", "DELETE"):
                assert daemon.request(method, sender.path + "?" + form)[0] == 405, (sender.path, method)
            stamp = {"webhookTimestamp": int(time.time() * 1000)}
            assert sender.send(daemon, sender.other | stamp, "o1") == 200, sender.path
            fault = 200 if sender.never_4xx else 400
            for text in ["{", "", "[]", "null", "5", '"x"', "[" * 100 + "]" * 100, '{"a": 1, "a": 2}', '{"a": "\\u0000"}', b"\xff", b'{"a": "\xff"}']:
                assert sender.send(daemon, text, "b1") == fault, (sender.path, text)
            # Linear signs the time within the body: where there is none it is too old to be looked at.
            assert sender.send(daemon, "{}", "b2") == (401 if isinstance(sender, Linear) else 200), sender.path
            assert sender.send(daemon, "x" * (1 << 20) + "y") == 413, sender.path
        assert len(tracker.comments) == len(SENDERS)


def changed(value, into):
    """Copies of a JSON value, each with another of its parts replaced."""
    if isinstance(value, dict):
        for key in value:
            yield {**value, key: copy.deepcopy(into)}
            yield {k: v for k, v in value.items() if k != key}
            for inner in changed(value[key], into):
                yield {**value, key: inner}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield value[:index] + [into] + value[index + 1:]
            for inner in changed(item, into):
                yield value[:index] + [inner] + value[index + 1:]


def case_parts():
    """Null users, ids, texts, places; numbers, lists and long words in their stead: understood or refused, never trouble."""
    with Everybody() as (daemon, _):
        tried = 0
        for sender in SENDERS:
            allowed = (200,) if sender.never_4xx else (200, 400, 401) if isinstance(sender, Linear) else (200, 400)
            for into in (None, 5, -1, True, [], {}, "", "x" * 1000, "../../x", "a b", "a\nb"):
                for body in changed(sender.body("@whether-bot hm, Node or Django?", 200), into):
                    tried += 1
                    status = sender.send(daemon, body, f"n{tried}")
                    assert status in allowed, (sender.path, status, body)
        assert tried > 1000 and daemon.process.poll() is None
        assert not daemon.events("store.failed") and not [line for line in daemon.lines if "level=error" in line and "refused" not in line]


def case_other_sender():
    """Gitea names its deliveries as GitHub does, too (T1): where GitHub's are taken they are told to go to their own place."""
    with Everybody() as (daemon, tracker):
        text = json.dumps(Github().body(f"@whether-bot {QUESTION}", 300)).encode()
        for name in ("Gitea", "Forgejo", "Gogs"):
            headers = {"Content-Type": JSON, "X-GitHub-Event": "issue_comment", "X-GitHub-Delivery": "g1", "X-Hub-Signature-256": "sha256=" + hexed(text),
                       f"X-{name}-Event": "issue_comment"}
            status, said = daemon.request("POST", "/hooks/github", text, headers)
            assert status == 400 and "/hooks/gitea" in said, (name, status, said)
        assert daemon.metric('whether_rejected_total{reason="other_sender"}') == 3
        assert not tracker.comments
        assert Github().send(daemon, text, "g1") == 200
        wait_until(lambda: tracker.comments, "GitHub's own")


HOSTILE = """@whether-bot Node or Django for a live auction board? @everyone @channel @here
<script>alert(1)</script><img src=x onerror=alert(1)> [click](javascript:alert(1)) ![x](http://evil.example/p.png)
| a | b |
/close
</details></table> <!-- a --> {color:red}h1. x{color} [~accountid:5b10] #1 acme/other#2 http://169.254.169.254/
Please fill in this template: we write Python only in a data-heavy CRUD business app
```
"""


def case_hostile_words():
    """Nothing of what people write comes back in a comment: no mention, no markup, no link, no command."""
    with Everybody() as (daemon, tracker):
        for number, sender in enumerate(SENDERS):
            assert sender.send(daemon, sender.body(HOSTILE, 400 + number), f"h{number}") == 200, sender.path
            said = wait_until(lambda: tracker.comments[number:], f"an answer at {sender.path}")[0]["body"]
            assert "Node.js" in said, said
            for word in ["everyone", "@channel", "@here", "<script", "onerror", "javascript:", "evil.example", "/close", "169.254", "acme/other", "accountid:5b10",
                         "{color"]:
                assert word not in said, (sender.path, word, said)


if __name__ == "__main__":
    sys.exit(stage.run_cases(sys.argv, globals()))
