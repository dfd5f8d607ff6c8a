#!/usr/bin/env python3
"""`meson install` without a package: everything is below DESTDIR, the unit names what is there, and `uninstall` takes it all away.

usage: installed.py BUILD [PREFIX]     prints TAP; the build folder, as it is
"""
import os
import pathlib
import re
import sys
import tempfile

import debian
from debian import run

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402

BUILD = sys.argv[1]
PREFIX = (sys.argv[2] if len(sys.argv) > 2 else "/usr/local").lstrip("/")


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def case_installs_below_destdir_and_goes_again():
    with tempfile.TemporaryDirectory(prefix="whether-installed.") as made:
        folder = pathlib.Path(made)
        env = os.environ | {"DESTDIR": made}
        run("meson", "install", "-C", BUILD, "--no-rebuild", env=env)
        there = files(folder)
        missing = {f"{PREFIX}/{path}" for path in debian.INSTALLED} - set(there)
        assert not missing, missing
        for page in "man1/whether.1", "man5/whether.ini.5", "man5/whether-pack.5":
            assert f"{PREFIX}/share/man/{page}" in there, page
        assert {f"{PREFIX}/share/doc/whether/{name}" for name in ("operating.md", "CHANGELOG.md")} <= set(there)
        unit = (folder / PREFIX / "lib/systemd/system/whether.service").read_text()
        program, config = re.search(r"^ExecStart=/(\S+) run -c /(\S+)$", unit, re.M).groups()
        assert program in there and config == f"{PREFIX}/etc/whether/whether.ini", (program, config)
        run("ninja", "-C", BUILD, "uninstall", env=env)
        assert not folder.exists() or not files(folder), files(folder)
        folder.mkdir(exist_ok=True)


sys.exit(tap.run(globals()))
