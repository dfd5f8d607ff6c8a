#!/usr/bin/env python3
"""`whether run` on a Redis that replicas share: real redis-server (plain, with users, with TLS), ngIRCd, a Slack like the real one.

usage: replicas.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases

Each question gets one answer, whatever is killed, stopped or away meanwhile; one replica at a time is on an IRC network.
"""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import ircstage as stage
from daemon import Daemon, wait_until
from fake_slack import TOKEN, FakeSlack
from ircstage import network, run_cases, secret, start
from irckit import Ngircd, Person
from rediskit import Redis
from slacksend import FACTS, SIGNING_SECRET, Sender, question

QUESTION = "Node or Django for a live auction board? The frontend is React."
AWAY = "I cannot keep anything in mind"


def redis(**more):
    folder = stage.scratch / "redis"
    folder.mkdir()
    return start(Redis(folder, **more).start())


def settings(server, slack=None, more=""):
    text = f"[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n[log]\nlevel = info\n[store]\nstore = redis://{server.where}\n"
    if slack:
        text += (f"[slack]\nsigning_secret_file = {secret('signing', SIGNING_SECRET)}\nbot_token_file = {secret('token', TOKEN)}\n"
                 f"api = {slack.api}\n")
    return text + more


def replica(name, config, **more):
    folder = stage.scratch / name
    folder.mkdir()
    return Daemon([stage.program], folder, config, **more)


@contextlib.contextmanager
def running(*daemons):
    """Starts them; what still runs in the end is stopped, and must stop well."""
    with contextlib.ExitStack() as stack:
        for daemon in daemons:
            stack.enter_context(daemon)
        yield daemons


def check(slack, questions):
    """One answer each, in its thread, and in the order in which they were asked."""
    with slack.lock:
        places = {place: [m["text"] for m in messages] for place, messages in slack.messages.items()}
    asked = {}
    for each in questions:
        asked.setdefault(each.place, []).append(each)
    for place, those in asked.items():
        assert len(places.get(place, [])) == len(those), f"{place}: {len(those)} asked, answers: {places.get(place)}"
    assert set(places) == set(asked)


def waiting(daemons):
    return next(d for d in daemons if d.process.poll() is None).metric("whether_outbox_waiting")


def drained(slack, questions, daemons, patience=60):
    wait_until(lambda: slack.total() >= len(questions) and waiting(daemons) == 0 or time.sleep(0.1), "all answers", patience)


def send_all(daemons, questions, **more):
    """Every copy to a replica of its own, several at once."""
    senders = [Sender(daemons, part, **more) for part in (questions[0::4], questions[1::4], questions[2::4], questions[3::4])]
    for sender in senders:
        sender.start()
    return senders


def join(senders):
    for sender in senders:
        sender.join(120)
        assert not sender.is_alive() and sender.failure is None, sender.failure


def case_one_replica_killed():
    server = redis()
    questions = [question(n) for n in range(120)]
    with FakeSlack(delay_s=0.05) as slack, running(replica("one", settings(server, slack))) as (one,):
        senders = send_all([one], questions)
        for _ in range(3):
            time.sleep(0.5)
            one.kill()
            one.start()
        join(senders)
        drained(slack, questions, [one])
        check(slack, questions)
        status, said = one.ask(QUESTION)
        assert status == 200 and "Node" in said["text"], said
    assert "whether" in server.ask("keys", "*")


def case_three_replicas_one_killed():
    """Copies of one message at all of them at once; then one dies with answers in its charge."""
    server = redis()
    questions = [question(n) for n in range(150)]
    with FakeSlack(delay_s=0.3) as slack:
        config = settings(server, slack)
        with running(*(replica(name, config) for name in ("one", "two", "three"))) as daemons:
            join(send_all(daemons, questions))
            assert waiting(daemons) > 20, "all is delivered before the kill"
            daemons[0].kill()
            slack.delay_s = 0
            drained(slack, questions, daemons[1:])
            check(slack, questions)
            known = sum(d.metric('whether_duplicates_total{adapter="slack"}') for d in daemons[1:])
            assert known > 0, "no copy met another"


def case_three_replicas_one_asleep():
    """Stopped for longer than what it has is its own, with requests on their way; it wakes, and must not send them again."""
    server = redis()
    questions = [question(n) for n in range(60)]
    with FakeSlack(delay_s=0.2) as slack:
        config = settings(server, slack)
        with running(*(replica(name, config) for name in ("one", "two"))) as daemons:
            join(send_all(daemons, questions))
            daemons[0].send(signal.SIGSTOP)
            slack.delay_s = 0
            drained(slack, questions, daemons[1:])
            daemons[0].send(signal.SIGCONT)
            daemons[0].wait_for("redis.away") if daemons[0].events("redis.away") else time.sleep(2)
            check(slack, questions)


def irc_config(server, irc):
    return settings(server, more=network(irc.port, nick="whether", channels="#a"))


def said_by_us(person):
    return [line for line in person.lines if re.match(r"^:whether\S* (PRIVMSG|NOTICE) ", line)]


