#!/usr/bin/env python3
"""README's how-tos, typed as they stand: each one's whether.ini against a fake of what it is about, `--try`, and a question answered.
What a newcomer has to put in place of the examples is put in place here: addresses, and the files.

usage: howto.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases; WHETHER_WRAPPER goes before WHETHER
"""
import hashlib
import hmac
import json
import re
import subprocess
import sys
import time
import urllib.parse

import ircstage as stage
import senders
from daemon import ROOT, Daemon, wait_until
from fake_slack import TEAM, TOKEN, FakeSlack
from fake_trackers import FakeDiscord
from irckit import WRAPPER, Atheme, Inspircd, Person, register_account

README = (ROOT / "README.md").read_text()
TYPED_MAX = 10      # lines of a how-to's file: it is to be typed
QUESTION = senders.QUESTION


def how_to(heading):
    """The section's text, and the whether.ini in it."""
    text = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", README, re.M | re.S)[1]
    lines = [line.strip() for line in re.findall(r"^ {7}(.*)$", text, re.M)]
    assert 0 < len(lines) <= TYPED_MAX, (heading, lines)
    return text, lines


def typed(lines, **places):
    """The lines with these keys' values, which are examples in README; keys that are not there are added."""
    rest = dict(places)
    made = []
    for line in lines:
        key = line.partition(" =")[0]
        made.append(f"{key} = {rest.pop(key)}" if key in rest else line)
    return "\n".join(made + [f"{key} = {value}" for key, value in rest.items()]) + "\n"


def install(**files):
    for name, text in files.items():
        stage.secret(name.replace("_", "-"), text + "\n")


def run(config, port=True):
    """What it says of itself first, as README tells people to look."""
    daemon = Daemon([*WRAPPER, stage.program], stage.scratch, config, port=port)
    done = subprocess.run([*daemon.command, "--try"], cwd=stage.scratch, env=daemon.env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return daemon


def case_trackers():
    """Each tracker: a mention is answered where it was made, in ten lines of configuration."""
    for heading, sender in [("GitHub", senders.Github()), ("GitLab", senders.Gitlab()), ("Gitea and Forgejo", senders.Forgejo()),
                            ("Jira Cloud", senders.Jira()), ("Linear", senders.Linear()), ("Anything else", senders.Generic())]:
        text, lines = how_to(heading)
        assert sender.path in text, heading
        with senders.FakeAll() as tracker:
            places = {"listen": "127.0.0.1:0"} | ({"reply_hosts": tracker.url.removeprefix("http://")} if sender.path.endswith("generic") else
                                                  {"api": tracker.url})
            install(secret=senders.TOKEN if heading == "GitLab" else senders.SECRET, token="x")
            senders.Generic.reply = tracker.url
            with run(typed(lines, **places)) as daemon:
                daemon.wait_for("tracker.ready")
                assert sender.send(daemon, sender.body(f"@whether {QUESTION}", 1)) == 200, heading
                said = wait_until(lambda: tracker.comments, f"an answer, {heading}")
                assert "Node.js" in said[0]["body"], (heading, said)


def case_chats():
    for heading, text in [("Mattermost", f"whether: {QUESTION}"), ("Rocket.Chat", f"whether {QUESTION}")]:
        section, lines = how_to(heading)
        path = re.search(r"YOUR\.HOST(/hooks/\w+)", section)[1]
        install(tokens="the-token")
        with run(typed(lines, listen="127.0.0.1:0")) as daemon:
            body = {"token": "the-token", "channel_id": "c", "user_id": "u", "user_name": "ann", "text": text, "trigger_word": "whether", "bot": False}
            status, said = daemon.request("POST", path, json.dumps(body), {"Content-Type": senders.JSON})
            assert status == 200 and json.loads(said)["text"].startswith("**Node.js"), (heading, said)


def case_discord():
    _, lines = how_to("Discord")
    _, tracker_lines = how_to("Gitea and Forgejo")
    with FakeDiscord() as discord, senders.FakeAll() as tracker:
        install(secret=senders.SECRET, token="x", discord_webhook=discord.url + discord.URL)
        with run(typed(tracker_lines, listen="127.0.0.1:0", api=tracker.url, announce="discord") + typed(lines)) as daemon:
            daemon.wait_for("tracker.ready")
            sender = senders.Gitea()
            assert sender.send(daemon, sender.body(f"@whether {QUESTION}", 1)) == 200
            told = wait_until(lambda: discord.comments, "the announcement")
            assert told[0]["body"].startswith("acme/shop1 1: Node.js"), told


def case_slack():
    _, lines = how_to("In Slack")
    with FakeSlack() as slack:
        install(signing_secret="s", bot_token=TOKEN)

        def command(text, trigger):
            body = urllib.parse.urlencode({"command": "/whether", "text": text, "team_id": TEAM, "channel_id": "C1", "user_id": "U1", "trigger_id": trigger})
            at = str(int(time.time()))
            signature = "v0=" + hmac.new(b"s", f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
            status, said = daemon.request("POST", "/slack/commands", body, {"Content-Type": senders.FORM, "X-Slack-Request-Timestamp": at,
                                                                          "X-Slack-Signature": signature})
            assert status == 200, (status, said)
            return said

        # Beside what is to be typed, docs/page.md: a link to the record, before the snippet.
        records = "[bot]\nrecords = records\n[page]\naddress = https://whether.example.org\n"
        with run(typed(lines, listen="127.0.0.1:0", api=slack.api) + records) as daemon:
            daemon.wait_for("slack.ready")
            assert "Node.js" in command(QUESTION, "1.1")
            said = command("record", "1.2")
            link = re.search(r"<https://whether\.example\.org/record\?of=node-or-django-[0-9a-f]{32}\|", said)
            assert link and said.index("```") > link.start() and "Decision Outcome" in said, said


def case_irc():
    """A real network with services, where the account of the example is registered."""
    text, lines = how_to("On IRC")
    assert "`chmod 600 password`" in text
    server = stage.start(Inspircd(stage.scratch, stage.keys))
    stage.start(Atheme(stage.scratch, server))
    register_account(server, stage.keys, "whether", "pass-word")
    install(password="pass-word")
    alice = stage.start(Person(server.port, "alice"))
    alice.join("#team")
    # The network's name and certificate are what a newcomer's machine knows already.
    with run(typed(lines, server=f"localhost:{server.tls_port}", ca_file=stage.path_of("ca.pem")), port=False) as daemon:
        assert daemon.wait_for("irc.connected")["account"] == "whether"
        daemon.wait_for("irc.joined")
        alice.tell("#team", f"whether: {QUESTION}")
        alice.wait(r":whether!\S+ PRIVMSG #team :alice: \x02?Node\.js")
        alice.tell("whether", QUESTION)
        alice.wait(r":whether!\S+ PRIVMSG alice :\x02?Node\.js")


if __name__ == "__main__":
    sys.exit(stage.run_cases(sys.argv, globals()))
