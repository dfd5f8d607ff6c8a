"""Reply APIs of trackers that have no server in reach, as strict as their documentation says: a request that they would
refuse is refused here, with their status, and remembered. Each names where its shape comes from."""
import base64
import http.server
import json
import re
import threading
import urllib.parse

from fakehttp import FakeServer, Served


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def need(condition, status, message):
    if not condition:
        raise Refused(status, message)


class FakeTracker(Served):
    """with FakeGitlab() as tracker: ... `comments` are what it took, `refusals` what it did not."""

    def __init__(self, name=None, context=None):
        """name, context: for https, as FakeServer's."""
        self.comments, self.refusals, self.requests, self.faults = [], [], [], []
        self.lock, self.held = threading.Lock(), threading.Event()
        self.server = FakeServer(("127.0.0.1", 0), Handler, context)
        self.server.tracker = self
        self.url = self.server.url(name)

    def answer(self, method, path, query, headers, body):
        raise NotImplementedError

    def store(self, **comment):
        with self.lock:
            self.comments.append({"id": len(self.comments) + 1, **comment})
            return self.comments[-1]


class FakeGitlab(FakeTracker):
    """docs.gitlab.com/api/notes, /api/users (GET /user)"""
    TOKEN, SELF = "glpat-bot", {"id": 7, "username": "whether-bot", "name": "Whether"}

    def answer(self, method, path, query, headers, body):
        need(headers.get("PRIVATE-TOKEN") == self.TOKEN, 401, "401 Unauthorized")
        if (method, path) == ("GET", "/api/v4/user"):
            return 200, self.SELF
        found = re.fullmatch(r"/api/v4/projects/(\d+)/(issues|merge_requests)/(\d+)/notes", path)
        need(found, 404, "404 Not Found")
        place = found.groups()
        if method == "GET":
            need(set(query) <= {"per_page", "page", "order_by", "sort"} and query.get("sort") in ("asc", "desc"), 400, "query")
            need(query.get("order_by", "created_at") == "created_at" and int(query["per_page"]) <= 100, 400, "query")
            notes = [one for one in self.comments if one["place"] == place][::-1 if query["sort"] == "desc" else 1]
            first = (int(query["page"]) - 1) * int(query["per_page"])
            return 200, notes[first:first + int(query["per_page"])]
        need(method == "POST" and set(body) == {"body"} and 0 < len(body["body"]) <= 1_000_000, 400, "body is missing")
        need(not re.search(r"^/\w", body["body"], re.M), 400, "a quick action")
        return 201, self.store(place=place, body=body["body"], author=self.SELF, system=False)


