"""What is seen of the clinic's database before anything in it is read: whether it is still the same one, and what it offers."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from agent.keyed import readable_pages
from agent.mis.book import Book
from agent.mis.port import Look, Mis, MisAway, MisBusy, MisDown, MisError, Server
from agent.mis.probe import NOTHING, examine
from agent.mis.reader import Reader
from agent.mis.signs import Signs
from agent.outbox import Outbox
from agent.scan.database import Recognition
from agent.scan.ownership import Ownership
from agent.standing import Standing
from wire import log

logger = logging.getLogger(__name__)

HIGHEST = "rowversion"
"""The last rowversion that the server gave out: where it fell, an older backup was put in place."""


@dataclass(frozen=True)
class Seen:
    """`is_put_back`: rows may stand as they stood long ago, and no hint says so; `gains`: something can be read that could not."""

    server: Server
    is_put_back: bool = False
    gains: bool = False


class Entrance:
    """Passed at each step. Which database this is, is looked at now and then, whenever it was away, and where its rowversions fell:
    another one may have been put under the old name."""

    def __init__(
        self,
        mis: Mis,
        outbox: Outbox,
        standing: Standing,
        reader: Reader,
        signs: Signs,
        ownership: Ownership,
        *,
        book: Book,
        every_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._mis, self._outbox, self._standing, self._book = mis, outbox, standing, book
        self._reader, self._signs, self._ownership = reader, signs, ownership
        self._recognition = Recognition(signs, outbox)
        self._every, self._clock = every_seconds, clock
        self._due = clock()
        self._shape = ""
        self._could: frozenset[str] = frozenset()
        self._highest: bytes | None = None
        self.knows = False
        """Whether this was seen to be the clinic's database since it was away last."""

    def failed(self, error: MisError) -> None:
        """A step did. Whoever was kept out or put out does not know what he will find when he comes back."""
        if isinstance(error, MisAway) or (isinstance(error, MisDown) and error.after is not None):
            self.knows = False

    async def come(self) -> Seen:
        """Raises `MisRefused` where it is another database: nothing of it is read."""
        knew, self.knows = self.knows, False
        try:
            seen = await self._come(is_sure=knew)
        except MisBusy:
            self.knows = knew  # who merely holds a row puts no other database in place
            raise
        self.knows = True
        return seen

    async def _come(self, *, is_sure: bool) -> Seen:
        server = await self._mis.server()
        highest = self._highest or bytes.fromhex(await self._outbox.cursor(HIGHEST) or "")
        has_fallen = server.last is not None and server.last < highest
        seen = Seen(server)
        if has_fallen or not (is_sure and self._reader.offer.queries) or self._clock() >= self._due:
            seen = await self.look(server)
        if has_fallen:
            log.warning(logger, "database.restored")
        self._highest = server.last
        return Seen(server, seen.is_put_back or has_fallen, seen.gains)

    async def look(self, server: Server, *, closely: bool = False) -> Seen:
        """See which database this is; and what can be read, where its shape is not the known one."""
        self._due = self._clock() + self._every
        look = await self._mis.look()
        self._signs.indexed = look.indexed
        if closely or not self._reader.offer.queries or look.shape != self._shape:
            return await self._closely(server, look)
        return Seen(server, await self._has_moved(look))

    async def _closely(self, server: Server, look: Look) -> Seen:
        """See what can be read; statements are written anew for it."""
        columns = await self._mis.columns()
        offer = self._reader.offer = examine(columns, self._book)
        has_moved = await self._has_moved(look)
        await self._ownership.settle(readable_pages(self._book, columns), look.indexed)
        self._shape = look.shape
        can = frozenset(name for name, there in offer.capabilities.items() if there)
        gains, self._could = bool(can - self._could), can
        self._standing.capabilities({**offer.capabilities, "server.bound": server.bound is not None}, offer.off)
        return Seen(server, has_moved, gains)

    async def _has_moved(self, look: Look) -> bool:
        try:
            return await self._recognition.check(look)
        except MisError:
            self._reader.offer = NOTHING  # nothing is read before it is known again
            raise
