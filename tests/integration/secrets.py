#!/usr/bin/env python3
"""Where secrets are in the memory of a running `whether run`: in pages of their own while they hold, and nowhere once they are changed.

usage: secrets.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases. Reading another's memory takes root.
"""
import base64
import hashlib
import hmac
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse

import fake_slack
import ircstage as stage
from daemon import PATIENCE_S, Daemon, wait_until
from irckit import ScriptedServer
from senders import FakeAll

QUESTION = "Node or Django for a live auction board?"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NAMES = ["api", "gaps", "signing", "bot", "github-secret", "github", "gitlab-secret", "gitlab", "jira-secret", "jira", "mattermost",
         "sasl", "server", "nickserv"]


class Memory:
    """What a process can write to, read at one moment."""

    def __init__(self, pid):
        self.parts = []
        smaps = pathlib.Path(f"/proc/{pid}/smaps").read_text()
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for found in re.finditer(r"^([0-9a-f]+)-([0-9a-f]+) (rw\S*) .*?(?:  +(\S+))?\n(?:[A-Z].*\n)*?VmFlags: (.*)$", smaps, re.M):
                start, end = int(found[1], 16), int(found[2], 16)
                memory.seek(start)
                self.parts.append((found[4] or hex(start), set(found[5].split()), memory.read(end - start)))

    def find(self, text):
        """Where, and under which flags of the mapping, each time."""
        return [(name, flags) for name, flags, data in self.parts for _ in range(data.count(text.encode()))]

    def outside(self, text):
        """Those places that a core would hold, or that may be written to swap."""
        return [name for name, flags in self.find(text) if not {"dd", "lo"} <= flags]


