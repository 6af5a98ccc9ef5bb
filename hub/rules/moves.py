"""R2: what happened to a deal's visits since we last looked: moves, pairs of a cancelled visit and its successor, what is to be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Literal, TypeAlias

from hub.rules.model import SeenVisit
from hub.rules.visits import VisitNow, in_order, key_before
from wire.model import known

Happening: TypeAlias = Literal["booked", "moved", "cancelled", "taken_back"]


@dataclass(frozen=True)
class Story:
    """Something worth telling about a visit. `before`: how it stood, or from when it was moved."""

    happening: Happening
    visit: VisitNow
    before: SeenVisit | None = None


@dataclass(frozen=True)
class Look:
    """How the visits are seen from now on, how many of them moved since, and what happened."""

    seen: Mapping[str, SeenVisit] = field(repr=False)
    moved: int
    pairs: int
    stories: tuple[Story, ...]


def look(visits: Sequence[VisitNow], seen: Mapping[str, SeenVisit], grace: timedelta) -> Look:
    """Compare the visits of a deal with how they were seen."""
    successors = pairs(visits, grace)
    replaced = {before.id for before, _ in successors}
    follows = {after.id: before for before, after in successors}
    stories: list[Story] = []
    now_seen: dict[str, SeenVisit] = {}
    moved = 0
    for visit in in_order(visits):
        before = seen.get(visit.id) or seen.get(key_before(visit.id))
        now_seen[visit.id] = after = _seen(visit, before)
        moved += before is not None and _has_moved(before, after)
        story = _first_story(visit, follows.get(visit.id)) if before is None else _story(visit, before, after)
        if story and not (story.happening == "cancelled" and visit.id in replaced):
            stories.append(story)
    return Look(now_seen, moved, len(successors), tuple(stories))


def pairs(visits: Sequence[VisitNow], grace: timedelta) -> list[tuple[VisitNow, VisitNow]]:
    """Each cancelled visit with the visit that took its place: first those that say so, then by time."""
    cancelled = sorted(
        (visit for visit in visits if visit.word == "cancelled"),
        key=lambda visit: (visit.cancelled_at or visit.start, visit.number),
    )
    found: dict[str, tuple[VisitNow, VisitNow]] = {}
    left = in_order(visits)
    for follows in (_says_so, partial(_soon_after, grace=grace)):
        for before in [visit for visit in cancelled if visit.id not in found]:
            after = next((visit for visit in left if visit.id != before.id and follows(before, visit)), None)
            if after:
                found[before.id] = (before, after)
                left.remove(after)
    return list(found.values())


def _says_so(before: VisitNow, after: VisitNow) -> bool:
    return after.visit.moved_from == before.id


def _soon_after(before: VisitNow, after: VisitNow, *, grace: timedelta) -> bool:
    cancelled_at, booked_at = before.cancelled_at, after.visit.booked_at
    return cancelled_at is not None and booked_at is not None and cancelled_at <= booked_at <= cancelled_at + grace


def _seen(visit: VisitNow, before: SeenVisit | None) -> SeenVisit:
    """While it is cancelled it stays as it was; the cancellation itself is seen when its grace is over."""
    if visit.word == "cancelled" and before:
        return before.model_copy(update={"cancelled": before.cancelled or not visit.in_grace})
    value = visit.visit
    return SeenVisit(
        start=value.start,
        practitioner=_known_id(visit, "practitioner") or (before.practitioner if before else None),
        branch=_known_id(visit, "branch") or (before.branch if before else None),
        cancelled=visit.word == "cancelled" and not visit.in_grace,
    )


def _known_id(visit: VisitNow, field_name: Literal["practitioner", "branch"]) -> str | None:
    part = getattr(visit.visit, field_name) if known(visit.visit, field_name) else None
    return part.id if part else None


def _has_moved(before: SeenVisit, after: SeenVisit) -> bool:
    """What we knew nothing of has not moved."""
    return (
        before.start != after.start
        or (before.practitioner is not None and before.practitioner != after.practitioner)
        or (before.branch is not None and before.branch != after.branch)
    )


def _first_story(visit: VisitNow, before: VisitNow | None) -> Story | None:
    if visit.word != "future":
        return None
    if before is None:
        return Story("booked", visit)
    return Story("moved", visit, SeenVisit(start=before.start, practitioner=_known_id(before, "practitioner")))


def _story(visit: VisitNow, before: SeenVisit, after: SeenVisit) -> Story | None:
    if after.cancelled:
        return None if before.cancelled else Story("cancelled", visit)
    if before.cancelled:
        return Story("taken_back", visit)
    return Story("moved", visit, before) if visit.word == "future" and _has_moved(before, after) else None
