"""What was found out about a card, before anybody decides what to show of it. Values only; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from hub.panel.freshness import Heard, Stand
from hub.rules.model import PatientKey
from hub.rules.settings import Settings
from hub.rules.visits import Clinic, Record, VisitNow, count_as
from wire.lookup import Bill, CardAnswer, CardPatient
from wire.model import Balance, Checkup, Patient, Plan


@dataclass(frozen=True)
class Site:
    """A database of the account: as the rules see it, and how it stands."""

    clinic: Clinic
    stand: Stand

    def today(self, now: datetime) -> date:
        """The day in the clinic: ages and «сегодня» are by it."""
        return now.astimezone(self.stand.zone).date()


@dataclass(frozen=True)
class Known:
    """What the hub's own records say of a patient."""

    patient: Patient | None = field(default=None, repr=False)
    visits: tuple[Record, ...] = field(default=(), repr=False)
    balance: Balance | None = field(default=None, repr=False)
    balance_at: datetime | None = None
    checkups: tuple[Checkup, ...] = ()
    plans: tuple[Plan, ...] = ()


@dataclass(frozen=True)
class Somebody:
    """A patient, as the clinic says now or as the hub knows: all of it as of `data_at`. `bills` is None where they are not known."""

    key: PatientKey
    patient: Patient = field(repr=False)
    visits: tuple[VisitNow, ...] = field(repr=False)
    site: Site
    data_at: datetime | None = None
    more_past: bool = False
    bills: tuple[Bill, ...] | None = field(default=None, repr=False)
    known: Known = field(default=Known(), repr=False)


@dataclass(frozen=True)
class Subject:
    """The card that is open: whom it is about by a link or an operator's choice, by what others are found, what stands in amoCRM."""

    name: str
    """For the journal: deal:15198335, contact:901."""
    deal_id: int | None = None
    wanted: PatientKey | None = None
    chosen: bool = False
    named: tuple[PatientKey, ...] = ()
    """Patients of whom the card speaks although none of them is the one."""
    phones: tuple[str, ...] = field(default=(), repr=False)
    typed_name: str | None = field(default=None, repr=False)
    typed_phone: str | None = field(default=None, repr=False)

    @property
    def keys(self) -> tuple[PatientKey, ...]:
        """Whom to ask for by id."""
        return (self.wanted, *self.named) if self.wanted else self.named


@dataclass(frozen=True)
class Answers:
    """By database: the clinic's answer, or None where none came. A database that was not asked is absent. `away`: no link, or none
    any more."""

    by_database: Mapping[str, CardAnswer | None] = field(repr=False)
    away: frozenset[str] = frozenset()

    @property
    def silent(self) -> frozenset[str]:
        """Who gave no answer."""
        return frozenset(database for database, answer in self.by_database.items() if answer is None)

    def heard(self, database: str) -> Heard | None:
        """For the freshness of a database."""
        if database not in self.by_database:
            return None
        answer = self.by_database[database]
        return Heard(answer.read_at, answer.partial) if answer else Heard()

    def people(self, sites: Mapping[str, Site], settings: Settings, now: datetime) -> list[Somebody]:
        """Whoever was told of is of the database that told."""
        return [
            somebody(sites[database], one, answer.read_at, settings, now)
            for database, answer in self.by_database.items()
            if answer
            for one in answer.patients
        ]


def somebody(site: Site, one: CardPatient, read_at: datetime, settings: Settings, now: datetime) -> Somebody:
    """As the clinic says now."""
    return Somebody(
        key=PatientKey(site.clinic.database, one.id),
        patient=one,
        visits=_counted(map(Record, one.visits), site, settings, now),
        site=site,
        data_at=read_at,
        more_past=one.more_past,
        bills=one.bills if "bills" in one.model_fields_set else None,
    )


def remembered(site: Site, patient: str, known: Known, settings: Settings, now: datetime) -> Somebody | None:
    """As the hub's records say; None where they say nothing."""
    if known.patient is None:
        return None
    visits = _counted(known.visits, site, settings, now)
    key = PatientKey(site.clinic.database, patient)
    return Somebody(key, known.patient, visits, site, data_at=site.stand.read_through, known=known)


def completed(told: Somebody, known: Known, settings: Settings, now: datetime) -> Somebody:
    """What the clinic said of somebody, and beside it what only the hub knows: visits that vanished from IDENT, and whatever an agent
    that is older, or cannot read it, did not tell."""
    ids = {visit.id for visit in told.visits}
    gone = [record for record in known.visits if record.vanished_at and record.visit.id not in ids]
    known = replace(known, **_of_answer(told.patient, told.data_at))
    return replace(told, visits=(*told.visits, *_counted(gone, told.site, settings, now)), known=known)


def _of_answer(one: Patient, read_at: datetime | None) -> dict[str, Any]:
    """What the clinic told now of that which the hub may hold from before."""
    if not isinstance(one, CardPatient):
        return {}
    balance = {"balance": one.balance, "balance_at": read_at} if one.balance else {}
    return balance | {name: getattr(one, name) for name in ("checkups", "plans") if name in one.model_fields_set}


def _counted(records: Iterable[Record], site: Site, settings: Settings, now: datetime) -> tuple[VisitNow, ...]:
    return tuple(count_as(record, site.clinic, settings, now) for record in records)


def age_on(born: str | None, today: date) -> int | None:
    """Whole years; who is born on 29 February is a year older on 1 March."""
    if born is None:
        return None
    birth = date.fromisoformat(born)
    years = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    return years if years >= 0 else None
