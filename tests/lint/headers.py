#!/usr/bin/env python3
"""Every header compiles alone, with gcc and with clang, under the project's warnings.

usage: headers.py [COMPILER...]      (default: those of gcc and clang that are there)
"""
import shutil
import subprocess
import sys

import tree

FLAGS = ("-std=c17 -D_POSIX_C_SOURCE=200809L -fsyntax-only -Werror -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wundef "
         "-Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wformat=2").split()


def compile_alone(compiler, header):
    # Included from an empty file, twice: a header must guard itself and need nothing before it.
    source = f'#include "{header}"\n#include "{header}"\nextern int whether_lint;\n'
    run = subprocess.run([compiler, *FLAGS, "-I", str(tree.ROOT), "-x", "c", "-"], input=source, text=True,
                         stderr=subprocess.PIPE)
    return run.stderr if run.returncode else ""


compilers = sys.argv[1:] or [c for c in ("gcc", "clang") if shutil.which(c)]
headers = tree.files(".h")
faults = [f"{header}: does not compile alone with {compiler}:\n{said}"
          for header in headers for compiler in compilers
          if (said := compile_alone(compiler, header))]
tree.finish(faults)
