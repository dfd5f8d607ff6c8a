#!/usr/bin/env python3
"""A bad minute: 1,000 signed Slack events a second, each another person's question in a thread of its own, while Slack's API answers after
two seconds and the IRC server is down. How late the acknowledgements are; how much memory that takes; and that afterwards, when Slack is
well again, every question gets its answer, once. Prints figures and asserts what must hold on any machine: nothing lost, nothing twice.

The load is open: events come when they are due, however late the ones before are acknowledged (load.py).

usage: bench-events.py WHETHER [SECONDS [PER_SECOND]]
"""
import os
import pathlib
import socket
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from daemon import Daemon, wait_until  # noqa: E402
from fake_slack import TOKEN, FakeSlack  # noqa: E402
from load import SECRET, TEAM, Load, each, mention  # noqa: E402
from memory import Memory  # noqa: E402
from questions import questions  # noqa: E402

WHETHER = [os.path.abspath(sys.argv[1])]
SECONDS = int(sys.argv[2]) if sys.argv[2:] else 60
PER_SECOND = int(sys.argv[3]) if sys.argv[3:] else 1000
CONNECTIONS, SLACK_DELAY_S, DRAIN_S = 200, 2.0, 600


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def config(slack):
    return f"""[http]
listen = 127.0.0.1:0
[slack]
team = {TEAM}
signing_secret_file = signing
bot_token_file = token
api = {slack.api}
[irc gone]
server = 127.0.0.1:{closed_port()}
tls = no
channels = #nowhere
[api]
open = yes
[log]
level = info
"""


def waiting(daemon):
    return daemon.metric("whether_outbox_waiting")


def check_answers(slack, count):
    """One for each thread, and none else."""
    with slack.lock:
        answers = [len(messages) for messages in slack.messages.values()]
    assert len(answers) == count, f"{count} questions, answers in {len(answers)} threads"
    assert set(answers) == {1}, f"{sum(n > 1 for n in answers)} questions were answered more than once"


def measure(daemon, slack):
    requests = each(mention, questions(), SECONDS * PER_SECOND)
    with Memory(daemon) as memory:
        load = Load(daemon.port, requests, rate=PER_SECOND, most=CONNECTIONS).run()
        left = waiting(daemon)
        assert load.statuses == {200: len(requests)}, load.statuses
        print(f"{PER_SECOND} events a second for {SECONDS} s, {len(questions())} different questions; came through: "
              f"{len(requests) / load.seconds:.0f} /s")
        print(f"acknowledged after   p50 {load.percentile(.5):.1f} ms, p99 {load.percentile(.99):.1f} ms, at most "
              f"{load.percentile(1):.1f} ms, over {load.count} connections")
        print(f"meanwhile            {left:.0f} answers wait, {slack.total()} were posted; "
              f"{daemon.cpu_s() / load.seconds * 100:.0f} % of a processor")
        slack.delay_s = 0
        start = time.monotonic()
        wait_until(lambda: waiting(daemon) == 0 or time.sleep(0.5), "the outbox to be empty", DRAIN_S)
        seconds = time.monotonic() - start
    check_answers(slack, len(requests))
    print(f"afterwards           all delivered, each once, within {seconds:.0f} s ({left / seconds:.0f} /s)")
    print(f"memory               {memory.most:.1f} MiB at most")


def main():
    with tempfile.TemporaryDirectory(prefix="whether-bench-") as name, FakeSlack(delay_s=SLACK_DELAY_S) as slack:
        folder = pathlib.Path(name)
        for file, secret in (("signing", SECRET), ("token", TOKEN)):
            (folder / file).write_text(secret)
            (folder / file).chmod(0o600)
        with Daemon(WHETHER, folder, config(slack)) as daemon:
            daemon.wait_for("slack.ready")
            measure(daemon, slack)


main()
