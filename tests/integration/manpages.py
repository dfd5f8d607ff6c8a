#!/usr/bin/env python3
"""The manual pages say what the program says: its commands and options, its keys, the keys of its packs.

usage: manpages.py WHETHER FOLDER whether.ini.5     prints TAP; FOLDER holds whether.1 and whether-pack.5
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import helptext

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402

WHETHER = shlex.split(os.environ.get("WHETHER_WRAPPER", "")) + [os.path.abspath(sys.argv[1])]
FOLDER = pathlib.Path(sys.argv[2]).resolve()
INI = pathlib.Path(sys.argv[3]).resolve()
ROOT = pathlib.Path(os.environ.get("WHETHER_SOURCE") or pathlib.Path(__file__).resolve().parents[2])


def section(page, name):
    return page.partition(f".Sh {name}\n")[2].partition("\n.Sh ")[0]


def documented(part):
    """Long option -> the values that it names ("line|short|full"), "" where it takes none."""
    found = {}
    for line in re.findall(r"^\.It (Fl .*)$", part, re.M):
        name, value = re.search(r"Fl -([a-z-]+)(?: (?:Ar|Cm) (.*))?$", line).groups()
        assert name not in found, f"--{name} stands there twice"
        found[name] = (value or "").replace(" ", "")
    return found


def case_commands_and_options():
    page = (FOLDER / "whether.1").read_text()
    common = documented(section(page, "DESCRIPTION"))
    assert common == helptext.options(WHETHER), common
    parts = re.split(r"^\.Ss ", section(page, "COMMANDS"), flags=re.M)[1:]
    names = [part.partition("\n")[0] for part in parts]
    assert names == helptext.commands(WHETHER), names
    for name, part in zip(names, parts):
        want = {key: value for key, value in helptext.options(WHETHER, name).items() if key not in common}
        assert documented(part) == want, f"{name}: {documented(part)} is documented, --help has {want}"


def case_usages():
    """As a reader sees them: a bracket closed too late makes an argument optional that is none."""
    if not shutil.which("mandoc"):
        raise tap.Skip("mandoc is not installed")
    page = subprocess.run(["mandoc", "-T", "utf8", FOLDER / "whether.1"], check=True, capture_output=True, text=True).stdout
    shown = re.findall(r"^ +(whether [a-z]+(?: [\[A-Z].*)?)$", re.sub(".\b", "", page).partition("\nCOMMANDS\n")[2].partition("\nSIGNALS\n")[0], re.M)
    want = [re.match(r"usage: (.*)", subprocess.run([*WHETHER, name, "--help"], check=True, capture_output=True, text=True).stdout)[1]
            for name in helptext.commands(WHETHER)]
    assert [line.replace("option ...", "OPTION...").replace(" ...", "...") for line in shown] == want, shown


def case_keys_of_the_configuration():
    page = INI.read_text()
    table = subprocess.run([*WHETHER, "check", "--keys"], check=True, capture_output=True, text=True).stdout
    rows = re.findall(r"^\| `\[(.+?)\]` \| (.+?) \|", table, re.M)
    assert len(rows) > 80, len(rows)
    want = [(part, tuple(re.findall("`(.+?)`", names))) for part, names in rows]
    got = []
    for part in re.split(r"^\.Ss ", section(page, "KEYS"), flags=re.M)[1:]:
        name = re.match(r"\[(.+)\]\n(.+)", part)
        assert name, f"no purpose is said of {part[:40]!r}"
        for item in re.findall(r"^\.It (.*)$\n(?!\.)", part, re.M):
            got.append((name[1], tuple(re.findall(r"Ic (\w+)", item))))
    assert got == want, f"missing {set(want) - set(got)}, too many {set(got) - set(want)}"


def properties(schema):
    """All keys of all objects of a schema."""
    found = set()
    if isinstance(schema, dict):
        found |= set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
        schema = list(schema.values())
    if isinstance(schema, list):
        found |= set().union(*map(properties, schema))
    return found


def case_keys_of_packs():
    part = section((FOLDER / "whether-pack.5").read_text(), "KEYS")
    # Items, and what the text of an item calls a key of its own.
    named = set(re.findall(r"[$a-z_]+", " ".join(re.findall(r"^\.(?:It )?Ic (.*)$", part, re.M)))) - {"Ic"}
    want = properties(json.loads((ROOT / "knowledge" / "pack.schema.json").read_text()))
    assert len(want) > 40, want
    assert named == want, f"missing {want - named}, unknown {named - want}"


def case_the_example_pack_works():
    page = (FOLDER / "whether-pack.5").read_text()
    pack = page.rpartition(".Bd -literal\n")[2].partition(".Ed")[0]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "tea-or-coffee.json"
        file.write_text(pack)
        for command in "check", "test":
            done = subprocess.run([*WHETHER, command, file], capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr


def case_the_example_configuration_works():
    text = INI.read_text().rpartition(".Bd -literal")[2].partition("\n")[2].partition(".Ed")[0]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "whether.ini"
        file.write_text(text.replace("/var/lib/whether/", folder + "/"))
        secret = pathlib.Path(folder) / "password"
        secret.write_text("sesame-sesame\n")
        secret.chmod(0o600)
        done = subprocess.run([*WHETHER, "check", "-c", file, ROOT / "knowledge"], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def case_roff_is_clean():
    for tool, *command in (["mandoc", "mandoc", "-T", "lint", "-W", "warning"], ["man", "man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8"]):
        if not shutil.which(tool):
            raise tap.Skip(f"{tool} is not installed")
        for page in FOLDER / "whether.1", FOLDER / "whether-pack.5", INI:
            done = subprocess.run([*command, page], capture_output=True, text=True,
                                  env={**os.environ, "MANROFFSEQ": "", "MANWIDTH": "80"})
            said = done.stderr + (done.stdout if tool == "mandoc" else "")
            assert not said, f"{page.name}: {said}"


sys.exit(tap.run(globals()))
