"""The days after: each is planned into the same file when the one before is over, from the clinic as it then stands and a seed."""

from collections.abc import Iterator
from datetime import date, datetime, time
from random import Random

from demo.clinic.database import Database
from demo.clinic.facts import phones_in
from demo.clinic.paperwork import Paperwork
from demo.clinic.people import People
from demo.clinic.plan import Event, Standing, add_paperwork, numbered, read_standing, write
from demo.clinic.premises import Calendar
from demo.clinic.scripts import Scripts

_FIRST_CARD = 30_001
_NEW_PERCENT = 18
_LOOKED_AT_PERCENT = 35
"""Of the visits of the weeks after, so many (by the size of the day) may change on one day; most of them do not."""


class NotOver(Exception):
    """A day is planned from what the days before have left; they still go on."""


def plan_day(database: Database, seed: int, day: date) -> None:
    """Plan one more day. The same clinic, seed and day give the same plan."""
    if database.execute("SELECT 1 FROM _plan WHERE done = 0 LIMIT 1"):
        raise NotOver
    with database.transaction():
        write(database, list(_events(database, seed, day)))


def last_planned(database: Database) -> date | None:
    """The last day that has a plan."""
    found = database.execute("SELECT MAX(at) FROM _plan")[0][0]
    return datetime.fromisoformat(found).date() if found else None


def _events(database: Database, seed: int, day: date) -> Iterator[Event]:
    visits, random = database.made().visits, Random(f"day {seed} {day}")
    calendar = Calendar(random, visits)
    clinic = read_standing(database, calendar, datetime.combine(day, time()))
    people = People(random, first_number=free_number(database), first_card=_FIRST_CARD + clinic.last_person)
    scripts = Scripts(random, calendar, people, clinic.midnight)
    for upcoming in clinic.coming:
        scripts.on_the_day(upcoming)
    for upcoming in random.sample(clinic.later, k=min(len(clinic.later), visits * _LOOKED_AT_PERCENT // 100)):
        scripts.some_other_day(upcoming)
    add_paperwork(database, clinic, Paperwork(random, people, scripts, clinic.midnight))
    _calls(scripts, clinic, random, visits)
    yield from numbered(scripts.drafts, clinic)


def _calls(scripts: Scripts, clinic: Standing, random: Random, visits: int) -> None:
    """New patients and some of the regulars book, until the day concerns as many visits as a day here does."""
    random.shuffle(clinic.callers)
    for _ in range(visits * _NEW_PERCENT // 100):
        scripts.newcomer()
    while len(clinic.coming) + scripts.booked < visits:
        if clinic.callers:
            scripts.caller(clinic.callers.pop())
        else:
            scripts.newcomer()


def free_number(database: Database) -> int:
    """A phone number above all that anybody here has."""
    found = (
        phone
        for row in database.rows("Persons")
        for text in (row["Phone"], row["MobilePhone"])
        for phone in phones_in(text)
    )
    return max([database.made().next_number, *(int(phone[2:]) + 1 for phone in found)])
