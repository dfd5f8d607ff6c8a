#!/usr/bin/env python3
"""The Debian package in a fresh Debian 12: it installs, answers, runs, keeps its store over an upgrade, and goes without a trace.

usage: run.py     prints TAP. As root, with a Debian mirror in reach: builds the package (script/package), makes a Debian 12 with
debootstrap (kept as build/package/bookworm.tar), and goes in by chroot, in namespaces of its own, where nothing else listens.
"""
import glob
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import debian
from debian import NEW_MOUNTS, PATIENCE_S, ROOT, run

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402

OLDEST, OLDER = "0.0.8", "0.0.9"

root = None  # the fresh Debian's folder
packages = {}  # version -> file


def inside(*command):
    return debian.chroot(root, *command)


class Daemon:
    """The installed daemon as the unit starts it: its user, its configuration."""

    def __enter__(self):
        self.log = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            ["chroot", root, "setpriv", "--reuid=whether", "--regid=whether", "--init-groups",
             "whether", "run", "-c", "/etc/whether/whether.ini"],
            stdin=subprocess.DEVNULL, stderr=self.log, env={"PATH": "/usr/bin:/bin:/usr/sbin", "NO_PROXY": "*"})
        try:
            debian.wait_until(lambda: self.process.poll() is not None or debian.http_get("/readyz")[0] == 200, "the daemon")
        finally:
            self.log.seek(0)
            self.said = self.log.read()
        assert self.process.poll() is None, self.said
        return self

    def __exit__(self, kind, *rest):
        self.process.terminate()
        status = self.process.wait(PATIENCE_S)
        assert kind or status == 0, (status, self.said)

    def ask(self, text):
        status, answer = debian.ask(text)
        assert status == 200, answer
        return answer


def installed_version():
    return inside("dpkg-query", "-W", "-f", "${Version}", "whether")


# --- in this order: each goes on where the one before it ended -------------------------------------------


def case_the_oldest_installs():
    shutil.copy(packages[OLDEST], root / "oldest.deb")
    inside("apt-get", "update", "-q")
    inside("apt-get", "install", "-y", "-q", "--no-install-recommends", "curl", "/oldest.deb")
    assert installed_version() == OLDEST
    wanted = root / "etc/systemd/system/multi-user.target.wants/whether.service"
    assert wanted.is_symlink(), "the unit is not enabled"
    debian.alone()


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
    for path in (*("usr/" + path for path in debian.INSTALLED), "usr/share/man/man1/whether.1.gz", "usr/share/man/man5/whether.ini.5.gz",
                 "usr/share/man/man5/whether-pack.5.gz", "usr/share/zsh/vendor-completions/_whether", "lib/systemd/system/whether.service"):
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


def upgrade(version, file):
    """With the operator's configuration kept, as apt asks; the new one lies beside it."""
    shutil.copy(file, root / "next.deb")
    (root / "etc" / "whether" / "whether.ini.dpkg-dist").unlink(missing_ok=True)
    inside("dpkg", "--force-confold", "-i", "/next.deb")
    assert installed_version() == version
    text = (root / "etc" / "whether" / "whether.ini").read_text()
    assert "open = yes" in text, "the operator's configuration was overwritten"
    assert (root / "etc" / "whether" / "whether.ini.dpkg-dist").exists(), "the new configuration is not offered"


def goes_on():
    with Daemon() as daemon:
        answer = daemon.ask("why?")
        assert "react-frontend" in answer["situations"], answer
        assert "React" in answer["text"], answer


def case_two_upgrades_keep_store_and_configuration():
    upgrade(OLDER, packages[OLDER])
    goes_on()
    upgrade(packages["new"].name.split("_")[1], packages["new"])
    goes_on()


def case_a_configuration_that_nobody_changed_is_replaced():
    config = root / "etc" / "whether" / "whether.ini"
    edited = config.read_text()
    inside("dpkg", "--force-confnew", "-i", "/oldest.deb")
    assert config.read_text().endswith(f"# of version {OLDEST}\n")
    inside("dpkg", "-i", "/next.deb")
    assert "# of version" not in config.read_text()
    config.write_text(edited)


def case_removing_keeps_store_and_configuration():
    inside("dpkg", "--remove", "whether")
    assert not (root / "usr/bin/whether").exists()
    assert (root / "var/lib/whether/whether.db").exists() and (root / "etc/whether/whether.ini").exists()


def case_purging_leaves_nothing():
    """Nor does it fail where the store has a disk of its own: that stays, empty. booted.py purges without one."""
    store = root / "var" / "lib" / "whether"
    run("mount", "--bind", store, store)
    try:
        inside("dpkg", "--purge", "whether")
    finally:
        run("umount", store)
    left = [path for top in ("etc", "usr", "var/lib/whether", "lib/systemd") if (root / top).exists()
            for path in (root / top).rglob("*whether*") if "dpkg/info" not in str(path)]
    assert not left and not any(store.iterdir()), left


def main():
    global root
    if os.getuid() != 0:
        print("1..0 # SKIP needs root, for chroot and namespaces")
        return 0
    built = debian.build()
    with tempfile.TemporaryDirectory(prefix="whether-package.") as folder:
        debian.leave_namespace(NEW_MOUNTS)
        root = debian.unpack(debian.base_tar(), folder)
        packages.update({"new": built, **{version: debian.other_version(built, folder, version) for version in (OLDEST, OLDER)}})
        run("mount", "-t", "proc", "proc", root / "proc")
        try:
            return tap.run(globals())
        finally:
            run("umount", root / "proc")


sys.exit(main())
