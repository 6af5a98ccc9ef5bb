"""Whose each row is: an index of our own for tables in which the clinic's database has none. It finds what to read and is never told:
whoever asks reads the rows themselves. A row that moved without a sign is found here, as everything is, by the next pass."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

from agent.outbox.file import transaction
from agent.outbox.index import Run

Rows: TypeAlias = Mapping[int, int | None]
"""Key of a row -> key of its owner."""

_CHUNK = 500


class Owners:
    """By relation: `Orders.ID_Patients` tells whose orders are. A relation is begun, then known."""

    def __init__(self, run: Run, known: Mapping[str, int]) -> None:
        self._run = run
        self._through: dict[str, int | None] = dict(known)

    def through(self, relations: Iterable[str]) -> int | None:
        """Up to which key all rows of these relations were learnt; None where one of them is not known."""
        found = [self._through.get(relation) for relation in relations]
        known = [key for key in found if key is not None]
        return min(known, default=0) if len(known) == len(found) else None

    async def begin(self, relations: Collection[str]) -> None:
        """Learn these from nothing."""
        if relations:
            self._through.update(dict.fromkeys(relations))
            await self._run(lambda db: _begin(db, relations))

    async def learn(self, rows: Mapping[str, Rows], through: int | None = None, *, is_end: bool = False) -> None:
        """Whose some rows are, by relation; of those that were begun. `through`: all rows up to this key were learnt, where others come
        behind it; with `is_end` there were no others, and the relations are known from now on."""
        begun = {relation: of for relation, of in rows.items() if relation in self._through}
        further = {r: through for r in begun if through is not None and _is_less(self._through[r], through, is_end)}
        if further or any(begun.values()):
            await self._run(lambda db: _learn(db, begun, further))
            self._through.update(further)

    async def forget(self, *, but: Collection[str] = ()) -> None:
        """All but these are not known any more."""
        gone = self._through.keys() - set(but)
        for relation in gone:
            del self._through[relation]
        if gone:
            await self._run(lambda db: _forget(db, gone))

    async def keys(self, owners: Mapping[str, Collection[int]]) -> list[int] | None:
        """The rows that belong to one of some owners, by relation, in order; None where one of the relations is not known."""
        return await self._run(lambda db: _keys(db, owners))


def _is_less(known: int | None, through: int, is_end: bool) -> bool:
    """Whether a relation is known less far, or begins to be known."""
    return is_end if known is None else known < through


def known(db: sqlite3.Connection) -> dict[str, int]:
    """The relations that are known, and through which key; what was begun and not ended begins anew."""
    _forget(db, [name for (name,) in db.execute("SELECT name FROM relations WHERE through IS NULL")])
    return dict(db.execute("SELECT name, through FROM relations").fetchall())


def _begin(db: sqlite3.Connection, relations: Collection[str]) -> None:
    _forget(db, relations)
    with transaction(db):
        db.executemany("INSERT INTO relations (name) VALUES (?)", [(relation,) for relation in relations])


def _forget(db: sqlite3.Connection, relations: Collection[str]) -> None:
    with transaction(db):
        for relation in relations:
            db.execute(
                "DELETE FROM belongs WHERE relation = (SELECT number FROM relations WHERE name = ?)", (relation,)
            )
            db.execute("DELETE FROM relations WHERE name = ?", (relation,))


def _learn(db: sqlite3.Connection, rows: Mapping[str, Rows], through: Mapping[str, int]) -> None:
    """Nothing is written where nothing differs: most of what is looked through is known."""
    numbers = dict(db.execute("SELECT name, number FROM relations").fetchall())
    new = [each for name, of in rows.items() if of and name in numbers for each in _differing(db, numbers[name], of)]
    if not (new or through):
        return
    with transaction(db):
        db.executemany("DELETE FROM belongs WHERE relation = ? AND key = ?", [(number, key) for number, key, _ in new])
        db.executemany("INSERT INTO belongs VALUES (?, ?, ?)", [each for each in new if each[2] is not None])
        db.executemany(
            "UPDATE relations SET through = ? WHERE name = ?", [(key, name) for name, key in through.items()]
        )


def _differing(db: sqlite3.Connection, number: int, rows: Rows) -> Iterator[tuple[int, int, int | None]]:
    between = "SELECT key, owner FROM belongs WHERE relation = ? AND key BETWEEN ? AND ?"
    before = dict(db.execute(between, (number, min(rows), max(rows))).fetchall())
    return ((number, key, owner) for key, owner in rows.items() if before.get(key) != owner)


def _keys(db: sqlite3.Connection, owners: Mapping[str, Collection[int]]) -> list[int] | None:
    numbers = dict(db.execute("SELECT name, number FROM relations WHERE through IS NOT NULL").fetchall())
    if not owners.keys() <= numbers.keys():
        return None
    return sorted({key for name, of in owners.items() for key in _of(db, numbers[name], tuple(of))})


def _of(db: sqlite3.Connection, number: int, owners: tuple[int, ...]) -> Iterator[int]:
    for start in range(0, len(owners), _CHUNK):
        some = owners[start : start + _CHUNK]
        marks = ",".join("?" * len(some))
        sql = f"SELECT key FROM belongs WHERE relation = ? AND owner IN ({marks})"  # noqa: S608 marks only
        yield from (key for (key,) in db.execute(sql, (number, *some)))
