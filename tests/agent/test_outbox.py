"""The outbox: what differs is queued once, in one lane, and is forgotten only when the hub holds it."""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from agent.outbox import GenerationChanged, Outbox, Reading, open_outbox
from agent.outbox.file import connect
from agent.outbox.index import Index
from agent.outbox.seal import Seal
from wire.errors import NeedsOperator, UnexpectedFrame
from wire.frames import Lane, LaneStart, PassBegin, Push, Welcome, encode
from wire.lanes import START
from wire.model import Patient, Visit

KEY = b"k" * 32
FIELDS = ("visit.comment:off", "visit.services:off")
NOON = datetime(2026, 11, 24, 9, tzinfo=UTC)
T = TypeVar("T")


def patient(key: int, name: str = "Канарейкин", **fields: object) -> Reading:
    return Reading("patient", str(key), NOON, Patient.model_validate({"id": str(key), "name": name, **fields}))


def visit(key: int, status: str = "booked", hint: str = "", patient_id: str = "7", day: int = 0) -> Reading:
    value = Visit.model_validate(
        {
            "id": str(key),
            "status": status,
            "patient_id": patient_id,
            "start": NOON + timedelta(days=day),
            "end": NOON + timedelta(days=day, hours=1),
        }
    )
    return Reading("visit", str(key), NOON, value, hint)


def gone(kind: str, key: int) -> Reading:
    return Reading(kind, str(key), NOON, None)  # type: ignore[arg-type]


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with open_outbox(tmp_path / "outbox.db", KEY, FIELDS) as outbox:
        await outbox.resumed(welcome(1))
        yield outbox


def welcome(generation: int, live: int = 0, backfill: int = 0) -> Welcome:
    return Welcome(generation=generation, lanes={"live": LaneStart(seq=live), "backfill": LaneStart(seq=backfill)})


async def push(outbox: Outbox, lane: Lane, limit: int = 65536) -> list[str]:
    """Send the next of the lane; what it says, in short."""
    frame = await outbox.batch(lane, limit)
    if frame is None:
        return []
    await outbox.pushed(lane, frame.seq, encode(frame))
    if isinstance(frame, Push):
        return [f"{change.op} {change.kind} {change.key}" for change in frame.changes]
    return [f"{frame.t} {frame.kind}"]


async def deliver(outbox: Outbox, lane: Lane) -> list[str]:
    """Send and ack the next of the lane."""
    said = await push(outbox, lane)
    if said:
        await outbox.acked(lane, (await outbox.sent())[lane].last.seq)
    return said


async def test_what_was_recorded_goes_once(outbox: Outbox) -> None:
    assert await outbox.record([patient(1), patient(2)], lane="live") == 2
    assert await outbox.record([patient(1), patient(2)], lane="live") == 0

    assert await deliver(outbox, "live") == ["upsert patient 1", "upsert patient 2"]
    assert await deliver(outbox, "live") == []
    assert await outbox.record([patient(1)], lane="live") == 0


async def test_a_newer_state_replaces_an_older_one_that_waits(outbox: Outbox) -> None:
    await outbox.record([visit(1, "booked"), visit(2)], lane="live")
    await outbox.record([visit(1, "arrived")], lane="live")

    frame = await outbox.batch("live")

    assert isinstance(frame, Push)
    assert [(c.key, (c.value or {})["status"]) for c in frame.changes] == [("2", "booked"), ("1", "arrived")]


async def test_an_ack_of_an_older_state_leaves_the_newer_one(outbox: Outbox) -> None:
    await outbox.record([visit(1, "booked")], lane="live")
    await push(outbox, "live")
    seq = (await outbox.sent())["live"].last.seq
    await outbox.record([visit(1, "arrived")], lane="live")
    await outbox.acked("live", seq)

    assert (await outbox.depth()).live == 1
    assert await deliver(outbox, "live") == ["upsert visit 1"]
    assert (await outbox.depth()).live == 0


async def test_a_seq_is_never_given_out_twice(outbox: Outbox) -> None:
    """Without AUTOINCREMENT SQLite reuses the greatest rowid once its row is deleted."""
    seqs = []
    for status in ("booked", "arrived", "fulfilled"):
        await outbox.record([visit(1, status)], lane="live")
        frame = await outbox.batch("live")
        assert frame is not None, f"{status} was taken for sent"
        await outbox.pushed("live", frame.seq, encode(frame))
        await outbox.acked("live", frame.seq)
        seqs.append(frame.seq)

    assert seqs == sorted(set(seqs))


