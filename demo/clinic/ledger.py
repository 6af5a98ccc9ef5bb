"""An amoCRM account kept in the head: what stands in it after each look at the clinic, if docs/rules.md is followed to the letter.

Plays one day: no deal is closed by a person, and none waits 30 days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from demo.clinic.facts import Facts, Patient, Visit
from demo.clinic.leads import BOOKED, LOST, LOST_AGAIN, PRIMARY, REPEAT, WAS_HERE, WON, GivenDeal
from demo.clinic.rulebook import JOIN_WITHIN, Is, Rulebook, is_nobodys, left_out, pairs, plain

Shown: TypeAlias = tuple[Visit, Is]
_STAGES = {
    PRIMARY: {Is.FUTURE: BOOKED, Is.CANCELLED: LOST_AGAIN},
    REPEAT: {Is.FUTURE: BOOKED, Is.CANCELLED: LOST_AGAIN, Is.VISITED: WAS_HERE},
}


@dataclass
class Contact:
    """A contact. `ours` is the name that we wrote last, `wrote` the phones that we put there."""

    given: int | None
    name: str
    phones: set[str]
    patient: int | None = None
    ours: str | None = None
    wrote: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    since: datetime | None = None
    """When we first wrote it."""


@dataclass
class Deal:
    """A deal: which visits stand in it, where it stands, and what has to be remembered."""

    pipeline: str
    stage: str
    contact: Contact
    given: GivenDeal | None = None
    patient: int | None = None
    visits: list[Visit] = field(default_factory=list)
    shown: Shown | None = None
    first: datetime | None = None
    moves: int = 0
    target: Is | None = None
    seen: dict[int, tuple[object, ...]] = field(default_factory=dict)
    before_cancel: tuple[int, str] | None = None
    ours: str = ""
    """The name that we wrote last, on a deal that we made."""

    @property
    def open(self) -> bool:
        """Neither won nor lost."""
        return self.stage not in (WON, LOST)

    @property
    def name(self) -> str:
        """What stands at the top of the card."""
        return self.given.deal_name if self.given else self.ours


class Asked(Exception):
    """It takes a person to decide; `reason` is what the operator reads."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Ledger:
    """All contacts and deals. `look` brings what concerns one patient up to a moment."""

    def __init__(self, facts: Facts, given: Sequence[GivenDeal]) -> None:
        self._facts = facts
        self.contacts: list[Contact] = []
        self.deals: list[Deal] = []
        self.asked: dict[int, str] = {}
        by_number: dict[int, Contact] = {}
        for lead in given:
            if lead.contact not in by_number:
                phone = "+7" + "".join(filter(str.isdigit, lead.phone))[-10:]
                by_number[lead.contact] = Contact(lead.contact_id, lead.contact_name, {phone})
                self.contacts.append(by_number[lead.contact])
            if lead.stage is not None:
                self.deals.append(Deal(lead.pipeline, lead.stage, by_number[lead.contact], lead))

    def deals_of(self, patient: int) -> dict[str, Deal]:
        """A patient's deals by pipeline."""
        return {deal.pipeline: deal for deal in self.deals if deal.patient == patient}

    def contact_of(self, patient: int) -> Contact | None:
        """A patient's own contact."""
        return next((contact for contact in self.contacts if contact.patient == patient), None)

    def look(self, patient: int, book: Rulebook) -> None:
        """Do what the rules want for this patient now."""
        card, deals = self._facts.last_card(patient, book.now), self.deals_of(patient)
        if card is None or (left_out(card) and not deals):
            return
        all_visits = self._facts.visits_of(patient, book.now)
        visits = [visit for visit in all_visits if not book.is_history(visit)]
        if left_out(card):  # what is linked already stays
            visits = [visit for visit in visits if any(visit.id in deal.seen for deal in deals.values())]
        before = len(book.of([v for v in all_visits if book.is_history(v)], Is.VISITED))
        self.asked.pop(patient, None)
        groups = _stay(deals, dict(zip((PRIMARY, REPEAT), book.split(visits, before), strict=True)))
        try:
            for pipeline, group in groups.items():
                if group:
                    self._bring_up(card, pipeline, group, book)
        except Asked as asked:
            self.asked[patient] = asked.reason
        for pipeline, deal in self.deals_of(patient).items():
            if not groups[pipeline]:
                _abandon(deal)
        if contact := self.contact_of(patient):
            _write_contact(contact, card, book.now)

    def _bring_up(self, card: Patient, pipeline: str, visits: list[Visit], book: Rulebook) -> None:
        standing = book.standing(visits, wins_at_once=pipeline == PRIMARY)
        deal = self.deals_of(card.id).get(pipeline)
        if standing.target is None and deal is None:
            return
        deal = deal or self._deal_for(card, pipeline, book)
        deal.visits = visits
        _notice_moves(deal)
        if standing.target is None:
            return
        _move(deal, standing.target, standing.shown, won=standing.won)
        deal.shown, deal.target = (standing.shown, standing.target), standing.target
        if standing.target is not Is.CANCELLED and deal.first is None:
            deal.first = standing.shown.start
        if deal.given is None:
            deal.ours = card.name

    def _deal_for(self, card: Patient, pipeline: str, book: Rulebook) -> Deal:
        own = self.contact_of(card.id)
        lead = None
        if own is None:
            lead, own = self._by_phone(card, pipeline, book)
            if own is None:
                own = Contact(None, "", set())
                self.contacts.append(own)
            own.patient = card.id
        if lead is None:
            lead = Deal(pipeline, BOOKED, own)
            self.deals.append(lead)
        lead.patient = card.id
        return lead

    def _by_phone(self, card: Patient, pipeline: str, book: Rulebook) -> tuple[Deal | None, Contact | None]:
        """The lead to join and the contact to take, where there are such."""
        near = [contact for contact in self.contacts if contact.phones & set(card.phones)]
        mine = [c for c in near if c.patient is None and (is_nobodys(c.name) or plain(c.name) == plain(card.name))]
        theirs = [c for c in near if c not in mine and (c.patient is not None or self._is_relatives(c, card, book))]
        leads = [deal for contact in near for deal in self._leads_of(contact, book)] if pipeline == PRIMARY else []
        if len(leads) > 1 or len([c for c in mine + theirs if c.patient is None]) > 1:
            raise Asked("several_candidates")
        if leads and leads[0].contact not in mine + theirs:
            raise Asked("other_name_on_phone")
        return next(iter(leads), None), next(iter(mine), None)

    def _is_relatives(self, contact: Contact, card: Patient, book: Rulebook) -> bool:
        others = [other.name for phone in card.phones for other in self._facts.with_phone(phone, book.now)]
        return plain(contact.name) in {plain(name) for name in (*others, card.parent or "") if name}

    def _leads_of(self, contact: Contact, book: Rulebook) -> list[Deal]:
        return [
            deal
            for deal in self.deals
            if deal.contact is contact
            and deal.patient is None
            and deal.open
            and deal.pipeline in (PRIMARY, REPEAT)
            and deal.given
            and deal.given.created_at
            and book.now - deal.given.created_at < JOIN_WITHIN
        ]


