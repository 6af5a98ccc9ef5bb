"""The entries that wait: how a reading becomes one, and which of them go next. Runs inside the caller's transaction."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from agent.outbox import index
from agent.outbox.seal import Seal
from agent.outbox.values import MAX_CHANGES, Reading
from wire.digest import digest
from wire.frames import Change, Lane, PassBegin, PassEnd, Push
from wire.model import MODEL_VERSION, Entity, Kind, Patient, Visit

_ENVELOPE_BYTES = 96
"""Of a push around its changes, generously."""


@dataclass(frozen=True)
class Writer:
    """Records readings. `fields` is the list of what may leave, `queued_at` the machine's time."""

    db: sqlite3.Connection
    seal: Seal
    fields: tuple[str, ...]
    queued_at: float

    def record(self, reading: Reading, lane: Lane) -> bool:
        """Queue the reading if it differs from what was recorded last."""
        if reading.entity is None:
            return self._vanished(reading, lane)
        known = self.db.execute(
            "SELECT digest, form, hint FROM known WHERE kind = ? AND key = ?", (reading.kind, reading.key)
        ).fetchone()
        found = self.seal.mac(digest(reading.entity, self.fields))
        form = form_of(reading.entity, self.fields)
        if known is not None and known[0] == found:
            if known[2] != reading.hint:
                self._know(reading, found, form)
            return False
        # A row that only has to be told in a new form did not change in the clinic: it must not push ahead of what did.
        stale = known is not None and known[1] != form and known[2] == reading.hint
        self._queue(reading, "backfill" if stale else lane)
        self._know(reading, found, form)
        if isinstance(reading.entity, Patient):
            index.record(self.db, self.seal, reading.entity)
        return True

    def mark(self, entry: str, kind: Kind) -> None:
        """Queue the begin or end of a full pass."""
        self.db.execute(
            "INSERT INTO entries (lane, entry, kind, queued_at) VALUES ('backfill', ?, ?, ?)",
            (entry, kind, self.queued_at),
        )

    def _vanished(self, reading: Reading, lane: Lane) -> bool:
        if reading.kind == "patient":
            index.forget(self.db, reading.key)
        gone = self.db.execute("DELETE FROM known WHERE kind = ? AND key = ?", (reading.kind, reading.key))
        if gone.rowcount == 0:
            return False
        self._queue(reading, lane)
        return True

    def _know(self, reading: Reading, found: bytes, form: bytes) -> None:
        start, owner = _place(reading.entity)
        self.db.execute(
            "INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?, ?, ?, ?)",
            (reading.kind, reading.key, found, form, reading.hint, start, owner),
        )

    def _queue(self, reading: Reading, lane: Lane) -> None:
        waited = self.db.execute(
            "DELETE FROM entries WHERE kind = ? AND key = ? RETURNING lane, seq", (reading.kind, reading.key)
        ).fetchall()
        sealed = None
        if reading.entity is not None:
            sealed = self.seal.seal(reading.entity.dump(), f"{reading.kind} {reading.key}")
        self.db.execute(
            "INSERT INTO entries (lane, entry, kind, key, read_at, sealed, queued_at) VALUES (?, 'change', ?, ?, ?, ?, ?)",
            (
                self._lane(reading.kind, lane, waited),
                reading.kind,
                reading.key,
                reading.read_at.isoformat(),
                sealed,
                self.queued_at,
            ),
        )

    def _lane(self, kind: Kind, lane: Lane, waited: list[tuple[Lane, int]]) -> Lane:
        """Where a row goes that waited already. What was live stays live; and what waited before the end of its pass must not come after
        it, or the hub would take it for vanished: the live lane goes before such an end."""
        for waited_in, seq in waited:
            end = "SELECT 1 FROM entries WHERE entry = 'pass-end' AND kind = ? AND seq > ? LIMIT 1"
            if waited_in == "live" or self.db.execute(end, (kind, seq)).fetchone():
                return "live"
        return lane


def form_of(entity: Entity, fields: tuple[str, ...]) -> bytes:
    """What a value is told with: the model's version, the list of fields, and which of them were read (a lost column changes that)."""
    read = sorted(entity.model_fields_set)
    if isinstance(entity, Visit) and entity.sums is not None:
        read += sorted(entity.sums.model_fields_set)
    return blake2b(f"{MODEL_VERSION}\n{','.join(fields)}\n{','.join(read)}".encode(), digest_size=8).digest()


def _place(entity: Entity | None) -> tuple[int | None, str | None]:
    if isinstance(entity, Visit):
        return int(entity.start.timestamp()), entity.patient_id
    return None, None


def held_back(db: sqlite3.Connection, lane: Lane, entry: str, sent: dict[Lane, int]) -> bool:
    """Whether this lane has to wait for the other one. The hub takes each key that did not come between the begin and the end of a
    full pass for vanished, in whatever lane it comes: so nothing live goes before a begin that waits, and no end before what is live."""
    if lane == "live":
        begins = "SELECT 1 FROM entries WHERE lane = 'backfill' AND entry = 'pass-begin' AND seq > ? LIMIT 1"
        return db.execute(begins, (sent["backfill"],)).fetchone() is not None
    if entry == "pass-end":
        live = "SELECT 1 FROM entries WHERE lane = 'live' AND seq > ? LIMIT 1"
        return db.execute(live, (sent["live"],)).fetchone() is not None
    return False


def batch(
    db: sqlite3.Connection, seal: Seal, lane: Lane, sent: dict[Lane, int], generation: int, limit_bytes: int
) -> Push | PassBegin | PassEnd | None:
    """What goes next in the lane."""
    after = sent[lane]
    rows = db.execute(
        "SELECT seq, entry, kind, key, read_at, sealed FROM entries WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ?",
        (lane, after, MAX_CHANGES),
    )
    changes: list[Change] = []
    size = _ENVELOPE_BYTES
    for seq, entry, kind, key, read_at, sealed in rows:
        if not changes and held_back(db, lane, entry, sent):
            return None
        if entry != "change":
            if changes:
                break
            mark = PassBegin if entry == "pass-begin" else PassEnd
            return mark(lane=lane, prev=after, seq=seq, generation=generation, kind=kind)
        value = None if sealed is None else seal.open(sealed, f"{kind} {key}")
        change = _change(seq, kind, key, datetime.fromisoformat(read_at), value)
        size += _size(change)
        if changes and size > limit_bytes:
            break
        changes.append(change)
    return Push(lane=lane, prev=after, changes=tuple(changes)) if changes else None


def _change(seq: int, kind: Kind, key: str, read_at: datetime, value: dict[str, Any] | None) -> Change:
    if value is None:
        return Change(seq=seq, kind=kind, key=key, read_at=read_at, op="vanished")
    return Change(seq=seq, kind=kind, key=key, read_at=read_at, value=value)


def _size(change: Change) -> int:
    """Of the change as `wire.frames.encode` writes it, with its comma."""
    data = change.model_dump(mode="json", exclude_unset=True)
    return len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()) + 1
