"""What is to be done for one patient: what we hold goes in, the deals and the contact that need a look, and reasons, come out. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from hub.rules import money, refusals
from hub.rules.asking import asked_again
from hub.rules.confirmed import Confirmation, holds
from hub.rules.contact import ContactCore, contact_core
from hub.rules.deals import ABANDONED, Core, Scene, core, new_deal
from hub.rules.era import Assignment, Choices, Slot, assign, roles
from hub.rules.model import WON, ContactMemory, DesiredDeal, Memory, PatientKey, Stage
from hub.rules.settings import Pipeline, Settings
from hub.rules.skips import skip_reason
from hub.rules.targets import QUARREL, first_stage, quarrels
from hub.rules.visits import Clinic, Record, VisitNow, count_as
from wire.model import Patient


@dataclass(frozen=True)
class Outcome:
    """Why something is not done, for an operator to read. `ids` of what it is about; `digest`: the mark of what was refused."""

    kind: Literal["ask", "skip", "park"]
    reason: str
    contact_ids: tuple[int, ...] = ()
    deal_ids: tuple[int, ...] = ()
    digest: str | None = None


@dataclass(frozen=True)
class OwnDeal:
    """A deal of the patient: where it stood when we last read or wrote it, and our memory of it."""

    stage: Stage
    memory: Memory = field(repr=False)


@dataclass(frozen=True)
class OwnContact:
    """The patient's own contact."""

    contact_id: int
    memory: ContactMemory = field(repr=False)


@dataclass(frozen=True)
class Case:
    """All that we hold of one patient. `patient` None: the record has not come yet."""

    key: PatientKey
    clinic: Clinic
    patient: Patient | None = field(default=None, repr=False)
    records: tuple[Record, ...] = field(default=(), repr=False)
    links: Mapping[str, int] = field(default_factory=dict)
    deals: Mapping[int, OwnDeal] = field(default_factory=dict)
    contact: OwnContact | None = None
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    chosen: tuple[int, ...] = ()
    """Deals that operators chose for the patient, the newest choice first."""
    confirmations: Mapping[int, Confirmation] = field(default_factory=dict)
    handed_over: Collection[str] = ()
    """Visits that stood in these deals and are another patient's by now: cards were merged (R15)."""
    doubted: bool = False
    """Somebody else seems to stand under the patient's key: nothing is done until a person has said whose the visits are."""


@dataclass(frozen=True)
class DealWork:
    """A deal to be looked at. `core` None: it lost all its visits. `unconfirmed`: what an operator confirmed holds no longer."""

    deal_id: int
    visits: tuple[VisitNow, ...]
    core: Core | None
    pipeline: Pipeline | None
    visits_elsewhere: bool = False
    unconfirmed: Confirmation | None = None


@dataclass(frozen=True)
class SlotWork:
    """A deal to be made, in this stage; `contact`: what a new contact would say."""

    scene: Scene
    slot: Slot
    stage: Stage
    wanted: DesiredDeal
    contact: ContactCore = field(repr=False)
    digest: str
    """The mark that it would bear if it were refused."""


