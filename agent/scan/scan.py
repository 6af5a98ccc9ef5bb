"""The scan: a step reads what changed in the clinic, records it, and reads a page of what is read whole. Knows no table."""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from zoneinfo import ZoneInfo

from agent.deleted import Word
from agent.keyed import Keyed
from agent.mis.book import SHIPPED, Book
from agent.mis.port import Mis, MisAway, MisBusy, MisDown, MisError, Server
from agent.mis.probe import NOTHING
from agent.mis.reader import Reader, ReadKind
from agent.mis.signs import Signs
from agent.outbox import GenerationChanged, Outbox
from agent.scan.budget import Budget
from agent.scan.entrance import HIGHEST, Entrance, Seen
from agent.scan.hints import Hints, Led
from agent.scan.near import Changed, Near
from agent.scan.ownership import Ownership
from agent.scan.passes import Load, Round, Verify
from agent.scan.patience import Patience
from agent.scan.recording import readings
from agent.scan.timed import Timed
from agent.standing import Standing
from wire import log
from wire.errors import NeedsOperator

logger = logging.getLogger(__name__)

_LOAD_HASTE = 10
"""The first load, and the pass after a backup was put back, may take so many times the share of the server that later pages may: nothing
is known to be true before it ends."""
_WORDS: dict[ReadKind, str] = {
    "visit": "приёмов",
    "patient": "пациентов",
    "balance": "балансов",
    "checkup": "профосмотров",
    "plan": "планов лечения",
}


@dataclass(frozen=True)
class Pace:
    """How often the clinic's database is read, and how much of its time pages may take (1: all of it)."""

    every_seconds: float = 0.5
    share: float = 0.02
    verify_every_seconds: float = 900
    look_every_seconds: float = 60


DEFAULT_PACE = Pace()


