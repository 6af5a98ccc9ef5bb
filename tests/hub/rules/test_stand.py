"""How a deal stands: the lines of docs/rules.md, in their order."""

from datetime import datetime

import pytest

from hub.rules.stand import stand
from hub.rules.visits import VisitNow
from tests.hub.clinic_day import PRESET, at, visit
from tests.hub.rules.made import NOON, arrived, cancelled, future, not_marked, now, visited

FIRST, REPEATED = PRESET.pipelines["primary"], PRESET.pipelines["repeat"]
IN_GRACE = at(11, 50)


def check(
    visits: list[VisitNow], shown: str, target: str | None, *, repeat: bool = False, moment: datetime = NOON
) -> None:
    found = stand(visits, REPEATED if repeat else FIRST, moment)

    assert (found.shown.id, found.target) == (shown, target)


@pytest.mark.parametrize(
    ("visits", "shown", "target"),
    [
        ([visited("1", at(11)), visited("2", at(10)), arrived("3"), future("4")], "2", "visited"),
        (
            [arrived("1", start=at(11, 50)), arrived("2", start=at(11, 45)), future("3", start=at(12, 10))],
            "2",
            "arrived",
        ),
        ([now(visit("1", at(11), status="started")), future("2")], "1", "in_progress"),
        ([future("1", start=at(15)), future("2", start=at(14)), cancelled("3", IN_GRACE)], "2", "booked"),
        ([cancelled("1", at(11, 49)), cancelled("2", IN_GRACE), not_marked("3")], "2", None),
        ([not_marked("1", start=at(10)), not_marked("2", start=at(11)), cancelled("3")], "2", "not_marked"),
        ([cancelled("1", at(9)), cancelled("2", at(10))], "2", "cancelled"),
    ],
)
def test_the_first_line_that_applies(visits: list[VisitNow], shown: str, target: str | None) -> None:
    check(visits, shown, target)


@pytest.mark.parametrize(
    ("visits", "shown", "target"),
    [
        ([visited("1", at(10)), future("2")], "2", "booked"),
        ([visited("1", at(10)), cancelled("2", IN_GRACE)], "2", None),
        ([visited("1", at(10)), visited("2", at(11)), not_marked("3", start=at(9))], "2", "visited"),
        ([visited("1", at(10)), cancelled("2", at(11))], "1", "visited"),
    ],
)
def test_r10_in_the_repeat_pipeline_a_visit_of_today_comes_after_what_lies_ahead(
    visits: list[VisitNow], shown: str, target: str | None
) -> None:
    check(visits, shown, target, repeat=True)


def yesterday(visit_id: str, ended_at: datetime) -> VisitNow:
    return visited(visit_id, ended_at, start=at(9, day=-1), booked_at=at(8, day=-2))


@pytest.mark.parametrize(
    ("visits", "shown", "target"),
    [
        ([yesterday("1", at(10, day=-1)), cancelled("2", at(11, day=-1))], "2", "cancelled"),
        ([yesterday("1", at(10, day=-1)), cancelled("2", at(9, day=-1))], "1", "visited"),
        ([yesterday("1", at(10, day=-1)), not_marked("2", start=at(11, day=-1))], "2", "not_marked"),
        ([yesterday("1", at(10, day=-1)), not_marked("2", start=at(9, day=-1))], "1", "visited"),
        ([yesterday("1", at(10, day=-1)), not_marked("2", start=at(8)), cancelled("3", at(9))], "2", "not_marked"),
    ],
)
def test_what_lies_before_the_last_visited_visit_calls_nobody_back(
    visits: list[VisitNow], shown: str, target: str
) -> None:
    check(visits, shown, target, repeat=True)


@pytest.mark.parametrize(("moment", "won"), [(at(23, 59, day=29), False), (at(0, day=30), True)])
def test_r10_a_repeat_deal_is_won_thirty_days_after_the_day_of_its_last_visit(moment: datetime, won: bool) -> None:
    last = now(visit("1", at(9), status="fulfilled"), moment)

    found = stand([last], REPEATED, moment)

    assert (found.target, found.won, found.turns_at) == ("visited", won, at(0, day=30))


def test_in_a_pipeline_of_others_nothing_is_won() -> None:
    last = now(visit("1", at(9), status="fulfilled"), at(9, day=90))

    found = stand([last], None, at(9, day=90))

    assert (found.target, found.won, found.turns_at) == ("visited", False, None)
