"""Transactions at the clinic that stay open: what they have written stands aside, as images of rows with the rowversions that these took
when they were written. Whoever reads the file sees none of it; what a SQL Server would let him see, the query border models."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demo.clinic.database import Database
from demo.clinic.schema import TABLES
from demo.clinic.values import Row, Value, read, stored


class RowIsHeld(Exception):
    """Another open transaction has written this row: on a server, whoever wants it waits."""


@dataclass(frozen=True)
class Image:
    """A row as somebody has written it; None where he has taken it away. `first` is the first rowversion that he took for it."""

    table: str
    key: int
    first: int | None
    row: Row | None


class OpenTransaction:
    """One of them; several may be open at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held = int(database.execute("SELECT COALESCE(MAX(held), 0) + 1 FROM _pending")[0][0])

    def put(self, table: str, key: int, **cells: Value) -> None:
        """Insert or change a row."""
        cells = {**self._written(table, key), TABLES[table].key: key, **{n: stored(v) for n, v in cells.items()}}
        self._keep(table, key, cells)

    def delete(self, table: str, key: int) -> None:
        """Take a row away."""
        self._keep(table, key, None)

    def commit(self) -> None:
        """Everything at once, with the old numbers."""
        with self._database.transaction():
            for table, key, image in self._own():
                self._apply(table, key, None if image is None else json.loads(image))
            self._forget()

    def roll_back(self) -> None:
        """Nothing of it ever was; the numbers are gone."""
        self._forget()

    def _own(self) -> list[tuple[str, int, str | None]]:
        return self._database.execute("SELECT tab, key, image FROM _pending WHERE held = ?", (self._held,))

    def _forget(self) -> None:
        self._database.execute("DELETE FROM _pending WHERE held = ?", (self._held,))

    def _keep(self, table: str, key: int, cells: dict[str, Any] | None) -> None:
        others = "SELECT 1 FROM _pending WHERE tab = ? AND key = ? AND held <> ?"
        if self._database.execute(others, (table, key, self._held)):
            raise RowIsHeld
        number = None
        if any(column.name == "RowVersion" for column in self._database.columns(table)):
            number = self._database.take_rowversion()
        if cells is not None and number is not None:
            cells["RowVersion"] = number
        image = None if cells is None else json.dumps(cells)
        self._database.execute(
            "INSERT INTO _pending VALUES (?, ?, ?, ?, ?) ON CONFLICT (tab, key) DO UPDATE SET image = excluded.image",
            (table, key, self._held, number, image),
        )

    def _written(self, table: str, key: int) -> dict[str, Any]:
        """The row as this transaction sees it, as it stands in the file."""
        for own, at, image in self._own():
            if (own, at) == (table, key) and image is not None:
                return dict(json.loads(image))
        return _standing(self._database, table, key) or {}

    def _apply(self, table: str, key: int, cells: dict[str, Any] | None) -> None:
        own = TABLES[table].key
        self._database.execute(f"DELETE FROM {table} WHERE {own} = ?", (key,))  # noqa: S608 a table of ours
        if cells is None:
            return
        if "RowVersion" in cells:
            cells["RowVersion"] = cells["RowVersion"].to_bytes(8, "big")
        names = [column.name for column in self._database.columns(table) if column.name in cells]
        listed = ", ".join(f"[{name}]" for name in names)
        self._database.execute(
            f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608
            [cells[name] for name in names],
        )


def images(database: Database) -> Iterator[Image]:
    """What is written and not committed."""
    for table, key, number, image in database.execute("SELECT tab, key, number, image FROM _pending ORDER BY tab, key"):
        yield Image(table, key, number, None if image is None else _row(table, json.loads(image)))


def _row(table: str, cells: Mapping[str, Any]) -> Row:
    if "RowVersion" in cells:
        cells = {**cells, "RowVersion": cells["RowVersion"].to_bytes(8, "big")}
    return {column.name: read(column, cells.get(column.name)) for column in TABLES[table].columns}


def _standing(database: Database, table: str, key: int) -> dict[str, Any] | None:
    names = [column.name for column in database.columns(table) if column.name != "RowVersion"]
    listed = ", ".join(f"[{name}]" for name in names)
    found = database.execute(f"SELECT {listed} FROM {table} WHERE {TABLES[table].key} = ?", (key,))  # noqa: S608
    return dict(zip(names, found[0], strict=True)) if found else None