class Scan:
    """Reads one clinic's database. Whatever it remembers may be forgotten: the truth is there and in the outbox."""

    def __init__(
        self,
        mis: Mis,
        outbox: Outbox,
        standing: Standing,
        *,
        zone: ZoneInfo,
        fields: Collection[str],
        book: Book = SHIPPED,
        word: Word | None = None,
        pace: Pace = DEFAULT_PACE,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._mis, self._outbox, self._standing = mis, outbox, standing
        self._zone, self._book, self._pace, self._clock = zone, book, pace, clock
        self._timed, self._budget = Timed(mis, clock), Budget(pace.share)
        answers = Keyed(self._timed, outbox.owners, book)
        self._reader, self._ownership = Reader(answers, zone, fields), Ownership(self._timed, outbox.owners)
        self._signs = Signs(answers, self._reader)
        self._near = Near(self._reader, self._signs, outbox, zone)
        self._hints = Hints(self._reader, self._signs, outbox)
        self._load = Load(outbox, self._reader, self._ownership)
        self._verify = Verify(outbox, self._reader, self._ownership, word)
        self._round = Round(outbox, self._reader)
        self._entrance = Entrance(
            mis,
            outbox,
            standing,
            self._reader,
            self._signs,
            self._ownership,
            book=book,
            every_seconds=pace.look_every_seconds,
            clock=clock,
        )
        self._is_put_back = False
        self._near_through: datetime | None = None
        self._page_due = self._verify_due = clock()
        self._verifies_next = True
        self._patience = Patience(pace.every_seconds)

    async def run(self) -> None:
        """Step by step."""
        while True:
            wait = await self.step()
            await asyncio.sleep(wait)

    async def step(self) -> float:
        """Read what changed, and a page; say in how many seconds to come again."""
        try:
            await self._step()
        except GenerationChanged:
            self._forget()
            return 0
        except MisBusy as busy:  # nothing is lost by waiting: what was not recorded is found again
            return self._held(busy)
        except MisError as error:
            return self._failed(error)
        self._patience.passed()
        self._standing.mis("busy" if self._reader.some_locked else "ok", self._doubt())
        self._standing.skipped(self._reader.counts())
        self._standing.doubted(self._verify.braked.items())
        return self._pace.every_seconds

    async def _step(self) -> None:
        try:
            await self._read()
        except (MisError, GenerationChanged):
            await self._mis.leave()
            raise
        await self._mis.leave()

    async def _read(self) -> None:
        generation = await self._outbox.generation()
        self._reader.start()
        seen = await self._entrance.come()
        await self._heed(seen)
        server = seen.server
        now = self._aware(server.now)
        await self._load.begin(now, generation)
        loading = not await self._load.is_done()
        await self._live(server, now, generation, loading=loading)
        if self._clock() >= self._page_due:
            await self._page(server, now, generation, loading=loading)

    async def _heed(self, seen: Seen) -> None:
        """What was put back, or can be read again, is read at once."""
        if seen.is_put_back:
            await self._begin_anew()
        elif seen.gains:
            self._verify_due = self._clock()

    async def _begin_anew(self) -> None:
        """An older backup was put in place: rows stand as they stood then, and no hint says so. Only a whole pass tells all of it."""
        await self._ownership.forget()
        for part in (self._near, self._hints, self._verify, self._round):
            part.forget()
        self._is_put_back, self._verify_due = True, self._clock()

    async def _live(self, server: Server, now: datetime, generation: int, *, loading: bool) -> None:
        """Record what changed, with how far that was read, in one transaction."""
        led = await self._hints.look(server.now)
        keys = led.keys.copy()
        changed: Changed | None = None
        if self._signs.compares_versions:
            changed = await self._near.changed(server, loading=loading)
            keys["visit"] = keys["visit"] | set(changed.visits)
            self._near_through = now if changed.is_whole else self._near_through
        elif not loading:
            keys["visit"] = keys["visit"] | await self._newer("visit")
            self._near_through = self._round.through
        if not loading:
            keys["patient"] = keys["patient"] | await self._newer("patient")
        found = readings(await self._reader.with_all(keys), now)
        if self._reader.some_locked:  # what could be read is told; the next step looks at all of it again
            await self._outbox.record(found, lane="live", generation=generation)
            self._near.missed()
            self._hints.missed(led)
            return
        await self._outbox.record(
            found,
            lane="live",
            cursors=led.cursors | self._highest_seen(server) | ({} if changed is None else changed.cursors),
            read_through=None if loading or self._is_put_back else self._through(led),
            generation=generation,
        )
        self._hints.took(led)
        if changed is not None:
            self._near.took(changed)

    def _highest_seen(self, server: Server) -> dict[str, str]:
        """Not before a whole pass told what the backup brought: a restart in between has to notice it again."""
        return {} if server.last is None or self._is_put_back else {HIGHEST: server.last.hex()}

    async def _newer(self, kind: ReadKind) -> set[int]:
        """The tail: keys beyond the newest known. During the first load that would be all that is left of it."""
        newest = await self._outbox.known.nth_newest(kind, 0)
        try:
            page = await self._reader.page(kind, newest or 0)
        except MisBusy as busy:
            self._reader.left_out(busy)
            return set()
        return set(map(int, page.keys))

    def _through(self, led: Led) -> datetime | None:
        """Up to when all that betrays a change was read; None as long as some was not."""
        hints = [at and self._aware(at) for at in self._hints.through(led)]
        read = [at for at in (self._near_through, *hints) if at is not None]
        return min(read) if len(read) == len(hints) + 1 else None

    async def _page(self, server: Server, now: datetime, generation: int, *, loading: bool) -> None:
        """One page of the first load; later of the pass and of the round, in turn."""
        self._timed.start()
        try:
            await self._some_page(server, now, generation, self._clock(), loading=loading)
        except MisDown:
            self._budget.slow()
            raise
        finally:
            haste = _LOAD_HASTE if loading or self._is_put_back else 1
            self._page_due = self._clock() + self._budget.pause(self._timed.total, haste)
        self._budget.took(self._timed.slowest)

    async def _some_page(self, server: Server, now: datetime, generation: int, began: float, *, loading: bool) -> None:
        if not self._ownership.is_known and not await self._ownership.turn(self._budget.rows):
            return
        if loading:
            if await self._load.page(now, generation, self._budget.rows):
                self._near.forget()  # now it can tell which visits are near
                self._verify_due = began + self._pace.verify_every_seconds
        elif (self._verifies_next or self._is_put_back) and self._verify_is_due(began):
            if not self._verify.is_under_way:
                await self._heed(await self._entrance.look(server, closely=True))
                self._verify_due = began + self._pace.verify_every_seconds
            await self._verify.page(now, generation, self._budget.rows)
            self._is_put_back = self._is_put_back and self._verify.is_under_way
            self._verifies_next = False
        else:
            near = await self._near.visits(server.now) if self._round.begins else ()
            await self._round.page(near, now, generation, self._budget.rows)
            self._verifies_next = True

    def _verify_is_due(self, now: float) -> bool:
        return self._verify.is_under_way or now >= self._verify_due or self._verify.is_told_otherwise

    def _held(self, busy: MisBusy) -> float:
        """Say who is in the way, or whom we would be in the way of."""
        self._entrance.failed(busy)
        if isinstance(busy, MisAway):
            self._standing.mis("busy", away=busy.away, is_known=False)
            return self._pace.every_seconds
        self._standing.mis("busy", is_known=self._entrance.knows)
        return self._patience.held(busy)

    def _failed(self, error: MisError) -> float:
        """Say how the database stands, and forget what was remembered of it."""
        self._entrance.failed(error)
        self._forget()
        state = "refused" if isinstance(error, NeedsOperator) else "down"
        if self._standing.now.mis != state:
            log.warning(logger, "mis.lost", reason=state, code=error.code)
        if isinstance(error, NeedsOperator):
            self._standing.mis("refused", error.hint, is_known=self._entrance.knows)
        else:
            self._standing.mis("down", is_known=self._entrance.knows)
        return self._patience.failed(error)

    def _forget(self) -> None:
        """Recompute from the truth: nothing that was remembered is repaired."""
        for part in (self._near, self._hints, self._verify, self._round):
            part.forget()
        self._near_through = None
        self._reader.offer = NOTHING

    def _doubt(self) -> str | None:
        """What a person should look at while everything works."""
        if not self._verify.braked:
            return None
        listed = ", ".join(f"{_WORDS[kind]} — {count}" for kind, count in self._verify.braked.items())
        return (
            f"Из базы IDENT разом пропало много записей ({listed}), агент не считает их удалёнными. "
            "Проверьте, та ли это база и не изменились ли права логина; если их правда удалили, выполните ident-agent deleted yes."
        )

    def _aware(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=self._zone)
