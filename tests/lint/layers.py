#!/usr/bin/env python3
"""The floors: an #include may point to its own floor or to one below it, and to a library only where that floor may use it.

The tables here are CONTRIBUTING.md's "may use" table; change both together.
"""
import re

import tree

# The lowest floor first. A file belongs to the first folder (or file) of this list that it lies in.
FLOORS = [
    ("base", ("bot/base/",)),
    ("knowledge", ("knowledge/",)),
    ("reader", ("bot/reader/",)),
    ("advisor", ("bot/advisor/",)),
    ("host", ("bot/host/",)),
    ("training", ("bot/training/",)),
    ("adapters", ("adapters/",)),
    ("daemon", ("bot/daemon/",)),
    ("command", ("bot/command/",)),
    ("main", ("bot/main.c",)),
]

# Headers without code that anyone may include: words that reader and advisor share with the floor below, and the
# adapters' interface, which the host calls.
SHARED = {"bot/reader/kind.h", "adapters/adapter.h"}

# Headers of the C library that a pure floor may include: nothing with I/O, a clock, a locale or errno.
PURE = {"assert.h", "float.h", "limits.h", "math.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h",
        "stdnoreturn.h", "string.h"}

# Libraries: header -> floors that may include it.
LIBRARIES = {
    "jansson.h": {"knowledge", "host", "adapters", "daemon", "command"},
    "utf8proc.h": {"reader", "host"},
    "libstemmer.h": {"reader"},
    "ini.h": {"host"},
    "linear.h": {"training"},
    "curl/curl.h": {"host", "adapters"},
    "sqlite3.h": {"host"},
    "hiredis/hiredis.h": {"host"},
    "microhttpd.h": {"adapters"},
    "nettle/base64.h": {"adapters"},
    "nettle/hmac.h": {"adapters"},
    "nettle/memops.h": {"adapters"},
    "libircclient.h": {"adapters"},
    "libirc_rfcnumeric.h": {"adapters"},
    "histedit.h": {"adapters"},
    "editline/readline.h": {"adapters"},
}

# What an adapter must not know: it carries messages, it does not decide and does not store.
NOT_FOR_ADAPTERS = {"bot/advisor/verdict.h", "bot/host/store.h"}

# What adapters share.
COMMON_ADAPTERS = {"adapters/adapter.h", "adapters/http_asset.h", "adapters/http_body.h", "adapters/http_calls.h",
                   "adapters/http_client.h", "adapters/http_server.h", "adapters/http_url.h", "adapters/signature.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def floor(path):
    for number, (_, places) in enumerate(FLOORS):
        if str(path).startswith(places):
            return number
    return None


def check(path, quoted, target):
    """The reason why this include is wrong, or None."""
    here = floor(path)
    name = FLOORS[here][0]
    if not quoted:
        if target in LIBRARIES:
            return None if name in LIBRARIES[target] else f"{name} may not use <{target}>"
        if name in ("reader", "advisor") and target not in PURE:
            return f"{name} is pure: <{target}> is not for it"
        return None
    if not (tree.ROOT / target).is_file():
        return f'"{target}" is not written from the root of the repository'
    if target in SHARED:
        return None
    there = floor(target)
    if there is None or there > here:
        return f'{name} may not include "{target}", which lies above it'
    if name == "adapters":
        if target in NOT_FOR_ADAPTERS:
            return f'an adapter must not know "{target}"'
        own = path.stem.partition("_")[0]
        # The table is where they meet.
        if there == here and own != "table" and target not in COMMON_ADAPTERS and not target.startswith(f"adapters/{own}"):
            return f'adapters do not include each other ("{target}")'
    return None


faults = []
for source in tree.files(".c", ".h", under=("bot", "knowledge", "adapters")):
    if floor(source) is None:
        faults.append(f"{source}: belongs to no floor")
        continue
    for number, line in enumerate(tree.text(source).splitlines(), 1):
        match = INCLUDE.match(line)
        if match and (why := check(source, match[1] == '"', match[2])):
            faults.append(f"{source}:{number}: {why}")
tree.finish(faults)
