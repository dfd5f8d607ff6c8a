#!/usr/bin/env python3
"""What the compiler and the linker were asked to harden, looked for in what they made.

usage: hardened.py BUILD COMPILER LEVEL PROGRAM...
BUILD is Meson's folder, COMPILER the command that compiled, LEVEL that of _FORTIFY_SOURCE; the programs have their symbols.
That each look can fail is seen at programs of our own, which lack one thing each.
"""
import json
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402

BUILD, COMPILER, LEVEL, PROGRAMS = pathlib.Path(sys.argv[1]), sys.argv[2].split(), sys.argv[3], sys.argv[4:]
X86 = platform.machine() == "x86_64"
PAGE = 0x1000

# What each look wants to see at work: a large frame, an array on the stack, a copy whose end only the running program knows.
SAMPLE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
    char frame[3 * 4096], *copy = malloc((size_t)argc * 16);
    if (copy == NULL || fgets(frame, sizeof(frame), stdin) == NULL) {
        return 1;
    }
    memcpy(copy, argv[0], strlen(frame));
    printf("%s%s", frame, copy);
    return 0;
}
"""


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}).stdout


def instructions(program):
    """(function, operation, operands) of each."""
    function = ""
    for line in said("objdump", "-d", "--no-show-raw-insn", program).splitlines():
        if start := re.fullmatch(r"[0-9a-f]+ <(.+)>:", line):
            function = start[1]
        elif step := re.match(r" *[0-9a-f]+:\t(\w+) *(\S*)", line):
            yield function, step[1], step[2]


def imports(program):
    return {name.partition("@")[0] for name in re.findall(r" U (\S+)", said("nm", "-D", program))}


def pie(program):
    return "" if "PIE" in said("readelf", "-dW", program) else "is no position-independent program"


def relro(program):
    return "" if "GNU_RELRO" in said("readelf", "-lW", program) else "has no read-only relocations"


def now(program):
    return "" if "BIND_NOW" in said("readelf", "-dW", program) else "binds functions late, in tables that stay writable"


def stack(program):
    found = re.search(r"GNU_STACK .* ([RWE]+) +0x", said("readelf", "-lW", program))
    return "" if found and "E" not in found[1] else "has a stack that can be executed"


def canary(program):
    return "" if "__stack_chk_fail" in imports(program) else "has no canaries on the stack"


def fortify(program):
    return "" if "__memcpy_chk" in imports(program) else "calls functions of the C library without their checks"


def probes(program):
    """A frame of more than a page is touched page by page, so that none steps over the guard below the stack."""
    seen, before = 0, None
    for function, operation, operands in instructions(program):
        grown = re.fullmatch(r"\$0x([0-9a-f]+),%rsp", operands) if operation.startswith("sub") else None
        # From the middle on it is a negative number: the frame shrinks.
        if grown and PAGE < int(grown[1], 16) < 1 << 63:
            return f"steps {int(grown[1], 16)} bytes down the stack at once, in {function}"
        if before and operation in ("orq", "orl", "movq") and operands == "$0x0,(%rsp)":
            seen += 1
        elif before:
            return f"leaves a page of its stack untouched, in {function}"
        before = grown and int(grown[1], 16) == PAGE
    return "" if seen else "touches no page of large frames"


def branches(program):
    first = next((operation for function, operation, _ in instructions(program) if function == "main"), "")
    return "" if first == "endbr64" else "has no marks where jumps may land"


# Each look, and what makes a program fail it, and it alone.
LOOKS = {pie: ["-fno-pie", "-no-pie"], relro: ["-Wl,-z,norelro"], now: ["-Wl,-z,lazy"], stack: ["-Wl,-z,execstack"],
         canary: ["-fno-stack-protector"], fortify: ["-U_FORTIFY_SOURCE"]}
if X86:
    LOOKS |= {probes: ["-fno-stack-clash-protection"], branches: ["-fcf-protection=none"]}
WHOLE = ["-O2", "-fPIE", "-pie", "-fstack-protector-strong", "-Wl,-z,relro,-z,now,-z,noexecstack", "-U_FORTIFY_SOURCE",
         f"-D_FORTIFY_SOURCE={LEVEL}", *(["-fstack-clash-protection", "-fcf-protection"] if X86 else [])]


def faults(program):
    return {look.__name__: fault for look in LOOKS if (fault := look(program))}


def compiled(folder, *more):
    source, program = pathlib.Path(folder) / "sample.c", pathlib.Path(folder) / "sample"
    source.write_text(SAMPLE)
    subprocess.run([*COMPILER, *WHOLE, *more, "-o", program, source], check=True)
    return str(program)


def case_what_was_built_has_all_of_it():
    found = {program: said for program in PROGRAMS if (said := faults(program))}
    assert PROGRAMS and not found, found


def case_every_file_is_compiled_with_it():
    wanted = ["-fstack-protector-strong", f"-D_FORTIFY_SOURCE={LEVEL}"]
    wanted += ["-fstack-clash-protection", "-fcf-protection"] if X86 else []
    ours = [entry for entry in json.loads((BUILD / "compile_commands.json").read_text()) if "/tests/" not in "/" + entry["file"]]
    lacking = [f"{entry['file']} lacks {flag}" for entry in ours for flag in wanted if flag not in entry["command"].split()]
    assert len(ours) > 100 and not lacking, lacking


def case_a_program_that_has_all_passes():
    with tempfile.TemporaryDirectory() as folder:
        assert faults(compiled(folder)) == {}, faults(compiled(folder))


def case_a_program_that_lacks_one_thing_fails_by_it():
    for look, weakness in LOOKS.items():
        with tempfile.TemporaryDirectory() as folder:
            found = faults(compiled(folder, *weakness))
            assert set(found) == {look.__name__}, f"{weakness}: {found}"


sys.exit(tap.run(globals()))
