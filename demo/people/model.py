"""What people in amoCRM see, and what they may do about it. Values only."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from demo.clinic.leads import NEW

ROBOT = 0
"""The account's own forms, telephony and salesbot."""
THINKING = "Думает, перезвонить"
"""A stage that this clinic has made for itself, between «Новое обращение» and «Записан»."""
SOURCE = "Откуда узнали"
"""A field that this clinic has made for itself."""
SOURCES = ("Яндекс Карты", "ВКонтакте", "Рекомендация", "Сайт", "Мимо проходил")


@dataclass(frozen=True)
class Caller:
    """Somebody who will book in the clinic at a time, and who may turn up here before."""

    patient: int
    at: datetime
    name: str = field(repr=False)
    phones: tuple[str, ...] = field(repr=False)
    new: bool


@dataclass(frozen=True)
class Deal:
    """A deal of the clinic's pipelines. `patient`: the clinic owns it; before, it is a request like any other."""

    id: int
    contact: int | None
    pipeline: str
    stage: str
    created_at: datetime
    name: str = field(default="", repr=False)
    contact_name: str = field(default="", repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    price: int = 0
    patient: bool = False
    source: str | None = None
    visits: tuple[str, ...] = ()
    visit_at: datetime | None = None
    confirmed: bool = False

    @property
    def is_request(self) -> bool:
        """Nobody of the clinic's patients yet, and nobody closed it."""
        return not self.patient and self.stage in (NEW, THINKING)


@dataclass(frozen=True)
class View:
    """All that people can see at a moment."""

    now: datetime
    deals: tuple[Deal, ...]
    phones: frozenset[str] = field(repr=False)
    """Of all contacts."""
    callers: tuple[Caller, ...]


@dataclass(frozen=True)
class NewRequest:
    """A form was filled in, or somebody telephoned."""

    by: int
    name: str = field(repr=False)
    contact: str = field(repr=False)
    phone: str = field(repr=False)


@dataclass(frozen=True)
class Move:
    """To another stage of the same pipeline."""

    by: int
    deal: int
    stage: str


@dataclass(frozen=True)
class Lose:
    """Closed and not realised, with a reason."""

    by: int
    deal: int
    pipeline: str
    reason: str


@dataclass(frozen=True)
class Budget:
    """A typed budget."""

    by: int
    deal: int
    price: int


@dataclass(frozen=True)
class Source:
    """The clinic's own field is filled in."""

    by: int
    deal: int
    value: str


@dataclass(frozen=True)
class Rename:
    """The operator called and learned the name."""

    by: int
    contact: int
    name: str = field(repr=False)


@dataclass(frozen=True)
class Confirm:
    """The patient said on the telephone that the visit stands: a click in the panel."""

    by: int
    deal: int
    visit: str


Deed: TypeAlias = NewRequest | Move | Lose | Budget | Source | Rename | Confirm
