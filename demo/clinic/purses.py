"""What each patient owes and has paid ahead, from the clinic's tables alone: kopecks, summed by SQLite. Looks at no agent."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from demo.clinic.database import SCALE, Database

_PURSES = """
WITH issued AS (
    SELECT o.ID_Patients AS patient, j.AmountWithDiscount AS net, j.InsuranceAmount AS insured, j.Debt AS debt
    FROM Orders AS o LEFT JOIN OrderPaymentsJournal AS j ON j.ID_Orders = o.ID WHERE o.IsBillFormed = 1
),
owed AS (
    SELECT patient, SUM(net - insured) AS owed, SUM(MAX(debt, 0)) AS debt, MIN(COALESCE(net >= 0, 0)) AS sane
    FROM issued GROUP BY patient
),
paid AS (SELECT ID_Patients AS patient, SUM(Payment) AS paid FROM PaymentsIn GROUP BY ID_Patients)
SELECT p.ID_Persons, COALESCE(owed.sane, 1), COALESCE(owed.debt, 0),
    COALESCE(p.InitialBalance, 0) + COALESCE(paid.paid, 0) - COALESCE(owed.owed, 0)
FROM Patients AS p LEFT JOIN owed ON owed.patient = p.ID_Persons LEFT JOIN paid ON paid.patient = p.ID_Persons
"""


@dataclass(frozen=True)
class Purse:
    """None: the clinic's own figures make no sense."""

    debt: Decimal | None
    advance: Decimal | None


def purses(database: Database) -> Mapping[int, Purse]:
    """Of every patient. A bill that the journal does not show, or a negative one, makes no sense."""
    found: dict[int, Purse] = {}
    for patient, sane, debt, net in database.execute(_PURSES):
        owes, left = _roubles(debt), _roubles(max(net + debt, 0))
        found[patient] = Purse(owes, left) if sane else Purse(None, None)
    return found


def _roubles(scaled: int) -> Decimal:
    return Decimal(scaled) / SCALE
