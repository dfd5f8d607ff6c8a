"""What people ask, for the benchmarks: the texts of the packs' corpora, each different from all others, so that no measurement is one of
a few questions that are still in some cache."""
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESSED = ("dm", "mention", "slash")


def questions(surfaces=ADDRESSED):
    """In a fixed order, several hundred: first turns that were said to the bot on one of these surfaces."""
    texts = {}
    for path in sorted((ROOT / "knowledge/node-or-django.corpus").glob("*.conversations.jsonl")):
        for line in path.read_text().splitlines():
            case = json.loads(line)
            if case["surface"] in surfaces:
                texts.setdefault(case["say"][0])
    assert len(texts) >= 200, "too few different questions to speak of"
    return list(texts)
