"""Installs under way: stored before anything else, worked at by one, found again after a death."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from hub import codes as codes_module
from hub.accounts import grant_install
from hub.clock import machine_now
from hub.codes import Codes, TooManyCodes, finish
from hub.integrations import Integration, Integrations, Pair
from hub.store.engine import Store
from hub.store.tables import codes as table

HOST = "example.amocrm.ru"
PAIR = Pair("access-1", "refresh-1", machine_now())


@pytest.fixture
async def codes(store: Store) -> Codes:
    await Integrations(store).put(Integration("main", "private", "client", "https://hub.example/oauth/main", "s"))
    return Codes(store)


async def test_a_code_is_taken_by_one(codes: Codes) -> None:
    await codes.keep("main", HOST, "code-1")
    taken = await codes.take()

    assert taken is not None
    assert (taken.integration, taken.host, taken.code, taken.pair) == ("main", HOST, "code-1", None)
    assert await codes.take() is None


async def test_codes_are_taken_in_the_order_of_their_coming(codes: Codes) -> None:
    for number in (1, 2):
        await codes.keep("main", HOST, f"code-{number}")
    order = [await codes.take(), await codes.take()]

    assert [code.code for code in order if code] == ["code-1", "code-2"]


async def test_a_code_that_comes_twice_is_one(codes: Codes) -> None:
    await codes.keep("main", HOST, "code-1")
    first = await codes.keep_and_take("main", HOST, "code-1")

    assert first is not None
    assert await codes.keep_and_take("main", HOST, "code-1") is None
    assert await codes.take() is None


async def test_a_code_of_a_process_that_died_is_free_after_a_while(
    codes: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes_module, "TAKEN_FOR", timedelta(seconds=-1))
    await codes.keep_and_take("main", HOST, "code-1")

    assert await codes.take() is not None


async def test_a_code_that_did_not_work_now_waits_its_time(codes: Codes) -> None:
    taken = await codes.keep_and_take("main", HOST, "code-1")
    assert taken is not None
    await codes.give_back(taken, timedelta(hours=1))
    assert await codes.take() is None
    await codes.give_back(taken, timedelta(seconds=-1))

    assert await codes.take() is not None


async def test_a_pair_is_found_again_with_its_code(codes: Codes) -> None:
    taken = await codes.keep_and_take("main", HOST, "code-1")
    assert taken is not None
    await codes.exchanged(taken, PAIR)
    await codes.give_back(taken, timedelta(seconds=-1))
    again = await codes.take()

    assert again is not None
    assert again.pair == PAIR


async def test_a_code_that_will_never_work_is_gone(codes: Codes) -> None:
    taken = await codes.keep_and_take("main", HOST, "code-1")
    assert taken is not None
    await codes.drop(taken)
    await codes.give_back(taken, timedelta(seconds=-1))

    assert await codes.take() is None


async def test_what_became_of_a_code_is_known_for_a_day(
    codes: Codes, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = await codes.keep_and_take("main", HOST, "code-1")
    assert taken is not None
    await codes.exchanged(taken, PAIR)
    async with store.writing(grant_install(7)) as unit:
        await finish(unit, taken)
    again = await codes.keep_and_take("main", HOST, "code-1")

    assert again is not None
    assert (again.account_id, again.pair) == (7, None)
    assert await codes.take() is None
    monkeypatch.setattr(codes_module, "KNOWN_FOR", timedelta(seconds=-1))
    forgotten = await codes.keep_and_take("main", HOST, "code-1")
    assert forgotten is not None
    assert forgotten.account_id is None


async def test_codes_and_pairs_are_sealed(codes: Codes, store: Store) -> None:
    taken = await codes.keep_and_take("main", HOST, "code-of-a-person")
    assert taken is not None
    await codes.exchanged(taken, PAIR)
    async with store.hub_reading() as connection:
        row = repr(tuple((await connection.execute(select(table))).one()))

    for secret in ("code-of-a-person", "access-1", "refresh-1"):
        assert secret not in row
    assert "code-of-a-person" not in repr(taken)


async def test_a_flood_of_codes_is_not_stored(codes: Codes, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes_module, "MOST_WAITING", 2)
    for number in (1, 2):
        await codes.keep("main", HOST, f"code-{number}")

    with pytest.raises(TooManyCodes):
        await codes.keep("main", HOST, "code-3")
    await codes.keep("main", HOST, "code-2")
    async with store.hub_writing() as connection:
        assert (await connection.execute(update(table).values(taken_until=None))).rowcount == 2