@dataclass(frozen=True)
class Plan:
    """What is to be done now, one deal to be made at a time; when to look again; and what is not done, by subject.
    `scene` and `contact` are None where the patient's record has not come yet: nothing is to be done then."""

    scene: Scene | None = None
    deals: tuple[DealWork, ...] = ()
    slot: SlotWork | None = None
    contact: ContactCore | None = field(default=None, repr=False)
    contact_due: bool = False
    contact_missing: bool = False
    due: datetime | None = None
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Everything stands as it should."""
        return not (self.deals or self.slot or self.contact_due or self.contact_missing)


def plan(case: Case, settings: Settings, now: datetime, asked: Outcome | None = None) -> Plan:
    """`asked`: a person is asked about this patient in this very delivery, so no deal is made."""
    if case.doubted:
        return Plan(outcomes={_patient_subject(case): Outcome("park", "another_person")})
    visits = [count_as(record, case.clinic, settings, now) for record in case.records]
    skips = _skips(case, visits, settings)
    skipped = {f"visit:{visit_id}": Outcome("skip", reason) for visit_id, reason in skips.items()}
    if case.patient is None:
        return Plan(outcomes=skipped)
    scene = Scene(case.key, case.patient, settings, now)
    kept = [visit for visit in visits if visit.id in case.links or not (visit.history or visit.id in skips)]
    found = _assignment(case, kept, visits, settings)
    works = _deal_works(scene, case, found)
    contact = contact_core(scene, visits)
    slot, why_not = _slot(scene, case, found, contact, asked)
    outcomes = skipped | _of_patient(case, why_not) | _of_contact(scene, case, contact) | _of_deals(case, now)
    missing = (
        case.contact is None
        and _contact_subject(case) not in outcomes
        and any(not d.memory.gone for d in case.deals.values())
    )
    return Plan(
        scene=scene,
        deals=tuple(work for work in works if _needs_a_look(scene, case.deals[work.deal_id], work)),
        slot=None if missing else slot,
        contact=contact,
        contact_due=case.contact is not None and _contact_needs_a_look(scene, case.contact.memory, contact),
        contact_missing=missing,
        due=_due(scene, case, visits if case.contact else kept, works, found, outcomes),
        outcomes=outcomes,
    )


def _skips(case: Case, visits: Sequence[VisitNow], settings: Settings) -> dict[str, str]:
    """R24. What is linked already stays."""
    reasons = {
        visit.id: skip_reason(case.key, case.patient, visit, settings.filters)
        for visit in visits
        if not visit.history and visit.id not in case.links
    }
    return {visit_id: reason for visit_id, reason in reasons.items() if reason}


def _slot(
    scene: Scene, case: Case, found: Assignment, contact: ContactCore, asked: Outcome | None
) -> tuple[SlotWork | None, Outcome | None]:
    """The first deal to be made whose grace is over; or why it is not made."""
    cores = ((slot, core(scene, slot.visits, slot.pipeline, Memory())) for slot in found.slots)
    slot, wanted = next(((slot, wanted) for slot, wanted in cores if not wanted.silent), (None, None))
    if found.in_doubt:
        return None, Outcome("ask", "several_deals", deal_ids=tuple(sorted(case.deals)))
    if slot is None or wanted is None:
        return None, None
    if asked and not slot.chosen:
        return None, asked
    stage = first_stage(wanted.stand, slot.pipeline)
    if stage is None:
        return None, Outcome("park", "no_stage")
    mark = refusals.refusal(wanted.digest, scene.settings, scene.now)
    before = case.outcomes.get(_patient_subject(case))
    if before and before.digest == mark and not slot.chosen:
        return None, before
    return SlotWork(scene, slot, stage, new_deal(scene, wanted, stage, slot.pipeline.budget), contact, mark), None


def _patient_subject(case: Case) -> str:
    return f"patient:{case.key.patient}"


def _contact_subject(case: Case) -> str:
    return f"contact:{case.key.patient}"


def _assignment(case: Case, kept: Sequence[VisitNow], visits: Sequence[VisitNow], settings: Settings) -> Assignment:
    before = any(visit.history and visit.word == "visited" and visit.id not in case.links for visit in visits)
    stages = {deal_id: None if deal.memory.gone else deal.stage for deal_id, deal in case.deals.items()}
    choices = Choices(case.chosen, {deal_id for deal_id, deal in case.deals.items() if deal.memory.chosen})
    eras = roles(kept, visited_before=before)
    won = {id_ for id_, deal in case.deals.items() if deal.stage.stage_id == deal.memory.written.stage_id == WON}
    return assign(case.key.database, kept, eras, case.links, stages, settings, choices, won)


def _deal_works(scene: Scene, case: Case, found: Assignment) -> list[DealWork]:
    works: list[DealWork] = []
    for deal_id, deal in case.deals.items():
        pipeline = scene.settings.mapped(deal.stage.pipeline_id)
        visits = found.deals.get(deal_id, ())
        wanted = core(scene, visits, pipeline, deal.memory) if visits else None
        confirmation = case.confirmations.get(deal_id)
        broken = confirmation and not holds(confirmation, case.key.database, visits)
        unconfirmed = confirmation if broken else None
        elsewhere = bool(found.deals) or any(visit_id in case.handed_over for visit_id in deal.memory.seen)
        works.append(DealWork(deal_id, visits, wanted, pipeline, elsewhere, unconfirmed))
    return works


def _needs_a_look(scene: Scene, deal: OwnDeal, work: DealWork) -> bool:
    """A confirmation that could not be taken back waits until something else is to be written."""
    memory = deal.memory
    unconfirmed = work.unconfirmed is not None and memory.refused is None
    if work.core is None:
        return not _stands(scene, memory.settled, ABANDONED) or unconfirmed
    stands = memory.pending is None and _stands(scene, memory.settled, work.core.digest)
    return not work.core.silent and (unconfirmed or not stands or _is_reckoned_otherwise(deal, work))


def _is_reckoned_otherwise(deal: OwnDeal, work: DealWork) -> bool:
    """The budget of an open deal follows the settings at once; that of a closed one is not rewritten because of them."""
    before = deal.memory.written.followed
    if work.pipeline is None or before is None or deal.memory.refused is not None or not deal.stage.open:
        return False
    return before != money.followed(work.pipeline.budget)


def _contact_needs_a_look(scene: Scene, memory: ContactMemory, found: ContactCore) -> bool:
    return memory.pending_name is not None or not _stands(scene, memory.settled, found.digest)


def _stands(scene: Scene, settled: str | None, digest: str) -> bool:
    """Whether this was brought about, or refused for the time being."""
    return settled in (digest, refusals.refusal(digest, scene.settings, scene.now))


def _of_patient(case: Case, why_not: Outcome | None) -> dict[str, Outcome]:
    return {_patient_subject(case): why_not} if why_not else {}


def _of_contact(scene: Scene, case: Case, contact: ContactCore) -> dict[str, Outcome]:
    subject = _contact_subject(case)
    if case.contact:
        code = case.contact.memory.refused
        return {subject: Outcome("park", code)} if code else {}
    before = case.outcomes.get(subject)
    mark = refusals.refusal(contact.digest, scene.settings, scene.now)
    return {subject: before} if before and before.digest == mark else {}


def _of_deals(case: Case, now: datetime) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for deal_id, deal in case.deals.items():
        if deal.memory.refused:
            outcomes[f"deal:{deal_id}"] = Outcome("park", deal.memory.refused)
        elif quarrels(deal.memory.moved_back_at, now):
            outcomes[f"deal:{deal_id}"] = Outcome("park", QUARREL)
    return outcomes


def _due(
    scene: Scene,
    case: Case,
    visits: Sequence[VisitNow],
    works: Sequence[DealWork],
    found: Assignment,
    outcomes: Mapping[str, Outcome],
) -> datetime | None:
    """History alone is never looked at again."""
    now = scene.now
    times = [visit.turns_at for visit in visits]
    times += [work.core.stand.turns_at for work in works if work.core and case.deals[work.deal_id].stage.open]
    if any(outcome.kind == "ask" for outcome in outcomes.values()):
        times.append(asked_again(found.without_deal, now))
    if any(refusals.holds(mark, scene.settings, now) for mark in _marks(case, outcomes)):
        times.append(refusals.ends_at(scene.settings, now))
    return min((moment for moment in times if moment and moment > now), default=None)


def _marks(case: Case, outcomes: Mapping[str, Outcome]) -> list[str | None]:
    """Of refusals, as they are remembered: of what was to be made, of deals, of the contact."""
    marks = [outcome.digest for outcome in outcomes.values()]
    marks += [deal.memory.settled for deal in case.deals.values()]
    return [*marks, case.contact.memory.settled if case.contact else None]
