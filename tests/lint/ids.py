#!/usr/bin/env python3
"""Options and situations live in the packs alone: no id of one may be a string in the program.

Looks at string literals that equal an id ("rest", not the word rest), in every C file under bot/ and adapters/.
"""
import json
import re

import tree

STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def ids():
    """id -> where it comes from."""
    found = {}
    for path in tree.files(".json", under=("knowledge",)):
        if path.name.endswith(".schema.json"):
            continue
        pack = json.loads(tree.text(path))
        for key in ("options", "situations"):
            for entry in pack.get(key, []):
                found[entry["id"]] = f"{key[:-1]} of {path}"
        for option in pack.get("options", []):
            for tool in option.get("tools", []):
                found[tool["id"]] = f"tool of {path}"
        if "id" in pack:
            found[pack["id"]] = str(path)
    return found


def strings(source):
    """(line number, content) of each literal; comments are blanked, their line ends kept."""
    # A comment sign inside a literal must not open a comment, so literals are kept by the same pass.
    both = re.compile(f"{STRING.pattern}|{COMMENT.pattern}", re.S)
    for match in both.finditer(source):
        if match[0].startswith('"'):
            yield source.count("\n", 0, match.start()) + 1, match[0][1:-1]


known = ids()
# Words of the outcome object (docs) that are no ids, even where a pack should use the same word.
for word in ("ask", "depends"):
    known.pop(word, None)
faults = [f'{path}:{line}: "{literal}" is the {known[literal]}: take it from the pack'
          for path in tree.files(".c", ".h", under=("bot", "adapters"))
          for line, literal in strings(tree.text(path)) if literal in known]
if not known:
    faults.append("knowledge: no pack found, so nothing was checked")
tree.finish(faults)
