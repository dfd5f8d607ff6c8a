#!/usr/bin/env python3
"""The unit is one that systemd understands, and confines the daemon: under 2.0 in `systemd-analyze security`.

usage: unit.py whether.service     prints TAP; the file as it is installed
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402

UNIT = pathlib.Path(sys.argv[1]).read_text()
EXPOSURE_MAX = 2.0


def analyze(*words):
    if not shutil.which("systemd-analyze"):
        raise tap.Skip("there is no systemd-analyze")
    with tempfile.TemporaryDirectory() as folder:
        # A program that is there: verifying looks for it.
        unit = pathlib.Path(folder) / "whether.service"
        unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT, flags=re.M).replace("man:whether", "man:true"))
        done = subprocess.run(["systemd-analyze", "--no-pager", *words, unit], capture_output=True, text=True)
        return done.stdout + done.stderr


def case_names_what_is_installed():
    assert not re.search(r"@\w+@", UNIT), "a placeholder is left"
    start = re.search(r"^ExecStart=(.+)$", UNIT, re.M)[1]
    assert re.fullmatch(r"/\S+/whether run -c /\S*etc/whether/whether\.ini", start), start


def case_systemd_understands_it():
    said = [line for line in analyze("verify").splitlines() if "whether.service" in line and "'man " not in line]
    assert not said, "\n".join(said)


def case_exposes_little():
    said = analyze("security", "--offline=yes")
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert exposure, said
    print(f"# exposure {exposure[1]}")
    assert float(exposure[1]) < EXPOSURE_MAX, said


sys.exit(tap.run(globals()))
