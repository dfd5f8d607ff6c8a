#!/usr/bin/env python3
"""`whether run` in two thousand workspaces: half of them installations of one app, at one path with one secret; half with apps of their
own, each a file of a folder that the configuration includes. Each must be known by its own secret and be answered with its own token.

usage: workspaces.py WHETHER     prints TAP; WHETHER_WRAPPER goes before WHETHER
"""
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from daemon import PATIENCE_S, ROOT, Daemon, wait_until  # noqa: E402
from fake_slack import FakeSlack  # noqa: E402
from irckit import WRAPPER  # noqa: E402

WHETHER = [*WRAPPER, os.path.abspath(sys.argv[1])]
SHARED, OWN = 1000, 1000
APP_SECRET = "the secret of the app that is in many workspaces"
stage = {}


class Workspace:
    """What the test knows of one; `own`: it has an app, a path and a secret of its own."""

    def __init__(self, number, own):
        self.team, self.own = f"T{number}", own
        self.secret = f"the secret of {number}" if own else APP_SECRET
        self.path = f"/slack/w{number}" if own else "/slack"
        self.token = f"xoxb-{number}"

    def section(self, api):
        name = self.team.replace("T", "w")
        secret = f"{name}.secret" if self.own else "app.secret"
        path = "" if self.own else "path = /slack\n"
        return (f"[slack {name}]\nteam = {self.team}\nsigning_secret_file = {secret}\nbot_token_file = {name}.token\n"
                f"api = {api}\n{path}")

    def write(self, folder, api):
        """A file of its own, its secrets beside it."""
        name = self.team.replace("T", "w")
        write(folder / f"{name}.token", self.token)
        if self.own:
            write(folder / f"{name}.secret", self.secret)
            write(folder / f"{name}.ini", self.section(api))


class ManySlacks(FakeSlack):
    """A Slack of many workspaces, each with its own token."""

    def __init__(self):
        super().__init__()
        self.tokens = {}

    def team_of(self, token):
        return self.tokens.get(token)


def write(path, text):
    path.write_text(text)
    path.chmod(0o600)


def signed(secret, data):
    now = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{now}:".encode() + data, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": f"v0={digest}"}


class Client:
    """One connection, as Slack keeps them."""

    def __init__(self, daemon):
        self.connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE_S)
        self.serial = 0

    def send(self, path, kind, data, secret):
        self.connection.request("POST", path, data, {"Content-Type": kind} | signed(secret, data))
        response = self.connection.getresponse()
        return response.status, response.read().decode()

    def command(self, where, secret=None, team=None):
        self.serial += 1
        form = urllib.parse.urlencode({"team_id": team or where.team, "channel_id": "C1", "user_id": f"U{self.serial}",
                                       "trigger_id": f"1.{self.serial}", "text": "Node or Django for a live auction board?"})
        return self.send(where.path + "/commands", "application/x-www-form-urlencoded", form.encode(), secret or where.secret)

    def mention(self, where):
        self.serial += 1
        event = {"type": "app_mention", "channel": f"C{where.team}", "user": f"U{self.serial}", "ts": f"17.{self.serial}",
                 "text": "<@U0BOT> Node or Django for a live auction board?"}
        body = {"type": "event_callback", "team_id": where.team, "event_id": f"Ev{self.serial}", "event": event}
        return self.send(where.path + "/events", "application/json", json.dumps(body).encode(), where.secret)[0]


def answered():
    """Team -> teams of the tokens that its channel was answered with."""
    slack, found = stage["slack"], {}
    with slack.lock:
        for (channel, _), messages in slack.messages.items():
            found.setdefault(channel[1:], []).extend(message["team"] for message in messages)
    return found


def set_up(folder):
    slack, everybody = stage["slack"], [Workspace(i, i >= SHARED) for i in range(SHARED + OWN)]
    teams = folder / "teams"
    teams.mkdir()
    for one in everybody:
        one.write(teams if one.own else folder, slack.api)
        slack.tokens[one.token] = one.team
    write(folder / "app.secret", APP_SECRET)
    shared = "".join(one.section(slack.api) for one in everybody if not one.own)
    stage["everybody"], stage["teams"] = everybody, teams
    return "[bot]\ninclude = teams\n[http]\nlisten = 127.0.0.1:0\n" + shared


def case_checked():
    config = stage["folder"] / "whether.ini"
    said = subprocess.run([*WHETHER, "check", "-c", str(config)], capture_output=True, text=True, timeout=PATIENCE_S,
                          env={"WHETHER_PACKS": str(ROOT / "knowledge")})
    assert said.returncode == 0, said.stderr