async def test_a_live_change_takes_the_keys_backfill_row_away(outbox: Outbox) -> None:
    await outbox.record([visit(1), visit(2)], lane="backfill")
    await outbox.record([visit(1, "arrived")], lane="live")

    assert await deliver(outbox, "live") == ["upsert visit 1"]
    assert await deliver(outbox, "backfill") == ["upsert visit 2"]


async def test_a_backfill_reading_never_demotes_a_live_row(outbox: Outbox) -> None:
    await outbox.record([visit(1)], lane="live")
    await outbox.record([visit(1, "arrived")], lane="backfill")

    assert await deliver(outbox, "backfill") == []
    assert await deliver(outbox, "live") == ["upsert visit 1"]


async def test_what_vanished_is_told_once(outbox: Outbox) -> None:
    await outbox.record([visit(1)], lane="live")
    await deliver(outbox, "live")

    assert await outbox.record([gone("visit", 1)], lane="live") == 1
    assert await outbox.record([gone("visit", 1)], lane="live") == 0
    assert await deliver(outbox, "live") == ["vanished visit 1"]
    assert await outbox.record([visit(1)], lane="live") == 1


async def test_what_the_hub_never_heard_of_does_not_vanish(outbox: Outbox) -> None:
    assert await outbox.record([gone("visit", 1)], lane="live") == 0


async def test_readings_cursors_and_times_are_one_transaction(outbox: Outbox) -> None:
    class Torn(Exception):
        pass

    def readings() -> object:
        yield visit(1)
        raise Torn

    with pytest.raises(Torn):
        await outbox.record(readings(), lane="live", cursors={"load": "1"}, read_through=NOON)  # type: ignore[arg-type]

    assert (await outbox.depth()).live == 0
    assert await outbox.cursor("load") is None
    assert await outbox.times() == (None, None)


async def test_times_and_cursors_come_back(outbox: Outbox) -> None:
    later = NOON + timedelta(minutes=1)
    await outbox.record([], lane="live", cursors={"load": "1"}, read_through=later, verified_through=NOON)
    await outbox.record([], lane="live")

    assert await outbox.cursor("load") == "1"
    assert await outbox.times() == (later, NOON)


@pytest.mark.parametrize("limit", [200, 1000, 65536])
async def test_a_push_holds_no_more_than_its_limit(outbox: Outbox, limit: int) -> None:
    await outbox.record([patient(key, "Ы" * key) for key in range(1, 120)], lane="live")
    said = []
    while frame := await outbox.batch("live", limit):
        assert isinstance(frame, Push)
        text = encode(frame)
        assert len(text.encode()) <= limit or len(frame.changes) == 1
        await outbox.pushed("live", frame.seq, text)
        said += [change.key for change in frame.changes]

    assert said == [str(key) for key in range(1, 120)]


async def test_a_push_holds_at_most_500_changes(outbox: Outbox) -> None:
    await outbox.record([patient(key) for key in range(1, 701)], lane="live")

    assert len(await push(outbox, "live", 1 << 20)) == 500
    assert len(await push(outbox, "live", 1 << 20)) == 200


async def test_every_push_builds_on_the_one_before(outbox: Outbox) -> None:
    await outbox.record([patient(1), patient(2)], lane="live")
    first = await outbox.batch("live", 1)
    assert isinstance(first, Push)
    await outbox.pushed("live", first.seq, encode(first))
    second = await outbox.batch("live", 1)

    assert isinstance(second, Push)
    assert (first.prev, second.prev) == (0, first.seq)


async def test_what_was_sent_but_not_held_goes_again(outbox: Outbox) -> None:
    await outbox.record([patient(1), patient(2)], lane="live")
    await push(outbox, "live", 1)
    held = (await outbox.sent())["live"].last
    await push(outbox, "live", 1)

    assert await outbox.resumed(welcome(1, live=held.seq)) is False
    assert (await outbox.sent())["live"].named == (held,)
    assert (await outbox.depth()).live == 1
    assert await push(outbox, "live") == ["upsert patient 2"]


async def test_positions_survive_a_restart(tmp_path: Path) -> None:
    async with open_outbox(tmp_path / "o.db", KEY, FIELDS) as outbox:
        await outbox.resumed(welcome(3))
        await outbox.record([patient(1), patient(2)], lane="live")
        await push(outbox, "live", 1)
        sent = await outbox.sent()
    async with open_outbox(tmp_path / "o.db", KEY, FIELDS) as outbox:
        assert await outbox.sent() == sent
        assert await outbox.generation() == 3
        assert await push(outbox, "live") == ["upsert patient 2"]


