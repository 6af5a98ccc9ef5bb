"""The day that is going to happen, decided beforehand from the clinic as it stands at seven and a seed. Writes nothing but `_plan`."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from demo.clinic import disasters
from demo.clinic.acts import EVERYBODY
from demo.clinic.database import Database, stepped, time_text
from demo.clinic.paperwork import Paperwork
from demo.clinic.people import People, is_made_up
from demo.clinic.premises import Calendar
from demo.clinic.scripts import Draft, Ref, Scripts, Upcoming
from demo.clinic.tasks import is_open_checkup

_OF_A_CARD = ("plan", "do planned", "checkup")
"""Makes no sense for a visit without patient card."""
_BESIDE = (*_OF_A_CARD, "put off", "close checkup", "close plan", "start", "bill", "pay")
"""Nobody has to look before the next act: it is told of the patient beside visits, or what it leads to is the same whether it is read
by itself or together with what came before and after."""


@dataclass(frozen=True)
class Event:
    """One act of the day. `who` are the patients (or the visit without one) whose state it changes."""

    at: datetime
    who: str
    do: str
    values: dict[str, Any]

    @property
    def whom(self) -> set[str]:
        """Each of those whose states are to be seen one by one."""
        kind, *numbers = ("" if self.do in _BESIDE else self.who).split() or [""]
        return {f"{kind} {number}" for number in numbers}


@dataclass
class Standing:
    """What the plan starts from."""

    midnight: datetime
    coming: list[Upcoming] = field(default_factory=list)
    later: list[Upcoming] = field(default_factory=list)
    callers: list[Ref] = field(default_factory=list)
    archived: set[int] = field(default_factory=set)
    last_visit: int = 0
    last_person: int = 0


def planned(database: Database, seed: int) -> list[Event]:
    """The plan that stands in the file; it is made at the first call, whatever the seed of later ones."""
    if not database.execute("SELECT COUNT(*) FROM _plan")[0][0]:
        with database.transaction():
            write(database, _events(database, seed))
    return [event_of(*row) for row in database.execute("SELECT at, who, act FROM _plan ORDER BY n")]


def write(database: Database, events: Iterable[Event]) -> None:
    """Put events into the file, behind those that stand there."""
    for event in events:
        database.execute(
            "INSERT INTO _plan (at, who, act) VALUES (?, ?, ?)", (time_text(event.at), event.who, act_text(event))
        )


def act_text(event: Event) -> str:
    """How an event's act stands in the file."""
    return json.dumps({"do": event.do, **event.values}, ensure_ascii=False)


def event_of(at: str, who: str, act: str) -> Event:
    """An event as it stands in the file."""
    values = json.loads(act)
    return Event(datetime.fromisoformat(at), who, values.pop("do"), values)


def _events(database: Database, seed: int) -> list[Event]:
    made, random = database.made(), Random(f"day {seed}")
    calendar = Calendar(random, made.visits)
    clinic = read_standing(database, calendar, datetime.combine(made.day, time()))
    people = People(random, first_number=made.next_number, first_card=30001)
    scripts = Scripts(random, calendar, people, clinic.midnight)
    for upcoming in clinic.coming:
        scripts.on_the_day(upcoming)
    for upcoming in clinic.later:
        scripts.some_other_day(upcoming)
    add_paperwork(database, clinic, Paperwork(random, people, scripts, clinic.midnight))
    _fill_up(scripts, clinic, made.visits)
    scripts.drafts += disasters.backup(clinic.midnight, scripts.drafts) + disasters.updates(clinic.midnight)
    return list(numbered(scripts.drafts, clinic))


def add_paperwork(database: Database, clinic: Standing, paperwork: Paperwork) -> None:
    """About the cards of those who come, and about open check-ups."""
    coming = {upcoming.patient.number for upcoming in clinic.coming} - clinic.archived
    cards = [row for row in database.rows("Persons") if row["ID"] in coming and is_made_up(row["Surname"])]
    known = {row["ID_Persons"] for row in database.rows("Patients")} - clinic.archived
    open_tasks = [row for row in database.rows("ScheduledReceptions") if is_open_checkup(row)]
    paperwork.of(cards, [row for row in open_tasks if row["ID_Patients"] in known])


