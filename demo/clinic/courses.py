"""What each treatment plan comes to, and what of it is done, from the clinic's tables alone: summed by SQLite. Looks at no agent."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from demo.clinic.database import Database
from demo.clinic.values import SCALE

_COURSES = """
SELECT t.ID, t.ID_Patients, t.IsActive, COALESCE(MIN(s.cost >= 0 AND s.cost IS NOT NULL), 1), COALESCE(SUM(s.cost), 0),
    COALESCE(SUM(CASE WHEN s.is_done THEN s.cost END), 0)
FROM TreatmentPlans AS t LEFT JOIN (
    SELECT r.ID_TreatmentPlans AS of, p.Price - COALESCE(r.DiscountSum, 0) AS cost,
        EXISTS (SELECT 1 FROM OrderServiceRelation AS l WHERE l.ID_TreatmentPlanElementRelations = r.ID) AS is_done
    FROM TreatmentPlanElementRelations AS r LEFT JOIN ServiceItemPrices AS p ON p.ID = r.ID_ServicePrices
) AS s ON s.of = t.ID
WHERE t.ID_Patients IS NOT NULL GROUP BY t.ID
"""


@dataclass(frozen=True)
class Course:
    """One plan; None where a price is not known."""

    patient: int
    active: bool
    agreed: Decimal | None
    done: Decimal | None


def courses(database: Database) -> Mapping[int, Course]:
    """Every plan by its key."""
    found: dict[int, Course] = {}
    for key, patient, active, is_known, agreed, done in database.execute(_COURSES):
        sums = (Decimal(agreed) / SCALE, Decimal(done) / SCALE) if is_known else (None, None)
        found[key] = Course(patient, bool(active), *sums)
    return found
