"""Whatever happens in the clinic and on the way, the hub ends with what stands in the database. Two properties: what hints betray is
there after one step, and all of it is there after one pass."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce
from operator import xor
from typing import Any, TypeAlias
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import keyed
from agent.deleted import Word
from agent.mis import reader
from agent.mis.port import Server
from agent.outbox import Outbox, entries
from agent.scan import decide
from agent.scan.hints import Hints, Led
from agent.scan.near import Changed, Near
from agent.scan.ownership import Ownership
from tests.agent.scan.histories import (
    BETRAYED,
    BULK,
    MARKS,
    SILENT,
    SMALL,
    STEPS,
    TROUBLE,
    Event,
    Player,
    Size,
    made_up,
    shrunk,
)
from tests.agent.scan.world import MOSCOW, LiveOnly, Wire, wire_under, world
from wire.model import Entity

Property: TypeAlias = Callable[[Sequence[Event], Size], Coroutine[Any, Any, None]]


def events(*kinds: str) -> st.SearchStrategy[list[Event]]:
    numbers = st.integers(0, 999)
    return st.lists(st.tuples(st.sampled_from(kinds), numbers, numbers), max_size=30)


async def hints_suffice(history: Sequence[Event], size: Size = SMALL) -> None:
    """After every step that is delivered the hub holds all that was committed before it."""
    async with world(LiveOnly) as here:
        player = Player(here, size)
        player.furnish()
        await here.load()
        for what, key, number in history:
            await player.play((what, key, number))
            if what == "arrive" and not here.mis.after:
                await here.step()  # what was committed while the last one read
                await here.deliver()
                await here.check()
                assert (await here.outbox.times())[0] == here.clinic.now.replace(tzinfo=MOSCOW)
        player.commit_all()
        here.mis.after.clear()
        await player.play(("arrive", 0, 0))
        await here.check()


async def trouble_loses_nothing(history: Sequence[Event], size: Size = SMALL) -> None:
    """No pass mends what a power cut, a lock or the line may have torn: the first load and the hints bring all of it."""
    async with world(LiveOnly) as here:
        player = Player(here, size)
        player.furnish()
        for event in history:
            await player.play(event)
        player.commit_all()
        here.mis.after.clear()
        await here.load()
        await player.play(("arrive", 0, 0))
        await here.check()


async def everything_arrives(history: Sequence[Event], size: Size = SMALL) -> None:
    """After one pass the hub holds everything, whatever broke before. Where a table lost all its rows, a person says that this is so."""
    async with world() as here:
        player = Player(here, size)
        player.furnish()
        for event in history:
            await player.play(event)
        player.commit_all()
        here.mis.after.clear()
        Word(here.clinic.path.parent).give()
        await here.verify()
        await here.check()


async def what_is_called_read_was_read(history: Sequence[Event], size: Size = SMALL) -> None:
    """However much changes at once, and however little of it a step follows: nothing counts as read before it was, and in the end all of
    it was."""
    async with world(LiveOnly) as here:
        player = Player(here, size)
        player.furnish()
        with patch.object(decide, "LED_AT_ONCE", 2):
            await here.load()
            for event in history:
                await player.play(event)
                if event[0] == "arrive" and not here.mis.after and await here.is_read():
                    await here.check()
            player.commit_all()
            here.mis.after.clear()
            for _ in range(200):
                await player.play(("arrive", 0, 0))
                if await here.is_read():
                    break
            assert await here.is_read(), "it never ends"
            await here.check()


@pytest.fixture(autouse=True)
def in_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables are looked through at every step; and few as their rows are, most lie below those that are looked at as new."""
    monkeypatch.setattr(decide, "HINTED_ROWS", 10_000)
    monkeypatch.setattr(keyed, "OVERLAP", 2)


@settings(max_examples=25)
@given(events(*BETRAYED, *STEPS))
def test_what_hints_betray_arrives_with_the_next_step(history: list[Event]) -> None:
    asyncio.run(hints_suffice(history))


@settings(max_examples=15)
@given(events(*BETRAYED, *STEPS, *TROUBLE))
def test_trouble_on_the_way_loses_nothing(history: list[Event]) -> None:
    asyncio.run(trouble_loses_nothing(history))


@settings(max_examples=15)
@given(events(*BETRAYED, *SILENT, *STEPS, *TROUBLE))
def test_everything_arrives_with_the_next_pass(history: list[Event]) -> None:
    asyncio.run(everything_arrives(history))


@settings(max_examples=15)
@given(events(*BETRAYED, *BULK, *BULK, *STEPS, "restart", "down", "busy"))
def test_what_is_called_read_was_read(history: list[Event]) -> None:
    asyncio.run(what_is_called_read_was_read(history))


async def test_reading_everything_again_looks_anew_at_whose_rows_are() -> None:
    """Seed 316: a dump of the hub was put back, and an order had come in silence below the newest."""
    names = ("arrive", "late bill", "step", "dump", "push", "quiet bill", "restore")
    keys, numbers = (442, 447, 165, 359, 700, 775, 125), (798, 182, 565, 355, 108, 68, 803)
    await everything_arrives(list(zip(names, keys, numbers, strict=True)), MANY)


