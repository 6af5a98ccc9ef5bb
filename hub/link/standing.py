"""How a clinic's side stands, as its agent said last: a row's columns for freshness and alarms."""

from datetime import timedelta

from sqlalchemy import func, literal, update

from hub.clock import Clock, machine_now
from hub.news import News
from hub.store.columns import Moment
from hub.store.engine import Unit
from hub.store.tables import databases
from wire.frames import State

BEHIND_AFTER = timedelta(minutes=1)
"""What was committed in the clinic so long ago and not read yet, is late."""


class Standing:
    """What an agent says of its clinic, as far as it changes what an open card says of its freshness: told when it does."""

    def __init__(self, news: News, clock: Clock, key: tuple[int, str]) -> None:
        self._news, self._clock, self._key = news, clock, key
        self._last: tuple[str, bool, bool] | None = None

    def put(self, state: State) -> None:
        """The newest state; it stands in the store."""
        through, is_loaded = state.read_through, _is_loaded(state)
        is_behind = through is None or self._clock.now() - through > BEHIND_AFTER
        if (state.mis, is_behind, is_loaded) != self._last:
            self._last = (state.mis, is_behind, is_loaded)
            self._news.tell_freshness(*self._key)


async def put_state(unit: Unit, database: str, state: State) -> None:
    """Keep the state of a database. Whatever the agent pushed before it is committed already: once it says that a whole pass was
    made and nothing waits, the first load is durable here."""
    now = machine_now()
    waits = state.outbox.live + state.outbox.backfill
    first = {"loaded_at": func.coalesce(databases.c.loaded_at, literal(now, Moment()))}
    loaded = first if _is_loaded(state) else {}
    await unit.execute(
        update(databases)
        .where(databases.c.account_id == unit.account.id, databases.c.id == database)
        .values(
            mis=state.mis,
            read_through=state.read_through,
            verified_through=state.verified_through,
            outbox_depth=waits,
            state=state.model_dump_json(exclude_unset=True),
            state_at=now,
            **loaded,
        )
    )


def _is_loaded(state: State) -> bool:
    return state.verified_through is not None and not (state.outbox.live or state.outbox.backfill)
