#!/usr/bin/env python3
"""The Debian package in a fresh Debian 12: it installs, answers, runs, keeps its store over an upgrade, and goes without a trace.

usage: run.py     prints TAP. As root, with a Debian mirror in reach: builds the package (script/package), makes a Debian 12 with
debootstrap (kept as build/package/bookworm.tar), and goes in by chroot, in namespaces of its own, where nothing else listens.
"""
import ctypes
import glob
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "package"
MIRROR = "http://deb.debian.org/debian"
PATIENCE_S = 60
NEW_MOUNTS, NEW_NET = 0x00020000, 0x40000000  # CLONE_NEWNS, CLONE_NEWNET
OLDER = "0.0.9"

root = None  # the fresh Debian's folder
packages = {}  # version -> file


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def inside(*command):
    return run("chroot", root, *command, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
                                              "LC_ALL": "C.UTF-8", "HOME": "/root"})


def leave_namespace(flags):
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(flags) == 0, f"unshare: {os.strerror(ctypes.get_errno())}"


def fresh_debian(folder):
    tar = OUT / "bookworm.tar"
    if not tar.exists():
        made = pathlib.Path(folder) / "made"
        run("debootstrap", "--variant=minbase", "bookworm", made, MIRROR)
        run("tar", "-C", made, "--one-file-system", "-cf", f"{tar}.new", ".")
        os.replace(f"{tar}.new", tar)
        shutil.rmtree(made)
    new = pathlib.Path(folder) / "debian"
    new.mkdir(mode=0o755)
    run("tar", "-C", new, "-xf", tar)
    shutil.copy("/etc/resolv.conf", new / "etc" / "resolv.conf")
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "proc", "proc", new / "proc")
    return new


def older(package, folder):
    """The same package as a lower version, which came with a configuration a little different."""
    tree = pathlib.Path(folder) / "older"
    run("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {OLDER}", control.read_text(), flags=re.M))
    config = tree / "etc" / "whether" / "whether.ini"
    config.write_text(config.read_text() + "# of the older version\n")
    file = pathlib.Path(folder) / f"whether_{OLDER}.deb"
    run("dpkg-deb", "--root-owner-group", "-b", tree, file)
    return file


class Daemon:
    """The installed daemon as the unit starts it: its user, its configuration."""

    def __enter__(self):
        self.log = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            ["chroot", root, "setpriv", "--reuid=whether", "--regid=whether", "--init-groups",
             "whether", "run", "-c", "/etc/whether/whether.ini"],
            stdin=subprocess.DEVNULL, stderr=self.log, env={"PATH": "/usr/bin:/bin:/usr/sbin", "NO_PROXY": "*"})
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                assert self.get("/readyz")[0] == 200
                return self
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, self.said()
                time.sleep(0.05)

    def __exit__(self, kind, *rest):
        self.process.terminate()
        status = self.process.wait(PATIENCE_S)
        assert kind or status == 0, self.said()

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def get(self, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=PATIENCE_S)
        try:
            connection.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def ask(self, text):
        status, answer = self.get("/api/ask", json.dumps({"text": text, "conversation": "upgrade"}))
        assert status == 200, answer
        return json.loads(answer)


def installed_version():
    return inside("dpkg-query", "-W", "-f", "${Version}", "whether")


# --- in this order: each goes on where the one before it ended -------------------------------------------


def case_the_older_one_installs():
    shutil.copy(packages[OLDER], root / "older.deb")
    inside("apt-get", "update", "-q")
    inside("apt-get", "install", "-y", "-q", "--no-install-recommends", "curl", "/older.deb")
    assert installed_version() == OLDER
    # From here on alone: what is left needs no mirror, and port 8080 is ours.
    leave_namespace(NEW_NET)
    run("ip", "link", "set", "lo", "up")


def case_it_answers():
    said = inside("whether", "ask", "Node or Django for a live auction board? The frontend is React.")
    assert "Node.js" in said, said


