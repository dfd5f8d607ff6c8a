#!/usr/bin/env python3
"""The package on a Debian 12 that systemd has booted: docs/operating.md is typed, command by command, and its table of what one
sees is brought about, row by row.

usage: booted.py [CASE...]     prints TAP; the first case and these alone. As root, where cgroup2 is mounted; a Debian mirror must be
in reach
"""
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import socket
import sys
import tempfile
import time

import debian
from debian import ROOT, ask, http_get, wait_until

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "integration")]
import tap  # noqa: E402
from fake_slack import TOKEN, FakeSlack  # noqa: E402

GUIDE = (ROOT / "docs" / "operating.md").read_text()
CONFIG = "/etc/whether/whether.ini"
API = "[api]\nopen = yes\n"
FACT = "Node or Django? The frontend is React."
NAMES = ["case_" + name for name in sys.argv[1:]]
QUIET = {"Content-Type": "application/json"}

machine = None
typed = set()  # lines of the guide


def guide(line, **more):
    """Types a line of the guide, as root. What stands there as a column of its own is for the reader."""
    assert re.search(rf"^    {re.escape(line)}(?:  .*)?$", GUIDE, re.M), f"docs/operating.md does not say {line!r}"
    typed.add(line)
    return machine.sh(line.removeprefix("sudo "), cwd="/", **more)


def row(seen):
    """The row of the guide's tables that begins so is what this is about."""
    assert re.search(rf"^\| [^|]*{re.escape(seen)}", GUIDE, re.M), f"docs/operating.md has no row with {seen!r}"


def in_tree(path):
    return machine.tree / path.lstrip("/")


def put(path, text, mode=0o644, group="root"):
    machine.run("install", "-D", "-o", "root", "-g", group, "-m", f"{mode:o}", "/dev/stdin", path, input=text)


def configure(more=API):
    """What the package came with, and this."""
    config = machine.sh("cat /usr/share/doc/whether/whether.ini.test").rstrip("\n") + "\n" + more
    put(CONFIG, config, 0o644)


def unit(what):
    return machine.attempt("systemctl", what, "whether")[0] == 0


def start():
    machine.attempt("systemctl", "reset-failed", "whether")
    machine.run("systemctl", "restart", "whether")
    wait_until(lambda: http_get("/healthz")[0] == 200, "the daemon")


def log(since=""):
    return machine.run("journalctl", "-u", "whether", "--no-pager", "-o", "cat", *(["--since", since] if since else []))


def now():
    """For journalctl: this second, and the log of the one before is not in it."""
    time.sleep(1.1)
    return machine.run("date", "+%F %T").strip()


def wait_for_log(text, since):
    wait_until(lambda: text in log(since), f"{text!r} in the log")


def events(name, since):
    return [line for line in log(since).splitlines() if f"event={name}" in line]


@contextlib.contextmanager
def anew(more=API):
    """A daemon of this configuration; the one after it begins with the package's again."""
    since = now()
    configure(more)
    start()
    try:
        yield since
    finally:
        configure()
        machine.attempt("systemctl", "stop", "whether")


def does_not_start(more, why):
    since = now()
    configure(more)
    machine.attempt("systemctl", "restart", "whether")
    wait_for_log(why, since)
    machine.attempt("systemctl", "stop", "whether")
    configure()


# --- in this order ------------------------------------------------------------------------------------


def case_installed_it_runs():
    said = machine.run("apt-get", "install", "-y", "-q", "--no-install-recommends", "/whether.deb")
    assert "Could not" not in said, said
    wait_until(lambda: http_get("/readyz")[0] == 200, "the daemon")
    assert "Active: active (running)" in guide("sudo systemctl status whether")
    assert unit("is-enabled")
    assert "Node" in http_get("/")[1]
    machine.run("cp", CONFIG, "/usr/share/doc/whether/whether.ini.test")


def case_confined_as_the_unit_says():
    said = machine.run("systemd-analyze", "security", "whether", "--no-pager")
    exposure = float(re.search(r"exposure level for \S+: ([\d.]+)", said)[1])
    stated = float(re.search(r"exposure ([\d.]+) in `systemd-analyze security`", GUIDE)[1])
    assert exposure == stated, f"docs/operating.md says {stated}, it is {exposure}"
    main = machine.run("systemctl", "show", "-P", "MainPID", "whether").strip()
    status = machine.sh(f"cat /proc/{main}/status")
    assert re.search(r"^NoNewPrivs:\t1$", status, re.M) and re.search(r"^CapEff:\t0+$", status, re.M), status
    assert machine.run("stat", "-c", "%U", f"/proc/{main}").strip() == "whether"


