"""People at work: looks at the board once in a tick of business time, and does what was decided, by the routes that people have. Thin."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import aiohttp

from demo.account import AccountRefused, Api
from demo.install import ZONE
from demo.people.board import Names, furnished, viewed
from demo.people.decide import TICK, Staff, decide, slot_of
from demo.people.hands import Hands
from demo.people.model import Budget, Confirm, Deed, Lose, Move, NewRequest, Rename, Source
from demo.show import Show

Json: TypeAlias = dict[str, Any]
PEOPLE_SECONDS = 0.5
_MOST_WAIT = 3.0
_DONE = {
    NewRequest: "новое обращение",
    Move: "обращение взято в работу",
    Lose: "сделка закрыта",
    Budget: "внесён бюджет",
    Source: "заполнено «Откуда узнали»",
    Rename: "вписано имя",
    Confirm: "приём подтверждён",
}


class Crew:
    """All who work in the account."""

    def __init__(self, show: Show, seed: int) -> None:
        self._show, self._seed = show, seed
        self._slot = 0
        self._names: Names | None = None

    async def step(self) -> None:
        """Where a tick has passed: look, decide, do."""
        slot = slot_of(self._show.now)
        if slot == self._slot or not self._show.linked.is_set():
            return
        self._slot = slot
        with contextlib.suppress(
            aiohttp.ClientError, TimeoutError, AccountRefused
        ):  # then they look again at the next tick
            await self._tick()

    async def _tick(self) -> None:
        crm = self._show.product.crm
        async with Api(crm["url"], crm["token"]) as api:
            self._names = self._names or await furnished(api)
            view = await viewed(api, self._names, await self._callers(), self._show.now, ZoneInfo(ZONE))
        await self._do(decide(view, Staff(self._seed, self._names.operators)), Hands(self._show.product, self._names))

    async def _do(self, deeds: Sequence[Deed], hands: Hands) -> None:
        """One after another, spread over the tick as people are."""
        for deed in deeds:
            if await hands.do(deed):
                self._show.people = _DONE[type(deed)]
            await asyncio.sleep(self._between(len(deeds)))

    def _between(self, many: int) -> float:
        return min(_MOST_WAIT, TICK.total_seconds() / self._show.pace.speed / (many + 1))

    async def _callers(self) -> list[Json]:
        product = self._show.product
        async with product.session.get(f"{product.clinic_url}/callers") as answer:
            callers: list[Json] = (await answer.json())["callers"]
            return callers
