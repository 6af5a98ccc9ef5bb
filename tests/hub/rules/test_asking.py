"""A question is asked again often while it matters, then seldom, then no more."""

from datetime import datetime, timedelta

import pytest

from hub.rules.asking import asked_again
from hub.rules.visits import VisitNow
from tests.hub.clinic_day import at
from tests.hub.rules.made import NOON, arrived, cancelled, future, not_marked, visited

SOON, TOMORROW = NOON + timedelta(minutes=30), NOON + timedelta(days=1)


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        ([future(start=at(14, day=40))], SOON),
        ([arrived()], SOON),
        ([visited()], SOON),
        ([not_marked()], SOON),
        ([visited(start=at(23, day=-1), ended_at=at(23, 59, day=-1))], TOMORROW),
        ([not_marked(start=at(9, day=-29))], TOMORROW),
        ([not_marked(start=at(9, day=-29)), future()], SOON),
        ([not_marked(start=at(9, day=-30))], None),
        ([cancelled(when=at(9, day=-2), start=at(14, day=10))], TOMORROW),
        ([cancelled(when=at(9, day=-31), start=at(14, day=10))], None),
    ],
)
def test_how_long_the_last_visit_has_been_over_says_how_often(
    visits: list[VisitNow], expected: datetime | None
) -> None:
    assert asked_again(visits, NOON) == expected
