#!/usr/bin/env python3
"""No descriptors left (RLIMIT_NOFILE): for whoever comes in, for calls to Slack, for IRC that breaks, for Redis, for the start.

usage: WHETHER_SHIM=shim.so descriptors.py WHETHER [--every] [NAME...]     prints TAP

What has its descriptors goes on, what needs a new one waits and says so, nothing spins; and all is well when there are some again.
"""
import os
import pathlib
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

from stage import PATIENCE_S, ROOT, Stage, run_cases, wait_until  # first: it knows where the others are

from rediskit import Redis

WHETHER = os.path.abspath(sys.argv[1])
EVERY = "--every" in sys.argv
SPEED = 2  # who is idle is sent away after half a minute
ROOM = 15
SHORT = "[bot]\nlength = line\n"


def allow(stage, more):
    """It may open so many more, as if that had always been so; None: as many as it likes."""
    limits = resource.prlimit(stage.daemon.process.pid, resource.RLIMIT_NOFILE)
    used, limit = {int(name) for name in os.listdir(f"/proc/{stage.daemon.process.pid}/fd")}, 0
    while more is not None and more > 0:
        more -= limit not in used
        limit += 1
    resource.prlimit(stage.daemon.process.pid, resource.RLIMIT_NOFILE, (limits[1] if more is None else limit, limits[1]))


def ask(connection, path="/healthz"):
    """On a connection that stays."""
    connection.settimeout(PATIENCE_S)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def heard(connection):
    return int(connection.recv(65536).split()[1])


def use_up(stage):
    """Clients take all that is left. (who is in, who waits at the door)"""
    allow(stage, ROOM)
    inside, mark = [], len(stage.daemon.lines)
    while True:
        connection = socket.create_connection(("127.0.0.1", stage.daemon.port))
        ask(connection)
        wait_until(lambda: select.select([connection], [], [], 0)[0] or stage.daemon.events("http.accept", since=mark), "an answer", PATIENCE_S)
        if stage.daemon.events("http.accept", since=mark):
            return inside, [connection]
        assert heard(connection) == 200
        inside.append(connection)


def does_not_spin(stage):
    busy = stage.daemon.cpu_s()
    time.sleep(1)
    assert stage.daemon.cpu_s() - busy < 0.5, "it spins"


def over(connection):
    """Stage.post() on a connection that is open already."""
    def post(path, body, headers):
        lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        return heard(connection), b""
    return post


def case_none_left():
    with Stage(WHETHER, speed=SPEED, closes=True, more=SHORT) as stage:
        stage.ask_all()
        inside, waiting = use_up(stage)
        # What gets free is taken by who waits at the door.
        waiting += [socket.create_connection(("127.0.0.1", stage.daemon.port)) for _ in range(20)]
        for connection in waiting[1:]:
            ask(connection)
        stage.irc.ask("there", "Node or Django for a live chat?")
        wait_until(lambda: stage.irc.answers("there"), "an answer where everything is open", PATIENCE_S)
        # Taken, and kept: there is nothing to call Slack with.
        number, post, stage.post = next(stage.numbers), stage.post, over(inside[0])
        assert stage.ask_slack(number) == 200
        stage.asked.append(number)
        stage.post = post
        stage.daemon.wait_for("outbox.again")

        def reload():
            stage.daemon.send(signal.SIGHUP)
            time.sleep(0.2)
            return stage.daemon.events("reload.refused")
        # Not even the configuration can be read: it goes on with the one it has.
        wait_until(reload, "a reload to be refused", PATIENCE_S)
        stage.irc.drop()
        stage.daemon.wait_for("irc.disconnected", count=2)
        does_not_spin(stage)
        assert len(stage.daemon.events("http.accept")) <= 5 + stage.wall_s(), "said too often"
        ask(inside[0], "/metrics")
        assert 'reason="descriptors"' in inside[0].recv(65536).decode()
        allow(stage, None)
        for connection in waiting:
            assert heard(connection) == 200, "who waited was not heard"
        for connection in inside + waiting:
            connection.close()
        stage.faults.hurry(20)  # IRC waits a minute now
        wait_until(stage.irc.joined.is_set, "IRC", PATIENCE_S)
        wait_until(lambda: stage.settled(number), "the answer", PATIENCE_S)
        stage.check()


