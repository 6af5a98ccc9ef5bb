"""What people in amoCRM do next, from what they see, the business time and a seed. Pure: the same view and seed give the same deeds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from demo.clinic.leads import BOOKED, LOST_AGAIN, NEW
from demo.people.model import (
    ROBOT,
    SOURCES,
    THINKING,
    Budget,
    Caller,
    Confirm,
    Deal,
    Deed,
    Lose,
    Move,
    NewRequest,
    Rename,
    Source,
    View,
)

TICK = timedelta(minutes=3)
"""People look at the board once in so much business time."""
_FORM_NAMES = ("Заявка с сайта", "Новая заявка", "Без имени", "Имя не указано")
_STRANGERS = ("Павлинов Олег", "Совушкина Лидия", "Грачёв Роман", "Галкина Тамара", "Аистов Вадим", "Цаплина Нелли")
_BUDGETS = (3000, 5000, 8000, 15_000, 28_000)
_REASONS = ("Слишком дорого", "Пропала потребность", "Выбрали других")
_FIRST_STRANGER, _STRANGERS_NUMBERS = 9_990_007_000, 3000
_EVERY_STRANGER = timedelta(minutes=50)
_RESTS, _GIVES_UP, _GOES_COLD = timedelta(minutes=12), timedelta(hours=3), timedelta(hours=5)
_CALLS_AHEAD = timedelta(hours=27)
_BUSY = 0.55
"""How often an operator does something at a tick."""


@dataclass(frozen=True)
class Staff:
    """Who works here. `seed` is the demo's."""

    seed: int
    operators: Sequence[int]


def slot_of(now: datetime) -> int:
    """The number of the tick in which a moment lies."""
    return int(now.timestamp() // TICK.total_seconds())


def decide(view: View, staff: Staff) -> list[Deed]:
    """Everything that happens in this tick, no deal twice."""
    random = Random(f"people {staff.seed} {slot_of(view.now)}")
    deeds: list[Deed] = [*_announced(view, staff), *_stranger(view, staff, random)]
    free = [deal for deal in view.deals if view.now - deal.created_at >= _RESTS]
    deeds += _robots(free, random)
    for operator in staff.operators:
        if random.random() < _BUSY:
            taken = {deed.deal for deed in deeds if not isinstance(deed, NewRequest | Rename)}
            ways = [way for deal in free if deal.id not in taken for way in _ways(deal, view, operator, random)]
            deeds += random.choices([deed for deed, _ in ways], [weight for _, weight in ways]) if ways else []
    return deeds


def _announced(view: View, staff: Staff) -> Iterator[NewRequest]:
    """Most of those who will book have written or called before; what they do does not depend on when one looks."""
    for caller in view.callers:
        own = Random(f"caller {staff.seed} {caller.patient} {caller.at.date()}")
        before = timedelta(minutes=own.randint(6, 100))
        comes = own.random() < (0.75 if caller.new else 0.2)
        known = not caller.phones or bool(view.phones & set(caller.phones))
        if comes and not known and caller.at - before <= view.now < caller.at:
            yield _request(caller.name, caller.phones[0], own, staff)


def _stranger(view: View, staff: Staff, random: Random) -> Iterator[NewRequest]:
    """Somebody who never comes."""
    if random.random() < TICK / _EVERY_STRANGER:
        phone = f"+7{_FIRST_STRANGER + slot_of(view.now) % _STRANGERS_NUMBERS}"
        if phone not in view.phones:
            yield _request(random.choice(_STRANGERS), phone, random, staff)


def _request(name: str, phone: str, random: Random, staff: Staff) -> NewRequest:
    """By a form or by telephone; half of them without a usable name."""
    if random.random() < 0.5:
        return NewRequest(ROBOT, "Заявка с сайта", random.choice((*_FORM_NAMES, phone)), phone)
    by = random.choice([ROBOT, *staff.operators])
    return NewRequest(by, "Звонок" if by != ROBOT else "Заявка с сайта", name, phone)


def _robots(free: Sequence[Deal], random: Random) -> Iterator[Move]:
    """A salesbot moves a request that nobody took."""
    waiting = [deal for deal in free if deal.is_request and deal.stage == NEW]
    if waiting and random.random() < 0.12:
        yield Move(ROBOT, waiting[0].id, THINKING)


def _ways(deal: Deal, view: View, by: int, random: Random) -> Iterator[tuple[Deed, int]]:
    """What an operator may do with a deal, with its weight. Of a deal of the clinic's, nothing that the clinic writes."""
    if deal.is_request:
        yield from _with_request(deal, view, by, random)
    elif deal.stage == LOST_AGAIN and view.now - deal.created_at > _GOES_COLD:
        yield Lose(by, deal.id, deal.pipeline, random.choice(_REASONS)), 1
    elif deal.stage == BOOKED:
        if deal.source is None:
            yield Source(by, deal.id, random.choice(SOURCES)), 1
        if _is_to_confirm(deal, view.now):
            yield Confirm(by, deal.id, deal.visits[0]), 4


def _with_request(deal: Deal, view: View, by: int, random: Random) -> Iterator[tuple[Deed, int]]:
    caller = _caller_of(deal, view.callers)
    if deal.stage == NEW:
        yield Move(by, deal.id, THINKING), 6
    if deal.price == 0:
        yield Budget(by, deal.id, random.choice(_BUDGETS)), 3
    if deal.source is None:
        yield Source(by, deal.id, random.choice(SOURCES)), 2
    if caller and deal.contact and _is_nobodys(deal):
        yield Rename(by, deal.contact, caller.name), 3
    if caller is None and view.now - deal.created_at > _GIVES_UP:
        yield Lose(by, deal.id, deal.pipeline, random.choice(_REASONS)), 8


def _is_to_confirm(deal: Deal, now: datetime) -> bool:
    """One visit ahead, today or tomorrow, that nobody has called about."""
    soon = deal.visit_at is not None and now + _RESTS < deal.visit_at < now + _CALLS_AHEAD
    return soon and len(deal.visits) == 1 and not deal.confirmed


def _caller_of(deal: Deal, callers: Sequence[Caller]) -> Caller | None:
    return next((caller for caller in callers if set(caller.phones) & set(deal.phones)), None)


def _is_nobodys(deal: Deal) -> bool:
    return deal.contact_name in _FORM_NAMES or not any(letter.isalpha() for letter in deal.contact_name)
