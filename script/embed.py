#!/usr/bin/env python3
"""Writes files as C: struct http_asset (adapters/http_asset.h), one for each NAME; with --text plain strings.

usage: embed.py [--text] OUTPUT.c NAME=FILE[#POINTER]...

FILE#POINTER is a part of a JSON file, with what it refers to ("$ref": "#/...") in its place. JSON is written without
its blanks; all else as it is. Called by Meson.
"""
import hashlib
import json
import pathlib
import sys

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
COLUMNS = 16


def at(document, pointer):
    for key in pointer.split("/")[1:]:
        document = document[key.replace("~1", "/").replace("~0", "~")]
    return document


def resolved(value, document):
    if isinstance(value, dict):
        if "$ref" in value:
            return resolved(at(document, value["$ref"].removeprefix("#")), document)
        return {key: resolved(inner, document) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolved(inner, document) for inner in value]
    return value


def contents(place):
    file, _, pointer = place.partition("#")
    path = pathlib.Path(file)
    if path.suffix != ".json":
        return path.read_bytes(), TYPES[path.suffix]
    document = json.loads(path.read_text(encoding="utf-8"))
    part = resolved(at(document, pointer), document) if pointer else document
    return json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode(), TYPES[".json"]


def array(declared, data):
    rows = [data[i:i + COLUMNS] for i in range(0, len(data), COLUMNS)] + [b"\0"]
    yield f"{declared}[] = {{"
    yield from ("    " + " ".join(f"{byte if byte < 128 else byte - 256}," for byte in row) for row in rows)
    yield "};"


def embed(name, place):
    data, kind = contents(place)
    yield from array(f"static const char {name}_data", data)
    tag = hashlib.sha256(data).hexdigest()[:12]
    yield f'const struct http_asset {name} = {{"{kind}", {name}_data, {len(data)}, "{tag}"}};'


def text(output, *assets):
    lines = ["/* Made by script/embed.py; not to be edited. */"]
    for asset in assets:
        name, _, place = asset.partition("=")
        lines += [f"extern const char {name}[];", *array(f"const char {name}", pathlib.Path(place).read_bytes())]
    pathlib.Path(output).write_text("\n".join(lines) + "\n")


def main(output, *assets):
    lines = ["/* Made by script/embed.py; not to be edited. */", '#include "adapters/http_asset.h"']
    for asset in assets:
        name, _, place = asset.partition("=")
        lines += [f"extern const struct http_asset {name};", *embed(name, place)]
    pathlib.Path(output).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if sys.argv[1] == "--text":
        text(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