async def test_a_new_generation_forgets_all_that_was_told(outbox: Outbox) -> None:
    await outbox.record([patient(1)], lane="live", cursors={"load": "1"}, read_through=NOON)
    await push(outbox, "live")
    await outbox.record([patient(2)], lane="backfill")

    assert await outbox.resumed(welcome(2)) is True

    assert await outbox.generation() == 2
    assert await outbox.cursor("load") is None
    assert await outbox.times() == (None, None)
    assert (await outbox.depth()).live == (await outbox.depth()).backfill == 0
    assert {sent.last for sent in (await outbox.sent()).values()} == {START}
    assert await outbox.record([patient(1)], lane="live") == 1


async def test_readings_for_an_older_generation_are_refused(outbox: Outbox) -> None:
    await outbox.resumed(welcome(2))

    with pytest.raises(GenerationChanged):
        await outbox.record([patient(1)], lane="live", cursors={"load": "1"}, generation=1)
    assert await outbox.cursor("load") is None


@pytest.mark.parametrize("strange", [welcome(0), welcome(1, live=77)])
async def test_a_welcome_that_cannot_be_ours_changes_nothing(outbox: Outbox, strange: Welcome) -> None:
    await outbox.record([patient(1)], lane="live")

    with pytest.raises(UnexpectedFrame):
        await outbox.resumed(strange)
    assert (await outbox.depth()).live == 1


async def test_a_pass_is_bracketed(outbox: Outbox) -> None:
    await outbox.begin_pass("visit")
    await outbox.record([visit(1)], lane="backfill")
    await outbox.end_pass("visit")

    assert (await outbox.depth()).backfill == 3
    begin = await outbox.batch("backfill")
    assert isinstance(begin, PassBegin)
    assert (begin.prev, begin.generation, begin.kind) == (0, 1, "visit")
    said = [await deliver(outbox, "backfill") for _ in range(4)]
    assert said == [["pass-begin visit"], ["upsert visit 1"], ["pass-end visit"], []]
    assert (await outbox.depth()).backfill == 0


async def test_nothing_live_goes_before_a_pass_that_begins(outbox: Outbox) -> None:
    """A key that came before the begin counts as not seen in the pass."""
    await outbox.begin_pass("visit")
    await outbox.record([visit(1)], lane="live")

    assert await outbox.batch("live") is None
    await push(outbox, "backfill")
    assert await push(outbox, "live") == ["upsert visit 1"]


async def test_a_pass_never_ends_while_something_live_waits(outbox: Outbox) -> None:
    await outbox.begin_pass("visit")
    await outbox.record([visit(1), visit(2)], lane="backfill")
    await outbox.end_pass("visit")
    await outbox.record([visit(1, "arrived")], lane="live")

    assert await push(outbox, "backfill") == ["pass-begin visit"]
    assert await push(outbox, "backfill") == ["upsert visit 2"]
    assert await outbox.batch("backfill") is None
    assert await push(outbox, "live") == ["upsert visit 1"]
    assert await push(outbox, "backfill") == ["pass-end visit"]


async def test_what_waits_before_the_end_of_its_pass_never_comes_after_it(outbox: Outbox) -> None:
    """Asked for again while the load still waits: behind the end, the hub would take it for vanished."""
    await outbox.begin_pass("visit")
    await outbox.record([visit(1), visit(2)], lane="backfill")
    await outbox.end_pass("visit")
    await outbox.forget("visit", ["1"])
    await outbox.record([visit(1)], lane="backfill")

    assert await push(outbox, "backfill") == ["pass-begin visit"]
    assert await push(outbox, "live") == ["upsert visit 1"]
    assert await push(outbox, "backfill") == ["upsert visit 2"]
    assert await push(outbox, "backfill") == ["pass-end visit"]


async def test_a_pass_sends_what_was_sent_before(outbox: Outbox) -> None:
    await outbox.record([visit(1)], lane="live")
    await deliver(outbox, "live")
    await outbox.begin_pass("visit")
    await deliver(outbox, "backfill")

    assert await outbox.record([visit(1)], lane="backfill") == 1


async def test_what_the_hub_asks_for_again_is_sent_behind_what_changed(outbox: Outbox) -> None:
    await outbox.record([visit(1), visit(2), visit(3)], lane="live")
    await deliver(outbox, "live")
    await outbox.forget("visit", ["1"])

    assert await outbox.record([visit(1), visit(2), visit(3)], lane="live") == 1
    assert await deliver(outbox, "backfill") == ["upsert visit 1"]
    await outbox.forget("visit")
    assert await outbox.record([visit(1), visit(2), visit(3, hint="changed too")], lane="live") == 3
    assert await deliver(outbox, "live") == ["upsert visit 3"]
    assert await deliver(outbox, "backfill") == ["upsert visit 1", "upsert visit 2"]


