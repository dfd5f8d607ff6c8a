#!/usr/bin/env python3
"""`whether backup` and `whether restore` as operators use them: under load, over a lost disk, on what is damaged or in the way.

usage: backup.py WHETHER     prints TAP
"""
import collections
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import shlex
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
import types

import slacksend
from daemon import Daemon, wait_until
from fake_slack import TOKEN, FakeSlack
from irckit import free_port
from rediskit import Redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402

WHETHER = shlex.split(os.environ.get("WHETHER_WRAPPER", "")) + [os.path.abspath(sys.argv[1])]
PATIENCE_S = 120
API = "[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n"
FACT = "Node or Django? The frontend is React."


class Place:
    """A folder with a configuration and a store, w.db, of its own."""

    def __init__(self, config=API):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        self.write(config)

    def write(self, config):
        (self.folder / "whether.ini").write_text(config + "[store]\npath = w.db\n")

    def daemon(self):
        return Daemon(WHETHER, self.folder, (self.folder / "whether.ini").read_text())

    def run(self, *words, status=0, **more):
        """Of one of the two commands: what it said, on standard output and error."""
        done = subprocess.run([*WHETHER, words[0], "-c", str(self.folder / "whether.ini"), *map(str, words[1:])],
                              capture_output=True, text=True, timeout=PATIENCE_S, **more)
        assert done.returncode == status, f"{words} gave {done.returncode}: {done.stdout!r} {done.stderr!r}"
        return done.stdout + done.stderr

    def refuses(self, *words, why):
        """It says so in one line, and changes nothing."""
        before = contents(self.folder)
        said = self.run(*words, status=1)
        assert why in said and said.count("\n") == 1, said
        assert contents(self.folder) == before, f"{words} has changed something"

    def asked(self, text=FACT, conversation="one"):
        with self.daemon() as daemon:
            return ask(daemon, text, conversation)

    @property
    def store(self):
        return self.folder / "w.db"


def contents(folder):
    """What matters: an SQLite that only looks may make or take away its -shm, and a -wal that is empty."""
    return {path.name: path.read_bytes() for path in folder.iterdir()
            if not path.name.endswith("-shm") and (path.stat().st_size or not path.name.endswith("-wal"))}


def ask(daemon, text, conversation):
    status, answer = daemon.ask(text, conversation=conversation)
    assert status == 200, (status, answer)
    return answer


def knows(daemon, conversation):
    """Whether it goes on where it was."""
    return "react-frontend" in ask(daemon, "why?", conversation)["situations"]


# --- under load -----------------------------------------------------------------------------------


class Load:
    """Signed events of Slack's and questions to the API, each a conversation of its own; who was acknowledged is known."""

    def __init__(self, daemon, slack=True):
        self.daemon, self.ending = daemon, threading.Event()
        self.lock = threading.Lock()
        self.slack, self.api = [], []
        self.kinds = [self.events] * slack + [self.questions]
        self.threads = [threading.Thread(target=work, args=(n,), daemon=True) for work in self.kinds for n in range(2)]

    def events(self, worker):
        sender = slacksend.Sender([self.daemon], [])
        # A thread of Slack's has three questions, which one worker asks in their order.
        for person in range(worker, 100000, 2):
            for part in range(3):
                asked = slacksend.question(3 * person + part)
                if self.ending.is_set():
                    return
                if sender.attempt(self.daemon, json.dumps(slacksend.event(asked, "app_mention", f"Ev{asked.number}"))) == 200:
                    with self.lock:
                        self.slack.append(asked)

    def questions(self, worker):
        for number in range(worker, 100000, 2):
            if self.ending.is_set():
                return
            try:
                status = self.daemon.ask(FACT, conversation=f"api{number}")[0]
            except OSError:
                continue
            if status == 200:
                with self.lock:
                    self.api.append(f"api{number}")

    def acknowledged(self):
        with self.lock:
            return list(self.slack), list(self.api)

    def wait_for(self, more):
        before = list(map(len, self.acknowledged()))
        wait_until(lambda: sum(len(now) >= then + more for now, then in zip(self.acknowledged(), before)) == len(self.kinds),
                   f"{more} more questions of each kind", PATIENCE_S)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *rest):
        self.ending.set()
        for thread in self.threads:
            thread.join(PATIENCE_S)


