"""What an agent would push, for the tests of the hub's end: changes as they travel, and lanes that number and chain them."""

from datetime import datetime, timedelta
from typing import Any

from hub.inbox import Received
from wire.frames import Change, Lane, PassBegin, PassEnd, Position, Push, encode
from wire.lanes import START, chain

AT = datetime.fromisoformat("2026-11-23T12:41:06.512+03:00")
START_AT = AT + timedelta(days=10)


def change(kind: str, key: str, value: Any, *, drop: str = "", seq: int = 0) -> dict[str, Any]:
    """An upsert; `drop` names a field that was not read."""
    told = {name: held for name, held in value.items() if name != drop}
    return {"seq": seq, "kind": kind, "key": key, "read_at": AT.isoformat(), "op": "upsert", "value": told}


def vanished(kind: str, key: str, at: datetime = AT) -> dict[str, Any]:
    """That a row is gone."""
    return {"seq": 0, "kind": kind, "key": key, "read_at": at.isoformat(), "op": "vanished"}


def visit(key: str, *, seq: int = 0, **fields: Any) -> dict[str, Any]:
    """A visit of patient 4410, ten days on."""
    value = {
        "id": key,
        "patient_id": "4410",
        "status": "booked",
        "start": START_AT.isoformat(),
        "end": (START_AT + timedelta(hours=1)).isoformat(),
        **fields,
    }
    return change("visit", key, value, seq=seq)


def patient(key: str, **fields: Any) -> dict[str, Any]:
    """A patient with a made-up name."""
    return change("patient", key, {"id": key, "name": "Петров Пётр Ильич", **fields})


def balance(key: str, **fields: Any) -> dict[str, Any]:
    """What a patient owes."""
    return change("balance", key, {"patient_id": key, "debt": "12500.00", "advance": "0.00", **fields})


class Lanes:
    """The agent's end of both lanes: one counter, a position for each lane."""

    def __init__(self, generation: int = 1) -> None:
        self.generation, self.seq = generation, 0
        self.sent: dict[Lane, Position] = {}

    def push(self, lane: Any, *changes: dict[str, Any]) -> Received:
        """The next push of a lane."""
        numbered = tuple(Change.model_validate(told | {"seq": self._next()}) for told in changes)
        return self._received(Push(t="push", lane=lane, prev=self._prev(lane), changes=numbered))

    def mark(self, of: type[PassBegin | PassEnd], kind: Any, lane: Any = "backfill") -> Received:
        """The next mark of a lane."""
        prev = self._prev(lane)
        return self._received(of(lane=lane, prev=prev, seq=self._next(), generation=self.generation, kind=kind))

    def _received(self, frame: Push | PassBegin | PassEnd) -> Received:
        text = encode(frame)
        before = self.sent.get(frame.lane, START)
        self.sent[frame.lane] = Position(seq=frame.seq, digest=chain(before.digest, text))
        return Received(frame, text)

    def _prev(self, lane: Lane) -> int:
        return self.sent.get(lane, START).seq

    def _next(self) -> int:
        self.seq += 1
        return self.seq