def case_a_secret_and_a_change_of_the_configuration():
    machine.sh(re.search(r"`(install -o root -g whether -m 640 /dev/stdin /etc/whether/token)`", GUIDE)[1], input="abc123\n")
    put(CONFIG, machine.sh(f"cat {CONFIG}") + "[api]\ntoken_file = token\n", 0o644)
    line = re.search(r"`(whether check -c /etc/whether/whether\.ini && systemctl reload whether)`", GUIDE)[1]
    said = machine.sh(line)
    assert ": fine" in said and "warning" not in said, said
    wait_until(lambda: http_get("/api/ask", "{}", QUIET)[0] == 401, "the token to be asked for")
    machine.run("chmod", "600", "/etc/whether/token")
    said = machine.run("whether", "check", "-c", CONFIG)
    assert "warning: [api] token_file: the user whether cannot read /etc/whether/token" in said, said
    tried = machine.attempt("setpriv", "--reuid=whether", "--regid=whether", "--init-groups", "whether", "run", "-c", CONFIG, "--try")
    assert tried[0] == 1 and "cannot be opened" in tried[1], tried
    machine.run("chmod", "640", "/etc/whether/token")
    said = machine.attempt("setpriv", "--reuid=whether", "--regid=whether", "--init-groups", "whether", "run", "-c", CONFIG, "--try")[1]
    assert "FAIL  store" in said and "FAIL  http" in said and "ok    api" in said, said


def case_records_elsewhere():
    records = "[bot]\nrecords = /srv/decisions\n" + API
    with anew(records) as since:
        row("records.unwritable")
        wait_for_log("records.unwritable", since)
        said = machine.run("whether", "check", "-c", CONFIG)
        assert "warning: [bot] records: /srv/decisions cannot be written by whether.service" in said, said
        for line in ("install -d -o whether -g whether /srv/decisions", "mkdir -p /etc/systemd/system/whether.service.d",
                     "printf '[Service]\\nReadWritePaths=/srv/decisions\\n' >/etc/systemd/system/whether.service.d/records.conf",
                     "systemctl daemon-reload && systemctl restart whether"):
            guide(line)
        wait_until(lambda: http_get("/readyz")[0] == 200, "the daemon")
        assert "warning" not in machine.run("whether", "check", "-c", CONFIG)
        assert ask(FACT, "recorded")[0] == 200 and ask("record", "recorded")[0] == 200
        assert machine.sh("ls /srv/decisions").endswith(".md\n")
    assert len(events("records.unwritable", since)) == 1


def case_back_up_and_restore():
    configure()
    start()
    assert ask(FACT, "before")[0] == 200
    guide("install -d -m 700 /var/backups/whether")
    assert "checked" in guide("whether backup -c /etc/whether/whether.ini --replace /var/backups/whether/$(date +%u).db")
    today = machine.sh("date +%u").strip()
    cron = re.search(r"^    (0 3 \* \* \* root (.*))$", GUIDE, re.M)
    typed.add(cron[1])
    machine.sh(cron[2].replace("\\%", "%"))
    if today != "4":  # the weekday of the guide's example
        machine.run("cp", f"/var/backups/whether/{today}.db", "/var/backups/whether/4.db")
    assert ask(FACT, "after")[0] == 200
    status, said = machine.attempt("whether", "restore", "-c", CONFIG, "/var/backups/whether/4.db")
    assert status == 1 and "another whether uses this store" in said, said
    for line in ("systemctl stop whether", "whether restore -c /etc/whether/whether.ini /var/backups/whether/4.db",
                 "systemctl start whether"):
        guide(line)
    wait_until(lambda: http_get("/readyz")[0] == 200, "the daemon")
    assert "react-frontend" in ask("why?", "before")[1]["situations"]
    assert "react-frontend" not in ask("why?", "after")[1]["situations"]
    assert machine.sh("stat -c '%U %a' /var/lib/whether/whether.db /var/lib/whether/whether.db.old").split() == ["whether", "600"] * 2
    machine.sh("rm /var/lib/whether/whether.db.old*")


