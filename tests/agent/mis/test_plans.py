"""What a treatment plan comes to, and what of it stands in no order."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.mis.plans import plan, plans
from agent.mis.probe import examine
from tests.agent.mis.test_statements import less

ROW: dict[str, Any] = {"ID": 9, "ID_Patients": 7, "IsActive": True}
WHO = {"id": "9", "patient_id": "7", "active": True}


def service(key: int, price: str | None, discount: str | None = None, **cells: Any) -> dict[str, Any]:
    sums = {"Price": price and Decimal(price), "DiscountSum": None if discount is None else Decimal(discount)}
    return {"ID": key, "ID_TreatmentPlans": 9, **sums, **cells}


def told(*services: dict[str, Any], done: Collection[int] | None = (), **cells: Any) -> dict[str, Any]:
    """The sums, and what is not known, as `no_...`."""
    found = plan({**ROW, **cells}, services, done)
    assert found.entity is not None
    sums = {name: value for name, value in found.entity.dump().items() if name not in WHO}
    return {**sums, **dict.fromkeys(found.skipped, "")}


def sums(agreed: str, done: str, unscheduled: str) -> dict[str, str]:
    return {"agreed": agreed, "done": done, "unscheduled": unscheduled}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (told(), sums("0.00", "0.00", "0.00")),
        (told(service(1, "60000")), sums("60000.00", "0.00", "60000.00")),
        (told(service(1, "12500"), service(2, "47500"), done=[1]), sums("60000.00", "12500.00", "47500.00")),
        (told(service(1, "100"), done=[1]), sums("100.00", "100.00", "0.00")),
        (told(service(1, "100", "0.5"), service(2, "100")), sums("199.50", "0.00", "199.50")),
        (told(service(1, "100", "100")), sums("0.00", "0.00", "0.00")),
        (told(service(1, "0.0050000000"), service(2, "0.005")), sums("0.02", "0.00", "0.02")),
        (told(service(1, "5"), done=[1, 2, 3]), sums("5.00", "5.00", "0.00")),
        (told(service(1, "5"), service(2, "6"), done=None), {"agreed": "11.00"}),
        (told(service(1, None), service(2, "6"), done=[2]), {"done": "6.00", "no_agreed": "", "no_unscheduled": ""}),
        (told(service(1, "5", "6"), done=[1]), {"unscheduled": "0.00", "no_agreed": "", "no_done": ""}),
        (told(service(1, "5", TeethLong=1 << 15 | 1 << 16)), sums("5.00", "0.00", "5.00")),
    ],
)
def test_a_plan_is_what_its_services_cost_and_open_is_what_no_order_names(
    found: dict[str, Any], expected: dict[str, str]
) -> None:
    assert found == expected


def test_a_plan_that_was_given_up_is_told_as_such() -> None:
    for mark in (False, None):
        found = plan({**ROW, "IsActive": mark}, [], [])
        assert found.entity is not None
        assert found.entity.active is False


def test_a_plan_of_nobody_is_counted() -> None:
    assert plan({**ROW, "ID_Patients": None}, [], []).skipped == ("no_patient",)


def test_each_plan_has_its_own_services() -> None:
    both = [service(1, "5"), {**service(2, "7"), "ID_TreatmentPlans": 10}]
    done = [{"ID_TreatmentPlanElementRelations": 2}, {"ID_TreatmentPlanElementRelations": 2}]
    found = [each.entity for each in plans([ROW, {**ROW, "ID": 10}], both, done)]
    assert [(one.id, one.agreed, one.done) for one in found if one] == [
        ("9", Decimal("5.00"), Decimal("0.00")),
        ("10", Decimal("7.00"), Decimal("7.00")),
    ]


def test_services_that_cannot_be_read_leave_the_sums_unknown() -> None:
    (found,) = plans([ROW], None, None)
    assert found.entity is not None
    assert found.entity.dump() == WHO


prices = st.decimals(0, 10**5, places=10)


@given(st.lists(st.tuples(prices, st.booleans()), max_size=8), st.randoms())
def test_done_and_open_are_the_whole_plan_to_the_kopeck(services: list[tuple[Decimal, bool]], random: Any) -> None:
    rows = [service(key, str(price)) for key, (price, _) in enumerate(services)]
    done = [key for key, (_, is_done) in enumerate(services) if is_done]
    figures = {name: Decimal(text) for name, text in told(*rows, done=done).items()}
    random.shuffle(rows)

    assert figures["done"] + figures["unscheduled"] == figures["agreed"]
    assert told(*rows, done=done) == {name: f"{figure:.2f}" for name, figure in figures.items()}


BOTH = {"plan.agreed", "plan.unscheduled", "plan.changes"}


@pytest.mark.parametrize(
    ("lost", "off"),
    [
        ("TreatmentPlans", BOTH),
        ("TreatmentPlans.ID_Patients", BOTH),
        ("TreatmentPlans.IsActive", BOTH),
        ("TreatmentPlanElementRelations", BOTH),
        ("TreatmentPlanElementRelations.DiscountSum", BOTH),
        ("TreatmentPlanElementRelations.ID_ServicePrices", BOTH),
        ("OrderServiceRelation.ID_TreatmentPlanElementRelations", {"plan.unscheduled"}),
        ("OrderServiceRelation.ID_TreatmentPlans", set()),
        ("TreatmentPlans.DateTimeChanged", {"plan.changes"}),
    ],
)
def test_what_is_lost_switches_off_only_what_it_feeds(lost: str, off: set[str]) -> None:
    offer = examine(less(lost))
    assert {name for name, there in offer.capabilities.items() if not there} == off
    assert any("план лечения" in words for words in offer.off) == ("plan.agreed" in off)
    assert ("done_of_services" in offer.queries) == (lost != "OrderServiceRelation.ID_TreatmentPlanElementRelations")
