#!/usr/bin/env python3
"""What `whether run` does in a second: signed slash commands, against a bare libmicrohttpd server in the same run; its memory with
10,000 conversations; what it costs when idle. Prints a table, asserts no time: the machine may be busy. Each request is another
person's, in a conversation of its own, and goes on to the next of several hundred questions (questions.py).

usage: bench-daemon.py WHETHER BARE [SECONDS]      needs wrk
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from daemon import Daemon  # noqa: E402
from load import SECRET, TEAM, Load, command, each  # noqa: E402
from questions import questions  # noqa: E402
from wrk import CONNECTIONS, write_commands, wrk  # noqa: E402

WHETHER, BARE = [os.path.abspath(sys.argv[1])], os.path.abspath(sys.argv[2])
SECONDS = int(sys.argv[3]) if sys.argv[3:] else 5
CONVERSATIONS = 10000
REQUESTS = 60000 * SECONDS  # more than the daemon answers: none is sent twice
CONFIG = ("[http]\nlisten = 127.0.0.1:0\n[slack]\nteam = %s\nsigning_secret_file = signing\n"
          "[api]\nopen = yes\n[log]\nlevel = info\n" % TEAM)


def measure_bare(script):
    bare = subprocess.Popen([BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        return wrk(int(bare.stdout.readline()), script, SECONDS)
    finally:
        bare.stdin.close()
        bare.wait(10)


def report_speed(folder):
    script = write_commands(folder, REQUESTS)
    bare, bare_times, _ = measure_bare(script)
    with Daemon(WHETHER, folder, CONFIG) as daemon:
        rate, times, bad = wrk(daemon.port, script, SECONDS)
        turns = daemon.metric('whether_commits_total{result="done"}')
        handled = daemon.metric('whether_messages_total{adapter="slack"}')
        again = daemon.metric('whether_duplicates_total{adapter="slack"}')
        answer_us = daemon.metric("whether_answer_seconds_sum") * 1e6 / max(daemon.metric("whether_answer_seconds_count"), 1)
    print(f"bare libmicrohttpd   {bare:9.0f} /s   p50 {bare_times['50']:8} p99 {bare_times['99']}")
    print(f"slash commands       {rate:9.0f} /s   p50 {times['50']:8} p99 {times['99']:8} ratio {rate / bare:.3f}   "
          f"not 2xx: {bad}, sent twice: {again:.0f}")
    print(f"  of a request's {1e6 / rate:.1f} us, {answer_us:.1f} us are taking and answering it; "
          f"{handled / max(turns, 1):.1f} messages a commit")


def report_memory(folder):
    with Daemon(WHETHER, folder, CONFIG) as daemon:
        fresh = daemon.status("VmRSS")
        load = Load(daemon.port, each(command, questions(("slash",)), CONVERSATIONS, salt="m"), most=CONNECTIONS).run()
        assert load.statuses == {200: CONVERSATIONS}, load.statuses
        print(f"memory               {daemon.status('VmRSS') / 1024:9.1f} MiB with {CONVERSATIONS} conversations, {fresh / 1024:.1f} "
              f"before, {daemon.status('VmHWM') / 1024:.1f} at most")
        time.sleep(1)
        cpu, switches = daemon.cpu_s(), daemon.status("voluntary_ctxt_switches")
        time.sleep(10)
        print(f"idle                 {(daemon.cpu_s() - cpu) * 10:9.1f} % CPU, woken "
              f"{daemon.status('voluntary_ctxt_switches') - switches} times in 10 s")


def main():
    print(f"{len(questions(('slash',)))} different questions, {CONNECTIONS} connections, {SECONDS} s")
    for report in (report_speed, report_memory):
        with tempfile.TemporaryDirectory(prefix="whether-bench-") as name:
            folder = pathlib.Path(name)
            (folder / "signing").write_text(SECRET)
            (folder / "signing").chmod(0o600)
            report(folder)


main()
