"""What the parts of a delivery share: patients with their plans, deals as read, batches of which some items are refused."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

from hub.accounts import Account
from hub.clock import Clock, machine_now
from hub.crm import Crm, CrmRejected
from hub.links import choices, confirmations, outcomes, own, records, waiting
from hub.links.columns import by_database
from hub.links.settings import read_settings
from hub.links.waiting import Waiting
from hub.metrics import COMMANDS_SENT
from hub.news import News
from hub.rules.model import Deal, PatientKey
from hub.rules.plan import Case, Outcome, OwnDeal, Plan, plan
from hub.rules.settings import Settings
from hub.rules.visits import Clinic, Record
from hub.store.engine import Store, Unit
from wire.errors import NeedsOperator, Retry

BATCH = 50
"""Items of one request."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Codes = tuple[str, ...]


@dataclass(frozen=True)
class Delivery:
    """One account's delivery."""

    store: Store
    account: Account
    crm: Crm
    settings: Settings
    clinics: Mapping[str, Clinic]
    clock: Clock
    news: News = field(default_factory=News)
    machine_now: Callable[[], datetime] = machine_now


@dataclass(frozen=True)
class Desk:
    """One patient on its way: what we hold, and what is to be done."""

    mark: Waiting
    case: Case
    plan: Plan

    @property
    def key(self) -> PatientKey:
        return self.case.key


@dataclass(frozen=True)
class Learnt:
    """What a delivery has learnt on its way: about whom a person is asked, and which deals that were chosen will not do."""

    asked: Mapping[PatientKey, Outcome] = field(default_factory=dict)
    void: Mapping[PatientKey, frozenset[int]] = field(default_factory=dict)

    def and_also(self, more: "Learnt") -> "Learnt":
        """Both together."""
        void = {key: self.void.get(key, frozenset()) | ids for key, ids in more.void.items()}
        return Learnt({**self.asked, **more.asked}, {**self.void, **void})


class Paused(Retry):
    """An admin stopped all writing while a step was under way: what is left stays noted, and waits."""


async def refuse_if_paused(to: Delivery) -> None:
    """Asked before each batch: a step may take many."""
    async with to.store.reading(to.account) as unit:
        settings = await read_settings(unit)
    if settings and settings.paused:
        raise Paused


async def gather(to: Delivery, keys: Collection[PatientKey], learnt: Learnt) -> list[Desk]:
    """What the store holds of these patients at one moment, and what is to be done by it."""
    now = to.clock.now()
    desks: list[Desk] = []
    async with to.store.reading(to.account) as unit:
        for database, patients in by_database(keys).items():
            marks = await waiting.marks(unit, database, patients)
            cases = [_without_void(case, learnt) for case in await _cases(unit, to.clinics[database], patients)]
            desks += [
                Desk(marks[case.key.patient], case, plan(case, to.settings, now, learnt.asked.get(case.key)))
                for case in cases
            ]
    return desks


async def _cases(unit: Unit, clinic: Clinic, patients: Sequence[str]) -> list[Case]:
    people, visits = await records.read_records(unit, clinic.database, patients)
    links = await own.read_links(unit, clinic.database, patients)
    deals = await own.read_deals(unit, clinic.database, patients)
    contacts = await own.read_contacts(unit, clinic.database, patients)
    found = await outcomes.read_outcomes(unit, clinic.database, patients)
    chosen = await choices.read_choices(unit, clinic.database, patients)
    confirmed = await confirmations.read_confirmations(unit, clinic.database, patients)
    doubted = await records.doubted(unit, clinic.database, patients)
    missed = {who: _missed(deals.get(who, {}), visits.get(who, ())) for who in patients}
    elsewhere = await records.held_by_others(unit, clinic.database, {who: ids for who, ids in missed.items() if ids})
    return [
        Case(
            key=PatientKey(clinic.database, who),
            clinic=clinic,
            patient=people.get(who),
            records=tuple(visits.get(who, ())),
            links=links.get(who, {}),
            deals=deals.get(who, {}),
            contact=contacts.get(who),
            outcomes=found.get(who, {}),
            chosen=tuple(chosen.get(who, ())),
            confirmations={deal_id: confirmed[deal_id] for deal_id in deals.get(who, ()) if deal_id in confirmed},
            handed_over=elsewhere.get(who, frozenset()),
            doubted=who in doubted,
        )
        for who in patients
    ]


