"""One-time codes make agents, once; a revoked agent is one no more."""

import asyncio
import base64
import json
import logging
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from multidict import CIMultiDict
from sqlalchemy import update

from hub import agents
from hub.accounts import grant_operation
from hub.agents import Tries, address_of, link_url
from hub.clock import machine_now
from hub.store import tables
from hub.store.engine import Store
from tests.hub.linked import Agent, Hub, serving
from tests.hub.pushes import visit
from wire.errors import NeedsOperator


@pytest.fixture
async def hub(store: Store) -> AsyncIterator[Hub]:
    async with serving(store, tries=Tries(each=1000, all_together=1000)) as running:
        yield running


KEY = Ed25519PrivateKey.generate()
PUBLIC_KEY = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()


async def code_of(hub: Hub, database: str = "db_1") -> str:
    async with hub.store.writing(hub.account) as unit:
        return await agents.new_code(unit, database)


async def post(hub: Hub, body: Any, headers: Any = None) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with aiohttp.ClientSession() as http:
        async with http.post(hub.address + agents.PATH, data=data, headers=headers) as answer:
            return answer.status, await answer.json()


async def enroll(hub: Hub, code: str) -> tuple[int, Any]:
    return await post(hub, {"code": code, "public_key": PUBLIC_KEY})


# A code becomes an agent


async def test_a_code_makes_an_agent_that_may_open_a_link(hub: Hub) -> None:
    status, names = await enroll(hub, await code_of(hub, "db_2"))

    assert status == 200
    assert set(names) == {"agent", "hub", "database", "link"}
    assert re.fullmatch(r"ag_[0-9A-Z]{8}", names["agent"])
    agent = Agent(hub, names["agent"], names["database"])
    assert (names["hub"], names["database"], names["link"]) == ("hub_1", "db_2", agent.url)
    agent.key = KEY
    async with agent.linked() as talk:
        await talk.acked(await talk.push("live", visit("1")))


async def test_a_code_can_be_told_by_telephone_and_is_kept_nowhere(hub: Hub) -> None:
    code = await code_of(hub)

    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}", code)
    (row,) = await hub.rows(tables.enrolments)
    assert code not in str(row)
    assert code.replace("-", "") not in str(row)
    assert await code_of(hub) != code


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code.lower(),
        lambda code: code.replace("-", ""),
        lambda code: f" {code.replace('-', ' ')}\n",
        lambda code: code.replace("0", "O").replace("1", "l"),
        lambda code: code.replace("A", "А").replace("C", "с").replace("H", "Н").replace("0", "О"),  # Cyrillic
    ],
)
async def test_a_code_may_be_typed_as_people_type(hub: Hub, typed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "_random", lambda length: "0A1CHK0A1CHK"[:length])
    code = await code_of(hub)

    assert (await enroll(hub, typed(code)))[0] == 200


async def test_a_code_is_for_a_database_of_the_account(hub: Hub) -> None:
    async with hub.store.writing(grant_operation(2)) as unit:
        with pytest.raises(NeedsOperator):
            await agents.new_code(unit, "db_2")


async def test_a_second_code_of_a_database_makes_a_second_agent(hub: Hub) -> None:
    first, second = await enroll(hub, await code_of(hub)), await enroll(hub, await code_of(hub))

    assert (first[0], second[0]) == (200, 200)
    assert first[1]["agent"] != second[1]["agent"]


# Codes that make none


async def test_wrong_used_and_expired_codes_are_refused_alike(hub: Hub) -> None:
    used, expired = await code_of(hub), await code_of(hub)
    await enroll(hub, used)
    await hub.write(
        update(tables.enrolments)
        .where(tables.enrolments.c.used_at.is_(None))
        .values(expires_at=machine_now() - timedelta(seconds=1))
    )

    answers = [await enroll(hub, code) for code in ("ZZZZ-ZZZZ-ZZZZ", "Канарейкин", used, expired)]

    assert answers == [(403, {"code": "bad_code"})] * 4
    assert len(await hub.rows(tables.agents)) == 1


async def test_a_code_lives_shortly(hub: Hub) -> None:
    await code_of(hub)

    (row,) = await hub.rows(tables.enrolments)
    assert timedelta(minutes=59) < row.expires_at - machine_now() <= timedelta(hours=1)


