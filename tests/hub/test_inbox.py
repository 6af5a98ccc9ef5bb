"""What agents push becomes records, phones and patients to look at: in one transaction, with the lanes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, func, insert, select, update

from hub.accounts import Account, grant_agent
from hub.inbox import Inbox, Outrun, Received, record_place, retry_parked
from hub.inbox.intake import moved_on
from hub.inbox.passes import brake_holds
from hub.inbox.write import parked_place
from hub.store import tables
from hub.store.engine import Store
from tests.hub.pushes import AT, Lanes, balance, change, patient, vanished, visit
from wire.frames import PassBegin, PassEnd, Position, Push, encode
from wire.lanes import START
from wire.model import entity

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Day:
    """A business clock that a test sets."""

    def now(self) -> datetime:
        return NOW


class Clinic:
    """One database of one account, and an inbox that takes what its agent pushes."""

    def __init__(self, store: Store, account: Account) -> None:
        self.store, self.account = store, account
        self.inbox = Inbox(store, Day())
        self.lanes = Lanes()

    async def push(self, *changes: dict[str, Any], lane: str = "live") -> dict[Any, Position]:
        return await self.take(self.lanes.push(lane, *changes))

    async def take(self, *received: Received, generation: int = 1) -> dict[Any, Position]:
        return await self.inbox.take(self.account, "db_1", generation, received)

    async def begin(self, kind: str) -> None:
        await self.take(self.lanes.mark(PassBegin, kind))

    async def end(self, kind: str) -> None:
        await self.take(self.lanes.mark(PassEnd, kind))

    async def rows(self, table: Any) -> list[Row[Any]]:
        async with self.store.reading(self.account) as unit:
            return list(await unit.execute(select(table).order_by(*table.primary_key)))

    async def record(self, kind: str, key: str) -> Row[Any]:
        (found,) = [row for row in await self.rows(tables.records) if (row.kind, row.key) == (kind, key)]
        return found

    async def value(self, kind: Any, key: str) -> dict[str, Any]:
        row = await self.record(kind, key)
        async with self.store.reading(self.account) as unit:
            value: dict[str, Any] = json.loads(unit.vault.open(row.sealed_value, record_place("db_1", (kind, key))))
        return value

    async def dirty(self) -> dict[str, int]:
        return {row.patient: row.arrival for row in await self.rows(tables.dirty)}

    async def delivered(self) -> None:
        async with self.store.writing(self.account) as unit:
            await unit.execute(tables.dirty.delete())

    async def vanished(self) -> set[str]:
        return {row.key for row in await self.rows(tables.records) if row.vanished_at}


@pytest.fixture
async def clinic(store: Store) -> Clinic:
    async with store.hub_writing() as connection:
        await connection.execute(insert(tables.accounts).values(id=1, host="a.amocrm.ru", created_at=NOW))
        await connection.execute(
            insert(tables.databases).values(account_id=1, id="db_1", name="Демо", zone="Europe/Moscow", generation=1)
        )
    return Clinic(store, grant_agent(1))


# Records


async def test_a_visit_becomes_a_record_with_its_clear_columns_and_a_sealed_value(clinic: Clinic) -> None:
    await clinic.push(visit("81234", patient_id="4410", comment="Канарейкин"))

    row = await clinic.record("visit", "81234")
    assert (row.patient, row.status, row.start, row.vanished_at) == ("4410", "booked", AT + timedelta(days=10), None)
    assert row.read_at == AT
    assert "Канарейкин".encode() not in row.sealed_value
    assert (await clinic.value("visit", "81234"))["comment"] == "Канарейкин"


async def test_a_sealed_value_keeps_absent_apart_from_empty(clinic: Clinic) -> None:
    await clinic.push(visit("1", comment=None))

    value = entity("visit", await clinic.value("visit", "1"))
    assert {"comment", "sums"} & value.model_fields_set == {"comment"}


async def test_a_newer_state_replaces_the_older(clinic: Clinic) -> None:
    await clinic.push(visit("1"))
    first = (await clinic.record("visit", "1")).arrival
    await clinic.push(visit("1", status="cancelled"))

    row = await clinic.record("visit", "1")
    assert row.status == "cancelled"
    assert row.arrival > first


async def test_the_last_state_of_a_key_wins_within_one_transaction(clinic: Clinic) -> None:
    await clinic.take(
        clinic.lanes.push("live", visit("1"), visit("2")),
        clinic.lanes.push("backfill", visit("1", status="arrived")),
        clinic.lanes.push("live", visit("1", status="started")),
    )

    assert (await clinic.record("visit", "1")).status == "started"


async def test_a_vanished_visit_keeps_its_value_and_comes_back(clinic: Clinic) -> None:
    await clinic.push(visit("1"))
    await clinic.push(vanished("visit", "1", at=AT + timedelta(minutes=1)))
    gone = await clinic.record("visit", "1")
    await clinic.push(visit("1"))

    assert gone.vanished_at == AT + timedelta(minutes=1)
    assert gone.status == "booked"
    assert (await clinic.record("visit", "1")).vanished_at is None


async def test_a_visit_that_came_and_vanished_in_one_push_is_told_as_vanished(clinic: Clinic) -> None:
    await clinic.push(visit("1"), vanished("visit", "1"))

    assert (await clinic.record("visit", "1")).vanished_at == AT
    assert await clinic.dirty() != {}


async def test_what_was_never_told_cannot_vanish(clinic: Clinic) -> None:
    await clinic.push(vanished("visit", "1"))

    assert await clinic.rows(tables.records) == []
    assert await clinic.dirty() == {}


async def test_arrivals_are_one_rising_counter_of_the_account(clinic: Clinic) -> None:
    await clinic.push(visit("1"), visit("2"))
    await clinic.push(visit("3"), lane="backfill")

    assert [row.arrival for row in await clinic.rows(tables.records)] == [1, 2, 3]


# Who is looked at


@pytest.mark.parametrize(
    ("pushed", "expected"),
    [
        (visit("1", patient_id="4410"), {"4410"}),
        (visit("1", patient_id=None), {""}),
        (change("visit", "1", visit("1")["value"], drop="patient_id"), {""}),
        (patient("4410"), {"4410"}),
        (balance("4410"), {"4410"}),
        (change("checkup", "7", {"id": "7", "patient_id": "4410"}), {"4410"}),
        (change("plan", "7", {"id": "7", "patient_id": "4410"}), {"4410"}),
    ],
)
async def test_a_change_has_its_patient_looked_at(clinic: Clinic, pushed: dict[str, Any], expected: set[str]) -> None:
    await clinic.push(pushed)

    assert set(await clinic.dirty()) == expected


async def test_a_visit_that_changed_hands_has_both_patients_looked_at(clinic: Clinic) -> None:
    await clinic.push(visit("1", patient_id="4410"))
    await clinic.delivered()
    await clinic.push(visit("1", patient_id="4411"))

    assert set(await clinic.dirty()) == {"4410", "4411"}
    assert (await clinic.record("visit", "1")).patient == "4411"


async def test_a_visit_that_lost_its_card_is_looked_at_on_both_sides(clinic: Clinic) -> None:
    await clinic.push(visit("1", patient_id="4410"))
    await clinic.delivered()
    await clinic.push(visit("1", patient_id=None))

    assert set(await clinic.dirty()) == {"4410", ""}


async def test_an_unknown_patient_of_a_visit_stays_who_it_was(clinic: Clinic) -> None:
    await clinic.push(visit("1", patient_id="4410"))
    await clinic.push(change("visit", "1", visit("1", status="arrived")["value"], drop="patient_id"))

    assert (await clinic.record("visit", "1")).patient == "4410"


async def test_a_vanished_visit_has_its_patient_looked_at(clinic: Clinic) -> None:
    await clinic.push(visit("1", patient_id="4410"))
    await clinic.delivered()
    await clinic.push(vanished("visit", "1"))

    assert set(await clinic.dirty()) == {"4410"}


async def test_dirty_holds_the_newest_arrival_and_the_oldest_time(clinic: Clinic) -> None:
    await clinic.push(visit("1", patient_id="4410"))
    (before,) = await clinic.rows(tables.dirty)
    await clinic.push(patient("9"), visit("1", patient_id="4410"))

    after = {row.patient: row for row in await clinic.rows(tables.dirty)}["4410"]
    assert after.arrival == 3
    assert after.since == before.since


async def test_whoever_reconciles_is_woken_after_the_commit(clinic: Clinic) -> None:
    assert not clinic.inbox.arrived.is_set()

    await clinic.push(visit("1"))

    assert clinic.inbox.arrived.is_set()


# Phones


async def macs(clinic: Clinic, number: str) -> set[str]:
    async with clinic.store.reading(clinic.account) as unit:
        mac = unit.vault.mac(number)
    return {row.patient for row in await clinic.rows(tables.phones) if row.phone_mac == mac}


async def test_a_patient_is_found_by_the_numbers_that_stand_on_the_card_now(clinic: Clinic) -> None:
    await clinic.push(patient("4410", phones=["+79990000101", "+79990000102", "+79990000101"]))
    await clinic.push(patient("4410", phones=["+79990000102", "+79990000103"]))

    assert await macs(clinic, "+79990000101") == set()
    assert await macs(clinic, "+79990000102") == {"4410"}
    assert await macs(clinic, "+79990000103") == {"4410"}


async def test_unknown_numbers_leave_the_known_ones(clinic: Clinic) -> None:
    await clinic.push(patient("4410", phones=["+79990000101"]))
    await clinic.push(change("patient", "4410", {"id": "4410", "name": "Петров Пётр"}))

    assert await macs(clinic, "+79990000101") == {"4410"}


async def test_empty_numbers_clear_the_known_ones(clinic: Clinic) -> None:
    await clinic.push(patient("4410", phones=["+79990000101"]))
    await clinic.push(patient("4410", phones=[]))

    assert await macs(clinic, "+79990000101") == set()


async def test_a_vanished_patient_is_found_no_more(clinic: Clinic) -> None:
    await clinic.push(patient("4410", phones=["+79990000101"]))
    await clinic.push(vanished("patient", "4410"))

    assert await macs(clinic, "+79990000101") == set()


# Changes that cannot be read

BAD = change("visit", "1", {"id": "1", "status": "asleep", "start": "soon", "end": "2026-11-23T15:00:00+03:00"})


async def test_a_bad_change_is_parked_by_the_names_of_its_fields_and_the_stream_goes_on(clinic: Clinic) -> None:
    moved = await clinic.push(BAD, visit("2"))

    (row,) = await clinic.rows(tables.parked)
    assert (row.kind, row.key, row.reason) == ("visit", "1", "start, status")
    assert moved["live"].seq == clinic.lanes.seq
    assert [record.key for record in await clinic.rows(tables.records)] == ["2"]


async def test_a_parked_change_is_sealed(clinic: Clinic) -> None:
    await clinic.push(change("patient", "1", {"id": "1", "name": "Канарейкин", "phones": ["Канарейкин"]}))

    (row,) = await clinic.rows(tables.parked)
    assert row.reason == "phones.0"
    assert "Канарейкин".encode() not in row.sealed_change


async def test_a_value_filed_under_another_key_is_parked(clinic: Clinic) -> None:
    await clinic.push(change("visit", "1", visit("2")["value"]), change("balance", "1", {"patient_id": "2"}))

    assert {row.kind: row.reason for row in await clinic.rows(tables.parked)} == {
        "visit": "id",
        "balance": "patient_id",
    }


async def test_a_bad_change_leaves_the_last_good_state_and_nobody_to_look_at(clinic: Clinic) -> None:
    await clinic.push(visit("1"))
    await clinic.delivered()
    await clinic.push(BAD)

    assert (await clinic.record("visit", "1")).status == "booked"
    assert await clinic.dirty() == {}


async def test_the_good_state_before_a_bad_one_in_the_same_push_is_stored(clinic: Clinic) -> None:
    await clinic.push(visit("1"), BAD)

    assert (await clinic.record("visit", "1")).status == "booked"
    assert len(await clinic.rows(tables.parked)) == 1


@pytest.mark.parametrize("later", [visit("1"), vanished("visit", "1")])
async def test_a_later_state_that_can_be_read_removes_the_parked_one(clinic: Clinic, later: dict[str, Any]) -> None:
    await clinic.push(BAD)
    await clinic.push(later)

    assert await clinic.rows(tables.parked) == []


async def test_a_parked_change_that_can_be_read_after_an_upgrade_is_stored(clinic: Clinic) -> None:
    await clinic.push(BAD, change("visit", "2", {"id": "2"}))
    async with clinic.store.writing(clinic.account) as unit:  # the upgrade: what was bad is good now
        good = Push(t="push", lane="live", prev=0, changes=(visit("1", seq=1),)).changes[0]
        sealed = unit.vault.seal(good.model_dump_json(exclude_unset=True), parked_place("db_1", ("visit", "1")))
        await unit.execute(update(tables.parked).where(tables.parked.c.key == "1").values(sealed_change=sealed))

    async with clinic.store.writing(clinic.account) as unit:
        retried = await retry_parked(unit)

    assert retried == 1
    assert (await clinic.record("visit", "1")).status == "booked"
    assert [row.key for row in await clinic.rows(tables.parked)] == ["2"]
    assert set(await clinic.dirty()) == {"4410"}


# Full passes


async def test_what_a_pass_did_not_see_has_vanished(clinic: Clinic) -> None:
    await clinic.push(visit("1", patient_id="1"), visit("2", patient_id="2"), visit("3", patient_id="3"), patient("3"))
    await clinic.delivered()
    await clinic.begin("visit")
    await clinic.push(visit("1", patient_id="1"), lane="backfill")
    await clinic.push(visit("2", patient_id="2"), lane="live")
    await clinic.end("visit")

    assert (await clinic.record("visit", "3")).vanished_at == NOW
    assert await clinic.vanished() == {"3"}
    assert set(await clinic.dirty()) == {"1", "2", "3"}


async def test_marks_and_pushes_of_one_transaction_keep_their_order(clinic: Clinic) -> None:
    await clinic.push(visit("1"), visit("2"))
    await clinic.take(
        clinic.lanes.push("live", visit("2", status="arrived")),
        clinic.lanes.mark(PassBegin, "visit"),
        clinic.lanes.push("backfill", visit("1")),
        clinic.lanes.mark(PassEnd, "visit"),
        clinic.lanes.push("live", visit("3")),
    )

    assert await clinic.vanished() == {"2"}


async def test_what_came_but_could_not_be_read_was_seen(clinic: Clinic) -> None:
    await clinic.push(visit("1"), visit("2"))
    await clinic.begin("visit")
    await clinic.push(BAD, visit("2"))
    await clinic.end("visit")

    assert await clinic.vanished() == set()


async def test_a_patient_that_a_pass_did_not_see_is_found_no_more(clinic: Clinic) -> None:
    await clinic.push(patient("1", phones=["+79990000101"]), patient("2", phones=["+79990000101"]))
    await clinic.begin("patient")
    await clinic.push(patient("2", phones=["+79990000101"]))
    await clinic.end("patient")

    assert await macs(clinic, "+79990000101") == {"2"}


async def test_a_pass_begun_again_counts_from_its_last_begin(clinic: Clinic) -> None:
    await clinic.push(visit("1"), visit("2"))
    await clinic.begin("visit")
    await clinic.push(visit("1"))
    await clinic.begin("visit")
    await clinic.push(visit("2"))
    await clinic.end("visit")

    assert await clinic.vanished() == {"1"}


async def test_an_end_without_its_begin_says_nothing(clinic: Clinic) -> None:
    await clinic.push(visit("1"), visit("2"))
    await clinic.begin("patient")
    await clinic.end("visit")

    assert await clinic.vanished() == set()


async def test_what_is_parked_and_not_seen_by_a_pass_does_not_come_back(clinic: Clinic) -> None:
    await clinic.push(BAD, change("visit", "2", {"id": "2"}), visit("3"))
    await clinic.begin("visit")
    await clinic.push(change("visit", "2", {"id": "2"}), visit("3"))
    await clinic.end("visit")

    assert [row.key for row in await clinic.rows(tables.parked)] == ["2"]


async def test_too_many_missing_rows_wait_for_a_person(clinic: Clinic) -> None:
    await clinic.push(*[visit(str(number)) for number in range(1, 51)])
    await clinic.delivered()
    await clinic.begin("visit")
    await clinic.push(*[visit(str(number)) for number in range(1, 30)])
    await clinic.delivered()
    await clinic.end("visit")

    assert await clinic.vanished() == set()
    assert await clinic.dirty() == {}
    assert [(row.kind, row.reason) for row in await clinic.rows(tables.parked)] == [("visit", "pass_brake")]
    async with clinic.store.writing(clinic.account) as unit:
        assert await retry_parked(unit) == 0


async def test_the_next_whole_pass_takes_the_question_back(clinic: Clinic) -> None:
    await clinic.push(*[visit(str(number)) for number in range(1, 51)])
    await clinic.begin("visit")
    await clinic.end("visit")
    await clinic.begin("visit")
    await clinic.push(*[visit(str(number)) for number in range(1, 50)])
    await clinic.end("visit")

    assert await clinic.vanished() == {"50"}
    assert await clinic.rows(tables.parked) == []


@pytest.mark.parametrize(
    ("missing", "total", "holds"),
    [
        (0, 0, False),
        (0, 100, False),
        (20, 21, False),
        (21, 100, True),
        (21, 2100, False),
        (22, 2100, True),
        (5, 5, True),
        (1, 1, True),
    ],
)
def test_the_brake_holds_above_20_and_1_percent_and_at_an_empty_table(missing: int, total: int, holds: bool) -> None:
    assert brake_holds(missing, total) is holds


# Lanes


async def test_the_lanes_stand_where_the_pushes_end_and_chain_their_texts(clinic: Clinic) -> None:
    first = await clinic.push(visit("1"), visit("2"))
    second = await clinic.push(visit("3"), lane="backfill")

    stored = {row.lane: (row.seq, row.digest) for row in await clinic.rows(tables.lanes)}
    assert stored == {lane: (sent.seq, sent.digest) for lane, sent in clinic.lanes.sent.items()}
    assert (set(first), set(second)) == ({"live"}, {"backfill"})


async def test_a_push_that_does_not_build_on_what_is_held_stores_nothing(clinic: Clinic) -> None:
    taken = clinic.lanes.push("live", visit("1"))
    await clinic.take(taken)
    with pytest.raises(Outrun):
        await clinic.take(taken)

    async with clinic.store.reading(clinic.account) as unit:
        assert (await unit.execute(select(func.max(tables.arrivals.c.last)))).scalar_one() == 1


async def test_a_link_of_an_older_generation_stores_nothing(clinic: Clinic) -> None:
    async with clinic.store.writing(clinic.account) as unit:
        await unit.execute(update(tables.databases).values(generation=2))

    with pytest.raises(Outrun):
        await clinic.push(visit("1"))

    assert await clinic.rows(tables.records) == []


async def test_an_error_in_the_middle_stores_nothing(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    async def torn(*_: Any) -> None:
        raise OSError

    monkeypatch.setattr("hub.inbox.intake.put_positions", torn)
    with pytest.raises(OSError):
        await clinic.push(visit("1"), patient("4410"))

    for table in (tables.records, tables.dirty, tables.arrivals, tables.phones):
        assert await clinic.rows(table) == []
    assert not clinic.inbox.arrived.is_set()


def test_a_mark_moves_its_lane_as_a_push_does() -> None:
    lanes = Lanes()
    received = [lanes.push("live", visit("1")), lanes.mark(PassBegin, "visit"), lanes.push("backfill", visit("2"))]

    moved = moved_on({"live": START, "backfill": START}, received)

    assert moved == {lane: Position(seq=sent.seq, digest=sent.digest) for lane, sent in lanes.sent.items()}


def test_what_was_received_shows_no_text() -> None:
    received = Lanes().push("live", patient("1", name="Канарейкин"))

    assert "Канарейкин" in encode(received.frame)
    assert "Канарейкин" not in repr(received)
