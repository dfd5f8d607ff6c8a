"""Prepared requests, each of its own, sent as fast as they are answered by wrk, which takes less of the machine than a client in Python."""
import re
import subprocess

from load import command, each
from questions import questions

CONNECTIONS = 32

# Reads a file of lengths and whole requests; answers of a server that is faster than that many requests are no harm.
LUA = """
local requests, at = {}, 0
local file = io.open("%s", "rb")
for length in function() return file:read("*n") end do
  file:read(1)
  requests[#requests + 1] = file:read(length)
end
function request() at = at %% #requests + 1; return requests[at] end
"""


def write_commands(folder, count, salt=""):
    """A script for wrk that sends `count` signed slash commands, others for another salt. Good for five minutes: Slack's window."""
    requests = folder / f"requests{salt}"
    with open(requests, "wb") as file:
        for request in each(command, questions(("slash",)), count, salt=salt):
            file.write(b"%d\n" % len(request) + request)
    script = folder / f"requests{salt}.lua"
    script.write_text(LUA % requests)
    return script


def wrk(port, script, seconds):
    """(requests a second, {percentile: text}, how many were not 2xx)."""
    said = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "--timeout", "30s", "-s", script,
                           f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return rate, dict(re.findall(r"(\d+)%\s+(\S+)", said)), int(bad[1]) if bad else 0