async def test_what_is_left_of_a_new_generations_changes_is_followed_hours_later() -> None:
    """Seed 700084: without a cursor the window went on with the clock, and what was left fell out of it."""
    names = ("patient", "dump", "arrive", "restore", "late bill", "bill", "step", "late bill", "hours")
    keys, numbers = (715, 902, 341, 219, 785, 875, 19, 867, 290), (401, 782, 889, 702, 671, 622, 807, 89, 463)
    await what_is_called_read_was_read(list(zip(names, keys, numbers, strict=True)), MANY)


async def test_what_changes_while_all_of_a_new_generation_is_held_for_hours_is_followed() -> None:
    """Seed 900036: the window began with the first look that nobody was in the way of."""
    names = ("bill", "dump", "crash", "restore", "busy", "bill", "hours")
    keys, numbers = (324, 208, 481, 692, 238, 315, 808), (47, 572, 974, 919, 592, 582, 600)
    await what_is_called_read_was_read(list(zip(names, keys, numbers, strict=True)), MANY)


# Wrong variants: each loses changes, and is found out.


def greatest_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """cursor := max(RowVersion)"""

    def differing(seen: dict[str, str], known: dict[str, str], before: dict[str, str]) -> list[int]:
        newest = max([*known.values(), *before.values()], default="")
        return [int(key) for key, version in seen.items() if version > newest]

    monkeypatch.setattr(decide, "differing", differing)


def bound_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quiet while bound and last stand still, though a transaction is open."""
    monkeypatch.setattr(decide, "is_quiet", lambda server, last: (server.bound, server.last) == last)


def bound_after_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe that counts is taken when the rows were read."""
    real = Near.changed

    async def changed(self: Near, server: Server, *args: Any, **kwargs: Any) -> Any:
        found = await real(self, server, *args, **kwargs)
        later = await wire_under(self._reader._mis).server()
        return type(found)(found.visits, found.is_whole, (later.bound, later.last))

    monkeypatch.setattr(Near, "changed", changed)


def no_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed-times are believed to the millisecond."""
    monkeypatch.setattr(decide, "hints_since", lambda cursor, now: cursor or now)


def known_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changed counts as read before it is recorded."""
    real = Near.changed

    async def changed(self: Near, *args: Any, **kwargs: Any) -> Any:
        found = await real(self, *args, **kwargs)
        self.took(found)
        return found

    monkeypatch.setattr(Near, "changed", changed)
    monkeypatch.setattr(reader, "LOCKS", 0)  # a step that waits for a lock is given up as a whole


def two_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursors first, the readings then."""
    real = Outbox.record

    async def record(self: Outbox, readings: Any, **kwargs: Any) -> int:
        kwargs, lane, generation = dict(kwargs), kwargs["lane"], kwargs.get("generation")
        await real(self, [], **kwargs)
        return await real(self, readings, lane=lane, generation=generation)

    monkeypatch.setattr(Outbox, "record", record)


def uncommitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """NOLOCK: what was not committed is read, and may never be."""
    real = Wire.fetch

    async def fetch(self: Wire, query: str, *params: Any) -> Any:
        with self.clinic.undone():
            for commit in list(self.open.values()):
                commit()
            return await real(self, query, *params)

    monkeypatch.setattr(Wire, "fetch", fetch)


def one_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    """CHECKSUM_AGG: nothing changed while all rows together, without their order, come to the same."""
    real, sums = Near.changed, dict[int, int]()

    async def changed(self: Near, server: Server, **kwargs: Any) -> Any:
        clinic = wire_under(self._reader._mis).clinic
        names = ("ID_Patients", "PlanStart", *MARKS)
        rows = [clinic.cells("Receptions", key, *names) for key in clinic.keys("Receptions")]
        whole = reduce(xor, map(hash, rows), 0)
        is_same, sums[id(self)] = sums.get(id(self)) == whole, whole
        if is_same:
            return Changed((), is_whole=True, probe=(server.bound, server.last))
        return await real(self, server, **kwargs)

    monkeypatch.setattr(Near, "changed", changed)


def digest_of_older_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent before comments might leave counts as sent."""

    def older(entity: Entity, _fields: Iterable[str]) -> str:
        return repr(sorted((name, value) for name, value in entity.dump().items() if name != "comment"))

    monkeypatch.setattr(entries, "digest", older)


def hints_teach_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose a row is, only the newest rows tell."""
    monkeypatch.setattr(keyed, "PAGES", dict.fromkeys(keyed.PAGES))


def learnt_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass trusts what was learnt of whose each row is."""
    monkeypatch.setattr(Ownership, "again", lambda self: None)


