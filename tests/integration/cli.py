#!/usr/bin/env python3
"""Drives the built program as people and scripts do: every command, exit statuses, messages, bad input.

usage: cli.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases; WHETHER_WRAPPER (valgrind ...) goes before WHETHER
"""
import json
import os
import pathlib
import re
import select
import shlex
import stat
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402

ROOT = pathlib.Path(os.environ.get("WHETHER_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
WHETHER = shlex.split(os.environ.get("WHETHER_WRAPPER", "")) + [os.path.abspath(sys.argv[1])]
COMMANDS = ["ask", "backup", "chat", "check", "explain", "gaps", "replay", "restore", "run", "test", "train"]
KEYS = ["id", "kind", "decision", "verdict", "confidence", "situations", "denied", "reasons", "flips", "asks", "text"]
QUESTION = "Node or Django for a live auction board? The frontend is React."
PATIENCE_S = 120

scratch = None  # a folder of the running case


def environment(**changes):
    env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(scratch / "home"),
           "WHETHER_PACKS": str(ROOT / "knowledge"), "TERM": "xterm"}
    env |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
    env |= changes
    return {k: v for k, v in env.items() if v is not None}


def run(*args, stdin=b"", status=0, env=None, **more):
    """Output and messages; stdin is text, bytes, or the number of an open file."""
    if isinstance(stdin, int):
        more["stdin"] = stdin
    else:
        more["input"] = stdin.encode() if isinstance(stdin, str) else stdin
    out = more.pop("stdout", subprocess.PIPE)
    done = subprocess.run([*WHETHER, *args], stdout=out, stderr=subprocess.PIPE, env=env or environment(),
                          cwd=more.pop("cwd", scratch), timeout=PATIENCE_S, **more)
    shown = f"{args!r:.200} gave {done.returncode}: {(done.stdout or b'')[:300]!r} {done.stderr[:500]!r}"
    assert done.returncode == status, shown
    assert b"\x1b" not in (done.stdout or b"") + done.stderr, "raw escape: " + shown
    return (done.stdout or b"").decode(), done.stderr.decode()


def one_line(err, *parts):
    assert err.startswith("whether: ") and err.count("\n") == 1 and err.endswith("\n"), err
    for part in parts:
        assert part in err, f"{part!r} is not in {err!r}"


def write(name, data):
    path = scratch / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


def outcomes(text):
    objects = [json.loads(line) for line in text.splitlines()]
    for o in objects:
        assert list(o) == KEYS, list(o)
        assert o["kind"] in ("verdict", "facts", "neighbour", "unknown", "meta", "silent"), o
        assert (o["kind"] == "verdict") == (o["verdict"] is not None), o
    return objects


# --- usage ------------------------------------------------------------------------------------------


def case_no_arguments_is_a_usage_error():
    out, err = run(status=2)
    assert out == "" and err.startswith("usage: whether COMMAND")


def case_help_lists_every_command():
    for flag in ("--help", "-h"):
        out, err = run(flag)
        assert err == ""
        for name in COMMANDS:
            assert re.search(rf"^  {name} ", out, re.M), name


def case_every_command_has_help_with_examples():
    page = (ROOT / "docs/commands.md").read_text()
    for name in COMMANDS:
        out, err = run(name, "--help")
        assert err == "" and out.startswith(f"usage: whether {name} [OPTION...]"), out
        assert f"whether {name}" in out.split("examples:\n")[1], out
        assert out == run(name, "-h")[0]
        assert max(map(len, out.splitlines())) <= 90, out
        assert not re.search(r"[ \t]$", out, re.M), out
        options = out.split("options:\n")[1].split("\n\n")[0].splitlines()
        assert all(re.match(r"  (?=.*-).{30}  \S", line) for line in options), options
        assert f"## whether {name}" in page, f"docs/commands.md lacks {name}"
        for option in re.findall(r"^ +(?:-\w, )?(--\w+)", out, re.M):
            assert option in page, f"docs/commands.md lacks {option} of {name}"


def case_version():
    out, _ = run("--version")
    assert re.fullmatch(r"whether \d+\.\d+\.\d+\S*\n", out), out
    assert run("ask", "--version")[0] == out


def case_unknown_commands():
    out, err = run("aks", status=2)
    assert out == ""
    one_line(err, 'unknown command "aks"; did you mean "ask"?')
    one_line(run("frobnicate", status=2)[1], 'unknown command "frobnicate"; see whether --help')
    one_line(run("", status=2)[1], 'unknown command ""')
    one_line(run("runn", status=2)[1], 'unknown command "runn"; did you mean "run"?')


def case_unknown_options():
    one_line(run("ask", "--jsno", "x", status=2)[1], 'unknown option "--jsno"; did you mean "--json"?')
    one_line(run("ask", "--frobnicate", status=2)[1], 'unknown option "--frobnicate"; see whether ask --help')
    one_line(run("ask", "-z", status=2)[1], 'unknown option "-z"')
    one_line(run("--jsno", status=2)[1], 'unknown option "--jsno"')
    one_line(run("ask", "--json=yes", "x", status=2)[1], 'option "--json" takes no value')
    one_line(run("ask", "--length", status=2)[1], 'option "--length" needs a value')
    one_line(run("ask", "-c", status=2)[1], 'option "-c" needs a value')
    one_line(run("check", "-c", "", status=2)[1], "--config needs the name of a file; see whether check --help")
    one_line(run("ask", "--length", "long", "x", status=2)[1], '--length takes line, short or full, not "long"')
    one_line(run("ask", "--surface", "irc", "x", status=2)[1], "--surface takes dm, mention, slash, tracker or ambient")
    one_line(run("ask", *["--pack=x"] * 17, "x", status=2)[1], "--pack is given more than 16 times")


def case_operands():
    one_line(run("chat", "hello", status=2)[1], 'chat does not take "hello"')
    one_line(run("replay", status=2)[1], "replay needs FILE.jsonl")
    one_line(run("replay", "a", "b", status=2)[1], 'replay does not take "b"')
    one_line(run("explain", status=2)[1], "explain needs QUESTION...")


def case_what_is_echoed_is_harmless():
    one_line(run("a\x1b[31mk", status=2)[1], '"a?[31mk"')
    one_line(run("a\nb", status=2)[1])
    one_line(run("ask", "--x\x1b]0;t\x07", status=2)[1])
    one_line(run("replay", "no\x1b[31m.jsonl", status=1)[1])


# --- explain ----------------------------------------------------------------------------------------


def case_explain_tells_what_is_doubted():
    long = ("A word on who we are: a small museum of radio with a leaking roof. Volunteers write articles on old sets, the curator corrects and "
            "publishes them, and that's our site. One of us sells microservices in his day job, to a bank, forty of them. Node or Django?")
    out, _ = run("explain", long)
    assert re.search(r"\n  doubts +microservices +said less surely", out), out
    assert "\n  stated   admin-panel\n" in out, out
    assert "doubts" not in run("explain", long + " Both matter just as much.")[0]
    assert "doubts" not in run("explain", "We sell microservices. Volunteers write articles, the curator publishes them. Node or Django?")[0]


def case_explain_shows_each_stage():
    out, _ = run("explain", "--after", "We have a live chat and Raect.", "Well:\n- no chat any more\n- ~~React~~\n> Node?\n\nSo, Djnago or Node?")
    expected = [
        "lines\n", '"no chat any more" item', '"react" item, struck out', '"node?" quoted',
        "clauses ", "django~",
        "cues\n", 'word     negation           "no"', 'cue      react-frontend     "react"',
        "scopes\n", '"chat any more", denied', '"react", out of scope',
        "evidence\n", "denies    real-time", "learned",
        "choice\n  names  node django\n", 'an "or" between them',
        "kind: verdict (verdict +", "asks: choice\n",
        "conversation\n  before   react-frontend real-time\n", "takes back",
        "facts\n  stated   -\n  denied   react-frontend real-time\n",
        "rules fired\n", "weights\n  node       0\n", "verdict: ask\n", "would change it\n",
    ]
    at = 0
    for part in expected:
        found = out.find(part, at)
        assert found >= 0, f"{part!r} is missing, or not in its place:\n{out}"
        at = found
    out, _ = run("explain", "--surface", "ambient", "the node or django thread again")
    assert "spoken of, not asked" in out and "kind: silent" in out, out


# --- ask --------------------------------------------------------------------------------------------


def case_ask_answers():
    out, err = run("ask", QUESTION)
    assert err == "" and "Node.js" in out and out.endswith("\n")
    assert run("ask", *QUESTION.split())[0] == out
    assert run("ask", "--", *QUESTION.split())[0] == out
    assert run("ask", stdin=QUESTION)[0] == out
    line = run("ask", "--length", "line", QUESTION)[0]
    assert line.count("\n") == 1 and len(line) < len(out), line
    assert len(run("ask", "--length=full", QUESTION)[0]) >= len(out)


def case_ask_json():
    [o] = outcomes(run("ask", "--json", QUESTION)[0])
    assert o["kind"] == "verdict" and o["verdict"] == "node" and o["decision"] == "node-or-django", o
    assert o["confidence"] in ("clear", "leaning") and "react-frontend" in o["situations"], o
    assert o["reasons"] and all(list(r) == ["situation", "option", "because", "section"] for r in o["reasons"]), o
    assert o["text"] and not o["text"].endswith("\n")


def case_ask_reads_lines():
    out, err = run("ask", "--json", stdin=f"{QUESTION}\n\n  \t\r\n{QUESTION}")
    objects = outcomes(out)
    assert err == "" and [o["id"] for o in objects] == ["1", "4"]
    assert {**objects[0], "id": ""} == {**objects[1], "id": ""}, "each line is a conversation of its own"
    out, _ = run("ask", stdin=f"{QUESTION}\n{QUESTION}\n")
    assert out.split("---\n")[0] == out.split("---\n")[1]
    assert run("ask", stdin="")[0] == "" and run("ask", stdin="\n\n")[0] == ""


def case_ask_answers_before_the_next_question():
    with subprocess.Popen([*WHETHER, "ask", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=environment(), cwd=scratch) as process:
        for number in (1, 2):
            process.stdin.write(QUESTION.encode() + b"\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
            assert ready, "no answer while the pipe is open"
            assert json.loads(process.stdout.readline())["id"] == str(number)
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0


def case_ask_overheard():
    assert run("ask", "--surface", "ambient", "lunch at twelve?")[0] == "(silent)\n"
    [o] = outcomes(run("ask", "--json", "--surface", "ambient", "lunch at twelve?")[0])
    assert o["kind"] == "silent" and o["text"] == "", o


def case_ask_any_bytes():
    lines = [b"\xff\xfe\x80 node or django?", b"nul\0in\0it", b"\x1b[31mred\x07", b"\xf0\x9f\x98\x80" * 500, b"?" * 5000,
             b"\xed\xa0\x80", b"(" * 10000, b"> " * 3000, b"`" * 999]
    out, err = run("ask", "--json", stdin=b"\n".join(lines))
    assert err == "" and len(outcomes(out)) == len(lines)
    outcomes(run("ask", "--json", b"\xff\xfe node or django?")[0])
    assert run("ask", stdin=b"\n".join(lines))[1] == ""


def case_ask_long_lines():
    out, err = run("ask", "--json", stdin=b"node or django? " * 65536 + b"\n" + QUESTION.encode())
    one_line(err, "-:1: this line is longer than 65536 bytes")
    assert len(outcomes(out)) == 2
    out, err = run("ask", "--json", "x" * 100000)
    one_line(err, "longer than 65536 bytes")
    outcomes(out)


def case_ask_needs_a_readable_input():
    folder = os.open("/", os.O_RDONLY)
    try:
        one_line(run("ask", stdin=folder, status=1)[1], "cannot read standard input", "directory")
        assert "Node.js" in run("ask", QUESTION, stdin=folder)[0]
    finally:
        os.close(folder)


def case_closed_streams():
    def close(*fds):
        return lambda: [os.close(fd) for fd in fds]
    run("ask", status=1, preexec_fn=close(0))
    run("ask", QUESTION, preexec_fn=close(0))
    done = subprocess.run([*WHETHER, "ask", QUESTION], env=environment(), stderr=subprocess.PIPE, preexec_fn=close(1))
    assert done.returncode == 1, done
    one_line(done.stderr.decode(), "cannot write the output")


# --- output that is lost ----------------------------------------------------------------------------


def case_full_disk():
    replay = write("r.jsonl", '{"id": "a", "surface": "dm", "say": ["node or django?"]}\n' * 50)
    for args in (["ask", QUESTION], ["ask", "--json", QUESTION], ["check"], ["test"], ["replay", replay], ["--help"],
                 ["--version"], ["check", "--example"]):
        with open("/dev/full", "wb") as full:
            one_line(run(*args, stdout=full, status=1)[1], "cannot write the output: No space left on device")


def case_closed_pipe():
    replay = write("r.jsonl", '{"id": "a", "surface": "dm", "say": ["node or django?"]}\n' * 500)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", closefd=True) as pipe:
        one_line(run("replay", replay, stdout=pipe, status=1)[1], "cannot write the output: Broken pipe")


# --- chat without a terminal ------------------------------------------------------------------------


def case_chat_is_one_conversation():
    out, err = run("chat", stdin=f"{QUESTION}\n\nwhy?\n")
    answers = out.split("---\n")
    assert err == "" and len(answers) == 2, out
    assert answers[0] == run("ask", QUESTION)[0]
    assert "> " not in out.splitlines()[0], "no prompt without a terminal"
    assert not (scratch / "home").exists(), "no history without a terminal"


def case_chat_slashes():
    out, err = run("chat", stdin="/help\n/new \n/hlp\n/x y\n/quit\nnode or django?\n")
    assert "/quit" in out and "Forgotten" in out
    one_line(err, 'there is no "/hlp"; did you mean "/help"?')


def case_chat_many_turns_and_any_bytes():
    turns = [b"node or django?", b"it is real-time", b"no it isn't", b"\xff\0\x1b[2J", b"why?"] * 2000
    out, err = run("chat", "--length", "line", stdin=b"\n".join(turns))
    assert err == "" and len(out.splitlines()) >= 8000
    out, err = run("chat", "--length", "line", stdin=b"a" * (1 << 20) + b"\nwhy?")
    one_line(err, "-:1: this line is longer")


# --- chat on a terminal -----------------------------------------------------------------------------


class Terminal:
    """The program on a pseudo-terminal, 60 columns wide."""

    def __init__(self, *args, env):
        import fcntl
        import pty
        import struct
        import termios
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        self.process = subprocess.Popen([*WHETHER, *args], stdin=slave, stdout=slave, stderr=slave, env=env, cwd=scratch,
                                        start_new_session=True)
        os.close(slave)
        self.seen = b""

    def until(self, part):
        """Reads on until part was shown; returns what came before it."""
        end = time.monotonic() + PATIENCE_S
        while part not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            assert ready, f"{part!r} did not come, but {self.seen!r}"
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                piece = b""
            assert piece, f"ended before {part!r}: {self.seen!r}"
            self.seen += piece
        before, _, self.seen = self.seen.partition(part)
        return before.decode()

    def send(self, text):
        os.write(self.master, text.encode())

    def leave(self):
        """Ends the talk with Ctrl-D; again each second, on a cleared line: an early one is mere text."""
        start = time.monotonic()
        pressed = 0
        while self.process.poll() is None and time.monotonic() < start + PATIENCE_S:
            if time.monotonic() >= start + pressed:
                self.send("\x15\x04" if pressed else "\x04")
                pressed += 1
            ready, _, _ = select.select([self.master], [], [], 0.1)
            try:
                self.seen += os.read(self.master, 65536) if ready else b""
            except OSError:
                pass
        if self.process.poll() is None:
            self.process.kill()
        os.close(self.master)
        return self.process.wait()


def case_terminal_prompt_colour_history():
    config = write("w.ini", "[bot]\nname = ad\xe4\n")
    env = environment(XDG_STATE_HOME=str(scratch / "state"))
    terminal = Terminal("chat", "-c", config, env=env)
    terminal.until("ad\xe4> ".encode())
    terminal.send(QUESTION + "\n")
    answer = terminal.until("ad\xe4> ".encode())
    assert "\x1b[1m" in answer and "Node.js" in answer, answer
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", answer).split("\r\n")
    echo = max(number for number, line in enumerate(lines) if "auction" in line)
    assert max(map(len, lines[echo + 1:])) <= 60, lines
    assert terminal.leave() == 0
    history = scratch / "state/whether/history"
    assert "auction" in history.read_text() and stat.S_IMODE(history.stat().st_mode) == 0o600
    assert stat.S_IMODE(history.parent.stat().st_mode) == 0o700
    # The next conversation remembers: up arrow, return.
    terminal = Terminal("chat", env=environment(XDG_STATE_HOME=str(scratch / "state"), NO_COLOR="1"))
    terminal.until(b"whether> ")
    terminal.send("\x1b[A\n")
    answer = terminal.until(b"whether> ")
    assert "Node.js" in answer and "\x1b[1m" not in answer, answer
    terminal.send("/quit\n")
    assert terminal.leave() == 0


def case_terminal_history_is_never_fatal():
    fifo, folder, junk = scratch / "fifo", scratch / "folder", scratch / "junk"
    os.mkfifo(fifo)
    folder.mkdir()
    junk.write_bytes(b"\x00\xff\\" * 2000)
    link = scratch / "link"
    link.symlink_to("/etc/passwd")
    for path in (fifo, folder, junk, link, "/proc/none/such", "none", "/dev/full"):
        config = write("w.ini", f"[bot]\nhistory = {path}\n")
        terminal = Terminal("chat", "-c", config, env=environment())
        terminal.until(b"whether> ")
        terminal.send("/help\n")
        terminal.until(b"/quit")
        terminal.send("/quit\n")
        assert terminal.leave() == 0, path
    assert not (scratch / "home").exists()


# --- packs ------------------------------------------------------------------------------------------


def case_the_pack_that_the_docs_write():
    text = re.search(r"```json\n(\{\n {4}\"\$schema\".*?)```", (ROOT / "docs/packs.md").read_text(), re.S)[1]
    path = write("kafka-or-rabbitmq.json", text)
    assert "1 pack, " in run("check", path)[0]
    assert run("test", path)[0].endswith(f"{len(json.loads(text)['examples'])} passed, 0 failed\n")
    assert "\nverdict: kafka\n" in run("explain", "--pack", path, "Kafka or RabbitMQ for an audit log?")[0]


# --- replay -----------------------------------------------------------------------------------------


def case_replay():
    lines = [{"id": "a", "surface": "dm", "say": [QUESTION], "kind": "verdict", "verdict": ["node"], "optional": []},
             {"id": "\u00e4 \"b\"", "surface": "mention", "say": ["node or django?", "the frontend is React"]},
             {"id": "c", "surface": "dm", "say": ["nul \u0000 in it"]}]
    text = "\n\n".join(map(json.dumps, lines)) + "\n"
    out, err = run("replay", write("r.jsonl", text))
    objects = outcomes(out)
    assert err == "" and [o["id"] for o in objects] == [line["id"] for line in lines]
    assert objects[0]["verdict"] == "node"
    assert run("replay", "-", stdin=text)[0] == out
    assert run("replay", "-", stdin="")[0] == ""


def case_replay_bad_lines():
    good = '{"id": "g", "surface": "dm", "say": ["node or django?"]}'
    bad = ["{", "[]", "7", '{"id": 1, "surface": "dm", "say": ["x"]}', '{"surface": "dm", "say": ["x"]}',
           '{"id": "x", "surface": "irc", "say": ["x"]}', '{"id": "x", "surface": "dm", "say": []}',
           '{"id": "x", "surface": "dm", "say": "x"}', '{"id": "x", "surface": "dm", "say": ["x", 1]}',
           '{"id": "x", "id": "y", "surface": "dm", "say": ["x"]}', good + good, b'{"id": "\xff", "surface": "dm", "say": ["x"]}',
           '{"id": "a\\u0000b", "surface": "dm", "say": ["x"]}', "[" * 100000, '{"a":' * 5000, b"\x00\x01\x02"]
    for line in bad:
        line = line if isinstance(line, bytes) else line.encode()
        path = write("bad.jsonl", b"\n" + good.encode() + b"\n" + line + b"\n" + good.encode())
        out, err = run("replay", path, status=1)
        one_line(err, f"{path}:3: ")
        assert len(outcomes(out)) == 2, line
    one_line(run("replay", "-", stdin="x", status=1)[1], "whether: -:1: not JSON: ")
    deep = '{"id": "g", "surface": "dm", "say": ["[[[[[[[[[[[[[[[[[[[[[[[[ \\" [{"], "x": ' + "[" * 14 + "]" * 14 + "}"
    assert len(outcomes(run("replay", "-", stdin=deep)[0])) == 1


def case_replay_files_that_cannot_be_read():
    one_line(run("replay", "none.jsonl", status=1)[1], "none.jsonl", "No such file")
    one_line(run("replay", str(scratch), status=1)[1], str(scratch), "directory")


def case_replay_ten_thousand_turns():
    turns = ["node or django?", "the frontend is React", "no, it is not", "it's real-time \u2013 forget that"] * 2500
    out, _ = run("replay", "-", stdin=json.dumps({"id": "long", "surface": "dm", "say": turns}))
    assert len(outcomes(out)) == 1


# --- check and test ---------------------------------------------------------------------------------


def case_check_is_fine():
    out, err = run("check")
    assert re.fullmatch(r"\d+ packs?, \d+ situations?, \d+ rules?, \d+ examples?: fine\n", out) and err == "", out
    assert run("check", str(ROOT / "knowledge"), env=environment(WHETHER_PACKS=None))[0] == out
    assert run("check", "-c", str(ROOT / "config.example.ini"))[0] == out
    assert run("-c", str(ROOT / "config.example.ini"), "check")[0] == out


def case_check_example():
    out, _ = run("check", "--example")
    assert out == (ROOT / "config.example.ini").read_text()


def case_check_tells_all_faults_of_a_config():
    path = write("w.ini", "\ufeff[bot]\r\nnam = x\r\nlength = wide\r\nnonsense\r\n[slak]\r\ntoken = s3cret\r\n[bot]\r\ncolour = red\r\n")
    out, err = run("check", "-c", path, status=1)
    lines = err.splitlines()
    assert out == "" and [line.split(": ")[0] for line in lines] == [f"{path}:{n}" for n in (2, 3, 4, 5, 8)], err
    assert 'did you mean "name"?' in lines[0] and "s3cret" not in err
    out, err = run("ask", "-c", path, "x", status=1)
    assert out == "" and all(line.startswith(f"whether: {path}:") for line in err.splitlines()) and err.count("\n") == 5


def case_check_bad_packs():
    (scratch / "bad-folder.json").mkdir()
    broken = write("bad.json", '{\n "id": "x",\n')
    unreadable = write("bad-unreadable.json", "{}")
    os.chmod(unreadable, 0)
    binary = write("bad-binary.json", bytes(range(256)) * 100)
    deep = write("bad-deep.json", "[" * 200000)
    for path in (broken, binary, deep, str(scratch / "bad-none.json"), unreadable):
        out, err = run("check", path, status=1)
        assert out == "" and all(line.startswith(path) for line in err.splitlines()) and err, (path, err)
        out, err = run("ask", "--pack", path, QUESTION, status=1)
        assert out == "" and err.startswith(f"whether: {path}"), err
        assert run("test", path, status=1)[0] == ""
    out, err = run("check", str(scratch / "bad-folder.json"), status=1)
    assert out == "" and "bad-folder.json" in err, err


def case_check_config_and_packs_together():
    path = write("w.ini", "[bot]\nnam = x\n")
    broken = write("bad.json", "{")
    _, err = run("check", "-c", path, broken, status=1)
    assert f"{path}:2:" in err and broken in err


def case_config_paths_are_relative_to_it():
    (scratch / "etc").mkdir()
    (scratch / "etc/packs").symlink_to(ROOT / "knowledge")
    path = write("etc/w.ini", "[bot]\npacks = packs\nlength = line\n")
    env = environment(WHETHER_PACKS="/nonexistent")
    assert "fine" in run("check", "-c", path, env=env)[0]
    assert run("ask", "-c", path, QUESTION, env=env)[0].count("\n") == 1
    assert "/nonexistent" in run("ask", QUESTION, env=env, status=1)[1]


def case_packs_are_found():
    (scratch / "here").mkdir()
    (scratch / "here/knowledge").symlink_to(ROOT / "knowledge")
    env = environment(WHETHER_PACKS=None)
    assert "fine" in run("check", cwd=scratch / "here", env=env)[0]
    assert "fine" in run("check", cwd=scratch / "here", env=environment(WHETHER_PACKS=""))[0]
    out, err = run("check", env=environment(WHETHER_PACKS=":".join(["none"] * 17)), status=1)
    assert out == "" and err == "$WHETHER_PACKS: names more than 16 paths\n", err


def case_config_that_cannot_be_read():
    for path, part in (("none.ini", "No such file"), (str(scratch), "directory")):
        for args in (["ask", "x"], ["chat"], ["test"], ["replay", "-"]):
            one_line(run("-c", path, *args, status=1)[1], path, part)
        assert path in run("check", "-c", path, status=1)[1]


def case_test_runs_the_examples():
    out, err = run("test")
    assert re.fullmatch(r"[1-9]\d* passed, 0 failed\n", out) and err == "", out


# --- train ------------------------------------------------------------------------------------------


def team(name, corpus=True):
    """A pack of a team's own in folder/NAME.json, with a corpus beside it."""
    pack = (ROOT / "tests/unit/packs/good/pack.json").read_text().replace('"tea-or-coffee"', f'"{name}"')
    path = write(f"folder/{name}.json", pack)
    if corpus:
        write(f"folder/{name}.corpus/a.clauses.tsv", "".join(
            f"tired\tstated\tb\twe yawn, {i}\nnone\tnone\tb\tgrey weather, {i}\n" for i in range(4)))
        write(f"folder/{name}.corpus/a.kinds.tsv", "meta\tb\thello\nask\tb\ttea or coffee\n" * 3)
    return path


def made(out):
    return [pathlib.Path(line.split(": ")[0]).name for line in out.splitlines()]


def case_train():
    team("one")
    team("two")
    team("three", corpus=False)
    folder = str(scratch / "folder")
    out, err = run("train", folder)
    assert made(out) == ["one.model", "two.model"] and err == "", (out, err)
    first = (scratch / "folder/one.model").read_bytes()
    # What is broken is made anew, whichever pack comes first; the kinds once a folder.
    write("folder/two.model", "broken")
    assert "damaged" in run("ask", "--pack", folder, "x", status=1)[1]
    write("folder/kinds.model", "broken")
    assert made(run("train", folder)[0]) == ["one.model", "two.model", "kinds.model"]
    assert (scratch / "folder/one.model").read_bytes() == first
    assert made(run("train", "--only", "kinds", folder)[0]) == ["kinds.model"]
    assert made(run("train", "--only", "topics", folder)[0]) == ["one.model", "two.model"]
    assert not [p.name for p in (scratch / "folder").iterdir() if p.name.endswith(".new")]
    run("ask", "--pack", folder, "tea or coffee?")


def case_what_few_commands_need_is_in_programs_apart():
    program = pathlib.Path(WHETHER[-1]).read_bytes()
    for library in (b"liblinear", b"libcurl", b"libmicrohttpd", b"libircclient", b"libnettle", b"libsqlite3"):
        assert library not in program, f"whether itself is linked with {library.decode()}, which costs every command its start"
    installed = re.search(rb"not in (/[!-~]+/whether);", program)[1].decode()
    alone = write("alone/whether", program)
    os.chmod(alone, 0o755)
    for name, *line in (("whether-train", "train", team("one")), ("whetherd", "run"), ("whetherd", "gaps"), ("whetherd", "backup", "copy"),
                        ("whetherd", "restore", "copy")):
        if not os.path.exists(f"{installed}/{name}"):
            done = subprocess.run([alone, *line], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=environment(), cwd=scratch, timeout=PATIENCE_S)
            assert done.returncode == 1 and done.stdout == b"", done
            one_line(done.stderr.decode(), name, installed)


def case_programs_apart_are_not_for_people():
    for line in ([], ["run", "a", "b"], ["gaps"], ["gaps", "5"], ["dance"]):
        done = subprocess.run([pathlib.Path(WHETHER[-1]).with_name("whetherd"), *line], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment(), cwd=scratch, timeout=PATIENCE_S)
        assert done.returncode == 2 and done.stdout == b"", (line, done)
        one_line(done.stderr.decode(), "use `whether run`")


def case_train_needs_a_corpus():
    one_line(run("train", team("alone", corpus=False), status=1)[1], "NAME.corpus")
    path = team("bad")
    write("folder/bad.model", "as it was")
    faulty = write("folder/bad.corpus/b.clauses.tsv", "tired\tstated\tb\tyes\nsleepy\tstated\tb\tno\nhalf\n")
    out, err = run("train", path, status=1)
    assert out == "" and [line.split(": ")[0] for line in err.splitlines()] == [f"{faulty}:2", f"{faulty}:3"], err
    assert (scratch / "folder/bad.model").read_text() == "as it was"


# --- running them -----------------------------------------------------------------------------------


def keep(folder):
    global scratch
    scratch = folder


sys.exit(tap.run(globals(), sys.argv[2:], around=tap.folders(keep, "whether-cli-")))
