"""A network of a test's own: machines (network namespaces), each with wires into the LANs that it needs, wires that can be cut.

The script runs in namespaces of its own (network, mounts, processes), as root within them, with or without being root outside:
what it makes there is gone when it ends, however it ends. The script's own namespace is a machine too, at .1 of each LAN.
"""
import os
import pathlib
import shutil
import subprocess
import sys

INSIDE = "WHETHER_NETKIT"
PRELUDE = "mount -t tmpfs tmpfs /run && ip link set lo up && ip link add netkit0 type veth peer name netkit1 && ip link del netkit0"


def words_of_unshare():
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]


def enter():
    """Runs the script anew in namespaces of its own. Returns in there; or outside, with the reason why that cannot be."""
    if os.environ.get(INSIDE):
        ip("link", "set", "lo", "up")
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        return None
    missing = [name for name in ("unshare", "ip", "mount") if not shutil.which(name)]
    if missing:
        return f"{', '.join(missing)}: not installed (script/setup --tests)"
    probe = subprocess.run([*words_of_unshare(), "sh", "-c", PRELUDE], capture_output=True, text=True)
    if probe.returncode != 0:
        return f"no network namespaces here: {' '.join(probe.stderr.split())}"
    sys.stdout.flush()
    os.execvpe("unshare", [*words_of_unshare(), sys.executable, *sys.argv], os.environ | {INSIDE: "1"})


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


def name_server(address, folder):
    """Names are asked for there and nowhere else, by everything that this script starts from now on."""
    path = pathlib.Path(folder) / "resolv.conf"
    path.write_text(f"nameserver {address}\noptions timeout:1 attempts:1\n")
    hosts = pathlib.Path(folder) / "nsswitch.conf"
    hosts.write_text("hosts: files dns\n")
    for file in (path, hosts):
        subprocess.run(["mount", "--bind", str(file), f"/etc/{file.name}"], check=True)


def trust(ca_file):
    """Whoever is started from now on trusts this CA, and no other."""
    mine, everybodys = pathlib.Path("/run/netkit-ca.pem"), "/etc/ssl/certs/ca-certificates.crt"
    mounted = mine.exists()
    mine.write_bytes(pathlib.Path(ca_file).read_bytes())
    if not mounted:
        subprocess.run(["mount", "--bind", str(mine), everybodys], check=True)


class Network:
    """LANs and machines that are taken down together, once nothing runs there any more."""

    def __init__(self):
        self.lans, self.machines = [], []

    def lan(self):
        self.lans.append(Lan(len(self.lans) + 1))
        return self.lans[-1]

    def machine(self, name):
        self.machines.append(Machine(name))
        return self.machines[-1]

    def stop(self):
        for lan in self.lans:
            for wire in lan.wires:
                ip("link", "del", wire.port)
            ip("link", "del", lan.bridge)
        for machine in self.machines:
            ip("netns", "del", machine.name)


class Machine:
    def __init__(self, name):
        self.name = name
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")

    def command(self, *words):
        """Runs there: replaces itself, so that the process is that of the words."""
        return ["ip", "netns", "exec", self.name, *words]


class Wire:
    """Between a machine and a LAN. Cut, both ends hear nothing, and nobody tells them why."""

    def __init__(self, port, address):
        self.port, self.address = port, address

    def cut(self):
        ip("link", "set", self.port, "down")

    def restore(self):
        ip("link", "set", self.port, "up")


class Lan:
    """10.77.NUMBER.0/24, a bridge of the script's own machine."""

    def __init__(self, number):
        self.number, self.wires, self.bridge = number, [], f"lan{number}"
        self.address = f"10.77.{number}.1"
        ip("link", "add", self.bridge, "type", "bridge")
        ip("addr", "add", f"{self.address}/24", "dev", self.bridge)
        ip("link", "set", self.bridge, "up")

    def plug(self, machine):
        host = len(self.wires) + 2
        port, inside, address = f"p{self.number}-{host}", f"e{self.number}", f"10.77.{self.number}.{host}"
        ip("link", "add", port, "type", "veth", "peer", "name", inside, "netns", machine.name)
        ip("link", "set", port, "master", self.bridge, "up")
        ip("-n", machine.name, "addr", "add", f"{address}/24", "dev", inside)
        ip("-n", machine.name, "link", "set", inside, "up")
        self.wires.append(Wire(port, address))
        return self.wires[-1]
