"""A clinic whose scan runs step by step, and somebody who asks about its patients."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.lookup import Lookup, LookupFailed
from agent.mis.port import Columns, Look, Mis, MisError, Param, Row, Server
from agent.mis.sqlite import open_sqlite
from agent.outbox import Outbox, open_outbox
from agent.scan import Pace, Scan
from agent.standing import Standing
from wire.frames import Ask, LaneStart, Welcome
from wire.lookup import CardAnswer, SearchAnswer

KEY = b"k" * 32
FIELDS = ("visit.comment:off", "visit.services:off")
MOSCOW = ZoneInfo("Europe/Moscow")
AT_ONCE = Pace(every_seconds=0, share=1, verify_every_seconds=0)


async def nothing(_query: str) -> None:
    """What happens before a statement where no test says otherwise."""


class Wire(Mis):
    """The clinic's database as lookups see it; what a test wants happens before a statement."""

    def __init__(self, mis: Mis) -> None:
        self._mis = mis
        self.fails: MisError | None = None
        self.asked: list[str] = []
        self.is_inside = False
        self.before: Callable[[str], Awaitable[None]] = nothing

    async def server(self) -> Server:
        await self._enter("server")
        return await self._mis.server()

    async def look(self) -> Look:
        await self._enter("look")
        return await self._mis.look()

    async def columns(self) -> Columns:
        await self._enter("columns")
        return await self._mis.columns()

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        await self._enter(query)
        return await self._mis.fetch(query, *params)

    async def leave(self) -> None:
        self.is_inside = False

    async def _enter(self, query: str) -> None:
        self.is_inside = True
        self.asked.append(query)
        await self.before(query)
        if self.fails is not None:
            raise self.fails


class Desk:
    """Asks what an operator would."""

    def __init__(self, scan: Scan, outbox: Outbox, standing: Standing, cards: Wire, searches: Wire) -> None:
        self.scan, self.outbox, self.cards, self.searches = scan, outbox, cards, searches
        self.standing = standing
        self.seconds = 0.0
        self.lookup = Lookup(
            cards, searches, outbox, standing, zone=MOSCOW, fields=FIELDS, monotonic=lambda: self.seconds
        )
        self._number = 0

    async def load(self) -> None:
        """The first load, to its end."""
        while await self.outbox.cursor("load") != "done":
            await self.scan.step()

    async def ask(self, ask: str, args: dict[str, Any], deadline_ms: int = 10_000) -> dict[str, Any]:
        """The answer as it travels; a new minute for each question, so that none is one too many."""
        self._number += 1
        self.seconds += 60
        return await self.lookup.answer(
            Ask.model_validate({"id": self._number, "ask": ask, "args": args, "deadline_ms": deadline_ms})
        )

    async def card(self, *phones: str, ids: Sequence[int | str] = ()) -> CardAnswer:
        value = await self.ask("card", {"phones": phones, "patient_ids": [str(key) for key in ids]})
        return CardAnswer.model_validate(value)

    async def search(self, text: str) -> SearchAnswer:
        return SearchAnswer.model_validate(await self.ask("search", {"text": text}))

    async def found(self, text: str) -> set[str]:
        """Whom a search finds, by id."""
        return {patient.id for patient in (await self.search(text)).patients}

    async def fault(self, ask: str, args: dict[str, Any], deadline_ms: int = 10_000) -> str:
        """The code of the fault; "" where there was an answer."""
        try:
            await self.ask(ask, args, deadline_ms)
        except LookupFailed as failed:
            return failed.code
        return ""


@asynccontextmanager
async def desk(clinic: Path, file: Path) -> AsyncIterator[Desk]:
    """Beside a clinic's file, with an outbox in `file`; nothing is read yet."""
    async with (
        open_sqlite(clinic) as mis,
        open_sqlite(clinic) as cards,
        open_sqlite(clinic) as searches,
        open_outbox(file, KEY, FIELDS) as outbox,
    ):
        await outbox.resumed(Welcome(generation=1, lanes={"live": LaneStart(seq=0), "backfill": LaneStart(seq=0)}))
        standing = Standing()
        standing.capabilities({"server.bound": True})  # the scan has looked at the database, and not read it yet
        scan = Scan(mis, outbox, standing, zone=MOSCOW, fields=FIELDS, pace=AT_ONCE)
        yield Desk(scan, outbox, standing, Wire(cards), Wire(searches))


def ids(answer: CardAnswer | SearchAnswer) -> list[str]:
    """Who is told of."""
    return [patient.id for patient in answer.patients]
