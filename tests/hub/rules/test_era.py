"""Which visits stand in which deal (R10, R23)."""

from collections.abc import Mapping

import pytest

from hub.rules.era import Assignment, Choices, assign, roles
from hub.rules.model import LOST, WON, Stage
from hub.rules.visits import VisitNow
from tests.hub.clinic_day import AGAIN_BOOKED, BOOKED, DATABASE, PRESET, PRIMARY, REPEAT, at
from tests.hub.rules.made import cancelled, future, ids, not_marked, visited

OPEN = Stage(PRIMARY, BOOKED)
CLOSED = Stage(PRIMARY, LOST)
CLOSED_WON = Stage(PRIMARY, WON)
OPEN_AGAIN = Stage(REPEAT, AGAIN_BOOKED)


def assigned(
    visits: list[VisitNow],
    links: Mapping[str, int] | None = None,
    stages: Mapping[int, Stage | None] | None = None,
    *,
    before: bool = False,
    chosen: tuple[int, ...] = (),
    brought: tuple[int, ...] = (),
    won_by_us: tuple[int, ...] = (),
) -> Assignment:
    eras = roles(visits, visited_before=before)
    return assign(DATABASE, visits, eras, links or {}, stages or {}, PRESET, Choices(chosen, brought), won_by_us)


def check(visits: list[VisitNow], primary: list[str], *, before: bool = False) -> None:
    found = roles(visits, visited_before=before)

    assert sorted(visit for visit, role in found.items() if role == "primary") == primary


@pytest.mark.parametrize(
    ("visits", "before", "primary"),
    [
        ([future("1"), future("2")], False, ["1", "2"]),
        ([future("1")], True, []),
        ([visited("1"), future("2")], False, ["1"]),
        ([visited("1", at(10)), visited("2", at(11))], False, ["1"]),
        (
            [visited("9", at(10)), visited("10", at(10))],
            False,
            ["10", "9"],
        ),  # both over by then: 9 wins, 10 goes with it
        ([visited("1", at(10)), cancelled("2", at(9, 30))], False, ["1", "2"]),
        ([visited("1", at(10)), cancelled("2", at(10, 30))], False, ["1"]),
        ([visited("1", at(10)), cancelled("2", at(9, 55), booked_at=at(9, 50))], False, ["1", "2"]),
        ([visited("1", at(10)), not_marked("2", start=at(9, 30))], False, ["1", "2"]),
        ([visited("1", at(10)), not_marked("2", start=at(11))], False, ["1"]),
        ([visited("1", at(10)), visited("2", at(9, 59), booked_at=at(10, 5))], False, ["2"]),
    ],
)
def test_r23_eras(visits: list[VisitNow], before: bool, primary: list[str]) -> None:
    check(visits, primary, before=before)


def test_r10_all_visits_of_an_era_share_a_new_deal() -> None:
    found = assigned([future("2", booked_at=at(8, 2)), visited("1"), future("3", booked_at=at(8, 1))])

    assert [(slot.role, ids(slot.visits)) for slot in found.slots] == [("primary", ["1"]), ("repeat", ["3", "2"])]


@pytest.mark.parametrize(
    ("visit", "link", "stage", "stays"),
    [
        (future("1"), 7, OPEN, True),
        (future("1"), 7, CLOSED, False),
        (cancelled("1"), 7, CLOSED, True),
        (not_marked("1"), 7, CLOSED_WON, True),
        (future("1"), 7, Stage(900, 1), True),
        (future("1"), 7, None, True),
    ],
)
def test_a_link_moves_only_ahead_out_of_a_closed_deal(
    visit: VisitNow, link: int, stage: Stage | None, stays: bool
) -> None:
    found = assigned([visit], {"1": link}, {link: stage})

    assert (found.deals == {link: (visit,)}) is stays
    assert (len(found.slots) == 1) is not stays


@pytest.mark.parametrize(
    ("visits", "won_by_us", "stays"),
    [
        ([future("1")], (900,), True),
        ([future("1"), future("2")], (900,), True),
        ([future("1")], (), False),  # a person won it
        ([visited("2"), future("1")], (900,), False),  # another visit won it: this one goes on
    ],
)
def test_r10_a_visit_whose_end_was_taken_back_stays_in_the_deal_that_it_had_won(
    visits: list[VisitNow], won_by_us: tuple[int, ...], stays: bool
) -> None:
    links = {visit.id: 900 for visit in visits}

    found = assigned(visits, links, {900: CLOSED_WON}, won_by_us=won_by_us)

    assert ("1" in ids(found.deals.get(900, ()))) is stays


def test_a_link_moves_when_its_visit_became_a_repeat_one() -> None:
    found = assigned([visited("1"), future("2")], {"1": 7, "2": 7}, {7: OPEN})

    assert ids(found.deals[7]) == ["1"]
    assert [(slot.role, ids(slot.visits)) for slot in found.slots] == [("repeat", ["2"])]


