#!/usr/bin/env python3
"""A name server that does not answer (PROTOCOLS.md C18): nothing but what needs the name waits for it.

usage: WHETHER_RESOLVER=slow-resolver.so slow_names.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases
"""
import os
import signal
import sys

import ircstage as stage
from daemon import Daemon
from irckit import WRAPPER, ScriptedServer
from ircstage import ask, network, run_cases, secret, start

RESOLVER = os.environ["WHETHER_RESOLVER"]
QUESTION = "Node or Django for a live auction board? The frontend is React."


def gate():
    """The FIFO at which whoever asks for slow.example waits."""
    path = stage.folder() / "gate"
    if not path.exists():
        os.mkfifo(path)
    return path


def slow_network(port):
    return f"[irc slow]\nserver = slow.example:{port}\ntls = no\nchannels = #a\n"


def slow_slack():
    return (f"[slack]\napi = https://slow.example:9/api\nsigning_secret_file = {secret('signing', 'x' * 32)}\n"
            f"bot_token_file = {secret('token', 'xoxb-1')}\n")


def daemon(config):
    return Daemon([*WRAPPER, stage.program], stage.scratch, "[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n" + config,
                  env={"LD_PRELOAD": RESOLVER, "RESOLVER_GATE": str(gate())})


def joined(server):
    connection = server.accept()
    connection.register()
    connection.join("#a")
    return connection


def answers(it, connection):
    assert it.ask(QUESTION)[0] == 200
    ask(connection, "whether: " + QUESTION)
    connection.expect(r"^PRIVMSG #a :alice: ")
    connection.pong()


def case_the_others_go_on():
    slow, fine = start(ScriptedServer()), start(ScriptedServer())
    with daemon(slow_network(slow.port) + network(fine.port, name="fine", channels="#a") + slow_slack()) as it:
        there = joined(fine)
        answers(it, there)
        with open(gate(), "wb"):  # waits for somebody who waits: the name is really being asked for
            answers(it, joined(slow))
        it.send(signal.SIGTERM)
        there.expect(r"^QUIT ")
        there.close()


def case_reload_and_stop_do_not_wait():
    slow, fine = start(ScriptedServer()), start(ScriptedServer())
    with daemon(slow_network(slow.port) + network(fine.port, name="fine", channels="#a") + slow_slack()) as it:
        there = joined(fine)
        config = (stage.scratch / "whether.ini").read_text()
        it.write_config(config.replace("#a\n", "#b\n", 1).replace("slow.example:9/", "slow.example:10/"))
        it.send(signal.SIGHUP)
        done = it.wait_for("reload.done")
        assert (done["adapters_stopped"], done["adapters_kept"]) == ("2", "2"), done
        answers(it, there)
        it.send(signal.SIGTERM)
        there.expect(r"^QUIT ")
        there.close()
        assert it.stop() == 0


sys.exit(run_cases(sys.argv, globals()))