def ask_on_irc(person, number):
    """A new question, and the one answer to it."""
    before = len(said_by_us(person))
    person.tell("#a", f"whether: {QUESTION} We are {number} people.")
    wait_until(lambda: len(said_by_us(person)) > before, "an answer on IRC")
    time.sleep(2.5)
    answers = [line for line in said_by_us(person)[before:] if "alice: " in line]
    assert len(answers) == 1, said_by_us(person)[before:]


def holder(daemons, since):
    return next((d for d in daemons if d.process.poll() is None and d.events("irc.joined", since.get(d, 0))), None)


def case_irc_killed_and_asleep():
    server = redis()
    irc = start(Ngircd(stage.scratch, stage.keys))
    alice = start(Person(irc.port, "alice"))
    alice.join("#a")
    config = irc_config(server, irc)
    with running(*(replica(name, config) for name in ("one", "two"))) as daemons:
        first = wait_until(lambda: holder(daemons, {}), "a replica on IRC")
        other = daemons[1] if first is daemons[0] else daemons[0]
        ask_on_irc(alice, 3)
        assert not other.events("irc.connected"), "both are there"
        began = time.monotonic()
        first.kill()
        other.wait_for("irc.joined")
        took = time.monotonic() - began
        print(f"# killed: another on the network after {took:.1f} s")
        ask_on_irc(alice, 4)
        first.start()
        time.sleep(1)
        mark = len(first.lines)
        other.send(signal.SIGSTOP)
        began = time.monotonic()
        first.wait_for("irc.joined", since=mark)
        print(f"# stopped: another on the network after {time.monotonic() - began:.1f} s")
        # The sleeper hears this when it wakes, and it is in the channel still, for the server.
        alice.tell("#a", f"whether: {QUESTION} We are 5 people.")
        before = len(said_by_us(alice))
        other.send(signal.SIGCONT)
        time.sleep(4)
        lines = said_by_us(alice)[before:]
        assert len([line for line in lines if "alice: " in line]) <= 1, lines
        wait_until(lambda: other.events("irc.disconnected"), "the sleeper to leave")


def case_redis_away():
    """Killed under traffic and started again: senders are told to try again, IRC says so once, nothing is lost."""
    server = redis()
    irc = start(Ngircd(stage.scratch, stage.keys))
    alice = start(Person(irc.port, "alice"))
    alice.join("#a")
    questions = [question(n) for n in range(160)]
    with FakeSlack() as slack:
        config = settings(server, slack, network(irc.port, nick="whether", channels="#a"))
        with running(replica("one", config)) as (one,):
            one.wait_for("irc.joined")
            senders = send_all([one], questions[:80])
            time.sleep(0.3)
            server.kill()
            one.wait_for("redis.away")
            assert one.ask("Node or Django?", conversation="a")[0] == 503
            alice.tell("#a", "whether: Node or Django?")
            alice.seen(AWAY)
            alice.tell("#a", "whether: Django or Node?")
            assert one.request("GET", "/readyz")[0] == 503
            time.sleep(2)
            server.start()
            one.wait_for("redis.back")
            join(senders)
            join(send_all([one], questions[80:]))
            drained(slack, questions, [one])
            check(slack, questions)
            assert len([line for line in alice.lines if AWAY in line]) == 1
            # It stands still: a turn waits a second at most.
            server.pause()
            began = time.monotonic()
            assert one.ask("Node or Django?", conversation="b")[0] == 503
            assert time.monotonic() - began < 10
            server.pause(False)
            wait_until(lambda: one.ask("Node or Django?", conversation="b")[0] == 200, "it to be back")


def case_redis_full_and_read_only():
    server = redis()
    with running(replica("one", settings(server))) as (one,):
        def asked():
            return one.ask(QUESTION, conversation="x")[0]
        assert asked() == 200
        server.ask("config", "set", "maxmemory", "1")
        assert asked() == 503
        assert "maxmemory" in one.wait_for("store.failed")["cause"]
        server.ask("config", "set", "maxmemory", "0")
        wait_until(lambda: asked() == 200, "room again")
        server.ask("replicaof", "127.0.0.1", str(server.port + 1 if server.port < 65535 else 1024))
        wait_until(lambda: asked() == 503, "a read-only copy to be refused")
        server.ask("replicaof", "no", "one")
        wait_until(lambda: asked() == 200, "a primary again")
        server.ask("script", "flush")
        wait_until(lambda: asked() == 200, "the script to be loaded again")


