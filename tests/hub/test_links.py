"""Who waits, and what the store keeps of deals and contacts."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from hub.clock import machine_now
from hub.links import own, waiting
from hub.links.outcomes import count_nobodys, read_outcomes, save_outcomes
from hub.links.waiting import Waiting
from hub.rules.model import ContactMemory, Memory, PatientKey, Stage, Written
from hub.rules.plan import Outcome, OwnContact, OwnDeal
from hub.rules.visits import Clinic
from hub.store.engine import Store, open_store
from hub.store.tables import contact_links, databases, deals, dirty
from hub.store.vault import KeyFiles
from tests.hub.clinic_day import DATABASE, MORNING, ZONE, Day, at, begun, visit

KEY = PatientKey(DATABASE, "4410")


@pytest.fixture
async def day(store: Store) -> Day:
    """A clinic that is followed since seven in the morning."""
    return await begun(store)


async def mark(day: Day, patient: str, arrival: int, account_id: int | None = None) -> None:
    row = {"database": DATABASE, "patient": patient, "arrival": arrival, "since": machine_now()}
    async with day.store.writing(day.account) as unit:
        await unit.execute(insert(dirty).values(account_id=account_id or day.account.id, **row))


async def keys(day: Day, limit: int = 10) -> list[str]:
    async with day.store.reading(day.account) as unit:
        return [key.patient for key in await waiting.waiting(unit, [DATABASE], day.clock.now(), limit)]


async def test_what_came_meanwhile_still_waits(day: Day) -> None:
    await mark(day, "4410", 5)
    await mark(day, "4411", 6)
    async with day.store.writing(day.account) as unit:
        await unit.execute(update(dirty).where(dirty.c.patient == "4410").values(arrival=7))
        await waiting.clear_dirty(unit, [Waiting(KEY, 5, None), Waiting(PatientKey(DATABASE, "4411"), 6, None)])

    assert await keys(day) == ["4410"]


async def test_some_of_who_is_due_come_first_then_who_waits_longest(day: Day) -> None:
    await begun(day.store, account_id=2)
    await mark(day, "3", 9)
    await mark(day, "4", 8)
    await mark(day, "5", 1, account_id=2)
    async with day.store.writing(day.account) as unit:
        times = {"1": at(6, 59), "2": at(7), "6": at(7, 1), "4": at(6)}
        await waiting.set_dues(unit, {PatientKey(DATABASE, who): due for who, due in times.items()})

    assert await keys(day) == ["4", "1", "3"]
    assert await keys(day, limit=2) == ["4", "3"]
    assert await keys(day, limit=12) == ["4", "1", "2", "3"]
    async with day.store.hub_reading() as connection:
        assert await waiting.accounts_with_work(connection, at(7)) == [1, 2]
        assert await waiting.next_due(connection, at(7)) == at(7, 1)


async def test_a_database_whose_first_load_goes_on_is_no_work_and_its_end_is(day: Day) -> None:
    async def work() -> list[int]:
        async with day.store.hub_reading() as connection:
            return await waiting.accounts_with_work(connection, at(7))

    async def stand(**values: Any) -> None:
        async with day.store.writing(day.account) as unit:
            await unit.execute(update(databases).values(**values))

    await mark(day, "4410", 5)
    await stand(loaded_at=None, verified_through=None, outbox_depth=0)
    while_it_loads = await work()
    await stand(verified_through=at(6), outbox_depth=3)
    while_its_last_changes_come = await work()
    await stand(outbox_depth=0)

    assert (while_it_loads, while_its_last_changes_come, await work()) == ([], [], [day.account.id])


async def test_a_time_that_is_no_more_is_forgotten(day: Day) -> None:
    async with day.store.writing(day.account) as unit:
        await waiting.set_dues(unit, {KEY: at(6)})
        await waiting.set_dues(unit, {KEY: None})

    assert await keys(day) == []


async def test_memories_come_back_as_they_were_and_are_sealed(day: Day) -> None:
    memory = Memory(
        written=Written(target="booked", price=500, name="Канарейкин"), moved_back_at=(at(8),), created_by_us=True
    )
    contact = OwnContact(901, ContactMemory(name="Канарейкин", phones=("+79990001234",)))
    async with day.store.writing(day.account) as unit:
        await own.save_deal(unit, KEY, 501, OwnDeal(Stage(101, 1002), memory), None)
        await own.save_links(unit, KEY, ["1", "2"], 501)
        await own.save_contact(unit, KEY, contact)

    async with day.store.reading(day.account) as unit:
        assert await own.read_deals(unit, DATABASE, ["4410"]) == {"4410": {501: OwnDeal(Stage(101, 1002), memory)}}
        assert await own.read_links(unit, DATABASE, ["4410"]) == {"4410": {"1": 501, "2": 501}}
        assert await own.read_contacts(unit, DATABASE, ["4410"]) == {"4410": contact}
        assert await own.taken(unit, [901, 902], [501, 502]) == ({901}, {501})
        rows = [*(await unit.execute(select(deals))).all(), *(await unit.execute(select(contact_links))).all()]
        assert "Канарейкин".encode() not in b"".join(row.sealed_memory for row in rows)
        assert "+79990001234" not in str(rows)


async def test_an_outcome_keeps_its_time_while_it_stands(day: Day) -> None:
    ask = Outcome("ask", "several_candidates", (1, 2), (11,))
    park = Outcome("park", "NotSupportedChoice", digest="abc")
    async with day.store.writing(day.account) as unit:
        await save_outcomes(unit, KEY, {}, {"patient:4410": ask, "deal:1": park}, at(8))
        before = (await read_outcomes(unit, DATABASE, ["4410"]))["4410"]
        assert before == {"patient:4410": ask, "deal:1": park}

        await save_outcomes(unit, KEY, before, {"patient:4410": ask}, at(8) + timedelta(hours=1))

        assert await read_outcomes(unit, DATABASE, ["4410"]) == {"4410": {"patient:4410": ask}}


async def test_visits_without_patient_card_are_counted_in_proportion_to_how_many_they_are(
    sqlite_url: str, keys: KeyFiles
) -> None:
    """All accounts on one SQLite share its writer: four times as many visits may not hold it sixteen times as long."""
    async with open_store(sqlite_url, keys) as store:
        few, many = await begun(store, account_id=1), await begun(store, account_id=2)
        for day, how_many in ((few, 100), (many, 400)):
            await day.tell(*(visit(str(n), at(9), patient=None) for n in range(how_many)))
            await day.settle()
            assert len(await day.outcomes()) == how_many

        assert await work_of_counting(many) < 6 * await work_of_counting(few)


async def work_of_counting(day: Day) -> int:
    """What SQLite does for it, in instructions of its own."""
    done = [0]

    def note() -> None:
        done[0] += 1

    async with day.store.writing(day.account) as unit:
        await unit.execute(select(1))
        file = (await unit.connection.get_raw_connection()).driver_connection._conn  # type: ignore[union-attr]
        file.set_progress_handler(note, 1)
        await count_nobodys(unit, Clinic(DATABASE, ZONE.key, MORNING), day.clock.now())
        file.set_progress_handler(None, 0)
    return done[0]
