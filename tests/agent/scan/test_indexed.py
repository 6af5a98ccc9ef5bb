"""Where an index finds visits by their rowversion, every change is seen at once, however old the visit; and nothing is lost by it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from agent.mis.port import MisBusy
from agent.scan import decide
from agent.scan.near import Near
from tests.agent.scan.histories import BETRAYED, STEPS, Event, Player, made_up
from tests.agent.scan.test_scan import changed, furnish
from tests.agent.scan.world import MOSCOW, LiveOnly, World, wire_under, world

V = [bytes(7) + bytes([number]) for number in range(10)]


def index(here: World) -> None:
    here.clinic._db.execute("CREATE INDEX IX_Receptions_RowVersion ON Receptions (RowVersion)")


@pytest.fixture
async def here(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(decide, "HINTED_ROWS", 10_000)
    async with world(LiveOnly) as here:
        index(here)
        furnish(here)
        await here.load()
        await here.step()
        here.mis.asked.clear()
        yield here


def asked(here: World) -> set[str]:
    return {query for query, _ in here.mis.asked}


@pytest.mark.parametrize(
    ("cursor", "bound", "seen", "is_full", "after"),
    [
        (3, 5, [], False, 5),
        (3, 5, [3, 4, 7], False, 5),  # a transaction is open below 7
        (3, 9, [3, 4, 7], True, 7),
        (3, 5, [3, 4, 7], True, 5),
        (3, 9, [3, 3, 3], True, 4),
        (3, 3, [3, 3, 3], True, 3),
    ],
)
def test_the_cursor_never_passes_what_may_yet_be_committed(
    cursor: int, bound: int, seen: list[int], is_full: bool, after: int
) -> None:
    assert decide.cursor_after(V[cursor], V[bound], [V[each] for each in seen], is_full=is_full) == V[after]


async def test_a_visit_far_from_everything_is_seen_at_once(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("RANGE", "LEAST_RANGE"):
        monkeypatch.setattr(decide, limit, 1)
    here.clinic.visit(1, 1002, -400)
    assert await changed(here) == ["live upsert visit 1"]
    assert "visits_since" in asked(here)
    assert not {"visit_versions", "visit_versions_by_key"} & asked(here)
    here.mis.asked.clear()
    await here.step(2)
    assert "visits_since" not in asked(here), "nothing can have moved"


async def test_without_an_index_all_visits_are_never_read_for_their_versions() -> None:
    async with world(LiveOnly) as here:
        furnish(here)
        await here.load()
        here.clinic.visit(5, 1001)
        await here.step()
        assert "visits_since" not in asked(here)


async def test_a_row_that_is_committed_late_is_seen(here: World) -> None:
    version = here.mis.begin(lambda v: here.clinic.visit(5, 1001, version=v))
    here.clinic.visit(6, 1002)
    assert await changed(here) == ["live upsert visit 6"]
    here.mis.commit(version)
    assert await changed(here) == ["live upsert visit 5"]


async def test_a_locked_row_hides_nothing_and_is_looked_for_until_it_is_free(here: World) -> None:
    before = await here.outbox.cursor("versions")
    through = (await here.outbox.times())[0]
    here.clinic.visit(1, 1002, -400)
    here.mis.fails = lambda query: MisBusy("42000 1222") if query == "visits_since" else None
    assert await changed(here) == ["live upsert visit 1"]
    assert (await here.outbox.cursor("versions"), (await here.outbox.times())[0]) == (before, through)
    here.mis.fails = lambda query: None
    await here.step()
    assert (await here.outbox.times())[0] == here.clinic.now.replace(tzinfo=MOSCOW)
    assert await here.outbox.cursor("versions") != before


async def test_what_changed_while_the_agent_was_off_is_seen_with_the_first_step(here: World) -> None:
    await here.stop()
    here.clinic.visit(1, 1002, -400)
    await here.start()
    assert await changed(here) == ["live upsert visit 1"]


async def test_a_table_that_was_touched_as_a_whole_is_read_page_by_page(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in range(10, 1210):
        here.clinic._db.execute(
            "INSERT INTO Receptions (ID, PlanStart, PlanEnd, RowVersion) SELECT ?, PlanStart, PlanEnd, ? FROM Receptions WHERE ID = 1",
            (key, here.clinic.rowversion().to_bytes(8, "big")),
        )
    here.clinic.visit(1, 1002, -400)
    through = (await here.outbox.times())[0]
    await here.step()
    assert (await here.outbox.times())[0] == through
    await here.step(8)
    await here.deliver()
    await here.check()
    assert (await here.outbox.times())[0] == here.clinic.now.replace(tzinfo=MOSCOW)


async def test_a_backup_that_was_put_back_leaves_no_cursor_ahead_of_the_server(here: World) -> None:
    backup = here.clinic.backup()
    for _ in range(5):
        here.clinic.visit(2, 1002, 3)
        await here.step()
    here.clinic.put_back(backup)
    await here.step()
    here.clinic.visit(2, 1001, 7, PatientAppeared=here.clinic.now + timedelta(days=7))
    await here.step()
    await here.deliver()
    assert here.hub.values["visit", "2"]["patient_id"] == "1001"


# Histories, and variants that lose changes


def locked(query: str) -> MisBusy | None:
    return MisBusy("42000 1222") if query == "visits_since" else None


def free(query: str) -> None:
    return None


async def nothing_is_lost(history: Sequence[Event]) -> None:
    async with world(LiveOnly) as here:
        index(here)
        player = Player(here)
        player.furnish()
        await here.load()
        for number, event in enumerate(history):
            here.mis.fails = locked if number % 7 == 0 else free
            await player.play(event)
            if event[0] == "since":
                here.mis.after["visits_since"] = partial(here.clinic.visit, event[1] % 9 + 1, 1001, event[1] % 9)
        here.mis.fails = free
        player.commit_all()
        here.mis.after.clear()
        for _ in range(2):
            await player.play(("arrive", 0, 0))
        await here.check()


def cursor_of_the_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """cursor := max(RowVersion)"""

    def after(cursor: bytes, bound: bytes, seen: Sequence[bytes], *, is_full: bool) -> bytes:
        return (int.from_bytes(seen[-1], "big") + 1).to_bytes(8, "big") if seen else bound

    monkeypatch.setattr(decide, "cursor_after", after)


def bound_of_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """cursor := @@DBTS + 1, whatever is open"""
    real = Near._since

    async def since(self: Near, cursor: bytes, bound: bytes, probe: Any) -> Any:
        return await real(self, cursor, (int.from_bytes(probe[1], "big") + 1).to_bytes(8, "big"), probe)

    monkeypatch.setattr(Near, "_since", since)


def bound_after_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is asked for when the rows were read."""
    real = Near._since

    async def since(self: Near, cursor: bytes, bound: bytes, probe: Any) -> Any:
        found = await real(self, cursor, bound, probe)
        later = await wire_under(self._reader._mis).server()
        return type(found)(found.visits, found.is_whole, (later.bound, later.last), found.cursor and later.bound)

    monkeypatch.setattr(Near, "_since", since)


KINDS = (*("visit", "visit", "mark", "move", "begin", "begin", "commit", "commit"), *STEPS)


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_lost_by_reading_from_a_cursor(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "HINTED_ROWS", 10_000)
    asyncio.run(nothing_is_lost(made_up(seed, (*BETRAYED, *STEPS, "since", "restart"), 40)))


@pytest.mark.parametrize("wrong", [cursor_of_the_last_row, bound_of_the_end, bound_after_the_rows])
def test_a_wrong_cursor_is_found_out(monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Any], None]) -> None:
    """Within forty histories."""
    kinds = (*KINDS, "since") if wrong is bound_after_the_rows else KINDS
    wrong(monkeypatch)

    def play_all() -> None:
        for seed in range(40):
            asyncio.run(nothing_is_lost(made_up(seed, kinds, 30)))

    with pytest.raises(AssertionError, match="the hub is wrong"):
        play_all()
