"""How a clinic's side stands, as its agent said last: a row's columns for freshness and alarms."""

from sqlalchemy import func, literal, update

from hub.clock import machine_now
from hub.store.columns import Moment
from hub.store.engine import Unit
from hub.store.tables import databases
from wire.frames import State


async def put_state(unit: Unit, database: str, state: State) -> None:
    """Keep the state of a database. Whatever the agent pushed before it is committed already: once it says that a whole pass was
    made and nothing waits, the first load is durable here."""
    now = machine_now()
    waits = state.outbox.live + state.outbox.backfill
    loaded = (
        {"loaded_at": func.coalesce(databases.c.loaded_at, literal(now, Moment()))}
        if state.verified_through and not waits
        else {}
    )
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
