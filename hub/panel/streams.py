"""Tells an open card that it should ask again: server-sent events, begun with a ticket that works once. Nothing that is told here says
anything of a patient. Knows neither patients nor agents: what concerns a card and how fresh the data are, others say."""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self, TypeAlias

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select

from hub.metrics import PANEL_STREAMS
from hub.news import Heard, Listener, News
from hub.panel.door import BUSY, PREFIX, Door, asked
from hub.panel.model import Freshness
from hub.panel.rights import Rights
from hub.panel.visitor import Told, Visitor
from hub.rules.model import PatientKey
from hub.store.dialect import among
from hub.store.engine import Store, is_away
from hub.store.tables import phones
from wire import log
from wire.errors import Retry

logger = logging.getLogger(__name__)

PATH: Final = f"{PREFIX}/stream"
MOST_OF_A_USER = 20
"""Open streams; and tickets that wait, of which the oldest gives way."""

TOO_MANY = "Открыто слишком много карточек сразу. Закройте лишние вкладки amoCRM."
OVER = "Ссылка на обновления больше не действует. Обновите карточку."


@dataclass(frozen=True)
class StreamKey:
    """The card that is open."""

    kind: Literal["deal", "contact"]
    id: int


@dataclass(frozen=True)
class Watch:
    """What concerns a card: its patients, whoever bears or gets one of its phones (HMACs as in `phones`), the deal."""

    patients: frozenset[PatientKey] = frozenset()
    phone_macs: frozenset[str] = frozenset()
    deal_id: int | None = None


WatchOf: TypeAlias = Callable[[Visitor, StreamKey], Awaitable[Watch]]
"""What concerns this card now: asked when its stream begins, and again after each change. Raises `Told` where the visitor may not
see it (any more): that ends the stream."""

FreshnessOf: TypeAlias = Callable[[Visitor, Watch], Awaitable[Freshness | None]]
"""As the card's `Panel.freshness` would say it now; None where no clinic is connected. Asked at every beat of each open card: it should
cost one small question to the store at most."""


@dataclass(frozen=True)
class Times:
    """The product's values, in seconds; tests take smaller ones."""

    ticket: float = 30
    beat: float = 15
    """Without anything to tell, so that nobody between takes the stream for dead, and the widget notices one that is."""
    gap: float = 0.3
    """Between two looks at what changed: what was booked arrives in parts."""
    longest: float = 30 * 60
    """Then the card has to prove again who looks at it."""


TIMES = Times()


class _Card(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    deal: Annotated[int, Field(gt=0)] | None = None
    contact: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.deal is None) == (self.contact is None):
            raise ValueError("one of deal and contact")
        return self

    @property
    def key(self) -> StreamKey:
        return StreamKey("deal", self.deal) if self.deal is not None else StreamKey("contact", self.contact or 0)


class _Ticket:
    """What a stream will be about. It listens already: nothing is missed between the card's answer and its stream."""

    def __init__(self, visitor: Visitor, key: StreamKey, news: News) -> None:
        self.visitor, self.key = visitor, key
        self._open = ExitStack()
        self.listener: Listener = self._open.enter_context(news.listen(visitor.account.id))
        self.timer: asyncio.TimerHandle | None = None

    def end(self) -> None:
        """Hear no more."""
        self._open.close()


