#!/usr/bin/env python3
"""The daemon, with the n-th call of a kind failing while it is asked over the API, by Slack and on IRC: n = 1, 2, 3 ...

usage: WHETHER_SHIM=shim.so served.py WHETHER [--every | --sanitized] [NAME...]     prints TAP

It may refuse (503), break off, or end at once and cleanly for want of memory; then senders send again. In the end every
question that was acknowledged has its one answer, and the daemon, where it has not ended, works on as before. Each n is a
question of its own; the last is the first that no failure reached.
"""
import contextlib
import itertools
import os
import signal
import socket
import sys

from stage import PATIENCE_S, Stage, run_cases, wait_until

WHETHER = os.path.abspath(sys.argv[1])
EVERY, SANITIZED = "--every" in sys.argv, "--sanitized" in sys.argv


def sweep(kind, stride=1, most=200, anew=False, also=None):
    """stride and most: where not every call fails. anew: connections are cut, so that new ones are made. also: what
    else is done to it, before it is asked."""
    if EVERY:
        stride = 1
    else:
        most = min(most, 5 if SANITIZED else 10)
    with Stage(WHETHER, closes=anew) as stage:
        failures, nth = 0, 1
        for nth in range(1, most * stride + 1, stride):
            stage.faults.arm(kind, nth)
            if anew:
                stage.irc.drop()
            if also:
                also(stage)
            stage.ask_all()
            if anew:
                wait_until(stage.irc.joined.is_set, "the bot to come back")
            failed = stage.faults.disarm()
            failures += failed
            if failed == 0:
                break
        starts = len(stage.daemon.events("daemon.started"))
        stage.check()
    print(f"# {kind}: {len(stage.asked)} questions, {failures} failures, {starts - 1} times it ended")
    assert failures > 0, f"no call of {kind} failed: a test that cannot fail"


def case_malloc():
    sweep("malloc", 97, most=2000)


def case_pwrite():
    """As SQLite writes."""
    sweep("pwrite", 3)


def case_fsync():
    sweep("fsync")


def case_step():
    sweep("step", 5)


def case_open():
    """A running daemon opens little; but all that is configured when it is told to read that again."""
    def reload(stage):
        mark = len(stage.daemon.lines)
        stage.daemon.send(signal.SIGHUP)
        wait_until(lambda: stage.daemon.events("reload.done", mark) or stage.daemon.events("reload.refused", mark), "a reload", PATIENCE_S)
    sweep("open", 2, most=60, also=reload)


def case_send():
    sweep("send", 4)


def case_recv():
    sweep("recv", 4)


def case_socket():
    sweep("socket", most=40, anew=True)


def case_connect():
    sweep("connect", most=40, anew=True)


def case_accept():
    sweep("accept", most=40)


def case_curl():
    sweep("curl")


def case_result():
    """Slack took it, but we do not hear so."""
    sweep("result")


def case_stall():
    """Slack takes calls, and answers them minutes later: timed out, looked for, and there once."""
    with Stage(WHETHER) as stage:
        stage.ask_all()
        stage.slack.delay_s = 6  # two minutes of the daemon's
        number = next(stage.numbers)
        stage.until_heard(stage.ask_slack, number)
        stage.asked.append(number)
        stage.irc.ask(f"p{number}", "Node or Django for a live chat?")
        assert stage.ask_api(number) == 200
        wait_until(lambda: stage.irc.answers(f"p{number}"), "an answer on IRC meanwhile", PATIENCE_S)
        wait_until(lambda: stage.daemon.events("outbox.again"), "patience to end", PATIENCE_S)
        stage.slack.delay_s = 0
        wait_until(lambda: stage.settled(number), "the answer", PATIENCE_S)
        stage.check()


def case_irc_stalls():
    """The server takes all and says nothing: after a few minutes that connection is given up, and another made."""
    with Stage(WHETHER) as stage:
        stage.ask_all()
        stage.irc.stall()
        assert stage.ask_api(next(stage.numbers)) == 200
        why = stage.daemon.wait_for("irc.disconnected")
        wait_until(stage.irc.joined.is_set, "the bot to come back", PATIENCE_S)
        print(f"# {why['why']}")
        stage.check()


def case_clients_stall():
    """Half a request, and then nothing: sent away after a while, and nobody waits for them meanwhile."""
    with Stage(WHETHER) as stage:
        halves = (b"", b"POST /api/ask HT", b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"type\"")
        clients = [socket.create_connection(("127.0.0.1", stage.daemon.port), timeout=PATIENCE_S) for _ in range(60)]
        for client, half in zip(clients, itertools.cycle(halves)):
            client.sendall(half)
        stage.ask_all()
        for client in clients:
            said = b""
            with contextlib.suppress(ConnectionResetError):
                while data := client.recv(4096):
                    said += data
            assert not said or said.startswith(b"HTTP/1.1 4"), said
            client.close()
        assert stage.daemon.metric('whether_rejected_total{reason="slow_client"}') >= 40
        stage.check()


sys.exit(run_cases(globals(), sys.argv[2:]))