def case_redis_in_other_states():
    """It reads a big file, is a copy without its primary, runs somebody's script, forgets ours: senders come again, nothing is lost."""
    slow = ("--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024", "--busy-reply-threshold", "50")
    server = redis(more=slow)
    asked = [question(n) for n in range(24)]
    with FakeSlack() as slack, running(replica("one", settings(server, slack))) as (one,):
        def status():
            return one.ask(QUESTION, conversation="x")[0]

        def through(state, questions, over):
            """The answers are 503 while Redis says so itself, until it is over; then all is well."""
            wait_until(lambda: status() == 503, f"an answer while it is {state}")
            assert one.request("GET", "/readyz")[0] == 503
            assert state in server.ask("get", "x"), "over before it was looked at"
            senders = send_all([one], questions)
            over()
            wait_until(lambda: status() == 200, f"an end of {state}")
            join(senders)
        join(send_all([one], asked[:6]))
        assert status() == 200

        # A file of some seconds; what it held is there afterwards.
        server.ask("eval", "for i = 1, 4000 do redis.call('SET', 'filler' .. i, 'x') end", "0")
        server.ask("bgrewriteaof")
        wait_until(lambda: "aof_rewrite_in_progress:0" in server.ask("info", "persistence"), "the file to be written")
        server.kill()
        server.start()
        through("LOADING", asked[6:12], lambda: None)
        server.ask("config", "set", "key-load-delay", "0")

        server.ask("config", "set", "replica-serve-stale-data", "no")
        server.ask("replicaof", "127.0.0.1", "1")
        through("MASTERDOWN", asked[12:18], lambda: server.ask("replicaof", "no", "one"))

        with contextlib.ExitStack() as stack:
            busy = stack.enter_context(subprocess.Popen(
                ["redis-cli", "-p", str(server.port), "eval", "while true do end", "0"], stdout=subprocess.DEVNULL))
            wait_until(lambda: "BUSY" in server.ask("get", "x"), "a script that goes on and on")
            through("BUSY", asked[18:], lambda: server.ask("script", "kill"))
            busy.wait(60)

        failed = one.metric('whether_commits_total{result="failed"}')
        assert failed > 0
        server.ask("script", "flush")
        assert status() == 200, "a script that was forgotten is no reason to fail"
        assert one.metric('whether_commits_total{result="failed"}') == failed
        drained(slack, asked, [one])
        check(slack, asked)


def case_users_and_tls():
    """rediss:// with our own certificate and a user that may only what it needs; what is wrong is said."""
    rights = "~{whether}:* +@all -@dangerous -@admin"
    server = redis(keys=stage.keys, users=["user default off", f"user whether on >sesame {rights}",
                                           "user tester on >testing ~* +@all"])
    files = "".join(f"{key} = {stage.path_of(name)}\n" for key, name in
                    (("ca_file", "ca.pem"), ("cert_file", "client.pem"), ("key_file", "client.key")))
    pathlib.Path(stage.path_of("client.key")).chmod(0o600)
    config = (f"[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n[store]\nstore = rediss://whether@localhost:{server.port}/0\n"
              f"password_file = {secret('sesame', 'sesame')}\n{files}")
    with running(replica("one", config)) as (one,):
        status, said = one.ask(QUESTION, conversation="x")
        assert status == 200 and "Node" in said["text"], said
        assert one.events("redis.unsafe"), "what it could not look at is not told"
        assert not any("sesame" in line for line in one.lines)
    assert "{whether}:talk:" in server.ask("keys", "*", user="tester", password="testing")
    for wrong, sentence in ((config.replace(f"ca_file = {stage.path_of('ca.pem')}\n", ""), "certificate"),
                            (config.replace(secret("sesame", "sesame"), secret("bad", "guessed")), "WRONGPASS"),
                            (config.replace(f"password_file = {secret('sesame', 'sesame')}\n", ""), "NOAUTH"),
                            (config.replace("rediss://whether@", "rediss://whether:sesame@"), "password_file")):
        fails_to_start(wrong, sentence)
    # Where the machine trusts that server's authority: unless another one is named, which is trusted alone then.
    trusting, ca_file = machine_that_trusts("ca.pem"), f"ca_file = {stage.path_of('ca.pem')}\n"
    done = tried(config.replace(ca_file, ""), *trusting, more=["--try"])
    assert done.returncode == 0, (done.stdout, done.stderr)
    fails_to_start(config.replace(ca_file, f"ca_file = {stage.path_of('self.pem')}\n"), "certificate", *trusting)


def case_password_not_repeated():
    """A Redis without AUTH repeats what it was told; we do not."""
    server = redis(more=["--rename-command", "AUTH", ""])
    fails_to_start(f"[api]\nopen = yes\n[store]\nstore = redis://{server.where}\npassword_file = {secret('key', 'sesame')}\n",
                   "unknown command 'AUTH'")


def machine_that_trusts(name):
    """Words before a command: it finds this authority, and no other, where Debian keeps them."""
    trust = stage.scratch / "trust"
    trust.mkdir()
    for copy in ("ca-certificates.crt", name):
        shutil.copy(stage.path_of(name), trust / copy)
    subprocess.run(["openssl", "rehash", trust], check=True, capture_output=True)
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--mount", "sh", "-c", 'mount --bind "$0" /etc/ssl/certs && exec "$@"', trust]


def tried(config, *before, more=()):
    (stage.scratch / "wrong.ini").write_text(config)
    return subprocess.run([*before, stage.program, "run", "-c", str(stage.scratch / "wrong.ini"), *more], capture_output=True,
                          text=True, timeout=60, cwd=stage.scratch)


def fails_to_start(config, sentence, *before):
    done = tried(config, *before)
    assert done.returncode != 0 and sentence in done.stderr and "sesame" not in done.stderr, done.stderr


if __name__ == "__main__":
    raise SystemExit(run_cases(sys.argv, dict(globals())))
