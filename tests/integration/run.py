#!/usr/bin/env python3
"""`whether run`: starting, refusing, reloading, trying, stopping. What is said on the wires is tested elsewhere.

usage: run.py WHETHER [NAME...]     prints TAP; NAMEs run only these cases; WHETHER_WRAPPER (valgrind ...) goes before WHETHER
"""
import http.client
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from daemon import PATIENCE_S, ROOT, Daemon  # noqa: E402

WHETHER = shlex.split(os.environ.get("WHETHER_WRAPPER", "")) + [os.path.abspath(sys.argv[1])]
QUESTION = "Node or Django? The frontend is React."
OPEN = "[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n"

scratch = None  # a folder of the running case


def daemon(config=OPEN, **more):
    return Daemon(WHETHER, scratch, config, **more)


def fails(config, *parts, args=()):
    """Starting says all this on standard error, as lines of ours, and ends with 1."""
    it = daemon(config, args=args)
    done = subprocess.run(it.command, cwd=scratch, env=it.env, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert all(line.startswith("whether: ") for line in done.stderr.splitlines()), done.stderr
    for part in parts:
        assert part in done.stderr, f"{part!r} is not in {done.stderr!r}"
    return done.stderr


def secret(name, text, mode=0o600):
    path = scratch / name
    path.write_text(text)
    path.chmod(mode)
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# --- starting ---------------------------------------------------------------------------------------


def case_without_configuration():
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", 8080))
        except OSError:
            # Somebody else's: then it must say so.
            it = daemon(None)
            done = subprocess.run(it.command, cwd=scratch, env=it.env, capture_output=True, text=True, timeout=PATIENCE_S)
            assert done.returncode == 1 and "8080" in done.stderr, done.stderr
            return
    with daemon(None) as it:
        assert it.port == 8080
        help_lines = [line for line in it.lines if line.startswith("whether: ")]
        assert any("/api/ask" in line for line in help_lines) and any("check --example" in line for line in help_lines)
        status, answer = it.ask(QUESTION)
        assert status == 200 and answer["kind"] == "verdict" and answer["text"], answer
        assert any("http://127.0.0.1:8080/ in a browser" in line for line in help_lines)
        status, page = it.request("GET", "/")
        assert status == 200 and page.startswith("<!doctype html>") and it.request("GET", "/gaps")[0] == 404


def case_answers_and_tells_how_it_is():
    with daemon() as it:
        status, answer = it.ask(QUESTION, id="7")
        assert status == 200 and answer["id"] == "7" and answer["situations"], answer
        assert it.request("GET", "/healthz")[0] == 200
        assert it.request("GET", "/readyz")[0] == 200
        assert it.metric('whether_messages_total{adapter="api"}') == 1
        assert it.metric('whether_questions_total{kind="verdict"}') == 1
        assert it.metric("whether_answer_seconds_count") == 1
        assert abs(it.metric("whether_start_time_seconds") - time.time()) < PATIENCE_S
        assert it.metric("whether_store_ready") == 1 and it.metric('whether_adapter_ready{adapter="api"}') == 1
        assert not any(QUESTION in line for line in it.lines), "the log tells what people write"
    mode = stat.S_IMODE((scratch / "whether.db").stat().st_mode)
    assert mode == 0o600, oct(mode)


def case_all_faults_at_once():
    secret("open", "hunter2\n", 0o644)
    err = fails("[bot]\nlenght = short\n[slack]\nsigning_secret_file = open\nbot_token_file = nowhere\n"
                "[irc a]\nnick = x\n[api]\n",
                'whether.ini:2: unknown key "lenght"; did you mean "length"?', "whether.ini:4: [slack] signing_secret",
                "everyone may read", "whether.ini:5: [slack] bot_token", "whether.ini:6: [irc] needs a server",
                "whether.ini:8: [api] needs token_file")
    assert "hunter2" not in err and err.count("\n") == 5, err


def case_nothing_to_do():
    fails("[http]\nlisten = 127.0.0.1:0\n", "nothing to do: there is no section of a chat, a tracker, [api] or [page]")


def case_as_many_sections_as_may_be():
    secret("secret", "sesame-sesame\n")
    keys = {"slack": "signing_secret_file = secret", "github": "secret_file = secret\ntoken_file = secret",
            "gitea": "secret_file = secret\ntoken_file = secret\napi = https://git.example.org/api/v1",
            "irc": "server = 127.0.0.1:1"}
    sections = "".join(f"[{kind} n{n}]\n{text}\n" for kind, text in keys.items() for n in range(32))
    with daemon(OPEN + "[page]\n" + sections) as it:
        ready = json.loads(it.request("GET", "/readyz")[1])
        assert len(ready["adapters"]) == 4 * 32 + 2
        assert it.request("GET", "/")[0] == 200 and it.ask(QUESTION)[0] == 200
        it.send(signal.SIGHUP)
        assert it.wait_for("reload.done")["adapters_kept"] == str(4 * 32 + 2)


def case_port_in_use():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        fails(f"[http]\nlisten = 127.0.0.1:{port}\n[api]\nopen = yes\n", "[http] listen", str(port))


def case_store_in_use():
    with daemon():
        fails(OPEN, "whether.db")


def case_store_that_is_none():
    (scratch / "whether.db").write_bytes(b"this is no database, but a text of some length\n" * 100)
    fails(OPEN, "whether.db")
    assert (scratch / "whether.db").read_bytes().startswith(b"this is no database")


def case_full_disk():
    with daemon() as it:
        assert it.ask(QUESTION, conversation="a")[0] == 200
        limits = resource.prlimit(it.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(it.process.pid, resource.RLIMIT_FSIZE, (1, limits[1]))  # no file may grow any more
        for _ in range(3):
            status, said = it.request("POST", "/api/ask", json.dumps({"text": QUESTION, "conversation": "b"}),
                                      {"Content-Type": "application/json"})
            assert status == 503, (status, said)
        assert it.request("GET", "/readyz")[0] == 503 and it.request("GET", "/healthz")[0] == 200
        assert "\nwhether_store_ready 0\n" in it.request("GET", "/metrics")[1]
        assert "whether.db" in it.wait_for("store.failed")["cause"]
        assert len(it.events("store.failed")) == 1, "said with every turn"
        resource.prlimit(it.process.pid, resource.RLIMIT_FSIZE, limits)
        assert it.ask("why?", conversation="a")[1]["kind"] == "facts", "what was kept is lost"
        it.wait_for("store.recovered")
        assert it.request("GET", "/readyz")[0] == 200


# --- tokens and reloading -----------------------------------------------------------------------------


def case_token():
    secret("token", "sesame\n")
    with daemon("[http]\nlisten = 127.0.0.1:0\n[api]\ntoken_file = token\n") as it:
        assert it.ask(QUESTION)[0] == 401
        assert it.ask(QUESTION, token="simsim")[0] == 401
        assert it.ask(QUESTION, token="sesame")[0] == 200
        assert not any("sesame" in line or "simsim" in line for line in it.lines)
        # A new secret, and the old one still valid beside it.
        secret("token", "open\nsesame\n")
        it.send(signal.SIGHUP)
        assert it.wait_for("reload.done")["adapters_started"] == "1"
        assert it.ask(QUESTION, token="open")[0] == 200
        assert it.ask(QUESTION, token="sesame")[0] == 200
        secret("token", "open\n")
        it.send(signal.SIGHUP)
        it.wait_for("reload.done", count=2)
        assert it.ask(QUESTION, token="sesame")[0] == 401
        assert it.ask(QUESTION, token="open")[0] == 200


def case_reload_of_configuration():
    with daemon(OPEN + "[bot]\nlength = line\n") as it:
        short = it.ask(QUESTION)[1]["text"]
        it.write_config(OPEN + "[bot]\nlength = full\n")
        it.send(signal.SIGHUP)
        done = it.wait_for("reload.done")
        assert (done["adapters_kept"], done["adapters_stopped"], done["adapters_started"]) == ("1", "0", "0"), done
        assert len(it.ask(QUESTION)[1]["text"]) > len(short)


def case_bad_reloads_are_refused():
    secret("token", "sesame\n")
    good = "[http]\nlisten = 127.0.0.1:0\n[api]\ntoken_file = token\n"
    with daemon(good) as it:
        for number, (config, cause) in enumerate([
                ("", "nothing to do"), ("[bto]\n", "unknown section"), (good + "[bot]\npacks = nowhere\n", "nowhere"),
                (good.replace("token_file = token", "token_file = gone"), "gone"), (good + "[irc a]\n", "server"),
                (good + "[irc a]\nserver = irc.example.org:6667\nchannels = team\n", "no channel")], 1):
            it.write_config(config)
            mark = len(it.lines)
            it.send(signal.SIGHUP)
            it.wait_for("reload.refused", count=number)
            assert any(cause in line for line in it.lines[mark:]), it.lines[mark:]
            assert it.ask(QUESTION, token="sesame")[0] == 200
        it.write_config(good)
        it.send(signal.SIGHUP)
        it.wait_for("reload.done")
        assert it.ask(QUESTION, token="sesame")[0] == 200


def case_reload_of_packs():
    pack = scratch / "packs" / "node-or-django.json"
    pack.parent.mkdir()
    for file in (ROOT / "knowledge").glob("*.json"):
        if not file.name.endswith(".schema.json"):
            shutil.copy(file, pack.parent)
    source = pack.read_text()
    with daemon(OPEN + "[bot]\npacks = packs\n") as it:
        ask = lambda: it.ask(QUESTION, conversation="c")[1]["text"]
        before = ask()
        pack.write_text(source.replace('"name": "Node.js"', '"name": "Nodulus"'))
        it.send(signal.SIGHUP)
        it.wait_for("reload.done")
        after = ask()
        assert "Nodulus" not in before and "Nodulus" in after, (before, after)
        # The conversation goes on: it is the same pack in other words.
        assert it.ask("why?", conversation="c")[1]["kind"] == "facts"
        # Learned models are told of: without, it reads worse, and nobody would know why.
        assert it.wait_for("reload.done")["models"] == "0"
        shutil.copy(ROOT / "knowledge" / "node-or-django.model", pack.parent)
        it.send(signal.SIGHUP)
        assert it.wait_for("reload.done", count=2)["models"] == "1"
        # Half a file is refused, and the old pack stays.
        pack.write_text(source[:1000])
        it.send(signal.SIGHUP)
        it.wait_for("reload.refused")
        assert "Nodulus" in ask()


def case_reload_moves_the_listener():
    one, two = free_port(), free_port()
    with daemon(f"[http]\nlisten = 127.0.0.1:{one}\n[api]\nopen = yes\n") as it:
        assert it.port == one
        it.write_config(f"[http]\nlisten = 127.0.0.1:{two}\n[api]\nopen = yes\n")
        it.send(signal.SIGHUP)
        it.wait_for("reload.done")
        it.port = two
        assert it.ask(QUESTION)[0] == 200
        it.port = one
        try:
            it.ask(QUESTION)
            raise AssertionError("it still listens on the old port")
        except ConnectionRefusedError:
            pass
        # Where it cannot go it does not go, and stays where it is.
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            taken = s.getsockname()[1]
            it.write_config(f"[http]\nlisten = 127.0.0.1:{taken}\n[api]\nopen = yes\n")
            it.send(signal.SIGHUP)
            it.wait_for("reload.refused")
        it.port = two
        assert it.ask(QUESTION)[0] == 200


def case_reload_many_times():
    def settled():
        # What a reload replaced is given back after it has said that it is done, and before anybody is answered.
        assert it.ask(QUESTION)[0] == 200
        return it.status("VmRSS")

    with daemon() as it:
        for number in range(1, 21):
            it.send(signal.SIGHUP)
            it.wait_for("reload.done", count=number)
            if number == 5:
                before = settled()
        grown = settled() - before
        # Sanitizers and valgrind keep what was freed for a while.
        if b"__asan_init" not in pathlib.Path(WHETHER[-1]).read_bytes() and len(WHETHER) == 1:
            assert grown < 4096, f"{grown} kB more after 15 reloads"


# --- conversations and restarts -----------------------------------------------------------------------


def case_conversations_survive_a_kill():
    it = daemon().start()
    try:
        it.ask(QUESTION, conversation="unharmed")
        expected = it.ask("why?", conversation="unharmed")[1]
        it.ask(QUESTION, conversation="c")
        it.kill()
        it.start()
        answer = it.ask("why?", conversation="c")[1]
        assert answer["text"] == expected["text"] and answer["situations"], answer
        assert it.ask("why?", conversation="new")[1]["text"] != answer["text"]
    finally:
        it.stop()


# --- trying -------------------------------------------------------------------------------------------


def try_it(config, status):
    it = daemon(config, args=["--try"])
    done = subprocess.run(it.command, cwd=scratch, env=it.env, capture_output=True, text=True, timeout=PATIENCE_S * 3)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stdout


def case_try():
    out = try_it(OPEN, 0)
    for part in ("ok    configuration: ", "ok    packs: 4\n", "ok    http: listening on 127.0.0.1:0, port ", "ok    store: ",
                 "ok    api: "):
        assert part in out, out
    assert "FAIL" not in out
    with open("/dev/full", "wb") as full:
        done = subprocess.run(daemon(OPEN, args=["--try"]).command, cwd=scratch, stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=PATIENCE_S * 3)
    assert done.returncode == 1 and done.stderr.count("whether: cannot write the output: No space left on device\n") == 1, done
    assert re.search(r"libraries: libcurl \d+\.\d+.*SQLite 3\.\d+.*jansson 2\.\d+.*libmicrohttpd \d+\.", out), out


def case_try_beside_a_running_daemon():
    """Its store and its port are taken; what else there is to tell is told."""
    config = OPEN.replace(":0", f":{free_port()}")
    with daemon(config) as it:
        out = try_it(config, 1)
        assert "FAIL  store: " in out and "FAIL  http: cannot listen on" in out and "ok    api: " in out, out
        assert it.ask(QUESTION)[0] == 200


# --- how much an address may ask --------------------------------------------------------------------------


def case_refused_requests_of_an_address():
    """Behind a proxy that is named; what is signed, or asked with the token, is not counted, and others go on."""
    secret("token", "sesame\n")
    config = "[http]\nlisten = 127.0.0.1:0\nper_address = 5\n%s[api]\ntoken_file = token\n"

    def ask(it, client, token):
        """client: a line of X-Forwarded-For, or several, as HAProxy adds one of its own to what came."""
        connection = http.client.HTTPConnection("127.0.0.1", it.port, timeout=PATIENCE_S)
        body = json.dumps({"text": QUESTION}).encode()
        connection.putrequest("POST", "/api/ask")
        for name, value in [("Content-Type", "application/json"), ("Authorization", "Bearer " + token), ("Content-Length", str(len(body))),
                            *[("X-Forwarded-For", line) for line in ([client] if isinstance(client, str) else client)]]:
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status, response.headers.get("Retry-After")

    with daemon(config % "proxies = 127.0.0.1\n") as it:
        assert [ask(it, "203.0.113.1", "sesame")[0] for _ in range(20)] == [200] * 20
        # A minute's worth at once; a slow machine may earn one more meanwhile.
        said = [ask(it, "203.0.113.7", "wrong") for _ in range(12)]
        assert [status for status, _ in said[:5]] == [401] * 5 and said[-1][0] == 429 and 1 <= int(said[-1][1]) <= 60, said
        assert ask(it, "198.51.100.1, 203.0.113.7", "wrong")[0] == 429, "the first address is what the client wrote"
        assert ask(it, ["198.51.100.1", "203.0.113.7"], "wrong")[0] == 429, "so is the first line"
        assert ask(it, "203.0.113.8", "wrong")[0] == 401 and ask(it, "203.0.113.1", "sesame")[0] == 200
        said = [ask(it, f"2001:db8:1:2::{n}", "wrong")[0] for n in range(1, 13)]
        assert said[0] == 401 and said[-1] == 429, said
        assert ask(it, "2001:db8:1:3::1", "wrong")[0] == 401
        assert it.metric('whether_rejected_total{reason="address_rate"}') > 0
        assert it.metric('whether_http_requests_total{status="429"}') > 0
        it.write_config(config % "proxies = 10.0.0.0/8\n")
        it.send(signal.SIGHUP)
        it.wait_for("reload.refused")
        assert "[http] proxies" in "".join(it.lines) and ask(it, "203.0.113.8", "wrong")[0] == 401
    # A proxy that nobody named stands before everybody.
    with daemon(config % "") as it:
        assert [ask(it, "203.0.113.7", "wrong")[0] for _ in range(20)] == [401] * 20
    fails(config % "proxies = nowhere\n", "[http] proxies: \"nowhere\" is no address")


# --- confining itself: what is refused then is tested in confined.c ------------------------------------


def filters(pid):
    return int(re.search(r"^Seccomp_filters:\s*(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1])


def case_confined_it_still_reads_again_what_it_named():
    """A secret that another file took the place of; not one in a folder that nobody named at the start."""
    secret("token", "sesame-one\n")
    config = "[http]\nlisten = 127.0.0.1:0\n[api]\ntoken_file = %s\n"
    with daemon(config % "token") as it:
        assert "Landlock" in it.events("daemon.confined")[0]["to"] and "seccomp" in it.events("daemon.confined")[0]["to"]
        assert filters(it.process.pid) >= filters(os.getpid()) and it.ask(QUESTION, token="sesame-one")[0] == 200
        secret("token.new", "sesame-two\n").rename(scratch / "token")
        it.send(signal.SIGHUP)
        it.wait_for("reload.done")
        assert it.ask(QUESTION, token="sesame-two")[0] == 200
        with tempfile.TemporaryDirectory() as elsewhere:
            token = pathlib.Path(elsewhere) / "token"
            token.write_text("sesame-three\n")
            token.chmod(0o600)
            it.write_config(config % token)
            it.send(signal.SIGHUP)
            assert "restart" in it.wait_for("reload.refused")["consequence"]
        assert it.ask(QUESTION, token="sesame-two")[0] == 200


def case_confined_it_follows_links_in_its_folders():
    """What they lead to, replaced meanwhile, is read again."""
    secret("signing", "sesame\n")
    for name in ("packs", "more"):
        (scratch / name).mkdir()

    def part(name):
        return f"[slack {name}]\nteam = T1\nsigning_secret_file = {scratch}/signing\n"

    def known(it):
        """Below which paths Slack's requests are looked at."""
        return [name for name in ("one", "two") if it.request("POST", f"/slack/{name}/commands", "")[0] != 404]

    with tempfile.TemporaryDirectory() as name:
        elsewhere = pathlib.Path(name)
        first = {elsewhere / "packs" / file.name: file.read_text() for file in (ROOT / "knowledge").glob("*-or-*.json")}
        first[elsewhere / "more/slack.ini"] = part("one")
        second = {file: text.replace("GraphQL", "GrapeQL").replace(part("one"), part("two")) for file, text in first.items()}
        for file, text in first.items():
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            (scratch / file.relative_to(elsewhere)).symlink_to(file)
        with daemon("[bot]\npacks = packs\ninclude = more\n" + OPEN) as it:
            assert "Landlock" in it.events("daemon.confined")[0]["to"]
            assert known(it) == ["one"] and "GraphQL" in it.ask("REST or GraphQL?")[1]["text"]
            for file, text in second.items():
                file.with_suffix(".new").write_text(text)
                file.with_suffix(".new").rename(file)
            it.send(signal.SIGHUP)
            it.wait_for("reload.done")
            assert known(it) == ["two"] and "GrapeQL" in it.ask("REST or GrapeQL?")[1]["text"]


def case_confined_a_signal_of_somebody_is_no_refused_call():
    with daemon() as it:
        for _ in range(3):
            it.send(signal.SIGSYS)
        assert it.ask(QUESTION)[0] == 200
        assert not it.events("confine.refused")


def case_confined_only_where_that_is_wanted():
    free = "[bot]\nconfine = no\n" + OPEN
    with daemon(free) as it:
        assert it.events("daemon.confined")[0]["to"].startswith("none") and filters(it.process.pid) == filters(os.getpid())
        it.write_config(OPEN)
        it.send(signal.SIGHUP)
        assert "next start" in it.wait_for("reload.confinement_stays")["consequence"]
    assert "ok    confinement: none" in try_it(free, 0)
    assert "confinement: files " in try_it(OPEN, 0)


def case_records_that_cannot_be_written_are_told():
    """Not a reason to stay away: at the start, when read again, and by --try."""
    # Confined, it would not see a folder that was not there at the start.
    config = OPEN + "[bot]\nconfine = no\nrecords = not/there/records\n"
    with daemon(config) as it:
        assert "not/there cannot be written: No such file" in it.wait_for("records.unwritable")["cause"]
        assert it.ask(QUESTION)[0] == 200
        (scratch / "not/there").mkdir(parents=True)
        it.send(signal.SIGHUP)
        it.wait_for("reload.done")
        assert len(it.events("records.unwritable")) == 1
    assert "ok    records: " in try_it(config, 0)
    shutil.rmtree(scratch / "not/there")
    assert "FAIL  records: [bot] records: " in try_it(config, 1)


# --- stopping -----------------------------------------------------------------------------------------


def case_stops_at_once_when_idle():
    for number in (signal.SIGTERM, signal.SIGINT):
        it = daemon().start()
        begun = time.monotonic()
        assert it.stop(number) == 0
        assert time.monotonic() - begun < 10
        assert it.events("daemon.stopped")


def case_stops_in_time_with_idle_connections():
    it = daemon().start()
    with socket.create_connection(("127.0.0.1", it.port)) as half:
        half.sendall(b"POST /api/ask HTTP/1.1\r\nHost: x\r\n")
        it.ask(QUESTION)
        begun = time.monotonic()
        assert it.stop() == 0
        assert time.monotonic() - begun < 10


def case_a_second_signal_ends_it_now():
    it = daemon().start()
    with socket.create_connection(("127.0.0.1", it.port)) as half:
        half.sendall(b"POST /api/ask HTTP/1.1\r\nHost: x\r\n")
        it.ask(QUESTION)
        it.send(signal.SIGTERM)
        it.wait_for("daemon.stopping")
        begun = time.monotonic()
        assert it.stop() == 0
        assert time.monotonic() - begun < 4, "it drained all the same"


def case_no_reload_while_it_stops():
    it = daemon().start()
    with socket.create_connection(("127.0.0.1", it.port)) as half:
        half.sendall(b"POST /api/ask HTTP/1.1\r\nHost: x\r\n")  # something to wait for
        it.ask(QUESTION)
        it.send(signal.SIGTERM)
        it.wait_for("daemon.stopping")
        it.send(signal.SIGHUP)
        assert it.stop() == 0
    assert not it.events("reload.done")


def case_sleeps_when_idle():
    with daemon() as it:
        it.ask(QUESTION)
        time.sleep(0.5)
        cpu, switches = it.cpu_s(), it.status("voluntary_ctxt_switches")
        time.sleep(3)
        switches = it.status("voluntary_ctxt_switches") - switches
        assert it.cpu_s() - cpu <= 0.02, it.cpu_s() - cpu
        assert switches <= 6, f"woke {switches} times in 3 s"


# --- running them -------------------------------------------------------------------------------------


def keep(folder):
    global scratch
    scratch = folder


sys.exit(tap.run(globals(), sys.argv[2:], around=tap.folders(keep, "whether-run-")))