def followed_in_passing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one step does not follow counts as followed."""
    real = Hints._follow

    async def follow(self: Hints, unseen: Any, *args: Any) -> Any:
        await real(self, unseen, *args)
        return unseen

    monkeypatch.setattr(Hints, "_follow", follow)


def looked_wrongly(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Led, datetime], None]) -> None:
    """What a look found is changed before anybody takes it."""
    real = Hints.look

    async def look(self: Hints, now: datetime) -> Led:
        led = await real(self, now)
        spoil(led, now)
        return led

    monkeypatch.setattr(Hints, "look", look)


def cursor_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursor moves while some of the changes are left."""

    def spoil(led: Led, now: datetime) -> None:
        led.cursors |= {f"hint {name}": now.isoformat() for name in led.watches}

    looked_wrongly(monkeypatch, spoil)


def called_read_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table counts as looked through while some of its changes are left."""

    def spoil(led: Led, now: datetime) -> None:
        led.watches = {name: replace(watch, through=now) for name, watch in led.watches.items()}

    looked_wrongly(monkeypatch, spoil)


@pytest.mark.parametrize(
    ("wrong", "loses", "kinds"),
    [
        (greatest_version, hints_suffice, (*BETRAYED, *STEPS)),
        (bound_alone, hints_suffice, ("begin", "commit", *STEPS)),
        (bound_after_the_rows, hints_suffice, ("visit", "between", *STEPS)),
        (no_overlap, hints_suffice, (*BETRAYED, *STEPS)),
        (known_too_early, trouble_loses_nothing, ("visit", "busy", *STEPS)),
        (two_transactions, trouble_loses_nothing, ("patient", "crash", "step")),
        (uncommitted, hints_suffice, ("visit", "begin", "commit", "roll back", *STEPS)),
        (one_checksum, hints_suffice, ("visit", "swap", *STEPS)),
        (digest_of_older_fields, everything_arrives, ("visit", "upgrade", *STEPS)),
        (hints_teach_nothing, hints_suffice, ("visit", "bill", "pay", *STEPS)),
        (followed_in_passing, what_is_called_read_was_read, ("visit", "bill", "stamp", *STEPS)),
        (cursor_ahead, what_is_called_read_was_read, ("visit", "bill", *BULK, *STEPS)),
        (called_read_too_early, what_is_called_read_was_read, ("visit", "bill", "stamp", *STEPS)),
        (learnt_once, everything_arrives, ("visit", "quiet bill", "move bill", *STEPS)),
    ],
)
def test_a_wrong_variant_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
    wrong: Callable[[pytest.MonkeyPatch], None],
    loses: Property,
    kinds: tuple[str, ...],
) -> None:
    """Within sixty histories."""
    histories = [made_up(seed, kinds, 40) for seed in range(60)]
    asyncio.run(loses(histories[0], SMALL))
    wrong(monkeypatch)

    def play_all() -> None:
        for history in histories:
            asyncio.run(loses(history, SMALL))

    with pytest.raises(AssertionError, match="the hub is wrong"):
        play_all()


# make test-long: seeds by the thousand.

FROM = int(os.environ.get("SEED", "0"))
CHUNKS, IN_CHUNK = 200, 100
MANY, LED = Size(keys=50), Size(keys=50, leads=True)
PROPERTIES: dict[str, tuple[Property, tuple[str, ...]]] = {
    "bulk": (what_is_called_read_was_read, (*BETRAYED, *BULK, *STEPS, *TROUBLE)),
    "hints": (hints_suffice, (*BETRAYED, *STEPS)),
    "trouble": (trouble_loses_nothing, (*BETRAYED, *STEPS, *TROUBLE)),
    "passes": (everything_arrives, (*BETRAYED, *SILENT, *STEPS, *TROUBLE)),
}


def play_seed(seed: int) -> None:
    """One history of 20 to 300 events; a failure names the seed and a shortest history that fails likewise. Say it again with
    `python -m tests.agent.scan.test_histories SEED`."""
    holds, kinds = PROPERTIES[sorted(PROPERTIES)[seed % len(PROPERTIES)]]
    history = made_up(seed, kinds, 20 + seed * 7919 % 281)

    def fails(some: list[Event]) -> bool:
        try:
            asyncio.run(holds(some, LED if seed // len(PROPERTIES) % 4 == 3 else MANY))
        except AssertionError:
            return True
        return False

    if fails(history):
        raise AssertionError(f"seed {seed}: {holds.__name__} fails on {shrunk(history, fails)}")


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_histories_by_the_thousand(chunk: int) -> None:
    """20 000 of them, on at most 50 keys."""
    for seed in range(FROM + chunk * IN_CHUNK, FROM + (chunk + 1) * IN_CHUNK):
        play_seed(seed)


def test_a_failing_history_is_told_in_short() -> None:
    history = made_up(1, ("visit", "move", "commit", "begin", "step"), 200)

    def fails(some: list[Event]) -> bool:
        names = [what for what, _, _ in some]
        return "begin" in names and "commit" in names[names.index("begin") :]

    assert [what for what, _, _ in shrunk(history, fails)] == ["begin", "commit"]


if __name__ == "__main__":
    decide.HINTED_ROWS, keyed.OVERLAP = 10_000, 2
    play_seed(int(sys.argv[1]))
