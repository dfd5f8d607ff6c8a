"""What irc.py plays with: the driver, real servers with TLS, people, and a server that does what it is told.

Everything listens on free loopback ports, waits at most PATIENCE_S, and is stopped by its own process.
"""
import os
import pathlib
import queue
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import threading
import time

PATIENCE_S = 20
WRAPPER = shlex.split(os.environ.get("WHETHER_WRAPPER", ""))
if WRAPPER:
    PATIENCE_S = 90


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def eventually(condition, what, patience=PATIENCE_S):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.02)
    raise AssertionError(f"not within {patience} s: {what}")


# --- keys and certificates, made by openssl ------------------------------------------------------


class Keys:
    """A CA of our own, a good certificate, one of another host, one of nobody's CA, and a client's."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", "/CN=Test CA", "-keyout", self.path("ca.key"), "-out", self.path("ca.pem"))
        self.issue("server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        self.issue("other", "subjectAltName=DNS:irc.example.org")
        self.issue("client", "extendedKeyUsage=clientAuth")
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                 "-keyout", self.path("self.key"), "-out", self.path("self.pem"))

    def path(self, name):
        return str(self.folder / name)

    def run(self, *args):
        done = subprocess.run(["openssl", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        assert done.returncode == 0, done.stdout

    def issue(self, name, extension):
        (self.folder / f"{name}.ext").write_text(extension + "\n")
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.csr"))
        self.run("x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path("ca.pem"), "-CAkey",
                 self.path("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", self.path(f"{name}.ext"),
                 "-out", self.path(f"{name}.pem"))

    def server_context(self, name="server"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(f"{name}.pem"), self.path(f"{name}.key"))
        return context

    def client_context(self, cert=None):
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        if cert:
            context.load_cert_chain(self.path(f"{cert}.pem"), self.path(f"{cert}.key"))
        return context


# --- processes -----------------------------------------------------------------------------------


class Process:
    """A program whose lines are read as they come."""

    def __init__(self, args, **more):
        self.args, self.lines, self.position = args, [], 0
        self.queue = queue.Queue()
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        **more)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))

    def wait(self, pattern, patience=None):
        """The match of the first line, after those already waited for, that has it."""
        patience = patience or PATIENCE_S
        end = time.monotonic() + patience
        at = self.position
        while time.monotonic() < end:
            while at < len(self.lines):
                match = re.search(pattern, self.lines[at])
                at += 1
                if match:
                    self.position = at
                    return match
            if self.process.poll() is not None and not self.reader.is_alive() and at == len(self.lines):
                break
            time.sleep(0.01)
        raise AssertionError(f"no {pattern!r} within {patience} s; it said: " + "\n  ".join(self.lines[-40:]))

    def seen(self, pattern):
        """The first line at all that has it; waits for it."""
        return eventually(lambda: next((m for line in list(self.lines) if (m := re.search(pattern, line))), None),
                          f"{pattern!r}")

    def never(self, pattern, since=0):
        found = [line for line in self.lines[since:] if re.search(pattern, line)]
        assert not found, f"{pattern!r} should not have come: {found[:3]}"

    def count(self, pattern):
        return sum(bool(re.search(pattern, line)) for line in self.lines)

    def say(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def stop(self, patience=None):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(patience or PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.args[0]} did not stop; it said: " + "\n  ".join(self.lines[-20:])) from None
        finally:
            self.reader.join(5)
            self.process.stdin.close()
            self.process.stdout.close()
        return self.process.returncode


FAST = {"retry": 100, "jitter": 50, "calm": 600, "rejoin": 150, "regain": 300, "services": 4000, "farewell": 500,
        "pace": 20}


class Driver(Process):
    """The adapter over the real loop (irc-driver.c). Times are FAST unless given."""

    def __init__(self, program, folder, config, **times):
        path = pathlib.Path(folder) / "irc.ini"
        path.write_text(config)
        words = [f"{name}={ms}" for name, ms in (FAST | times).items()]
        env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        env |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        super().__init__([*WRAPPER, program, str(path), *words], env=env)

    def status(self):
        self.say("status")
        return self.wait(r"^status adapter=(?P<adapter>.*) health=(?P<health>\w+) text=(?P<text>.*)$")

    def wait_health(self, health):
        return eventually(lambda: (s := self.status())["health"] == health and s["text"], f"health {health}")

    def stop(self, patience=None):
        # A signal may come just before the driver goes to sleep; the end of its commands cannot be missed.
        self.process.stdin.close()
        return super().stop(patience)

    def finish(self):
        """Ends well, with nothing that a sanitizer or valgrind would have said."""
        code = self.stop()
        assert code == 0, f"the driver ended with {code}: " + "\n  ".join(self.lines[-30:])
        self.never(r"ERROR: AddressSanitizer|runtime error|LeakSanitizer")


# --- people --------------------------------------------------------------------------------------


class Person:
    """Somebody with a client of few words."""

    def __init__(self, port, nick, context=None, caps=None, password=None):
        self.nick, self.lines, self.position = nick, [], 0
        raw = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.socket = context.wrap_socket(raw, server_hostname="localhost") if context else raw
        self.lock = threading.Lock()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if caps:
            self.say(f"CAP REQ :{caps}")
        if password:
            self.say(f"PASS {password}")
        self.say(f"NICK {nick}", f"USER {nick} 0 * :{nick}")
        if caps:
            self.say("CAP END")
        self.wait(r" (376|422) ")

    def read(self):
        rest = b""
        self.socket.settimeout(None)
        try:
            while data := self.socket.recv(65536):
                *lines, rest = (rest + data).split(b"\r\n")
                for line in lines:
                    if line.startswith(b"PING"):
                        self.say_bytes(b"PONG" + line[4:])
                    self.lines.append(line.decode("utf-8", "replace"))
        except OSError:
            pass

    def say_bytes(self, line):
        with self.lock:
            self.socket.sendall(line + b"\r\n")

    def say(self, *lines):
        for line in lines:
            self.say_bytes(line.encode())

    def join(self, channel):
        self.say(f"JOIN {channel}")
        self.wait(rf" 366 \S+ {re.escape(channel.split()[0])} ")

    def tell(self, target, text):
        self.say(f"PRIVMSG {target} :{text}")

    wait = Process.wait
    seen = Process.seen
    never = Process.never
    count = Process.count

    @property
    def process(self):
        return self

    def poll(self):
        return None if self.reader.is_alive() else 0

    def leave(self):
        try:
            self.say("QUIT :bye")
        except OSError:
            pass
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.reader.join(5)
        self.socket.close()


# --- real servers --------------------------------------------------------------------------------


def find_program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    assert path, f"{name} is missing: script/setup --tests installs it"
    return path


def wait_for_port(port, process):
    def open_now():
        assert process.process.poll() is None, "it ended: " + "\n  ".join(process.lines[-20:])
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            return False
    eventually(open_now, f"port {port} of {process.args[0]}")


def as_somebody():
    """Where we are the root of a namespace that has nobody else (netkit.py): ngircd would want to become somebody, and cannot."""
    maps = pathlib.Path("/proc/self/uid_map").read_text().split()
    return ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if maps[0] == "0" and maps[2] == "1" else []


class Ngircd(Process):
    def __init__(self, folder, keys, password="", port=0, tls_port=0):
        self.port, self.tls_port = port or free_port(), tls_port or free_port()
        path = pathlib.Path(folder) / "ngircd.conf"
        password = f"\tPassword = {password}\n" if password else ""
        path.write_text(f"""[Global]
