"""The stage of irc.py, irc_faults.py and irc_run.py: what a case has at hand, and how cases are run."""
import contextlib
import datetime
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402
from irckit import Driver, Keys, Person, ScriptedServer  # noqa: E402

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


def stop(part):
    if isinstance(part, Driver):
        part.finish()
    elif isinstance(part, Person):
        part.leave()
    elif isinstance(part, ScriptedServer):
        part.close()
    else:
        part.stop()


def stop_all():
    """Also what comes after one that does not end as it should, which is a failure all the same."""
    with contextlib.ExitStack() as those:
        for part in parts:
            those.callback(stop, part)
        parts.clear()


@contextlib.contextmanager
def around():
    global scratch
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        try:
            yield
        finally:
            stop_all()


def run_cases(argv, names):
    """Prints TAP; the exit status."""
    global keys, program
    program = os.path.abspath(argv[1])
    with tempfile.TemporaryDirectory() as name:
        keys = Keys(name)
        return tap.run(names, argv[2:], around)
