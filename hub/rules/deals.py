"""How a deal should stand: its visits, the deal as read and our memory of it go in, what is wanted comes out. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from hub.rules import money
from hub.rules.because import because, explanation
from hub.rules.explain import STATUS, VANISHED, note, visit_time
from hub.rules.fields import DealField, FieldValue
from hub.rules.model import (
    LOST,
    WON,
    Deal,
    DesiredDeal,
    Explanation,
    Memory,
    PatientKey,
    SeenVisit,
    Stage,
    VisitKey,
    Written,
)
from hub.rules.moves import Look, look
from hub.rules.settings import Budget, Pipeline, Settings
from hub.rules.stand import Stand, stand
from hub.rules.targets import Move, move, what_we_wrote
from hub.rules.visits import VisitNow
from wire.model import Branch, Patient, Practitioner, Reason, Staff, known

ABANDONED = "abandoned"
_ABANDONED_NOTE = "Приёмы этой сделки стоят теперь в другой сделке пациента; эта закрыта как дубль (IDENT)"


@dataclass(frozen=True)
class Scene:
    """Whose deal it is, by which settings, and when."""

    key: PatientKey
    patient: Patient = field(repr=False)
    settings: Settings = field(repr=False)
    now: datetime

    @property
    def title(self) -> str:
        """What a deal or contact of this patient is called; R24 sees to it that there is a name or a phone."""
        return self.patient.name or next(iter(self.patient.phones), "")


@dataclass(frozen=True)
class Core:
    """What the visits alone say of a deal. Two cores with the same digest want the same."""

    stand: Stand
    look: Look
    sums: money.Totals = field(repr=False)
    fields: Mapping[DealField, FieldValue] = field(repr=False)
    first_visit_at: datetime | None
    digest: str

    @property
    def silent(self) -> bool:
        """A grace time runs: nothing is written."""
        return self.stand.target is None


def core(scene: Scene, visits: Sequence[VisitNow], pipeline: Pipeline | None, memory: Memory) -> Core:
    """Of a deal with at least one visit."""
    standing = stand(visits, pipeline, scene.now)
    seen = look(visits, memory.seen, timedelta(minutes=scene.settings.grace_minutes))
    sums = money.totals(visits)
    shown_at = None if standing.target == "cancelled" else _seconds(standing.shown.start)
    first = memory.first_visit_at or shown_at
    fields: dict[DealField, FieldValue] = {
        DealField.VISITS: _keys(scene.key.database, visits),
        DealField.PATIENT_KEY: str(scene.key),
        **({DealField.PATIENT: scene.patient.name} if known(scene.patient, "name") else {}),
        **_shown_fields(standing),
        DealField.FIRST_VISIT_AT: first,
        DealField.MOVES: (memory.moves + seen.moved + seen.pairs) or None,
        **{name: total or None for name, total in sums.items()},
    }
    return Core(standing, seen, sums, fields, first, _digest(scene, standing, seen, fields))


def new_deal(scene: Scene, found: Core, stage: Stage, budget: Budget) -> DesiredDeal:
    """A deal that does not exist yet, created in this stage."""
    price = money.price_of_new(found.sums, budget, winning=stage.stage_id == WON)
    written = Written(
        target=found.stand.target,
        won=found.stand.won,
        pipeline_id=stage.pipeline_id,
        stage_id=stage.stage_id,
        price=price,
        followed=money.followed(budget),
        name=scene.title,
        why=because(found.stand, found.look.stories, scene.now),
    )
    memory = _after(found, Memory(created_by_us=True), written)
    return DesiredDeal(stage, price, found.fields, name=scene.title, memory=memory, rule=found.stand.rule)


def desired(scene: Scene, found: Core, deal: Deal, pipeline: Pipeline | None, memory: Memory) -> DesiredDeal:
    """How a deal that exists should stand. `found` is from the same memory, and not silent."""
    moved = move(found.stand, deal, what_we_wrote(memory, deal), memory, pipeline, scene.now)
    written = moved.written
    winning = moved.stage is not None and moved.stage.stage_id == WON
    budget = pipeline.budget if pipeline else Budget()
    frozen_at = money.frozen_before(scene.now, scene.settings.budget_frozen_after_days)
    price = money.price_of(deal, written, found.sums, budget, winning=winning, frozen_at=frozen_at)
    name = scene.title if written.name is not None and deal.name == written.name else None
    fields = dict(found.fields)
    if price.typed is not None and (winning or deal.stage.stage_id == WON):
        fields[DealField.PLANNED] = price.typed
    written = written.model_copy(
        update={
            "price": written.price if price.price is None else price.price,
            "typed_price": price.typed,
            "followed": money.followed(budget),
            "name": name or written.name,
            "why": _why(scene, found, deal, moved, memory),
        }
    )
    after = _after(found, memory, written).model_copy(update={"moved_back_at": moved.moved_back_at})
    told = note(found.look.stories, scene.now) if deal.stage.open else None
    return DesiredDeal(moved.stage, price.price, fields, name, told, after, found.stand.rule)


def _why(scene: Scene, found: Core, deal: Deal, moved: Move, memory: Memory) -> Explanation | None:
    """What was told last holds until the target, or the visit that is shown, has something new."""
    before = what_we_wrote(memory, deal)
    is_new_target = (found.stand.target, found.stand.won) != (before.target, before.won)
    is_told = any(story.visit.id == found.stand.shown.id for story in found.look.stories)
    if not (is_new_target or (is_told and before == memory.written)):
        return before.why
    return because(found.stand, found.look.stories, scene.now, deal.stage if moved.stage else None, moved.stays)


def abandoned(deal: Deal, memory: Memory, now: datetime, *, visits_elsewhere: bool) -> DesiredDeal:
    """A deal without visits: ours, untouched and doubled by another it is closed; of others' only our list is emptied."""
    written = what_we_wrote(memory, deal)
    untouched = deal.stage == Stage(written.pipeline_id or 0, written.stage_id or 0)
    doubled = memory.created_by_us and visits_elsewhere and deal.stage.open and untouched
    stage = Stage(deal.stage.pipeline_id, LOST) if doubled else None
    if stage:
        why = explanation(_ABANDONED_NOTE, "R11", now, deal.stage)
        written = written.model_copy(update={"stage_id": LOST, "left_stage_id": deal.stage.stage_id, "why": why})
    after = memory.model_copy(
        update={"written": written, "pending": None, "settled": ABANDONED, "refused": None, "gone": False, "seen": {}}
    )
    told = _ABANDONED_NOTE if stage else None
    return DesiredDeal(stage, None, {DealField.VISITS: None}, note=told, memory=after, rule="R11")


