"""Every table and column that the agent can do without is taken from a running clinic in turn, and given back: the agent goes on, exactly
what stood on it is off and named, the hub holds the rest, and what comes back is sent again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.mis.feeds import FEEDS
from agent.mis.port import Mis
from agent.mis.reading import Clinic as Clinics
from agent.mis.sqlite import open_sqlite
from agent.scan import Pace
from tests.agent.mis.clinic import NOW
from tests.agent.mis.golden import every_column
from tests.agent.mis.test_probe import REQUIRED
from tests.agent.scan.world import FIELDS, MOSCOW, World, world
from wire.capabilities import missed_of
from wire.model import entity

EXPECTED = {
    place: frozenset(feeds.split())
    for line in (Path(__file__).parent / "remove_one.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
    for place, _, feeds in [line.partition(":")]
}
"""What is off without each; nothing where another column says the same."""
NAMED = every_column()
OPTIONAL = sorted(
    [table for table in NAMED if table not in REQUIRED]
    + [f"{t}.{c}" for t, of in NAMED.items() for c in of if t not in REQUIRED or f"{t}.{c}" not in REQUIRED]
)


def furnish(here: World) -> None:
    """Somebody of whom everything is known."""
    clinic = here.clinic
    for table in ("InfoSources", "AppointmentSources", "ReceptionCancelReasons"):
        clinic.put(table, 1, Name="Название")
    clinic.put("CRMJobTypes", 6, Name="Профосмотр")
    clinic.put("OwnCompanies", 1, Name="ООО", BranchName="На Ленина")
    clinic.put("Armchairs", 1, ID_OwnCompanies=1)
    clinic.put("Persons", 7, Surname="Врачев")
    clinic.put("Staffs", 7, Archive=False)
    clinic.patient(1001, CardNumber="7", ParentSNP="Канарейкина", ID_Staffs=7, ID_InfoSources=1, SMSRejection=False)
    clinic.put("Persons", 1001, Birthday=NOW.date(), Phone="+7 999 000 12 34")
    marks = dict.fromkeys(("CheckIssued", "DateTimeNotified"), NOW)
    for key, cancelled in ((1, None), (2, NOW)):
        clinic.visit(
            key, 1001, key, ID_Staffs=7, ID_Armchairs=1, ID_AppointmentSources=1, ID_StaffsReceptionAdded=7,
            ReceptionCanceled=cancelled, ID_ReceptionCancelReasons=cancelled and 1, ID_ReceptionsTransferFrom=cancelled and 1,
            ID_StaffsReceptionCanceled=cancelled and 7, Comment="слова", **marks,
        )  # fmt: skip
    clinic.put("ServiceItemPrices", 9, Price=Decimal(500))
    clinic.put(
        "Orders", 1, ID_Receptions=1, ID_Patients=1001, IsBillFormed=True, DateTimeBillFormed=NOW, ID_OwnCompanies=1
    )
    clinic.put(
        "OrderServiceRelation", 1, ID_Orders=1, ID_ServicePrices=9, CountService=2, ID_TreatmentPlanElementRelations=1
    )
    figures = {"Amount": 1000, "AmountWithDiscount": 900, "InsuranceAmount": 0, "Debt": 100}
    money: dict[str, Any] = {name: Decimal(amount) for name, amount in figures.items()}
    clinic.put("OrderPaymentsJournal", 1, IsBillFormed=True, DateTimeBill=NOW, **money)
    clinic.put("PaymentsIn", 1, ID_Patients=1001, Payment=Decimal(850))
    clinic.put("ScheduledReceptions", 1, ID_Patients=1001, ID_CRMJobTypes=6, ID_OwnCompanies=1)
    clinic.put("DelayAppointments", 1, ID_ScheduledReceptions=1, DateTimeDelay=NOW)
    clinic.put("TreatmentPlans", 1, ID_Patients=1001, IsActive=True)
    clinic.put("TreatmentPlanElementRelations", 1, ID_TreatmentPlans=1, ID_ServicePrices=9, DiscountSum=Decimal())
    clinic.pass_time(3600)


@asynccontextmanager
async def running() -> AsyncIterator[World]:
    async with world(pace=Pace(0, 1, verify_every_seconds=1e9)) as here:
        here.fields = (*FIELDS[1:], "visit.comment")
        await here.restart()
        furnish(here)
        await here.load()
        yield here


async def settle(here: World, steps: int) -> None:
    """A minute passes, and the agent does what it finds to do."""
    here.machine_time += 61
    await here.step(steps)
    await here.deliver()


async def is_as_told(here: World, off: frozenset[str]) -> None:
    """The agent works, says what is off, and the hub holds all the rest, and nothing that it could not read."""
    stand = here.standing.now
    assert (stand.mis, stand.hint) == ("ok", None)
    assert {name for name, there in stand.capabilities.items() if not there} == off
    assert len(stand.off) == len(missed_of(stand.capabilities))
    for (kind, _), value in here.hub.values.items():
        assert entity(kind, value) is not None  # type: ignore[arg-type]


async def looked_up(mis: Mis) -> int:
    """A card opens beside; how much it tells."""
    clinic = Clinics(mis, mis, await mis.columns(), MOSCOW, FIELDS)
    money = await clinic.money([1, 2], [1001])
    told = [*await clinic.patients([1001]), *await clinic.visits([1, 2], money)]
    told += (await clinic.balances([1001], money)).values()
    told += [each for of in (await clinic.checkups([1001]) or {}).values() for each in of]
    return sum(len(each.model_fields_set) for each in told)


def test_each_optional_table_and_column_has_a_line_and_no_other() -> None:
    assert sorted(EXPECTED) == OPTIONAL
    assert {feed for of in EXPECTED.values() for feed in of} == {feed.name for feed in FEEDS}


@pytest.mark.parametrize("table", sorted({place.split(".")[0] for place in OPTIONAL}))
async def test_what_goes_is_off_and_what_comes_back_is_told_again(table: str) -> None:
    async with running() as here, open_sqlite(here.clinic.path) as beside:
        whole, told = here.hub.values.copy(), await looked_up(beside)
        for place in OPTIONAL:
            of, _, column = place.partition(".")
            if of != table:
                continue
            here.clinic.hide(table, column or None)
            await settle(here, 3)
            await is_as_told(here, EXPECTED[place])
            assert await looked_up(beside) <= told
            here.clinic.show(table, column or None)
            await settle(here, 11)  # a pass over five kinds, and between its pages a page of the round
            await is_as_told(here, frozenset())
            assert here.hub.values == whole
            assert await looked_up(beside) == told


async def test_what_only_a_pass_reads_is_told_again_within_the_minute_too() -> None:
    async with world(pace=Pace(0, 1, verify_every_seconds=900)) as here:
        here.clinic.patient(1001)
        here.clinic.visit(1, 1001, -400, ID_ReceptionsTransferFrom=7)
        await here.load()
        here.clinic.hide("Receptions", "ID_ReceptionsTransferFrom")
        here.machine_time += 901
        await here.step(15)
        await here.deliver()
        assert "moved_from" not in here.hub.values["visit", "1"]
        here.clinic.show("Receptions", "ID_ReceptionsTransferFrom")
        here.machine_time += 61
        await here.step(12)
        await here.deliver()
        assert here.hub.values["visit", "1"]["moved_from"] == "7"
