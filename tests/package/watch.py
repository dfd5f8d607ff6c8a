#!/usr/bin/env python3
"""Alerts and dashboard: promtool is content, and every metric that they name is one that the program has.

usage: watch.py     prints TAP
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "data" / "prometheus" / "whether.rules.yml"
DASHBOARD = ROOT / "data" / "grafana" / "whether.json"


def promtool(*words):
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def metrics():
    """Those in the program's tables: /metrics shows a counter only from its first count on."""
    names = set()
    for file in "bot/host/metrics.h", "bot/host/metrics.c", "adapters/health.c":
        names |= set(re.findall(r"\bwhether_[a-z_]+\b", (ROOT / file).read_text()))
    assert len(names) >= 15, names
    return names


def case_the_rules_are_rules():
    promtool("check", "rules", RULES)


def case_each_alert_goes_off_when_it_should():
    promtool("test", "rules", ROOT / "tests" / "package" / "rules.test.yml")
    tested = (ROOT / "tests" / "package" / "rules.test.yml").read_text()
    for alert in re.findall(r"alert: (\w+)", RULES.read_text()):
        assert tested.count(alert) >= 2, f"{alert} is not tested"


def case_every_metric_is_there():
    dashboard = json.loads(DASHBOARD.read_text())
    queries = re.findall(r"^ +(?:expr: .*|.*whether_[a-z_]+[{\[ ].*)$", RULES.read_text(), re.M)
    queries += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = set(re.findall(r"\bwhether_[a-z_]+\b", " ".join(queries)))
    assert len(named) > 10, named
    # A histogram has three names more than its own.
    missing = {name for name in named if re.sub(r"_(bucket|sum|count)$", "", name) not in metrics() and name not in metrics()}
    assert not missing, f"the program has no {missing}"


failed = 0
cases = [(name, case) for name, case in globals().items() if name.startswith("case_")]
print(f"1..{len(cases)}")
for number, (name, case) in enumerate(cases, 1):
    name = name.removeprefix("case_").replace("_", " ")
    try:
        case()
        print(f"ok {number} {name}")
    except AssertionError as problem:
        failed += 1
        print(f"not ok {number} {name}")
        print("\n".join("# " + line for line in str(problem).splitlines()))
sys.exit(failed > 0)
