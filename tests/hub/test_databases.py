"""The databases of an account."""

import pytest
from sqlalchemy import insert

from hub import databases
from hub.accounts import grant_operation
from hub.clock import machine_now
from hub.databases import Database
from hub.store.engine import Store
from hub.store.tables import accounts
from wire.errors import NeedsOperator

ACCOUNT, OTHER = grant_operation(31), grant_operation(32)


@pytest.fixture(autouse=True)
async def two_accounts(store: Store) -> None:
    async with store.hub_writing() as connection:
        for account in (ACCOUNT, OTHER):
            await connection.execute(
                insert(accounts).values(id=account.id, host="clinic.amocrm.ru", created_at=machine_now())
            )


async def test_databases_are_numbered_within_their_account(store: Store) -> None:
    for account in (ACCOUNT, OTHER):
        async with store.writing(account) as unit:
            for number in range(11):
                await databases.add(unit, f"PZ {number}", "Europe/Moscow")

    async with store.reading(OTHER) as unit:
        assert [database.id for database in await databases.listed(unit)] == [f"db_{n}" for n in range(1, 12)]


async def test_a_database_is_found_as_it_was_added(store: Store) -> None:
    async with store.writing(ACCOUNT) as unit:
        added = await databases.add(unit, "Улыбка", "Asia/Omsk")

    async with store.reading(ACCOUNT) as unit:
        assert await databases.get(unit, "db_1") == added == Database("db_1", "Улыбка", "Asia/Omsk")


async def test_a_database_of_another_account_is_not_there(store: Store) -> None:
    async with store.writing(ACCOUNT) as unit:
        await databases.add(unit, "PZ", "Europe/Moscow")

    async with store.reading(OTHER) as unit:
        assert await databases.listed(unit) == []
        with pytest.raises(NeedsOperator, match="account 32"):
            await databases.get(unit, "db_1")
