"""Where each lane stands, and what that lets us forget. Runs inside the caller's transaction."""

import sqlite3

from agent.outbox import index
from agent.outbox.file import get, put
from wire.errors import UnexpectedFrame
from wire.frames import LANES, Lane, LaneStart, Position, Welcome
from wire.lanes import START, Sent


def generation(db: sqlite3.Connection) -> int:
    """The generation that the hub named last; 0 before the first welcome."""
    value = get(db, "generation")
    return value if isinstance(value, int) else 0


def sent(db: sqlite3.Connection) -> dict[Lane, Sent]:
    """Where each lane stands."""
    return {lane: _lane(db, lane) for lane in LANES}


def pushed(db: sqlite3.Connection, lane: Lane, seq: int, text: str) -> None:
    """After sending `text`, which ends at `seq`."""
    _put(db, lane, _lane(db, lane).pushed(seq, text))


def acked(db: sqlite3.Connection, lane: Lane, seq: int) -> bool:
    """The hub holds the lane up to `seq`. Whether that was news."""
    before = _lane(db, lane)
    after = before.after_ack(seq)
    if after == before:
        return False
    _put(db, lane, after)
    _delivered(db, lane, after)
    return True


def resumed(db: sqlite3.Connection, welcome: Welcome) -> bool:
    """Take up what the hub holds; whether a new generation began."""
    held = generation(db)
    if welcome.generation < held:
        raise UnexpectedFrame("welcome", "in a later generation")
    if welcome.generation > held:
        _begin(db, welcome.generation)
        return True
    for lane in LANES:
        following = _lane(db, lane).resumed(welcome.lanes.get(lane, LaneStart(seq=0)).seq)
        _put(db, lane, following)
        _delivered(db, lane, following)
    return False


def _begin(db: sqlite3.Connection, number: int) -> None:
    """Nothing that was ever recorded counts as told: all of it is read and sent again."""
    for table in ("entries", "known", "cursors", "positions"):
        db.execute(f"DELETE FROM {table}")  # noqa: S608 our own four names
    db.execute("DELETE FROM meta WHERE name IN ('read_through', 'verified_through')")
    index.begun(db)
    put(db, "generation", number)


def _delivered(db: sqlite3.Connection, lane: Lane, after: Sent) -> None:
    """Whatever was replaced since it was sent stands under a newer seq, and stays."""
    db.execute("DELETE FROM entries WHERE lane = ? AND seq <= ?", (lane, after.acked.seq))


def _lane(db: sqlite3.Connection, lane: Lane) -> Sent:
    rows = db.execute("SELECT seq, digest, acked FROM positions WHERE lane = ? ORDER BY seq", (lane,)).fetchall()
    acked = START
    unacked = []
    for seq, digest, is_acked in rows:
        position = Position(seq=seq, digest=digest)
        if is_acked:
            acked = position
        else:
            unacked.append(position)
    return Sent(acked, tuple(unacked))


def _put(db: sqlite3.Connection, lane: Lane, sent: Sent) -> None:
    db.execute("DELETE FROM positions WHERE lane = ?", (lane,))
    rows = [(lane, p.seq, p.digest, int(p is sent.acked)) for p in sent.named if p != START]
    db.executemany("INSERT INTO positions VALUES (?, ?, ?, ?)", rows)
