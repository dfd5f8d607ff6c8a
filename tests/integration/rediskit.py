"""A redis-server of a test's own: on a free port or with TLS, with users, stopped, paused and started again on the same data."""
import os
import signal
import socket
import subprocess

from daemon import PATIENCE_S, wait_until
from irckit import free_port


class Redis:
    """with Redis(folder) as redis: ... keys: irckit.Keys, for TLS with client certificates. users: lines of an ACL file."""

    def __init__(self, folder, keys=None, users=None, fsync="always", more=(), host="127.0.0.1", machine=None):
        """host: another address, of a netkit.Machine."""
        self.folder, self.keys, self.users, self.fsync, self.more = folder, keys, users, fsync, list(more)
        self.host, self.machine = host, machine
        self.port, self.process = free_port(), None

    def command(self):
        words = ["redis-server", "--bind", self.host, "--protected-mode", "no", "--dir", str(self.folder), "--save", "", "--appendonly", "yes",
                 "--appendfsync", self.fsync, "--daemonize", "no"]
        if self.keys:
            words += ["--port", "0", "--tls-port", str(self.port), "--tls-cert-file", self.keys.path("server.pem"),
                      "--tls-key-file", self.keys.path("server.key"), "--tls-ca-cert-file", self.keys.path("ca.pem")]
        else:
            words += ["--port", str(self.port)]
        if self.users:
            path = self.folder / "users.acl"
            path.write_text("\n".join(self.users) + "\n")
            words += ["--aclfile", str(path)]
        words += self.more
        return self.machine.command(*words) if self.machine else words

    @property
    def where(self):
        return f"{self.host}:{self.port}"

    def start(self):
        with open(self.folder / "redis.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.listens, "redis-server")
        return self

    def listens(self):
        assert self.process.poll() is None, (self.folder / "redis.log").read_text()[-2000:]
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def pause(self, still=True):
        self.process.send_signal(signal.SIGSTOP if still else signal.SIGCONT)

    def ask(self, *words, user=None, password=None):
        args = ["redis-cli", "-h", self.host, "-p", str(self.port), "--no-auth-warning"]
        if self.keys:
            args += ["--tls", "--cacert", self.keys.path("ca.pem"), "--cert", self.keys.path("client.pem"), "--key",
                     self.keys.path("client.key")]
        if user:
            args += ["--user", user, "--pass", password]
        done = subprocess.run([*args, *words], capture_output=True, text=True, timeout=PATIENCE_S, env=os.environ)
        return done.stdout.strip()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.pause(False)
            self.kill()

    def __enter__(self):
        return self.start()

    def __exit__(self, *rest):
        self.stop()
