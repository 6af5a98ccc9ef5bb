"""How the clinic's side stands right now, for the link to report: in memory only, written by the scan, read by the link."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from agent.away import Away

MisState: TypeAlias = Literal["ok", "down", "refused", "busy"]


@dataclass(frozen=True)
class Stand:
    """One look at it. `hint` is what a person should do, and `off` what cannot be had and why, in Russian; `skipped` counts rows by
    reason; `away` says why we stay out of the clinic's database by wish; without `is_known` another one may have taken its place since.
    `doubted` counts rows that seem to have vanished and wait for a person, by kind."""

    mis: MisState = "down"
    capabilities: Mapping[str, bool] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    hint: str | None = None
    away: Away | None = None
    off: tuple[str, ...] = ()
    is_known: bool = True
    doubted: Mapping[str, int] = field(default_factory=dict)


class Standing:
    """Holds the latest look; `changed` is set at each difference and cleared by its one reader, the link."""

    def __init__(self) -> None:
        self.now = Stand()
        self.changed = asyncio.Event()

    def mis(self, state: MisState, hint: str | None = None, away: Away | None = None, *, is_known: bool = True) -> None:
        """The clinic's database answered, or why it did not."""
        self._put(replace(self.now, mis=state, hint=hint, away=away, is_known=is_known))

    def capabilities(self, capabilities: Mapping[str, bool], off: tuple[str, ...] = ()) -> None:
        """What can be read, and in words what cannot."""
        self._put(replace(self.now, capabilities=dict(capabilities), off=off))

    def skipped(self, counts: Mapping[str, int]) -> None:
        """How many rows could not be told, by reason."""
        self._put(replace(self.now, skipped=dict(counts)))

    def doubted(self, counts: Iterable[tuple[str, int]]) -> None:
        """How many rows seem to have vanished and wait for a person, by kind."""
        self._put(replace(self.now, doubted=dict(counts)))

    def _put(self, stand: Stand) -> None:
        if stand != self.now:
            self.now = stand
            self.changed.set()
