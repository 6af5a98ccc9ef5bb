"""The wall clock of this computer: what people read in a status. Nothing is decided by it."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """This moment, by this computer."""
    return datetime.fromtimestamp(time.time(), UTC)