async def test_a_new_list_of_fields_sends_everything_again_as_backfill(tmp_path: Path) -> None:
    async with open_outbox(tmp_path / "o.db", KEY, FIELDS) as outbox:
        await outbox.record([visit(1), patient(7)], lane="live")
        await deliver(outbox, "live")
    async with open_outbox(tmp_path / "o.db", KEY, ("visit.comment", "visit.services:off")) as outbox:
        assert await outbox.record([visit(1), patient(7)], lane="live") == 2
        assert await deliver(outbox, "live") == []
        assert await deliver(outbox, "backfill") == ["upsert visit 1", "upsert patient 7"]


async def test_the_scan_finds_what_is_known(outbox: Outbox) -> None:
    await outbox.record(
        [visit(9, hint="a", day=-3), visit(10, hint="b"), visit(11, patient_id="8", day=2)], lane="live"
    )
    await outbox.record([visit(9, hint="c", day=-3)], lane="backfill")
    known = outbox.known

    assert await known.hints("visit", ["9", "10", "12"]) == {"9": "c", "10": "b"}
    assert await known.hints_from("visit", 10) == {"10": "b", "11": ""}
    assert await known.between("visit", 9, 10) == {"10"}
    assert await known.between("visit", 8, None) == {"9", "10", "11"}
    assert await known.near(NOON - timedelta(days=2), NOON + timedelta(days=60)) == [10, 11]
    assert {of: sorted(keys) for of, keys in (await known.visits_of(["7", "8"])).items()} == {
        "7": [9, 10],
        "8": [11],
    }
    assert [await known.nth_newest("visit", n) for n in (0, 2, 3)] == [11, 9, None]
    assert await known.count("visit") == 3


async def test_a_patients_visits_are_found_by_the_patient_however_many_others_there_are(tmp_path: Path) -> None:
    """By their times, half a million would be looked through for each card."""
    seal = Seal(KEY)
    with closing(connect(tmp_path / "outbox.db", seal)) as db:

        async def run(work: Callable[[sqlite3.Connection], T]) -> T:
            return work(db)

        said: list[str] = []
        db.set_trace_callback(said.append)
        await Index(run, seal).visits_of("7", NOON, future=5, past=5)
        db.set_trace_callback(None)
        plans = [db.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall() for statement in said]

    assert len(plans) == 2
    for plan in plans:
        assert [step[3].split(" known_by_owner ")[-1] for step in plan] in (
            ["(kind=? AND owner=? AND start>?)"],
            ["(kind=? AND owner=? AND start<?)"],
        )


async def test_the_age_of_the_oldest_entry_is_told(tmp_path: Path) -> None:
    now = 1000.0
    async with open_outbox(tmp_path / "o.db", KEY, FIELDS, clock=lambda: now) as outbox:
        assert (await outbox.depth()).oldest_seconds == 0
        await outbox.record([visit(1)], lane="live")
        now = 1012.5
        await outbox.record([visit(2)], lane="backfill")

        depth = await outbox.depth()
        assert (depth.live, depth.backfill, depth.oldest_seconds) == (1, 1, 12.5)


async def test_names_and_phones_cannot_be_read_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    async with open_outbox(path, KEY, FIELDS) as outbox:
        await outbox.record([patient(1, phones=["+79990001234"])], lane="live")
        files = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert "Канарейкин".encode() not in files
    assert b"79990001234" not in files
    assert os.stat(path).st_mode & 0o077 == 0


@pytest.mark.parametrize("spoil", ["another key", "another version", "not a database"])
async def test_a_file_that_cannot_be_used_begins_anew(tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "o.db"
    async with open_outbox(path, KEY, FIELDS) as outbox:
        await outbox.resumed(welcome(3))
        await outbox.record([patient(1)], lane="live", cursors={"load": "1"})
    if spoil == "another version":
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version = 99")
        db.close()
    if spoil == "not a database":
        path.write_bytes(b"x" * 4096)

    async with open_outbox(path, b"n" * 32 if spoil == "another key" else KEY, FIELDS) as outbox:
        assert await outbox.generation() == 0
        assert await outbox.cursor("load") is None
        assert await outbox.batch("live") is None


@pytest.mark.parametrize("closed", ["o.db", "o.db-wal", "o.db-shm", ""], ids=["file", "log", "shared memory", "folder"])
async def test_a_file_that_is_not_ours_is_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    """Another user's agent ran here once."""
    path = tmp_path / "o.db"
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").touch()
    monkeypatch.setattr(os, "access", lambda file, _mode: file != tmp_path / closed)

    with pytest.raises(NeedsOperator, match="от имени службы"):
        async with open_outbox(path, KEY, FIELDS):
            pass
