#!/usr/bin/env python3
"""What `whether run` does in a second: signed slash commands, against a bare libmicrohttpd server in the same run; its memory with
10,000 conversations; what it costs when idle. Prints a table, asserts nothing: the machine may be busy.

usage: bench-daemon.py WHETHER BARE [SECONDS]      needs wrk
"""
import hashlib
import hmac
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from daemon import Daemon  # noqa: E402

WHETHER, BARE = [os.path.abspath(sys.argv[1])], os.path.abspath(sys.argv[2])
SECONDS = int(sys.argv[3]) if sys.argv[3:] else 5
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
CONNECTIONS, REQUESTS = 32, 100000
TEXTS = ["Node or Django for a live auction board? The frontend is React.",
         "django or node? we train models in python and need an admin panel",
         "which backend for a chat with live messages", "Node vs Django for a shop with 40 invoices a day"]

# Each request is another person's, signed as Slack does; read from a file of length, headers, body.
LUA = """
local requests, at = {}, 0
for line in io.lines("%s") do
  local stamp, signature, body = line:match("^(%%S+) (%%S+) (.*)$")
  requests[#requests + 1] = wrk.format("POST", "/slack/commands", {
    ["Host"] = "localhost", ["Content-Type"] = "application/x-www-form-urlencoded", ["X-Slack-Request-Timestamp"] = stamp,
    ["X-Slack-Signature"] = signature }, body)
end
function request() at = at %% #requests + 1; return requests[at] end
"""


def write_requests(path, salt):
    stamp = str(int(time.time()))
    with open(path, "w") as file:
        for n in range(REQUESTS):
            body = urllib.parse.urlencode({
                "token": "x", "team_id": "T1", "team_domain": "d", "channel_id": f"C{n % 50}", "channel_name": "c",
                "user_id": f"U{salt}{n:06d}", "user_name": "u", "command": "/whether", "text": TEXTS[n % len(TEXTS)],
                "response_url": "https://hooks.slack.com/commands/T1/1/x", "trigger_id": f"{salt}.{n}.x"})
            mac = hmac.new(SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
            file.write(f"{stamp} v0={mac} {body}\n")


def wrk(port, script):
    said = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", script,
                           f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    p99 = re.search(r"99%\s+(\S+)", said)[1]
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return rate, p99, int(bad[1]) if bad else 0


def main():
    with tempfile.TemporaryDirectory(prefix="whether-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "signing").write_text(SECRET)
        (folder / "signing").chmod(0o600)
        script = folder / "requests.lua"
        script.write_text(LUA % (folder / "requests"))
        config = ("[http]\nlisten = 127.0.0.1:0\n[slack]\nteam = T1\nsigning_secret_file = signing\n"
                  "[api]\nopen = yes\n[log]\nlevel = warning\n")
        bare = subprocess.Popen([BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            port = int(bare.stdout.readline())
            write_requests(folder / "requests", "a")
            bare_rate, bare_p99, _ = wrk(port, script)
        finally:
            bare.stdin.close()
            bare.wait(10)
        write_requests(folder / "requests", "b")
        # The port is told at level info, and the rest of the log there is not what is measured: two lines.
        with Daemon(WHETHER, folder, config.replace("level = warning", "level = info")) as daemon:
            rate, p99, bad = wrk(daemon.port, script)
            turns = daemon.metric('whether_commits_total{result="done"}')
            handled = daemon.metric('whether_messages_total{adapter="slack"}')
            total_us = daemon.metric("whether_answer_seconds_sum") * 1e6
            count = daemon.metric("whether_answer_seconds_count")
            print(f"bare libmicrohttpd   {bare_rate:9.0f} /s   p99 {bare_p99}")
            print(f"slash commands       {rate:9.0f} /s   p99 {p99}   ratio {rate / bare_rate:.3f}   not 2xx: {bad}")
            print(f"  of a request's {1e6 / rate:.1f} us, {total_us / max(count, 1):.1f} us are taking and answering it; "
                  f"{handled / max(turns, 1):.1f} messages a commit")
            print(f"memory               {daemon.status('VmRSS') / 1024:9.1f} MiB after {handled:.0f} conversations")
            time.sleep(1)
            cpu, switches = daemon.cpu_s(), daemon.status("voluntary_ctxt_switches")
            time.sleep(10)
            print(f"idle                 {(daemon.cpu_s() - cpu) * 10:9.1f} % CPU, woken "
                  f"{daemon.status('voluntary_ctxt_switches') - switches} times in 10 s")


main()
