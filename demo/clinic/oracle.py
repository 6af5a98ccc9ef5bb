"""What must stand in amoCRM at the end of the day, from the clinic's tables and the log of the day alone. Looks at no hub."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from demo.clinic.database import Database
from demo.clinic.facts import Facts, Patient, Sums, Visit, facts
from demo.clinic.leads import WON, GivenDeal, given
from demo.clinic.ledger import Contact, Deal, Ledger, moves_of
from demo.clinic.rulebook import QUARTER, Is, Rulebook, branch_time, left_out

__all__ = ["Expected", "ExpectedContact", "ExpectedDeal", "FieldValue", "GivenDeal", "expected", "expected_of", "given"]

FieldValue: TypeAlias = str | Decimal | datetime | bool | None
_SUMS = {
    "План": "planned",
    "Выставлено": "billed",
    "Сумма до скидки": "gross",
    "Скидка": "discount",
    "Оплачено": "paid",
    "Долг по сделке": "debt",
}


@dataclass(frozen=True)
class ExpectedContact:
    """A patient's own contact. `contact_id` is known where it stood there before; `phones_gone` must not be on it any more."""

    patient: str
    name: str = field(repr=False)
    contact_id: int | None
    phones: frozenset[str] = field(repr=False)
    phones_gone: frozenset[str] = field(repr=False)
    fields: Mapping[str, FieldValue] = field(repr=False)


@dataclass(frozen=True)
class ExpectedDeal:
    """One deal. `deal_id` is known where it stood there before, `main_contact` where somebody else stays the main one.
    In `fields`, by their Russian names, an absent sum is unknown."""

    visits: tuple[str, ...]
    patient: str
    deal_id: int | None
    name: str = field(repr=False)
    pipeline: str
    stage: str
    price: int | None
    main_contact: int | None
    contact: ExpectedContact = field(repr=False)
    fields: Mapping[str, FieldValue] = field(repr=False)


@dataclass(frozen=True)
class Expected:
    """What becomes of one visit; `reason` says why it is in no deal."""

    outcome: Literal["deal", "ask", "none"]
    reason: str = ""
    deal: ExpectedDeal | None = None


def expected(
    path: Path,
    *,
    database: str,
    live_since: datetime,
    now: datetime,
    zone: str,
    given: Sequence[GivenDeal],
    home: str | None = None,
) -> dict[str, Expected]:
    """Every visit that concerns the account, by its name, and every deal that lost its visits; history is left out."""
    where = ZoneInfo(zone)
    with Database(path) as clinic:
        known = facts(clinic, where)
    at_home = ZoneInfo(home) if home else None
    return expected_of(known, database=database, live_since=live_since, now=now, zone=where, given=given, home=at_home)


def expected_of(
    known: Facts,
    *,
    database: str,
    live_since: datetime,
    now: datetime,
    zone: ZoneInfo,
    given: Sequence[GivenDeal],
    punctual: bool = True,
    home: ZoneInfo | None = None,
) -> dict[str, Expected]:
    """The same from facts. `punctual`: somebody looks whenever a grace time ends or a visit is not marked; otherwise only after
    each act of the clinic and at the end, which must come to the same."""
    ledger = Ledger(known, given)
    book = Rulebook(now, live_since, zone, home)
    for at, patient in _looks(known, book, punctual=punctual):
        ledger.look(patient, Rulebook(at, live_since, zone))
    return dict(_answers(known, ledger, book, database))


def _looks(known: Facts, book: Rulebook, *, punctual: bool) -> Iterator[tuple[datetime, int]]:
    """At first everybody, by the first visit; then whoever something was done about, in time; at last everybody again."""
    live, now, everybody = book.live, book.now, _in_order(known, book)
    yield from ((live, patient) for patient in everybody)
    moments = [(at, patient) for at, patient in known.changes if live < at <= now]
    if punctual:
        moments += (turn for patient in everybody for turn in _turns(known, patient) if live < turn[0] < now)
    yield from sorted(moments)
    yield from ((now, patient) for patient in everybody)


def _in_order(known: Facts, book: Rulebook) -> list[int]:
    first: dict[int, tuple[datetime, int]] = {}
    for states in known.visits.values():
        for _, visit in states:
            if visit.patient is not None and not book.is_history(visit):
                order = (visit.booked or visit.start, visit.id)
                first[visit.patient] = min(order, first.get(visit.patient, order))
    return sorted(first, key=lambda patient: first[patient])


def _turns(known: Facts, patient: int) -> Iterator[tuple[datetime, int]]:
    """When a visit stands otherwise although nobody does anything."""
    for states in known.states_of(patient):
        for _, visit in states:
            yield visit.start + QUARTER, patient
            if visit.cancelled:
                yield visit.cancelled + QUARTER, patient


