"""Takes pushes in one transaction: what they bring is stored and the lanes move on, together or not at all. The durable seq that
acks speak of is what stands here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, TypeAlias

from sqlalchemy import Row, and_, select

from hub.inbox import passes
from hub.inbox.fold import read
from hub.inbox.persons import ANOTHER_PERSON
from hub.inbox.write import parked_place, write
from hub.store.dialect import upsert
from hub.store.engine import Unit
from hub.store.tables import databases, lanes, parked
from wire.errors import InvalidChange
from wire.frames import LANES, Change, Lane, PassBegin, PassEnd, Position, Push
from wire.lanes import START, chain

Pushed: TypeAlias = Push | PassBegin | PassEnd
_RETRIED_TOGETHER = 500
_same_database = and_(lanes.c.account_id == databases.c.account_id, lanes.c.database == databases.c.id)


@dataclass(frozen=True)
class Received:
    """A push or a mark, with the text that came: the chained digest covers the text."""

    frame: Pushed
    text: str = field(repr=False)


@dataclass(frozen=True)
class Taken:
    """What became of it: where the lanes that moved stand now, and of which patients something changed."""

    moved: dict[Lane, Position]
    patients: frozenset[str]


class Outrun(Exception):
    """The lanes do not stand where this link left them: another connection or a newer generation took over. Nothing was stored."""


async def take(unit: Unit, database: str, received: Sequence[Received], *, generation: int, now: datetime) -> Taken:
    """Store what came on a link of this generation. `now` is business time."""
    moved = moved_on(await _positions(unit, database, generation), received)
    patients: set[str] = set()
    for run in _runs(received):
        match run:
            case PassBegin():
                await passes.begin(unit, database, run)
            case PassEnd():
                patients.update(await passes.end(unit, database, run, now))
            case list():
                patients.update(await write(unit, database, run))
    await put_positions(unit, database, moved)
    return Taken(moved, frozenset(patients))


def moved_on(held: Mapping[Lane, Position], received: Iterable[Received]) -> dict[Lane, Position]:
    """The lanes after these pushes; raises `Outrun` where one does not build on what is held."""
    moved: dict[Lane, Position] = {}
    for item in received:
        lane = item.frame.lane
        position = moved.get(lane, held[lane])
        if item.frame.prev != position.seq:
            raise Outrun
        moved[lane] = Position(seq=item.frame.seq, digest=chain(position.digest, item.text))
    return moved


def _runs(received: Iterable[Received]) -> Iterator[list[Change] | PassBegin | PassEnd]:
    """In order: the changes between two marks together, each mark alone."""
    frames = (item.frame for item in received)
    for pushes, group in groupby(frames, key=lambda frame: isinstance(frame, Push)):
        if pushes:
            yield [change for frame in group if isinstance(frame, Push) for change in frame.changes]
        else:
            yield from (frame for frame in group if not isinstance(frame, Push))


async def _positions(unit: Unit, database: str, generation: int) -> dict[Lane, Position]:
    """Where the lanes stand durably. The writing units of an account come one after another: a second connection waits for the first,
    and then sees that it was outrun."""
    rows = await unit.execute(
        select(databases.c.generation, lanes.c.lane, lanes.c.seq, lanes.c.digest)
        .outerjoin_from(databases, lanes, onclause=_same_database)
        .where(databases.c.account_id == unit.account.id, databases.c.id == database)
    )
    held = rows.all()
    if not held or held[0].generation != generation:
        raise Outrun
    return positions_of(held)


def positions_of(rows: Iterable[Row[Any]]) -> dict[Lane, Position]:
    """Positions from rows with lane, seq and digest; a lane without a row stands at its start."""
    stand = {row.lane: Position(seq=row.seq, digest=row.digest) for row in rows if row.lane}
    return dict.fromkeys(LANES, START) | stand


async def put_positions(unit: Unit, database: str, moved: Mapping[Lane, Position]) -> None:
    """Let the lanes stand there."""
    rows = [
        {
            "account_id": unit.account.id,
            "database": database,
            "lane": lane,
            "seq": position.seq,
            "digest": position.digest,
        }
        for lane, position in moved.items()
    ]
    await unit.execute(upsert(unit, lanes, ("seq", "digest")), rows)


async def retry_parked(unit: Unit) -> int:
    """Read again what could not be read before an upgrade; say how many changes could be read now."""
    rows = await unit.execute(
        select(parked).where(
            parked.c.account_id == unit.account.id, parked.c.reason.not_in((passes.BRAKE, ANOTHER_PERSON))
        )
    )
    readable: dict[str, list[Change]] = {}
    for row in rows:
        change = Change.model_validate_json(
            unit.vault.open(row.sealed_change, parked_place(row.database, (row.kind, row.key)))
        )
        if _can_be_read(change):
            readable.setdefault(row.database, []).append(change)
    for database, changes in readable.items():
        for start in range(0, len(changes), _RETRIED_TOGETHER):
            await write(unit, database, changes[start : start + _RETRIED_TOGETHER])
    return sum(map(len, readable.values()))


def _can_be_read(change: Change) -> bool:
    try:
        read(change)
    except InvalidChange:
        return False
    return True
