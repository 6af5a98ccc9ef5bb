"""Compares an amoCRM account with what the oracle expects. A difference names a visit and a field, never a person."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

from demo.account import Account, Api, Card, put, read
from demo.clinic.leads import LOST
from demo.clinic.oracle import Expected, ExpectedContact, ExpectedDeal, FieldValue

__all__ = ["Difference", "Verdict", "judge", "put"]

_VISITS, _PATIENT = "IDENT: приёмы", "IDENT: пациент"


@dataclass(frozen=True, order=True)
class Difference:
    """A visit (of a deal: its first) and what differs."""

    visit: str
    field: str

    def __str__(self) -> str:
        return f"{self.visit}: {self.field}"


@dataclass(frozen=True)
class Verdict:
    """How the account stands."""

    visits: int
    deals: int
    differences: tuple[Difference, ...] = ()
    wrong_person: int = 0
    duplicates: int = 0

    @property
    def good(self) -> bool:
        """Nothing differs."""
        return not (self.differences or self.wrong_person or self.duplicates)

    def and_also(self, other: "Verdict") -> "Verdict":
        """Of two databases in one account."""
        return Verdict(
            self.visits + other.visits,
            self.deals + other.deals,
            (*self.differences, *other.differences),
            self.wrong_person + other.wrong_person,
            max(self.duplicates, other.duplicates),
        )

    def by_visit(self) -> Iterator[str]:
        """What differs, a line for each visit."""
        for visit, found in groupby(self.differences, key=lambda difference: difference.visit):
            yield f"{visit}: {', '.join(difference.field for difference in found)}"

    def line(self) -> str:
        """The result in one line."""
        return (
            f"visits {self.visits}, deals {self.deals}, differences {len(self.differences)}, "
            f"wrong person {self.wrong_person}, duplicates {self.duplicates}"
        )


async def judge(expected: Mapping[str, Expected], url: str, token: str, *, database: str, at_least: int = 1) -> Verdict:
    """Read the whole account and compare. Fewer visits than `at_least` is a difference of its own."""
    async with Api(url, token) as api:
        account = await read(api)
    return compare(expected, account, database=database, at_least=at_least)


def compare(expected: Mapping[str, Expected], account: Account, *, database: str, at_least: int = 1) -> Verdict:
    """The verdict on an account as it was read."""
    court = _Court(expected, account, database)
    differences = list(court.differences())
    if len(expected) < at_least:
        differences.append(Difference("account", f"only {len(expected)} visits of {at_least} were judged"))
    if not court.deals_of:
        differences.append(Difference("account", "no deal holds a visit"))
    return Verdict(
        visits=len(expected),
        deals=len({deal.id for deals in court.deals_of.values() for deal in deals}),
        differences=tuple(sorted(differences)),
        wrong_person=court.wrong_person(),
        duplicates=court.duplicates(),
    )


@dataclass
class _Court:
    expected: Mapping[str, Expected]
    account: Account
    database: str
    deals_of: dict[str, list[Card]] = field(default_factory=lambda: defaultdict(list))
    """By visit."""

    def __post_init__(self) -> None:
        self._contacts = {contact.id: contact for contact in self.account.contacts}
        self._own: dict[str, list[Card]] = defaultdict(list)
        for contact in self.account.contacts:
            if key := contact.fields.get(_PATIENT):
                self._own[key].append(contact)
        for deal in self.account.deals:
            for visit in self._visits(deal):
                self.deals_of[visit].append(deal)
        self._wanted = list({id(e.deal): e.deal for e in self.expected.values() if e.deal}.values())

    def differences(self) -> Iterator[Difference]:
        """Everything that is not as it should be, persons and duplicates apart."""
        for visit, wanted in self.expected.items():
            if wanted.deal and not wanted.deal.visits:
                continue  # a deal that lost its visits
            found = self.deals_of.get(visit, [])
            if wanted.outcome != "deal" and found:
                yield Difference(visit, f"stands in a deal, should be {wanted.outcome} {wanted.reason}")
            if wanted.outcome == "deal" and not found:
                yield Difference(visit, "stands in no deal")
        for visit in self.deals_of.keys() - self.expected.keys():
            yield Difference(visit, "stands in a deal, does not concern the account")
        for deal in self._wanted:
            yield from self._deal(deal)

    def wrong_person(self) -> int:
        """Visits in a deal of another patient, by its key or by its main contact."""
        return sum(
            any(self._is_anothers(deal, wanted.deal) for deal in self.deals_of.get(visit, []))
            for visit, wanted in self.expected.items()
            if wanted.deal
        )

    def duplicates(self) -> int:
        """Visits in several deals, contacts with one patient's key, deals of a patient that nobody asked for: also won ones, which
        would be money that nobody paid."""
        visits = sum(len(deals) > 1 for deals in self.deals_of.values())
        contacts = sum(len(contacts) - 1 for contacts in self._own.values())
        wanted = Counter((deal.patient, deal.pipeline) for deal in self._wanted if deal.stage != LOST)
        there = Counter(
            (deal.fields[_PATIENT], deal.pipeline)
            for deal in self.account.deals
            if deal.stage != LOST and str(deal.fields.get(_PATIENT, "")).startswith(f"{self.database}:")
        )
        return visits + contacts + sum((there - wanted).values())

    def _visits(self, deal: Card) -> list[str]:
        lines = str(deal.fields.get(_VISITS) or "").split()
        return [line.removeprefix(f"{self.database}:") for line in lines if line.startswith(f"{self.database}:")]

    def _is_anothers(self, deal: Card, wanted: ExpectedDeal) -> bool:
        if deal.fields.get(_PATIENT) != wanted.patient:
            return True
        if deal.main_contact == wanted.main_contact:
            return False
        main = self._contacts.get(deal.main_contact or 0)
        return main is not None and main.fields.get(_PATIENT) not in (None, wanted.patient)

    def _deal(self, wanted: ExpectedDeal) -> Iterator[Difference]:
        """The first deal that holds the first visit is compared; that there are more is told as duplicates."""
        if wanted.visits:
            visit, deals = wanted.visits[0], self.deals_of.get(wanted.visits[0], [])
        else:
            visit, deals = f"a deal of {wanted.patient} without visits", self._empty(wanted)
            if not deals:
                yield Difference(visit, "is not there")
        found = next(iter(deals), None)
        if found is None:
            return
        own = next(iter(self._own.get(wanted.patient, [])), None)
        main = wanted.main_contact or (own.id if own else None)
        for name, good in (
            ("deal", wanted.deal_id in (None, found.id)),
            ("name", found.name == wanted.name),
            ("pipeline", found.pipeline == wanted.pipeline),
            ("stage", found.stage == wanted.stage),
            ("budget", wanted.price in (None, found.price)),
            ("main contact", found.main_contact == main),
        ):
            if not good:
                yield Difference(visit, name)
        for name in _unlike(wanted.fields, found.fields):
            yield Difference(visit, name)
        for name in self._contact(wanted.contact, own, found):
            yield Difference(visit, f"contact: {name}")

    def _empty(self, wanted: ExpectedDeal) -> list[Card]:
        """The patient's deals in that pipeline that hold no visit."""
        return [
            deal
            for deal in self.account.deals
            if deal.fields.get(_PATIENT) == wanted.patient
            and deal.pipeline == wanted.pipeline
            and not self._visits(deal)
        ]

    def _contact(self, wanted: ExpectedContact, own: Card | None, deal: Card) -> Iterator[str]:
        if own is None:
            yield "missing"
            return
        for name, good in (
            ("not the one that was there", wanted.contact_id in (None, own.id)),
            ("not linked", own.id in deal.contacts),
            ("name", own.name == wanted.name),
            ("phones", wanted.phones <= _plain(own.phones) and not wanted.phones_gone & _plain(own.phones)),
        ):
            if not good:
                yield name
        yield from _unlike(wanted.fields, own.fields)


def _unlike(wanted: Mapping[str, FieldValue], found: Mapping[str, Any]) -> list[str]:
    return [name for name, value in wanted.items() if not _same(value, found.get(name))]


def _same(wanted: FieldValue, found: Any) -> bool:
    """Empty and 0 are the same, and so are empty and no."""
    match wanted:
        case bool():
            return bool(found) is wanted
        case Decimal():
            return _figure(found) == wanted
        case datetime():
            return found is not None and str(found) == str(int(wanted.timestamp()))
    return (found or "") == (wanted or "")


def _figure(found: Any) -> Decimal | None:
    try:
        return Decimal(str(found)) if found is not None else Decimal()
    except InvalidOperation:
        return None


def _plain(phones: Sequence[str] | frozenset[str]) -> frozenset[str]:
    """Russian numbers however they were typed."""
    return frozenset("+7" + "".join(filter(str.isdigit, phone))[-10:] for phone in phones)
