"""What becomes of patients' cards on a day: edits, refusals, relatives who are booked on the same phone, second cards of one person that
are merged later, and check-ups that are moved or closed. Drafts of events; writes nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from demo.clinic.facts import phones_in
from demo.clinic.people import Name, People, Person
from demo.clinic.scripts import Ref, Scripts, Upcoming, as_json
from demo.clinic.values import Row

_KINDS = {
    "phone": 4,
    "rename": 4,
    "second phone": 2,
    "no phone": 1,
    "hand over": 2,
    "refuse": 2,
    "refuse for a while": 2,
}
_GROWN_UP = timedelta(days=366 * 20)


class Paperwork:
    """Adds to a day's drafts. `cards` are rows of `Persons`, of patients whose names are made up as everybody's."""

    def __init__(self, random: Random, people: People, scripts: Scripts, midnight: datetime) -> None:
        self._random, self._people, self._scripts, self._midnight = random, people, scripts, midnight

    def of(self, cards: Sequence[Row], tasks: Sequence[Row]) -> None:
        """The whole of a day: `cards` of those who come, and `tasks` that are open check-ups."""
        for number, card in enumerate(self._some(cards, 2 + len(cards) // 25)):
            self._edit(self._kind(number, card), card, cards)
        for card in self._some([card for card in cards if self._is_grown_up(card)], 1 + len(cards) // 40):
            self._relative(card)
        for card in self._some([card for card in cards if _phone(card)], 1 + len(cards) // 100):
            self._double(card)
        for task in self._some(tasks, 2 + len(tasks) // 20):
            self._checkup(task)

    def _edit(self, kind: str, card: Row, others: Sequence[Row]) -> None:
        at, patient, other = self._scripts.call(), Ref(card["ID"]), self._random.choice(others)
        if kind == "rename":
            name = self._people.renamed(Name(card["Surname"], card["Name"], card["Patronymic"]))
            self._scripts.add(at, "rename", patient, None, surname=name.surname)
        elif kind.startswith("refuse"):
            self._scripts.add(at, "refuse", patient, None)
            if kind != "refuse":
                self._scripts.add(at + self._scripts.minutes(20, 120), "agree", patient, None)
        elif kind == "no phone":
            self._scripts.add(at, "phone", patient, None, phone=None)
        elif kind == "hand over" and other is not card and _phone(card):
            self._scripts.add(at, "phone", patient, None, phone=None)
            self._scripts.add(
                at + self._scripts.minutes(1, 5), "phone", Ref(other["ID"]), None, landline=card["MobilePhone"]
            )
        else:
            which = "landline" if kind == "second phone" else "phone"
            self._scripts.add(at, "phone", patient, None, **{which: self._people.typed(self._people.number())})

    def _kind(self, number: int, card: Row) -> str:
        """Each once before any comes again."""
        kinds = [kind for kind in _KINDS if kind != "rename" or card["Surname"].endswith("а")]
        if number < len(kinds):
            return kinds[number]
        return self._random.choices(kinds, [_KINDS[kind] for kind in kinds])[0]

    def _relative(self, card: Row) -> None:
        """A patient books for a child that was never here: on the same phone, with the patient as representative."""
        phone = phones_in(card["MobilePhone"])
        if not phone:
            return
        parent = Person(Name(card["Surname"], card["Name"], card["Patronymic"] or ""), None)
        child = self._people.child(self._midnight.date(), parent, int(phone[0][2:]))
        at = self._scripts.call()
        self._scripts.follow(self._scripts.book(at, Ref(), self._scripts.slot_later(), new=as_json(child)))

    def _double(self, card: Row) -> None:
        """Somebody who is known is booked as if he were new; later that day the two cards are made one."""
        name = Name(card["Surname"], card["Name"], card["Patronymic"] or "")
        again = as_json(Person(name, card["Birthday"], mobile=card["MobilePhone"]))
        at = self._scripts.call()
        dead = self._scripts.book(at, Ref(), self._scripts.slot_later(), new=again).patient
        found = at + self._scripts.minutes(20, 100)
        self._scripts.add(found, "merge", Ref(card["ID"]), None, dead=dead, archives=self._random.random() < 0.5)

    def _checkup(self, task: Row) -> None:
        """Put off, given up, or booked."""
        at, patient, how = self._scripts.call(), Ref(task["ID_Patients"]), self._random.random()
        if how < 0.4:
            due = self._midnight + timedelta(days=self._random.randint(30, 90))
            self._scripts.add(at, "put off", patient, None, task=task["ID"], due=due.isoformat())
        elif how < 0.6:
            self._scripts.add(at, "close checkup", patient, None, task=task["ID"], reason=2)
        else:
            booked = self._scripts.book(at, patient, self._scripts.slot_later())
            self._close(at + self._scripts.minutes(1, 3), task, booked)

    def _close(self, at: datetime, task: Row, booked: Upcoming) -> None:
        self._scripts.add(at, "close checkup", booked.patient, None, task=task["ID"], closed_by=booked.visit)

    def _is_grown_up(self, card: Row) -> bool:
        born = card["Birthday"]
        return born is None or datetime.combine(born, datetime.min.time()) < self._midnight - _GROWN_UP

    def _some(self, rows: Sequence[Row], count: int) -> list[Row]:
        return self._random.sample(rows, k=min(len(rows), count))


def _phone(card: Row) -> bool:
    return bool(phones_in(card["MobilePhone"]))