def _after(found: Core, memory: Memory, written: Written) -> Memory:
    return memory.model_copy(
        update={
            "written": written,
            "pending": None,
            "first_visit_at": found.first_visit_at,
            "seen": dict(found.look.seen),
            "moves": memory.moves + found.look.moved,
            "settled": found.digest,
            "refused": None,
            "gone": False,
        }
    )


def _keys(database: str, visits: Sequence[VisitNow]) -> str:
    return "\n".join(str(VisitKey(database, visit.id)) for visit in sorted(visits, key=lambda visit: visit.number))


def _shown_fields(standing: Stand) -> dict[DealField, FieldValue]:
    shown, visit = standing.shown, standing.shown.visit
    cancelled = standing.target == "cancelled"
    fields: dict[DealField, FieldValue] = {
        DealField.VISIT_AT: None if cancelled else _seconds(shown.start),
        DealField.BRANCH_TIME: None if cancelled else visit_time(shown),
        DealField.VISIT_STATUS: STATUS[shown.word],
        **(_cancellation(shown) if cancelled else dict.fromkeys(_CANCELLATION)),
    }
    people = (
        (DealField.PRACTITIONER, "practitioner", visit.practitioner),
        (DealField.BRANCH, "branch", visit.branch),
        (DealField.BOOKED_BY, "booked_by", visit.booked_by),
    )
    return fields | {name: _name(part) for name, of, part in people if known(visit, of) and _name_is_known(part)}


_CANCELLATION = (DealField.CANCELLED_AT, DealField.CANCELLED_BY, DealField.CANCEL_REASON)


def _cancellation(shown: VisitNow) -> dict[DealField, FieldValue]:
    visit = shown.visit
    if visit.status != "cancelled":
        return dict(zip(_CANCELLATION, (_seconds(shown.vanished_at), None, VANISHED), strict=True))
    fields: dict[DealField, FieldValue] = {}
    if known(visit, "cancelled_at"):
        fields[DealField.CANCELLED_AT] = _seconds(visit.cancelled_at)
    if known(visit, "cancelled_by") and _name_is_known(visit.cancelled_by):
        fields[DealField.CANCELLED_BY] = _name(visit.cancelled_by)
    if known(visit, "cancel_reason") and _name_is_known(visit.cancel_reason):
        fields[DealField.CANCEL_REASON] = _name(visit.cancel_reason)
    return fields


def _name(part: Practitioner | Branch | Staff | Reason | None) -> str | None:
    return part.name if part else None


def _name_is_known(part: Practitioner | Branch | Staff | Reason | None) -> bool:
    return part is None or known(part, "name")


def _seconds(moment: datetime | None) -> datetime | None:
    """The CRM keeps whole seconds."""
    return moment.replace(microsecond=0) if moment else None


def _digest(scene: Scene, standing: Stand, seen: Look, fields: Mapping[DealField, FieldValue]) -> str:
    parts = {
        "title": scene.title,
        "stand": [standing.target, standing.won],
        "seen": {visit: _plain(value) for visit, value in seen.seen.items()},
        "fields": {name: _text(value) for name, value in fields.items()},
    }
    return sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:32]


def _plain(seen: SeenVisit) -> list[str | bool | None]:
    return [_text(seen.start), seen.practitioner, seen.branch, seen.cancelled]


def _text(value: FieldValue) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return None if value is None else str(value)