def read_standing(database: Database, calendar: Calendar, midnight: datetime) -> Standing:
    """How the clinic stands before the day that begins at `midnight`; what is booked is taken in the calendar."""
    clinic = Standing(midnight)
    patients: dict[int | None, Ref] = {}
    for row in database.rows("Receptions"):
        clinic.last_visit = row["ID"]
        if row["PlanStart"] < midnight or row["ReceptionCanceled"] or row["ID_ReceptionCancelReasons"]:
            continue
        calendar.occupy(row["ID_Armchairs"], row["PlanStart"])
        patient = patients.setdefault(row["ID_Patients"], Ref(row["ID_Patients"] or 0))
        upcoming = Upcoming(Ref(row["ID"]), patient, row["PlanStart"], calendar.chair(row["ID_Armchairs"]))
        (clinic.coming if row["PlanStart"] < midnight + timedelta(days=1) else clinic.later).append(upcoming)
    for row in database.rows("Patients"):
        if row["ID_ArchivingReasons"] is not None:
            clinic.archived.add(row["ID_Persons"])
        elif row["ID_Persons"] not in patients:
            clinic.callers.append(Ref(row["ID_Persons"]))
    clinic.last_person = database.execute("SELECT MAX(ID) FROM Persons")[0][0]
    return clinic


def _fill_up(scripts: Scripts, clinic: Standing, visits: int) -> None:
    """New patients and patients of old book, until the day concerns as many visits as were asked for."""
    del clinic.callers[visits:]  # not all of a large clinic's patients call on one day
    for _ in range(visits * 8 // 100):
        scripts.newcomer()
    while len(clinic.coming) + scripts.booked < visits or clinic.callers:
        if clinic.callers:
            scripts.caller(clinic.callers.pop())
        else:
            scripts.newcomer()


def numbered(drafts: list[Draft], clinic: Standing) -> Iterator[Event]:
    """In the order of time, each at a time of its own; new rows get their ids in that order. What was booked after a backup that is put
    back is lost: its ids are given out again, and nothing more becomes of it."""
    last, kept = clinic.midnight, clinic.last_visit
    since_backup: list[Ref] = []
    lost: set[int] = set()
    for draft in sorted(drafts, key=lambda draft: draft.at):
        if any(id(ref) in lost for ref in (draft.visit, *draft.values.values()) if isinstance(ref, Ref)):
            continue
        if draft.do in _OF_A_CARD and not (draft.patient and draft.patient.number):
            continue
        last = stepped(max(draft.at, last + timedelta(milliseconds=10)))
        if draft.do == "backup":
            since_backup, kept = [], clinic.last_visit
        elif draft.do == "roll back":
            lost |= {id(ref) for ref in since_backup}
            clinic.last_visit = kept
        if draft.patient and not draft.patient.number and "new" in draft.values:
            clinic.last_person += 1
            draft.patient.number = clinic.last_person
        if draft.visit and not draft.visit.number:
            clinic.last_visit += 1
            draft.visit.number = clinic.last_visit
            since_backup.append(draft.visit)
        yield Event(last, _who(draft), draft.do, _values(draft))


def _values(draft: Draft) -> dict[str, Any]:
    values = {name: value.number if isinstance(value, Ref) else value for name, value in draft.values.items()}
    if draft.visit:
        values["visit"] = draft.visit.number
    if draft.patient:
        values["patient"] = draft.patient.number or None
    return values


def _who(draft: Draft) -> str:
    if draft.patient and draft.patient.number:
        others = (value.number for name, value in draft.values.items() if name == "dead")
        return " ".join(map(str, ("patient", draft.patient.number, *others)))
    return f"visit {draft.visit.number}" if draft.visit else EVERYBODY
