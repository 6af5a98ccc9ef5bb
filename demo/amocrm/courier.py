"""Carries webhooks to their destinations, with two seconds for each answer, and lets what is due by itself happen. Decides nothing."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

from demo.amocrm.post import Delivery
from demo.amocrm.stand_in import StandIn

DEADLINE_SECONDS = 2.0
BEAT_SECONDS = 0.05
TOO_LATE, NOBODY = 499, 0
"""What counts as the code where none came."""
LOOPBACK = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "localhost")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_NAMELESS = frozenset({"User-Agent"})
"""Which name amoCRM's courier goes by is not documented."""


class Courier:
    """Of one stand-in."""

    def __init__(self, stand_in: StandIn, session: aiohttp.ClientSession) -> None:
        self._stand_in, self._session = stand_in, session

    async def step(self) -> bool:
        """Deliver the next of each webhook; says whether there was any."""
        self._stand_in.tick()
        due = self._stand_in.post.due()
        async with asyncio.TaskGroup() as tasks:
            for delivery in due:
                tasks.create_task(self._deliver(delivery))
        return bool(due)

    async def _deliver(self, delivery: Delivery) -> None:
        post = self._stand_in.post
        post.answered(delivery, await self._code(delivery.destination, delivery.body))

    async def _code(self, address: str, body: str) -> int:
        if URL(address).host not in LOOPBACK:
            return NOBODY  # the stand-in speaks to nobody outside this machine
        try:
            async with self._session.post(address, data=body, headers=_FORM, allow_redirects=False) as answer:
                return answer.status
        except TimeoutError:
            return TOO_LATE
        except aiohttp.ClientError:
            return NOBODY


async def carrying(stand_in: StandIn) -> AsyncIterator[None]:
    """Carry until the iterator is asked again."""
    deadline = aiohttp.ClientTimeout(total=DEADLINE_SECONDS)
    async with (
        aiohttp.ClientSession(timeout=deadline, skip_auto_headers=_NAMELESS) as session,
        asyncio.TaskGroup() as tasks,
    ):
        loop = tasks.create_task(_run(Courier(stand_in, session)))
        yield
        loop.cancel()


async def _run(courier: Courier) -> None:
    while True:
        if not await courier.step():
            await asyncio.sleep(BEAT_SECONDS)
