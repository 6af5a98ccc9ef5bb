"""The order in which changes arrive does not change the end, and the same state twice asks for nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.rules.fields import DealField
from hub.rules.settings import Settings
from tests.hub.clinic_day import (
    NEW,
    PRIMARY,
    REPEAT,
    WON,
    Day,
    a_sqlite_store,
    at,
    begun,
    patient,
    primary,
    sums,
    visit,
)
from wire.model import Visit

NOON = at(12)
PATH = {DealField.FIRST_VISIT_AT}
"""What rules.md lets depend on the way: «the first date that the deal had»."""

STAGED = ("booked", "cancelled", "arrived", "in_progress", "not_marked")
MAPPED = Settings.model_validate(
    {
        "pipelines": {
            role: {
                "pipeline_id": pipeline_id,
                "win_after_days": days,
                "targets": {
                    "visited": {"stage": visited},
                    **{target: {"stage": pipeline_id * 10 + place} for place, target in enumerate(STAGED)},
                },
            }
            for role, pipeline_id, days, visited in (("primary", PRIMARY, None, WON), ("repeat", REPEAT, 30, 1029))
        }
    }
)
"""Every target has a stage: where one is blank a deal stays where the way has led it."""

Days = Callable[[], Awaitable[Day]]

KINDS: dict[str, dict[str, Any]] = {
    "future": {},
    "not marked": {"start": at(11)},
    "arrived": {"status": "arrived", "arrived_at": at(11, 50), "start": at(11, 45)},
    "in progress": {"status": "started", "started_at": at(11, 40), "start": at(11, 30)},
    "visited": {
        "status": "fulfilled",
        "start": at(9, 30),
        "ended_at": at(10, 30),
        "sums": sums(billed="1500.00", planned="2000.00"),
    },
    "visited late": {"status": "fulfilled", "start": at(10), "ended_at": at(11, 30), "sums": sums(billed="700.40")},
    "cancelled": {"status": "cancelled", "cancelled_at": at(9, 45)},
    "cancelled just now": {"status": "cancelled", "cancelled_at": at(11, 55)},
    "of the past": {
        "start": at(10, day=-30),
        "booked_at": at(10, day=-40),
        "status": "fulfilled",
        "ended_at": at(11, day=-30),
    },
}


@st.composite
def histories(draw: st.DrawFn) -> list[Visit]:
    """One to four visits of one patient, as they stand at noon."""
    kinds = draw(st.lists(st.sampled_from([kind for kind in KINDS if kind != "of the past"]), min_size=1, max_size=4))
    told: list[Visit] = []
    for number, kind in enumerate(kinds):
        spec = {
            "start": at(13 + number, day=draw(st.integers(0, 3))),
            "booked_at": at(8, draw(st.integers(0, 59))),
        } | KINDS[kind]
        told.append(visit(str(81000 + number), spec.pop("start"), **spec))
    return told


@pytest.fixture
async def days(tmp_path: Path, migrated_sqlite: bytes) -> AsyncIterator[Days]:
    """Days enough, each in an account of its own."""
    numbers = count(1)
    async with a_sqlite_store(tmp_path, migrated_sqlite) as store:
        yield lambda: begun(store, settings=MAPPED, account_id=next(numbers))


async def delivered(day: Day, parts: Sequence[Sequence[Visit]], *, regular: bool, lead: bool) -> dict[str, Any]:
    """The end after these deliveries, all at noon, when every grace is over."""
    day.clock.moment = NOON
    if lead:
        day.crm.lead(name="Заявка с сайта", phone="+79990000101", stage=primary(NEW))
    spec = dict(KINDS["of the past"])
    await day.tell(patient(), *([visit("70000", spec.pop("start"), **spec)] if regular else []))
    for part in parts:
        await day.tell(*part)
        await day.settle()
    await day.go(at(12, 30))
    return the_end(day)


def the_end(day: Day) -> dict[str, Any]:
    deals = [
        (deal.stage, deal.price, {name: value for name, value in deal.fields.items() if name not in PATH})
        for deal in day.deals
    ]
    cards = [(card.name, card.raw_phones, card.fields) for card in day.crm.contact_cards.values()]
    return {"deals": sorted(deals, key=lambda deal: str(deal[2].get(DealField.VISITS))), "contacts": cards}


def _tried(examples: int) -> settings:
    return settings(
        max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    )


ARRIVALS = given(told=histories(), data=st.data(), regular=st.booleans(), lead=st.booleans())


async def _arrive_in_any_order(days: Days, told: list[Visit], data: st.DataObject, regular: bool, lead: bool) -> None:
    shuffled = data.draw(st.permutations(told))
    at_once = await delivered(await days(), [told], regular=regular, lead=lead)

    one_by_one = await delivered(await days(), [[change] for change in shuffled], regular=regular, lead=lead)

    assert one_by_one == at_once


test_the_order_of_arrival_does_not_change_the_end = _tried(24)(ARRIVALS(_arrive_in_any_order))
test_no_order_of_arrival_changes_the_end = pytest.mark.long(
    pytest.mark.timeout(3600)(_tried(1000)(ARRIVALS(_arrive_in_any_order)))
)


@_tried(25)
@given(told=histories(), regular=st.booleans())
async def test_the_same_state_twice_asks_for_nothing(days: Days, told: list[Visit], regular: bool) -> None:
    day = await days()
    await delivered(day, [told], regular=regular, lead=False)
    day.crm.forget_requests()

    await day.tell(patient(), *told)
    await day.settle()

    assert day.crm.requests == []
    assert await day.left_over() == {"dirty": 0, "intents": 0}
