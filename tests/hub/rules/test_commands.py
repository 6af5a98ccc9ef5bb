"""The least that makes it so."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from hub.rules.commands import changed, filled, patch_contact, patch_deal, same
from hub.rules.fields import ContactField, DealField, FieldValue
from hub.rules.model import Contact, DesiredContact, DesiredDeal, PatchContact, PatchDeal, Stage
from tests.hub.rules.made import deal

HERE, THERE = Stage(101, 1001), Stage(101, 1002)
MOMENT = datetime(2026, 11, 24, 11, 30, 15, 500, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (None, "", True),
        (None, 0, True),
        (None, Decimal("0.00"), True),
        (None, False, True),
        (5, Decimal("5.00"), True),
        (5, Decimal("5.01"), False),
        (MOMENT, MOMENT.replace(microsecond=0).astimezone(timezone(timedelta(hours=3))), True),
        (MOMENT, MOMENT + timedelta(seconds=1), False),
        ("db_1:1\ndb_1:2", "db_1:1\r\ndb_1:2 ", True),
        ("Иванова", "Иванов", False),
        (True, False, False),
    ],
)
def test_values_compare_as_the_crm_keeps_them(one: FieldValue, other: FieldValue, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


def test_only_what_differs_is_written() -> None:
    there: dict[DealField, FieldValue] = {
        DealField.PATIENT: "Петров",
        DealField.MOVES: 1,
        DealField.BRANCH: "На Ленина",
    }
    wanted: dict[DealField, FieldValue] = {
        DealField.PATIENT: "Петров",
        DealField.MOVES: 2,
        DealField.BRANCH: None,
        DealField.DEBT: Decimal(0),
    }

    assert changed(there, wanted) == {DealField.MOVES: 2, DealField.BRANCH: None}
    assert filled(wanted) == {DealField.PATIENT: "Петров", DealField.MOVES: 2}


@pytest.mark.parametrize(
    ("wanted", "patch"),
    [
        (DesiredDeal(None, None, {}), None),
        (DesiredDeal(HERE, 500, {DealField.MOVES: 1}, name="Петров"), None),
        (DesiredDeal(THERE, 500, {}), PatchDeal(501, stage=THERE)),
        (DesiredDeal(None, 0, {}), PatchDeal(501, price=0)),
        (DesiredDeal(None, None, {}, name="Сидоров"), PatchDeal(501, name="Сидоров")),
        (DesiredDeal(None, None, {DealField.MOVES: 2}), PatchDeal(501, fields={DealField.MOVES: 2})),
    ],
)
def test_a_deal_that_stands_so_is_not_written(wanted: DesiredDeal, patch: PatchDeal | None) -> None:
    there = deal(HERE, price=500, name="Петров", fields={DealField.MOVES: 1})

    assert patch_deal(there, wanted) == patch


@pytest.mark.parametrize(
    ("wanted", "patch"),
    [
        (DesiredContact(), None),
        (DesiredContact("Петров", ("8 999 000-01-01",), {ContactField.VISITS_COUNT: 1}), None),
        (DesiredContact(phones=()), PatchContact(7, phones=())),
        (DesiredContact("Сидоров"), PatchContact(7, name="Сидоров")),
    ],
)
def test_a_contact_that_stands_so_is_not_written(wanted: DesiredContact, patch: PatchContact | None) -> None:
    there = Contact(7, "Петров", ("+79990000101",), ("8 999 000-01-01",), (), {ContactField.VISITS_COUNT: 1})

    assert patch_contact(there, wanted) == patch
