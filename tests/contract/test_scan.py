"""What is done in the clinic arrives at the hub, whatever the server: also beside a transaction that stays open, and after it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from agent.scan import decide
from demo.clinic.database import Database
from tests.agent.mis.clinic import NOW
from tests.agent.scan import world as world_module
from tests.agent.scan.world import LiveOnly, World
from tests.contract.conftest import Begin, Open
from tests.contract.places import Place, Transaction

SOON = {"PlanStart": NOW + timedelta(days=2), "PlanEnd": NOW + timedelta(days=2, minutes=30), "ID_Patients": 1001}


either = pytest.mark.parametrize("there", [False, True], ids=["plain", "indexed"], indirect=True)
"""With an index on rowversions, and without."""


class There(World):
    """A world whose scan reads the clinic where the test wants it read. After the first load only hints betray what changes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, LiveOnly)
        self.place: Place | None = None

    async def start(self) -> None:
        assert self.place is not None
        with patch.object(world_module, "open_sqlite", self.place.open):
            await super().start()

    async def arrives(self) -> None:
        """A step finds it."""
        await self.step()
        await self.deliver()
        await self.check()

    def held(self, visit: int) -> dict[str, Any]:
        return self.hub.values["visit", str(visit)]


@pytest.fixture
async def there(
    request: pytest.FixtureRequest, tmp_path: Path, at: Open, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[There]:
    """Three patients and four visits, known to the hub. With a parameter, an index finds visits by their rowversions."""
    monkeypatch.setattr(decide, "HINTED_ROWS", 10_000)
    there = There(tmp_path)
    for key in (1001, 1002, 1003):
        there.clinic.patient(key)
    for key, (patient, day) in enumerate([(1001, -400), (1001, 0), (1002, 0.1), (None, 30)], start=1):
        there.clinic.visit(key, patient, day)
    there.clinic.pass_time(3600)
    if getattr(request, "param", False):
        with Database(there.clinic.path) as database:
            database.execute("CREATE INDEX IX_Receptions_RowVersion ON Receptions (RowVersion)")
    with at(there.clinic.path) as place:
        there.place = place
        await there.start()
        await there.load()
        yield there
        await there.stop()
    there.clinic.close()


@pytest.fixture
def begin(there: There) -> Begin:
    """Somebody at the clinic begins a transaction."""
    assert there.place is not None
    return there.place.begin


async def test_the_first_load_brings_everything(there: There) -> None:
    await there.check()
    assert {kind for kind, _ in there.hub.values} == {"patient", "visit"}


async def test_a_booking_a_move_a_mark_and_a_cancellation_arrive(there: There) -> None:
    clinic = there.clinic
    clinic.visit(5, 1003, 3)
    await there.arrives()
    assert there.held(5)["status"] == "booked"
    clinic.put("Receptions", 5, PlanStart=NOW + timedelta(days=4), PlanEnd=NOW + timedelta(days=4, minutes=30))
    await there.arrives()
    clinic.put("Receptions", 2, PatientAppeared=NOW)
    await there.arrives()
    assert there.held(2)["status"] == "arrived"
    clinic.put("Receptions", 3, ReceptionCanceled=NOW, ID_StaffsReceptionCanceled=None)
    await there.arrives()
    assert there.held(3)["status"] == "cancelled"
    clinic.put("Receptions", 3, ReceptionCanceled=None)
    await there.arrives()
    assert there.held(3)["status"] == "booked"


async def test_a_bill_and_a_payment_arrive(there: There) -> None:
    figures: dict[str, Any] = {
        "Amount": Decimal("99.90"),
        "AmountWithDiscount": Decimal("90.00"),
        "InsuranceAmount": Decimal(),
    }
    there.clinic.put("Orders", 7, ID_Receptions=2, ID_Patients=1001, IsBillFormed=True, DateTimeBillFormed=NOW)
    there.clinic.put("OrderPaymentsJournal", 7, ID_Patients=1001, IsBillFormed=True, Debt=Decimal("90.00"), **figures)
    await there.arrives()
    assert there.held(2)["sums"]["debt"] == "90.00"
    there.clinic.put("OrderPaymentsJournal", 7, Debt=Decimal("0.10"))
    there.clinic.put("PaymentsIn", 1, ID_Patients=1001, Payment=Decimal("89.90"))
    await there.arrives()
    assert there.held(2)["sums"]["debt"] == "0.10"


async def test_a_changed_card_arrives(there: There) -> None:
    there.clinic.patient(1002, "Воробушкин")
    await there.arrives()
    assert there.hub.values["patient", "1002"]["name"] == "Воробушкин Пётр"


@either
async def test_a_bulk_update_tells_nothing_new(there: There) -> None:
    before = list(there.hub.told)
    there.clinic.touch_all()
    await there.arrives()
    assert there.hub.told == before


async def test_a_key_that_is_given_out_again_is_another_visit(there: There) -> None:
    there.clinic.delete("Receptions", 2)
    there.clinic.visit(2, 1003, 1)
    await there.arrives()
    assert there.held(2)["patient_id"] == "1003"


@either
@pytest.mark.parametrize("other", [3, 9])
async def test_what_is_committed_beside_an_open_transaction_appears_meanwhile(
    there: There, other: int, begin: Begin
) -> None:
    """Whether the open one adds a row behind all others or holds one among them."""
    transaction = begin()
    transaction.put("Receptions", other, **SOON)
    there.clinic.put("Receptions", 2, PatientAppeared=NOW)

    await there.step()
    await there.deliver()

    assert there.held(2)["status"] == "arrived"
    transaction.roll_back()
    await there.arrives()


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("Persons", 1003),
        ("Orders", 50),
        ("PaymentsIn", 50),
        ("Patients", 1002),
        ("Patients", 2000),
    ],
)
async def test_whoever_holds_another_table_does_not_hide_visits(
    there: There, table: str, key: int, begin: Begin
) -> None:
    transaction = begin()
    cells: dict[str, Any] = {"Name": "Анна"} if table == "Persons" else {"DateTimeChanged": NOW}
    transaction.put(table, key, **cells)
    there.clinic.put("Receptions", 2, PatientAppeared=NOW)

    await there.step(3)
    await there.deliver()

    assert there.held(2)["status"] == "arrived"
    transaction.roll_back()


