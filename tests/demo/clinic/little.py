"""A clinic of a few people, put together by hand: what stood there at seven, what was done, and what the oracle makes of it."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from demo.clinic import bills, premises
from demo.clinic.acts import perform
from demo.clinic.database import Database, Made
from demo.clinic.facts import facts
from demo.clinic.leads import GivenDeal
from demo.clinic.oracle import Expected, ExpectedDeal, expected_of

DAY = date(2026, 11, 24)
ZONE = ZoneInfo("Europe/Moscow")
PHONE = "+79990000101"


def wall(text: str) -> datetime:
    """`10:30` of the day, `-3 10:30` three days before, as the clinic's wall clock."""
    days, _, clock = text.rpartition(" ")
    return datetime.combine(DAY + timedelta(days=int(days or 0)), datetime.strptime(clock, "%H:%M").time())  # noqa: DTZ007


def moment(text: str) -> datetime:
    """The same as a time."""
    return wall(text).replace(tzinfo=ZONE)


def bill(*prices: int, discount: str = "0", insured: str = "0") -> bills.Bill:
    """A bill of some services by the ids of their prices."""
    lines = tuple(bills.Line(price, 1, Decimal(discount)) for price in prices)
    return bills.Bill(lines, Decimal(insured))


@dataclass
class Little:
    """Patients and visits get the ids that the tests give them."""

    path: Path
    given: list[GivenDeal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = Database(self.path)
        with self.database.transaction():
            self.database.create(wall("07:00"))
            for table, rows in premises.rows(8, wall("-700 07:00")):
                self.database.load(table, rows)
            self.database.remember(Made(1, 8, DAY, str(ZONE), 9990000500))

    def patient(
        self, key: int = 1001, name: str = "Ромашкин Пётр Ильич", phone: str | None = PHONE, **card: Any
    ) -> int:
        surname, _, rest = name.partition(" ")
        given, _, patronymic = rest.partition(" ")
        person = {"ID": key, "Surname": surname or None, "Name": given or None, "Patronymic": patronymic or None}
        self.database.load("Persons", [{**person, "MobilePhone": phone}])
        self.database.load("Patients", [{"ID_Persons": key, **card}])
        return key

    def visit(
        self, key: int, start: str, *, patient: int | None = 1001, booked: str | None = "-5 12:00", **row: Any
    ) -> int:
        """A visit that stood there at seven."""
        place: dict[str, Any] = {
            "ID_Staffs": 31,
            "ID_Armchairs": 1,
            "PlanStart": wall(start),
            "PlanEnd": wall(start) + premises.LENGTH,
        }
        added = {"ReceptionAdded": booked and wall(booked), "ID_StaffsReceptionAdded": 22}
        times: dict[str, Any] = {name: wall(value) if isinstance(value, str) else value for name, value in row.items()}
        self.database.load("Receptions", [{"ID": key, "ID_Patients": patient, **place, **added, **times}])
        return key

    def do(self, at: str, act: str, visit: int = 0, *, patient: int = 1001, **values: Any) -> None:
        perform(self.database, act, f"patient {patient}", wall(at), {"visit": visit, "patient": patient, **values})

    def book(self, at: str, visit: int, start: str, *, patient: int = 1001, **values: Any) -> None:
        place: dict[str, Any] = {"start": wall(start).isoformat(), "chair": 1, "doctor": 31, "by": 22}
        self.do(at, "book", visit, patient=patient, **{**place, **values})

    def move(self, at: str, visit: int, start: str, *, chair: int = 1, doctor: int = 31, patient: int = 1001) -> None:
        self.do(at, "move", visit, patient=patient, start=wall(start).isoformat(), chair=chair, doctor=doctor)

    def comes(self, at: str, visit: int, *, ends: str | None = None, patient: int = 1001) -> None:
        self.do(at, "appear", visit, patient=patient)
        self.do(at, "start", visit, patient=patient)
        if ends:
            self.do(ends, "end", visit, patient=patient)

    def lead(self, phone: str = PHONE, name: str = "Заявка с сайта", *, contact: int = 1, **deal: Any) -> GivenDeal:
        """What stood in amoCRM before the day."""
        number = 900 + len(self.given)
        known: dict[str, Any] = {"deal_name": "Заявка", "created_at": moment("-3 10:00"), **deal}
        stage = known.get("stage", "Новое обращение")
        ids = {"deal_id": number if stage else None, "contact_id": 500 + contact}
        self.given.append(GivenDeal(contact, phone, name, **{**known, **ids}))
        return self.given[-1]

    def expect(self, now: str = "23:00", *, live: str = "07:00", punctual: bool = True) -> dict[str, Expected]:
        return expected_of(
            facts(self.database, ZONE),
            database="db_1",
            live_since=moment(live),
            now=moment(now),
            zone=ZONE,
            given=self.given,
            punctual=punctual,
        )

    def deal(self, visit: int, now: str = "23:00") -> ExpectedDeal:
        """The deal of a visit."""
        found = self.expect(now)[str(visit)]
        assert found.deal is not None, found
        return found.deal


def person(name: str, phone: str) -> dict[str, Any]:
    """A new patient as the plan holds him."""
    return {"name": name.split(), "birthday": None, "phone": None, "mobile": phone, "card_number": None}