def with_slack(api):
    return f"{API}[slack]\nsigning_secret_file = signing\nbot_token_file = token\napi = {api}\n"


def secrets(place):
    for name, text in (("signing", slacksend.SIGNING_SECRET), ("token", TOKEN)):
        (place.folder / name).write_text(text)
        (place.folder / name).chmod(0o600)


def case_under_load_over_a_lost_disk():
    """Slack is away, so that what is acknowledged waits in the store; then the machine is lost."""
    lost = Place(with_slack(f"http://127.0.0.1:{free_port()}/api"))
    secrets(lost)
    taken = []  # (who was acknowledged before, the file)
    with lost.daemon() as daemon:
        with Load(daemon) as load:
            load.wait_for(30)
            begun = sum(map(len, load.acknowledged()))
            while len(taken) < 5 or sum(map(len, load.acknowledged())) < begun + 200:
                file = scratch / f"copy-{len(taken)}.db"
                taken.append((load.acknowledged(), file))
                lost.run("backup", file)
            load.wait_for(10)
        sent = collections.Counter(asked.place for asked in load.slack)
        daemon.kill()
    for path in lost.folder.glob("w.db*"):
        path.unlink()
    for (slack_before, api_before), file in (taken[0], taken[-1]):
        with FakeSlack() as slack:
            there = Place(with_slack(slack.api))
            secrets(there)
            assert "restored from" in there.run("restore", file)
            with there.daemon() as daemon:
                wait_until(lambda: daemon.metric("whether_outbox_waiting") == 0, "the answers", PATIENCE_S)
                missing = [name for name in api_before if not knows(daemon, name)]
                # Who sends again what is known gets no second answer.
                again = slacksend.Sender([daemon], [])
                for asked in slack_before[:20]:
                    body = json.dumps(slacksend.event(asked, "app_mention", f"Ev{asked.number}"))
                    assert again.attempt(daemon, body) == 200
                wait_until(lambda: daemon.metric("whether_outbox_waiting") == 0, "the answers", PATIENCE_S)
                assert daemon.metric('whether_duplicates_total{adapter="slack"}') >= min(20, len(slack_before))
            print(f"# {file.name}: {len(slack_before)} and {len(api_before)} acknowledged before, {len(missing)} lost; "
                  f"{slack.total()} answers in Slack; {file.stat().st_size / 1024:.0f} KiB")
            assert not missing, missing
            for place, count in collections.Counter(asked.place for asked in slack_before).items():
                got = [m["metadata"]["event_payload"]["delivery"] for m in slack.messages.get(place, [])]
                assert count <= len(got) <= sent[place], (place, count, got, sent[place])
                assert len(set(got)) == len(got), got
    assert any(len(before[0]) > len(taken[0][0][0]) for before, _ in taken), "no question came while back-ups were made"


def case_what_waited_is_delivered_or_forgotten():
    place = Place(with_slack(f"http://127.0.0.1:{free_port()}/api"))
    secrets(place)
    with place.daemon() as daemon:
        sender = slacksend.Sender([daemon], [])
        for number in range(6):
            body = json.dumps(slacksend.event(slacksend.question(number), "app_mention", f"Ev{number}"))
            assert sender.attempt(daemon, body) == 200
        assert "6 answers wait in it" in place.run("backup", scratch / "waiting.db")
    for option, answers in (((), 6), (("--forget-waiting",), 0)):
        with FakeSlack() as slack:
            there = Place(with_slack(slack.api))
            secrets(there)
            said = there.run("restore", *option, scratch / "waiting.db")
            assert f"{answers} answers wait in it" in said, said
            with there.daemon() as daemon:
                wait_until(lambda: daemon.metric("whether_outbox_waiting") == 0, "the answers", PATIENCE_S)
                wait_until(lambda: slack.calls.get("auth.test"), "a look at the token")
            assert slack.total() == answers, slack.total()


