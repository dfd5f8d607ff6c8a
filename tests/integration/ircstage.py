"""The stage of irc.py, irc_faults.py and irc_run.py: what a case has at hand, and how cases are run."""
import datetime
import os
import pathlib
import tempfile
import time
import traceback

from irckit import Driver, Keys, Person, ScriptedServer

program = None  # irc-driver, or whether
scratch = None  # a folder of the running case
keys = None
parts = []      # what the running case started, to be stopped in reverse


def start(part):
    parts.append(part)
    return part


def folder():
    return scratch


def path_of(name):
    """Of a key or certificate."""
    return keys.path(name)


def network(server, name="net", tls=False, **more):
    lines = [f"[irc {name}]", f"server = 127.0.0.1:{server}", f"tls = {'yes' if tls else 'no'}"]
    if tls:
        more.setdefault("ca_file", keys.path("ca.pem"))
    return "\n".join(lines + [f"{key} = {value}" for key, value in more.items()]) + "\n"


def secret(name, text):
    path = scratch / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def bot(config, **times):
    return start(Driver(program, scratch, config, **times))


def end(driver):
    """Before the case does."""
    parts.remove(driver)
    driver.finish()


def scripted(config=None, times=None, **more):
    """A scripted server and a bot that connects to it: (server, driver)."""
    server = start(ScriptedServer())
    return server, bot(network(server.port, **(config or {})), **(times or {}), **more)


def talking(config=None, times=None, channel="#a", **registration):
    """The same, registered and in a channel: (server, driver, connection)."""
    server, driver = scripted({"channels": channel} | (config or {}), times)
    connection = server.accept()
    connection.register(**registration)
    connection.join(channel.split()[0], registration.get("nick", "whether"))
    driver.wait(r"event=irc.joined")
    return server, driver, connection


def ask(connection, text, by="alice!a@home.example", to="#a", tags=""):
    connection.send(f"{tags}:{by} PRIVMSG {to} :{text}")


def stamp(seconds=0):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


# --- running ---------------------------------------------------------------------------------------


def stop_all():
    while parts:
        part = parts.pop()
        if isinstance(part, Driver):
            part.finish()
        elif isinstance(part, Person):
            part.leave()
        elif isinstance(part, ScriptedServer):
            part.close()
        else:
            part.stop()


def run_case(case):
    global scratch
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        try:
            case()
            failed = None
        except Exception:  # a failing case must not end the others
            failed = traceback.format_exc()
        try:
            stop_all()
        except Exception:
            failed = failed or traceback.format_exc()
        while parts:
            try:
                stop_all()
            except Exception:
                pass
    return failed


def run_cases(argv, names):
    """Prints TAP; the exit status."""
    global keys, program
    cases = {name[5:]: case for name, case in names.items() if name.startswith("case_")}
    program = os.path.abspath(argv[1])
    wanted = argv[2:] or list(cases)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        keys = Keys(folder)
        print(f"1..{len(wanted)}", flush=True)
        for number, name in enumerate(wanted, 1):
            began = time.monotonic()
            failed = run_case(cases[name])
            bad += failed is not None
            print(f"{'not ok' if failed else 'ok'} {number} - {name} # {time.monotonic() - began:.1f} s", flush=True)
            if failed:
                print("\n".join("# " + line for line in failed.splitlines()), flush=True)
    return 1 if bad else 0
