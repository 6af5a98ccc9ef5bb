"""What operators chose and confirmed, in the store: whose it is, who is looked at again, what is sealed."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from hub.links import own, waiting
from hub.links.choices import Choice, chosen_for, forget_choice, read_choice, read_choices, save_choice
from hub.links.confirmations import (
    Confirmation,
    forget_confirmation,
    read_confirmation,
    read_confirmations,
    save_confirmation,
)
from hub.links.outcomes import about, save_outcomes
from hub.rules.model import Memory, PatientKey, Stage
from hub.rules.plan import Outcome, OwnDeal
from hub.store.engine import Store
from hub.store.panel_tables import confirmations
from tests.hub.clinic_day import DATABASE, Day, at, begun

KEY, OTHER, THIRD = (PatientKey(DATABASE, who) for who in ("4410", "4411", "4412"))
TEXT = "Канарейкин, вт 24 ноя, 12:41: вт 24 ноя, 14:30"
CONFIRMATION = Confirmation(501, DATABASE, "81234", at(14, 30), "2", 77, TEXT, at(8))


@pytest.fixture
async def day(store: Store) -> Day:
    """A clinic that is followed since seven in the morning."""
    return await begun(store)


async def choose(day: Day, deal_id: int, key: PatientKey, hour: int = 8) -> None:
    async with day.store.writing(day.account) as unit:
        await save_choice(unit, deal_id, key, 77, at(hour))


async def looked_at(day: Day) -> set[str]:
    """Who waits; from now on nobody does."""
    async with day.store.writing(day.account) as unit:
        keys = await waiting.waiting(unit, [DATABASE], at(8), 100)
        await waiting.clear_dirty(
            unit, list((await waiting.marks(unit, DATABASE, [key.patient for key in keys])).values())
        )
    return {key.patient for key in keys}


async def ask_about(day: Day, key: PatientKey, *deals: int) -> None:
    async with day.store.writing(day.account) as unit:
        outcome = Outcome("ask", "several_candidates", (501,), deals)
        await save_outcomes(unit, key, {}, {f"patient:{key.patient}": outcome}, at(8))


async def test_a_choice_is_one_for_a_deal_and_the_newest_comes_first(day: Day) -> None:
    await choose(day, 501, OTHER)
    await choose(day, 501, KEY)
    await choose(day, 502, KEY, hour=10)
    await choose(day, 503, KEY, hour=9)

    async with day.store.reading(day.account) as unit:
        assert await read_choice(unit, 501) == KEY
        assert await read_choice(unit, 504) is None
        assert await chosen_for(unit, [501, 502, 504]) == {501: KEY, 502: KEY}
        found = await read_choices(unit, DATABASE, ["4410", "4411"])
    assert list(found) == ["4410"]
    assert list(found["4410"]) == [502, 503, 501]
    assert found["4410"][502] == Choice(77, at(10))


async def test_a_choice_of_another_account_is_not_seen(day: Day) -> None:
    await choose(day, 501, KEY)
    other = await begun(day.store, account_id=2)

    async with other.store.reading(other.account) as unit:
        assert await read_choice(unit, 501) is None
        assert await read_choices(unit, DATABASE, ["4410"]) == {}


async def test_whoever_a_choice_concerns_is_looked_at_again(day: Day) -> None:
    await ask_about(day, THIRD, 501, 502)
    await ask_about(day, PatientKey(DATABASE, "4413"), 5011)

    await choose(day, 501, OTHER)
    assert await looked_at(day) == {"4411", "4412"}
    await choose(day, 501, KEY)
    assert await looked_at(day) == {"4410", "4411", "4412"}
    await choose(day, 501, KEY)
    assert await looked_at(day) == set()

    async with day.store.writing(day.account) as unit:
        await forget_choice(unit, 501)
        await forget_choice(unit, 501)
        assert await read_choice(unit, 501) is None
    assert await looked_at(day) == {"4410", "4412"}
    async with day.store.writing(day.account) as unit:
        await forget_choice(unit, 501)
    assert await looked_at(day) == set()


async def test_a_look_that_was_under_way_does_not_swallow_the_choice(day: Day) -> None:
    await choose(day, 501, KEY)
    async with day.store.reading(day.account) as unit:
        before = await waiting.marks(unit, DATABASE, ["4410"])
    await choose(day, 501, OTHER)
    async with day.store.writing(day.account) as unit:
        await waiting.clear_dirty(unit, list(before.values()))

    assert await looked_at(day) == {"4410", "4411"}


async def test_what_is_asked_of_a_deal_is_found_by_its_whole_id(day: Day) -> None:
    await ask_about(day, KEY, 501)
    await ask_about(day, OTHER, 5011)

    async with day.store.reading(day.account) as unit:
        assert [said.subject for said in await about(unit, 501, None)] == ["patient:4410"]
        assert await about(unit, 50, None) == []


async def test_a_confirmation_comes_back_as_it_was_and_is_sealed(day: Day) -> None:
    async with day.store.writing(day.account) as unit:
        await save_confirmation(unit, CONFIRMATION)

    async with day.store.reading(day.account) as unit:
        assert await read_confirmation(unit, 501) == CONFIRMATION
        assert await read_confirmation(unit, 502) is None
        row = (await unit.execute(select(confirmations))).one()
    assert "Канарейкин".encode() not in row.sealed_text


async def test_confirmations_are_read_for_the_deals_of_patients(day: Day) -> None:
    own_deal = OwnDeal(Stage(101, 1002), Memory())
    async with day.store.writing(day.account) as unit:
        await own.save_deal(unit, KEY, 501, own_deal, None)
        await own.save_deal(unit, KEY, 502, own_deal, None)
        await own.save_deal(unit, OTHER, 503, own_deal, None)
        for deal_id in (501, 503, 504):
            await save_confirmation(unit, replace(CONFIRMATION, deal_id=deal_id))

    async with day.store.reading(day.account) as unit:
        assert await read_confirmations(unit, DATABASE, ["4410"]) == {501: CONFIRMATION}
        assert await own.read_deal(unit, 503) == (OTHER, own_deal)
        assert await own.read_deal(unit, 504) is None


async def test_a_newer_confirmation_is_not_forgotten_with_the_old_one(day: Day) -> None:
    newer = replace(CONFIRMATION, start=at(16), at=at(9))
    async with day.store.writing(day.account) as unit:
        await save_confirmation(unit, CONFIRMATION)
        await save_confirmation(unit, newer)
        await forget_confirmation(unit, CONFIRMATION)

        assert await read_confirmation(unit, 501) == newer
        await forget_confirmation(unit, newer)
        assert await read_confirmation(unit, 501) is None
