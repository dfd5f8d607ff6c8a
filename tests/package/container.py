#!/usr/bin/env python3
"""The Containerfile: it builds, and what comes of it runs as its first lines say: not as root, on a root that is read only, with its
store in a volume that the next image takes over.

usage: container.py     prints TAP. As root, with buildah and a Debian mirror in reach. debootstrap's Debian stands for the image of
Docker Hub, which is not asked; and namespaces of ours for Docker
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import debian
from debian import PATIENCE_S, ROOT, ask, http_get, run, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402

BASE = "docker.io/library/debian:bookworm-slim"
FACT = "Node or Django? The frontend is React."
# As docker run --read-only --cap-drop all --security-opt no-new-privileges --user ... -v volume: nothing may be gained, nothing written but in the volume.
RUN = r"""
set -e
mount --bind "$1" "$1"
cd "$1"
mount --bind "$2" var/lib/whether
if [ -n "$3" ]; then mount --bind "$3" etc/whether; fi
mount -o remount,bind,ro "$1"
mount -t proc proc proc
mount -t tmpfs tmpfs dev
mknod -m 666 dev/null c 1 3; mknod -m 666 dev/urandom c 1 9
pivot_root . mnt
cd /
umount -l /mnt
user=$4; shift 4
exec setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""

folder = None
config = {}  # the image's


def buildah(*words):
    return run("buildah", "--root", folder / "store", "--runroot", folder / "run", "--storage-driver", "vfs", *words)


def last(said):
    return said.split()[-1]


def build():
    """The sources that git knows, as they lie here."""
    source = folder / "source"
    source.mkdir()
    subprocess.run(f"git ls-files -z | xargs -0 cp --parents --no-dereference --target-directory={source}", shell=True, check=True,
                   cwd=ROOT)
    base = last(buildah("from", "scratch"))
    buildah("add", "-q", base, debian.base_tar(), "/")
    buildah("commit", "-q", base, BASE)
    buildah("rm", base)
    buildah("bud", "--isolation", "chroot", "--format", "docker", "--pull-never", "--layers=false", "-t", "whether", "-f",
            source / "Containerfile", source)
    config.update(json.loads(buildah("inspect", "--type", "image", "whether"))["Docker"]["config"])


