"""Tells an open card that it should ask again: server-sent events, held by a ticket that works once. Nothing that is told here says
anything of a patient. Knows neither patients nor agents: what to watch and how fresh the data are, others say."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from hub.panel.model import Freshness
from hub.panel.visitor import Visitor
from hub.rules.model import PatientKey


@dataclass(frozen=True)
class StreamKey:
    """The card that is open."""

    kind: Literal["deal", "contact"]
    id: int


@dataclass(frozen=True)
class Watch:
    """What concerns a card: its patients, whoever bears or gets one of its phones (HMACs as in `phones`), the deal."""

    patients: frozenset[PatientKey] = frozenset()
    phone_macs: frozenset[str] = frozenset()
    deal_id: int | None = None


WatchOf: TypeAlias = Callable[[Visitor, StreamKey], Awaitable[Watch]]
"""What concerns this card now. Raises `Told` where the visitor may not see it (any more)."""

FreshnessOf: TypeAlias = Callable[[Visitor, StreamKey], Awaitable[Freshness | None]]
"""As the card's `Panel.freshness` would say it now; None where no clinic is connected. Asked every 15 s for each open card: one small
question to the store at most."""
