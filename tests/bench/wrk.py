"""Prepared requests, each of its own, sent as fast as they are answered by wrk, which takes less of the machine than a client in Python."""
import itertools
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


def write_script(folder, name, made):
    """A script for wrk that sends these, signed for five minutes: Slack's window."""
    requests = folder / f"requests{name}"
    with open(requests, "wb") as file:
        for request in made:
            file.write(b"%d\n" % len(request) + request)
    script = folder / f"requests{name}.lua"
    script.write_text(LUA % requests)
    return script


def write_commands(folder, count, salt=""):
    """`count` slash commands, others for another salt."""
    return write_script(folder, salt, each(command, questions(("slash",)), count, salt=salt))


def write_requests(folder, make, numbers):
    """What make(number, text) gives for each number."""
    texts = itertools.cycle(questions())
    return write_script(folder, f"-{make.__name__}-{numbers.start}", (make(number, text) for number, text in zip(numbers, texts)))


def wrk(port, script, seconds):
    """(requests a second, {percentile: text}, how many were not 2xx)."""
    said = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "--timeout", "30s", "-s", script,
                           f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return rate, dict(re.findall(r"(\d+)%\s+(\S+)", said)), int(bad[1]) if bad else 0
