"""What people in amoCRM do next: decided by what they see, the time and the seed; never what the clinic owns."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.clinic.leads import BOOKED, LOST, LOST_AGAIN, NEW, PRIMARY, REPEAT, WAS_HERE, WON
from demo.people.decide import TICK, Staff, decide, slot_of
from demo.people.model import (
    ROBOT,
    THINKING,
    Budget,
    Caller,
    Confirm,
    Deal,
    Deed,
    Lose,
    Move,
    NewRequest,
    Rename,
    Source,
    View,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo("Europe/Moscow"))
STAFF = Staff(seed=7, operators=(11, 12))
PHONE = "+79990001251"
REQUEST = Deal(1, 101, PRIMARY, NEW, NOW - timedelta(hours=1), "Заявка с сайта", "Заявка с сайта", (PHONE,))
THEIRS = replace(
    REQUEST, id=2, stage=BOOKED, patient=True, visits=("db_1:80001",), visit_at=NOW + timedelta(hours=5), source="Сайт"
)
CALLER = Caller(1001, NOW + timedelta(minutes=5), "Щеглов Иван Петрович", (PHONE,), new=True)


def view(
    *deals: Deal, callers: tuple[Caller, ...] = (), now: datetime = NOW, phones: frozenset[str] | None = None
) -> View:
    known = frozenset(phone for deal in deals for phone in deal.phones) if phones is None else phones
    return View(now, deals, known, callers)


def in_time(*deals: Deal, hours: int = 12, callers: tuple[Caller, ...] = ()) -> list[Deed]:
    """All that is decided about the same picture at many ticks."""
    moments = (NOW + TICK * n for n in range(hours * 20))
    aged = (
        tuple(replace(deal, created_at=now - (NOW - deal.created_at)) for deal in deals)
        for now in (NOW + TICK * n for n in range(hours * 20))
    )
    return [
        deed
        for now, those in zip(moments, aged, strict=True)
        for deed in decide(view(*those, callers=callers, now=now), STAFF)
    ]


def kinds(deeds: list[Deed]) -> set[type]:
    return {type(deed) for deed in deeds if not isinstance(deed, NewRequest)}


def many_callers(count: int = 400, *, new: bool = True) -> tuple[Caller, ...]:
    return tuple(
        Caller(n, NOW + timedelta(seconds=30), f"Щеглов Иван {n}", (f"+7999000{n:04d}",), new=new)
        for n in range(1, count + 1)
    )


def test_the_same_picture_at_the_same_time_is_decided_alike() -> None:
    picture = view(REQUEST, THEIRS, callers=many_callers(20))

    assert decide(picture, STAFF) == decide(picture, STAFF)
    assert [d for n in range(40) for d in decide(replace(picture, now=NOW + n * TICK), STAFF)] != [
        d for n in range(40) for d in decide(replace(picture, now=NOW + n * TICK), replace(STAFF, seed=8))
    ]


def test_most_who_will_book_turn_up_before_and_half_of_them_without_a_usable_name() -> None:
    requests = [deed for deed in decide(view(callers=many_callers()), STAFF) if isinstance(deed, NewRequest)]

    assert 250 < len(requests) < 340
    named = [deed for deed in requests if deed.contact.startswith("Щеглов")]
    assert 0.4 < len(named) / len(requests) < 0.6
    assert any(deed.contact == deed.phone for deed in requests)
    assert {deed.by for deed in requests} == {ROBOT, *STAFF.operators}


def test_fewer_of_those_whom_the_clinic_knows_turn_up() -> None:
    requests = [deed for deed in decide(view(callers=many_callers(new=False)), STAFF) if isinstance(deed, NewRequest)]

    assert 40 < len(requests) < 120


@pytest.mark.parametrize(
    "picture",
    [
        view(callers=(CALLER,), phones=frozenset({PHONE})),
        view(callers=(replace(CALLER, phones=()),)),
        view(callers=(replace(CALLER, at=NOW - timedelta(seconds=1)),)),
        view(callers=(replace(CALLER, at=NOW + timedelta(hours=2)),)),
    ],
    ids=["known already", "without a phone", "has booked by now", "much too early"],
)
def test_nobody_turns_up_twice_or_at_a_wrong_time(picture: View) -> None:
    everybody = [decide(picture, replace(STAFF, seed=seed)) for seed in range(60)]

    assert not [deed for deeds in everybody for deed in deeds if isinstance(deed, NewRequest) and deed.phone == PHONE]


def test_one_who_will_book_turns_up_once_whatever_the_ticks() -> None:
    caller = replace(CALLER, at=NOW + timedelta(hours=3))
    for step in (timedelta(minutes=3), timedelta(minutes=7), timedelta(minutes=20)):
        phones: frozenset[str] = frozenset()
        came = []
        now = NOW
        while now < caller.at + timedelta(minutes=30):
            for deed in decide(view(callers=(caller,), now=now, phones=phones), STAFF):
                phones |= {deed.phone} if isinstance(deed, NewRequest) else set()
                came += [now] if isinstance(deed, NewRequest) and deed.phone == PHONE else []
            now += step
        assert len(came) == 1


def test_strangers_come_now_and_then_each_with_a_number_of_his_own() -> None:
    strangers = [deed for deed in in_time(hours=24) if isinstance(deed, NewRequest)]

    assert 15 < len(strangers) < 45
    assert len({deed.phone for deed in strangers}) == len(strangers)
    assert all("+79990007000" <= deed.phone <= "+79990009999" for deed in strangers)


def test_a_request_is_taken_priced_described_and_given_up_by_operators() -> None:
    deeds = in_time(replace(REQUEST, created_at=NOW - timedelta(hours=4)))

    assert kinds(deeds) == {Move, Budget, Source, Lose}
    assert {deed.stage for deed in deeds if isinstance(deed, Move)} == {THINKING}
    assert {deed.by for deed in deeds if isinstance(deed, Budget)} == set(STAFF.operators)
    assert {deed.pipeline for deed in deeds if isinstance(deed, Lose)} == {PRIMARY}


def test_now_and_then_a_robot_moves_a_request_that_nobody_took() -> None:
    moves = Counter(deed.by for deed in in_time(REQUEST) if isinstance(deed, Move))

    assert 0 < moves[ROBOT] < moves[11] + moves[12]


def test_who_is_going_to_book_is_called_by_name_and_never_given_up() -> None:
    caller = replace(CALLER, at=NOW + timedelta(days=2))
    deeds = in_time(replace(REQUEST, created_at=NOW - timedelta(hours=8)), callers=(caller,))

    assert Rename in kinds(deeds)
    assert Lose not in kinds(deeds)
    assert {deed.name for deed in deeds if isinstance(deed, Rename)} == {CALLER.name}


def test_a_real_name_is_never_overwritten() -> None:
    known = replace(REQUEST, contact_name="Цаплина Нелли")

    assert Rename not in kinds(in_time(known, callers=(replace(CALLER, at=NOW + timedelta(days=2)),)))


def test_a_visit_of_today_or_tomorrow_is_confirmed_once() -> None:
    confirmed = [deed for deed in in_time(THEIRS, hours=4) if isinstance(deed, Confirm)]

    assert {(deed.deal, deed.visit) for deed in confirmed} == {(2, "db_1:80001")}
    assert {deed.by for deed in confirmed} == set(STAFF.operators)


@pytest.mark.parametrize(
    "deal",
    [
        replace(THEIRS, confirmed=True),
        replace(THEIRS, visits=("db_1:80001", "db_1:80002")),
        replace(THEIRS, visit_at=NOW + timedelta(days=5)),
        replace(THEIRS, visit_at=NOW - timedelta(minutes=1)),
        replace(THEIRS, visit_at=None),
        replace(THEIRS, stage=WAS_HERE, pipeline=REPEAT),
    ],
)
def test_what_need_not_be_confirmed_is_not(deal: Deal) -> None:
    assert kinds(in_time(deal, hours=3)) == set()


def test_a_fresh_request_is_left_alone() -> None:
    fresh = replace(REQUEST, created_at=NOW - timedelta(minutes=3))

    assert kinds(in_time(fresh)) == set()


def test_of_a_cancelled_one_that_went_cold_only_closing_is_decided() -> None:
    cold = replace(THEIRS, stage=LOST_AGAIN, created_at=NOW - timedelta(hours=9), source=None)

    assert kinds(in_time(cold)) == {Lose}


@given(
    st.lists(st.sampled_from([NEW, THINKING, BOOKED, LOST_AGAIN, WAS_HERE, WON, LOST]), max_size=8),
    st.booleans(),
    st.integers(0, 2000),
    st.integers(0, 99),
)
def test_nobody_touches_what_the_clinic_owns_and_no_deal_is_touched_twice(
    stages: list[str], patient: bool, tick: int, seed: int
) -> None:
    deals = [replace(THEIRS, id=n, stage=stage, patient=patient, price=0) for n, stage in enumerate(stages)]
    by_id = {deal.id: deal for deal in deals}
    deeds = [
        deed
        for deed in decide(view(*deals, now=NOW + tick * TICK), replace(STAFF, seed=seed))
        if not isinstance(deed, NewRequest)
    ]

    touched = [deed.deal for deed in deeds if not isinstance(deed, Rename)]
    assert len(touched) == len(set(touched))
    for deed in deeds:
        if isinstance(deed, Move | Budget | Rename):
            assert not patient
        if isinstance(deed, Lose | Move):
            assert by_id[deed.deal].stage not in (BOOKED, WON, LOST, WAS_HERE)


def test_a_tick_is_a_slot_of_time() -> None:
    assert slot_of(NOW) == slot_of(NOW + TICK / 2)
    assert slot_of(NOW + TICK) == slot_of(NOW) + 1
