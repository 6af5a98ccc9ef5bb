"""By what patients are found without asking the clinic's database: keyed digests of phones and of beginnings of names, so that the file
tells nobody who is a patient here. A digest may find too much, so whoever asks reads the patients and compares."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from agent.outbox.file import get, put
from agent.outbox.seal import Seal
from agent.outbox.words import tokens_of
from wire.model import Kind, Patient

T = TypeVar("T")

_BYTES = 8
"""Of a token: few enough for a small file, and enough for few false finds."""
_WHOLE = {"patient": "patients_whole", "visit": "visits_whole"}


class Run(Protocol):
    """Runs something on the outbox's thread."""

    async def __call__(self, work: Callable[[sqlite3.Connection], T], /) -> T: ...


@dataclass(frozen=True)
class Whole:
    """Whether everybody, and every visit, was read at least once: what is not found may be there all the same."""

    patients: bool
    visits: bool


@dataclass(frozen=True)
class VisitKeys:
    """A patient's visits as last recorded: all future ones, the last past ones, and whether there are older ones."""

    future: tuple[int, ...]
    past: tuple[int, ...]
    more_past: bool


class Index:
    """Questions only; answered on the outbox's thread."""

    def __init__(self, run: Run, seal: Seal) -> None:
        self._run, self._seal = run, seal

    async def having(self, alternatives: Iterable[Collection[str]], limit: int) -> list[int]:
        """The patients that have all tokens of one alternative, newest first."""
        wanted = [[_token(self._seal, name) for name in names] for names in alternatives if names]
        if not wanted:
            return []
        return await self._run(lambda db: _having(db, wanted, limit))

    async def visits_of(self, patient: str, now: datetime, *, future: int, past: int) -> VisitKeys:
        """Which of a patient's visits to read."""
        moment = int(now.timestamp())
        return await self._run(lambda db: _visits_of(db, patient, moment, future, past))

    async def whole(self) -> Whole:
        """What can be relied on."""
        return await self._run(lambda db: Whole(*(get(db, name) == 1 for name in _WHOLE.values())))


def record(db: sqlite3.Connection, seal: Seal, patient: Patient) -> None:
    """By what this patient is found from now on. In the caller's transaction."""
    tokens = sorted({_token(seal, name) for name in tokens_of(patient)})
    row = db.execute("SELECT tokens FROM indexed WHERE patient = ?", (patient.id,)).fetchone()
    if row is not None and row[0] == b"".join(tokens):
        return
    forget(db, patient.id)
    db.executemany("INSERT INTO tokens VALUES (?, ?)", [(token, patient.id) for token in tokens])
    db.execute("INSERT INTO indexed VALUES (?, ?)", (patient.id, b"".join(tokens)))


def forget(db: sqlite3.Connection, patient: str) -> None:
    """This patient is not found any more. In the caller's transaction."""
    for (joined,) in db.execute("DELETE FROM indexed WHERE patient = ? RETURNING tokens", (patient,)).fetchall():
        tokens = [joined[start : start + _BYTES] for start in range(0, len(joined), _BYTES)]
        db.executemany("DELETE FROM tokens WHERE token = ? AND patient = ?", [(token, patient) for token in tokens])


def begun(db: sqlite3.Connection) -> None:
    """Everything is read anew: which visits there are is not known for now. Who was found before is still found."""
    put(db, _WHOLE["visit"], 0)


def ended(db: sqlite3.Connection, kinds: Collection[Kind]) -> None:
    """Everything of these kinds was read: what was not seen on the way is gone."""
    for kind in kinds:
        if kind in _WHOLE:
            put(db, _WHOLE[kind], 1)
    if "patient" in kinds:
        gone = "SELECT patient FROM indexed WHERE patient NOT IN (SELECT key FROM known WHERE kind = 'patient')"
        for (patient,) in db.execute(gone).fetchall():
            forget(db, patient)


def _token(seal: Seal, name: str) -> bytes:
    return seal.mac(f"index {name}")[:_BYTES]


def _having(db: sqlite3.Connection, wanted: Sequence[Sequence[bytes]], limit: int) -> list[int]:
    one = "SELECT patient FROM tokens WHERE token = ?"
    every = " UNION ".join(f"SELECT patient FROM ({' INTERSECT '.join([one] * len(of))})" for of in wanted)  # noqa: S608 our own words
    sql = f"SELECT CAST(patient AS INTEGER) AS number FROM ({every}) ORDER BY number DESC LIMIT ?"  # noqa: S608 our own words
    return [number for (number,) in db.execute(sql, [*(token for of in wanted for token in of), limit]).fetchall()]


def _visits_of(db: sqlite3.Connection, patient: str, moment: int, future: int, past: int) -> VisitKeys:
    of = "SELECT CAST(key AS INTEGER) FROM known WHERE kind = 'visit' AND owner = ? AND start"
    coming = db.execute(f"{of} >= ? ORDER BY start LIMIT ?", (patient, moment, future)).fetchall()
    gone = db.execute(f"{of} < ? ORDER BY start DESC LIMIT ?", (patient, moment, past + 1)).fetchall()
    return VisitKeys(tuple(key for (key,) in coming), tuple(key for (key,) in gone[:past]), len(gone) > past)
