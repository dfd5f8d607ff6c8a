#!/usr/bin/env python3
"""Verdicts of tickets told in chats as well: on IRC (ngircd), in Slack (npm `emulate` behind slack.mjs), and by the incoming
webhooks of Discord, Mattermost and Rocket.Chat (fake_trackers.py). The tickets are of a fake Gitea.

usage: announce.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases; WHETHER_WRAPPER goes before WHETHER
"""
import contextlib
import hashlib
import hmac
import json
import sys
import time

import ircstage as stage
import slack as slackstage
from daemon import Daemon, wait_until
from fake_trackers import FakeDiscord, FakeGitea, FakeMattermost, FakeRocketchat
from irckit import WRAPPER, Ngircd, Person

QUESTION = "Node or Django for a live auction board with thousands of bids a second?"
TOLD = "Node.js, clearly, because of "
SETTLE_S = 0.7


class Team:
    """A tracker, and the bot that announces what it says there; with Team("discord", sections) as team: ..."""

    def __init__(self, where, sections):
        self.tracker = FakeGitea()
        stage.secret("secret", "s\n")
        stage.secret("token", self.tracker.TOKEN + "\n")
        self.daemon = Daemon([*WRAPPER, stage.program], stage.scratch, f"""
[http]
listen = 127.0.0.1:0
[log]
level = debug
[gitea]
secret_file = secret
token_file = token
api = {self.tracker.url}/api/v1
announce = {where}
{sections}""")

    def __enter__(self):
        self.tracker.__enter__()
        self.daemon.start()
        self.daemon.wait_for("tracker.ready")
        return self

    def __exit__(self, kind, *rest):
        try:
            self.daemon.__exit__(kind, *rest)
        finally:
            self.tracker.__exit__()
        assert kind or not self.tracker.refusals, self.tracker.refusals

    def comment(self, text, ident, number=5):
        """Somebody says it in a ticket; ident is the comment's, and its author's."""
        body = json.dumps({"action": "created", "issue": {"number": number, "id": 9, "title": "t", "body": ""}, "sender": {"login": f"p{ident}"},
                           "comment": {"id": ident, "body": text, "user": {"login": f"p{ident}"}}, "repository": {"full_name": "acme/shop"}})
        signature = hmac.new(b"s", body.encode(), hashlib.sha256).hexdigest()
        status, _ = self.daemon.request("POST", "/hooks/gitea", body, {
            "Content-Type": "application/json", "X-Gitea-Event": "issue_comment", "X-Gitea-Delivery": f"d{ident}", "X-Gitea-Signature": signature})
        assert status == 200, status

    def given_up(self, name):
        return self.daemon.metric(f'whether_deliveries_given_up_total{{adapter="{name}"}}')


def case_irc():
    """Into a channel of a real server; what is asked while the network is away is told when it is back; only verdicts are."""
    server = stage.start(Ngircd(stage.scratch, stage.keys))
    alice = stage.start(Person(server.port, "alice"))
    alice.join("#team")
    with Team("irc net, #team", stage.network(server.tls_port, tls=True, channels="#team")) as team:
        team.daemon.wait_for("irc.joined")
        team.comment(f"@whether-bot {QUESTION}", 1)
        line = alice.seen(rf"^:whether!\S+ PRIVMSG #team :acme/shop 5: {TOLD}")
        assert len(line.string) <= 510, line
        team.comment("@whether-bot thanks", 2)
        wait_until(lambda: len(team.tracker.comments) == 2, "both answers in the ticket")
        # The server goes away and comes back on the same ports.
        port, tls_port = server.port, server.tls_port
        stage.parts.remove(alice)
        alice.leave()
        stage.parts.remove(server)
        server.stop()
        team.daemon.wait_for("irc.disconnected")
        team.comment(f"@whether-bot {QUESTION}", 3, 6)
        wait_until(lambda: len(team.tracker.comments) == 3, "the answer in the ticket, whatever becomes of IRC")
        server = stage.start(Ngircd(stage.scratch, stage.keys, port=port, tls_port=tls_port))
        alice = stage.start(Person(port, "alice"))
        alice.join("#team")
        alice.wait(rf"^:whether!\S+ PRIVMSG #team :acme/shop 6: {TOLD}", 60)
        time.sleep(SETTLE_S)
        assert alice.count(r"PRIVMSG #team :") == 1 and not team.given_up("irc net"), alice.lines


