#!/usr/bin/env python3
"""`whether gaps` as operators use it: before there is a store, beside the daemon, after it, on hostile questions.

usage: gaps.py WHETHER     prints TAP
"""
import json
import os
import pathlib
import shlex
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402

WHETHER = shlex.split(os.environ.get("WHETHER_WRAPPER", "")) + [os.path.abspath(sys.argv[1])]
PATIENCE_S = 60
CONFIG = "[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n[store]\npath = kept.db\n"
# What a terminal would obey: a colour, a C1 control sequence, a change of direction, a second line.
HOSTILE = "Zig or \x1b[31mOdin \u009b31m \u202eanalp\n\tfor planes?"

scratch = None  # a folder of the running case


def gaps(*args, status=0):
    """Lines of output and of messages."""
    done = subprocess.run([*WHETHER, "gaps", "-c", str(scratch / "whether.ini"), *args], capture_output=True,
                          timeout=PATIENCE_S, cwd=scratch, env={**os.environ, "WHETHER_PACKS": os.environ["WHETHER_PACKS"]})
    assert done.returncode == status, f"{args} gave {done.returncode}: {done.stdout!r} {done.stderr!r}"
    for byte in (b"\x1b", b"\xc2\x9b", "\u202e".encode()):
        assert byte not in done.stdout + done.stderr, done
    return done.stdout.decode().splitlines(), done.stderr.decode().splitlines()


def daemon():
    return Daemon(WHETHER, scratch, CONFIG)


def ask(running, *questions):
    for question in questions:
        status, answer = running.ask(question)
        assert status == 200, (status, answer)


def rows(lines):
    """(times, kind, question) of each; the day of the last time lies between."""
    return [(int(times), kind, text) for times, _, kind, text in (line.split(None, 3) for line in lines[1:])]


def case_no_store_yet():
    (scratch / "whether.ini").write_text(CONFIG)
    out, err = gaps()
    assert out == [] and len(err) == 1 and "kept.db: there is no store yet" in err[0], (out, err)
    assert not (scratch / "kept.db").exists()


def case_nothing_yet():
    with daemon():
        out, err = gaps()
        assert out == [] and err == ["whether: nothing yet: every question was understood, or none was asked"], (out, err)
        assert gaps("--json")[0] == []


def case_beside_the_daemon_and_after_it():
    with daemon() as running:
        ask(running, "Rails or Laravel?", "rails,   OR laravel", "What about Elixir or Go?", "Node or Django?")
        ask(running, "Rails or Laravel!!")
        out, err = gaps()
        assert err == [] and out[0].split() == ["times", "last", "asked", "kind", "question"], (out, err)
        assert rows(out)[0] == (3, "unknown", "Rails or Laravel?"), out
        assert (1, "ask", "Node or Django?") in rows(out), out
        most, _ = gaps("--most", "1")
        assert most == out[:2], most
    assert gaps()[0] == out


def case_json():
    with daemon() as running:
        ask(running, "Rails or Laravel?", "Caf\u00e9 or bistro?", HOSTILE)
    objects = [json.loads(line) for line in gaps("--json")[0]]
    assert {o["text"] for o in objects} >= {"Rails or Laravel?", "Caf\u00e9 or bistro?"}, objects
    for o in objects:
        assert list(o) == ["count", "kind", "text", "first", "last"] and o["first"] == o["last"], o
        assert o["count"] == 1 and len(o["first"]) == 10, o


def case_hostile_questions():
    with daemon() as running:
        ask(running, HOSTILE)
        out, _ = gaps()
        assert len(out) == 2 and "Zig or" in out[1] and "for planes?" in out[1], out


def case_usage():
    (scratch / "whether.ini").write_text(CONFIG)
    for most in ("0", "-1", "5001", "many", "1x", " 1", "", "99999999999999999999"):
        out, err = gaps("--most", most, status=2)
        assert out == [] and len(err) == 1 and "--most takes a number from 1 to 5000" in err[0], (most, out, err)
    gaps("operand", status=2)


def case_what_is_no_store():
    (scratch / "whether.ini").write_text(CONFIG)
    (scratch / "kept.db").write_bytes(b"no database, by no means\n" * 100)
    out, err = gaps(status=1)
    assert out == [] and len(err) == 1 and "kept.db: is no store: file is not a database" in err[0], err
    (scratch / "kept.db").unlink()
    with sqlite3.connect(scratch / "kept.db") as other:
        other.execute("CREATE TABLE places(name TEXT)")
    out, err = gaps(status=1)
    assert out == [] and len(err) == 1 and "another program's database" in err[0], err


def keep(folder):
    global scratch
    scratch = folder


sys.exit(tap.run(globals(), around=tap.folders(keep, "whether-gaps-")))