def case_two_upgrades():
    config = machine.sh(f"cat {CONFIG}")
    assert ask(FACT, "upgraded")[0] == 200
    for version in "0.1.8", "0.1.9":
        before = machine.run("systemctl", "show", "-P", "MainPID", "whether")
        said = machine.run("apt-get", "install", "-y", "-q", "-o", "Dpkg::Options::=--force-confold", f"/whether_{version}.deb")
        assert version in machine.run("dpkg-query", "-W", "whether"), said
        wait_until(lambda: machine.run("systemctl", "show", "-P", "MainPID", "whether") not in (before, "0\n")
                   and http_get("/readyz")[0] == 200, "the new daemon")
        assert "react-frontend" in ask("why?", "upgraded")[1]["situations"], version
        assert machine.sh(f"cat {CONFIG}") == config
        machine.sh(f"rm {CONFIG}.dpkg-dist")


def case_the_log_and_the_gaps():
    ask("Zig or Odin for planes?")
    assert "Zig or Odin" in guide("whether gaps -c /etc/whether/whether.ini")
    line = "journalctl -u whether | grep -E 'level=(warning|error)'"
    assert "records.unwritable" in guide(line), "the log has forgotten"


# --- what you see, what it means, what to do -------------------------------------------------------------


def case_a_faulty_configuration():
    row("the unit fails at once")
    does_not_start("[api]\nopne = yes\n", f"{CONFIG}:")
    row("everyone may read")
    put("/etc/whether/open", "abc\n", 0o644)
    does_not_start("[api]\ntoken_file = open\n", "everyone may read /etc/whether/open (chmod 600 it)")
    row("cannot be opened: Permission denied")
    put("/etc/whether/roots", "abc\n", 0o600)
    does_not_start("[api]\ntoken_file = roots\n", "/etc/whether/roots cannot be opened: Permission denied")


def case_a_port_that_another_has():
    row("[http] listen")
    rival = socket.create_server(("127.0.0.1", 8080))
    with rival:
        does_not_start(API, "in use")


def case_two_daemons_on_one_store():
    row("another whether uses this store")
    with anew():
        status, said = machine.attempt("setpriv", "--reuid=whether", "--regid=whether", "--init-groups", "sh", "-c",
                                       "printf '[http]\\nlisten = 127.0.0.1:8081\\n[api]\\nopen = yes\\n[store]\\npath = "
                                       "/var/lib/whether/whether.db\\n' >/tmp/two.ini; exec whether run -c /tmp/two.ini")
        assert status == 1 and "another whether uses this store" in said, said


def case_a_newer_store():
    row("written by a newer whether")
    machine.sh("cp -a /var/lib/whether/whether.db /root/kept.db; sqlite3 /var/lib/whether/whether.db 'PRAGMA user_version = 99'")
    does_not_start(API, "written by a newer whether")
    machine.sh("rm -f /var/lib/whether/whether.db*; cp -a /root/kept.db /var/lib/whether/whether.db")


def case_reloads():
    row("reload.refused")
    row("reload.store_stays")
    with anew() as since:
        configure("[api]\nopne = yes\n")
        machine.run("systemctl", "reload", "whether")
        wait_for_log("reload.refused", since)
        assert ask(FACT, "one")[0] == 200
        put(CONFIG, machine.sh(f"cat {CONFIG}").replace("whether.db", "other.db").replace("opne", "open"))
        machine.run("systemctl", "reload", "whether")
        wait_for_log("reload.store_stays", since)


def case_a_full_disk():
    row("store.failed")
    machine.run("systemctl", "stop", "whether")
    machine.sh("mkdir /root/kept && cp -a /var/lib/whether/. /root/kept/ && mount -t tmpfs -o size=4m,mode=750 tmpfs /var/lib/whether && "
               "chown whether:whether /var/lib/whether")
    try:
        with anew() as since:
            assert ask(FACT, "one")[0] == 200
            machine.sh("dd if=/dev/zero of=/var/lib/whether/fill bs=4k 2>/dev/null; true")
            for number in range(200):
                if ask(FACT, f"full{number}")[0] == 503:
                    break
            assert ask(FACT, "again")[0] == 503
            assert http_get("/readyz")[0] == 503 and "\nwhether_store_ready 0\n" in http_get("/metrics")[1]
            wait_for_log("store.failed", since)
            assert machine.attempt("whether", "backup", "-c", CONFIG, "/root/full.db")[0] == 0
            machine.sh("rm /var/lib/whether/fill")
            wait_until(lambda: ask(FACT, "again")[0] == 200, "room to be found")
            wait_for_log("store.recovered", since)
            assert "react-frontend" in ask("why?", "one")[1]["situations"]
    finally:
        machine.attempt("umount", "/var/lib/whether")


