"""Cases of a script as TAP: each function case_NAME() of its names, in their order. A case that fails raises; one that cannot run
here raises Skip, which script/test counts as skipped, and as failed where CI is set."""
import traceback


class Skip(Exception):
    pass


def run(names):
    """Prints the results; the exit status."""
    cases = [(name.removeprefix("case_").replace("_", " "), case) for name, case in names.items() if name.startswith("case_")]
    failed = 0
    print(f"1..{len(cases)}", flush=True)
    for number, (name, case) in enumerate(cases, 1):
        try:
            case()
            print(f"ok {number} {name}", flush=True)
        except Skip as why:
            print(f"ok {number} {name} # SKIP {why}", flush=True)
        except Exception as problem:  # whatever it is, the other cases still run
            failed += 1
            said = str(problem) if isinstance(problem, AssertionError) else traceback.format_exc()
            print(f"not ok {number} {name}\n" + "\n".join("# " + line for line in said.splitlines()), flush=True)
    return failed > 0
