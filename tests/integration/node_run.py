"""A `whether run` with a configuration, and a script in Node that tests it and prints TAP.

usage: see api.py, page.py
"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

from daemon import ROOT, Daemon

MODULES = ROOT / "build/npm"
PATIENCE_S = 280


def secret(folder, name, text):
    path = pathlib.Path(folder) / name
    path.write_text(text)
    path.chmod(0o600)


def run(script, config, secrets, *args):
    """The script's exit status. It is given MODULES, the daemon's address and args; no secret may be in the log."""
    whether = [*shlex.split(os.environ.get("WHETHER_WRAPPER", "")), os.path.abspath(sys.argv[1])]
    if not (MODULES / "installed.json").exists():
        print("Bail out! script/npm has not been run")
        return 1
    with tempfile.TemporaryDirectory(prefix="whether-node-") as folder:
        for name, text in secrets.items():
            secret(folder, name, text)
        with Daemon(whether, folder, config) as it:
            url = f"http://127.0.0.1:{it.port}"
            done = subprocess.run(["node", ROOT / "tests/integration" / script, MODULES, url, *args, *sys.argv[2:]],
                                  timeout=PATIENCE_S)
            told = [name for name, text in secrets.items() if any(text.strip() in line for line in it.lines)]
        if told:
            print(f"# in the log: {told}")
        return 1 if told else done.returncode
