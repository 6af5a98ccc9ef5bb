"""Treatment plans of patients: what is planned in stages, what of it is done, and what is billed. Knows the price list, no database.

A service of a plan is done when a line of an order names it; so plans are made last, and write themselves into lines that stand there."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TypeAlias

from demo.clinic.database import SCALE, Database, Row
from demo.clinic.premises import PRICES

Tables: TypeAlias = dict[str, list[Row]]
_FIRST_PLAN, _FIRST_STAGE, _FIRST_RELATION = 3001, 4001, 6001
_STAGES = ("Санация", "Лечение", "Протезирование")
_NAMES = ("План лечения", "Вариант 1", "Вариант 2", "Эстетика", "")
_TEETH = (1 << 4, 1 << 15 | 1 << 16, 1 << 31, 1 << 40, 0)
"""Bits; the last but one is a milk tooth, the last no tooth at all."""
_GROUP = 1
ELEMENTS = (
    (_GROUP, None, "Терапия", False),
    (2, _GROUP, "Лечение", False),
    (3, _GROUP, "Гигиена", False),
    (4, None, "Ортопедия", False),
    (5, 4, "Коронка", False),
    (6, 4, "Бюгельный протез", True),
)
"""(id, parent, name, archived): the clinic's own words for what can be planned."""


def rows(
    random: Random, patient_of: Mapping[int, int | None], lines: Sequence[Row], midnight: datetime
) -> Iterator[tuple[str, list[Row]]]:
    """Plans of some of those who have orders; `lines` are all lines of all orders, `patient_of` tells whose order it is."""
    made: Tables = {
        "TreatmentPlans": [],
        "TreatmentPlanStages": [],
        "TreatmentPlanElements": [_element_row(*element) for element in ELEMENTS],
        "TreatmentPlanElementRelations": [],
    }
    for patient, own in _lines_of(patient_of, lines).items():
        for is_active in _plans(random):
            _plan(made, random, patient, own if is_active else [], midnight, is_active=is_active)
    yield from made.items()


def outlook(database: Database) -> dict[int, tuple[Decimal, Decimal] | None]:
    """Patient -> what his active plans come to, and what of it no order names, as the tables say; None where a price is missing."""
    found = database.execute(
        "SELECT ID_Patients, MAX(unpriced), SUM(cost), SUM(CASE WHEN is_done THEN 0 ELSE cost END) FROM ("
        "SELECT p.ID_Patients, s.ID IS NOT NULL AND price.Price IS NULL AS unpriced, "
        "COALESCE(price.Price - COALESCE(s.DiscountSum, 0), 0) AS cost, "
        "EXISTS (SELECT 1 FROM OrderServiceRelation AS o WHERE o.ID_TreatmentPlanElementRelations = s.ID) AS is_done "
        "FROM TreatmentPlans AS p LEFT JOIN TreatmentPlanElementRelations AS s ON s.ID_TreatmentPlans = p.ID "
        "LEFT JOIN ServiceItemPrices AS price ON price.ID = s.ID_ServicePrices WHERE p.IsActive = 1"
        ") GROUP BY ID_Patients"
    )
    return {
        patient: None if unpriced else (Decimal(whole) / SCALE, Decimal(left) / SCALE)
        for patient, unpriced, whole, left in found
    }


def _lines_of(patient_of: Mapping[int, int | None], lines: Sequence[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for line in lines:
        patient = patient_of[line["ID_Orders"]]
        if patient is not None:
            found.setdefault(patient, []).append(line)
    return found


def _plans(random: Random) -> tuple[bool, ...]:
    """For each of a patient's plans whether it is active: most have none; one that was given up often stands beside the current one."""
    if random.random() > 0.25:
        return ()
    return random.choice(((True,), (True,), (True,), (False, True), (False, False, True), (False,), (True, True)))


def _plan(
    made: Tables, random: Random, patient: int, lines: Sequence[Row], midnight: datetime, *, is_active: bool
) -> None:
    """One plan: services that were done already, by lines that no other plan has, and services that are to come."""
    key, created = _FIRST_PLAN + len(made["TreatmentPlans"]), midnight - timedelta(days=random.randint(5, 400))
    made["TreatmentPlans"].append(_plan_row(random, key, patient, created, is_active=is_active))
    free = [line for line in lines if "ID_TreatmentPlans" not in line]
    done = free[: random.randint(0, len(free))]
    for _ in range(random.randint(1, len(_STAGES))):
        _stage(made, key)
    if random.random() < 0.05:
        return  # nobody has put anything into it yet
    for line in done:
        service = _service(made, random, key, line["ID_ServicePrices"], line["DiscountSum"], created)
        line |= {"ID_TreatmentPlans": key, "ID_TreatmentPlanElementRelations": service}
    for _ in range(random.randint(0 if done else 1, 4)):
        price = None if random.random() < 0.03 else random.choice(PRICES)[0]
        _service(made, random, key, price, Decimal(random.choice((0, 0, 0, 500))), created)


def _stage(made: Tables, plan: int) -> None:
    stages = made["TreatmentPlanStages"]
    order = sum(1 for stage in stages[-len(_STAGES) :] if stage["ID_TreatmentPlans"] == plan)
    key = _FIRST_STAGE + len(stages)
    stages.append({"ID": key, "Name": _STAGES[order], "Order": order + 1, "ID_TreatmentPlans": plan})


def _service(made: Tables, random: Random, plan: int, price: int | None, discount: Decimal, created: datetime) -> int:
    """A service of a plan, in one of its stages or in none; returns its key."""
    relations = made["TreatmentPlanElementRelations"]
    stages = [s["ID"] for s in made["TreatmentPlanStages"][-len(_STAGES) :] if s["ID_TreatmentPlans"] == plan]
    relations.append(
        {
            "ID": _FIRST_RELATION + len(relations),
            "ID_TreatmentPlans": plan,
            "ID_TreatmentPlanStages": random.choice([*stages, None]),
            "ID_TreatmentPlanElements": random.choice(ELEMENTS)[0],
            "ID_ServicePrices": price,
            "TeethLong": random.choice(_TEETH),
            "DiscountSum": discount,
            "DateTimeAdded": created,
            "DateTimeChanged": created,
        }
    )
    return _FIRST_RELATION + len(relations) - 1


def _plan_row(random: Random, key: int, patient: int, created: datetime, *, is_active: bool) -> Row:
    return {
        "ID": key,
        "DateTimeCreated": created,
        "ID_Patients": patient,
        "Name": random.choice(_NAMES),
        "ActualFrom": created,
        "DateTimePriceFix": created if random.random() < 0.5 else None,
        "UseOrderDiscounts": False,
        "RoundLength": 0,
        "IsActive": is_active,
        "ActualTo": None if is_active else created + timedelta(days=4),
        "DateTimeAdded": created,
        "DateTimeChanged": created,
    }


def _element_row(key: int, parent: int | None, name: str, archived: bool) -> Row:
    return {"ID": key, "ID_TreatmentPlanElementsParent": parent, "Name": name, "IsArchive": archived, "Order": key}
