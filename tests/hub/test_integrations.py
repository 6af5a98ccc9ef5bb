"""Integrations and installations in the store, on both kinds of database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.accounts import Account, grant_install
from hub.clock import machine_now
from hub.integrations import Integration, Integrations, Pair, install
from hub.store.engine import Store
from hub.store.tables import accounts, installations, integrations
from wire.errors import NeedsOperator

MAIN = Integration("main", "private", "client-1", "https://hub.example/oauth/main", "a-secret")
OTHER = Integration("other", "public", "client-2", "https://hub.example/oauth/other", "b-secret", "c-secret")
HOST = "example.amocrm.ru"
DAY = timedelta(days=1)
TOMORROW = machine_now().replace(microsecond=0) + DAY


def pair(number: int = 1) -> Pair:
    return Pair(f"access-{number}", f"refresh-{number}", TOMORROW)


@pytest.fixture
def known(store: Store) -> Integrations:
    return Integrations(store)


@pytest.fixture
def account() -> Account:
    return grant_install(28805383)


async def put_in(known: Integrations, account: Account, pair_: Pair, key: str = "main", host: str = HOST) -> None:
    async with known.store.writing(account) as unit:
        await install(unit, key, host, pair_)


@pytest.fixture
async def installed(known: Integrations, account: Account) -> Integrations:
    await known.put(MAIN)
    await put_in(known, account, pair())
    return known


async def test_an_integration_is_known_by_its_key(known: Integrations) -> None:
    await known.put(MAIN)
    await known.put(OTHER)

    assert await known.get("main") == MAIN
    assert await known.all() == [MAIN, OTHER]


async def test_a_changed_secret_replaces_the_old_one(known: Integrations) -> None:
    await known.put(MAIN)
    await known.put(replace(MAIN, secret="new-secret", next_secret="next-secret"))

    assert (await known.get("main")).secrets == ("new-secret", "next-secret")
    await known.put(MAIN)
    assert (await known.get("main")).secrets == ("a-secret",)


async def test_one_client_id_belongs_to_one_integration(known: Integrations) -> None:
    await known.put(MAIN)

    with pytest.raises(NeedsOperator) as raised:
        await known.put(replace(OTHER, client_id=MAIN.client_id))
    assert "main" in raised.value.hint


async def test_an_unknown_integration_says_what_to_do(known: Integrations) -> None:
    with pytest.raises(NeedsOperator) as raised:
        await known.get("main")
    assert "ident-hub integration add" in raised.value.hint


async def test_secrets_and_tokens_are_sealed(installed: Integrations) -> None:
    async with installed.store.hub_reading() as connection:
        rows = [
            tuple(row) for table in (integrations, installations) for row in await connection.execute(select(table))
        ]

    assert rows
    for secret in ("a-secret", "access-1", "refresh-1"):
        assert secret.encode() not in repr(rows).encode()


async def test_an_account_is_made_by_its_first_installation(installed: Integrations, account: Account) -> None:
    found = await installed.writing(account)

    assert (found.host, found.version, found.blocked, found.crm_schema) == (HOST, 1, None, None)
    assert found.pair == pair()


async def test_a_second_install_replaces_the_pair_and_starts_the_account_again(
    installed: Integrations, account: Account
) -> None:
    await installed.block(account, "unauthorised")
    await put_in(installed, account, pair(2), host="renamed.amocrm.ru")
    found = await installed.writing(account)

    assert (found.host, found.version, found.blocked) == ("renamed.amocrm.ru", 2, None)
    assert found.pair.access == "access-2"


async def test_only_the_first_integration_of_an_account_writes(installed: Integrations, account: Account) -> None:
    await installed.put(OTHER)
    await put_in(installed, account, pair(2), "other")

    assert (await installed.writing(account)).integration == "main"


async def test_when_the_writing_integration_leaves_the_next_one_that_is_installed_writes(
    installed: Integrations, account: Account
) -> None:
    await installed.put(OTHER)
    await installed.uninstall(account, "main")
    await put_in(installed, account, pair(2), "other")
    assert (await installed.writing(account)).integration == "other"

    await put_in(installed, account, pair(3), "main")
    assert (await installed.writing(account)).integration == "other"


async def test_an_uninstalled_account_is_left_alone_and_its_tokens_are_forgotten(
    installed: Integrations, account: Account
) -> None:
    assert await installed.uninstall(account, "main")

    with pytest.raises(NeedsOperator) as raised:
        await installed.writing(account)
    assert "Install" in raised.value.hint
    async with installed.store.hub_reading() as connection:
        row = (await connection.execute(select(installations))).one()
    assert (row.sealed_access, row.sealed_refresh) == (None, None)


async def test_uninstalling_what_was_never_installed_changes_nothing(known: Integrations) -> None:
    assert not await known.uninstall(grant_install(1), "main")


async def test_accounts_do_not_see_each_other(installed: Integrations, account: Account) -> None:
    other = grant_install(2)
    await put_in(installed, other, pair(2))
    await installed.block(other, "blocked")
    await installed.uninstall(other, "main")

    assert (await installed.writing(account)).blocked is None
    assert (await installed.writing(account)).pair.access == "access-1"


async def test_a_refresh_token_is_claimed_by_one_at_a_time(installed: Integrations, account: Account) -> None:
    installation = await installed.writing(account)

    assert await installed.claim(installation, DAY)
    assert not await installed.claim(installation, DAY)
    await installed.release(installation)
    assert await installed.claim(installation, DAY)


async def test_a_claim_ends_by_itself(installed: Integrations, account: Account) -> None:
    installation = await installed.writing(account)

    assert await installed.claim(installation, -DAY)
    assert await installed.claim(installation, DAY)


async def test_a_renewed_pair_counts_and_frees_the_claim(installed: Integrations, account: Account) -> None:
    installation = await installed.writing(account)
    await installed.claim(installation, DAY)
    await installed.renew(installation, "renamed.amocrm.ru", pair(2))
    found = await installed.writing(account)

    assert (found.host, found.version, found.pair.access) == ("renamed.amocrm.ru", 2, "access-2")
    assert await installed.claim(found, DAY)


async def test_a_pair_that_is_late_does_not_replace_a_newer_one(installed: Integrations, account: Account) -> None:
    old = await installed.writing(account)
    await put_in(installed, account, pair(2))
    await installed.renew(old, "late.amocrm.ru", pair(3))
    found = await installed.writing(account)

    assert (found.host, found.pair.access) == (HOST, "access-2")


async def test_a_refusal_that_is_late_does_not_stop_a_newer_pair(installed: Integrations, account: Account) -> None:
    old = await installed.writing(account)
    await put_in(installed, account, pair(2))
    await installed.refused(old)

    assert (await installed.writing(account)).blocked is None


async def test_a_pair_that_is_late_ends_the_alarm_that_was_raised_for_it(
    installed: Integrations, account: Account
) -> None:
    installation = await installed.writing(account)
    await installed.refused(installation)
    assert (await installed.writing(account)).blocked == "unauthorised"
    await installed.renew(installation, HOST, pair(2))

    assert (await installed.writing(account)).blocked is None


async def test_a_renewed_pair_does_not_pay_the_bill(installed: Integrations, account: Account) -> None:
    installation = await installed.writing(account)
    await installed.block(account, "unpaid")
    await installed.renew(installation, HOST, pair(2))

    assert (await installed.writing(account)).blocked == "unpaid"
    await installed.unblock(account, "unpaid")
    assert (await installed.writing(account)).blocked is None


async def test_a_claim_of_an_uninstalled_account_is_not_had(installed: Integrations, account: Account) -> None:
    installation = await installed.writing(account)
    await installed.uninstall(account, "main")

    assert not await installed.claim(installation, DAY)
    await installed.renew(installation, HOST, pair(2))
    async with installed.store.hub_reading() as connection:
        assert (await connection.execute(select(installations))).one().sealed_access is None


DUE: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"expires_at": machine_now()}, False),
    ({"sealed_refresh": None}, False),
    ({"active": False}, False),
    ({"writes": False}, False),
]


@pytest.mark.parametrize(("change", "due"), DUE)
async def test_pairs_that_nobody_used_for_long_are_due(
    installed: Integrations, account: Account, change: dict[str, Any], due: bool
) -> None:
    long_ago = {"expires_at": machine_now() - 8 * DAY}
    async with installed.store.writing(account) as unit:
        await unit.execute(installations.update().values(long_ago | change))

    assert await installed.due_for_refresh(machine_now() - 7 * DAY) == ([account] if due else [])


async def test_a_stopped_account_is_not_due(installed: Integrations, account: Account) -> None:
    async with installed.store.writing(account) as unit:
        await unit.execute(installations.update().values(expires_at=machine_now() - 8 * DAY))
        await unit.execute(accounts.update().values(blocked="unauthorised"))

    assert await installed.due_for_refresh(machine_now()) == []