\tName = ng.test.example
\tInfo = test
\tPorts = {self.port}
\tListen = 127.0.0.1
\tMotdPhrase = hello
{password}[Limits]
\tMaxConnectionsIP = 0
\tMaxNickLength = 30
[Options]
\tDNS = no
\tIdent = no
\tPAM = no
[SSL]
\tCertFile = {keys.path("server.pem")}
\tKeyFile = {keys.path("server.key")}
\tPorts = {self.tls_port}
[Operator]
\tName = boss
\tPassword = boss
""")
        super().__init__([*as_somebody(), find_program("ngircd"), "-n", "-f", str(path)])
        wait_for_port(self.port, self)
        wait_for_port(self.tls_port, self)


INSPIRCD_MODULES = ("botmode cap chghost ircv3 ircv3_capnotify ircv3_msgid ircv3_servertime ircv3_ctctags sasl "
                    "services_account spanningtree ssl_gnutls sslinfo samode sapart sakick ircv3_batch monitor").split()


class Inspircd(Process):
    def __init__(self, folder, keys, modules=(), flood=""):
        self.port, self.tls_port, self.link_port = free_port(), free_port(), free_port()
        folder = pathlib.Path(folder)
        path = folder / "inspircd.conf"
        loads = "".join(f'<module name="{name}">\n' for name in [*INSPIRCD_MODULES, *modules])
        path.write_text(f"""
