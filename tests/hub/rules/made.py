"""What the tests of the rules are built of: a clinic, visits as they count at a moment, deals as read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hub.rules.deals import Scene
from hub.rules.model import Deal, PatientKey, Stage
from hub.rules.settings import Settings
from hub.rules.visits import Clinic, Record, VisitNow, count_as
from tests.hub.clinic_day import DATABASE, MORNING, PRESET, ZONE, at, patient, visit
from wire.model import Patient, Visit

NOON = at(12)
CLINIC = Clinic(DATABASE, ZONE.key, live_since=MORNING)


def now(
    told: Visit, moment: datetime = NOON, *, vanished_at: datetime | None = None, settings: Settings = PRESET
) -> VisitNow:
    """What a visit counts as, at noon unless said otherwise."""
    return count_as(Record(told, vanished_at), CLINIC, settings, moment)


def future(visit_id: str = "1", **more: Any) -> VisitNow:
    return now(visit(visit_id, more.pop("start", at(14)), **more))


def cancelled(visit_id: str = "1", when: datetime | None = None, **more: Any) -> VisitNow:
    return now(visit(visit_id, more.pop("start", at(14)), status="cancelled", cancelled_at=when or at(9), **more))


def visited(visit_id: str = "1", ended_at: datetime | None = None, **more: Any) -> VisitNow:
    return now(visit(visit_id, more.pop("start", at(9)), status="fulfilled", ended_at=ended_at or at(10), **more))


def not_marked(visit_id: str = "1", **more: Any) -> VisitNow:
    return now(visit(visit_id, more.pop("start", at(11)), **more))


def arrived(visit_id: str = "1", **more: Any) -> VisitNow:
    return now(visit(visit_id, more.pop("start", at(11, 45)), status="arrived", **more))


def scene(who: Patient | None = None, moment: datetime = NOON, settings: Settings = PRESET) -> Scene:
    found = who or patient()
    return Scene(PatientKey(DATABASE, found.id), found, settings, moment)


def deal(stage: Stage, **more: Any) -> Deal:
    return Deal(501, stage, **more)


def ids(visits: Sequence[VisitNow]) -> list[str]:
    return [found.id for found in visits]