class Container:
    """One made of the image; options as of docker run."""

    def __init__(self, image="whether", volume="volume", etc="", command=None):
        self.name = last(buildah("from", "--pull-never", image))
        self.root = pathlib.Path(last(buildah("mount", self.name)))
        self.volume, self.etc = folder / volume, etc
        if not self.volume.exists():  # a new volume begins with what the image has there
            shutil.copytree(self.root / "var/lib/whether", self.volume)
            info = (self.root / "var/lib/whether").stat()
            os.chown(self.volume, info.st_uid, info.st_gid)
            self.volume.chmod(info.st_mode)
        self.command = config["Entrypoint"] + (command or config["Cmd"])

    def __enter__(self):
        self.log = tempfile.TemporaryFile(mode="w+")
        self.starter = subprocess.Popen(
            ["unshare", "--pid", "--mount", "--ipc", "--uts", "--fork", "--kill-child", "sh", "-c", RUN, "sh", self.root, self.volume,
             self.etc, config["User"], *self.command],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        return self

    def children(self):
        return [int(number) for number in pathlib.Path(f"/proc/{self.starter.pid}/task/{self.starter.pid}/children").read_text().split()]

    def up(self):
        wait_until(lambda: self.starter.poll() is not None or http_get("/readyz")[0] == 200, "the daemon")
        assert self.starter.poll() is None, self.said()
        self.first = self.children()[0]

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def execute(self, *command):
        """(status, what it said), as docker exec."""
        user = config["User"]
        return debian.attempt("nsenter", "-t", self.first, "-m", "-p", "-r", "-w", "setpriv", "--reuid", user.split(":")[0], "--regid",
                              user.split(":")[1], "--clear-groups", *command)

    def healthy(self):
        kind, *command = config["Healthcheck"]["Test"]
        assert kind == "CMD", kind
        return self.execute("timeout", "-s", "KILL", f"{config['Healthcheck']['Timeout'] / 1e9}", *command)[0] == 0

    def stop(self, number=signal.SIGTERM):
        """Its exit status: it is process 1, which a signal without a handler does nothing to."""
        os.kill(self.first, number)
        return self.starter.wait(PATIENCE_S)

    def __exit__(self, *rest):
        if self.starter.poll() is None:
            for number in self.children():
                os.kill(number, signal.SIGKILL)
            self.starter.wait(PATIENCE_S)
        buildah("umount", self.name)
        buildah("rm", self.name)


# --- in this order ----------------------------------------------------------------------------------------


def case_it_builds():
    build()
    debian.alone()
    assert config["User"] == "900:900" and config["ExposedPorts"].keys() == {"8080/tcp"} and config["Volumes"].keys() == {"/var/lib/whether"}


def case_it_runs_confined():
    with Container() as it:
        it.up()
        assert "Node" in http_get("/")[1] and it.healthy()
        status = pathlib.Path(f"/proc/{it.first}/status").read_text()
        assert re.search(r"^Uid:\t900\t900\t900\t900$", status, re.M) and re.search(r"^CapBnd:\t0+$", status, re.M), status
        assert it.execute("sh", "-c", "echo >/tmp/file")[0] != 0, "the root can be written"
        assert ask(FACT)[0] == 404, "the API is open without being asked for"
        # Health is the loop's: one that stands still is not healthy.
        os.kill(it.first, signal.SIGSTOP)
        assert not it.healthy()
        os.kill(it.first, signal.SIGCONT)
        assert it.healthy()
        assert it.stop() == 0, it.said()


def case_other_commands():
    with Container(command=["ask", "Node or Django for a live auction board? The frontend is React."]) as it:
        assert it.starter.wait(PATIENCE_S) == 0 and "Node.js" in it.said(), it.said()


def own_configuration():
    """As an operator would: what the image has, changed, in a folder of ours."""
    etc = folder / "etc"
    if not etc.exists():
        with Container() as it:
            it.up()
            text = it.execute("cat", "/etc/whether/whether.ini")[1]
        etc.mkdir()
        (etc / "whether.ini").write_text(text + "[api]\ntoken_file = token\n")
        (etc / "token").write_text("abc\n")
        os.chown(etc / "token", 900, 900)
        (etc / "token").chmod(0o600)
    return etc


def asked(text):
    status, said = http_get("/api/ask", json.dumps({"text": text, "conversation": "kept"}),
                            {"Content-Type": "application/json", "Authorization": "Bearer abc"})
    assert status == 200, said
    return json.loads(said)


def case_an_upgrade_keeps_the_volume():
    with Container(etc=own_configuration()) as it:
        it.up()
        asked(FACT)
        status, said = it.execute("whether", "backup", "-c", "/etc/whether/whether.ini", "--replace", "/var/lib/whether/copy.db")
        assert status == 0 and "checked" in said, said
        # Killed: the machine went away.
        it.stop(signal.SIGKILL)
    with Container(etc=own_configuration(), command=["restore", "-c", "/etc/whether/whether.ini", "/var/lib/whether/copy.db"]) as it:
        assert it.starter.wait(PATIENCE_S) == 0 and "restored" in it.said(), it.said()
    next_one = last(buildah("from", "--pull-never", "whether"))
    built = sorted(debian.OUT.glob("whether_*.deb")) or [debian.build()]
    package = debian.other_version(built[-1], folder, "0.1.9")
    buildah("copy", next_one, package, "/next.deb")
    buildah("run", "--isolation", "chroot", "--user", "0:0", next_one, "--", "dpkg", "--force-confold", "-i", "/next.deb")
    buildah("commit", "-q", next_one, "whether-next")
    buildah("rm", next_one)
    with Container("whether-next", etc=own_configuration()) as it:
        it.up()
        assert it.execute("dpkg-query", "-W", "whether")[1].split()[1] == "0.1.9"
        assert "react-frontend" in asked("why?")["situations"]
        assert it.stop() == 0, it.said()


def main():
    global folder
    if os.getuid() != 0:
        print("1..0 # SKIP needs root, for namespaces")
        return 0
    if not shutil.which("buildah"):
        print("1..0 # SKIP there is no buildah (script/setup --package)")
        return 0
    with tempfile.TemporaryDirectory(prefix="whether-container.") as made:
        folder = pathlib.Path(made)
        debian.leave_namespace(debian.NEW_MOUNTS)
        run("mount", "--make-rprivate", "/")
        return tap.run(globals())


sys.exit(main())
