"""A clinic's file in the shape of the demo's, made row by row. What its transactions leave behind is the demo's own doing, except for
a late commit: a row that appears with a rowversion that was given out before others'."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from demo.clinic.database import Database, stored, time_text
from demo.clinic.schema import TABLES

NOW = datetime(2026, 11, 24, 9)  # noqa: DTZ001 IDENT's times have no zone

Backup: TypeAlias = dict[str, list[tuple[Any, ...]]]


class Clinic:
    """Rows are put in, changed and taken away; each change is one transaction, a second after the one before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lost: set[tuple[str, str]] = set()
        with Database(path) as database:
            database.create(NOW)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    @property
    def now(self) -> datetime:
        """The server's clock."""
        return datetime.fromisoformat(self._db.execute("SELECT now FROM _server").fetchone()[0])

    def pass_time(self, seconds: float = 1) -> datetime:
        """Let the server's clock go on."""
        now = self.now + timedelta(seconds=seconds)
        self._db.execute("UPDATE _server SET now = ?", (time_text(now),))
        return now

    def rowversion(self) -> int:
        """Take the next one."""
        return int(self._db.execute("UPDATE _server SET dbts = dbts + 1 RETURNING dbts").fetchone()[0])

    def put(self, table: str, key: int, *, version: int | None = None, audit: bool = True, **cells: Any) -> None:
        """Insert or change one row. `version`: a rowversion that was taken before; without `audit` nothing betrays the change."""
        known, now = TABLES[table], self.pass_time()
        marks: dict[str, Any] = {"DateTimeChanged": now} if audit else {}
        if table == "Receptions":
            marks["RowVersion"] = (self.rowversion() if version is None else version).to_bytes(8, "big")
        there = [column for column in known.columns if (table, column.name) not in self._lost]
        cells = {name: cell for name, cell in {**marks, **cells}.items() if name in {column.name for column in there}}
        if not self.holds(table, key):
            row = {**{c.name: _least(c.type) if c.required else None for c in there}, **cells, known.key: key}
            values = [stored(row[column.name]) for column in there]
            self._db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608
        elif cells:
            sets = ", ".join(f"[{name}] = ?" for name in cells)
            self._db.execute(
                f"UPDATE {table} SET {sets} WHERE {known.key} = ?",  # noqa: S608
                [*map(stored, cells.values()), key],
            )

    def index(self, *columns: str) -> None:
        """Make an index on each `Table.Column`."""
        for table, _, column in (name.partition(".") for name in columns):
            self._db.execute(f"CREATE INDEX IX_{table}_{column} ON {table} ({column})")

    def patient_of(self, visit: int) -> int | None:
        """Whose visit it is."""
        found = self._db.execute("SELECT ID_Patients FROM Receptions WHERE ID = ?", (visit,)).fetchone()
        return None if found is None else found[0]

    def cells(self, table: str, key: int, *names: str) -> tuple[Any, ...]:
        """Some cells of one row, as they are stored."""
        found = self._db.execute(f"SELECT {', '.join(names)} FROM {table} WHERE {TABLES[table].key} = ?", (key,))  # noqa: S608
        return tuple(found.fetchone())

    def payer_of(self, order: int) -> int | None:
        """Who pays it."""
        found = self._db.execute("SELECT ID_Patients FROM Orders WHERE ID = ?", (order,)).fetchone()
        return None if found is None else found[0]

    def delete(self, table: str, key: int | None = None) -> None:
        """Take one row away, or all of them."""
        self.pass_time()
        where = "" if key is None else f" WHERE {TABLES[table].key} = {int(key)}"
        self._db.execute(f"DELETE FROM {table}{where}")  # noqa: S608

    def keys(self, table: str) -> list[int]:
        """Which rows there are."""
        return [key for (key,) in self._db.execute(f"SELECT {TABLES[table].key} FROM {table} ORDER BY 1")]  # noqa: S608

    def holds(self, table: str, key: int) -> bool:
        """Whether there is such a row."""
        return bool(self._db.execute(f"SELECT 1 FROM {table} WHERE {TABLES[table].key} = ?", (key,)).fetchall())  # noqa: S608

    def next_key(self, table: str) -> int:
        """Above all that there are."""
        return int(self._db.execute(f"SELECT ifnull(max({TABLES[table].key}), 0) + 1 FROM {table}").fetchone()[0])  # noqa: S608

    @contextlib.contextmanager
    def undone(self) -> Iterator[None]:
        """What is done to visits within is not there afterwards."""
        visits, server = (self._db.execute(f"SELECT * FROM {name}").fetchall() for name in ("Receptions", "_server"))  # noqa: S608
        try:
            yield
        finally:
            self._db.execute("BEGIN")
            for name, rows in (("Receptions", visits), ("_server", server)):
                self._db.execute(f"DELETE FROM {name}")  # noqa: S608
                for row in rows:
                    self._db.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
            self._db.execute("COMMIT")

    def drop(self, table: str, column: str | None = None) -> None:
        """Lose a column, or a whole table."""
        if column is None:
            self._db.execute(f"DROP TABLE {table}")
        else:
            self._db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
            self._lost.add((table, column))

    def hide(self, table: str, column: str | None = None) -> None:
        """Lose a column, or a whole table, for a while."""
        if column is None:
            self._db.execute(f"ALTER TABLE {table} RENAME TO _{table}")
        else:
            self._db.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO _{column}")
            self._lost.add((table, column))

    def show(self, table: str, column: str | None = None) -> None:
        """It is there again, with what stood in it."""
        if column is None:
            self._db.execute(f"ALTER TABLE _{table} RENAME TO {table}")
        else:
            self._db.execute(f"ALTER TABLE {table} RENAME COLUMN _{column} TO {column}")
            self._lost.discard((table, column))

    def backup(self) -> Backup:
        """The whole database as it stands."""
        names = [*TABLES, "_server"]
        return {name: self._db.execute(f"SELECT * FROM {name}").fetchall() for name in names}  # noqa: S608

    def put_back(self, backup: Backup) -> None:
        """It is put in place; the clock goes on."""
        now = self.now
        for name, rows in backup.items():
            self._db.execute(f"DELETE FROM {name}")  # noqa: S608
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                self._db.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608
        self._db.execute("UPDATE _server SET now = ?", (time_text(now),))

    def touch_all(self) -> None:
        """What an update of the program leaves: each visit has a new rowversion and nothing else."""
        for key in self.keys("Receptions"):
            self.put("Receptions", key)

    def patient(self, key: int, surname: str = "Канарейкин", **cells: Any) -> None:
        """A patient, as two rows."""
        self.put("Persons", key, Surname=surname, Name="Пётр", MobilePhone=f"+7 999 000 {key % 10000:04}")
        self.put("Patients", key, **cells)

    def visit(self, key: int, patient: int | None = 1001, day: float = 0, **cells: Any) -> None:
        """A visit of so many days from the first morning on."""
        start = NOW + timedelta(days=day, hours=1)
        times = {"PlanStart": start, "PlanEnd": start + timedelta(minutes=30)}
        self.put("Receptions", key, **{"ID_Patients": patient, "ReceptionAdded": NOW, **times, **cells})


def _least(kind: str) -> Any:
    return NOW if kind == "datetime" else b"" if kind == "rowversion" else 0