class Streams:
    """All that are open in this process."""

    def __init__(
        self,
        door: Door,
        store: Store,
        rights: Rights,
        news: News,
        public_url: str,
        *,
        watch_of: WatchOf,
        freshness_of: FreshnessOf,
        times: Times = TIMES,
    ) -> None:
        self.store, self.watch_of, self.freshness_of, self.times = store, watch_of, freshness_of, times
        self._door, self._rights, self._news, self._url = door, rights, news, public_url + PATH
        self._tickets: dict[str, _Ticket] = {}
        self._open: dict[asyncio.Timeout, tuple[int, int]] = {}
        self._closed = False

    def routes(self) -> list[web.RouteDef]:
        """Where tickets are given, and taken."""
        return [self._door.route("POST", PATH, self._give), self._door.open_route("GET", PATH, self._serve)]

    def close(self) -> None:
        """The hub stops: end all of them now, begin none."""
        self._closed = True
        for patience in self._open:
            if not patience.expired():
                patience.reschedule(asyncio.get_running_loop().time())
        for name in list(self._tickets):
            self._taken(name).end()

    # Tickets

    async def _give(self, request: web.Request, visitor: Visitor) -> dict[str, str]:
        key = (await asked(request, _Card)).key
        if key.kind == "deal":
            await self._rights.seen_deal(visitor, key.id)
        else:
            await self._rights.seen_contact(visitor, key.id)
        self._let_in(visitor)
        self._make_room(visitor)
        name, ticket = secrets.token_urlsafe(32), _Ticket(visitor, key, self._news)
        ticket.timer = asyncio.get_running_loop().call_later(self.times.ticket, self._expire, name)
        self._tickets[name] = ticket
        return {"url": f"{self._url}?ticket={name}"}

    def _let_in(self, visitor: Visitor) -> None:
        if self._closed:
            raise Told(503, "busy", BUSY, 2)
        if Counter(self._open.values())[_who(visitor)] >= MOST_OF_A_USER:
            raise Told(429, "too_many", TOO_MANY, 30)

    def _make_room(self, visitor: Visitor) -> None:
        """Whoever leafs through cards leaves tickets unused."""
        mine = [name for name, ticket in self._tickets.items() if _who(ticket.visitor) == _who(visitor)]
        for name in mine[: max(0, len(mine) - MOST_OF_A_USER + 1)]:
            self._taken(name).end()

    def _taken(self, name: str) -> _Ticket:
        ticket = self._tickets.pop(name)
        if ticket.timer is not None:
            ticket.timer.cancel()
        return ticket

    def _expire(self, name: str) -> None:
        self._taken(name).end()

    # Streams

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        name = request.query.get("ticket", "")
        if name not in self._tickets:
            raise Told(401, "bad_token", OVER)
        ticket = self._taken(name)
        try:
            if request.headers.get("Origin") != ticket.visitor.origin:
                raise Told(401, "bad_token", OVER)
            self._let_in(ticket.visitor)
            watch = await self.watch_of(ticket.visitor, ticket.key)
            response = web.StreamResponse(headers=_HEADERS | await self._door.headers(request))
            await response.prepare(request)
            await self._talk(response, ticket, watch)
        finally:
            ticket.end()
        return response

    async def _talk(self, response: web.StreamResponse, ticket: _Ticket, watch: Watch) -> None:
        """Until somebody ends it. The browser asks for another one."""
        try:
            with self._counted(ticket.visitor) as patience:
                async with patience:
                    await _Stream(self, response, ticket).run(watch)
        except Exception as error:  # noqa: BLE001 the answer has begun: whatever fails, it can only end; who asks anew is told why
            if not (isinstance(error, Told | Retry) or is_away(error)):  # a timeout counts as being away
                log.defect(logger, "stream.failed", error, account=ticket.visitor.account.id)

    @contextmanager
    def _counted(self, visitor: Visitor) -> Iterator[asyncio.Timeout]:
        patience = asyncio.timeout(self.times.longest)
        self._open[patience] = _who(visitor)
        PANEL_STREAMS.inc()
        try:
            yield patience
        finally:
            del self._open[patience]
            PANEL_STREAMS.dec()


class _Stream:
    """One open card."""

    def __init__(self, all_: Streams, response: web.StreamResponse, ticket: _Ticket) -> None:
        self._all, self._response, self._ticket = all_, response, ticket
        self._told: tuple[str, str, str] | None = None
        self._bearers: set[tuple[str, str]] = set()

    async def run(self, watch: Watch) -> None:
        """Tell what there is to tell, for ever."""
        now = asyncio.get_running_loop().time
        beat_at = now()
        self._bearers = await self._who_bears(watch.phone_macs)
        while True:
            if now() >= beat_at:
                beat_at = now() + self._all.times.beat
                await self._send("beat", "{}")
                await self._tell_freshness(watch)  # it ages without any news, too
            heard = await self._heard(beat_at)
            if heard is None:
                continue
            if await self._concerns(watch, heard):
                await self._send("changed", "{}")
                watch = await self._all.watch_of(self._ticket.visitor, self._ticket.key)
            if heard.databases:
                await self._tell_freshness(watch)
            await asyncio.sleep(self._all.times.gap)

    async def _heard(self, until: float) -> Heard | None:
        try:
            async with asyncio.timeout_at(until):
                return await self._ticket.listener.next()
        except TimeoutError:
            return None

    async def _concerns(self, watch: Watch, heard: Heard) -> bool:
        """Somebody may have got one of the phones just now, or lost it."""
        concerned = {(patient.database, patient.patient) for patient in watch.patients} | self._bearers
        if heard.patients or heard.everything:
            self._bearers = await self._who_bears(watch.phone_macs)
            concerned |= self._bearers
        return heard.everything or watch.deal_id in heard.deals or not concerned.isdisjoint(heard.patients)

    async def _who_bears(self, macs: frozenset[str]) -> set[tuple[str, str]]:
        if not macs:
            return set()
        async with self._all.store.reading(self._ticket.visitor.account) as unit:
            rows = await unit.execute(
                select(phones.c.database, phones.c.patient).where(
                    phones.c.account_id == unit.account.id, among(unit, phones.c.phone_mac, macs)
                )
            )
            return {(row.database, row.patient) for row in rows}

    async def _tell_freshness(self, watch: Watch) -> None:
        freshness = await self._all.freshness_of(self._ticket.visitor, watch)
        if freshness is None:
            return
        seen = (freshness.level, freshness.mis, freshness.text)
        if seen != self._told:
            self._told = seen
            await self._send("freshness", freshness.model_dump_json())

    async def _send(self, event: str, data: str) -> None:
        await self._response.write(f"event: {event}\ndata: {data}\n\n".encode())


def _who(visitor: Visitor) -> tuple[int, int]:
    return visitor.account.id, visitor.user_id


_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