<config format="xml">
{loads}
<server name="insp.test.example" description="test" network="Test" id="001">
<admin name="a" nick="a" email="a@example.org">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
<pid file="{folder}/inspircd.pid">
<bind address="127.0.0.1" port="{self.port}" type="clients">
<bind address="127.0.0.1" port="{self.tls_port}" type="clients" ssl="tls">
<bind address="127.0.0.1" port="{self.link_port}" type="servers">
<sslprofile name="tls" provider="gnutls" certfile="{keys.path("server.pem")}" keyfile="{keys.path("server.key")}"
    cafile="{keys.path("ca.pem")}" requestclientcert="yes" hash="sha256">
<connect allow="*" timeout="20" pingfreq="120" localmax="100" globalmax="100" threshold="{flood or 1000}"
    commandrate="{500 if flood else 100000}" fakelag="{'no' if flood else 'yes'}" resolvehostnames="no" modes="">
<class name="all" commands="*" privs="*" usermodes="*" chanmodes="*">
<type name="boss" classes="all">
<oper name="boss" password="boss" host="*@*" type="boss">
<link name="services.test.example" ipaddr="127.0.0.1" port="{self.link_port}" allowmask="127.0.0.0/8"
    sendpass="linkage" recvpass="linkage">
<uline server="services.test.example" silent="yes">
<sasl target="services.test.example" requiressl="no">
<options prefixquit="" defaultmodes="nt" nosnoticestack="yes">
<performance netbuffersize="10240" somaxconn="128">
<security customversion="">
<dns server="127.0.0.1" timeout="1">
<log method="file" type="*" level="default" target="inspircd.log">
""")
        runs_as_root = ["--runasroot"] if os.geteuid() == 0 else []
        super().__init__([find_program("inspircd"), "--config", str(path), "--nofork", "--nopid", *runs_as_root],
                         cwd=folder)
        wait_for_port(self.port, self)
        wait_for_port(self.tls_port, self)


ATHEME_MODULES = """backend/opensex crypto/pbkdf2v2 protocol/inspircd nickserv/main nickserv/register nickserv/identify
    nickserv/ghost nickserv/group nickserv/cert nickserv/set_core nickserv/info saslserv/main saslserv/plain
    saslserv/external""".split()


class Atheme(Process):
    """Services, linked to an InspIRCd."""

    def __init__(self, folder, inspircd):
        folder = pathlib.Path(folder)
        path = folder / "atheme.conf"
        loads = "".join(f'loadmodule "modules/{name}";\n' for name in ATHEME_MODULES)
        path.write_text(loads + f"""
serverinfo {{ name = "services.test.example"; desc = "Services"; numeric = "00A"; recontime = 2; netname = "Test";
    hidehostsuffix = "users.test"; adminname = "a"; adminemail = "a@example.org"; registeremail = "a@example.org";
    loglevel = {{ error; info; network; }}; maxlogins = 20; maxusers = 0; mdlimit = 30; emaillimit = 10;
    emailtime = 300; auth = none; casemapping = rfc1459; }};
uplink "insp.test.example" {{ host = "127.0.0.1"; send_password = "linkage"; receive_password = "linkage";
    port = {inspircd.link_port}; }};
nickserv {{ spam; nick = "NickServ"; user = "NickServ"; host = "services.test"; real = "Nicks"; maxnicks = 5;
    expire = 30; }};
saslserv {{ nick = "SaslServ"; user = "SaslServ"; host = "services.test"; real = "SASL"; }};
general {{ uflags = {{ hidemail; }}; flood_msgs = 0; ratelimit_uses = 0; commit_interval = 5;
    default_clone_allowed = 100; default_clone_warn = 100; }};
