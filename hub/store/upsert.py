"""Insert or update, with one text for SQLite and PostgreSQL."""

from collections.abc import Collection
from typing import TypeAlias

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from hub.store.engine import Unit

Insert: TypeAlias = postgresql.Insert | sqlite.Insert


def insert(unit: Unit, table: Table) -> Insert:
    """An insert that knows `on_conflict_do_update`."""
    if unit.connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def upsert(unit: Unit, table: Table, update: Collection[str]) -> Insert:
    """Insert by the table's key; where the row is there, the columns of `update` take the new values."""
    statement = insert(unit, table)
    new = {name: statement.excluded[name] for name in update}
    return statement.on_conflict_do_update(index_elements=[*table.primary_key], set_=new)
