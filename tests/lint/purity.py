#!/usr/bin/env python3
"""reader and advisor are pure: what their libraries leave undefined is on a short list, and they keep no state.

usage: purity.py LIBRARY...      (not for sanitized or fuzzing builds: those add symbols of their own)
"""
import pathlib
import subprocess
import sys

import tree

# Functions of the C library without I/O, clock, locale, allocation or hidden state.
LIBC = set("""
    memchr memcmp memcpy memmove memset strchr strcmp strcspn strlen strncmp strnlen strrchr strspn strstr bsearch qsort
    exp expf expm1 fabs fabsf floor floorf fmax fmaxf fmin fminf log logf log1p pow powf round roundf sqrt sqrtf tanh tanhf
    __memcpy_chk __memmove_chk __memset_chk __stack_chk_fail __assert_fail abort _GLOBAL_OFFSET_TABLE_
""".split())

# What the loader asks to choose between two versions of one loop that come to the same bits (bot/base/wide.h).
MACHINE = {"__cpu_indicator_init", "__cpu_model"}

# By prefix: base and the two text libraries. Of knowledge, the look-ups in what is loaded already.
PREFIXES = ("mem_", "arena_", "buf_", "error_", "matrix_", "nearest_", "utf8_", "utf8proc_", "sb_stemmer_")
SUFFIXES = ("_find", "_has", "phrase_check")

# Those of base that touch the world: not for a pure floor although their prefix is.
NOT_PURE = {"buf_read_file", "error_errno"}


def symbols(library):
    """(object, name, class, section) of each symbol; nm's sysv format is the one that tells sections."""
    said = subprocess.run(["nm", "-A", "-f", "sysv", library], capture_output=True, text=True, check=True).stdout
    for line in said.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) == 7:
            where, _, name = columns[0].rpartition(":")
            yield where.rpartition(":")[2], name, columns[2], columns[6]


def state(section):
    """Variables that can change; constant tables of pointers are in .data.rel.ro."""
    return section.startswith((".data", ".bss", ".tdata", ".tbss")) and not section.startswith(".data.rel.ro")


if not sys.argv[1:]:
    sys.exit(__doc__)
faults, has, needs = set(), set(), set()
for library in sys.argv[1:]:
    for where, name, kind, section in symbols(library):
        at = f"{pathlib.Path(library).name}: {pathlib.Path(where).name}"
        if kind == "U":
            needs.add((at, name))
        else:
            has.add(name)
        if state(section):
            faults.add(f"{at} keeps state in {name}, which a pure floor may not")
for at, name in needs:
    known = name in has or name in LIBC or name in MACHINE or name.startswith(PREFIXES) or name.endswith(SUFFIXES)
    if not known or name in NOT_PURE:
        faults.add(f"{at} uses {name}, which a pure floor may not")
tree.finish(sorted(faults))
