"""Three replicas, each on a machine of its own, behind one Redis and one haproxy, and what stands between them and an IRC server: an ear.

    sender (this machine) -- front -- haproxy, one, two, three
                             back  -- Redis,   one, two, three      LANs; each wire can be cut (netkit.py)
    Slack, IRC (this one) -- world --          one, two, three
"""
import http.client
import pathlib
import re
import socket
import ssl
import subprocess
import threading
import time

import ircstage as stage
import netkit
from daemon import Daemon, wait_until
from fake_slack import TOKEN, FakeSlack
from ircstage import network, secret, start
from irckit import Ngircd, find_program
from rediskit import Redis
from slacksend import SIGNING_SECRET

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/replicas.md"
PORT = 8080


def documented_haproxy(certificate, addresses):
    """The lines of docs/replicas.md, with what differs here: where the certificate is, where the replicas are."""
    lines = re.search(r"^```haproxy\n(.*?)^```$", DOCUMENT.read_text(), re.S | re.M)[1]
    lines = lines.replace("/etc/haproxy/whether.pem", certificate)
    documented = re.findall(r"^ +server \w+ (\S+):8080$", lines, re.M)
    assert len(documented) == len(addresses), documented
    for there, here in zip(documented, addresses):
        lines = lines.replace(f"{there}:8080", f"{here}:{PORT}")
    return lines


