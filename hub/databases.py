"""The databases of an account: what the integrator says of each clinic database. How far it was read is the link's business."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select

from hub.store.engine import Unit
from hub.store.tables import databases
from wire.errors import NeedsOperator

_COLUMNS = (databases.c.id, databases.c.name, databases.c.zone, databases.c.generation, databases.c.live_since)


@dataclass(frozen=True)
class Database:
    """A database of IDENT. It outlives the agents that read it. `live_since` is None until the first agent was welcomed."""

    id: str
    name: str
    zone: str
    generation: int = 0
    live_since: datetime | None = None


async def add(unit: Unit, name: str, zone: str) -> Database:
    """Make a record; ids are db_1, db_2 … within the account."""
    taken = [int(known.id.removeprefix("db_")) for known in await listed(unit)]
    database = Database(f"db_{max(taken, default=0) + 1}", name, zone)
    await unit.execute(
        insert(databases).values(
            account_id=unit.account.id, id=database.id, name=name, zone=zone, generation=0, outbox_depth=0
        )
    )
    return database


async def listed(unit: Unit) -> list[Database]:
    """All of the account, in the order in which they were added."""
    rows = await unit.execute(select(*_COLUMNS).where(databases.c.account_id == unit.account.id))
    return sorted((_database(row) for row in rows), key=lambda database: (len(database.id), database.id))


async def get(unit: Unit, database_id: str) -> Database:
    """One of the account; raises where there is none."""
    rows = await unit.execute(
        select(*_COLUMNS).where(databases.c.account_id == unit.account.id, databases.c.id == database_id)
    )
    row = rows.one_or_none()
    if row is None:
        raise NeedsOperator(f"Name a database of account {unit.account.id} (ident-hub status lists them).")
    return _database(row)


def _database(row: Row[Any]) -> Database:
    return Database(row.id, row.name, row.zone, row.generation, row.live_since)
