"""What a card tells beside visits: money as it stands now, the check-ups that are due, and active plans."""
# ruff: noqa: DTZ001 - IDENT's times have no zone

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.agent.lookup.desk import Desk
from tests.agent.mis.clinic import Clinic


def furnish(clinic: Clinic) -> None:
    """One who owes 40 of a sale at the desk and has 30 left, and one who has nothing."""
    clinic.patient(1001)
    clinic.patient(1002)
    clinic.put("Orders", 1, ID_Patients=1001, IsBillFormed=True)
    figures: dict[str, Any] = {"AmountWithDiscount": Decimal(100), "InsuranceAmount": Decimal(), "Debt": Decimal(40)}
    clinic.put("OrderPaymentsJournal", 1, IsBillFormed=True, **figures)
    clinic.put("PaymentsIn", 1, ID_Patients=1001, Payment=Decimal(90))
    clinic.put("CRMJobTypes", 6, Name="Профосмотр")
    for key, close in ((8, 1), (9, None)):
        clinic.put("ScheduledReceptions", key, ID_Patients=1001, ID_CRMJobTypes=6, ID_ReceptionsClose=close)
        clinic.put("DelayAppointments", key, ID_ScheduledReceptions=key, DateTimeDelay=datetime(2027, 1, key))
    clinic.put("ServiceItemPrices", 9, Price=Decimal(500))
    for key, active in ((3, True), (4, False)):
        clinic.put("TreatmentPlans", key, ID_Patients=1001, IsActive=active)
        clinic.put("TreatmentPlanElementRelations", key, ID_TreatmentPlans=key, ID_ServicePrices=9)


async def told(here: Desk, patient: int) -> dict[str, Any]:
    (found,) = (await here.card(ids=[patient])).patients
    return {name: value for name, value in found.dump().items() if name in ("balance", "checkups", "plans")}


async def test_money_checkups_and_plans_are_those_of_this_moment(here: Desk, clinic: Clinic) -> None:
    """Also before the clinic was read once: nothing of it comes from what the agent remembers."""
    furnish(clinic)
    due = {"id": "9", "patient_id": "1001", "due_on": "2027-01-09", "closed": False, "branch": None}

    open_plan = {"id": "3", "patient_id": "1001", "active": True, "agreed": "500.00"}
    open_plan |= {"done": "0.00", "unscheduled": "500.00"}

    first = await told(here, 1001)
    clinic.put("PaymentsIn", 2, ID_Patients=1001, Payment=Decimal(5), audit=False)
    second = await told(here, 1001)

    balance = {"patient_id": "1001", "debt": "40.00", "advance": "30.00"}
    assert first == {"balance": balance, "checkups": [due], "plans": [open_plan]}
    assert second["balance"]["advance"] == "35.00"
    nothing = {"patient_id": "1002", "debt": "0.00", "advance": "0.00"}
    assert await told(here, 1002) == {"balance": nothing, "checkups": [], "plans": []}


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        (("OrderPaymentsJournal",), {"balance": {"patient_id": "1001", "net": "90.00"}, "checkups": 1, "plans": 1}),
        (("PaymentsIn",), {"balance": {"patient_id": "1001", "debt": "40.00"}, "checkups": 1, "plans": 1}),
        (("Orders",), {"checkups": 1, "plans": 1}),
        (
            ("ScheduledReceptions",),
            {"balance": {"patient_id": "1001", "debt": "40.00", "advance": "30.00"}, "plans": 1},
        ),
        (("TreatmentPlans",), {"balance": {"patient_id": "1001", "debt": "40.00", "advance": "30.00"}, "checkups": 1}),
    ],
)
async def test_what_cannot_be_read_is_absent_and_the_rest_is_told(
    here: Desk, clinic: Clinic, lost: tuple[str], expected: dict[str, Any]
) -> None:
    furnish(clinic)
    clinic.drop(*lost)
    found = await told(here, 1001)
    assert {name: len(value) if name != "balance" else value for name, value in found.items()} == expected


async def test_a_card_asks_a_few_statements_for_everybody_on_the_phone(here: Desk, clinic: Clinic) -> None:
    furnish(clinic)
    clinic.put("Persons", 1002, MobilePhone="+7 999 000 1001")
    await here.load()
    here.cards.asked.clear()
    assert len((await here.card("+79990001001")).patients) == 2
    for query in (
        "accounts_by_key",
        "payments_of_patients/keys",
        "checkups_of_patients/keys",
        "delays_of_checkups/keys",
        "services_of_plans/keys",
    ):
        assert here.cards.asked.count(query) == 1
