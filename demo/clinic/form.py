"""How large a made-up clinic is, and what its database lacks or has more than others. Knows no database."""

from dataclasses import dataclass
from typing import Any

from demo.clinic.premises import chairs

MANY = 1000
"""Visits of a day that keeps everybody busy."""


@dataclass(frozen=True)
class Form:
    """How large a clinic is and what its database lacks. `visits` is how many the day shall concern, `patients` how many cards there are
    (None: as many as such days bring), `receptions` how many visits there are at least. `without` names tables and `Table.Column`s that
    this IDENT has not; `indexed` is the variant that has indexes on RowVersion and on changed-times."""

    visits: int = MANY
    patients: int | None = None
    receptions: int = 0
    without: tuple[str, ...] = ()
    indexed: bool = False
    first_number: int | None = None
    """The first phone number, where another clinic's people must not have the same ones."""

    @classmethod
    def of(cls, patients: int | None, receptions: int, visits: int | None = None, **more: Any) -> "Form":
        """A clinic of that size; whatever is not said follows from what is: eight visits make a patient, and a day concerns nearly
        everybody as long as that is no more than a thousand."""
        if patients is None and receptions:
            patients = max(50, receptions // 8)
        if visits is None:
            visits = MANY if patients is None else min(MANY, 1 + patients * 100 // 92)
        return cls(visits, patients, receptions, **more)

    @property
    def cards(self) -> int:
        """How many patients there are, but for the one who works here."""
        return self.visits * 92 // 100 if self.patients is None else self.patients - 1

    @property
    def past_days(self) -> int:
        """How far back visits go: as far as they need to leave half of all chairs free."""
        a_day = len(chairs(self.visits)) * 12
        return max(700, self.receptions // a_day)