async def test_whoever_holds_an_order_hides_the_sums_of_no_other_visit(there: There, begin: Begin) -> None:
    """Asked by keys a statement comes by no other row; one that looked through the table would wait for it."""
    there.clinic.put("Orders", 7, ID_Receptions=2, ID_Patients=1001, IsBillFormed=True)
    await there.arrives()
    transaction = begin()
    transaction.put("Orders", 50, ID_Receptions=1, IsBillFormed=True)
    there.clinic.put("OrderServiceRelation", 3, ID_Orders=7, ID_ServicePrices=4, CountService=2)
    there.clinic.put("ServiceItemPrices", 4, Price=Decimal(35))
    there.clinic.put("Receptions", 2, PatientAppeared=NOW)

    await there.step()
    await there.deliver()

    assert there.held(2)["status"] == "arrived"
    assert there.held(2)["sums"]["planned"] == "70.00"
    transaction.roll_back()
    await there.arrives()


@either
async def test_a_late_commit_appears_though_its_number_is_old(there: There, begin: Begin) -> None:
    transaction = begin()
    transaction.put("Receptions", 9, **SOON)
    there.clinic.put("Receptions", 2, PatientAppeared=NOW)
    await there.step(2)
    assert ("visit", "9") not in there.hub.values

    transaction.commit()
    await there.arrives()

    assert there.held(9)["patient_id"] == "1001"


@either
async def test_what_is_rolled_back_never_was(there: There, begin: Begin) -> None:
    transaction = begin()
    transaction.put("Receptions", 9, **SOON)
    transaction.put("Receptions", 2, PatientAppeared=NOW)
    await there.step()

    transaction.roll_back()
    await there.arrives()

    assert there.held(2)["status"] == "booked"
    assert ("visit", "9") not in there.hub.values


async def test_while_a_row_is_held_nothing_is_called_read_that_was_not(there: There, begin: Begin) -> None:
    await there.arrives()
    through = (await there.outbox.times())[0]
    transaction = begin()
    transaction.put("Receptions", 2, PatientAppeared=NOW)
    there.clinic.pass_time(30)
    await there.step(3)
    assert (await there.outbox.times())[0] == through

    transaction.commit()
    await there.arrives()

    assert there.held(2)["status"] == "arrived"
    assert (await there.outbox.times())[0] != through


@either
@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_open_meanwhile_everything_is_told_in_the_end(there: There, begin: Begin, seed: int) -> None:
    """Edits beside transactions that stay open, commit late and out of order, or never happened."""
    random, opened = Random(seed), dict[Transaction, set[int]]()  # noqa: S311 a history, no secret
    for _ in range(80):
        key, held = random.randint(1, 14), set[int]().union(*opened.values())
        match random.choice(("edit", "edit", "open", "write", "write", "commit", "roll back", "step", "step")):
            case "edit" if key not in held:
                there.clinic.put("Receptions", key, **visit(random))
            case "open" if len(opened) < 3:
                opened[begin()] = set()
            case "write" if opened:
                transaction = random.choice(list(opened))
                if key not in held - opened[transaction]:
                    transaction.put("Receptions", key, **visit(random))
                    opened[transaction].add(key)
            case "commit" | "roll back" as end if opened:
                transaction = random.choice(list(opened))
                del opened[transaction]
                transaction.commit() if end == "commit" else transaction.roll_back()
            case "step":
                await there.step()
                await there.deliver()
    for transaction in opened:
        transaction.commit()

    await there.step()
    await there.arrives()


def visit(random: Random) -> dict[str, Any]:
    """What somebody writes."""
    start = NOW + timedelta(hours=random.randint(-50, 500))
    came = start if random.random() < 0.3 else None
    patient = random.choice((1001, 1002, 1003))
    return {
        "ID_Patients": patient,
        "PlanStart": start,
        "PlanEnd": start + timedelta(minutes=30),
        "PatientAppeared": came,
    }
