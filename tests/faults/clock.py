#!/usr/bin/env python3
"""Clocks that jump, and a day that passes in a minute.

usage: WHETHER_SHIM=shim.so clock.py WHETHER [--every] [NAME...]     prints TAP; --every: with the day
"""
import os
import sqlite3
import sys
import time

from stage import PATIENCE_S, SPEED, Stage, run_cases, wait_until

WHETHER = os.path.abspath(sys.argv[1])
HOUR_S = 3600


def jump(seconds):
    """While an answer waits, since Slack has trouble: it comes once, nothing spins, and all goes on."""
    with Stage(WHETHER) as stage:
        stage.ask_all()
        stage.slack.trouble = 1.0
        stage.slack.fate = lambda: "limited"
        number = next(stage.numbers)
        stage.until_heard(stage.ask_slack, number)
        stage.asked.append(number)
        wait_until(lambda: stage.slack.calls.get("post limited", 0) > 0, "a try", PATIENCE_S)
        stage.faults.shift_wall(seconds)
        stage.until_heard(stage.ask_api, number)
        stage.until_heard(stage.ask_slack, number)  # the same again: known
        busy = stage.daemon.cpu_s()
        time.sleep(1)
        assert stage.daemon.cpu_s() - busy < 0.5, "it spins"
        del stage.slack.fate
        stage.slack.trouble = 0
        wait_until(lambda: stage.settled(number), "the answer", PATIENCE_S)
        stage.check()


def case_forwards():
    jump(3 * HOUR_S)


def case_backwards():
    jump(-3 * HOUR_S)


def case_back_a_year():
    jump(-365 * 24 * HOUR_S)


def rows(stage, sql):
    with sqlite3.connect(f"file:{stage.path}/whether.db?mode=ro", uri=True) as store:
        return store.execute(sql).fetchone()[0]


def day():
    """Questions every hour; between them it runs 1,800 times as fast and has nothing to do but what it does by itself."""
    with Stage(WHETHER, more="[bot]\nmemory_days = 1\n") as stage:
        marks = []
        for _ in range(27):
            for _ in range(4):
                stage.ask_all()
            marks.append((stage.daemon.status("VmRSS"), len(os.listdir(f"/proc/{stage.daemon.process.pid}/fd"))))
            woken, begun = stage.daemon.status("voluntary_ctxt_switches"), stage.wall_s()
            stage.faults.hurry(1800)
            stage.waiting()  # whoever sleeps by the old clock is woken
            time.sleep(2)
            stage.faults.hurry(SPEED)
            hours = (stage.wall_s() - begun) / HOUR_S
            woken = (stage.daemon.status("voluntary_ctxt_switches") - woken) / hours
            assert woken < 1500, f"woken {woken:.0f} times an hour"
            wait_until(stage.irc.joined.is_set, "the bot to be there", PATIENCE_S)
        hours = stage.wall_s() / HOUR_S
        claims, talks = rows(stage, "SELECT count(*) FROM claim"), rows(stage, "SELECT count(*) FROM conversation")
        oldest = rows(stage, "SELECT min(at) FROM claim")
        first, last = marks[2], marks[-1]
        print(f"# {hours:.1f} h, {len(stage.asked)} questions: {first[0]} kB and {first[1]} descriptors in the third hour, "
              f"{last[0]} kB and {last[1]} in the last; {claims} claims and {talks} conversations kept; the last hour "
              f"woke it {woken:.0f} times")
        assert hours > 24
        # How many connections are kept open differs by one or two from hour to hour.
        assert last[0] < first[0] + 1024 and last[1] <= max(mark[1] for mark in marks[:6]) + 2, marks
        assert stage.wall() - oldest / 1000 < 25.5 * HOUR_S, "claims do not expire"
        stage.check()


if "--every" in sys.argv:
    case_day = day
sys.exit(run_cases(globals(), sys.argv[2:]))
