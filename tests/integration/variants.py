#!/usr/bin/env python3
"""Builds without one adapter, and without any: each compiles, starts, and says what it lacks.

usage: variants.py SOURCE COMPILER     prints TAP
"""
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE, COMPILER = pathlib.Path(sys.argv[1]), sys.argv[2]
PATIENCE_S = 200
VARIANTS = [["irc"], ["slack"], ["api"], ["page"], ["chathook", "tracker"], ["api", "chathook", "irc", "page", "slack", "tracker"]]
# A section of each, by the option that leaves it out.
SECTIONS = {"irc": ("irc", "[irc a]\nserver = 127.0.0.1:1\ntls = no\n"), "slack": ("slack", "[slack]\nsigning_secret_env = SECRET\n"),
            "api": ("api", "[api]\nopen = yes\n"), "page": ("page", "[page]\n"),
            "chathook": ("rocketchat", "[rocketchat]\ntoken_env = SECRET\n"),
            "tracker": ("linear", "[linear]\nsecret_env = SECRET\ntoken_env = SECRET\n")}


def run(*command, status=0, **env):
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, env=os.environ | {"WHETHER_PACKS": str(SOURCE / "knowledge")} | env)
    assert done.returncode == status, f"{command!r}: {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}"
    return done.stdout + done.stderr


def check(without, folder):
    build = folder / "build"
    # The tests' build files, too, must do without; compiling the tests themselves would take minutes.
    run("meson", "setup", build, SOURCE, "--buildtype=plain", "--werror", *(f"-D{name}=disabled" for name in without),
        CC=COMPILER, CFLAGS="-O0")
    run("ninja", "-C", build, "whether", "whetherd")
    whether = build / "whether"
    for option, (name, section) in SECTIONS.items():
        ini = folder / f"{name}.ini"
        ini.write_text(section)
        said = run(whether, "check", "-c", ini, status=int(option in without), SECRET="x")
        assert (f"{ini}: this whether was built without [{name}]" in said) == (option in without), said
        if option in without:
            assert "built without" in run(whether, "run", "-c", ini, status=1, SECRET="x")
    assert "Node" in run(whether, "ask", "--length", "line", "Node or Django for a chat?")
    if {"api", "page"} <= set(without):
        # Without a configuration and without the API there is nothing that it could do.
        assert "nothing to do" in run(whether, "run", status=1)


def main():
    failed = 0
    print(f"1..{len(VARIANTS)}")
    for number, without in enumerate(VARIANTS, 1):
        with tempfile.TemporaryDirectory(prefix="whether-variants-") as folder:
            os.chdir(folder)
            try:
                check(without, pathlib.Path(folder))
                print(f"ok {number} - without {' '.join(without)}", flush=True)
            except (AssertionError, OSError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"not ok {number} - without {' '.join(without)}")
                print("".join(f"# {line}\n" for line in str(error).splitlines()), end="", flush=True)
    return failed > 0


sys.exit(main())
