"""A fresh Debian 12 for tests of the package: a folder to chroot into, or a machine of its own, booted with systemd.

Made once with debootstrap and kept as build/package/bookworm*.tar, so only the first run needs long. As root; the caller is in a
mount namespace of its own (leave_namespace).
"""
import ctypes
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "package"
MIRROR = "http://deb.debian.org/debian"
PATIENCE_S = 60
NEW_MOUNTS, NEW_NET = 0x00020000, 0x40000000  # CLONE_NEWNS, CLONE_NEWNET
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "HOME": "/root"}
SYSTEM = ["systemd", "systemd-sysv", "dbus", "curl", "sqlite3"]

# What `meson install` and the package have in common, below /usr or /usr/local.
INSTALLED = ["bin/whether", "libexec/whether/whetherd", "libexec/whether/whether-train", "lib/systemd/system/whether.service",
             "share/bash-completion/completions/whether", "share/fish/vendor_completions.d/whether.fish",
             "share/whether/config.example.ini", "share/whether/grafana/whether.json", "share/whether/knowledge/node-or-django.json",
             "share/whether/knowledge/node-or-django.model", "share/whether/knowledge/words.vec",
             "share/whether/prometheus/whether.rules.yml"]


def attempt(*command, **more):
    """(exit status, what it said)."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          **{"stdin": subprocess.DEVNULL} | ({} if "input" not in more else {"stdin": None}) | more)
    return done.returncode, done.stdout + done.stderr


def run(*command, **more):
    status, said = attempt(*command, **more)
    assert status == 0, f"{command}: {status}\n{said[-6000:]}"
    return said


def leave_namespace(flags):
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(flags) == 0, f"unshare: {os.strerror(ctypes.get_errno())}"


def alone():
    """From here on nothing else listens: what is left needs no mirror, and port 8080 is ours."""
    leave_namespace(NEW_NET)
    run("ip", "link", "set", "lo", "up")


def kept(tar, make):
    """The tar of a tree that make(folder) fills, made once."""
    if not tar.exists():
        with tempfile.TemporaryDirectory(prefix="whether-debian.") as folder:
            made = pathlib.Path(folder) / "made"
            made.mkdir(mode=0o755)
            make(made)
            run("tar", "-C", made, "--one-file-system", "-cf", f"{tar}.{os.getpid()}", ".")
            os.replace(f"{tar}.{os.getpid()}", tar)
    return tar


def base_tar():
    return kept(OUT / "bookworm.tar", lambda folder: run("debootstrap", "--variant=minbase", "bookworm", folder, MIRROR))


def system_tar():
    def make(folder):
        run("tar", "-C", folder, "-xf", base_tar())
        shutil.copy("/etc/resolv.conf", folder / "etc" / "resolv.conf")
        chroot(folder, "apt-get", "update", "-q")
        chroot(folder, "apt-get", "install", "-y", "-q", "--no-install-recommends", *SYSTEM)
    return kept(OUT / "bookworm-systemd.tar", make)


def chroot(folder, *command):
    return run("chroot", folder, *command, env=ENVIRONMENT)


def unpack(tar, folder):
    new = pathlib.Path(folder) / "debian"
    new.mkdir(mode=0o755)
    run("tar", "-C", new, "-xf", tar)
    shutil.copy("/etc/resolv.conf", new / "etc" / "resolv.conf")
    run("mount", "--make-rprivate", "/")
    return new


def build():
    """The package's file."""
    return pathlib.Path(re.search(r"^/.*\.deb$", run(ROOT / "script" / "package", cwd=ROOT), re.M)[0])


def other_version(package, folder, version):
    """The same package as another version, which came with a configuration a little different."""
    tree = pathlib.Path(folder) / version
    run("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.M))
    config = tree / "etc" / "whether" / "whether.ini"
    config.write_text(config.read_text() + f"# of version {version}\n")
    file = pathlib.Path(folder) / f"whether_{version}.deb"
    run("dpkg-deb", "--root-owner-group", "-b", tree, file)
    return file


# --- the daemon on port 8080 ------------------------------------------------------------------------


def http_get(path, body=None, headers=None):
    """(status, text)."""
    connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=PATIENCE_S)
    try:
        connection.request("POST" if body else "GET", path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def ask(text, conversation="upgrade"):
    """(status, answer)."""
    status, said = http_get("/api/ask", json.dumps({"text": text, "conversation": conversation}), {"Content-Type": "application/json"})
    return status, json.loads(said) if said.startswith("{") else said


def wait_until(check, what, patience=PATIENCE_S):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            if result := check():
                return result
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"waited {patience} s for {what}")


# --- a machine ----------------------------------------------------------------------------------------

# Devices that systemd and PrivateDevices= look for; then the tree is the root, and systemd the first process.
BOOT = r"""
set -e
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
mknod -m 666 dev/null c 1 3; mknod -m 666 dev/zero c 1 5; mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8; mknod -m 666 dev/urandom c 1 9; mknod -m 666 dev/tty c 5 0
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
pivot_root . mnt
cd /
umount -l /mnt
exec env -i container=whether-test /lib/systemd/systemd --system --log-target=journal
"""


class Machine:
    """with Machine(tree) as machine: ...; shares the network of whoever starts it."""

    def __init__(self, tree):
        self.tree = tree

    def __enter__(self):
        mount = re.search(r"^\S+ (\S+) cgroup2 ", pathlib.Path("/proc/self/mounts").read_text(), re.M)
        assert mount, "no cgroup2 is mounted"
        self.group = pathlib.Path(mount[1]) / f"whether-test-{os.getpid()}"
        self.group.mkdir()
        self.starter = subprocess.Popen(
            ["sh", "-c", f'echo $$ >{self.group}/cgroup.procs; exec "$@"', "sh", "unshare", "--cgroup", "--pid", "--mount", "--uts",
             "--ipc", "--fork", "--kill-child", "sh", "-c", BOOT, "sh", str(self.tree)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        children = pathlib.Path(f"/proc/{self.starter.pid}/task/{self.starter.pid}/children")
        self.first = int(wait_until(lambda: children.read_text().split(), "the machine's first process")[0])
        wait_until(lambda: self.attempt("systemctl", "is-system-running")[1].strip() in ("running", "degraded"), "systemd to be up")
        return self

    def __exit__(self, *rest):
        os.kill(self.first, signal.SIGKILL)
        self.starter.wait(PATIENCE_S)
        wait_until(lambda: self.empty(), "the machine's processes to be gone")
        for folder in sorted((p for p in self.group.rglob("*") if p.is_dir()), key=lambda p: -len(p.parts)):
            folder.rmdir()
        self.group.rmdir()

    def empty(self):
        return not any(p.read_text() for p in self.group.rglob("cgroup.procs"))

    def enter(self, *command):
        return ["nsenter", "-t", str(self.first), "-m", "-p", "-u", "-i", "-C", "env", "-i",
                *(f"{key}={value}" for key, value in ENVIRONMENT.items()), *map(str, command)]

    def attempt(self, *command, **more):
        return attempt(*self.enter(*command), **more)

    def run(self, *command, **more):
        return run(*self.enter(*command), **more)

    def sh(self, line, **more):
        return self.run("sh", "-c", line, **more)
