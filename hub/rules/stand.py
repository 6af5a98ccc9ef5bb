"""How a deal stands: the first line of docs/rules.md that applies to its visits names the shown visit and the target."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from hub.rules.model import Target
from hub.rules.settings import Pipeline
from hub.rules.visits import VisitNow, Word, midnight_after

Order: TypeAlias = tuple[datetime, tuple[int, str]]

TARGETS: dict[Word, Target] = {
    "future": "booked",
    "arrived": "arrived",
    "in_progress": "in_progress",
    "visited": "visited",
    "not_marked": "not_marked",
    "cancelled": "cancelled",
}


@dataclass(frozen=True)
class Stand:
    """The visit that the deal shows and where it should be. `target` None: a grace time runs, nothing is written.
    `turns_at`: when it will stand otherwise although no visit turns."""

    shown: VisitNow
    target: Target | None
    won: bool = False
    turns_at: datetime | None = None
    rule: str = ""


def stand(visits: Sequence[VisitNow], pipeline: Pipeline | None, now: datetime) -> Stand:
    """Of at least one visit; `pipeline` None: one that is not mapped."""
    visited = [visit for visit in visits if visit.word == "visited"]
    if visited and pipeline and pipeline.win_after_days is None:
        return _as(min(visited, key=_done), "R10")
    if present := [visit for visit in visits if visit.word in ("arrived", "in_progress")]:
        return _as(min(present, key=_start), "R10")
    if future := [visit for visit in visits if visit.word == "future"]:
        return _as(min(future, key=_start), "R10")
    if in_grace := [visit for visit in visits if visit.in_grace]:
        return Stand(max(in_grace, key=_done), None, rule="R1")
    if today := [visit for visit in visited if visit.day == now.astimezone(visit.zone).date()]:
        return _as(max(today, key=_done), "R10")
    return _with_nothing_ahead(visits, visited, pipeline, now)


def _with_nothing_ahead(
    visits: Sequence[VisitNow], visited: list[VisitNow], pipeline: Pipeline | None, now: datetime
) -> Stand:
    """What lies before the last visited visit is over: it calls nobody back."""
    last = max(visited, key=_done) if visited else None
    since = last.done_at if last else None
    not_marked = [visit for visit in visits if visit.word == "not_marked" and (since is None or visit.start >= since)]
    if not_marked:
        return _as(max(not_marked, key=_start), "R13")
    cancelled = [visit for visit in visits if visit.word == "cancelled" and (since is None or _done(visit)[0] >= since)]
    if cancelled or last is None:
        return _as(max(cancelled, key=_done), "R1")
    return _visited(last, pipeline, now)


def _visited(last: VisitNow, pipeline: Pipeline | None, now: datetime) -> Stand:
    if pipeline is None or pipeline.win_after_days is None:
        return _as(last, "R10")
    wins_at = midnight_after(last.day, last.zone, pipeline.win_after_days)
    return Stand(last, "visited", won=now >= wins_at, turns_at=wins_at, rule="R10")


def _as(shown: VisitNow, rule: str) -> Stand:
    return Stand(shown, TARGETS[shown.word], rule=rule)


def _start(visit: VisitNow) -> Order:
    return visit.start, visit.number


def _done(visit: VisitNow) -> Order:
    return visit.done_at or visit.start, visit.number
