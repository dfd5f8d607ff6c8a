#!/usr/bin/env python3
"""The shells complete every command and every option of --help, and no other. The real shells are asked.

usage: completions.py WHETHER FOLDER     prints TAP; FOLDER holds whether.bash, _whether, whether.fish
"""
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import helptext

WHETHER = shlex.split(os.environ.get("WHETHER_WRAPPER", "")) + [os.path.abspath(sys.argv[1])]
FOLDER = pathlib.Path(sys.argv[2]).resolve()
PATIENCE_S = 60
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")

BASH = r"""
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_whether
printf '%s\n' "${COMPREPLY[@]}"
"""


def bash(words):
    run = subprocess.run(["bash", "--norc", "-c", BASH, "bash", FOLDER / "whether.bash", *words], check=True,
                         capture_output=True, text=True)
    assert not run.stderr, run.stderr
    return set(run.stdout.split())


def fish(words):
    line = " ".join(words)
    run = subprocess.run(["fish", "--no-config", "-c", f"source {FOLDER}/whether.fish; complete -C {shlex.quote(line)}"],
                         check=True, capture_output=True, text=True, env={**os.environ, "HOME": scratch})
    assert not run.stderr, run.stderr
    return {line.split("\t")[0] for line in run.stdout.splitlines()}


class Zsh:
    """zsh completes only where somebody types: a shell on a terminal, which is told to list (Ctrl-D) and to forget (Ctrl-U)."""

    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(scratch)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": scratch,
                                                    "LC_ALL": "C.UTF-8", "COLUMNS": "500", "LINES": "200"})
        self.type(f"unset zle_bracketed_paste; PS1=READY'> '; stty -echo cols 500 rows 200; fpath=({FOLDER} $fpath);"
                  " autoload -Uz compinit; compinit -u -D; LISTMAX=0; zstyle ':completion:*' verbose no\n")
        self.read("READY> ")

    def type(self, text):
        os.write(self.fd, text.encode())

    def read(self, until):
        """What is said until it ends with this (a regular expression)."""
        seen, end = "", time.monotonic() + PATIENCE_S
        while not re.search(until + "$", seen, re.S):
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            assert ready, f"zsh does not say {until!r}: {seen!r}"
            seen = ESCAPE.sub("", seen + os.read(self.fd, 65536).decode(errors="replace"))
        return seen

    def __call__(self, words):
        # The mark after the list: a command line of its own, which the list stands before.
        self.type(" ".join(words) + "\x04\x15print MA''RK\n")
        seen = self.read("MARK\r?\n.*READY> ")
        listed = seen.rpartition("print MA")[0].partition("\n")[2]
        # Below the list stands the line again.
        return {word for word in listed.split() if re.fullmatch(r"--?[a-z-]+|[a-z]+", word)} - set(words)

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def compare(shell, words, want, options):
    got = shell(words)
    if options:
        got = {word for word in got if word.startswith("--")}
    assert got == want, f"{' '.join(words)}: not completed {sorted(want - got)}, not in --help {sorted(got - want)}"


def check(shell):
    commands = helptext.commands(WHETHER)
    compare(shell, ["whether", ""], set(commands), options=False)
    compare(shell, ["whether", "--"], {"--" + name for name in helptext.options(WHETHER)}, options=True)
    for command in commands:
        options = helptext.options(WHETHER, command)
        compare(shell, ["whether", command, "--"], {"--" + name for name in options}, options=True)
        for name, value in options.items():
            if re.fullmatch(r"[a-z]+(\|[a-z]+)+", value or ""):
                compare(shell, ["whether", command, "--" + name, ""], set(value.split("|")), options=False)


scratch = tempfile.mkdtemp(prefix="whether-completions.")
failed = 0
print("1..3")
try:
    for number, (name, make) in enumerate((("bash", lambda: bash), ("fish", lambda: fish), ("zsh", Zsh)), 1):
        if not shutil.which(name):
            print(f"ok {number} {name} # SKIP {name} is not installed")
            continue
        shell = make()
        try:
            check(shell)
            print(f"ok {number} {name}")
        except AssertionError as problem:
            failed += 1
            print(f"not ok {number} {name}\n# {problem}")
        finally:
            if name == "zsh":
                shell.close()
finally:
    shutil.rmtree(scratch)
sys.exit(failed > 0)