def case_each_is_who_it_should_be():
    """With another's token a workspace would say so: it knows its team."""
    daemon = stage["daemon"]
    daemon.wait_for("slack.ready", count=SHARED + OWN)
    assert not daemon.events("slack.trouble"), daemon.events("slack.trouble")[0]
    status, said = daemon.request("GET", "/readyz")
    adapters = json.loads(said)["adapters"]
    assert status == 200 and len(adapters) == SHARED + OWN, (status, len(adapters))
    for one in adapters:
        number = one["name"].removeprefix("slack w")
        assert one["text"] == f"is U0BOT in workspace T{number}", one


def case_each_is_answered_with_its_own_token():
    client = stage["client"]
    for one in stage["everybody"]:
        assert client.mention(one) == 200, one.team
    wait_until(lambda: len(answered()) == SHARED + OWN, "an answer in each workspace", 4 * PATIENCE_S)
    for team, tokens in answered().items():
        assert tokens == [team], (team, tokens)


def case_commands():
    for one in stage["everybody"][::7]:
        status, said = stage["client"].command(one)
        assert status == 200 and "Node" in said, (one.team, status, said)


def case_another_ones_secret_is_refused():
    client, everybody = stage["client"], stage["everybody"]
    for one in everybody[SHARED::53]:
        for secret in (APP_SECRET, everybody[SHARED + (int(one.team[1:]) + 1) % OWN].secret):
            assert client.command(one, secret)[0] == 401, one.team
    assert client.command(everybody[0], everybody[SHARED].secret)[0] == 401
    status, said = client.command(everybody[0], team=everybody[SHARED].team)
    assert status == 200 and "not set up for this workspace" in said, (status, said)
    status, said = client.command(everybody[SHARED], team=everybody[0].team)
    assert status == 200 and "not set up for this workspace" in said, (status, said)


def case_reload_with_one_changed():
    """One has a new secret and token, one goes, one comes; nobody else notices."""
    daemon, slack, teams, client = stage["daemon"], stage["slack"], stage["teams"], stage["client"]
    changed, gone, new = stage["everybody"][SHARED + 5], stage["everybody"][-1], Workspace(SHARED + OWN, True)
    old_secret = changed.secret
    changed.secret, changed.token = "another secret", "xoxb-new"
    for one in (changed, new):
        slack.tokens[one.token] = one.team
        one.write(teams, slack.api)
    (teams / f"{gone.team.replace('T', 'w')}.ini").unlink()
    mark = len(daemon.lines)
    daemon.send(1)
    done = daemon.wait_for("reload.done", since=mark)
    assert (done["adapters_kept"], done["adapters_stopped"], done["adapters_started"]) == (str(SHARED + OWN - 2), "2", "2"), done
    daemon.wait_for("slack.ready", since=mark, count=2)
    assert client.command(changed, old_secret)[0] == 401
    assert client.command(gone)[0] == 404
    for one in (changed, new, stage["everybody"][0], stage["everybody"][SHARED]):
        assert client.command(one)[0] == 200, one.team
        assert client.mention(one) == 200, one.team
    wait_until(lambda: len(answered().get(changed.team, [])) == 2 and len(answered().get(new.team, [])) == 1, "answers after it")
    assert answered()[changed.team] == [changed.team] * 2


def case_a_slip_in_one_file_changes_nothing():
    daemon, teams = stage["daemon"], stage["teams"]
    (teams / "w1500.ini").write_text("[slack w1500]\nsigning_secret_file = w1500.secret\ntoken = x\n")
    mark = len(daemon.lines)
    daemon.send(1)
    daemon.wait_for("reload.refused", since=mark)
    fault = daemon.wait_for("reload.fault", since=mark)
    assert fault["file"].endswith("teams/w1500.ini") and fault["line"] == "3", fault
    assert stage["client"].command(stage["everybody"][1500])[0] == 200


def main():
    with tempfile.TemporaryDirectory(prefix="whether-workspaces-") as name, ManySlacks() as slack:
        folder = pathlib.Path(name)
        stage.update(folder=folder, slack=slack)
        with Daemon(WHETHER, folder, set_up(folder)) as daemon:
            stage.update(daemon=daemon, client=Client(daemon))
            failed = tap.run(globals())
            stage["client"].connection.close()
    return failed


sys.exit(main())
