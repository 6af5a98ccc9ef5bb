"""What SQLite and PostgreSQL say differently, behind one word each."""

import json
from collections.abc import Collection
from functools import cache
from typing import TypeAlias

from sqlalchemy import ARRAY, Column, ColumnElement, String, Table, any_, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from hub.store.engine import Unit

Insert: TypeAlias = postgresql.Insert | sqlite.Insert


def insert(unit: Unit, table: Table) -> Insert:
    """An insert that knows `on_conflict_do_update`."""
    return _insert(_is_postgresql(unit), table)


def upsert(unit: Unit, table: Table, update: Collection[str]) -> Insert:
    """Insert by the table's key; where the row is there, the columns of `update` take the new values."""
    return _upsert(_is_postgresql(unit), table, tuple(update))


def _insert(is_postgresql: bool, table: Table) -> Insert:
    return postgresql.insert(table) if is_postgresql else sqlite.insert(table)


@cache  # to build one costs more than to run it; there are a dozen
def _upsert(is_postgresql: bool, table: Table, update: tuple[str, ...]) -> Insert:
    statement = _insert(is_postgresql, table)
    new = {name: statement.excluded[name] for name in update}
    return statement.on_conflict_do_update(index_elements=[*table.primary_key], set_=new)


def among(unit: Unit, where: Column[str], values: Collection[str]) -> ColumnElement[bool]:
    """The column holds one of the values. They travel as one parameter: with IN, each number of them is a statement of its own
    to prepare, and five hundred parameters cost more than the query."""
    if len(values) == 1:
        return where == next(iter(values))
    if _is_postgresql(unit):
        return where == any_(bindparam(None, list(values), type_=ARRAY(String)))
    each = func.json_each(json.dumps(list(values))).table_valued("value")
    return where.in_(select(each.c.value))


def _is_postgresql(unit: Unit) -> bool:
    return unit.connection.dialect.name == "postgresql"