def _missed(deals: Mapping[int, OwnDeal], visits: Sequence[Record]) -> frozenset[str]:
    """Visits that we saw in the patient's deals, and that are not among the patient's visits any more."""
    there = {record.visit.id for record in visits}
    return frozenset(visit for deal in deals.values() for visit in deal.memory.seen if visit not in there)


def _without_void(case: Case, learnt: Learnt) -> Case:
    void = learnt.void.get(case.key, frozenset())
    return replace(case, chosen=tuple(deal_id for deal_id in case.chosen if deal_id not in void))


async def looked(to: Delivery, desks: Sequence[Desk], deal_ids: Collection[int]) -> tuple[list[Desk], dict[int, Deal]]:
    """Read these deals, note where they stand, and plan again by it."""
    if not deal_ids:
        return list(desks), {}
    deals = await to.crm.deals(sorted(deal_ids))
    seen = [replace(desk, case=_as_read(desk.case, deal_ids, deals)) for desk in desks]
    if changed := [
        (desk.case, now.case) for desk, now in zip(desks, seen, strict=True) if desk.case.deals != now.case.deals
    ]:
        async with to.store.writing(to.account) as unit:
            for before, after in changed:
                await _save_what_was_read(unit, before, after, deals)
    now = to.clock.now()
    return [replace(desk, plan=plan(desk.case, to.settings, now)) for desk in seen], deals


def _as_read(case: Case, asked: Collection[int], deals: Mapping[int, Deal]) -> Case:
    found = {
        deal_id: _deal_as_read(deal, deals.get(deal_id)) if deal_id in asked else deal
        for deal_id, deal in case.deals.items()
    }
    return replace(case, deals=found)


def _deal_as_read(known: OwnDeal, deal: Deal | None) -> OwnDeal:
    if deal is None:
        return OwnDeal(known.stage, known.memory.model_copy(update={"gone": True}))
    return OwnDeal(deal.stage, known.memory.model_copy(update={"gone": False}))


async def _save_what_was_read(unit: Unit, before: Case, after: Case, deals: Mapping[int, Deal]) -> None:
    for deal_id, known in before.deals.items():
        if known.memory.gone != after.deals[deal_id].memory.gone:
            await own.save_memory(unit, deal_id, after.deals[deal_id].memory)
        if known.stage != after.deals[deal_id].stage:
            await own.save_stage(unit, deals[deal_id])


async def refused_apart(
    send: Callable[[Sequence[Item]], Awaitable[Sequence[Answer] | None]], items: Sequence[Item]
) -> tuple[dict[int, Answer], dict[int, Codes]]:
    """Send a batch. Answers and codes by the item's place: what was not refused is done."""
    if not items:
        return {}, {}
    try:
        answers, refused = dict(enumerate(await send(items) or ())), dict[int, Codes]()
    except CrmRejected as rejected:
        answers, refused = dict(rejected.answers), rejected.codes
    except (Retry, NeedsOperator) as failure:
        _count(items, type(failure).__name__)
        raise
    _count([items[place] for place in refused], "refused")
    _count([item for place, item in enumerate(items) if place not in refused], "done")
    return answers, refused


def _count(commands: Sequence[object], outcome: str) -> None:
    for kind, many in Counter(type(command).__name__ for command in commands).items():
        COMMANDS_SENT.labels(kind, outcome).inc(many)


def in_batches(items: Iterable[Item], size: int = BATCH) -> Iterator[list[Item]]:
    """The items, so many at a time."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
