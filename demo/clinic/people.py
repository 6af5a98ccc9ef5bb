"""Made-up people: names, phones as receptionists type them, cards. Nobody here exists. Knows no database."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

CANARY_SURNAME, CANARY_PHONE = "Канарейкин", "+79990001234"
_CANARY_NUMBER = 9990001234
FIRST_NUMBER = 9990000001

_SURNAMES = (
    "Воробушкин", "Синичкин", "Снегирёв", "Щеглов", "Дроздов", "Зябликов", "Трясогузкин", "Малиновкин", "Ласточкин", "Стрижов",
    "Иволгин", "Чижов", "Кукушкин", "Жаворонков", "Перепёлкин", "Ромашкин", "Васильков", "Одуванчиков", "Лютиков", "Незабудкин",
    "Подорожников", "Клеверов", "Колокольчиков", "Берёзкин", "Рябинин", "Осинкин", "Облачков", "Ветерков", "Росинкин", "Лучиков",
)  # fmt: skip
_MEN = ("Пётр", "Иван", "Артём", "Семён", "Фёдор", "Алексей", "Михаил", "Глеб", "Тимур", "Егор", "Лев", "Павел")
_WOMEN = ("Мария", "Анна", "Алёна", "Ольга", "Вера", "Софья", "Дарья", "Зоя", "Нина", "Ирина", "Ксения", "Полина")
_FATHERS = (
    "Иванов", "Петров", "Алексеев", "Михайлов", "Павлов", "Семёнов", "Фёдоров", "Артёмов", "Егоров", "Глебов",
)  # fmt: skip
_TYPED = ("+7{0}", "8{0}", "{0}", "8 ({1}) {2}-{3}-{4}", "+7 {1} {2}-{3}-{4}", "8-{1}-{2}-{3}-{4}")
_REMARKS = (" мама", " (после 18:00)", ", сестра", " звонить вечером")


@dataclass(frozen=True)
class Name:
    """A full name in its three parts."""

    surname: str
    given: str
    patronymic: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.surname, self.given, self.patronymic) if part)


@dataclass(frozen=True)
class Person:
    """A patient's card as it stands in `Persons` and `Patients`."""

    name: Name
    birthday: date | None
    phone: str | None = None
    mobile: str | None = None
    parent: str | None = None
    card_number: str | None = None
    archived: bool = False
    no_messages: bool = False
    woman: bool = False


class People:
    """Makes up people, each phone number once, in an order that the seed decides."""

    def __init__(self, random: Random, *, first_number: int = FIRST_NUMBER, first_card: int = 1001) -> None:
        self._random = random
        self._number, self._card = first_number, first_card

    @property
    def next_number(self) -> int:
        """The number that the next phone takes."""
        return self._number

    def number(self) -> int:
        """A phone number that nobody had before."""
        while self._number == _CANARY_NUMBER:
            self._number += 1
        self._number += 1
        return self._number - 1

    def typed(self, number: int) -> str:
        """A phone as somebody types it, now and then with a remark."""
        digits = str(number)
        text = self._random.choice(_TYPED).format(digits, digits[:3], digits[3:6], digits[6:8], digits[8:])
        return text + (self._random.choice(_REMARKS) if self._random.random() < 0.08 else "")

    def adult(self, today: date, *, surname: str | None = None, number: int | None = None) -> Person:
        """A grown-up with a phone of his own, a shared one, or none."""
        woman = self._random.random() < 0.55
        name = self._name(surname or self._random.choice(_SURNAMES), woman)
        phone, mobile = self._phones(number)
        return Person(
            name,
            birthday=self._birthday(today, 19, 80) if self._random.random() < 0.9 else None,
            phone=phone,
            mobile=mobile,
            card_number=self._card_number(),
            no_messages=self._random.random() < 0.04,
            woman=woman,
        )

    def child(self, today: date, parent: Person, number: int) -> Person:
        """A child on the parent's phone, with the parent as representative; the typed phone says whose it is."""
        woman = self._random.random() < 0.5
        surname = next(s for s in _SURNAMES if parent.name.surname in (s, _hers(s)))
        return Person(
            self._name(surname, woman),
            birthday=self._birthday(today, 3, 17),
            mobile=f"8 ({str(number)[:3]}) {str(number)[3:6]}-{str(number)[6:8]}-{str(number)[8:]} мама",
            parent=str(parent.name),
            card_number=self._card_number(),
            woman=woman,
        )

    def family(self, today: date) -> list[Person]:
        """Two to four people on one phone: grown-ups, and children who name one of them."""
        number, surname = self.number(), self._random.choice(_SURNAMES)
        first = self.adult(today, surname=surname, number=number)
        others = [self.child(today, first, number) for _ in range(self._random.randint(1, 2))]
        if self._random.random() < 0.4:
            others.append(self.adult(today, surname=surname, number=number))
        return list({str(person.name): person for person in (first, *others)}.values())

    def child_alone(self, today: date) -> Person:
        """A child whose parent is no patient."""
        number = self.number()
        return self.child(today, self.adult(today, number=number), number)

    def canary(self) -> Person:
        """The patient whose name and number may appear in no log."""
        name = Name(CANARY_SURNAME, "Кеша", "Клеткович")
        return Person(name, date(1988, 8, 8), mobile=CANARY_PHONE, card_number=self._card_number())

    def renamed(self, name: Name) -> Name:
        """The same person after a wedding."""
        others = [s for s in _SURNAMES if name.surname not in (s, _hers(s))]
        return Name(_hers(self._random.choice(others)), name.given, name.patronymic)

    def _name(self, surname: str, woman: bool) -> Name:
        father = self._random.choice(_FATHERS)
        if woman:
            return Name(_hers(surname), self._random.choice(_WOMEN), father + "на")
        return Name(surname, self._random.choice(_MEN), father + "ич")

    def _phones(self, number: int | None) -> tuple[str | None, str | None]:
        if number is not None:
            return None, self.typed(number)
        chance = self._random.random()
        if chance < 0.03:
            return None, None
        if chance < 0.09:
            return self.typed(self.number()), None
        if chance < 0.16:
            return self.typed(self.number()), self.typed(self.number())
        if chance < 0.20:
            return None, f"{self.typed(self.number())}, {self.typed(self.number())}"
        return None, self.typed(self.number())

    def _birthday(self, today: date, youngest: int, oldest: int) -> date:
        return today - timedelta(days=self._random.randint(youngest * 366, oldest * 365))

    def _card_number(self) -> str | None:
        self._card += 1
        if self._random.random() < 0.1:
            return self._random.choice(("", None))
        return str(self._card)


def is_made_up(surname: str | None) -> bool:
    """Whether it is one of the surnames that patients get here."""
    return any(surname in (known, _hers(known)) for known in _SURNAMES)


def _hers(surname: str) -> str:
    return surname + "а"
