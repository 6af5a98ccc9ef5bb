"""What agents pushed becomes durable here, whoever reconciles is woken, and whoever listens is told. Knows nothing of sockets, nor of
what the rules make of a visit."""

import asyncio
from collections.abc import Sequence

from hub.accounts import Account
from hub.clock import Clock
from hub.inbox.intake import Outrun, Received, retry_parked, take
from hub.inbox.write import record_place
from hub.metrics import CHANGES_TAKEN
from hub.news import Changed, News
from hub.store.engine import Store
from wire.frames import Lane, Position, Push

__all__ = ["Inbox", "Outrun", "Received", "record_place", "retry_parked", "take"]


class Inbox:
    """The inbox of all databases. `arrived` is set after each commit that brought changes; its one reader clears it."""

    def __init__(self, store: Store, clock: Clock, news: News | None = None) -> None:
        self.arrived = asyncio.Event()
        self._store, self._clock, self._news = store, clock, news or News()

    async def take(
        self, account: Account, database: str, generation: int, received: Sequence[Received]
    ) -> dict[Lane, Position]:
        """Commit all of it together; what this returns is durable and may be acked."""
        async with self._store.writing(account) as unit:
            taken = await take(unit, database, received, generation=generation, now=self._clock.now())
        for item in received:
            if isinstance(item.frame, Push):
                CHANGES_TAKEN.labels(item.frame.lane).inc(len(item.frame.changes))
        self.arrived.set()
        self._news.tell(account.id, Changed(database, taken.patients))
        return taken.moved
