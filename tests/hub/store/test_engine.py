"""Units of work, on SQLite and PostgreSQL alike."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from hub.accounts import grant_operation
from hub.clock import machine_now
from hub.store.engine import Store, Unit, is_away, open_store
from hub.store.tables import accounts, arrivals
from hub.store.vault import KeyFiles

ACCOUNT = grant_operation(31)
OTHER = grant_operation(32)


@pytest.fixture(autouse=True)
async def two_accounts(store: Store) -> None:
    """Two clinics, each with its counter at 0."""
    async with store.hub_writing() as connection:
        for account in (ACCOUNT, OTHER):
            await connection.execute(
                insert(accounts).values(id=account.id, host="clinic.amocrm.ru", created_at=machine_now())
            )
            await connection.execute(insert(arrivals).values(account_id=account.id, last=0))


async def read(unit: Unit) -> int:
    counted = select(arrivals.c.last).where(arrivals.c.account_id == unit.account.id)
    return int((await unit.execute(counted)).scalar_one())


async def write(unit: Unit, last: int) -> None:
    await unit.execute(update(arrivals).where(arrivals.c.account_id == unit.account.id).values(last=last))


async def count(store: Store) -> int:
    async with store.reading(ACCOUNT) as unit:
        return await read(unit)


async def add_one(store: Store) -> None:
    async with store.writing(ACCOUNT) as unit:
        last = await read(unit)
        await asyncio.sleep(0)  # whoever may come between, comes now
        await write(unit, last + 1)


async def test_writing_units_come_one_after_another(store: Store) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(add_one(store))

    assert await count(store) == 20


async def test_writing_units_of_two_processes_come_one_after_another(
    store: Store, database_url: str, keys: KeyFiles
) -> None:
    async with open_store(database_url, keys) as second, asyncio.TaskGroup() as tasks:
        for _ in range(10):
            tasks.create_task(add_one(store))
            tasks.create_task(add_one(second))

    assert await count(store) == 20


async def test_a_failing_unit_leaves_nothing_behind(store: Store) -> None:
    async def fail() -> None:
        async with store.writing(ACCOUNT) as unit:
            await write(unit, 5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert await count(store) == 0
    await add_one(store)
    assert await count(store) == 1


async def test_a_cancelled_unit_leaves_nothing_behind(store: Store) -> None:
    written, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        async with store.writing(ACCOUNT) as unit:
            await write(unit, 5)
            written.set()
            await never.wait()

    async with asyncio.TaskGroup() as tasks:
        hanging = tasks.create_task(hang())
        await written.wait()
        hanging.cancel()

    assert await count(store) == 0
    await add_one(store)
    assert await count(store) == 1


async def test_a_unit_cancelled_inside_a_statement_lets_the_next_one_write(store: Store) -> None:
    """Whoever looks at the cancelled task holds its traceback, and with it the statement."""
    count_long = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000) SELECT count(*) FROM n"
    )
    begun = asyncio.Event()

    async def hang() -> None:
        async with store.writing(ACCOUNT) as unit:
            await write(unit, 5)
            begun.set()
            await unit.execute(count_long)

    async with asyncio.TaskGroup() as tasks:
        hanging = tasks.create_task(hang())
        await begun.wait()
        await asyncio.wait({hanging}, timeout=0.02)
        hanging.cancel()

    async with asyncio.timeout(4):  # SQLite waits five seconds for a lock
        await add_one(store)
    assert hanging.cancelled()
    assert await count(store) == 1


async def test_a_unit_may_be_cancelled_at_any_moment(store: Store) -> None:
    finished = 0
    for turn in range(40):
        async with asyncio.TaskGroup() as tasks:
            adding = tasks.create_task(add_one(store))
            await asyncio.wait({adding}, timeout=turn * 0.0003)
            adding.cancel()
        finished += not adding.cancelled()

    last = await count(store)
    await add_one(store)
    assert finished <= last <= 40
    assert await count(store) == last + 1


async def test_a_reading_unit_sees_one_moment(store: Store) -> None:
    async with store.reading(ACCOUNT) as unit:
        before = await read(unit)
        await add_one(store)
        assert await read(unit) == before

    assert await count(store) == before + 1


async def test_a_unit_commits_at_its_end_and_not_before(store: Store) -> None:
    async with store.writing(ACCOUNT) as unit:
        await write(unit, 3)
        assert await count(store) == 0

    assert await count(store) == 3


async def test_times_come_back_as_they_went_in(store: Store) -> None:
    tomorrow = machine_now().replace(microsecond=123000) + timedelta(days=1)
    created = select(accounts.c.created_at).where(accounts.c.id == ACCOUNT.id)
    async with store.hub_writing() as connection:
        await connection.execute(update(accounts).where(accounts.c.id == ACCOUNT.id).values(created_at=tomorrow))
    async with store.hub_reading() as connection:
        earlier = select(accounts.c.id).where(accounts.c.created_at < tomorrow)

        assert (await connection.execute(created)).scalar_one() == tomorrow
        assert (await connection.execute(earlier)).scalars().all() == [OTHER.id]


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (DBAPIError(None, None, Exception()), True),  # a server that starts or stops refuses the connection itself
        (DBAPIError("SELECT 1", None, Exception(), connection_invalidated=True), True),
        (DBAPIError("SELECT 1", None, Exception()), False),
        (OSError(), True),
        (ValueError(), False),
    ],
)
def test_a_database_that_is_away_is_told_from_a_mistake_of_ours(error: Exception, away: bool) -> None:
    assert is_away(error) is away
