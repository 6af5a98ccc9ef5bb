"""By what a clinic's database is told from others: its oldest visits, each by its key and the moment it was booked. A copy, a restored
backup and a database that moved to another computer keep them; another clinic's has none of them. Pure."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b

PARTS = 8
"""So many of the oldest visits."""
_BYTES = 6


def fingerprint(oldest: Iterable[tuple[int, datetime]]) -> str:
    """One part a visit; "" where there is none yet."""
    return " ".join(_part(key, booked) for key, booked in list(oldest)[:PARTS])


def is_same(held: str, told: str) -> bool:
    """Whether two fingerprints are of one database: rows may have been added or taken away since, few of them."""
    ours, theirs = set(held.split()), set(told.split())
    return len(ours & theirs) * 2 >= max(1, min(len(ours), len(theirs)))


def _part(key: int, booked: datetime) -> str:
    text = f"{key} {booked.isoformat(timespec='milliseconds')}"
    return blake2b(text.encode(), digest_size=_BYTES).hexdigest()