class FakeGitea(FakeTracker):
    """Gitea's swagger: issueCreateComment, issueGetComments, userGetCurrent"""
    TOKEN, SELF = "gitea-token", {"id": 3, "login": "whether-bot", "username": "whether-bot"}

    def answer(self, method, path, query, headers, body):
        need(headers.get("Authorization") == f"token {self.TOKEN}", 401, "token is required")
        if (method, path) == ("GET", "/api/v1/user"):
            return 200, self.SELF
        found = re.fullmatch(r"/api/v1/repos/([\w.-]+)/([\w.-]+)/issues/(\d+)/comments", path)
        need(found, 404, "not found")
        if method == "GET":
            need(set(query) == {"since"} and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", query["since"]), 422, "since")
            return 200, [one for one in self.comments if one["place"] == found.groups()]
        need(set(body) == {"body"} and body["body"], 422, "[Body]: Required")
        return 201, self.store(place=found.groups(), body=body["body"], user=self.SELF)


# Nodes of the Atlassian Document Format and what may be in them: developer.atlassian.com/cloud/jira/platform/apis/document/structure
ADF = {
    "doc": {"paragraph", "heading", "bulletList", "table", "expand", "blockquote", "codeBlock"},
    "paragraph": {"text"}, "heading": {"text"}, "codeBlock": {"text"}, "bulletList": {"listItem"},
    "listItem": {"paragraph", "bulletList", "codeBlock"}, "table": {"tableRow"}, "tableRow": {"tableHeader", "tableCell"},
    "tableHeader": {"paragraph"}, "tableCell": {"paragraph"}, "blockquote": {"paragraph"},
    "expand": {"paragraph", "heading", "bulletList", "table", "blockquote", "codeBlock"},
}
ADF_KEYS = {"doc": {"type", "version", "content"}, "heading": {"type", "attrs", "content"}, "expand": {"type", "attrs", "content"},
            "text": {"type", "text", "marks"}}


def check_adf(node):
    kind = node["type"]
    need(set(node) <= ADF_KEYS.get(kind, {"type", "content"}), 400, f"INVALID_INPUT: {kind} has {sorted(node)}")
    if kind == "text":
        need(isinstance(node["text"], str) and node["text"], 400, "INVALID_INPUT: an empty text")
        for mark in node.get("marks", []):
            need(mark["type"] in ("strong", "link", "em", "code"), 400, "INVALID_INPUT: mark")
            need(mark["type"] != "link" or mark["attrs"]["href"].startswith("https://"), 400, "INVALID_INPUT: link")
        return
    need(kind in ADF, 400, f"INVALID_INPUT: {kind}")
    need(kind != "heading" or 1 <= node["attrs"]["level"] <= 6, 400, "INVALID_INPUT: level")
    need(node["content"] or kind in ("paragraph", "codeBlock"), 400, f"INVALID_INPUT: {kind} is empty")
    for child in node["content"]:
        need(child["type"] in ADF[kind], 400, f"INVALID_INPUT: {child['type']} in {kind}")
        check_adf(child)


def adf_text(node):
    return node.get("text", "") + "".join(map(adf_text, node.get("content", []))) + ("\n" if node["type"] in ("paragraph", "heading") else "")


class FakeJira(FakeTracker):
    """Jira Cloud REST v3, "Issue comments" and "Myself" """
    USER, TOKEN, SELF = "bot@example.org", "jira-token", {"accountId": "5b10-bot", "displayName": "Whether", "accountType": "atlassian"}

    def answer(self, method, path, query, headers, body):
        right = base64.b64encode(f"{self.USER}:{self.TOKEN}".encode()).decode()
        need(headers.get("Authorization") == f"Basic {right}", 401, "Client must be authenticated")
        if (method, path) == ("GET", "/rest/api/3/myself"):
            return 200, self.SELF
        found = re.fullmatch(r"/rest/api/3/issue/([A-Z][A-Z0-9]+-\d+)/comment", path)
        need(found, 404, "Issue does not exist or you do not have permission to see it.")
        if method == "GET":
            need(query.get("orderBy") in ("created", "-created", "+created"), 400, "orderBy")
            shown = [{k: v for k, v in one.items() if k != "properties" or query.get("expand") == "properties"}
                     for one in self.comments if one["place"] == found[1]]
            return 200, {"startAt": int(query["startAt"]), "maxResults": 100, "total": len(shown), "comments": shown}
        need(set(body) <= {"body", "properties", "visibility"} and body["body"]["version"] == 1, 400, "INVALID_INPUT")
        check_adf(body["body"])
        for one in body.get("properties", []):
            need(set(one) == {"key", "value"}, 400, "INVALID_INPUT: properties")
        return 201, self.store(place=found[1], body=body["body"], author=self.SELF, properties=body.get("properties", []))


class FakeReceiver(FakeTracker):
    """Where [generic] answers go: a program that knows a copy by its key, as httpapi's draft "Idempotency-Key" asks of it."""

    def __init__(self):
        super().__init__()
        self.keys = []

    def answer(self, method, path, query, headers, body):
        need(headers.get("Authorization") == "Bearer generic-token", 401, "no")
        need(method == "POST" and set(body) == {"text"}, 400, "text")
        key = headers.get("Idempotency-Key")
        need(re.fullmatch(r"whether:\d+\.\d+", key or ""), 400, "Idempotency-Key")
        self.keys.append(key)
        return 200, {} if self.keys.count(key) > 1 else self.store(place=path, body=body["text"])


class FakeWebhook(FakeTracker):
    """An incoming webhook: takes text and nothing that it does not know; mentions of everybody are counted as refusals."""
    PATH, KEYS, LONGEST = "", set(), 0

    def answer(self, method, path, query, headers, body):
        need(path == self.PATH, 404, "no such webhook")
        need(method == "POST" and set(body) <= self.KEYS and isinstance(body["text"], str) and 0 < len(body["text"]) <= self.LONGEST, 400, "text")
        need(not re.search(r"@(everyone|here|channel|all)\b|<!", body["text"]), 400, "a mention of everybody")
        return 200, self.store(place=path, body=body["text"]) and self.TAKEN


class FakeDiscord(FakeWebhook):
    """Discord's webhooks as Slack knows them: POST /webhooks/ID/TOKEN/slack (discord-api-docs, resources/webhook)"""
    URL, PATH, LONGEST, TAKEN = "/api/webhooks/123/secret-part", "/api/webhooks/123/secret-part/slack", 2000, "ok"
    KEYS = {"text", "username", "icon_url", "attachments"}


class FakeMattermost(FakeWebhook):
    """developers.mattermost.com/integrate/webhooks/incoming: /hooks/KEY, at most 16,383 characters, "ok" in plain text"""
    URL = PATH = "/hooks/secret-part"
    LONGEST, TAKEN = 16383, "ok"
    KEYS = {"text", "channel", "username", "icon_url", "icon_emoji", "attachments", "type", "props", "priority"}


class FakeRocketchat(FakeWebhook):
    """docs.rocket.chat, integrations: /hooks/ID/TOKEN, at most Message_MaxAllowedSize (5,000) characters, {"success": true}"""
    URL = PATH = "/hooks/5f7a/secret-part"
    LONGEST, TAKEN = 5000, {"success": True}
    KEYS = {"text", "alias", "emoji", "avatar", "roomId", "channel", "attachments"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.serve()

    def do_POST(self):
        self.serve()

    def serve(self):
        tracker = self.server.tracker
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        tracker.requests.append((self.command, self.path))
        fault = tracker.faults.pop(0) if tracker.faults and self.command == "POST" else None
        if isinstance(fault, int):
            return self.say(fault, {}, {"Retry-After": "1"} if fault in (429, 503) else {})
        try:
            if self.command == "POST":
                need(self.headers.get("Content-Type", "").startswith("application/json"), 415, "Content-Type")
            status, answer = tracker.answer(self.command, parts.path, query, self.headers, json.loads(data) if data else {})
        except (Refused, KeyError, ValueError, TypeError) as error:
            tracker.refusals.append(f"{self.command} {self.path}: {error!r} {data[:300]!r}")
            return self.say(getattr(error, "status", 400), {"message": str(error)})
        if fault == "hold":
            tracker.held.wait(60)
        if fault in ("swallow", "hold"):
            self.close_connection = True
            return None
        return self.say(status, answer)

    def say(self, status, answer, headers=None):
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
