#!/usr/bin/env python3
"""`whether run` on IRC: real questions, two bots and a person in one channel, kill -9, reload, --try.

usage: irc_run.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases; WHETHER_WRAPPER (valgrind ...) goes before
"""
import signal
import subprocess
import sys
import time

import ircstage as stage
from daemon import PATIENCE_S, Daemon
from irckit import WRAPPER, Inspircd, Ngircd, Person, ScriptedServer
from ircstage import ask, network, path_of, run_cases, secret, start

QUESTION = "Node or Django for a live auction board? The frontend is React."


def daemon(config, folder=None, **more):
    return Daemon([*WRAPPER, stage.program], folder or stage.scratch, config, port=False, **more)


def joined(connection, channel="#a"):
    connection.register()
    connection.join(channel)


def case_question_why_and_more():
    server = start(Ngircd(stage.scratch, stage.keys))
    alice = start(Person(server.port, "alice"))
    alice.join("#a")
    with daemon("[bot]\nlength = full\n" + network(server.tls_port, tls=True, channels="#a")) as it:
        it.wait_for("irc.joined")
        alice.tell("#a", "whether: " + QUESTION)
        alice.wait(r"^:whether!\S+ PRIVMSG #a :alice: .*Node")
        alice.wait(r'\(say "more" for the rest\)$')
        alice.tell("#a", "whether: more")
        alice.wait(r"^:whether!\S+ PRIVMSG #a :alice: ")
    # A moment later nobody's burst is used up.
    with daemon(network(server.tls_port, tls=True, nick="second")) as it:
        it.wait_for("irc.connected")
        alice.tell("second", "Django for a blog that three editors fill?")
        alice.wait(r"^:second!\S+ PRIVMSG alice :.*Django")


def case_record():
    """A record is long: its link comes first, the rest waits for "more"."""
    server = start(Ngircd(stage.scratch, stage.keys))
    alice = start(Person(server.port, "alice"))
    alice.join("#a")
    more = "[bot]\nlength = line\nrecords = records\n[http]\nlisten = 127.0.0.1:0\n[page]\naddress = https://whether.example.org\n"
    with daemon(more + network(server.tls_port, tls=True, channels="#a")) as it:
        it.wait_for("irc.joined")
        alice.tell("#a", "whether: " + QUESTION)
        alice.wait(r"^:whether!\S+ PRIVMSG #a :alice: .*Node")
        alice.tell("#a", "whether: record")
        alice.wait(r"^:whether!\S+ PRIVMSG #a :alice: .*This is the decision")
        alice.wait(r"^:whether!\S+ PRIVMSG #a :.* https://whether\.example\.org/record\?of=node-or-django-[0-9a-f]{32}( |$)")
        assert len(list((stage.scratch / "records").iterdir())) == 1


def case_two_bots_and_a_person():
    """Two programs, each hearing the other, and no word between them; with the bot tag, and without."""
    for kind in (Inspircd, Ngircd):
        folder = stage.scratch / kind.__name__
        folder.mkdir()
        server = start(kind(folder, stage.keys))
        alice = start(Person(server.port, "alice"))
        alice.join("#a")
        folders = [folder / name for name in ("one", "two")]
        for each in folders:
            each.mkdir()
        # In one line each, which names the source: its title alone would pass for a question.
        config = "[bot]\nlisten = questions\nlength = line\n"
        first = daemon(config + network(server.port, nick="whether", channels="#a"), folders[0])
        second = daemon(config + network(server.port, nick="other", channels="#a"), folders[1])
        with first, second:
            first.wait_for("irc.joined")
            second.wait_for("irc.joined")
            alice.tell("#a", "Node or Django for a live auction board? The frontend is React.")
            alice.seen(r"^:whether!\S+ PRIVMSG #a :alice: ")
            alice.seen(r"^:other!\S+ PRIVMSG #a :alice: ")
            # Put at each other on purpose.
            alice.tell("#a", "whether: other: Node or Django?")
            alice.tell("#a", "other: whether: Node or Django?")
            time.sleep(6)
            settled = alice.count(r"^:(whether|other)!\S+ PRIVMSG")
            time.sleep(6)
            assert alice.count(r"^:(whether|other)!\S+ PRIVMSG") - settled <= 6, "they go on and on"
            answers = [line for line in alice.lines if " PRIVMSG #a :" in line and ": " in line.split(" :", 1)[1][:10]]
            for line in answers:
                assert not line.split(" :", 1)[1].startswith(("whether: ", "other: ")), f"to a bot: {line}"