def case_rights():
    def shows(path):
        return inside("stat", "-c", "%U:%G %a", path).strip()
    assert shows("/var/lib/whether") == "whether:whether 750", shows("/var/lib/whether")
    assert shows("/etc/whether") == "root:whether 750", shows("/etc/whether")
    user = inside("getent", "passwd", "whether").split(":")
    assert user[6].strip() == "/usr/sbin/nologin" and int(user[2]) < 1000, user
    assert "/etc/whether/whether.ini" in inside("dpkg-query", "-W", "-f", "${Conffiles}", "whether")


def case_everything_is_there():
    for path in ("usr/share/man/man1/whether.1.gz", "usr/share/man/man5/whether.ini.5.gz", "usr/share/man/man5/whether-pack.5.gz",
                 "usr/share/bash-completion/completions/whether", "usr/share/zsh/vendor-completions/_whether",
                 "usr/share/fish/vendor_completions.d/whether.fish", "lib/systemd/system/whether.service",
                 "usr/share/whether/knowledge/node-or-django.model", "usr/share/whether/knowledge/words.vec",
                 "usr/share/whether/prometheus/whether.rules.yml", "usr/share/whether/grafana/whether.json",
                 "usr/share/whether/config.example.ini", "usr/libexec/whether/whether-train", "usr/libexec/whether/whetherd"):
        assert (root / path).exists(), f"/{path} is not installed"
    # debhelper compresses documents from 4 KiB on.
    assert glob.glob(f"{root}/usr/share/doc/whether/operating.md*"), "the operator's guide is not installed"


def case_the_daemon_runs_with_the_configuration_it_came_with():
    run("cp", ROOT / "debian" / "tests" / "smoke", root / "smoke")
    inside("/smoke")


def case_a_conversation_begins():
    config = root / "etc" / "whether" / "whether.ini"
    config.write_text(config.read_text() + "[api]\nopen = yes\n")
    with Daemon() as daemon:
        answer = daemon.ask("Node or Django? The frontend is React.")
        assert "react-frontend" in answer["situations"], answer


def case_it_is_upgraded():
    shutil.copy(packages["new"], root / "new.deb")
    inside("dpkg", "--force-confold", "-i", "/new.deb")
    assert installed_version() not in ("", OLDER)
    text = (root / "etc" / "whether" / "whether.ini").read_text()
    assert "open = yes" in text, "the operator's configuration was overwritten"
    assert (root / "etc" / "whether" / "whether.ini.dpkg-dist").exists(), "the new configuration is not offered"


def case_the_conversation_goes_on():
    with Daemon() as daemon:
        answer = daemon.ask("why?")
        assert "react-frontend" in answer["situations"], answer
        assert "React" in answer["text"], answer


def case_removing_keeps_store_and_configuration():
    inside("dpkg", "--remove", "whether")
    assert not (root / "usr/bin/whether").exists()
    assert (root / "var/lib/whether/whether.db").exists() and (root / "etc/whether/whether.ini").exists()


def case_purging_leaves_nothing():
    inside("dpkg", "--purge", "whether")
    left = [path for top in ("etc", "usr", "var/lib/whether", "lib/systemd") if (root / top).exists()
            for path in (root / top).rglob("*whether*") if "dpkg/info" not in str(path)]
    assert not left and not (root / "var/lib/whether").exists(), left


def main():
    global root
    cases = [(name, case) for name, case in globals().items() if name.startswith("case_")]
    if os.getuid() != 0:
        print("1..0 # SKIP needs root, for chroot and namespaces")
        return 0
    print(f"1..{len(cases)}", flush=True)
    built = run(ROOT / "script" / "package", cwd=ROOT).split()[-1]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="whether-package.") as folder:
        leave_namespace(NEW_MOUNTS)
        root = fresh_debian(folder)
        packages.update({"new": built, OLDER: older(built, folder)})
        for number, (name, case) in enumerate(cases, 1):
            name = name.removeprefix("case_").replace("_", " ")
            try:
                case()
                print(f"ok {number} {name}", flush=True)
            except Exception:  # a broken test is a failed test
                failed += 1
                print(f"not ok {number} {name}")
                print("\n".join("# " + line for line in traceback.format_exc().splitlines()), flush=True)
        run("umount", root / "proc")
    return failed > 0


sys.exit(main())
