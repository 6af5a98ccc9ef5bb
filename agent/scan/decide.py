"""What the scan decides, as functions of what was seen. Pure.

No hint is believed alone: rowversions are compared for being different, never for being greater, because a transaction commits
its rows with numbers that were given out before others'.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar

from agent.mis.port import Server

T = TypeVar("T")
Probe: TypeAlias = tuple[bytes | None, bytes | None]
"""The bound and the last rowversion, as the server told them."""

NEAR = (timedelta(days=-2), timedelta(days=60))
"""Visits that start within it are looked at in each step, however old their keys are."""
RANGE = 3000
"""How many of the newest rows of a table are looked at for hints."""
LEAST_RANGE = 1000
STRAGGLERS = 100
"""Near visits below the range; about as many as one statement asks for by key."""
AT_ONCE = 400
"""Visits that one step reads in full; more stay for the next."""
LED_AT_ONCE = 200
"""So many one step reads because changed-times of one table led to them; more stay for the next. An update of IDENT may stamp a whole
table, and each payment leads to all visits of its patient."""
OVERLAP = timedelta(minutes=10)
"""Changed-times are written by other clocks, and in transactions that commit later."""
HINTED_ROWS = 2000
"""Of one table, that a step looks through for hints on the average."""


def is_quiet(server: Server, last: Probe | None) -> bool:
    """Whether nothing can have been committed in tables with rowversions since the rows were read after `last`. While a transaction
    is open the bound stands still, and others commit beside it."""
    if server.bound is None or server.last is None:
        return False
    return (server.bound, server.last) == last and not server.open_transaction


def differing(seen: Mapping[str, str], known: Mapping[str, str], before: Mapping[str, str]) -> list[int]:
    """The keys whose version is not the known one, new rows first. `before` are versions of rows that are not known but that something
    else is going to read: the first load, or nothing because they cannot be told."""
    changed = [key for key, version in seen.items() if known.get(key, before.get(key)) != version]
    return sorted(map(int, changed), key=lambda key: (str(key) in known, -key))


def cursor_after(cursor: bytes, bound: bytes, seen: Sequence[bytes], *, is_full: bool) -> bytes:
    """From which rowversion on to read next, after all of `seen` were recorded: below the bound everything is committed, above it a row
    may yet appear under a number that was given out long ago. A full page says nothing of what comes after its last row; a page full of
    one number is stepped over, the pass reads the rest."""
    if not is_full:
        return bound
    last = seen[-1] if seen[-1] > cursor else (int.from_bytes(seen[-1], "big") + 1).to_bytes(8, "big")
    return min(bound, last)


def first_of_range(near: Sequence[int], nth_newest: int | None, least: int | None) -> int:
    """From which key on versions are read as one range: so low that few near visits lie below it, but never more than `RANGE` known
    rows (`nth_newest` is the first of these) and never fewer than `LEAST_RANGE` (`least`)."""
    if nth_newest is None or least is None:
        return 0
    wanted = near[STRAGGLERS] if len(near) > STRAGGLERS else least
    return max(nth_newest, min(wanted, least))


def hint_period(newest: int) -> int:
    """In how many steps a table's newest rows are looked through once."""
    return 1 + min(newest, RANGE) // HINTED_ROWS


def hints_since(cursor: datetime | None, now: datetime) -> datetime:
    """From which changed-time on rows count as changed. A clock that was put back must not hide what follows."""
    return min(cursor or now, now) - OVERLAP


def taken_at_once(leads: Sequence[Collection[T]]) -> int:
    """How many changes a step follows, of those that lead to these: at least one, to however many that leads."""
    seen: set[T] = set()
    for count, some in enumerate(leads):
        seen |= set(some)
        if count and len(seen) > LED_AT_ONCE:
            return count
    return len(leads)


def is_too_much(vanished: int, known: int, seen: int) -> bool:
    """Whether so many vanished rows wait for a person: more than max(20, 1 %), or the table is empty all at once."""
    return vanished > 0 and (vanished > max(20, known // 100) or seen == 0)