""")
        super().__init__([find_program("atheme-services"), "-n", "-c", str(path), "-D", str(folder), "-l",
                          str(folder / "atheme.log"), "-p", str(folder / "atheme.pid")], cwd=folder)


def register_account(inspircd, keys, nick, password, cert=None):
    """At NickServ, as a person would; with a certificate's fingerprint where one is given."""
    def try_once():
        person = Person(inspircd.tls_port, nick, context=keys.client_context(cert))
        person.tell("NickServ", f"REGISTER {password} {nick}@example.org")
        try:
            person.wait(r"NOTICE.*(is now registered|now logged in|already registered)|:NickServ.*registered", 8)
            if cert:
                person.tell("NickServ", "CERT ADD")
                person.wait(r"NOTICE.*(fingerprint|Added)", 8)
            return True
        except AssertionError:
            return False
        finally:
            person.leave()
    eventually(try_once, f"registering {nick}", 60)


# --- a server that does what it is told ----------------------------------------------------------


class Connection:
    """One client of a ScriptedServer."""

    def __init__(self, raw):
        self.socket, self.buffer, self.lines = raw, b"", []
        self.confirms = False  # answers PING by itself
        raw.settimeout(PATIENCE_S)

    def send(self, *lines):
        for line in lines:
            self.raw((line if isinstance(line, bytes) else line.encode()) + b"\r\n")

    def raw(self, data):
        self.socket.sendall(data)

    def line(self, patience=None):
        """The next line, or None where the client closed."""
        self.socket.settimeout(patience or PATIENCE_S)
        while b"\r\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        line = line.decode("utf-8", "replace")
        self.lines.append(line)
        if self.confirms and (match := re.match(r"PING :?(\S+)", line)):
            self.send(f":irc.example PONG irc.example {match[1]}")
        return line

    def expect(self, pattern, patience=None):
        """The match of the next line that has it; others may come before."""
        end = time.monotonic() + (patience or PATIENCE_S)
        seen = []
        while (left := end - time.monotonic()) > 0:
            try:
                line = self.line(left)
            except TimeoutError:
                break
            assert line is not None, f"closed instead of {pattern!r}, after {seen}"
            seen.append(line)
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"no {pattern!r}, but {seen}")

    def quiet(self, seconds, allowed=r"^(PONG|PING)"):
        """Nothing but what is allowed comes for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                line = self.line(left)
            except TimeoutError:
                return
            if line is None:
                return
            assert re.search(allowed, line), f"it said {line!r}"

    def closed(self, patience=None):
        try:
            while self.line(patience) is not None:
                pass
        except ConnectionError:
            pass

    def register(self, nick="whether", caps="", support="", prefix="whether!w@host.example"):
        """Plays a whole registration without SASL; the bot is ready and in no channel after it."""
        self.expect(r"^CAP LS 302$")
        self.expect(r"^NICK ")
        self.expect(r"^USER ")
        self.send(f":irc.example CAP * LS :{caps}")
        for _ in range(sum(cap in caps.split() for cap in ("message-tags", "server-time"))):
            asked = self.expect(r"^CAP REQ :(.*)")
            self.send(f":irc.example CAP * ACK :{asked[1]}")
        self.expect(r"^CAP END$")
        self.welcome(nick, support)

    def welcome(self, nick="whether", support=""):
        self.send(f":irc.example 001 {nick} :Welcome", f":irc.example 005 {nick} {support} :are supported",
                  f":irc.example 376 {nick} :End of MOTD")

    def join(self, channel="#a", nick="whether"):
        self.expect(rf"^JOIN {re.escape(channel)}")
        self.send(f":{nick}!w@host.example JOIN {channel}")

    def pong(self):
        """Confirms the answer before it."""
        token = self.expect(r"^PING :?(\S+)$")[1]
        self.send(f":irc.example PONG irc.example {token}")

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()


class ScriptedServer:
    def __init__(self, context=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE_S)
        self.port, self.context, self.connections = self.listener.getsockname()[1], context, []

    def accept(self, patience=None):
        self.listener.settimeout(patience or PATIENCE_S)
        raw, _ = self.listener.accept()
        raw.settimeout(PATIENCE_S)
        if self.context:
            raw = self.context.wrap_socket(raw, server_side=True)
        connection = Connection(raw)
        self.connections.append(connection)
        return connection

    def close(self):
        for connection in self.connections:
            connection.close()
        self.listener.close()