class Haproxy:
    """Started as documented; connections to it are TLS. For slacksend.Sender it is one more place to send to."""

    def __init__(self, machine, address, folder, keys, replicas):
        self.machine, self.address, self.folder, self.keys = machine, address, folder, keys
        pem = folder / "whether.pem"
        pem.write_text(pathlib.Path(keys.path("server.pem")).read_text() + pathlib.Path(keys.path("server.key")).read_text())
        (folder / "haproxy.cfg").write_text(documented_haproxy(str(pem), replicas))
        self.context = ssl.create_default_context(cafile=keys.path("ca.pem"))
        self.context.check_hostname = False  # its certificate is for localhost, its address is not
        self.process = None

    def start(self):
        log = open(self.folder / "haproxy.log", "wb")
        self.process = subprocess.Popen(self.machine.command(find_program("haproxy"), "-db", "-f", str(self.folder / "haproxy.cfg")),
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        wait_until(self.listens, "haproxy")
        return self

    def listens(self):
        assert self.process.poll() is None, self.log()
        with socket.socket() as probe:
            return probe.connect_ex((self.address, 443)) == 0

    def log(self):
        return (self.folder / "haproxy.log").read_text()

    def connection(self, timeout):
        return http.client.HTTPSConnection(self.address, 443, timeout=timeout, context=self.context)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Ear:
    """Between the replicas and an IRC server: who comes, speaks and leaves, and whether ever two are there at once."""

    def __init__(self, address, server_port, names):
        self.server_port, self.names = server_port, names  # names: {address: replica}
        self.joined = []  # (monotonic, connection, replica)
        self.open = {}    # {connection: replica} that have spoken and not left
        self.latest = 0, None  # of those that have spoken: (connection, replica)
        self.excused = set()   # connections whose replica cannot leave, being stopped or cut off
        self.found = []   # what two did at once
        self.reset = set()  # connections that a replica broke off, so that nothing of it is still on its way
        self.lock, self.count = threading.Lock(), 0
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, (address, _) = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                return
            self.count += 1
            for source, sink, note in ((near, far, self.note_said), (far, near, self.note_heard)):
                threading.Thread(target=self.pump, args=(source, sink, note, self.count, self.names[address]), daemon=True).start()

    def pump(self, source, sink, note, connection, name):
        rest = b""
        try:
            while data := source.recv(65536):
                *lines, rest = (rest + data).split(b"\r\n")
                for line in lines:
                    note(connection, name, line.decode("utf-8", "replace"))
                sink.sendall(data)
        except ConnectionResetError:
            self.reset.add(connection)
        except OSError:
            pass
        with self.lock:
            self.open.pop(connection, None)
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def excuse(self, name):
        """It cannot leave now; but it must be silent once another has come."""
        with self.lock:
            self.excused |= {connection for connection, other in self.open.items() if other == name}

    def note_said(self, connection, name, line):
        with self.lock:
            if connection not in self.open:
                self.found += [f"{name} came while {other} was there: {line}" for number, other in self.open.items()
                               if number not in self.excused]
                self.open[connection] = name
            if connection < self.latest[0]:
                self.found.append(f"{name} spoke after {self.latest[1]} had come: {line}")
            self.latest = max(self.latest, (connection, name))

    def note_heard(self, connection, name, line):
        if re.match(r"^\S+ 366 ", line):
            with self.lock:
                self.joined.append((time.monotonic(), connection, name))

    def holder(self):
        """Who came in last, as (when, connection, name); None: nobody yet."""
        with self.lock:
            return self.joined[-1] if self.joined else None

    def stop(self):
        self.listener.close()


class Fleet:
    """with Fleet(program) as fleet: everything runs. In stage.scratch, its parts among stage's."""

    def __init__(self, trouble=0.0, names=("one", "two", "three")):
        net = start(netkit.Network())
        back, front, world = net.lan(), net.lan(), net.lan()
        redis_machine, proxy_machine = net.machine("redis"), net.machine("proxy")
        self.machines = {name: net.machine(name) for name in names}
        self.to_redis = {name: back.plug(machine) for name, machine in self.machines.items()}
        self.to_proxy = {name: front.plug(machine) for name, machine in self.machines.items()}
        self.to_world = {name: world.plug(machine) for name, machine in self.machines.items()}
        folder = stage.scratch / "redis"
        folder.mkdir()
        self.redis = start(Redis(folder, host=back.plug(redis_machine).address, machine=redis_machine).start())
        stage.keys.issue("slack", f"subjectAltName=IP:{world.address}")
        netkit.trust(stage.keys.path("ca.pem"))
        self.slack = FakeSlack(seed=5, trouble=trouble, host=world.address, context=stage.keys.server_context("slack"))
        irc = start(Ngircd(stage.scratch, stage.keys))
        self.irc_port = irc.port
        self.ear = start(Ear(world.address, irc.port, {wire.address: name for name, wire in self.to_world.items()}))
        config = self.config()
        self.replicas = {name: self.replica(name, config) for name in names}
        folder = stage.scratch / "proxy"
        folder.mkdir()
        self.proxy = Haproxy(proxy_machine, front.plug(proxy_machine).address, folder, stage.keys,
                             [wire.address for wire in self.to_proxy.values()])

    def config(self):
        return (f"[http]\nlisten = *:{PORT}\n[bot]\nlength = line\n[log]\nlevel = info\n[store]\nstore = redis://{self.redis.where}\n"
                f"[slack]\nsigning_secret_file = {secret('signing', SIGNING_SECRET)}\nbot_token_file = {secret('token', TOKEN)}\n"
                f"api = {self.slack.api}\n"
                + network(self.ear.port, nick="whether", channels="#a").replace("127.0.0.1", self.ear.listener.getsockname()[0]))

    def replica(self, name, config):
        folder = stage.scratch / name
        folder.mkdir()
        daemon = Daemon(self.machines[name].command(stage.program), folder, config)
        daemon.host = self.to_world[name].address
        return daemon

    def __enter__(self):
        self.slack.__enter__()
        for daemon in self.replicas.values():
            start(daemon.start())
        start(self.proxy.start())
        wait_until(self.ear.holder, "a replica on IRC")
        return self

    def __exit__(self, *rest):
        self.slack.__exit__(*rest)

    def waiting(self):
        """Answers that nobody has delivered yet, as Redis counts them."""
        return int(self.redis.ask("get", "{whether}:waiting") or 0)

    def lines(self):
        return {name: daemon.lines for name, daemon in self.replicas.items()}
