#!/usr/bin/env python3
"""`whether run` asked in Mattermost and Rocket.Chat, as their documentation says they send. announce.py: what it tells there.

usage: chats.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases; WHETHER_WRAPPER goes before WHETHER
"""
import json
import os
import pathlib
import re
import shlex
import sys
import tempfile
import traceback
import urllib.parse

from daemon import Daemon

WHETHER = shlex.split(os.environ.get("WHETHER_WRAPPER", "")) + [os.path.abspath(sys.argv[1])]
QUESTION = "Node or Django for a live auction board with thousands of bids a second?"
TOKENS = ["xr3j5x3p4pfk7kk6ck7b4e6ghh", "second-token"]
FORM, JSON = "application/x-www-form-urlencoded", "application/json"

scratch = None
started = []


def write_secret(name, text):
    (scratch / name).write_text(text + "\n")
    (scratch / name).chmod(0o600)


def run(sections):
    write_secret("tokens", "\n".join(TOKENS))
    daemon = Daemon(WHETHER, scratch, f"[http]\nlisten = 127.0.0.1:0\n[log]\nlevel = debug\n{sections}").start()
    started.append(daemon)
    return daemon


def post(daemon, path, fields, kind=FORM, **headers):
    body = fields if isinstance(fields, str) else urllib.parse.urlencode(fields) if kind == FORM else json.dumps(fields)
    status, text = daemon.request("POST", path, body, {"Content-Type": kind} | headers)
    return status, json.loads(text) if text else None


def outgoing(text, ident="p1", user="u1", trigger="whether", **more):
    """developers.mattermost.com/integrate/webhooks/outgoing"""
    return {"channel_id": "hawos4dqtby53pd64o4a4cmeoo", "channel_name": "town-square", "team_domain": "team", "team_id": "kwoknj9nwpypzgzy78wkw516qe",
            "post_id": ident, "text": text, "timestamp": "1445532266", "token": TOKENS[0], "trigger_word": trigger, "user_id": user, "user_name": "ann"} | more


def slash(text, ident="t1", user="u1", **more):
    """developers.mattermost.com/integrate/slash-commands/custom"""
    return {"channel_id": "hawos4dqtby53pd64o4a4cmeoo", "channel_name": "town-square", "command": "/whether", "response_url": "https://mm.example/hooks/x",
            "team_domain": "team", "team_id": "kwoknj9nwpypzgzy78wkw516qe", "text": text, "token": TOKENS[1], "trigger_id": ident, "user_id": user,
            "user_name": "ann"} | more


def rejected(daemon, reason):
    return daemon.metric(f'whether_rejected_total{{reason="{reason}"}}')


def case_mattermost():
    daemon = run("[mattermost]\ntoken_file = tokens\n")
    path = "/hooks/mattermost"
    status, said = post(daemon, path, outgoing(f"whether: {QUESTION}"))
    assert status == 200 and said["response_type"] == "comment" and said["text"].startswith("**Node.js"), said
    assert post(daemon, path, outgoing("whether why?", "p2"), JSON)[1]["text"].startswith("**Node.js, because of real-time"), "it goes on"
    assert post(daemon, path, outgoing(f"whether: {QUESTION}"))[1] == {}, "the same post again"
    status, said = post(daemon, path, slash("Node or Django? The team knows Python.", user="u2"), Authorization="Token " + TOKENS[1])
    assert said["response_type"] == "ephemeral" and said["skip_slack_parsing"] is True and "Django" in said["text"], said
    assert post(daemon, path, slash("", "t2", user="u3"))[1]["text"], "help"
    said = post(daemon, path, slash("record", "t3", user="u2"))[1]["text"]
    assert "## Decision Outcome" in said and "Chosen option: Django" in said, said
    # R1, M7: loops.
    assert post(daemon, path, outgoing(f"whether: {QUESTION}", "p9", "u9", bot="true"))[1] == {}
    for change, status, reason in [({"token": ""}, 401, "signature_missing"), ({"token": TOKENS[0][:-1]}, 401, "signature_wrong"),
                                   ({"token": TOKENS[0].upper()}, 401, "signature_wrong"), ({"channel_id": ""}, 400, "malformed"),
                                   ({"user_id": "x" * 500}, 400, "malformed"), ({"user_id": "a\nb"}, 400, "malformed")]:
        assert post(daemon, path, outgoing("whether hi", "p10") | change)[0] == status, change
        assert rejected(daemon, reason) > 0
    # The token twice, be it right once or twice.
    for body, kind in [(f"token=x&token={TOKENS[0]}&text=hi", FORM), (f"token={TOKENS[0]}&token={TOKENS[0]}&text=hi", FORM),
                       (f'{{"token": "x", "token": "{TOKENS[0]}", "text": "hi"}}', JSON)]:
        assert post(daemon, path, body, kind)[0] == 400, body
    assert post(daemon, path, "{", JSON)[0] == 400 and post(daemon, path, "a=%zz")[0] == 400
    assert post(daemon, path, "token=x", "text/plain")[0] == 415 and daemon.request("GET", path + "?token=x")[0] == 405
    assert post(daemon, path, "x" * (1 << 20) + "y")[0] == 413
    assert not [line for line in daemon.lines if TOKENS[0] in line or TOKENS[1] in line]
    assert daemon.stop() == 0


