"""A running `whether run` for integration tests: started on free ports, watched through its log, always stopped.

Everything waits at most PATIENCE_S, so that a test that would hang fails instead.
"""
import contextlib
import http.client
import json
import os
import pathlib
import shlex
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(os.environ.get("WHETHER_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
PATIENCE_S = 30


def wait_until(check, what, patience=PATIENCE_S):
    """The first true result of check(); looks often, which costs little beside what it waits for."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if result := check():
            return result
        time.sleep(0.01)
    raise AssertionError(f"waited {patience} s for {what}")


def fields(line):
    """A logfmt line as a dict; "" for lines that are none."""
    try:
        return dict(word.split("=", 1) for word in shlex.split(line))
    except ValueError:
        return {}


def end_all(processes):
    """Kills and forgets them, the last one first; those that read find their input closed."""
    while processes:
        process = processes.pop()
        if process.stdin:
            process.stdin.close()
        if process.poll() is None:
            process.kill()
        process.wait()


class Daemon:
    """with Daemon(whether, folder, config) as daemon: ... config is text, or None for none."""

    def __init__(self, whether, folder, config=None, port=True, env=None, args=()):
        self.folder = pathlib.Path(folder)
        self.command = [*whether, "run", *args]
        self.expects_port = port
        self.lines = []
        self.host, self.port = "127.0.0.1", None
        if config is not None:
            self.write_config(config)
            self.command += ["-c", str(self.folder / "whether.ini")]
        self.env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(folder),
                    "WHETHER_PACKS": str(ROOT / "knowledge"), "NO_PROXY": "*"}
        self.env |= {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        self.env |= env or {}
        self.process = None

    def write_config(self, config):
        (self.folder / "whether.ini").write_text(config)

    def start(self):
        self.process = subprocess.Popen(self.command, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        mark = len(self.lines)
        self.reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self.reader.start()
        self.wait_for("daemon.started", since=mark)
        if self.expects_port:
            self.port = int(self.wait_for("http.listening", since=mark)["port"])
        return self

    def _read(self, stream):
        for line in stream:
            self.lines.append(line.rstrip("\n"))

    def events(self, name, since=0):
        return [f for f in map(fields, self.lines[since:]) if f.get("event") == name]

    def wait_for(self, name, since=0, count=1):
        def look():
            found = self.events(name, since)
            if len(found) >= count:
                return found[-1]
            if self.process.poll() is not None and not self.reader.is_alive():
                raise AssertionError(f"ended ({self.process.returncode}) before {name}: {self.lines[-20:]}")
            return None
        try:
            return wait_until(look, name)
        except AssertionError:
            raise AssertionError(f"no {name} in: " + "\n".join(self.lines[-30:])) from None

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)

    def stop(self, number=signal.SIGTERM):
        """Its exit status."""
        if self.process.poll() is None:
            self.send(number)
        try:
            status = self.process.wait(PATIENCE_S)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        self.reader.join(PATIENCE_S)
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *rest):
        if self.process.poll() is None:
            status = self.stop()
            assert kind or status == 0, f"ended with {status}: " + "\n".join(self.lines[-30:])
        # What it does is what its list of system calls allows: a call that it goes without is a hole in the list.
        assert kind or not self.events("confine.refused"), self.events("confine.refused")

    # --- HTTP -----------------------------------------------------------------------------------

    def connection(self, timeout):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None):
        """(status, text)."""
        connection = self.connection(PATIENCE_S)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def ask(self, text, token=None, **more):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = "Bearer " + token
        status, said = self.request("POST", "/api/ask", json.dumps({"text": text, **more}), headers)
        return status, json.loads(said)

    def metric(self, name):
        """A counter's value; name with its label: whether_messages_total{adapter="api"}."""
        for line in self.request("GET", "/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    # --- what it costs ----------------------------------------------------------------------------

    def cpu_s(self):
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def status(self, key):
        """A number of /proc/PID/status: VmRSS (kB), voluntary_ctxt_switches ..."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise KeyError(key)