def case_kill_before_the_pong():
    """Written, but not confirmed: never twice, and the log says that it may be missing."""
    server = start(ScriptedServer())
    config = network(server.port, channels="#a")
    it = daemon(config).start()
    connection = server.accept()
    joined(connection)
    ask(connection, "whether: " + QUESTION)
    connection.expect(r"^PRIVMSG #a :alice: ")
    it.kill()
    connection.close()
    again = daemon(config)
    with again:
        connection = server.accept()
        joined(connection)
        again.wait_for("irc.delivery_unknown")
        connection.quiet(1)
        # The conversation survived: it knows what "why" is about.
        ask(connection, "whether: why not Django?")
        connection.expect(r"^PRIVMSG #a :alice: .*Django")
        connection.confirms = True
        connection.quiet(0.5, allowed=r"^(PING|PRIVMSG #a :)")


def case_more_survives_a_restart():
    server = start(ScriptedServer())
    config = "[bot]\nlength = full\n" + network(server.port, channels="#a")
    it = daemon(config).start()
    connection = server.accept()
    joined(connection)
    connection.confirms = True
    ask(connection, "whether: " + QUESTION)
    connection.expect(r'say "more" for the rest')
    connection.expect(r"^PING w")
    time.sleep(0.5)
    it.kill()
    connection.close()
    with daemon(config):
        connection = server.accept()
        joined(connection)
        ask(connection, "whether: more")
        line = connection.expect(r"^PRIVMSG #a :alice: (.*)$")[1]
        assert line.startswith("- ") or len(line) > 20, line
        connection.confirms = True


def case_answers_survive_a_lost_connection():
    """What was not written when the connection broke is said on the next one, in order."""
    server = start(ScriptedServer())
    with daemon("[bot]\nlength = line\n" + network(server.port, channels="#a")) as it:
        connection = server.accept()
        joined(connection)
        for name in "abcde":
            ask(connection, QUESTION, by=f"{name}!{name}@home.example", to="whether")
        connection.expect(r"^PRIVMSG a :")
        connection.close()
        it.wait_for("irc.disconnected")
        connection = server.accept(60)
        joined(connection)
        connection.confirms = True
        got = []
        while len(got) < 4:
            name = connection.expect(r"^PRIVMSG (\w) :", 90)[1]
            if name not in got:
                got.append(name)
        assert got == list("bcde"), got  # a's may have arrived: not again


def case_try_tells_step_by_step():
    server = start(Ngircd(stage.scratch, stage.keys))

    def try_with(config):
        it = daemon(config, args=("--try",))
        done = subprocess.run(it.command, cwd=stage.scratch, env=it.env, capture_output=True, text=True,
                              timeout=PATIENCE_S)
        return done.returncode, done.stdout + done.stderr

    code, said = try_with(network(server.tls_port, tls=True, channels="#a, #b"))
    assert code == 0 and "in 2 of 2 channels" in said, (code, said)
    code, said = try_with(network(server.tls_port, tls=True, channels="#a", ca_file=path_of("self.pem")))
    assert code == 1 and "certificate" in said, (code, said)
    code, said = try_with(network(server.tls_port, tls=True, channels="#a", sasl="plain", sasl_user="x",
                                  sasl_password_file=secret("pw", "hush-hush")))
    assert code == 1 and "SASL" in said and "hush" not in said, (code, said)


def case_reload_and_stop():
    server = start(ScriptedServer())
    config = network(server.port, channels="#a")
    it = daemon(config)
    with it:
        connection = server.accept()
        joined(connection)
        it.write_config("[irc net]\nserver = nonsense\n")
        it.send(signal.SIGHUP)
        time.sleep(1)
        ask(connection, "whether: " + QUESTION)  # a bad one changes nothing
        connection.expect(r"^PRIVMSG #a :alice: ")
        connection.pong()
        began = time.monotonic()
        it.send(signal.SIGTERM)
        connection.expect(r"^QUIT :bye$")
        connection.close()
        assert it.stop() == 0
        assert time.monotonic() - began < 10


def case_reload_tries_again_what_gave_up():
    refusing, fine = start(ScriptedServer()), start(ScriptedServer())
    with daemon(network(refusing.port, name="refusing", channels="#a") +
                network(fine.port, name="fine", channels="#a")) as it:
        kept = fine.accept()
        joined(kept)
        connection = refusing.accept()
        connection.expect(r"^USER ")
        connection.send(":s 465 whether :You are banned from this server")
        it.wait_for("irc.failed")
        it.send(signal.SIGHUP)  # nothing has changed here, but the ban was lifted there
        done = it.wait_for("reload.done")
        assert (done["adapters_kept"], done["adapters_started"]) == ("1", "1"), done
        again = refusing.accept()
        joined(again)
        for there in (kept, again):  # the other network's connection has stayed
            ask(there, "whether: " + QUESTION)
            there.expect(r"^PRIVMSG #a :alice: ")
            there.pong()
        it.send(signal.SIGTERM)
        for there in (kept, again):
            there.expect(r"^QUIT ")
            there.close()


sys.exit(run_cases(sys.argv, globals()))
