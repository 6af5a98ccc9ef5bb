"""The status says what stands in the store, and what the process knows of its links."""

from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import Table, insert

from hub.app import listening
from hub.clock import machine_now
from hub.commands.status import lines
from hub.config import Address
from hub.ops import Ops
from hub.status import Status, StatusReader
from hub.store import tables
from hub.store.engine import Store
from wire.frames import State

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Noon:
    """Business time stands still."""

    def now(self) -> datetime:
        return NOON


def reader(store: Store, *connected: tuple[int, str]) -> StatusReader:
    return StatusReader(store, Noon(), lambda: connected)


async def put(store: Store, table: Table, **values: Any) -> None:
    async with store.hub_writing() as connection:
        await connection.execute(insert(table).values(**values))


@pytest.fixture
async def two_clinics(store: Store) -> Store:
    """Account 31 with two databases and some trouble; account 32 just installed."""
    for account in (31, 32):
        await put(store, tables.accounts, id=account, host=f"clinic{account}.amocrm.ru", created_at=NOON)
    for number, database in enumerate(("db_1", "db_2")):
        await put(
            store,
            tables.databases,
            account_id=31,
            id=database,
            name=f"PZ {number}",
            zone="Europe/Moscow",
            mis="ok" if number else None,
            read_through=NOON if number else None,
            loaded_at=NOON if number else None,
            outbox_depth=4 * number,
        )
    return store


async def test_two_quiet_clinics(two_clinics: Store) -> None:
    status = await reader(two_clinics, (31, "db_2"), (32, "db_1")).read()

    assert status.model_dump(mode="json") == {
        "business_now": "2026-11-24T12:00:00Z",
        "accounts": [
            {
                "account": 31,
                "host": "clinic31.amocrm.ru",
                "configured": False,
                "blocked": None,
                "undelivered": 0,
                "oldest_seconds": 0,
                "due": 0,
                "outcomes": {},
                "databases": [
                    {
                        "id": "db_1",
                        "name": "PZ 0",
                        "connected": False,
                        "mis": None,
                        "read_through": None,
                        "verified_through": None,
                        "outbox": 0,
                        "parked": 0,
                        "loaded": False,
                        "twins": None,
                        "suspended": [],
                        "off": [],
                    },
                    {
                        "id": "db_2",
                        "name": "PZ 1",
                        "connected": True,
                        "mis": "ok",
                        "read_through": "2026-11-24T12:00:00Z",
                        "verified_through": None,
                        "outbox": 4,
                        "parked": 0,
                        "loaded": True,
                        "twins": None,
                        "suspended": [],
                        "off": [],
                    },
                ],
            },
            {
                "account": 32,
                "host": "clinic32.amocrm.ru",
                "configured": False,
                "blocked": None,
                "undelivered": 0,
                "oldest_seconds": 0,
                "due": 0,
                "outcomes": {},
                "databases": [],
            },
        ],
    }


async def dirty(store: Store, patient: str, since: timedelta) -> None:
    await put(
        store, tables.dirty, account_id=31, database="db_1", patient=patient, arrival=1, since=machine_now() - since
    )


async def due(store: Store, patient: str, at: datetime) -> None:
    await put(store, tables.dues, account_id=31, database="db_1", patient=patient, due=at)


async def test_what_waits_is_counted_from_its_oldest(two_clinics: Store) -> None:
    await dirty(two_clinics, "1", timedelta(seconds=90))
    await dirty(two_clinics, "2", timedelta(seconds=5))

    account, other = (await reader(two_clinics).read()).accounts

    assert account.undelivered == 2
    assert 90 <= account.oldest_seconds < 120
    assert other.undelivered == 0


async def test_only_what_has_come_due_is_due(two_clinics: Store) -> None:
    await due(two_clinics, "past", NOON - timedelta(minutes=1))
    await due(two_clinics, "now", NOON)
    await due(two_clinics, "ahead", NOON + timedelta(milliseconds=1))

    assert (await reader(two_clinics).read()).accounts[0].due == 2


