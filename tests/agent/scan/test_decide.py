"""What the scan decides, as tables."""
# ruff: noqa: DTZ001 - IDENT's times have no zone

from datetime import datetime, timedelta

import pytest

from agent.mis.port import Server
from agent.scan import decide

NINE = datetime(2026, 11, 24, 9)


def rv(number: int) -> bytes:
    return number.to_bytes(8, "big")


def server(bound: int | None, last: int | None) -> Server:
    return Server(NINE, None if bound is None else rv(bound), None if last is None else rv(last))


@pytest.mark.parametrize(
    ("before", "bound", "last", "quiet"),
    [
        (None, 11, 10, False),
        ((11, 10), 11, 10, True),
        ((11, 10), 12, 11, False),
        ((11, 10), 11, 11, False),  # a transaction took 11
        ((11, 11), 11, 11, False),  # and is still open: others may have committed beside it
        ((11, 11), 12, 11, False),  # it was committed
        ((256, 255), 256, 255, True),
        ((None, None), None, None, False),
        ((11, None), 11, None, False),
    ],
)
def test_it_is_quiet_only_where_nothing_can_have_been_committed(
    before: tuple[int | None, int | None] | None, bound: int | None, last: int | None, quiet: bool
) -> None:
    at = server(*before) if before else None
    probe = None if at is None else (at.bound, at.last)
    assert decide.is_quiet(server(bound, last), probe) is quiet


@pytest.mark.parametrize(
    ("seen", "known", "before", "differing"),
    [
        ({"1": "a"}, {"1": "a"}, {}, []),
        ({"1": "b"}, {"1": "a"}, {}, [1]),
        ({"1": "a"}, {"1": "b"}, {}, [1]),  # a lower version is a difference too
        ({"1": "a"}, {}, {}, [1]),
        ({"1": "a"}, {}, {"1": "a"}, []),
        ({"1": "b"}, {}, {"1": "a"}, [1]),
        ({"1": "a"}, {"1": "b"}, {"1": "a"}, [1]),
        ({}, {"1": "a"}, {}, []),
        ({"9": "x", "10": "x", "11": "x", "12": "x"}, {"12": "a", "9": "a"}, {}, [11, 10, 12, 9]),  # new ones first
    ],
)
def test_what_is_read_is_what_differs(
    seen: dict[str, str], known: dict[str, str], before: dict[str, str], differing: list[int]
) -> None:
    assert decide.differing(seen, known, before) == differing


@pytest.mark.parametrize(
    ("near", "nth_newest", "least", "first"),
    [
        ([], None, None, 0),
        ([5], None, 9000, 0),  # few rows: all of them
        ([], 7000, 9000, 9000),
        (list(range(9100, 9400)), 7000, 9000, 9000),  # all near ones are new
        (list(range(8000, 9400)), 7000, 9000, 8100),  # a hundred near ones stay below
        (list(range(1000, 9400)), 7000, 9000, 7000),  # but the range has an end
        ([*range(1, 51), *range(9100, 9400)], 7000, 9000, 9000),  # a few very old ones do not widen it
    ],
)
def test_the_range_holds_most_of_what_is_near(
    near: list[int], nth_newest: int | None, least: int | None, first: int
) -> None:
    assert decide.first_of_range(near, nth_newest, least) == first


@pytest.mark.parametrize(("newest", "steps"), [(0, 1), (1999, 1), (2000, 2), (3000, 2), (10**9, 2)])
def test_a_larger_table_is_looked_through_less_often(newest: int, steps: int) -> None:
    assert decide.hint_period(newest) == steps


@pytest.mark.parametrize(
    ("cursor", "since"),
    [
        (None, NINE - timedelta(minutes=10)),
        (NINE - timedelta(hours=10), NINE - timedelta(hours=10, minutes=10)),
        (NINE + timedelta(hours=1), NINE - timedelta(minutes=10)),  # the clock was put back
    ],
)
def test_hints_overlap(cursor: datetime | None, since: datetime) -> None:
    assert decide.hints_since(cursor, NINE) == since


@pytest.mark.parametrize(
    ("vanished", "known", "seen", "too_much"),
    [
        (0, 0, 0, False),
        (20, 40, 20, False),
        (21, 40, 19, True),
        (30, 3000, 2970, False),
        (31, 3000, 2969, True),
        (1, 1, 0, True),  # empty all at once
        (1, 2, 1, False),
    ],
)
def test_so_many_cannot_have_vanished(vanished: int, known: int, seen: int, too_much: bool) -> None:
    assert decide.is_too_much(vanished, known, seen) is too_much


def test_a_step_follows_so_many_changes_that_few_are_read_and_at_least_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "LED_AT_ONCE", 3)
    assert decide.taken_at_once([]) == 0
    assert decide.taken_at_once([{1, 2}, {2, 3}, {4}]) == 2
    assert decide.taken_at_once([{1, 2, 3, 4, 5}, {6}]) == 1
    assert decide.taken_at_once([set(), {1}, {1}, {1}]) == 4