def case_slack():
    """Into a channel of emulate's workspace: no thread, no buttons; an answer that is lost is looked for, not said again."""
    slackstage.scratch = stage.scratch
    try:
        workspace = slackstage.Slack()
        channel = workspace.api("ann", "conversations.create", name="team")["channel"]["id"]
        workspace.api("ann", "conversations.invite", channel=channel, users="UBOT")
        stage.secret("slack-token", "xoxb-bot\n")
        with Team(f"slack, {channel}", f"[slack]\nsigning_secret_file = secret\nbot_token_file = slack-token\napi = {workspace.url}/api\n") as team:
            team.daemon.wait_for("slack.ready")
            team.comment(f"@whether-bot {QUESTION}", 1)
            told = wait_until(lambda: workspace.posts(channel), "the announcement")
            assert told[0]["text"].startswith(f"acme/shop 5: {TOLD}") and "thread_ts" not in told[0], told
            assert all(block["type"] != "actions" for block in told[0].get("blocks", [])), told
            workspace.control("fault", method="chat.postMessage", kind="swallow", times=1)
            team.comment(f"@whether-bot {QUESTION}", 2, 6)
            wait_until(lambda: team.daemon.metric('whether_deliveries_total{adapter="slack"}') == 2, "the second to be found")
            assert len(workspace.posts(channel)) == 2, workspace.posts(channel)
            team.comment("@whether-bot thanks", 3)
            wait_until(lambda: len(team.tracker.comments) == 3, "an answer that is no verdict")
            time.sleep(SETTLE_S)
            assert len(workspace.posts(channel)) == 2
    finally:
        with contextlib.suppress(IndexError):
            while process := slackstage.started.pop():
                process.stdin.close()
                process.kill()
                process.wait()


def told_by_webhook(kind, fake):
    """Rate limits and 503 are waited out; what may have arrived is not said again, and that is told; so is a refusal."""
    with fake() as chat:
        stage.secret("webhook", chat.url + chat.URL + "\n")
        stage.secret("chat-token", "t\n")
        section = f"[{kind}]\nwebhook_file = webhook\n" + ("" if kind == "discord" else "token_file = chat-token\n")
        with Team(kind, section) as team:
            for number, faults in enumerate([[], [429], [503]]):
                chat.faults = list(faults)
                team.comment(f"@whether-bot {QUESTION}", number, number)
                wait_until(lambda: len(chat.comments) == number + 1, f"an announcement after {faults}", 60)
            assert [one["body"][:len(TOLD) + 13] for one in chat.comments] == [f"acme/shop {number}: {TOLD}" for number in range(3)], chat.comments
            team.comment("@whether-bot thanks", 7)
            wait_until(lambda: len(team.tracker.comments) == 4, "an answer that is no verdict")
            # Lost on its way back; a gateway; deleted: each is given up once, and the ticket has its answer all the same.
            for number, fault in enumerate(["swallow", 502, 404], 10):
                chat.faults = [fault]
                team.comment(f"@whether-bot {QUESTION}", number, number)
                wait_until(lambda: team.given_up(kind) == number - 9, f"{fault} to be given up")
            wait_until(lambda: len(team.tracker.comments) == 7, "all answers in tickets")
            time.sleep(SETTLE_S)
            assert len(chat.comments) == 4 and not chat.refusals, (chat.comments, chat.refusals)
            assert not [line for line in team.daemon.lines if "secret-part" in line]


def case_discord():
    told_by_webhook("discord", FakeDiscord)


def case_mattermost():
    told_by_webhook("mattermost", FakeMattermost)


def case_rocketchat():
    told_by_webhook("rocketchat", FakeRocketchat)


if __name__ == "__main__":
    sys.exit(stage.run_cases(sys.argv, globals()))