def case_rocketchat():
    """Rocket.Chat.Docs, integrations: the payload of an outgoing webhook."""
    daemon = run("[rocketchat]\ntoken_file = tokens\n")

    def message(text, ident="m1", **more):
        return {"token": TOKENS[0], "bot": False, "channel_id": "GENERAL", "channel_name": "general", "message_id": ident,
                "timestamp": "2026-01-01T00:00:00.000Z", "user_id": "u1", "user_name": "ann", "text": text, "trigger_word": "whether", "siteUrl": "x"} | more

    path = "/hooks/rocketchat"
    status, said = post(daemon, path, message(f"whether {QUESTION}"), JSON)
    assert status == 200 and set(said) == {"text"} and said["text"].startswith("**Node.js"), said
    for number, more in enumerate([{"bot": {"i": "integration"}}, {"user_name": "rocket.cat"}, {"user_id": "rocket.cat"}, {"isEdited": True}, {"bot": True}]):
        assert post(daemon, path, message(f"whether {QUESTION}", f"b{number}", **more), JSON) == (200, {}), more
    assert post(daemon, path, message("whether hi", token="x"), JSON)[0] == 401
    assert daemon.stop() == 0


def case_record():
    """Who asks for a record gets it as a snippet, and a link that only who was told it has; made again it is the same link."""
    sections = "[bot]\nrecords = records\n[mattermost]\ntoken_file = tokens\n[page]\naddress = https://whether.example.org/\n"
    daemon = run(sections)
    ask = lambda text, ident, user: post(daemon, "/hooks/mattermost", slash(text, ident, user=user))[1]["text"]
    ask(QUESTION, "t1", "u1")
    ask("Node or Django? The team knows Python.", "t2", "u2")
    said = [ask("record", f"t3{user}", user) for user in ("u1", "u2")]
    links = [re.search(r"\]\(https://whether\.example\.org(/record\?of=node-or-django-[0-9a-f]{32})\)", one)[1] for one in said]
    assert links[0] != links[1] and "## Decision Outcome" in said[0], said

    def page(link, host="whether.example.org"):
        return daemon.request("GET", link, headers={"Host": host})

    assert "Chosen option: Node.js" in page(links[0])[1] and "Chosen option: Django" in page(links[1])[1]
    assert sorted(file.stem for file in (scratch / "records").iterdir()) == sorted(link.partition("=")[2] for link in links)
    assert page(links[0][:-1] + ("0" if links[0][-1] != "0" else "1"))[0] == 404 and page(links[0], "evil.example")[0] == 403
    assert not [line for line in daemon.lines if links[0].partition("=")[2] in line], "the log tells the key"
    # After a restart, and when more was said.
    assert daemon.stop() == 0
    daemon.start()
    ask("It is not live, but an internal CRUD app with an admin panel.", "t4", "u1")
    assert links[0] in ask("record", "t5", "u1")
    assert "Chosen option: Django" in page(links[0])[1]
    # Where it cannot be kept nobody is sent there.
    (scratch / "records").rename(scratch / "away")
    (scratch / "records").write_text("")
    said = ask("record", "t6", "u1")
    assert "/record?of=" not in said and "## Decision Outcome" in said, said
    daemon.wait_for("record.failed")
    assert daemon.stop() == 0


CASES = {name.removeprefix("case_"): value for name, value in globals().items() if name.startswith("case_")}


def main():
    global scratch
    names = sys.argv[2:] or list(CASES)
    print(f"1..{len(names)}", flush=True)
    failed = 0
    for number, name in enumerate(names, 1):
        with tempfile.TemporaryDirectory(prefix="whether-chats-") as folder:
            scratch = pathlib.Path(folder)
            try:
                CASES[name]()
                print(f"ok {number} - {name}", flush=True)
            except Exception:
                failed += 1
                text = traceback.format_exc()
                print(f"not ok {number} - {name}\n" + "".join(f"# {line}\n" for line in text.splitlines()), flush=True)
            finally:
                while started:
                    daemon = started.pop()
                    if daemon.process.poll() is None:
                        daemon.kill()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
