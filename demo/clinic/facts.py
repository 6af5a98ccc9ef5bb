"""What the clinic's tables say, now and at each earlier time of the day. Reads IDENT's columns; knows no rule of what they do to deals."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from demo.clinic.database import Database, Row
from demo.clinic.states import Lost, States, read_lost, read_states, state_at

_PHONE = re.compile(r"(?:\+7|8|7)?[ (-]{0,2}9\d{2}[ )-]{0,2}\d{3}[ -]?\d{2}[ -]?\d{2}(?!\d)")
VANISHED = "удалён в IDENT"
AGAIN = 10**12
"""Above all keys: a visit whose key was given out again is known by its key and so many times this."""


@dataclass(frozen=True)
class Visit:
    """A row of Receptions at some time. Times are aware; people and branches are names."""

    id: int
    patient: int | None
    start: datetime
    doctor: str | None = None
    doctor_id: int | None = None
    branch: str | None = None
    branch_id: int | None = None
    booked: datetime | None = None
    booked_by: str | None = None
    moved_from: int | None = None
    appeared: bool = False
    begun: bool = False
    ended: datetime | None = None
    check: datetime | None = None
    is_cancelled: bool = False
    cancelled: datetime | None = None
    cancelled_by: str | None = None
    reason: str | None = None
    vanished: bool = False

    @property
    def off(self) -> bool:
        """Cancelled at the clinic, or its row is gone."""
        return self.is_cancelled or self.vanished

    @property
    def name(self) -> str:
        """How the visit is called outside: by its key, and once the key is another visit's, by the key and a number of its own."""
        number, key = divmod(self.id, AGAIN)
        return f"{key}~{number}" if number else str(key)


@dataclass(frozen=True)
class Patient:
    """A patient's card at some time."""

    id: int
    name: str
    phones: tuple[str, ...] = ()
    card_number: str | None = None
    parent: str | None = None
    doctor: str | None = None
    archived: bool = False
    staff: bool = False
    no_messages: bool = False


@dataclass(frozen=True)
class Sums:
    """A visit's money; None where the clinic's own figures make no sense."""

    planned: Decimal | None = Decimal()
    billed: Decimal | None = Decimal()
    gross: Decimal | None = Decimal()
    discount: Decimal | None = Decimal()
    paid: Decimal | None = Decimal()
    debt: Decimal | None = Decimal()


@dataclass
class Facts:
    """All that happened. `visits` and `patients` hold the states of each, oldest first, with the time from which they held."""

    visits: dict[int, list[tuple[datetime, Visit]]]
    patients: dict[int, list[tuple[datetime, Patient | None]]]
    sums: Mapping[int, Sums] = field(default_factory=dict)
    changes: Sequence[tuple[datetime, int]] = ()
    """When something was done about which patient."""
    lost: Mapping[str, Lost] = field(default_factory=dict)
    """Columns that were dropped: since when, and what stood in them."""

    def __post_init__(self) -> None:
        self._of_patient: dict[int | None, list[int]] = defaultdict(list)
        for key, states in self.visits.items():
            for patient in {visit.patient for _, visit in states}:
                self._of_patient[patient].append(key)

    def visits_of(self, patient: int | None, at: datetime) -> list[Visit]:
        """A patient's visits as they stood."""
        found = (state_at(self.visits[key], at) for key in self._of_patient[patient])
        return [visit for visit in found if visit and visit.patient == patient]

    def held(self, patient: int) -> list[Visit]:
        """Every visit that was ever this patient's, as it stands at last."""
        return [self.visits[key][-1][1] for key in self._of_patient[patient]]

    def states_of(self, patient: int) -> list[list[tuple[datetime, Visit]]]:
        """All states of each of a patient's visits."""
        return [self.visits[key] for key in self._of_patient[patient]]

    def patient(self, key: int, at: datetime) -> Patient | None:
        """A card as it stood."""
        return state_at(self.patients.get(key, []), at)

    def last_card(self, key: int, at: datetime) -> Patient | None:
        """A card as it stood, or as it last stood before it was gone."""
        return next((card for since, card in reversed(self.patients.get(key, [])) if card and since <= at), None)

    def with_phone(self, phone: str, at: datetime) -> list[Patient]:
        """The patients who bear a phone."""
        cards = (state_at(states, at) for states in self.patients.values())
        return [card for card in cards if card and phone in card.phones]


def phones_in(text: str | None) -> tuple[str, ...]:
    """The mobile numbers in what somebody typed, as +7 and ten digits."""
    found = ("+7" + re.sub(r"\D", "", match)[-10:] for match in _PHONE.findall(text or ""))
    return tuple(dict.fromkeys(found))


def facts(database: Database, zone: ZoneInfo) -> Facts:
    """Everything from the tables as they stand, and from the log of what stood there before."""
    states, changes = read_states(database, zone)
    reader = _Reader(database, zone)
    visits = dict(
        life for (table, key), of in states.items() if table == "Receptions" for life in _visits(of, key, reader)
    )
    patients = {
        key: _patients(states["Persons", key], of, reader)
        for (table, key), of in states.items()
        if table == "Patients" and ("Persons", key) in states
    }
    return Facts(visits, patients, _sums(database), changes, read_lost(database, zone))


