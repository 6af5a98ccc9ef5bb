"""Which questions of the hub were answered here, about whom and when: ids and counts, never what was asked or said."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.outbox.index import Run

KEPT = 10_000
"""The newest so many questions stay."""


@dataclass(frozen=True)
class Asked:
    """One answer: the hub's id of the question, and the patients that were told."""

    at: datetime
    question: int
    ask: str
    patients: tuple[str, ...]


class Journal:
    """Written before an answer leaves. `write` runs in a transaction."""

    def __init__(self, run: Run, write: Run) -> None:
        self._run, self._write = run, write

    async def note(self, asked: Asked) -> None:
        """Durable when it returns."""
        await self._write(lambda db: _note(db, asked))

    async def last(self, count: int) -> list[Asked]:
        """The newest ones, newest first."""
        sql = "SELECT at, question, ask, patients FROM asked ORDER BY number DESC LIMIT ?"
        rows = await self._run(lambda db: db.execute(sql, (count,)).fetchall())
        return [
            Asked(datetime.fromtimestamp(at, UTC), int(question), ask, tuple(patients.split()))
            for at, question, ask, patients in rows
        ]


def _note(db: sqlite3.Connection, asked: Asked) -> None:
    row = (asked.at.timestamp(), str(asked.question), asked.ask, " ".join(asked.patients))
    db.execute("INSERT INTO asked (at, question, ask, patients) VALUES (?, ?, ?, ?)", row)
    db.execute("DELETE FROM asked WHERE number <= (SELECT max(number) FROM asked) - ?", (KEPT,))
