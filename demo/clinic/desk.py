"""What happens at the desk beside the plan: somebody is booked right now. What is still planned makes room, so that ids go on growing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from demo.clinic.acts import perform
from demo.clinic.database import Database, stepped
from demo.clinic.days import free_number
from demo.clinic.facts import phones_in
from demo.clinic.people import People
from demo.clinic.plan import Event, act_text, event_of
from demo.clinic.premises import RECEPTIONISTS, Calendar, Slot

_SOON, _DAYS_TRIED = timedelta(minutes=60), 14


@dataclass(frozen=True)
class Caller:
    """Somebody who is going to call and book. `phones` as +7 and ten digits."""

    at: datetime
    patient: int
    name: str
    phones: tuple[str, ...]
    new: bool


@dataclass(frozen=True)
class Booked:
    """A visit that was booked beside the plan."""

    visit: int
    patient: int
    start: datetime


@dataclass(frozen=True)
class _Room:
    """What is taken now, in spite of the plan: a visit's id, and that of a new patient, whom the plan may bring later as `planned`."""

    visit: int
    patient: int | None = None
    planned: int | None = None

    def shifted(self, name: str, value: Any) -> Any:
        """An id of the plan, behind those that are taken."""
        first = {"visit": self.visit, "moved_from": self.visit, "patient": self.patient, "dead": self.patient}.get(name)
        if first is None or not isinstance(value, int):
            return value
        if name in ("patient", "dead") and value == self.planned:
            return first
        return value + 1 if value >= first else value

    def moved(self, event: Event) -> Event:
        """An event of the plan as it goes on; whom the plan would have brought is no newcomer any more."""
        values = {name: self.shifted(name, value) for name, value in event.values.items()}
        if self.planned is not None and event.values.get("patient") == self.planned:
            values.pop("new", None)
        kind, *numbers = event.who.split() or [""]
        who = " ".join([kind, *(str(self.shifted(kind, int(number))) for number in numbers)])
        return replace(event, who=who, values=values)


def callers(database: Database) -> list[Caller]:
    """Who is going to book, as far as it is planned."""
    return [_caller(database, event) for _, event in _to_come(database) if _is_call(event)]


def book_now(
    database: Database, at: datetime, *, patient: int | None = None, phone: str | None = None, name: str = ""
) -> Booked | None:
    """Book the soonest visit for a patient, or for whoever has this phone: a new patient where nobody does, of this name if it is
    known. None where nobody can be booked."""
    slot, visit = _soonest(database, Random(f"desk {at}"), at), _next_id(database, "Receptions")
    who = _known(database, patient) if phone is None else _patient_with(database, phone)
    if slot is None or (who is None and phone is None):
        return None
    place = {"start": slot.start.isoformat(), "chair": slot.chair.id, "doctor": slot.chair.doctor}
    values: dict[str, Any] = {"by": RECEPTIONISTS[0], "visit": visit, "patient": who, **place}
    room = _Room(visit)
    if who is None and phone is not None:
        coming = next((event for _, event in _to_come(database) if _brings(event, phone)), None)
        values["patient"] = _next_id(database, "Persons")
        values["new"] = coming.values["new"] if coming else _newcomer(database, at.date(), phone, name)
        room = _Room(visit, values["patient"], coming.values["patient"] if coming else None)
    _make(database, room)
    perform(database, "book", f"patient {values['patient']}", stepped(at), values)
    return Booked(visit, values["patient"], slot.start)


def _make(database: Database, room: _Room) -> None:
    with database.transaction():
        for n, event in list(_to_come(database)):
            moved = room.moved(event)
            if moved != event:
                database.execute("UPDATE _plan SET who = ?, act = ? WHERE n = ?", (moved.who, act_text(moved), n))


def _to_come(database: Database) -> Iterator[tuple[int, Event]]:
    for n, *row in database.execute("SELECT n, at, who, act FROM _plan WHERE done = 0 ORDER BY n"):
        yield n, event_of(*row)


def _is_call(event: Event) -> bool:
    return event.do == "book" and bool(event.values["patient"])


def _brings(event: Event, phone: str) -> bool:
    """Whether a new patient with this phone comes by it."""
    new = event.values.get("new")
    return new is not None and phone in (*phones_in(new["mobile"]), *phones_in(new["phone"]))


def _caller(database: Database, event: Event) -> Caller:
    patient, new = event.values["patient"], event.values.get("new")
    if new:
        name, typed = " ".join(filter(None, new["name"])), (new["mobile"], new["phone"])
    elif found := _person(database, patient):
        name, typed = found
    else:  # a newcomer who calls twice
        name, typed = "", (None, None)
    return Caller(event.at, patient, name, tuple(p for text in typed for p in phones_in(text)), bool(new))


def _person(database: Database, patient: int) -> tuple[str, tuple[str | None, str | None]] | None:
    if _known(database, patient) is None:
        return None
    row = database.row("Persons", patient)
    name = " ".join(filter(None, (row["Surname"], row["Name"], row["Patronymic"])))
    return name, (row["MobilePhone"], row["Phone"])


def _soonest(database: Database, random: Random, at: datetime) -> Slot | None:
    """In an hour or later today, else on one of the next days."""
    calendar = Calendar(random, database.made().visits)
    for chair, start in _taken(database, at):
        calendar.occupy(chair, start)
    slots = (calendar.take(at.date() + timedelta(days=days), at + _SOON) for days in range(_DAYS_TRIED))
    return next(filter(None, slots), None)


def _taken(database: Database, at: datetime) -> Iterator[tuple[int, datetime]]:
    """What is booked, and what is going to be."""
    for row in database.rows("Receptions"):
        if row["PlanStart"] >= datetime.combine(at.date(), time()) and not row["ReceptionCanceled"]:
            yield row["ID_Armchairs"], row["PlanStart"]
    for _, event in _to_come(database):
        if "start" in event.values:
            yield event.values["chair"], datetime.fromisoformat(event.values["start"])


def _patient_with(database: Database, phone: str) -> int | None:
    for row in database.rows("Persons"):
        if phone in (*phones_in(row["MobilePhone"]), *phones_in(row["Phone"])) and _known(database, row["ID"]):
            return int(row["ID"])
    return None


def _known(database: Database, patient: int | None) -> int | None:
    return patient if database.execute("SELECT 1 FROM Patients WHERE ID_Persons = ?", (patient,)) else None


def _newcomer(database: Database, today: date, phone: str, name: str) -> dict[str, Any]:
    key = _next_id(database, "Persons")
    person = People(Random(f"newcomer {key}"), first_number=free_number(database), first_card=50_000 + key).adult(today)
    made_up = [person.name.surname, person.name.given, person.name.patronymic]
    return {
        "name": [*name.split(maxsplit=2), "", ""][:3] if name.strip() else made_up,
        "birthday": person.birthday and person.birthday.isoformat(),
        "phone": None,
        "mobile": phone,
        "card_number": person.card_number,
    }


def _next_id(database: Database, table: str) -> int:
    return int(database.execute(f"SELECT COALESCE(MAX(ID), 0) + 1 FROM {table}")[0][0])  # noqa: S608 a table of ours