def _visits(
    states: States[Row | None], key: int, reader: "_Reader"
) -> Iterator[tuple[int, list[tuple[datetime, Visit]]]]:
    """One visit; more where the key was given out again, to another patient, after its row had vanished: the last one bears it."""
    lives: list[list[tuple[datetime, Visit]]] = [[]]
    for at, row in states:
        before = lives[-1][-1][1] if lives[-1] else None
        if row is None:
            if before is not None:
                lives[-1].append((at, _gone(before, at)))
            continue
        visit = reader.visit(row)
        if before and before.vanished and before.patient != visit.patient:
            lives.append([])
        lives[-1].append((at, visit))
    for number, life in enumerate(lives, 1):
        as_known = key + number * AGAIN if number < len(lives) else key
        yield as_known, [(at, replace(visit, id=as_known)) for at, visit in life]


def _gone(visit: Visit, at: datetime) -> Visit:
    """A row that vanished counts as cancelled; what was cancelled already stays as it was."""
    if visit.is_cancelled:
        return replace(visit, vanished=True)
    return replace(visit, vanished=True, cancelled=at, cancelled_by=None, reason=VANISHED)


def _patients(
    persons: States[Row | None], cards: States[Row | None], reader: "_Reader"
) -> list[tuple[datetime, Patient | None]]:
    """A card is two rows; None where one of them is gone."""
    found: list[tuple[datetime, Patient | None]] = []
    for at in sorted({at for at, _ in (*persons, *cards)}):
        person, card = state_at(persons, at), state_at(cards, at)
        found.append((at, reader.patient(person, card) if person and card else None))
    return found


class _Reader:
    """Rows become facts: ids become names, wall clock becomes time."""

    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._zone = zone
        self._people = {row["ID"]: full_name(row) for row in database.rows("Persons")}
        self._chairs = {row["ID"]: row["ID_OwnCompanies"] for row in database.rows("Armchairs")}
        self._branches = {row["ID"]: row["BranchName"] or row["Name"] for row in database.rows("OwnCompanies")}
        self._reasons = {row["ID"]: row["Name"] for row in database.rows("ReceptionCancelReasons")}
        self._staff = {row["ID_Persons"] for row in database.rows("Staffs") if not row["Archive"]}

    def visit(self, row: Row) -> Visit:
        """A row of Receptions."""
        branch = self._chairs.get(row["ID_Armchairs"])
        start = self._time(row["PlanStart"])
        if start is None:
            raise ValueError("a visit without PlanStart")
        return Visit(
            id=row["ID"],
            patient=row["ID_Patients"],
            start=start,
            doctor=self._people.get(row["ID_Staffs"]),
            doctor_id=row["ID_Staffs"],
            branch=self._branches.get(branch),
            branch_id=branch,
            booked=self._time(row["ReceptionAdded"]),
            booked_by=self._people.get(row["ID_StaffsReceptionAdded"]),
            moved_from=row["ID_ReceptionsTransferFrom"],
            appeared=row["PatientAppeared"] is not None,
            begun=row["ReceptionStarted"] is not None,
            ended=self._time(row["ReceptionEnded"]),
            check=self._time(row["CheckIssued"]),
            is_cancelled=row["ReceptionCanceled"] is not None or row["ID_ReceptionCancelReasons"] is not None,
            cancelled=self._time(row["ReceptionCanceled"]),
            cancelled_by=self._people.get(row["ID_StaffsReceptionCanceled"]),
            reason=self._reasons.get(row["ID_ReceptionCancelReasons"]),
        )

    def patient(self, person: Row, card: Row) -> Patient:
        """A row of Persons with its row of Patients."""
        return Patient(
            id=person["ID"],
            name=full_name(person),
            phones=tuple(dict.fromkeys((*phones_in(person["MobilePhone"]), *phones_in(person["Phone"])))),
            card_number=card["CardNumber"] or None,
            parent=card["ParentSNP"] or None,
            doctor=self._people.get(card["ID_Staffs"]),
            archived=card["ID_ArchivingReasons"] is not None,
            staff=person["ID"] in self._staff,
            no_messages=bool(card["SMSRejection"]),
        )

    def _time(self, wall_clock: datetime | None) -> datetime | None:
        return wall_clock and wall_clock.replace(tzinfo=self._zone)


def full_name(person: Row) -> str:
    """Surname, given name, patronymic; empty where nothing is known."""
    return " ".join(part for part in (person["Surname"], person["Name"], person["Patronymic"]) if part)


def _sums(database: Database) -> dict[int, Sums]:
    prices = {row["ID"]: row["Price"] for row in database.rows("ServiceItemPrices")}
    planned: dict[int, Decimal] = defaultdict(Decimal)
    for line in database.rows("OrderServiceRelation"):
        planned[line["ID_Orders"]] += line["CountService"] * prices[line["ID_ServicePrices"]] - line["DiscountSum"]
    journal = {row["ID_Orders"]: row for row in database.rows("OrderPaymentsJournal")}
    return {
        order["ID_Receptions"]: _sums_of(planned[order["ID"]], journal.get(order["ID"]))
        for order in database.rows("Orders")
        if order["ID_Receptions"] is not None
    }


def _sums_of(planned: Decimal, bill: Row | None) -> Sums:
    if bill is None or not bill["IsBillFormed"]:
        return Sums(planned=planned)
    billed, gross, debt = bill["AmountWithDiscount"], bill["Amount"], bill["Debt"]
    return Sums(
        planned=planned,
        billed=_sane(billed),
        gross=_sane(gross),
        discount=_sane(gross - billed),
        paid=_sane(billed - bill["InsuranceAmount"] - debt),
        debt=_sane(debt),
    )


def _sane(amount: Decimal) -> Decimal | None:
    return None if amount < 0 else amount