class Scene:
    """Everything that has secrets, in one configuration, against fakes."""

    def __init__(self):
        self.tracker, self.slack = FakeAll(), fake_slack.FakeSlack()
        self.by_sasl, self.by_words = stage.start(ScriptedServer()), stage.start(ScriptedServer())
        self.secrets = {}
        files = "".join(f"[{name}]\nsecret_file = {name}-secret\ntoken_file = {name}\napi = {self.tracker.url}\n" for name in ("github", "gitlab"))
        self.config = (
            "[http]\nlisten = 127.0.0.1:0\n[api]\ntoken_file = api\n[page]\ngaps_token_file = gaps\n"
            f"[slack]\nsigning_secret_file = signing\nbot_token_file = bot\napi = {self.slack.api}\n{files}"
            f"[jira]\nsecret_file = jira-secret\ntoken_file = jira\nuser = bot@example.org\napi = {self.tracker.url}\n"
            "[mattermost]\ntoken_file = mattermost\n"
            + stage.network(self.by_sasl.port, "one", sasl="plain", sasl_user="whether", sasl_password_file="sasl", server_password_file="server")
            + stage.network(self.by_words.port, "two", nickserv_password_file="nickserv"))

    def __enter__(self):
        self.tracker.__enter__()
        self.slack.__enter__()
        return self

    def __exit__(self, *rest):
        self.tracker.__exit__()
        self.slack.__exit__()

    def change(self):
        """New secrets everywhere; the ones before."""
        before, self.secrets = self.secrets, {name: f"{name}-{os.urandom(12).hex()}" for name in NAMES}
        for name, text in self.secrets.items():
            stage.secret(name, text + "\n")
        fake_slack.TOKEN = self.secrets["bot"]
        return before

    def log_in(self):
        """Both networks: by SASL and the server's password, and by words to NickServ."""
        one, two = self.by_sasl.accept(), self.by_words.accept()
        one.expect("^CAP LS")
        assert one.expect("^PASS :?(.*)")[1] == self.secrets["server"]
        one.send(":irc.example CAP * LS :sasl=PLAIN")
        one.expect("^CAP REQ :?sasl")
        one.send(":irc.example CAP * ACK :sasl")
        one.expect("^AUTHENTICATE PLAIN")
        one.send("AUTHENTICATE +")
        assert one.expect("^AUTHENTICATE (.+)")[1] == self.sasl()
        one.send(":irc.example 900 whether w!w@h whether :You are now logged in", ":irc.example 903 whether :done")
        one.expect("^CAP END")
        one.welcome()
        two.register()
        two.expect("NickServ :?IDENTIFY " + self.secrets["nickserv"])

    def use(self, daemon):
        """Each of those that come with a request, and those that we send."""
        assert daemon.ask(QUESTION, token=self.secrets["api"])[0] == 200
        assert daemon.ask(QUESTION, token="another")[0] == 401
        assert daemon.request("GET", "/gaps", headers={"Authorization": "Basic " + self.basic("gaps", "me")})[0] == 200
        form = urllib.parse.urlencode({"token": self.secrets["mattermost"], "channel_id": "c", "user_id": "u", "user_name": "ann", "text": QUESTION})
        assert daemon.request("POST", "/hooks/mattermost", form, FORM)[0] == 200
        command, stamp = urllib.parse.urlencode({"command": "/whether", "text": QUESTION, "team_id": fake_slack.TEAM, "user_id": "U1",
                                                 "channel_id": "C1", "trigger_id": os.urandom(4).hex()}), str(int(time.time()))
        key = hmac.new(self.secrets["signing"].encode(), f"v0:{stamp}:{command}".encode(), hashlib.sha256).hexdigest()
        said = daemon.request("POST", "/slack/commands", command, FORM | {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": "v0=" + key})
        assert said[0] == 200, said
        said = daemon.request("POST", "/hooks/gitlab", "{}", {"X-Gitlab-Token": self.secrets["gitlab-secret"], "X-Gitlab-Event": "Push Hook",
                                                              "Content-Type": "application/json"})
        assert said[0] == 200, said

    def sasl(self):
        return base64.b64encode(f"whether\0whether\0{self.secrets['sasl']}".encode()).decode()

    def basic(self, name, user="bot@example.org"):
        return base64.b64encode(f"{user}:{self.secrets[name]}".encode()).decode()

    def passed_through(self):
        """Used once, and not kept. Words to NickServ are, by libircclient, in a buffer of a connection that it does not clear."""
        return {"sasl, coded": self.sasl(), "gaps, coded": self.basic("gaps", "me")}

    def held(self):
        return self.secrets | {"jira, coded": self.basic("jira")}


def case_in_pages_of_their_own_and_gone_when_changed():
    with Scene() as scene:
        scene.change()
        daemon = Daemon([stage.program], stage.scratch, scene.config).start()
        with_daemon(daemon, scene)


def with_daemon(daemon, scene):
    try:
        scene.log_in()
        daemon.wait_for("tracker.ready", count=3)
        daemon.wait_for("slack.ready")
        scene.use(daemon)
        first = in_use(daemon, scene)
        mark = len(daemon.lines)
        scene.change()
        daemon.send(signal.SIGHUP)
        daemon.wait_for("reload.done", since=mark)
        scene.log_in()
        daemon.wait_for("tracker.ready", since=mark, count=3)
        scene.use(daemon)
        in_use(daemon, scene)
        left = settled(daemon, lambda memory: {name: places for name, text in first.items() if (places := memory.find(text))})
        assert not left, left
    finally:
        daemon.stop()


def settled(daemon, complaints):
    """What complaints(memory) comes to: a connection that is just being closed, or a mapping that goes while it is read, is nothing found."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            found = complaints(Memory(daemon.process.pid))
        except OSError as error:
            found = error
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.1)


def in_use(daemon, scene):
    """All are there, which shows that looking finds them, and none is where it may leave the process."""
    def complaints(memory):
        lost = [name for name, text in scene.held().items() if not memory.find(text)]
        astray = {name: places for name, text in (scene.held() | scene.passed_through()).items()
                  if (places := memory.outside(text)) and name != "nickserv"}
        return {"lost": lost, "astray": astray} if lost or astray else None

    found = settled(daemon, complaints)
    assert not found, found
    return scene.held() | scene.passed_through()


def core_of(process):
    """Whether the process, killed by what leaves a core, leaves one."""
    process.send_signal(signal.SIGSEGV)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -signal.SIGSEGV
    assert os.WTERMSIG(status) == signal.SIGSEGV, status
    return os.WCOREDUMP(status)


def allow_cores():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def case_no_core_and_no_new_privileges():
    daemon = Daemon([stage.program], stage.scratch, "[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n")
    allow_cores()
    daemon.start()
    try:
        status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
        limits = pathlib.Path(f"/proc/{daemon.process.pid}/limits").read_text()
        assert re.search(r"^NoNewPrivs:\s*1$", status, re.M), status
        assert re.search(r"^Max core file size +0 +0 ", limits, re.M), limits
        assert not core_of(daemon.process)
    finally:
        daemon.stop()


def case_others_of_the_same_user_read_no_memory():
    """As nobody, who started it: the files of another own process can be read, the daemon's belong to root."""
    folder = stage.scratch / "nobody"
    folder.mkdir()
    shutil.chown(folder, "nobody")
    stage.scratch.chmod(0o755)
    daemon = Daemon(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", stage.program], folder,
                    "[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n").start()
    other = subprocess.Popen(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sleep", "60"])
    try:
        def readable(pid):
            return subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "dd", f"if=/proc/{pid}/environ", "of=/dev/null"],
                                  stderr=subprocess.DEVNULL).returncode == 0
        wait_until(lambda: os.stat(f"/proc/{other.pid}").st_uid == 65534, "another process of nobody's")
        assert readable(other.pid), "the look itself fails"
        assert not readable(daemon.process.pid)
    finally:
        other.kill()
        other.wait(PATIENCE_S)
        daemon.stop()


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("1..0 # SKIP reading another process's memory takes root")
        sys.exit(0)
    sys.exit(stage.run_cases(sys.argv, globals()))
