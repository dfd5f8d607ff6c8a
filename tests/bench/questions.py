"""What people ask, for the benchmarks: the texts of the packs' corpora, each different from all others, so that no measurement is one of
a few questions that are still in some cache."""
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESSED = ("dm", "mention", "slash")


def questions():
    """In a fixed order, several hundred: first turns that were said to the bot."""
    texts = {}
    for path in sorted((ROOT / "knowledge/node-or-django.corpus").glob("x*.conversations.jsonl")):
        for line in path.read_text().splitlines():
            case = json.loads(line)
            if case["surface"] in ADDRESSED:
                texts.setdefault(case["say"][0])
    assert len(texts) >= 200, "too few different questions to speak of"
    return list(texts)
