#!/usr/bin/env python3
"""Signed GitHub comments at 200 a second, each another person's mention in an issue of its own, while the API that takes the answers
stands in another process: how late they are acknowledged, and that every one got its answer, once. The load is open (load.py).

usage: bench-tracker.py WHETHER [SECONDS [PER_SECOND]]
"""
import collections
import hashlib
import hmac
import json
import multiprocessing
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from daemon import Daemon, wait_until  # noqa: E402
from fake_trackers import FakeTracker, need  # noqa: E402
from load import Load, each  # noqa: E402
from questions import questions  # noqa: E402

WHETHER = [os.path.abspath(sys.argv[1])]
SECONDS = int(sys.argv[2]) if sys.argv[2:] else 20
PER_SECOND = int(sys.argv[3]) if sys.argv[3:] else 200
SECRET, TOKEN, CONNECTIONS, DRAIN_S = "It's a Secret to Everybody", "ghp_bench", 50, 300


class FakeGithub(FakeTracker):
    def answer(self, method, path, query, headers, body):
        need(headers.get("Authorization") == f"Bearer {TOKEN}", 401, "Bad credentials")
        if path == "/user":
            return 200, {"login": "whether-bot", "id": 1}
        need(method == "POST", 404, "Not Found")
        return 201, self.store(place=path, body=body["body"][:20])


def serve(pipe):
    with FakeGithub() as github:
        pipe.send(github.url)
        pipe.recv()
        pipe.send((collections.Counter(one["place"] for one in github.comments), github.refusals))


def comment(number, text):
    user = {"login": f"person{number}", "type": "User"}
    body = json.dumps({
        "action": "created", "issue": {"number": number, "id": number, "title": "Spike", "body": None, "user": user, "labels": []},
        "comment": {"id": number, "body": f"@whether-bot {text}", "user": user, "updated_at": "2026-01-01T00:00:00Z"},
        "repository": {"full_name": "acme/shop"}, "sender": user}).encode()
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return (f"POST /hooks/github HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-GitHub-Event: issue_comment\r\n"
            f"X-GitHub-Delivery: d{number}\r\nX-Hub-Signature-256: sha256={mac}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


def measure(daemon):
    requests = each(comment, questions(), SECONDS * PER_SECOND)
    load = Load(daemon.port, requests, rate=PER_SECOND, most=CONNECTIONS).run()
    assert load.statuses == {200: len(requests)}, load.statuses
    print(f"{PER_SECOND} signed GitHub comments a second for {SECONDS} s; came through: {len(requests) / load.seconds:.0f} /s")
    print(f"acknowledged after   p50 {load.percentile(.5):.1f} ms, p99 {load.percentile(.99):.1f} ms, at most {load.percentile(1):.1f} ms")
    print(f"                     {daemon.cpu_s() / load.seconds * 100:.0f} % of a processor, {daemon.status('VmRSS') / 1024:.1f} MiB")
    start = time.monotonic()
    wait_until(lambda: daemon.metric("whether_outbox_waiting") == 0 or time.sleep(0.5), "the outbox to be empty", DRAIN_S)
    print(f"afterwards           all delivered within {time.monotonic() - start:.0f} s")
    return len(requests)


def main():
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    url = ours.recv()
    with tempfile.TemporaryDirectory(prefix="whether-bench-") as name:
        folder = pathlib.Path(name)
        for file, secret in (("secret", SECRET), ("token", TOKEN)):
            (folder / file).write_text(secret)
            (folder / file).chmod(0o600)
        with Daemon(WHETHER, folder, f"[http]\nlisten = 127.0.0.1:0\n[github]\nsecret_file = secret\ntoken_file = token\napi = {url}\n") as daemon:
            daemon.wait_for("tracker.ready")
            count = measure(daemon)
    ours.send("counts")
    counts, refusals = ours.recv()
    assert len(counts) == count and set(counts.values()) == {1} and not refusals, (len(counts), refusals[:3])
    print("                     each once")
    server.join()


main()
