"""What the scan asks about entities that were recorded before. Keys are compared as numbers: IDENT's keys are."""

import sqlite3
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator
from datetime import datetime
from typing import TypeAlias, TypeVar

from wire.model import Kind

T = TypeVar("T")
Run: TypeAlias = Callable[[Callable[[sqlite3.Connection], T]], Awaitable[T]]

_CHUNK = 500
_NUMBER = "CAST(key AS INTEGER)"


class Known:
    """Questions only; answered on the outbox's thread."""

    def __init__(self, run: "Run[list[tuple[str, str]]]") -> None:
        self._run = run

    async def hints(self, kind: Kind, keys: Collection[str]) -> dict[str, str]:
        """The hints of those keys that are known."""
        return dict(await self._run(lambda db: list(_hints(db, kind, tuple(keys)))))

    async def hints_from(self, kind: Kind, low: int) -> dict[str, str]:
        """The hints of all known keys from `low` on."""
        sql = f"SELECT key, hint FROM known WHERE kind = ? AND {_NUMBER} >= ?"  # noqa: S608 our own words
        return dict(await self._run(lambda db: db.execute(sql, (kind, low)).fetchall()))

    async def between(self, kind: Kind, after: int, through: int | None) -> set[str]:
        """The known keys in (after, through]; without `through` all after."""
        top = 2**62 if through is None else through
        sql = f"SELECT key, '' FROM known WHERE kind = ? AND {_NUMBER} > ? AND {_NUMBER} <= ?"  # noqa: S608 our own words
        return {key for key, _ in await self._run(lambda db: db.execute(sql, (kind, after, top)).fetchall())}

    async def near(self, since: datetime, until: datetime) -> list[int]:
        """The visits that start between the two times, by number."""
        sql = f"SELECT key, '' FROM known WHERE kind = 'visit' AND start BETWEEN ? AND ? ORDER BY {_NUMBER}"  # noqa: S608 our own words
        span = (int(since.timestamp()), int(until.timestamp()))
        return [int(key) for key, _ in await self._run(lambda db: db.execute(sql, span).fetchall())]

    async def visits_of(self, patients: Collection[str]) -> dict[str, list[int]]:
        """All visits of each of these patients; without those who have none."""
        visits: defaultdict[str, list[int]] = defaultdict(list)
        for key, patient in await self._run(lambda db: list(_visits_of(db, tuple(patients)))):
            visits[patient].append(int(key))
        return visits

    async def nth_newest(self, kind: Kind, n: int) -> int | None:
        """The n-th greatest key (0: the greatest); None where there are not so many."""
        sql = f"SELECT key, '' FROM known WHERE kind = ? ORDER BY {_NUMBER} DESC LIMIT 1 OFFSET ?"  # noqa: S608 our own words
        rows = await self._run(lambda db: db.execute(sql, (kind, n)).fetchall())
        return int(rows[0][0]) if rows else None

    async def count(self, kind: Kind) -> int:
        """How many are known."""
        sql = "SELECT CAST(count(*) AS TEXT), '' FROM known WHERE kind = ?"
        rows = await self._run(lambda db: db.execute(sql, (kind,)).fetchall())
        return int(rows[0][0])


def _hints(db: sqlite3.Connection, kind: Kind, keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for chunk in _chunks(keys):
        marks = ",".join("?" * len(chunk))
        sql = f"SELECT key, hint FROM known WHERE kind = ? AND key IN ({marks})"  # noqa: S608 marks only
        yield from db.execute(sql, (kind, *chunk))


def _visits_of(db: sqlite3.Connection, patients: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for chunk in _chunks(patients):
        marks = ",".join("?" * len(chunk))
        sql = f"SELECT key, owner FROM known WHERE kind = 'visit' AND owner IN ({marks})"  # noqa: S608 marks only
        yield from db.execute(sql, chunk)


def _chunks(keys: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK))
