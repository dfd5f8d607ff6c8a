"""What every lint test asks: which files belong to the project. Folders that a build or git made do not."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(*suffixes, under=(".",)):
    """Paths relative to the root, sorted; all files when no suffix is given."""
    found = []
    for top in under:
        for folder, folders, names in os.walk(ROOT / top):
            here = pathlib.Path(folder)
            folders[:] = [f for f in folders if f not in (".git", "__pycache__")
                          and not (here == ROOT and f.startswith("build"))]
            found += [(here / name).relative_to(ROOT) for name in names
                      if not suffixes or name.endswith(suffixes)]
    return sorted(found)


def text(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def finish(faults):
    """Prints `FILE:LINE: message` lines and ends the test with the status that they give."""
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)
