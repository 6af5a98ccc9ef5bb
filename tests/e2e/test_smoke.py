"""The smoke run says yes to the product, also when it is killed on the way, and no to each broken one, naming the visit."""

import re
import subprocess
import sys
from dataclasses import dataclass

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(170)]

VISITS = 40
LINE = re.compile(r"visits (\d+), deals (\d+), differences (\d+), wrong person (\d+), duplicates (\d+)")


@dataclass(frozen=True)
class Run:
    code: int
    visits: int
    deals: int
    differences: int
    wrong_person: int
    duplicates: int
    told: str


def smoke(*arguments: str, visits: int = VISITS) -> Run:
    command = [sys.executable, "-m", "demo", "--once", "--seed", "11", "--visits", str(visits), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = LINE.search(done.stdout)
    assert found, done.stderr
    judged, deals, differences, wrong_person, duplicates = map(int, found.groups())
    return Run(done.returncode, judged, deals, differences, wrong_person, duplicates, done.stderr)


def test_a_day_ends_as_the_oracle_says_though_agent_and_hub_are_killed() -> None:
    run = smoke("--kill", "agent@10:20", "--kill", "hub@12:40", "--kill", "agent@15:30", "--kill", "hub@15:45")

    assert (run.code, run.differences, run.wrong_person, run.duplicates) == (0, 0, 0, 0), run.told
    assert run.visits >= VISITS
    assert run.deals > 0


def test_a_broken_rule_a_dropped_change_and_a_doubled_request_are_each_noticed_and_their_visits_named() -> None:
    """One run, three marks: of the rule a visit differs in its stage and in nothing else; the change said how a visit ended, so its status
    differs; the request made a deal, so there is one too many."""
    run = smoke("--hub", "tests.e2e.sabotage.broken_hub", "--agent", "tests.e2e.sabotage.dropped_change")
    named = {visit: what.split(", ") for visit, what in re.findall(r"^  (\d\S*): (.+)$", run.told, re.MULTILINE)}

    assert run.code == 1
    assert run.differences > 0
    assert [visit for visit, whats in named.items() if whats == ["stage"]], run.told
    assert [visit for visit, whats in named.items() if "Статус приёма" in whats], run.told
    assert run.duplicates > 0
