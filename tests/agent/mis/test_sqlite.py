"""The demo clinic's file gives the types that SQL Server gives."""
# ruff: noqa: DTZ001 - IDENT's times have no zone

from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from agent.mis import MisConfig, open_mis
from agent.mis.door import Door
from agent.mis.port import Mis, MisBusy, MisChanged, MisDown
from agent.mis.probe import examine
from tests.agent.mis.clinic import NOW, Clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path / "c 1%.db")
    yield clinic
    clinic.close()


@pytest.fixture
async def mis(clinic: Clinic) -> AsyncIterator[Mis]:
    async with open_mis(MisConfig(timezone="Europe/Moscow", url=f"sqlite:///{clinic.path}"), Door()) as mis:
        yield mis


async def test_cells_have_sql_servers_types(clinic: Clinic, mis: Mis) -> None:
    clinic.patient(1001, Birthday=None, SMSRejection=True, ID_ArchivingReasons=3)
    clinic.put("Persons", 1001, Birthday=date(1980, 3, 9))
    clinic.visit(7, CheckIssued=datetime(2026, 11, 24, 10, 31, 0, 7000))
    clinic.put("Orders", 1, ID_Receptions=7, IsBillFormed=True, ID_ReceptionsForUnique=7)
    clinic.put("OrderPaymentsJournal", 1, Amount=Decimal("1000.0000000001"), Debt=Decimal("-0.5"))

    (visit,) = await mis.fetch("visits_page", 0)
    (patient,) = await mis.fetch("patients_page", 0)
    (order,) = await mis.fetch("orders_of_visits", (7,))
    (newest,) = await mis.fetch("visit_newest")

    assert visit["PlanStart"] == datetime(2026, 11, 24, 10)
    assert visit["CheckIssued"] == datetime(2026, 11, 24, 10, 31, 0, 7000)
    assert visit["RowVersion"] == (2001).to_bytes(8, "big")
    assert (patient["Birthday"], patient["SMSRejection"]) == (date(1980, 3, 9), True)
    assert (order["Amount"], order["Debt"]) == (Decimal("1000.0000000001"), Decimal("-0.5"))
    assert (order["IsBillFormed"], order["AmountWithDiscount"]) == (True, None)
    assert newest == {"Newest": 7}


async def test_the_server_tells_its_clock_and_its_rowversions(clinic: Clinic, mis: Mis) -> None:
    server = await mis.server()
    assert (server.now, server.last, server.bound) == (NOW, (2000).to_bytes(8, "big"), (2001).to_bytes(8, "big"))
    assert not server.open_transaction


async def test_times_as_parameters_are_compared_as_times(clinic: Clinic, mis: Mis) -> None:
    clinic.put("Orders", 1, ID_Receptions=7)
    changed = clinic.now
    assert [row["ID"] for row in await mis.fetch("orders_changed", 0, changed, changed)] == [1]
    assert not await mis.fetch("orders_changed", 0, *[datetime(2026, 11, 24, 9, 0, 1, 3000)] * 2)


async def test_a_page_holds_200_rows_by_key(clinic: Clinic, mis: Mis) -> None:
    for key in range(1, 203):
        clinic.put("Persons", key)
        clinic.put("Patients", key)
    assert [row["ID_Persons"] for row in await mis.fetch("patients_page", 0)] == list(range(1, 201))
    assert [row["ID_Persons"] for row in await mis.fetch("patients_page", 200)] == [201, 202]


async def test_any_number_of_keys_is_asked_for(clinic: Clinic, mis: Mis) -> None:
    for key in range(1, 8):
        clinic.visit(key)
    assert [row["ID"] for row in await mis.fetch("visits_by_key", (2, 5, 99))] == [2, 5]


async def test_tables_of_the_demos_own_are_not_idents(clinic: Clinic, mis: Mis) -> None:
    columns = await mis.columns()
    assert "Surname" in columns["Persons"]
    assert "Surname" in columns["StaffsView"]
    assert not [table for table in columns if table.startswith("_")]
    assert examine(columns).capabilities["sums.billed"]


async def test_a_column_lost_under_way_is_a_change_and_then_left_out(clinic: Clinic, mis: Mis) -> None:
    clinic.visit(7, Comment="x")
    await mis.fetch("visits_page", 0)
    clinic.drop("Receptions", "Comment")
    with pytest.raises(MisChanged):
        await mis.fetch("visits_page", 0)
    await mis.columns()
    assert "Comment" not in (await mis.fetch("visits_page", 0))[0]


async def test_nothing_can_be_written(clinic: Clinic, mis: Mis, tmp_path: Path) -> None:
    await mis.server()
    assert clinic.keys("Receptions") == []
    with pytest.raises(MisDown):
        await mis._run(lambda db: db.execute("DELETE FROM dbo.Receptions"))  # type: ignore[attr-defined]


async def test_a_file_that_is_not_there_may_come(tmp_path: Path) -> None:
    path = tmp_path / "later.db"
    async with open_mis(MisConfig(timezone="Europe/Moscow", url=f"sqlite:///{path}"), Door()) as mis:
        with pytest.raises(MisDown) as raised:
            await mis.server()
        assert raised.value.code == "SQLITE_CANTOPEN"
        assert not path.exists()
        Clinic(path).close()
        assert (await mis.server()).now == NOW


async def test_a_locked_file_is_busy(clinic: Clinic, mis: Mis) -> None:
    clinic._db.execute("PRAGMA journal_mode = DELETE")
    clinic._db.execute("BEGIN EXCLUSIVE")
    mis._wait_seconds = 0.01  # type: ignore[attr-defined]
    with pytest.raises(MisBusy):
        await mis.server()
    clinic._db.execute("ROLLBACK")
    await mis.server()