# --- what a copy is ---------------------------------------------------------------------------------


def case_one_private_file_that_can_be_read_anywhere():
    place, copy = Place(), scratch / "folder" / "copy.db"
    place.asked()
    place.refuses("backup", copy, why="copy.db")  # the folder is not there
    copy.parent.mkdir()
    place.run("backup", copy, umask=0)
    assert [path.name for path in copy.parent.iterdir()] == ["copy.db"], list(copy.parent.iterdir())
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    # Neither a log nor a lock is needed: also on a medium that cannot be written.
    with sqlite3.connect(f"file:{copy}?immutable=1", uri=True) as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def case_of_a_daemon_that_was_killed():
    place = Place()
    daemon = place.daemon().start()
    ask(daemon, FACT, "one")
    daemon.kill()
    place.run("backup", scratch / "killed.db")
    there = Place()
    there.run("restore", scratch / "killed.db")
    with there.daemon() as daemon:
        assert knows(daemon, "one")


def case_what_a_backup_left_goes_with_the_next():
    """Killed at calls that touch files; what is left beside FILE the next back-up to it removes."""
    place, copy, left = Place(), scratch / "left" / "copy.db", 0
    copy.parent.mkdir()
    place.asked()
    done = subprocess.run(**under_strace(place, ["-e", f"trace={CALLS}", "-o", scratch / "calls"], "backup", copy), capture_output=True)
    assert done.returncode == 0, done
    calls = traced_calls()
    for name, nth in [(name, nth) for name, count in calls.items() for nth in range(max(1, count - 5), count + 1)]:
        copy.unlink(missing_ok=True)
        words = ["-o", "/dev/null", "-e", f"inject={name}:signal=KILL:when={nth}"]
        assert subprocess.run(**under_strace(place, words, "backup", copy), capture_output=True).returncode != 0, (name, nth)
        left += any(".new." in path.name for path in copy.parent.iterdir())
        place.run("backup", "--replace", copy)
        assert [path.name for path in copy.parent.iterdir()] == ["copy.db"], (name, nth, list(copy.parent.iterdir()))
    print(f"# {left} of {calls.total()} calls left something")
    assert left > 5, left


