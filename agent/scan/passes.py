"""The first load, the rolling pass that verifies everything, and the round over the visits that are near. A page at a time."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from agent.deleted import Word
from agent.mis.reader import KINDS, Reader, ReadKind
from agent.outbox import GenerationChanged, Outbox, Reading
from agent.scan import decide
from agent.scan.ownership import Ownership
from agent.scan.recording import readings
from wire import log

logger = logging.getLogger(__name__)

LOAD = "load"
LOAD_BEGAN = "load began"
DONE = "done"


class Load:
    """Everything once, in the backfill lane, bracketed for the hub. How far it came is a cursor in the outbox."""

    def __init__(self, outbox: Outbox, reader: Reader, ownership: Ownership) -> None:
        self._outbox, self._reader, self._ownership = outbox, reader, ownership
        self._has_walked = False

    async def is_done(self) -> bool:
        """Whether everything was read since this generation began."""
        return await self._outbox.cursor(LOAD) == DONE

    async def begin(self, now: datetime, generation: int) -> None:
        """Open the brackets before anything else of this generation is read."""
        if await self._outbox.cursor(LOAD) is None:
            cursors = {LOAD: f"{KINDS[0]} 0", LOAD_BEGAN: now.isoformat()}
            await self._outbox.begin_pass(*self._reader.kinds, cursors=cursors, generation=generation)
            self._has_walked = False
            log.info(logger, "load.begun", generation=generation)

    async def page(self, now: datetime, generation: int, rows: int) -> bool:
        """Read one page more, of so many rows; say whether it was the last. It counts as a pass: whose rows are is looked at anew."""
        if not self._has_walked:
            self._ownership.again()
            self._has_walked = True
        if not await self._ownership.turn(rows):
            return False
        name, after = (await self._cursor(LOAD)).split()
        kind = next(kind for kind in KINDS if kind == name)
        page = await self._reader.page(kind, int(after), rows)
        following = self._reader.following(kind) if page.is_end else kind
        cursor = f"{kind} {page.last}" if following in (kind, None) else f"{following} 0"
        await self._outbox.record(
            readings(page.found, now), lane="backfill", cursors={LOAD: cursor}, generation=generation
        )
        if following is None:
            await self._end(generation)
        return following is None

    async def _end(self, generation: int) -> None:
        began = datetime.fromisoformat(await self._cursor(LOAD_BEGAN))
        await self._outbox.end_pass(
            *self._reader.kinds, cursors={LOAD: DONE}, verified_through=began, generation=generation
        )
        log.info(logger, "load.ended", generation=generation)

    async def _cursor(self, name: str) -> str:
        """A welcome may begin a new generation, and clear the cursors, between any two questions to the outbox."""
        cursor = await self._outbox.cursor(name)
        if cursor is None:
            raise GenerationChanged
        return cursor


@dataclass
class _Pass:
    """A pass under way: which kind, how far, and what should have been there and was not."""

    began: datetime
    kind: ReadKind = KINDS[0]
    after: int = 0
    seen: int = 0
    missing: set[str] = field(default_factory=set)
    braked: bool = False
    believed: bool = False


class Verify:
    """Finds every change that nothing betrayed, and what vanished. A pass that is broken off begins anew."""

    def __init__(self, outbox: Outbox, reader: Reader, ownership: Ownership, word: Word | None) -> None:
        self._outbox, self._reader, self._ownership, self._word = outbox, reader, ownership, word
        self._pass: _Pass | None = None
        self.braked: dict[ReadKind, int] = {}
        """How many rows of a kind seem to have vanished and wait for a person."""

    def forget(self) -> None:
        """Recompute from the truth."""
        self._pass = None

    @property
    def is_under_way(self) -> bool:
        """Whether a pass began and did not end."""
        return self._pass is not None

    @property
    def is_told_otherwise(self) -> bool:
        """Whether a person said that what seems to have vanished is deleted."""
        return bool(self.braked) and self._word is not None and self._word.holds()

    async def page(self, now: datetime, generation: int, rows: int) -> None:
        """Read one page more, of so many rows; at the end of a table decide what has vanished."""
        if self._pass is None:
            self._pass = _Pass(now, believed=self.is_told_otherwise)
            self._ownership.again()
        if not await self._ownership.turn(rows):
            return
        going = self._pass
        page = await self._reader.page(going.kind, going.after, rows)
        await self._outbox.record(readings(page.found, now), lane="live", generation=generation)
        through = None if page.is_end else page.last
        going.missing |= await self._outbox.known.between(going.kind, going.after, through) - page.keys
        going.after, going.seen = page.last, going.seen + len(page.keys)
        if page.is_end:
            await self._end_of_table(going, now, generation)

    async def _end_of_table(self, going: _Pass, now: datetime, generation: int) -> None:
        await self._settle(going, now, generation)
        following = self._reader.following(going.kind)
        if following is not None:
            self._pass = _Pass(going.began, following, braked=going.braked, believed=going.believed)
            return
        self._pass = None
        if not going.braked:
            if self._word is not None:
                # Nothing is doubted: a word that lay on would believe what goes away another day.
                self._word.take_back()
            await self._outbox.record([], lane="live", verified_through=going.began, generation=generation)

    async def _settle(self, going: _Pass, now: datetime, generation: int) -> None:
        """Believe that rows vanished only after reading each of them once more, and never that too many did."""
        again = await self._reader.by_key(going.kind, [int(key) for key in going.missing])
        untold = {key for kind, key in self._reader.untold if kind == going.kind}
        gone = going.missing - {found.key for found in again} - untold
        self.braked.pop(going.kind, None)
        if not going.believed and decide.is_too_much(len(gone), await self._outbox.known.count(going.kind), going.seen):
            self.braked[going.kind] = len(gone)
            going.braked = True
            log.error(logger, "vanishing.doubted", kind=going.kind, count=len(gone))
            gone = set()
        vanished = [Reading(going.kind, key, now, None) for key in sorted(gone)]
        await self._outbox.record([*readings(again, now), *vanished], lane="live", generation=generation)


class Round:
    """Reads the near visits and their patients in full, in turn: what concerns the next days is seen soon even if nothing betrays it."""

    def __init__(self, outbox: Outbox, reader: Reader) -> None:
        self._outbox, self._reader = outbox, reader
        self._left: list[int] = []
        self._began: datetime | None = None
        self._is_whole = True
        self.through: datetime | None = None
        """The start of the last whole round."""

    def forget(self) -> None:
        """Recompute from the truth."""
        self._left, self._began = [], None

    @property
    def begins(self) -> bool:
        """Whether the next page is the first of a round."""
        return self._began is None

    async def page(self, near: Collection[int], now: datetime, generation: int, rows: int) -> None:
        """Read so many of them; `near` are all, where a round begins."""
        if self._began is None:
            self._left, self._began, self._is_whole = sorted(near), now, True
        visits, self._left = self._left[:rows], self._left[rows:]
        found = await self._reader.with_all({"visit": visits})
        await self._outbox.record(readings(found, now), lane="live", generation=generation)
        self._is_whole = self._is_whole and not self._reader.some_locked
        if not self._left:
            self.through, self._began = self._began if self._is_whole else self.through, None