async def test_a_code_is_used_once_in_a_race(hub: Hub) -> None:
    code = await code_of(hub)
    async with asyncio.TaskGroup() as tasks:
        tries = [tasks.create_task(enroll(hub, code)) for _ in range(10)]

    assert sorted(attempt.result()[0] for attempt in tries) == [200] + [403] * 9
    assert len(await hub.rows(tables.agents)) == 1


# Requests that are none


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"not json", "body"),
        ([], "body"),
        ({"public_key": PUBLIC_KEY}, "code"),
        ({"code": 7, "public_key": PUBLIC_KEY}, "code"),
        ({"code": "", "public_key": PUBLIC_KEY}, "code"),
        ({"code": "x" * 65, "public_key": PUBLIC_KEY}, "code"),
        ({"code": "x"}, "public_key"),
        ({"code": "x", "public_key": 7}, "public_key"),
        ({"code": "x", "public_key": "not base64!"}, "public_key"),
        ({"code": "x", "public_key": "QUJD"}, "public_key"),
        ({"code": "x", "public_key": "Канарейкин"}, "public_key"),
    ],
)
async def test_a_malformed_request_is_told_its_field(hub: Hub, body: Any, field: str) -> None:
    assert await post(hub, body) == (400, {"code": "bad_request", "field": field})


async def test_a_malformed_request_uses_no_code_up(hub: Hub) -> None:
    code = await code_of(hub)
    await post(hub, {"code": code, "public_key": "QUJD"})

    assert (await enroll(hub, code))[0] == 200


async def test_no_code_and_no_key_is_logged(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    code = await code_of(hub)
    await enroll(hub, code)
    await enroll(hub, code)

    told = "".join(str(vars(record)) for record in caplog.records)
    assert "agent.enrolled" in told
    assert code not in told
    assert PUBLIC_KEY not in told


# Guessing


def test_an_address_has_a_few_tries_a_minute() -> None:
    now = 0.0
    tries = Tries(lambda: now, each=3, all_together=5)

    assert [tries.allowed("a") for _ in range(4)] == [True, True, True, False]
    now = 59.9
    assert not tries.allowed("a")
    now = 60.0
    assert tries.allowed("a")


def test_all_addresses_together_have_some_more() -> None:
    now = 0.0
    tries = Tries(lambda: now, each=3, all_together=5)

    assert [tries.allowed(str(address)) for address in range(6)] == [True] * 5 + [False]
    now = 60.0
    assert tries.allowed("9")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("::1", ["10.0.0.1, 203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["10.0.0.1", "203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("198.51.100.4", ["203.0.113.7"], "198.51.100.4"),
    ],
)
def test_only_a_proxy_on_this_machine_is_believed_whom_it_speaks_for(
    peer: str, forwarded: list[str], address: str
) -> None:
    headers = CIMultiDict(("X-Forwarded-For", value) for value in forwarded)
    request = make_mocked_request("POST", agents.PATH, headers=headers).clone(remote=peer)

    assert address_of(request) == address


async def test_guessing_is_slowed_down(store: Store) -> None:
    async with serving(store) as hub:
        statuses = [(await enroll(hub, f"guess {number}"))[0] for number in range(6)]
        code = await code_of(hub)

        assert statuses == [403] * 5 + [429]
        assert await enroll(hub, code) == (429, {"code": "too_many"})


# Revoking


async def test_an_agent_is_revoked_once_and_by_its_own_account_only(hub: Hub) -> None:
    await Agent(hub).enrol()
    async with hub.store.writing(grant_operation(2)) as unit:
        assert not await agents.revoke(unit, "ag_1")
    async with hub.store.writing(hub.account) as unit:
        assert await agents.revoke(unit, "ag_1")
        assert not await agents.revoke(unit, "ag_1")
        assert not await agents.revoke(unit, "ag_unknown")


@pytest.mark.parametrize(
    ("public", "link"),
    [
        ("https://hub.example.ru", "wss://hub.example.ru/agent/v1"),
        ("https://hub.example.ru:8443/", "wss://hub.example.ru:8443/agent/v1"),
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/agent/v1"),
    ],
)
def test_agents_dial_the_public_address(public: str, link: str) -> None:
    assert link_url(public) == link
