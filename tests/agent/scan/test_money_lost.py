"""Each table and column that money is read from, removed in turn: what it fed is off, and nothing else."""

from decimal import Decimal
from typing import Any

import pytest

from tests.agent.scan.world import World, world

WHOLE = {"debt": "40.00", "advance": "30.00"}
ONLY_DEBT = {"debt": "40.00"}
ONLY_NET = {"net": "-10.00"}


def furnish(here: World) -> None:
    """A bill of 100, of which 60 are paid, and 30 beside it."""
    here.clinic.patient(1001, InitialBalance=Decimal(20))
    here.clinic.visit(1, 1001)
    figures: dict[str, Any] = dict.fromkeys(("Amount", "AmountWithDiscount"), Decimal(100))
    here.clinic.put("Orders", 1, ID_Receptions=1, ID_Patients=1001, IsBillFormed=True)
    journal = {"IsBillFormed": True, "InsuranceAmount": Decimal(), "Debt": Decimal(40), **figures}
    here.clinic.put("OrderPaymentsJournal", 1, **journal)
    here.clinic.put("ServiceItemPrices", 9, Price=Decimal(100))
    here.clinic.put("OrderServiceRelation", 1, ID_Orders=1, ID_ServicePrices=9, CountService=1)
    here.clinic.put("PaymentsIn", 1, ID_Patients=1001, Payment=Decimal(70))


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        ("", WHOLE),
        ("OrderServiceRelation", WHOLE),
        ("ServiceItemPrices", WHOLE),
        ("OrderServiceRelation.ID_Companies", WHOLE),
        ("Orders.ID_Receptions", WHOLE),
        ("OrderPaymentsJournal.IsBillFormed", WHOLE),
        ("PaymentsIn", ONLY_DEBT),
        ("PaymentsIn.ID_Patients", ONLY_DEBT),
        ("PaymentsIn.Payment", ONLY_DEBT),
        ("Patients.InitialBalance", ONLY_DEBT),
        ("OrderPaymentsJournal.AmountWithDiscount", ONLY_DEBT),
        ("OrderPaymentsJournal.InsuranceAmount", ONLY_DEBT),
        ("OrderPaymentsJournal", ONLY_NET),
        ("OrderPaymentsJournal.Debt", ONLY_NET),
        ("Orders.ID_Patients", None),
        ("Orders", None),
    ],
)
async def test_what_is_lost_switches_off_only_what_it_feeds(lost: str, expected: dict[str, str] | None) -> None:
    async with world() as here:
        furnish(here)
        if lost:
            here.clinic.drop(*lost.split("."))
        await here.load()
        await here.check()

        told = here.hub.values.get(("balance", "1001"))
        assert told == (None if expected is None else {"patient_id": "1001", **expected})
        can = here.standing.now.capabilities
        assert can["balance.debt"] == ("debt" in (expected or {}))
        assert can["balance.advance"] == ("advance" in (expected or {}))
        assert ("visit", "1") in here.hub.values
        assert here.standing.now.mis == "ok"


async def test_what_is_lost_and_found_again_is_told_again_by_itself() -> None:
    """A right that was taken, as when the vendor updates: the balance is told in its lesser form, and whole when the right is back."""
    async with world() as here:
        furnish(here)
        await here.load()
        columns = await here.mis.columns()
        less = {table: of for table, of in columns.items() if table != "PaymentsIn"}
        here.mis.sees = less
        await here.verify()
        assert here.hub.values["balance", "1001"] == {"patient_id": "1001", **ONLY_DEBT}
        here.mis.sees = None
        await here.verify()
        assert here.hub.values["balance", "1001"] == {"patient_id": "1001", **WHOLE}