def case_a_crowd():
    """Who does nothing is sent away after a minute: then there is room, without anybody's doing."""
    with Stage(WHETHER, more=SHORT) as stage:
        stage.ask_all()
        allow(stage, ROOM)
        crowd = [socket.create_connection(("127.0.0.1", stage.daemon.port)) for _ in range(3 * ROOM)]
        stage.daemon.wait_for("http.accept")
        does_not_spin(stage)
        wait_until(lambda: stage.ask_api(next(stage.numbers)) == 200, "room", PATIENCE_S)
        for connection in crowd:
            connection.close()
        allow(stage, None)
        stage.check()


def starve(stage, redis, inside, waiting):
    """More and more clients, until a Redis that is there again cannot be reached."""
    for _ in range(10):
        waiting += [socket.create_connection(("127.0.0.1", stage.daemon.port)) for _ in range(5)]
        for connection in waiting[-5:]:
            ask(connection)
        redis.start()
        time.sleep(1.5)
        ask(inside[0], "/readyz")
        if heard(inside[0]) == 503:
            return
        mark = len(stage.daemon.lines)
        redis.kill()
        stage.daemon.wait_for("redis.away", since=mark)
    raise AssertionError("it always found one for Redis")


def case_redis():
    """The connection breaks, and there is nothing to make another of."""
    with tempfile.TemporaryDirectory(prefix="whether-redis-") as folder, Redis(pathlib.Path(folder)) as redis, \
            Stage(WHETHER, speed=SPEED, store=f"redis://{redis.where}", more=SHORT) as stage:
        stage.ask_all()
        redis.kill()
        stage.daemon.wait_for("redis.away")
        inside, waiting = use_up(stage)
        starve(stage, redis, inside, waiting)
        does_not_spin(stage)
        allow(stage, None)
        for connection in inside + waiting:
            connection.close()
        number = next(stage.numbers)
        stage.until_heard(stage.ask_slack, number)
        stage.asked.append(number)
        stage.check()


def case_start():
    """With one more each time: it says what is missing and ends, until it runs."""
    ends = []
    with tempfile.TemporaryDirectory(prefix="whether-descriptors-") as folder:
        config = pathlib.Path(folder, "whether.ini")
        config.write_text("[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n[irc net]\nserver = 127.0.0.1:1\ntls = no\nchannels = #a\n")
        environ = {"PATH": os.environ["PATH"], "WHETHER_PACKS": str(ROOT / "knowledge")}
        for limit in range(3, 64, 1 if EVERY else 2):
            with open(pathlib.Path(folder, "said"), "w+b") as said:
                daemon = subprocess.Popen([WHETHER, "run", "-c", str(config)], stdout=said, stderr=said, cwd=folder, env=environ,
                                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
                text = pathlib.Path(said.name)
                wait_until(lambda: daemon.poll() is not None or "event=daemon.started" in text.read_text(), f"{limit}", PATIENCE_S)
                if daemon.poll() is None:
                    daemon.terminate()
                    ends.append((limit, daemon.wait(PATIENCE_S)))
                    assert ends[-1][1] == 0, (ends, text.read_text())
                    if len(ends) > 1 and ends[-2][1] == 0:
                        break
                    continue
                ends.append((limit, daemon.returncode))
                last = text.read_text().splitlines()[-1:] or [""]
                assert daemon.returncode in (1, 127), (limit, daemon.returncode, last)
                # 127: the system could not even load its libraries.
                assert daemon.returncode == 127 or ": " in last[0], (limit, last)
    print(f"# {ends}")
    assert ends[0][1] != 0 and ends[-1][1] == 0, ends


if __name__ == "__main__":
    sys.exit(run_cases(globals(), sys.argv[2:]))
