"""R2: moves, pairs, and what is told."""

from datetime import timedelta
from typing import Any

import pytest

from hub.rules.model import SeenVisit
from hub.rules.moves import look, pairs
from hub.rules.visits import VisitNow
from tests.hub.clinic_day import at, visit
from tests.hub.rules.made import cancelled, future, not_marked, now, visited

GRACE = timedelta(minutes=15)
SEEN = SeenVisit(start=at(14), practitioner="17", branch="2")


def pair_ids(visits: list[VisitNow]) -> list[tuple[str, str]]:
    return sorted((before.id, after.id) for before, after in pairs(visits, GRACE))


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        ([cancelled("1"), future("2", booked_at=at(9))], [("1", "2")]),
        ([cancelled("1"), future("2", booked_at=at(9, 15))], [("1", "2")]),
        ([cancelled("1"), future("2", booked_at=at(9, 16))], []),
        ([cancelled("1"), future("2", booked_at=at(8, 59))], []),
        ([cancelled("1"), future("2", booked_at=at(11), moved_from="1")], [("1", "2")]),
        ([future("1"), future("2", moved_from="1")], []),
        (
            [cancelled("1"), cancelled("2", at(10), booked_at=at(9, 5)), future("3", booked_at=at(10, 5))],
            [("1", "2"), ("2", "3")],
        ),
        ([cancelled("1"), cancelled("2", at(9, 1)), future("3", booked_at=at(9, 5))], [("1", "3")]),
        ([cancelled("1"), cancelled("2", at(9, 1)), future("3", booked_at=at(9, 5), moved_from="2")], [("2", "3")]),
        ([now(visit("1", at(14), status="cancelled")), future("2", booked_at=at(14))], []),
    ],
)
def test_r2_a_cancelled_visit_and_the_one_in_its_place(visits: list[VisitNow], expected: list[tuple[str, str]]) -> None:
    assert pair_ids(visits) == expected


def told(visits: list[VisitNow], seen: dict[str, SeenVisit]) -> list[tuple[str, str]]:
    return [(story.happening, story.visit.id) for story in look(visits, seen, GRACE).stories]


@pytest.mark.parametrize(
    ("visits", "seen", "stories"),
    [
        ([future("1")], {}, [("booked", "1")]),
        ([not_marked("1"), visited("2"), cancelled("3")], {}, []),
        ([future("1")], {"1": SEEN}, []),
        ([future("1", start=at(15))], {"1": SEEN}, [("moved", "1")]),
        ([visited("1")], {"1": SEEN}, []),
        ([cancelled("1")], {"1": SEEN}, [("cancelled", "1")]),
        ([cancelled("1", at(11, 50))], {"1": SEEN}, []),
        ([cancelled("1")], {"1": SEEN.model_copy(update={"cancelled": True})}, []),
        ([future("1")], {"1": SEEN.model_copy(update={"cancelled": True})}, [("taken_back", "1")]),
        ([cancelled("1"), future("2", booked_at=at(9, 5))], {"1": SEEN}, [("moved", "2")]),
    ],
)
def test_what_is_told(visits: list[VisitNow], seen: dict[str, SeenVisit], stories: list[tuple[str, str]]) -> None:
    assert told(visits, seen) == stories


@pytest.mark.parametrize(
    ("spec", "moved"),
    [
        ({}, 0),
        ({"start": at(15)}, 1),
        ({"practitioner": {"id": "18"}}, 1),
        ({"practitioner": None}, 0),
        ({"branch": {"id": "3"}}, 1),
        ({"start": at(15), "branch": {"id": "3"}}, 1),
    ],
)
def test_r2_moves(spec: dict[str, Any], moved: int) -> None:
    found = look([future("1", **spec)], {"1": SEEN}, GRACE)

    assert found.moved == moved
    assert look([future("1", **spec)], found.seen, GRACE).moved == 0


def test_r2_what_was_not_known_before_has_not_moved() -> None:
    assert look([future("1")], {"1": SeenVisit(start=at(14))}, GRACE).moved == 0


def test_r2_while_it_is_cancelled_a_visit_does_not_move_but_comes_back_moved() -> None:
    gone = look([cancelled("1", start=at(15))], {"1": SEEN}, GRACE)
    assert (gone.moved, gone.seen["1"]) == (0, SEEN.model_copy(update={"cancelled": True}))

    assert look([future("1", start=at(15))], gone.seen, GRACE).moved == 1
