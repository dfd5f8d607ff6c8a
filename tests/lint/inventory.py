#!/usr/bin/env python3
"""Walks tests/corpus/inventory.tsv, the article's inventory, against knowledge/*.json.

Fails, naming the line, when an item of the article is covered by nothing or by something that does not
exist, when the inventory lost an item that the article is known to have, when an element of a pack rests on
no known section, and when the main pack says something that no item of the inventory accounts for.

usage: inventory.py [REPOSITORY]
"""
import json
import pathlib
import sys

MAIN = "node-or-django"
SIDES = {"node", "django", "both"}
# At least so many items of each kind: five rows of two cells, six situations, both lists of four ...
LEAST = {
    ("lead", None): 5,
    ("strength", "node"): 8, ("strength", "django"): 8,
    ("best-for", "node"): 4, ("best-for", "django"): 4,
    ("table-row", "node"): 5, ("table-row", "django"): 5,
    ("situation", "node"): 3, ("situation", "django"): 3,
    ("thumb", "node"): 3, ("thumb", "django"): 5,
    ("neighbour", None): 4,
}
# What the main pack may say without an item: remarks on what the article does not say, and doublets.
FREE = {
    "fact:difference", "fact:not-covered", "fact:drawbacks", "fact:react-with-django", "fact:ml-in-node",
    "fact:django-mongodb", "fact:django-realtime", "fact:node-auth", "fact:node-admin", "fact:node-migrations",
    "fact:node-security", "fact:node-best-for", "fact:django-best-for", "tool:django/drf",
}


class Faults:
    def __init__(self):
        self.count = 0

    def add(self, file, line, text):
        self.count += 1
        print(f"{file}:{line}: {text}")


def line_of(text, needle):
    """The line in a JSON file where a text stands; 1 when it is not found."""
    at = text.find(json.dumps(needle, ensure_ascii=False))
    return text.count("\n", 0, max(at, 0)) + 1


def elements(pack):
    """All that an item may refer to: name -> (section or None if it needs none, text to find it by)."""
    found = {"pack:" + pack["id"]: (None, pack["id"])}
    for key, name in (("rule_of_thumb", "thumb"), ("caveat", "caveat"), ("both", "both")):
        if pack.get(key):
            found[name] = (None, pack[key])
    for option in pack["options"]:
        for key, name in (("strengths", "strength"), ("best_for", "best-for")):
            for number, point in enumerate(option.get(key, []), 1):
                found[f"{name}:{option['id']}/{number}"] = (point.get("section", ""), point["text"])
        for tool in option.get("tools", []):
            found[f"tool:{option['id']}/{tool['id']}"] = (tool.get("section", ""), tool["what"])
    for situation in pack["situations"]:
        found["situation:" + situation["id"]] = (None, situation["name"])
    for rule in pack["rules"]:
        found[f"rule:{rule['situation']}->{rule['option']}"] = (rule.get("section", ""), rule["because"])
    for fact in pack["facts"]:
        found["fact:" + fact["id"]] = (fact.get("section", ""), fact["text"])
    for neighbour in pack["neighbours"]:
        found["neighbour:" + neighbour["pack"]] = (neighbour.get("section", ""), neighbour["how"])
    return found


def read_packs(folder, faults):
    packs = {}
    for path in sorted(folder.glob("*.json")):
        if path.name.endswith(".schema.json"):
            continue
        text = path.read_text(encoding="utf-8")
        pack = json.loads(text)
        packs[pack["id"]] = elements(pack)
        sections = {section["id"] for section in pack["sections"]}
        for name, (section, needle) in packs[pack["id"]].items():
            if section is not None and section not in sections:
                faults.add(path, line_of(text, needle), f"{name} rests on no known section: {section!r}")
    return packs


def resolve(reference, packs):
    """The pack and element that a reference means; the element is None when there is no such thing."""
    head, _, rest = reference.partition(":")
    if head == "pack":
        return rest, reference if rest in packs else None
    if head in packs:
        return head, rest if rest in packs[head] else None
    return MAIN, reference if reference in packs.get(MAIN, {}) else None


def read_inventory(path, packs, faults):
    seen, tally, used, header = {}, {}, set(), False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 5:
            faults.add(path, number, f"{len(fields)} fields instead of 5")
            continue
        if not header:
            header = True
            continue
        ident, kind, side, paraphrase, covered = fields
        if ident in seen:
            faults.add(path, number, f"{ident} is in line {seen[ident]} already")
        seen[ident] = number
        if not any(kind == known for known, _ in LEAST):
            faults.add(path, number, f"unknown kind {kind!r}")
        if side not in SIDES:
            faults.add(path, number, f"unknown side {side!r}")
        if not paraphrase.strip() or not covered.split():
            faults.add(path, number, f"{ident} is covered by nothing")
        for reference in covered.split():
            pack, element = resolve(reference, packs)
            if element is None:
                faults.add(path, number, f"{ident} refers to {reference}, which does not exist")
            elif pack == MAIN:
                used.add(element)
        for key in ((kind, None), (kind, side)):
            tally[key] = tally.get(key, 0) + 1
    for (kind, side), least in LEAST.items():
        got = tally.get((kind, side), 0)
        if got < least:
            faults.add(path, 0, f"{got} items of kind {kind}{' of ' + side if side else ''}, the article has {least}")
    return len(seen), used


def unaccounted(folder, packs, used, faults):
    """Rules, strengths, tools and facts of the main pack that no item of the article stands behind."""
    path = folder / f"{MAIN}.json"
    text = path.read_text(encoding="utf-8")
    for name, (section, needle) in packs[MAIN].items():
        if section is not None and name not in used and name not in FREE:
            faults.add(path, line_of(text, needle), f"{name} is in no item of the inventory")


def main(argv):
    root = pathlib.Path(argv[1]) if len(argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    faults = Faults()
    packs = read_packs(root / "knowledge", faults)
    if MAIN not in packs:
        print(f"{root / 'knowledge'}: no pack {MAIN}")
        return 1
    items, used = read_inventory(root / "tests" / "corpus" / "inventory.tsv", packs, faults)
    unaccounted(root / "knowledge", packs, used, faults)
    print(f"inventory: {items} items, {sum(map(len, packs.values()))} elements, {faults.count} faults")
    return 1 if faults.count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
