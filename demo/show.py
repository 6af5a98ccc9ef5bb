"""The live demo at work: turns the clock, looks how all stands, and does what the bar asks. Starts no process."""

import asyncio
import contextlib
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import aiohttp

from agent.status import last_status
from demo.pace import Pace, later
from demo.product import Product
from demo.relay import Relay
from demo.walk_in import Cards, Whom

TURN_SECONDS = LOOK_SECONDS = 0.5
_MOST_SECONDS = 5.0
"""A computer that slept does not make up for it."""
_ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Stand:
    """How all stands, as the bar shows it. `waiting`: changes that the agent keeps; `undelivered`: patients that are not in amoCRM yet."""

    now: str = ""
    pace: Pace = field(default_factory=Pace)
    last: dict[str, str] | None = None
    line: bool = True
    connected: bool = False
    waiting: int = 0
    loaded: bool = False
    undelivered: int = 0
    deals: int = 0
    requests: int = 0
    people: str | None = None


@dataclass
class Show:
    """`now` is the clinic's clock; everything else follows it."""

    product: Product
    line: Relay
    now: datetime
    pace: Pace = field(default_factory=Pace)
    stand: Stand = field(default_factory=Stand)
    people: str | None = None
    linked: asyncio.Event = field(default_factory=asyncio.Event)
    """The clinic was seen in the hub, with all that it had."""
    _turned: float = field(default_factory=time.monotonic)

    async def turn(self) -> None:
        """Let the day go on for as long as was waited since the last turn."""
        turned, self._turned = self._turned, time.monotonic()
        to = later(self.now, min(self._turned - turned, _MOST_SECONDS), self.pace)
        if to > self.now:
            with contextlib.suppress(aiohttp.ClientError):  # a clinic that is gone is noticed by `look`
                self.now = await self.product.advance(to)

    async def look(self) -> None:
        """See how all stands; who does not answer keeps the figures that he had."""
        product = self.product
        for process in (product.clinic, product.stand_in, product.hub, product.agent):
            process.check()
        self.stand = replace(
            self.stand, now=self.now.isoformat(), pace=self.pace, line=self.line.is_whole, people=self.people
        )
        self._look_at_agent()
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            clinic = await self._get(product.clinic_url)
            self.stand = replace(self.stand, last=clinic["last"])
            counts = await self._get(f"{product.crm['url']}/_stand-in/counts")
            self.stand = replace(self.stand, deals=counts["leads"], requests=counts["requests"])
            self._look_at_hub(await self._get(f"{product.ops_url}/status"))

    def _look_at_agent(self) -> None:
        """By the file that it writes for `ident-agent status`: the hub cannot know what waits while the line is cut."""
        status = last_status(self.product.folder / "agent")
        if status is not None:
            self.stand = replace(self.stand, waiting=status.outbox.live + status.outbox.backfill)

    def _look_at_hub(self, status: dict[str, Any]) -> None:
        account = next(iter(status["accounts"]), None)
        database = next(iter(account["databases"]), None) if account else None
        if account and database:
            self.stand = replace(
                self.stand,
                connected=database["connected"],
                loaded=database["loaded"],
                undelivered=account["undelivered"],
            )
        if self.stand.connected and self.stand.loaded:
            self.linked.set()

    async def switch(self, *, whole: bool) -> None:
        """Cut the line between clinic and hub, or let it be whole again."""
        if whole:
            await self.line.restore()
        else:
            self.line.cut()

    async def book(self, card: tuple[str, int] | None) -> dict[str, Any] | None:
        """Let the clinic book the patient of a card, or somebody; None where there is nobody to book."""
        cards = Cards(self.product.session, self.product.crm)
        match card:
            case ("leads", deal):
                whom = await cards.of_deal(deal)
            case ("contacts", contact):
                whom = await cards.of_contact(contact)
            case _:
                whom = Whom(None)
        if whom.asked is None:
            whom = await cards.of_somebody()
        if whom.asked is None:
            return None
        async with self.product.session.post(f"{self.product.clinic_url}/book", json=whom.asked) as answer:
            booked = await answer.json() if answer.status == 200 else None
        return booked and {"deal": whom.deal, "name": booked["name"], "start": booked["start"]}

    def shape(self) -> dict[str, Any]:
        """For the bar."""
        return asdict(self.stand)

    async def _get(self, url: str) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        async with self.product.session.get(url, timeout=timeout) as answer:
            answer.raise_for_status()
            told: dict[str, Any] = await answer.json()
            return told
