"""What goes into the outbox and what it tells of itself, as frozen values."""

from dataclasses import dataclass
from datetime import datetime

from wire.errors import Retry
from wire.frames import OutboxDepth
from wire.model import Entity, Kind

MAX_CHANGES = 500
"""Of one push."""


@dataclass(frozen=True)
class Reading:
    """One entity as it was read; `entity` is None where it vanished. `hint` is by what the scan knows the row unchanged."""

    kind: Kind
    key: str
    read_at: datetime
    entity: Entity | None
    hint: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Depth and times of one moment."""

    depth: OutboxDepth
    read_through: datetime | None
    verified_through: datetime | None


class GenerationChanged(Retry):
    """The hub began a new generation while we were reading for the old one: nothing was recorded, read again."""

    def __init__(self) -> None:
        super().__init__(after=0)
