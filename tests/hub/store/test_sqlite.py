"""How often a unit goes to the thread of its connection: what a card costs is made of these ways."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from hub.accounts import grant_operation
from hub.clock import machine_now
from hub.store.engine import Store, open_store
from hub.store.sqlite import OneWay
from hub.store.tables import accounts
from hub.store.vault import KeyFiles

ACCOUNT = grant_operation(31)


@pytest.fixture
async def store(sqlite_url: str, keys: KeyFiles) -> Any:
    """With connections that are open already."""
    async with open_store(sqlite_url, keys) as opened:
        async with opened.hub_writing() as connection:
            row = {"id": ACCOUNT.id, "host": "clinic.amocrm.ru", "created_at": machine_now()}
            await connection.execute(insert(accounts), row)
        async with opened.reading(ACCOUNT) as unit:
            await unit.execute(select(accounts))
        yield opened


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """All of them."""
    taken: list[Any] = []
    execute = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, work: Any, *args: Any, **named: Any) -> Any:
        taken.append(work)
        return await execute(self, work, *args, **named)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return taken  # type: ignore[return-value]


async def test_a_reading_unit_goes_once_for_each_statement(store: Store, ways: list[Any]) -> None:
    async with store.reading(ACCOUNT) as unit:
        for _ in range(3):
            assert (await unit.execute(select(accounts.c.id))).scalars().all() == [ACCOUNT.id]

    assert len(ways) == 3


async def test_a_unit_that_asks_nothing_goes_nowhere(store: Store, ways: list[Any]) -> None:
    async with store.reading(ACCOUNT):
        pass

    assert ways == []


async def test_a_reading_unit_holds_nothing_after_its_end(store: Store) -> None:
    async with store.reading(ACCOUNT) as unit:
        await unit.execute(select(accounts.c.id))
        held = (await unit.connection.get_raw_connection()).driver_connection
    assert isinstance(held, OneWay)
    await held._execute(lambda: None)  # type: ignore[no-untyped-call]  # behind whatever nobody waited for

    assert not held.in_transaction


async def test_a_writing_unit_goes_for_each_statement_and_to_commit(store: Store, ways: list[Any]) -> None:
    async with store.writing(ACCOUNT) as unit:
        await unit.execute(update(accounts).values(host="other.amocrm.ru"))

    assert len(ways) == 1 + 1


async def test_a_statement_that_fails_leaves_a_connection_that_works(store: Store) -> None:
    async def fail() -> None:
        async with store.writing(ACCOUNT) as unit:
            await unit.execute(update(accounts).values(host="other.amocrm.ru"))
            await unit.execute(
                insert(accounts), {"id": ACCOUNT.id, "host": "clinic.amocrm.ru", "created_at": machine_now()}
            )

    with pytest.raises(IntegrityError):
        await fail()

    async with store.writing(ACCOUNT) as unit:
        assert (await unit.execute(select(accounts.c.host))).scalar_one() == "clinic.amocrm.ru"


async def test_a_unit_sees_one_moment_from_its_first_look_on(store: Store, sqlite_url: str) -> None:
    async with store.reading(ACCOUNT) as unit, aiosqlite.connect(Path(sqlite_url.removeprefix("sqlite:///"))) as other:
        first = (await unit.execute(select(accounts.c.host))).scalar_one()
        await other.execute("UPDATE accounts SET host = 'other.amocrm.ru'")
        await other.commit()

        assert (await unit.execute(select(accounts.c.host))).scalar_one() == first