def _stay(deals: Mapping[str, Deal], groups: dict[str, list[Visit]]) -> dict[str, list[Visit]]:
    """What stands in a repeat deal stays there, also when the visit that parted the eras turns out not to be over."""
    held = deals[REPEAT].seen if REPEAT in deals else {}
    stays = [visit for visit in groups[PRIMARY] if visit.id in held]
    primary = [visit for visit in groups[PRIMARY] if visit.id not in held]
    return {PRIMARY: primary, REPEAT: [*stays, *groups[REPEAT]]}


def _abandon(deal: Deal) -> None:
    """All its visits stand in other deals: one that we made is a double then."""
    deal.visits, deal.seen = [], {}
    if deal.given is None and deal.open:
        deal.stage = LOST


def _notice_moves(deal: Deal) -> None:
    """A cancelled visit stays as it was seen; a visit that went to another deal is forgotten."""
    seen: dict[int, tuple[object, ...]] = {}
    for visit in deal.visits:
        now, before = (visit.start, visit.doctor_id, visit.branch_id), deal.seen.get(visit.id)
        seen[visit.id] = before if before and visit.off else now
        deal.moves += before is not None and seen[visit.id] != before
    deal.seen = seen


def _move(deal: Deal, target: Is, shown: Visit, *, won: bool) -> None:
    if not deal.open or (target == deal.target and not won):
        return
    stage = WON if won else _STAGES.get(deal.pipeline, {}).get(target)
    if stage is None or stage == deal.stage:
        return
    if target is Is.CANCELLED:
        deal.before_cancel = (shown.id, deal.stage)
    elif deal.target is Is.CANCELLED and target is Is.FUTURE and deal.stage == LOST_AGAIN:
        stage = _where_it_was(deal) or stage
    deal.stage = stage


def _where_it_was(deal: Deal) -> str | None:
    """The stage before the cancellation, if that very visit was taken back."""
    visit, stage = deal.before_cancel or (None, None)
    return stage if any(v.id == visit and not v.off for v in deal.visits) else None


def _write_contact(contact: Contact, card: Patient, now: datetime) -> None:
    contact.since = contact.since or now
    if card.name and (is_nobodys(contact.name) or contact.name == contact.ours):
        contact.name = contact.ours = card.name
    phones = set(card.phones)
    contact.gone |= contact.wrote - phones
    contact.phones -= contact.wrote - phones
    contact.wrote = (contact.wrote & phones) | (phones - contact.phones)
    contact.phones |= phones
    contact.gone -= phones


def moves_of(deal: Deal) -> int:
    """«Переносов»."""
    return deal.moves + pairs(deal.visits)
