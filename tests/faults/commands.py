#!/usr/bin/env python3
"""Every command, with every call of a kind failing once: a clean error, or the whole answer all the same.

usage: WHETHER_SHIM=shim.so commands.py WHETHER [--every | --sanitized] [NAME...]     prints TAP; NAMEs run only these cases

What fails is each call that has a stack of its own, or each single call (--every). Clean is: exit status 1, a line on
standard error that says what is wrong and where, nothing of a sanitizer. Where each failure needs a run of its own, only
every so-manieth call fails, fewer still under sanitizers.
"""
import collections
import contextlib
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("", "integration")]
import faultkit  # noqa: E402
import tap  # noqa: E402
from faultkit import ERRORS, sweep_anew, sweep_forking  # noqa: E402

ROOT = pathlib.Path(os.environ.get("WHETHER_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
WHETHER = os.path.abspath(sys.argv[1])
NAMES = [a for a in sys.argv[2:] if not a.startswith("--")]
EVERY, SANITIZED = "--every" in sys.argv, "--sanitized" in sys.argv
QUESTION = "Node or Django for a live auction board? The frontend is React."
# How an error begins: who complains, or the file that is complained of.
BEGINNING = re.compile(r"\S+: \S")
STORED = ["Rails or Laravel?", "Zig or Odin for planes?", "Is it any good, the thing with the things?"]

scratch = None  # a folder of the running case


def environment():
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(scratch),
            "WHETHER_PACKS": str(ROOT / "knowledge"), "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "")}


def reasons(kind):
    """What an error of this kind must say."""
    words = {"malloc": "memory", "thread": "", "step": "injected"}
    return words.get(kind, os.strerror(ERRORS[kind]))


def complaint(kind, result, whole):
    """What is wrong with how a failure was taken, or None."""
    if faultkit.SANITIZER.search(result.errors):
        return "a sanitizer complains"
    if result.status == 0:
        same = result.output == whole.output and result.errors == whole.errors
        return None if same else "it ends as if all were fine, but with another output"
    if result.status != 1:
        return f"it ends with {result.status}"
    lines = result.errors.splitlines()
    if not lines or not BEGINNING.match(lines[-1]):
        return "it says nothing clean"
    said = any(re.search(reasons(kind), line, re.I) for line in lines)
    return None if said else f"it does not say why ({reasons(kind)})"


def judge(name, kind, whole, found):
    assert whole.status == 0, f"{name} without a fault: {whole}"
    assert found, f"{name} makes no calls of {kind}: a test that cannot fail"
    wrong = collections.defaultdict(list)
    for result in found:
        if what := complaint(kind, result, whole):
            wrong[what, result.errors[-300:]].append(result)
    refused = sum(r.status == 1 for r in found)
    print(f"# {name}, {kind}: {len(found)} failures, {refused} refused, {len(found) - refused} got over")
    assert not wrong, "\n".join(f"{len(rs)} times {what}: {rs[0]}" for (what, _), rs in wrong.items())


def sweep(name, kind, *words, stride=1):
    whole, found = sweep_forking([WHETHER, *words], scratch / "faults", kind, environment(), not EVERY, stride)
    judge(name, kind, whole, found)


def some(stride):
    """Of calls that are alike, every how-manieth."""
    return 1 if EVERY else stride * (8 if SANITIZED else 1)


def reading(name, *words):
    for kind in ("malloc", "open", "fflush"):
        sweep(name, kind, *words)
    # A large file is read in pieces that are all alike.
    sweep(name, "read", *words)


def case_check():
    config = scratch / "whether.ini"
    config.write_text("[bot]\nlength = full\n[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n")
    reading("check", "check", "-c", str(config))


def case_ask():
    reading("ask", "ask", QUESTION)


def case_ask_json():
    reading("ask --json", "ask", "--json", QUESTION)


def case_explain():
    reading("explain", "explain", QUESTION)


def case_replay():
    talks = (ROOT / "knowledge/node-or-django.corpus/a15.conversations.jsonl").read_text().splitlines(True)[:3]
    path = scratch / "talks.jsonl"
    path.write_text("".join(talks))
    reading("replay", "replay", str(path))


def case_test():
    reading("test", "test")


# --- with files that change: a run of its own for each failure -----------------------------------


def kept_store(*texts):
    """A store that a daemon has left, kept.db."""
    from daemon import Daemon
    with Daemon([WHETHER], scratch, "[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n[store]\npath = kept.db\n") as running:
        for text in texts:
            assert running.ask(text)[0] == 200


def case_gaps():
    """From a store that a daemon has left, which must be the same afterwards."""
    kept_store(*STORED)
    kept = (scratch / "kept.db").read_bytes()

    def before():
        for ending in ("-wal", "-shm"):
            (scratch / f"kept.db{ending}").unlink(missing_ok=True)
        assert (scratch / "kept.db").read_bytes() == kept, "looking at the store has changed it"
    command = [WHETHER, "gaps", "--json", "-c", str(scratch / "whether.ini")]
    # SQLite asks for little memory at a time, and for much of it at places that are all alike.
    for kind, stride in (("malloc", 23), ("step", 1), ("fflush", 1)):
        whole, found = sweep_anew(command, scratch / "faults", kind, environment(), before, some(stride))
        assert whole.output != faultkit.fnv(b"")
        judge("gaps", kind, whole, found)
    # What fails below SQLite it tells in words of its own.
    for kind in ("open", "read"):
        whole, found = sweep_anew(command, scratch / "faults", kind, environment(), before, some(2))
        assert found and all(r.status == 0 and r.output == whole.output or
                             r.status == 1 and BEGINNING.match(r.errors) for r in found), (kind, found)


def is_store(path):
    """The rows of a whole one."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute("PRAGMA integrity_check").fetchone()[0] == "ok" and db.execute("SELECT count(*) FROM gap").fetchone()[0]


def copying(name, command, before):
    """Failures below SQLite it tells in words of its own; before() looks at what the run before it has left."""
    for kind, stride in (("malloc", 41), ("step", 1), ("open", 1), ("read", 3), ("pwrite", 3), ("fsync", 1), ("rename", 1)):
        whole, found = sweep_anew(command, scratch / "faults", kind, environment(), before, some(stride))
        if kind == "rename" and not found:
            continue  # a link does
        assert whole.status == 0 and found, (name, kind, whole)
        for result in found:
            assert not faultkit.SANITIZER.search(result.errors), (kind, result)
            assert result.status in (0, 1) and (result.status == 0) == (result.output == whole.output), (kind, result)
            assert result.status == 0 or BEGINNING.match(result.errors), (kind, result)
        print(f"# {name}, {kind}: {len(found)} failures, {sum(r.status for r in found)} refused")


def case_backup():
    """The copy is there whole, or not at all; the store stays what it is."""
    kept_store(*STORED)
    kept, copy = (scratch / "kept.db").read_bytes(), scratch / "copy.db"

    def before():
        assert (scratch / "kept.db").read_bytes() == kept, "looking at the store has changed it"
        left = sorted(path.name for path in scratch.glob("copy.db*"))
        assert left in ([], ["copy.db"]), left
        if left:
            assert is_store(copy)
            copy.unlink()
    copying("backup", [WHETHER, "backup", "-c", str(scratch / "whether.ini"), str(copy)], before)
    before()


def case_restore():
    """The store is the old one or the new one, whole, and the old one is not lost."""
    kept_store(*STORED)
    copy = scratch / "copy.db"
    assert subprocess.run([WHETHER, "backup", "-c", str(scratch / "whether.ini"), str(copy)], env=environment(),
                          capture_output=True).returncode == 0
    rows = is_store(copy)
    kept_store("Ada or Pascal for trains?")
    kept, old = (scratch / "kept.db").read_bytes(), scratch / "kept.db.old"

    def before():
        left = {path.name for path in scratch.glob("kept.db*")} - {"kept.db-lock", "kept.db-shm", "kept.db-wal"}
        assert left in ({"kept.db"}, {"kept.db", "kept.db.old"}), left
        if old.exists():
            assert is_store(scratch / "kept.db") == rows and old.read_bytes() == kept
            old.rename(scratch / "kept.db")
        assert (scratch / "kept.db").read_bytes() == kept
    copying("restore", [WHETHER, "restore", "-c", str(scratch / "whether.ini"), str(copy)], before)
    before()


def team():
    """A pack of a team's own in scratch/folder, with a corpus beside it."""
    folder = scratch / "folder"
    (folder / "one.corpus").mkdir(parents=True)
    pack = (ROOT / "tests/unit/packs/good/pack.json").read_text().replace('"tea-or-coffee"', '"one"')
    (folder / "one.json").write_text(pack)
    (folder / "one.corpus/a.clauses.tsv").write_text("".join(
        f"tired\tstated\tb\twe yawn, {i}\nnone\tnone\tb\tgrey weather, {i}\n" for i in range(4)))
    (folder / "one.corpus/a.kinds.tsv").write_text("meta\tb\thello\nask\tb\ttea or coffee\n" * 3)
    return folder


def in_liblinear(kind, result):
    """LIBLINEAR does not look whether it got memory: then it crashes, and what it was to make is not made."""
    return (kind == "malloc" and result.status in (-signal.SIGSEGV, -signal.SIGABRT) and
            result.asked_by().startswith("liblinear"))


def case_train():
    """A model is the old one or the new one, whole, and nothing is left beside it."""
    folder = team()
    # With the topics comes the net, whose training takes seconds each time.
    command = [WHETHER, "train", *([] if EVERY else ["--only", "kinds"]), str(folder)]
    environ = environment() | {"WHETHER_PACKS": str(folder)}
    assert subprocess.run(command, env=environ, capture_output=True, timeout=300).returncode == 0
    new = {path.name: path.read_bytes() for path in folder.glob("*.model")}
    shutil.rmtree(folder / "one.corpus", ignore_errors=True)
    shutil.rmtree(folder)
    team()
    (folder / "one.corpus/b.kinds.tsv").write_text("meta\tb\tthanks a lot\n" * 3)
    assert subprocess.run(command, env=environ, capture_output=True, timeout=300).returncode == 0
    old = {path.name: path.read_bytes() for path in folder.glob("*.model")}
    assert sorted(old) == sorted(new) and old != new, sorted(old)
    (folder / "one.corpus/b.kinds.tsv").unlink()

    def before():
        there = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.suffix != ".json"}
        assert sorted(there) == sorted(old), f"left behind: {sorted(there)}"
        assert all(data in (old[name], new[name]) for name, data in there.items()), "a model is neither old nor new"
        for name, data in old.items():
            (folder / name).write_bytes(data)
    for kind, stride in (("open", 1), ("read", 20), ("write", 1), ("fsync", 1), ("rename", 1), ("malloc", 29)):
        whole, found = sweep_anew(command, scratch / "faults", kind, environ, before, some(stride), traced=True)
        before()
        assert all(r.stack for r in found), f"{kind}: failures without a place"
        ours = [r for r in found if not in_liblinear(kind, r)]
        if len(ours) < len(found):
            print(f"# train, {kind}: besides, {len(found) - len(ours)} failures of LIBLINEAR's own calls ended it")
        judge("train", kind, whole, ours)


def keep(folder):
    global scratch
    scratch = folder
    os.chdir(folder)


sys.exit(tap.run(globals(), NAMES, tap.folders(keep, "whether-faults-")))