def slack_config(api):
    put("/etc/whether/signing", "shh\n", 0o640, "whether")
    put("/etc/whether/bot", TOKEN + "\n", 0o640, "whether")
    return f"{API}[slack]\nsigning_secret_file = signing\nbot_token_file = bot\napi = {api}\n"


def slack_event(secret="shh", ago=0, number=1):
    body = json.dumps({"type": "event_callback", "team_id": "T0STORM", "event_id": f"Ev{number}", "event_time": int(time.time()),
                       "event": {"type": "app_mention", "user": f"U{number}", "text": f"<@U0BOT> {FACT}", "ts": f"1700000000.{number:06d}",
                                 "channel": "C1"}})
    stamp = str(int(time.time()) - ago)
    mac = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return http_get("/slack/events", body, QUIET | {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac}"})[0]


def case_slack():
    row("signature_wrong")
    row("signature_stale")
    row("outbox.again")
    with FakeSlack(trouble=1.0) as slack:
        with anew(slack_config(slack.api)) as since:
            assert (status := slack_event("wrong")) == 401, status
            wait_for_log("reason=signature_wrong", since)
            assert (status := slack_event(ago=900)) == 401, status
            wait_for_log("reason=signature_stale", since)
            # Limited, in trouble, broken off: it is told, and delivered when that is over.
            for number in range(12):
                assert (status := slack_event(number=number)) == 200, status
            wait_for_log("event=outbox.again", since)
            slack.trouble = 0.0
            wait_until(lambda: "\nwhether_outbox_waiting 0\n" in http_get("/metrics")[1], "the answers")
            assert slack.total() == 12, slack.total()


def case_redis_away():
    row("redis")
    if not shutil.which("redis-server"):
        raise tap.Skip("there is no redis-server")
    from rediskit import Redis
    with tempfile.TemporaryDirectory() as folder:
        redis = Redis(pathlib.Path(folder)).start()
        try:
            with anew(API + f"[store]\nstore = redis://{redis.where}\n") as since:
                assert ask(FACT, "kept")[0] == 200
                redis.kill()
                wait_until(lambda: ask(FACT, "gone")[0] == 503, "a 503")
                assert http_get("/readyz")[0] == 503 and http_get("/healthz")[0] == 200
                wait_for_log("event=store.failed", since)
                redis.start()
                wait_until(lambda: ask("why?", "kept")[0] == 200, "Redis to be found")
                assert "react-frontend" in ask("why?", "kept")[1]["situations"]
        finally:
            redis.stop()


# --- the end ------------------------------------------------------------------------------------------------


def case_every_line_of_the_guide_was_typed():
    lines = set(re.findall(r"^    ((?:sudo |[a-z]|0 3).*?)(?:   .*)?$", GUIDE, re.M))
    # The first two of its first block are how this machine was made.
    left = lines - typed - {"script/package", "sudo apt install ./build/package/whether_*_amd64.deb"}
    assert not left, left


def case_removed_and_purged():
    machine.run("apt-get", "remove", "-y", "-q", "whether")
    assert not unit("is-active") and in_tree("/var/lib/whether/whether.db").exists()
    machine.run("apt-get", "purge", "-y", "-q", "whether")
    for path in "/var/lib/whether", "/etc/whether", "/etc/systemd/system/multi-user.target.wants/whether.service":
        assert not os.path.lexists(in_tree(path)), path


def main():
    global machine
    if os.getuid() != 0:
        print("1..0 # SKIP needs root, for namespaces")
        return 0
    if " cgroup2 " not in pathlib.Path("/proc/self/mounts").read_text():
        print("1..0 # SKIP needs cgroup2")
        return 0
    built = debian.build()
    with tempfile.TemporaryDirectory(prefix="whether-booted.") as folder:
        debian.leave_namespace(debian.NEW_MOUNTS)
        tree = debian.unpack(debian.system_tar(), folder)
        shutil.copy(built, tree / "whether.deb")
        for version in "0.1.8", "0.1.9":
            shutil.copy(debian.other_version(built, folder, version), tree)
        # What it depends on must be there when there is no mirror any more.
        debian.chroot(tree, "apt-get", "install", "-y", "-q", "--no-install-recommends", "--download-only", "/whether.deb")
        debian.alone()
        with debian.Machine(tree) as machine:
            cases = {name: case for name, case in globals().items() if name.startswith("case_")}
            first = next(iter(cases))
            return tap.run({name: cases[name] for name in cases if name == first or name in NAMES} if NAMES else cases)


sys.exit(main())
