"""Cases of a script as TAP: each function case_NAME() of its names, in their order. A case that fails raises; one that cannot run
here raises Skip, which script/test counts as skipped, and as failed where CI is set."""
import contextlib
import pathlib
import tempfile
import traceback

SHOWN = 6000  # characters of what a failure says


class Skip(Exception):
    pass


def folders(keep, prefix):
    """An `around` that gives each case an empty folder of its own, which keep(folder) puts where the case looks for it."""
    @contextlib.contextmanager
    def around():
        with tempfile.TemporaryDirectory(prefix=prefix) as name:
            keep(pathlib.Path(name))
            yield
    return around


def run(names, only=(), around=contextlib.nullcontext):
    """Prints the results; the exit status. only: names without case_, in their order; all without any. Each case runs within
    around(), whose own failure is the case's."""
    cases = {name.removeprefix("case_"): case for name, case in names.items() if name.startswith("case_") and case}
    wanted = list(only) or list(cases)
    failed = 0
    print(f"1..{len(wanted)}", flush=True)
    for number, name in enumerate(wanted, 1):
        words = name.replace("_", " ")
        try:
            with around():
                cases[name]()
            print(f"ok {number} {words}", flush=True)
        except Skip as why:
            print(f"ok {number} {words} # SKIP {why}", flush=True)
        except Exception:  # whatever it is, the other cases still run
            failed += 1
            lines = traceback.format_exc()[-SHOWN:].splitlines()
            print(f"not ok {number} {words}\n" + "\n".join("# " + line for line in lines), flush=True)
    return failed > 0