def test_r10_a_later_visit_joins_the_only_open_deal_of_its_era() -> None:
    found = assigned([visited("1"), future("2"), future("3")], {"1": 7, "2": 8}, {7: CLOSED_WON, 8: OPEN_AGAIN})

    assert {deal: ids(visits) for deal, visits in found.deals.items()} == {7: ["1"], 8: ["2", "3"]}
    assert found.slots == ()


def test_two_open_deals_there_are_never_resolved_by_guessing() -> None:
    found = assigned([future("1")], {}, {7: OPEN, 8: OPEN})

    assert (found.deals, found.slots, ids(found.in_doubt)) == ({}, (), ["1"])


def test_what_is_over_goes_with_the_deal_that_was_won() -> None:
    found = assigned([visited("1", at(10)), cancelled("2", at(9, 30))], {"1": 7}, {7: CLOSED_WON})

    assert ids(found.deals[7]) == ["1", "2"]


def test_r12_a_visit_ahead_never_joins_a_deal_that_is_closed() -> None:
    found = assigned([future("1")], {}, {7: CLOSED_WON, 8: CLOSED})

    assert (found.deals, len(found.slots)) == ({}, 1)


ELSEWHERE = Stage(900, 1)


@pytest.mark.parametrize(
    ("links", "stages", "chosen", "deals", "slots"),
    [
        # a deal that is not the patient's yet: it must be read first
        ({}, {}, (11,), {}, [(11,)]),
        ({}, {5: OPEN}, (11,), {}, [(11,)]),
        ({"1": 5}, {5: OPEN}, (11,), {5: ["1"]}, []),
        # one of its own
        ({}, {5: OPEN, 6: OPEN}, (6,), {6: ["1"]}, []),
        ({}, {5: OPEN, 6: OPEN_AGAIN}, (6,), {6: ["1"]}, []),
        ({}, {5: OPEN, 6: OPEN}, (11, 6), {}, [(11,)]),
        ({}, {5: OPEN, 6: OPEN}, (6, 11), {6: ["1"]}, []),
        # that takes no visits any more
        ({}, {5: OPEN, 6: CLOSED}, (6,), {5: ["1"]}, []),
        ({}, {5: OPEN, 6: ELSEWHERE}, (6,), {5: ["1"]}, []),
        ({}, {5: OPEN, 6: None}, (6,), {5: ["1"]}, []),
        ({}, {6: CLOSED}, (6, 11), {}, [(11,)]),
        ({}, {6: CLOSED}, (6,), {}, [()]),
    ],
)
def test_r11_the_deal_that_an_operator_chose_comes_after_the_visits_own_link(
    links: dict[str, int],
    stages: dict[int, Stage | None],
    chosen: tuple[int, ...],
    deals: dict[int, list[str]],
    slots: list[tuple[int, ...]],
) -> None:
    found = assigned([future("1")], links, stages, chosen=chosen)

    assert {deal_id: ids(visits) for deal_id, visits in found.deals.items()} == deals
    assert [slot.chosen for slot in found.slots] == slots
    assert found.in_doubt == ()


def test_r11_a_choice_ends_the_doubt_between_two_deals_of_ours() -> None:
    assert assigned([future("1")], {}, {5: OPEN, 6: OPEN}).in_doubt
    assert not assigned([future("1")], {}, {5: OPEN, 6: OPEN}, chosen=(6,)).in_doubt


def test_r11_new_visits_of_both_eras_go_to_the_chosen_deal_together() -> None:
    (slot,) = assigned([visited("1"), future("2")], chosen=(11,)).slots

    assert (ids(slot.visits), slot.chosen) == (["1", "2"], (11,))


@pytest.mark.parametrize(
    ("visits", "stage", "brought", "stays"),
    [
        ([future("1")], OPEN, (5,), True),  # a regular's lead in «Первичные», which an operator chose
        ([future("1")], OPEN, (), False),
        ([future("1")], CLOSED_WON, (5,), False),
        ([future("1"), visited("2")], OPEN, (5,), False),  # it is about to be won: what lies ahead goes on
        ([visited("1"), future("2")], OPEN, (5,), True),
        ([visited("1"), future("2")], CLOSED_WON, (5,), True),
    ],
)
def test_r11_what_a_choice_brought_stays_in_the_primary_pipeline_while_the_deal_is_open(
    visits: list[VisitNow], stage: Stage, brought: tuple[int, ...], *, stays: bool
) -> None:
    found = assigned(visits, {"1": 5, "2": 5}, {5: stage}, before=True, brought=brought)

    assert ("1" in ids(found.deals.get(5, ()))) is stays


def test_r11_a_chosen_deal_that_is_about_to_be_won_takes_no_more_visits() -> None:
    found = assigned([visited("1"), future("2")], {"1": 5}, {5: OPEN}, chosen=(5,))

    assert ids(found.deals[5]) == ["1"]
    assert [slot.pipeline.pipeline_id for slot in found.slots] == [REPEAT]