def case_only_what_a_backup_left_is_removed():
    place, copy = Place(), scratch / "others" / "copy.db"
    copy.parent.mkdir()
    place.asked()
    place.run("backup", copy)
    whole = copy.read_bytes()
    others = {"copy.db.new.abcdef": b"somebody's", "copy.db.new.abcde": b"", "copy.db.new.abcdefg": b"", "copy.db.new.abc-ef": b"",
              "copy.new.abcdef": b"", "opy.db.new.abcdef": b"", "copy.db.new.public": whole, "copy.db.new.atwork": whole}
    for name, text in others.items():
        (copy.parent / name).write_bytes(text)
        (copy.parent / name).chmod(0o644 if name.endswith("public") else 0o600)
    (copy.parent / "copy.db.new.folder").mkdir()
    (copy.parent / "copy.db.new.linked").symlink_to("copy.db")
    os.mkfifo(copy.parent / "copy.db.new.apiped", 0o600)
    kept = sorted(copy.parent.iterdir())
    for name, text in (("copy.db.new.empty0", b""), ("copy.db.new.nohead", bytes(8192)), ("copy.db.new.whole0", whole)):
        (copy.parent / name).write_bytes(text)
        (copy.parent / name).chmod(0o600)
    (copy.parent / "copy.db.new.nohead-wal").touch()
    with open(copy.parent / "copy.db.new.atwork", "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        place.run("backup", "--replace", copy)
    assert sorted(copy.parent.iterdir()) == kept, sorted(copy.parent.iterdir())
    place.run("backup", "--replace", copy)
    kept.remove(copy.parent / "copy.db.new.atwork")
    assert sorted(copy.parent.iterdir()) == kept, sorted(copy.parent.iterdir())


def case_two_backups_to_one_file():
    """The second one leaves the first one's work alone."""
    place, copy = Place(), scratch / "two" / "copy.db"
    copy.parent.mkdir()
    place.asked()
    with stopped_at("fsync", 1, place, "backup", copy) as first:
        place.run("backup", "--replace", copy)
        assert len(list(copy.parent.iterdir())) == 2, list(copy.parent.iterdir())
        copy.unlink()
    assert first.status == 0, first.said
    assert [path.name for path in copy.parent.iterdir()] == ["copy.db"], list(copy.parent.iterdir())


def case_nothing_is_overwritten_unless_asked():
    place, copy = Place(), scratch / "kept.db"
    place.refuses("backup", copy, why="w.db: there is no store yet; `whether run` makes it")
    place.asked()
    copy.write_text("somebody's")
    place.refuses("backup", copy, why="--replace")
    assert copy.read_text() == "somebody's"
    place.run("backup", "--replace", copy)
    assert copy.read_bytes().startswith(b"SQLite format 3")
    (scratch / "nowhere.db").symlink_to("no/such/file")
    place.refuses("backup", scratch / "nowhere.db", why="nowhere.db: is there already; --replace replaces it")
    place.run("backup", "--replace", scratch / "nowhere.db")
    assert (scratch / "nowhere.db").is_file() and not (scratch / "nowhere.db").is_symlink()
    place.refuses("backup", scratch / "no" / "folder.db", why="/folder.db: cannot be written: No such file")
    for command in "backup", "restore":
        for name in "", f"{scratch}/":
            place.refuses(command, name, why=f'"{name}" is no name of a file')
    os.mkfifo(scratch / "pipe")
    for name, why in (("w.db", "is the store itself"), ("w.db-lock", "is the store itself"), (".", "is a folder"),
                      (scratch / "pipe", "no ordinary file"), ("/dev/null", "no ordinary file")):
        place.refuses("backup", "--replace", place.folder / name, why=why)
    assert stat.S_ISFIFO((scratch / "pipe").stat().st_mode)


def spoil(path):
    """Breaks a page of a tree, not the head."""
    with open(path, "r+b") as file:
        file.seek(2 * 4096)
        file.write(b"\xff" * 4096)


def case_what_is_damaged_is_told():
    place, copy = Place(), scratch / "sound.db"
    with place.daemon() as daemon:
        for number in range(50):
            ask(daemon, FACT, f"c{number}")
    place.run("backup", copy)
    spoil(place.store)
    place.refuses("backup", scratch / "never.db", why="w.db: is damaged")
    assert not (scratch / "never.db").exists() and not list(scratch.glob("never.db*"))
    # The way out, and the other way round.
    assert ".old: what was there" in place.run("restore", copy)
    with place.daemon() as daemon:
        assert knows(daemon, "c0")
    spoil(copy)
    (place.folder / "w.db.old").unlink()
    (place.folder / "w.db.old-wal").unlink(missing_ok=True)
    place.refuses("restore", copy, why="sound.db: is damaged")
    with place.daemon() as daemon:
        assert knows(daemon, "c1")


# --- restore ------------------------------------------------------------------------------------------


def case_restore_keeps_what_was_there():
    place, copy = Place(), scratch / "before.db"
    place.asked(conversation="before")
    place.run("backup", copy)
    daemon = place.daemon().start()
    ask(daemon, FACT, "after")
    place.refuses("restore", copy, why="another whether uses this store")
    daemon.kill()  # what came last is in the log alone
    assert (place.folder / "w.db-wal").stat().st_size > 0
    said = place.run("restore", copy)
    assert said.endswith("w.db.old: what was there\n"), said
    assert sorted(path.name for path in place.folder.glob("w.db*")) == ["w.db", "w.db-lock", "w.db.old"]
    place.refuses("restore", copy, why="w.db.old: is there already")
    with place.daemon() as daemon:
        assert knows(daemon, "before") and not knows(daemon, "after")
    # And back again: what was kept is a whole store.
    (place.folder / "w.db.old").rename(scratch / "kept-aside.db")
    place.run("restore", scratch / "kept-aside.db")
    with place.daemon() as daemon:
        assert knows(daemon, "before") and knows(daemon, "after")


def case_a_log_that_somebody_reads():
    place, copy = Place(), scratch / "headed.db"
    place.asked()
    place.run("backup", copy)
    daemon = place.daemon().start()
    ask(daemon, FACT, "after")
    daemon.kill()
    log = (place.folder / "w.db-wal").read_bytes()
    with contextlib.closing(sqlite3.connect(place.store)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM note").fetchone()
        said = place.run("restore", copy)
    assert "its log could not be put into it and is beside it" in said, said
    assert (place.folder / "w.db.old-wal").read_bytes() == log and not (place.folder / "w.db-wal").exists()
    with place.daemon() as daemon:
        assert knows(daemon, "one") and not knows(daemon, "after")
    # Back from where it is, log and all.
    place.store.unlink()
    place.run("restore", place.folder / "w.db.old")
    with place.daemon() as daemon:
        assert knows(daemon, "after")
    # The log alone would be taken for that of the next file that comes beside it.
    (place.folder / "w.db.old").rename(scratch / "kept-aside.db")
    place.refuses("restore", copy, why="w.db.old-wal: is there already")
    (place.folder / "w.db.old-wal").rename(scratch / "kept-aside.db-wal")
    place.run("restore", scratch / "kept-aside.db")
    with place.daemon() as daemon:
        assert knows(daemon, "after")


def case_a_log_without_its_store():
    place, copy = Place(), scratch / "orphaned.db"
    place.asked()
    place.run("backup", copy)
    place.store.unlink()
    (place.folder / "w.db-wal").write_bytes(b"somebody's log")
    assert "w.db.old-wal or .old-journal: a log without its store" in place.run("restore", copy)
    assert (place.folder / "w.db.old-wal").read_bytes() == b"somebody's log" and not (place.folder / "w.db-wal").exists()
    with place.daemon() as daemon:
        assert knows(daemon, "one")


def left_by_a_process_that_died(path):
    """A store of a daemon that was killed: what it did last is in its log alone."""
    script = ("import os, sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\ndb.execute('PRAGMA journal_mode = WAL')\n"
              "db.execute(\"INSERT INTO note(name, bytes, expires) VALUES('late', 'late', 9e15)\")\ndb.commit()\nos._exit(0)")
    subprocess.run([sys.executable, "-c", script, path], check=True)
    assert pathlib.Path(f"{path}-wal").stat().st_size > 0


def notes(folder, name="w.db"):
    """What whoever opens a copy of it finds; it must be whole."""
    with tempfile.TemporaryDirectory(dir=scratch) as elsewhere:
        for path in folder.glob(name + "*"):
            shutil.copy(path, elsewhere)
        with contextlib.closing(sqlite3.connect(pathlib.Path(elsewhere) / name)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            return {row[0] for row in db.execute("SELECT name FROM note")}


CALLS = "openat,write,pwrite64,ftruncate,fsync,fdatasync,link,rename,unlink,fchmod,chmod"
OLD, NEW = {"late"}, set()  # notes


def under_strace(place, words, command, *more):
    """How to run it so."""
    return {"args": ["strace", "-f", "-qq", *words, *WHETHER, command, "-c", place.folder / "whether.ini", *more],
            "env": os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}}  # which strace would end


def restore_under_strace(place, copy, *words):
    """How it ended."""
    return subprocess.run(**under_strace(place, words, "restore", copy), capture_output=True, text=True, timeout=PATIENCE_S)


@contextlib.contextmanager
def stopped_at(call, nth, place, command, *more):
    """It goes on after the with; then .status and .said are how it ended."""
    ended, log = types.SimpleNamespace(), place.folder / "stopped.log"
    words = ["-o", log, "-e", f"inject={call}:signal=STOP:when={nth}"]
    with subprocess.Popen(**under_strace(place, words, command, *more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as tracer:
        wait_until(lambda: log.exists() and "--- stopped by SIGSTOP ---" in log.read_text(), "it is stopped", PATIENCE_S)
        try:
            yield ended
        finally:
            os.kill(int(log.read_text().split(None, 1)[0]), signal.SIGCONT)
            ended.said, ended.status = tracer.communicate(timeout=PATIENCE_S)[0], tracer.wait()


def restored(copy, *words):
    """(place, how it ended): the store of a daemon that was killed, OLD, replaced by the copy, NEW."""
    place = Place()
    shutil.copy(copy, place.store)
    left_by_a_process_that_died(place.store)
    return place, restore_under_strace(place, copy, *words)


def traced_calls():
    """How often each of CALLS was made."""
    return collections.Counter(re.findall(r"^(?:\d+ +)?(\w+)\(", (scratch / "calls").read_text(), re.M))


def calls_of_restore(copy):
    _, done = restored(copy, "-e", f"trace={CALLS}", "-o", scratch / "calls")
    assert done.returncode == 0, done
    calls = traced_calls()
    assert calls["link"] and calls["rename"] and calls["fsync"], calls
    return calls


def case_restore_cut_off_anywhere():
    """Killed at calls that touch files: the store is the old one or the new one, and the next restore goes on."""
    first, copy, seen = Place(), scratch / "cut.db", collections.Counter()
    first.asked()
    first.run("backup", copy)
    calls = calls_of_restore(copy)
    # Of each kind all of the last ones, where names change; some of what goes before.
    cuts = [(name, nth) for name, count in calls.items() for nth in range(1, count + 1) if nth > count - 6 or nth % 8 == 1]
    for cut in cuts:
        place, done = restored(copy, "-o", "/dev/null", "-e", "inject={}:signal=KILL:when={}".format(*cut))
        found, aside = notes(place.folder), place.folder / "w.db.old"
        assert done.returncode != 0 and found in (OLD, NEW), (cut, done, found)
        assert found == OLD or notes(place.folder, "w.db.old") == OLD, cut
        seen["new" if found == NEW else "linked" if aside.exists() else "old"] += 1
        if found == NEW:
            aside.rename(scratch / "aside.db")
        place.run("restore", copy)
        assert notes(place.folder) == NEW and (found == NEW or notes(place.folder, "w.db.old") == OLD), cut
    print(f"# cut off at {len(cuts)} calls of {calls.total()}: {dict(seen)}")
    assert all(seen[state] for state in ("old", "linked", "new")), seen


def case_restore_on_a_disk_that_fails():
    """Done, with the old store kept, or told and nothing changed."""
    first, copy, seen = Place(), scratch / "failing.db", collections.Counter()
    first.asked()
    first.run("backup", copy)
    calls = calls_of_restore(copy)
    for name in ("fsync", "fdatasync", "link", "rename"):
        for nth in range(1, calls[name] + 1):
            place, done = restored(copy, "-o", "/dev/null", "-e", f"inject={name}:error=EIO:when={nth}")
            names = {path.name for path in place.folder.glob("w.db*")}
            if done.returncode == 0:
                assert notes(place.folder) == NEW and notes(place.folder, "w.db.old") == OLD, (name, nth, done, names)
            else:
                assert done.returncode == 1 and done.stderr.startswith("whether: "), (name, nth, done)
                assert notes(place.folder) == OLD and not {one for one in names if ".old" in one or ".new" in one}, (name, nth, names)
            seen[done.returncode] += 1
    print(f"# {seen[0]} calls failed for nothing, {seen[1]} were told")
    assert seen[1] >= 4, seen


def case_an_orphan_log_is_never_put_beside_a_new_store():
    first, copy, told = Place(), scratch / "orphans.db", 0
    first.asked()
    first.run("backup", copy)
    for nth in range(1, calls_of_restore(copy)["fsync"] + 1):
        place = Place()
        log = place.folder / "w.db-wal"
        log.write_bytes(b"somebody's log")
        done = restore_under_strace(place, copy, "-o", "/dev/null", "-e", f"inject=fsync:error=EIO:when={nth}")
        told += done.returncode
        assert log.exists() != place.store.exists(), (nth, done, sorted(place.folder.iterdir()))
    assert told > 1, told


def case_another_restore_came_between():
    """It has looked at the place and not yet the lock: what the other one kept is not taken for a leftover."""
    first, copy = Place(), scratch / "between.db"
    first.asked()
    first.run("backup", copy)
    _, done = restored(copy, "-e", "trace=openat", "-o", scratch / "calls")
    lines = [line for line in (scratch / "calls").read_text().splitlines() if "openat(" in line]
    nth = 1 + next(n for n, line in enumerate(lines) if "w.db-lock" in line)
    place = Place()
    shutil.copy(copy, place.store)
    left_by_a_process_that_died(place.store)
    with stopped_at("openat", nth, place, "restore", copy) as late:
        assert "w.db.old: what was there" in place.run("restore", copy)
    assert late.status == 1 and "w.db.old: is there already" in late.said, late.said
    assert notes(place.folder) == NEW and notes(place.folder, "w.db.old") == OLD


def case_restore_refuses_what_is_no_store():
    place = Place()
    place.asked()
    other, newer, text = scratch / "other.db", scratch / "newer.db", scratch / "text.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE t(x)")
    place.run("backup", newer)
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 999")
    text.write_text("no database at all " * 100)
    (scratch / "empty.db").touch()
    for name, why in ((other, "another program's database"), (newer, "newer whether"), (text, "text.db: is no store: file is not a database"),
                      (scratch / "empty.db", "is empty"), (scratch / "none.db", "No such file"),
                      (place.store, "is the store itself"), (scratch, "no ordinary file")):
        place.refuses("restore", name, why=why)


def case_restore_gives_all_to_the_owner_of_the_folder():
    if os.getuid() != 0:
        raise tap.Skip("needs root")
    place, copy = Place(), scratch / "mine.db"
    place.asked()
    place.run("backup", copy)
    there = Place()
    os.chown(there.folder, 65534, 65534)
    there.run("restore", copy)
    owners = {path.name: path.stat().st_uid for path in there.folder.glob("w.db*")}
    assert owners == {"w.db": 65534, "w.db-lock": 65534}, owners
    # Beside a daemon of that user's, root leaves nothing of its own there.
    for path in there.folder.glob("w.db-*"):
        path.unlink()
    there.run("backup", scratch / "again.db")
    assert all(path.stat().st_uid == 65534 for path in there.folder.glob("w.db*"))


def case_through_a_link():
    place, copy = Place(), scratch / "linked.db"
    place.asked()
    place.store.rename(scratch / "elsewhere.db")
    place.store.symlink_to(scratch / "elsewhere.db")
    place.run("backup", copy)
    said = place.run("restore", copy)
    assert said.endswith(f"\n{scratch.resolve() / 'elsewhere.db.old'}: what was there\n"), said
    assert place.store.is_symlink() and (scratch / "elsewhere.db.old").exists()
    with place.daemon() as daemon:
        assert knows(daemon, "one")
    place.store.unlink()
    place.store.symlink_to("no/such/file")
    assert "w.db: is a link that leads nowhere" in place.run("restore", copy, status=1)
    assert place.store.is_symlink() and not list(place.folder.glob("w.db.*"))


def case_of_another_user():
    if os.getuid() != 0:
        raise tap.Skip("needs root")
    place = Place()
    place.asked()
    scratch.chmod(0o711)
    place.folder.chmod(0o711)
    (place.folder / "whether.ini").chmod(0o644)
    for mode, why in (0o600, "Permission denied"), (0o644, "must be writable"):
        place.store.chmod(mode)
        for words in ("gaps",), ("backup", "/tmp/whether-never.db"):
            said = place.run(*words, status=1, user=65534, group=65534, extra_groups=[])
            assert why in said and said.count("\n") == 1, said


# --- how it behaves -----------------------------------------------------------------------------------


def large(place, mib):
    place.asked()
    with sqlite3.connect(place.store) as db:
        db.executemany("INSERT INTO note(name, bytes, expires) VALUES(?, ?, 9e15)",
                       ((f"fill {n}", os.urandom(1 << 20)) for n in range(mib)))
    db.close()


def case_interrupted_it_leaves_nothing():
    place = Place()
    large(place, 64)
    # It may be done sooner than the signal comes, on a machine that has something else to do.
    for attempt in range(20):
        copy = scratch / f"interrupted-{attempt}.db"
        process = subprocess.Popen([*WHETHER, "backup", "-c", str(place.folder / "whether.ini"), str(copy)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not list(scratch.glob(f"{copy.name}.*")):
            pass
        process.send_signal([signal.SIGTERM, signal.SIGINT, signal.SIGHUP][attempt % 3])
        said = "".join(process.communicate(timeout=PATIENCE_S))
        assert not list(scratch.glob(f"{copy.name}.*")), list(scratch.glob(f"{copy.name}*"))
        assert copy.exists() == (process.returncode == 0)
        if process.returncode == 1:
            assert "interrupted" in said, said
            return
        copy.unlink()
    raise AssertionError("it was never interrupted")


def case_on_a_terminal_it_shows_how_far_it_is():
    place = Place()
    large(place, 8)
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*WHETHER, "backup", "-c", str(place.folder / "whether.ini"), str(scratch / "shown.db")],
                               stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    assert process.wait(PATIENCE_S) == 0
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert "whether: copying, " in said and said.endswith("\r"), repr(said)


def case_redis_is_told_of():
    place = Place()
    (place.folder / "whether.ini").write_text(API + "[store]\nstore = redis://127.0.0.1:1\n")
    for command in "backup", "restore":
        place.refuses(command, scratch / "redis.db", why="redis-cli BGSAVE")


def case_redis_as_documented():
    """docs/replicas.md, Back-up: taken while questions come in, brought back in another folder."""
    if not shutil.which("redis-server"):
        raise tap.Skip("there is no redis-server")
    folders = [pathlib.Path(tempfile.mkdtemp(dir=scratch)) for _ in range(2)]
    config = API + "[store]\nstore = redis://{}\n"
    place = Place()
    with Redis(folders[0]) as redis:
        (place.folder / "whether.ini").write_text(config.format(redis.where))
        with place.daemon() as daemon, Load(daemon, slack=False) as load:
            load.wait_for(20)
            before, last = load.acknowledged()[1], redis.ask("LASTSAVE")
            # LASTSAVE counts seconds.
            wait_until(lambda: time.time() > int(last) + 1, "another second")
            assert "started" in redis.ask("BGSAVE")
            wait_until(lambda: redis.ask("LASTSAVE") != last, "the snapshot")
            load.wait_for(5)
        dump = folders[0] / "dump.rdb"
        shutil.copy(dump, folders[1] / "dump.rdb")
    with Redis(folders[1], more=["--appendonly", "no"]) as once:
        assert once.ask("CONFIG", "SET", "appendonly", "yes") == "OK"
        wait_until(lambda: {"aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0"} <= set(once.ask("INFO", "persistence").split()),
                   "the append-only file")
        once.ask("SHUTDOWN")
        once.process.wait(PATIENCE_S)
    with Redis(folders[1]) as redis:
        (place.folder / "whether.ini").write_text(config.format(redis.where))
        with place.daemon() as daemon:
            missing = [name for name in before if not knows(daemon, name)]
    assert before and not missing, missing


def main():
    global scratch
    with tempfile.TemporaryDirectory(prefix="whether-backup-") as folder:
        scratch = pathlib.Path(folder)
        return tap.run(globals())


sys.exit(main())
