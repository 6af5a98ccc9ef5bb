"""How rows that were found become readings."""

from collections.abc import Iterable
from datetime import datetime

from agent.mis.reader import Found, Gone
from agent.outbox import Reading


def readings(found: Iterable[Found | Gone], read_at: datetime) -> list[Reading]:
    """For the outbox; a row's version is its hint."""
    return [Reading(f.kind, f.key, read_at, f.entity, f.version) for f in found]
