#!/usr/bin/env python3
"""Alerts and dashboard: promtool is content, and every metric that they name is one that the program has.

usage: watch.py WHETHER     prints TAP
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "integration")]
import tap  # noqa: E402
from daemon import Daemon  # noqa: E402

ROOT = TESTS.parent
RULES = ROOT / "data" / "prometheus" / "whether.rules.yml"
DASHBOARD = ROOT / "data" / "grafana" / "whether.json"


def promtool(*words, stdin=""):
    done = subprocess.run(["promtool", *map(str, words)], input=stdin, capture_output=True, text=True)
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


def case_what_it_tells_is_in_prometheus_format():
    with tempfile.TemporaryDirectory() as folder:
        with Daemon([os.path.abspath(sys.argv[1])], folder, "[http]\nlisten = 127.0.0.1:0\n[api]\nopen = yes\n") as daemon:
            daemon.ask("Node or Django?")
            said = daemon.request("GET", "/metrics")[1]
    assert {"whether_store_ready 1", 'whether_adapter_ready{adapter="api"} 1'} <= set(said.splitlines()), said
    promtool("check", "metrics", stdin=said)


sys.exit(tap.run(globals()))
