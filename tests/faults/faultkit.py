"""Makes calls of a program fail by number (shim.c), and sweeps: each of them once, until it succeeds without.

A fault is a kind of call (malloc, open, read, write, pwrite, fsync, fflush, rename, mmap, socket, accept, connect, send,
recv, names, thread, curl, result, step) and the error it ends with. Of Redis: rsend (half a command goes out), rrecv (it was
done, nobody hears of it), rmute (it says nothing any more), rsays (it refuses, in words of ours).
"""
import errno
import mmap
import os
import pathlib
import re
import struct
import subprocess
import time

SHIM = os.environ.get("WHETHER_SHIM", "")
FIELDS = ["kind", "nth", "times", "error", "calls", "failed", "each", "wall_shift_ns", "clock",
          "speed0", "origin_ns0", "ahead_ns0", "speed1", "origin_ns1", "ahead_ns1"]
OFFSETS = {name: 8 * i for i, name in enumerate([*FIELDS, "says"])}  # struct page
SAYS_MAX = 63
FOR_EVER = 1 << 62
EVERY_CALL, EVERY_PLACE = 1, 2
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:")

ERRORS = {"malloc": errno.ENOMEM, "open": errno.EMFILE, "read": errno.EIO, "write": errno.ENOSPC, "pwrite": errno.ENOSPC, "fsync": errno.EIO,
          "fflush": errno.ENOSPC, "rename": errno.EIO, "mmap": errno.ENOMEM, "socket": errno.EMFILE,
          "accept": errno.EMFILE, "connect": errno.ECONNREFUSED, "send": errno.ECONNRESET, "recv": errno.ECONNRESET,
          "names": 0, "thread": 0, "curl": 0, "result": 0, "step": 0,
          "rsend": 0, "rrecv": 0, "rmute": 0, "rsays": 0}


class Faults:
    """The page that a program under the shim shares with us."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.speed, self.origin_ns, self.base_ns, self.clock, self.shifted = 1, 0, 0, 0, 0
        self.folder.mkdir(exist_ok=True)
        path = self.folder / "page"
        path.write_bytes(bytes(mmap.PAGESIZE))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)

    def env(self, **more):
        env = {"LD_PRELOAD": SHIM, "FAULTS_DIR": str(self.folder)} | more
        # The shim stands before the sanitizer's own allocator, and calls it. The loader's memory is nobody's.
        allowed = self.folder / "leaks"
        allowed.write_text("leak:dl_open_worker\n")
        return env | {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
                      "LSAN_OPTIONS": f"suppressions={allowed}:print_suppressions=0"}

    def _set(self, name, value):
        struct.pack_into("8s" if name == "kind" else "=q", self.memory, OFFSETS[name], value)

    def get(self, name):
        return struct.unpack_from("=Q", self.memory, OFFSETS[name])[0]

    def arm(self, kind, nth=1, times=1, error=None, each=0, says=""):
        """From now on the nth call, and times - 1 after it, fail. Changes nothing about clocks."""
        self.disarm()
        assert len(says) <= SAYS_MAX
        struct.pack_into(f"{SAYS_MAX + 1}s", self.memory, OFFSETS["says"], says.encode())
        for name, value in (("nth", nth), ("times", times), ("error", ERRORS[kind] if error is None else error),
                            ("calls", 0), ("failed", 0), ("each", each)):
            self._set(name, value)
        self._set("kind", kind.encode())

    def disarm(self):
        """How many calls failed."""
        self._set("kind", b"")
        return self.get("failed")

    def shift_wall(self, seconds):
        self.shifted = seconds
        self._set("wall_shift_ns", int(seconds * 1e9))

    def hurry(self, speed):
        """From now on its clocks run so many times as fast."""
        now = time.monotonic_ns()
        ahead, other = self._ahead_ns(now), 1 - self.clock
        for name, value in (("speed", speed), ("origin_ns", now), ("ahead_ns", ahead)):
            self._set(f"{name}{other}", value)
        self._set("clock", other)
        self.speed, self.origin_ns, self.base_ns, self.clock = speed, now, ahead, other

    def _ahead_ns(self, now):
        return self.base_ns + (now - self.origin_ns) * (self.speed - 1)

    def ahead(self):
        """How many seconds the program's wall clock is before ours."""
        return self._ahead_ns(time.monotonic_ns()) / 1e9 + self.shifted


class Result:
    def __init__(self, call, status, output, errors, stack=()):
        self.call, self.status, self.output, self.errors = call, status, output, errors
        self.stack = stack  # where it failed, as backtrace_symbols(3) tells it, innermost first

    def asked_by(self):
        """The file whose code made the call that failed, as far as C++'s operator new is not it; "" unknown."""
        for frame in self.stack:
            file = os.path.basename(frame.partition("(")[0])
            if file != os.path.basename(SHIM) and not file.startswith("libstdc++.so"):
                return file
        return ""

    def __repr__(self):
        return f"call {self.call}: status {self.status}: {self.errors.strip()[-600:]}"


def exit_status(status):
    """As in subprocess: negative for a signal."""
    return os.waitstatus_to_exitcode(status)


def fnv(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return value


def sweep_forking(command, folder, kind, env, places=True, stride=1, error=None):
    """(what it is without a fault, [Result] of each call that failed): one run, which forks at each call."""
    faults = Faults(folder)
    faults.arm(kind, nth=stride, error=error, each=EVERY_PLACE if places else EVERY_CALL)
    results = faults.folder / "results"
    results.unlink(missing_ok=True)
    with open(faults.folder / "stdout", "wb") as out:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE,
                              env=env | faults.env(), timeout=1800)
    calls = faults.get("calls")
    whole = Result(calls, done.returncode, fnv((faults.folder / "stdout").read_bytes()), done.stderr.decode("utf-8", "replace"))
    found, data = [], results.read_bytes() if results.exists() else b""
    while data:
        head, _, data = data.partition(b"\n")
        call, status, output, length = head.split()
        length = int(length)
        found.append(Result(int(call), exit_status(int(status)), int(output, 16), data[:length].decode("utf-8", "replace")))
        data = data[length:]
    return whole, found


def sweep_anew(command, folder, kind, env, before=None, stride=1, times=1, error=None, traced=False):
    """The same with a run of its own for each call, until no call failed; before() puts things in order.

    traced: results have stacks, for programs that may open files at any time. Of one with several threads the nth
    call is not always the same one: where it failed is known from the run in which it did, not from another.
    """
    faults, found, nth = Faults(folder), [], 1
    trace = faults.folder / "trace"
    more = {"FAULTS_TRACE": str(trace)} if traced else {}
    while True:
        if before:
            before()
        trace.unlink(missing_ok=True)
        faults.arm(kind, nth, times, error)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=env | faults.env(**more), timeout=300)
        stack = trace.read_text().splitlines() if trace.exists() else ()
        result = Result(nth, done.returncode, fnv(done.stdout), done.stderr.decode("utf-8", "replace"), stack)
        if faults.disarm() == 0:
            return result, found
        found.append(result)
        nth += stride