def _answers(known: Facts, ledger: Ledger, book: Rulebook, database: str) -> Iterator[tuple[str, Expected]]:
    in_deal = {visit.id: deal for deal in ledger.deals for visit in deal.visits}
    written = {
        id(deal): _deal(known, ledger, deal, book, database) for deal in ledger.deals if deal.patient and deal.shown
    }
    for key, states in known.visits.items():
        visit = states[-1][1]
        if book.is_history(visit):
            continue
        card = known.last_card(visit.patient, book.now) if visit.patient is not None else None
        deal = in_deal.get(key)
        if reason := left_out(card):
            yield visit.name, Expected("none", reason)
        elif card and card.id in ledger.asked:
            yield visit.name, Expected("ask", ledger.asked[card.id])
        elif deal is None or id(deal) not in written:
            yield visit.name, Expected("none", "grace")
        else:
            yield visit.name, Expected("deal", deal=written[id(deal)])
    for deal in ledger.deals:
        if id(deal) in written and not deal.visits:
            yield f"{deal.pipeline} of {written[id(deal)].patient}", Expected("deal", deal=written[id(deal)])


def _deal(known: Facts, ledger: Ledger, deal: Deal, book: Rulebook, database: str) -> ExpectedDeal:
    card, contact = known.last_card(deal.patient or 0, book.now), ledger.contact_of(deal.patient or 0)
    if card is None or contact is None:
        raise RuntimeError("a deal of a patient without a card or a contact")
    key = f"{database}:{card.id}"
    visits = sorted(deal.visits, key=lambda visit: visit.id)
    sums = _totals(known, visits)
    typed = deal.given.price if deal.given and deal.given.price else None
    if deal.stage == WON and typed is not None:
        sums["План"] = Decimal(typed)
    return ExpectedDeal(
        visits=tuple(visit.name for visit in visits),
        patient=key,
        deal_id=deal.given.deal_id if deal.given else None,
        name=deal.name,
        pipeline=deal.pipeline,
        stage=deal.stage,
        price=_price(deal, sums, typed) if visits else None,
        main_contact=deal.contact.given if deal.contact is not contact else None,
        contact=_contact(known, card, contact, key, book),
        fields={
            "IDENT: приёмы": "\n".join(f"{database}:{visit.name}" for visit in visits),
            "IDENT: пациент": key,
            **({"Пациент": card.name, **_told(deal, book), **sums} if visits else {}),
        },
    )


def _told(deal: Deal, book: Rulebook) -> dict[str, FieldValue]:
    if deal.shown is None:
        return {}
    visit, word = deal.shown
    gone = word is Is.CANCELLED
    when: dict[str, FieldValue] = {"Отменён когда": visit.cancelled if gone else None}
    return {
        "Первая дата": deal.first,
        "Переносов": Decimal(moves_of(deal)),
        "Врач": visit.doctor,
        "Филиал": visit.branch,
        "Кто записал": visit.booked_by,
        "Дата приёма": None if gone else visit.start,
        "Приём, время филиала": None if gone else branch_time(visit.start, book.zone, book.home),
        "Статус приёма": word.value,
        **({} if gone and visit.vanished and not visit.is_cancelled else when),  # as late as the agent notices
        "Отменён кем": visit.cancelled_by if gone else None,
        "Причина отмены": visit.reason if gone else None,
    }


def _totals(known: Facts, visits: Sequence[Visit]) -> dict[str, FieldValue]:
    """A sum with an unknown term is left out."""
    found: dict[str, FieldValue] = {}
    for name, part in _SUMS.items():
        terms = [getattr(known.sums.get(visit.id, Sums()), part) for visit in visits]
        if None not in terms:
            found[name] = sum(terms, Decimal())
    return found


def _price(deal: Deal, sums: Mapping[str, FieldValue], typed: int | None) -> int | None:
    """None where the clinic's own figures leave it open."""
    if deal.stage != WON and typed is not None:
        return typed
    billed, planned = sums.get("Выставлено"), sums.get("План")
    figure = billed if deal.stage == WON or billed else planned
    return int(figure.quantize(Decimal(1), ROUND_HALF_UP)) if isinstance(figure, Decimal) else None


def _contact(known: Facts, card: Patient, contact: Contact, key: str, book: Rulebook) -> ExpectedContact:
    visits = known.visits_of(card.id, book.now)
    visited = [visit.start for visit in book.of(visits, Is.VISITED)]
    return ExpectedContact(
        patient=key,
        name=contact.name,
        contact_id=contact.given,
        phones=frozenset(card.phones),
        phones_gone=frozenset(contact.gone),
        fields={
            "IDENT: пациент": key,
            **_card_number(known, card, contact),
            "Представитель": card.parent,
            "Лечащий врач": card.doctor,
            "Последний приём": max(visited, default=None),
            "Следующий приём": min((visit.start for visit in book.of(visits, Is.FUTURE)), default=None),
            "Визитов": Decimal(len(visited)),
            "Не писать": card.no_messages,
        },
    )


def _card_number(known: Facts, card: Patient, contact: Contact) -> dict[str, FieldValue]:
    """A column that was dropped is unknown from then on: what was written stays; what was not may be written as it was last known."""
    if "Patients.CardNumber" not in known.lost:
        return {"№ карты": card.card_number}
    since, stood = known.lost["Patients.CardNumber"]
    return {"№ карты": stood.get(card.id) or None} if contact.since and contact.since < since else {}
