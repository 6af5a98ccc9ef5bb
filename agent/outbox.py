"""What waits for the hub, and what was sent before: one SQLite file. Knows nothing of IDENT or of sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import time

from wire.frames import MAX_PUSH_BYTES, Lane, OutboxDepth, PassBegin, PassEnd, Push, Welcome
from wire.lanes import Sent
from wire.model import Entity, Kind

MAX_CHANGES = 500


@dataclass(frozen=True)
class Reading:
    """One entity as it was read; `entity` is None where it vanished. `hint` is by what the scan knows the row unchanged."""

    kind: Kind
    key: str
    read_at: datetime
    entity: Entity | None
    hint: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Depth and times of one moment."""

    depth: OutboxDepth
    read_through: datetime | None
    verified_through: datetime | None


class Outbox:
    """Every method runs on the file's own thread and is durable when it returns."""

    changed: asyncio.Event
    """Set when something new can be sent; cleared by its one reader, the link."""

    async def record(
        self,
        readings: Iterable[Reading],
        *,
        lane: Lane,
        cursors: Mapping[str, str] = {},
        read_through: datetime | None = None,
        verified_through: datetime | None = None,
        generation: int | None = None,
    ) -> int:
        """Queue what differs from what was recorded before, with the cursors, in one transaction; say how many differed."""
        raise NotImplementedError

    async def cursor(self, name: str) -> str | None:
        """A cursor as it was recorded last."""
        raise NotImplementedError

    async def begin_pass(self, kind: Kind) -> None:
        """Queue the begin of a full pass."""
        raise NotImplementedError

    async def end_pass(self, kind: Kind) -> None:
        """Queue its end."""
        raise NotImplementedError

    async def generation(self) -> int:
        """The generation that the hub named last; 0 before the first welcome."""
        raise NotImplementedError

    async def sent(self) -> dict[Lane, Sent]:
        """Where each lane stands: what `hello` names."""
        raise NotImplementedError

    async def batch(self, lane: Lane, limit_bytes: int = MAX_PUSH_BYTES) -> Push | PassBegin | PassEnd | None:
        """What goes next in this lane, built on what was pushed last; None where nothing may go now."""
        raise NotImplementedError

    async def pushed(self, lane: Lane, seq: int, text: str) -> None:
        """Remember that `text`, ending at `seq`, is about to be sent. Call it before sending."""
        raise NotImplementedError

    async def acked(self, lane: Lane, seq: int) -> None:
        """The hub holds the lane up to `seq`: forget those entries."""
        raise NotImplementedError

    async def resumed(self, welcome: Welcome) -> bool:
        """Take up what the hub holds; True where a new generation began (everything is to be read and sent again)."""
        raise NotImplementedError

    async def forget(self, kind: Kind, keys: Collection[str] = ()) -> None:
        """The hub asked for these again (all of the kind where `keys` is empty): the next reading sends them."""
        raise NotImplementedError

    async def snapshot(self) -> Snapshot:
        """Depth and times, read together."""
        raise NotImplementedError

    async def depth(self) -> OutboxDepth:
        """How much waits."""
        return (await self.snapshot()).depth

    async def times(self) -> tuple[datetime | None, datetime | None]:
        """`read_through` and `verified_through`."""
        snapshot = await self.snapshot()
        return snapshot.read_through, snapshot.verified_through


@asynccontextmanager
async def open_outbox(
    path: Path, key: bytes, fields: tuple[str, ...], clock: Callable[[], float] = time
) -> AsyncIterator[Outbox]:
    """Open (or make) the file; `key` (32 bytes) seals personal values, `fields` is the list of what may leave."""
    raise NotImplementedError
    yield Outbox()
