"""The query border of the demo clinic: what a SQL Server that locks rows would let a statement see while transactions are open. Decided
from the statement's own tree; the tables have no index but their keys, unless the file has others, and the database is without row
versioning (READ COMMITTED).

A statement waits for each row that it reads and somebody has written: rows in the range of the keys that it names, and rows that it joins.
It reads all rows of its first table where it names no range of keys. A wait ends in error 1222. READPAST passes such rows by; NOLOCK sees
what is written and not committed."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from sqlglot import exp

from agent.mis.book import SHIPPED
from agent.mis.port import Columns, Look, Mis, MisBusy, Param, Row, Server
from agent.mis.statements import readable
from demo.clinic.database import Database
from demo.clinic.pending import Image, images
from demo.clinic.schema import TABLES
from tests.contract.reference import Params, Tables, answer, joined

Indexes: TypeAlias = Collection[tuple[str, str]]
"""(table, column) of those that are there beside the keys."""

LOCK_WAIT_ENDED = "42000 1222"


class Waits(Exception):
    """Somebody holds a row that the statement reads."""


def seen(
    tree: exp.Select, params: Params, tables: Tables, pending: Collection[Image], indexes: Indexes = frozenset()
) -> list[dict[str, Any]]:
    """What the statement answers; raises `Waits`. `tables` hold what is committed."""
    if _reads_held(tree, params, tables, pending, indexes):
        raise Waits
    hints = {table.name: _hint(table) for table in tree.find_all(exp.Table)}
    return answer(
        tree, params, {name: _visible(name, rows, pending, hints.get(name, "")) for name, rows in tables.items()}
    )


def _visible(table: str, rows: Sequence[Row], pending: Iterable[Image], hint: str) -> Sequence[Row]:
    own = {image.key: image.row for image in pending if image.table == table}
    if not own or not hint:
        return rows
    key = TABLES[table].key
    others = [row for row in rows if row[key] not in own]
    return others if hint == "READPAST" else [*others, *(row for row in own.values() if row is not None)]


def _reads_held(tree: exp.Select, params: Params, tables: Tables, pending: Collection[Image], indexes: Indexes) -> bool:
    """Whether a row that is held lies in its way."""
    first = tree.args["from_"].this
    waits = {t.alias: _held(t, pending) for t in tree.find_all(exp.Table) if not _hint(t)}
    if not any(waits.values()):
        return False

    def all_rows(table: exp.Table) -> Sequence[Row]:
        """What somebody has written stands there too, though nobody may look: new rows, and a changed one's new place in an index."""
        written = [i.row for i in pending if i.table == table.name and i.row is not None]
        own = TABLES[table.name].key
        there = set() if any(name == table.name for name, _ in indexes) else {row[own] for row in tables[table.name]}
        return [*tables[table.name], *(row for row in written if row[own] not in there)]

    keys = {TABLES[first.name].key, *(column for name, column in indexes if name == first.name)}
    read = joined(_as_read(tree), params, all_rows, _range(tree, first.alias, keys))
    return any(
        row is not None and row[TABLES[_name(tree, alias)].key] in waits.get(alias, ())
        for each in read
        for alias, row in each.items()
    )


def _as_read(tree: exp.Select) -> exp.Select:
    """The greatest or the least key is one row, at one end of the table."""
    ends = [output.find(exp.Max, exp.Min) for output in tree.expressions]
    (first,) = [table for table in tree.find_all(exp.Table) if table.parent is tree.args["from_"]]
    if len(ends) == 1 and ends[0] is not None and not tree.args.get("where"):
        column = ends[0].this
        if column.name == TABLES[first.name].key:
            ordered = tree.copy()
            by = exp.Ordered(this=column.copy(), desc=isinstance(ends[0], exp.Max))
            ordered.set("order", exp.Order(expressions=[by]))
            ordered.set("limit", exp.Limit(expression=exp.Literal.number(1)))
            return ordered
    return tree


def _range(tree: exp.Select, alias: str, keys: Collection[str]) -> exp.Expr:
    """The part of the condition that keys decide; everything, where there is none."""
    where = tree.args.get("where")
    parts = list(where.this.flatten()) if where and isinstance(where.this, exp.And) else [where.this] if where else []
    own = [part for part in parts if _is_of(part, alias, keys)]
    return exp.and_(*own, copy=True) if own else exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1))


def _is_of(part: exp.Expr, alias: str, keys: Collection[str]) -> bool:
    return all(column.table == alias and column.name in keys for column in part.find_all(exp.Column))


def _held(table: exp.Table, pending: Iterable[Image]) -> set[int]:
    return {image.key for image in pending if image.table == table.name}


def _name(tree: exp.Select, alias: str) -> str:
    return next(table.name for table in tree.find_all(exp.Table) if table.alias == alias)


def _hint(table: exp.Table) -> str:
    names = [each.name.upper() for hint in table.args.get("hints") or () for each in hint.expressions]
    return names[0] if names else ""


class Border(Mis):
    """The clinic's file with its border; without open transactions it is the file."""

    def __init__(self, mis: Mis, path: Path) -> None:
        self._mis, self._path = mis, path

    async def server(self) -> Server:
        """The bound lies at the first rowversion that an open transaction has taken."""
        server = await self._mis.server()
        firsts = [image.first for image in self._pending() if image.first is not None]
        return replace(server, bound=min(firsts).to_bytes(8, "big")) if firsts else server

    async def look(self) -> Look:
        return await self._mis.look()

    async def columns(self) -> Columns:
        return await self._mis.columns()

    async def fetch(self, name: str, *params: Param) -> list[Row]:
        pending = self._pending()
        if not pending:
            return await self._mis.fetch(name, *params)
        tree = readable(SHIPPED.query(name), await self._mis.columns())
        with Database(self._path) as database:
            tables: Mapping[str, Sequence[Row]] = {t: list(database.rows(t)) for t in _tables(tree)}
            indexes = set(_indexes(database))
        try:
            return list(seen(tree, params, tables, pending, indexes))
        except Waits:
            raise MisBusy(LOCK_WAIT_ENDED) from None

    async def leave(self) -> None:
        await self._mis.leave()

    def _pending(self) -> list[Image]:
        with Database(self._path) as database:
            return list(images(database))


def _tables(tree: exp.Select) -> set[str]:
    return {table.name for table in tree.find_all(exp.Table)}


def _indexes(database: Database) -> Iterator[tuple[str, str]]:
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'index'"):
        _, table, column = name.split("_", 2)
        yield table, column