async def test_asks_skips_and_parked_are_counted_by_reason(two_clinics: Store) -> None:
    for number, (outcome, reason) in enumerate(
        [
            ("ask", "other_name_on_phone"),
            ("ask", "other_name_on_phone"),
            ("ask", "several_candidates"),
            ("skip", "staff"),
        ]
    ):
        await put(
            two_clinics,
            tables.outcomes,
            account_id=31,
            database="db_1",
            subject=f"visit:{number}",
            patient=str(number),
            outcome=outcome,
            reason=reason,
            at=NOON,
        )
    await put(
        two_clinics,
        tables.parked,
        account_id=31,
        database="db_2",
        kind="visit",
        key="7",
        reason="start",
        parked_at=NOON,
        sealed_change=b"",
    )

    account = (await reader(two_clinics).read()).accounts[0]

    assert account.outcomes == {"ask:other_name_on_phone": 2, "ask:several_candidates": 1, "skip:staff": 1}
    assert [database.parked for database in account.databases] == [0, 1]


async def test_what_is_not_committed_is_not_told(two_clinics: Store) -> None:
    async with two_clinics.hub_writing() as connection:
        await connection.execute(
            insert(tables.dirty).values(account_id=31, database="db_1", patient="1", arrival=1, since=machine_now())
        )
        before = await reader(two_clinics).read()
    after = await reader(two_clinics).read()

    assert [status.accounts[0].undelivered for status in (before, after)] == [0, 1]


async def test_the_ops_address_answers(two_clinics: Store) -> None:
    await dirty(two_clinics, "1", timedelta(seconds=90))
    ops = Ops()
    async with (
        listening(ops.app(), Address(host="127.0.0.1", port=0), "HUB_OPS_LISTEN") as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
    ):

        async def get(path: str) -> tuple[int, str]:
            async with client.get(path) as answer:
                return answer.status, await answer.text()

        assert [(await get(path))[0] for path in ("/ready", "/status", "/metrics")] == [503, 503, 503]
        ops.serve(reader(two_clinics, (31, "db_1")))
        assert [(await get(path))[0] for path in ("/ready", "/status", "/metrics")] == [200, 200, 200]
        told = Status.model_validate_json((await get("/status"))[1])
        assert told.accounts[0].undelivered == 1
        assert told.accounts[0].databases[0].connected
        metrics = (await get("/metrics"))[1].splitlines()
        assert 'hub_undelivered_patients{account="31"} 1.0' in metrics
        ops.stop()
        assert [(await get(path))[0] for path in ("/ready", "/status")] == [503, 200]


async def test_what_an_agent_cannot_read_is_named(two_clinics: Store) -> None:
    state = State(mis="ok", capabilities={"visit.branch": False, "balance.net": False, "visit.source": True})
    async with two_clinics.hub_writing() as connection:
        told = tables.databases.update().where(tables.databases.c.id == "db_2")
        await connection.execute(told.values(state=state.model_dump_json(exclude_unset=True)))
    status = await reader(two_clinics).read()
    assert status.accounts[0].databases[1].off == ("visit.branch", "balance.net")
    assert "OFF visit.branch balance.net (ident-agent check names the columns)" in list(lines(status, serving=True))[2]


async def test_the_text_says_what_needs_a_person(two_clinics: Store) -> None:
    async with two_clinics.hub_writing() as connection:
        await connection.execute(tables.accounts.update().where(tables.accounts.c.id == 31).values(blocked="unpaid"))
    await dirty(two_clinics, "1", timedelta(seconds=90))
    status = await reader(two_clinics, (31, "db_2")).read()

    told = list(lines(status, serving=True))

    assert "BLOCKED (unpaid)" in told[0]
    assert "undelivered 1, the oldest for 90 s" in told[0]
    assert "db_1 PZ 0: NO AGENT, IDENT never seen" in told[1]
    assert "first load not done" in told[1]
    assert "db_2 PZ 1: agent connected, IDENT ok, read through 2026-11-24 12:00:00+00:00" in told[2]
    assert "no database yet" in told[-1]
    assert "agent unknown" in list(lines(status, serving=False))[2]


async def test_two_agents_with_one_identity_are_told_by_their_computers_and_what_to_do(two_clinics: Store) -> None:
    await put(
        two_clinics,
        tables.agents,
        id="ag_1",
        account_id=31,
        database="db_1",
        public_key=b"",
        enrolled_at=NOON,
        suspended_at=NOON,
    )
    doubled = {(31, "db_1"): ("PC-1", "PC-2"), (31, "db_2"): ()}
    status = await StatusReader(two_clinics, Noon(), frozenset, lambda: doubled).read()

    told = list(lines(status, serving=True))

    assert "SECOND AGENT on PC-1 PC-2, SUSPENDED ag_1 (stop its twin, then ident-hub agent resume)" in told[1]
    assert "SECOND AGENT on an unnamed computer" in told[2]
    assert "SUSPENDED" not in told[2]
