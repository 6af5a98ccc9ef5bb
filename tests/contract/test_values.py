"""Cells come as they were written, whatever they hold; nothing can be written; what is lost is told."""
# ruff: noqa: DTZ001 - IDENT's times have no zone

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.mis.port import MisChanged, MisError
from agent.mis.probe import examine
from demo.clinic.assumed import ASSUMED
from tests.agent.mis.clinic import NOW, Clinic
from tests.contract.conftest import Open
from tests.contract.mssql import SqlServer, connect, odbc
from tests.contract.reference import A_TICK

TEXTS = (
    "",
    " ",
    "Ёлка «Мать и дитя» — №5",
    "😀 𝒳",
    "'; DROP TABLE Persons --",
    "x" * 100,
    "line\nline\ttab",
    "%_[a-z]",
)
SUMS = ("0", "0.0000000001", "-0.01", "12345678.9012345678", "-99999999.9999999999", "1000.10")
TIMES = (
    datetime(1753, 1, 1),
    datetime(2025, 1, 2, 3, 4, 5, 3000),
    datetime(2026, 12, 31, 23, 59, 59, 997000),
    datetime(2026, 2, 1, 0, 0, 0, 7000),
)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path / "clinic.db")
    yield clinic
    clinic.close()


async def test_texts_come_as_they_were_written(clinic: Clinic, at: Open) -> None:
    for key, text in enumerate(TEXTS, start=1):
        clinic.visit(key, Comment=text, CancelReasonComment=None)
    with at(clinic.path) as place:
        async with place.open() as mis:
            assert [row["Comment"] for row in await mis.fetch("visits_page", 0)] == list(TEXTS)


async def test_sums_are_exact(clinic: Clinic, at: Open) -> None:
    for key, text in enumerate(SUMS, start=1):
        clinic.put("PaymentsIn", key, ID_Patients=1, Payment=Decimal(text))
    clinic.put("PaymentsIn", len(SUMS) + 1, ID_Patients=1, Payment=None)
    with at(clinic.path) as place:
        async with place.open() as mis:
            paid = [row["Payment"] for row in await mis.fetch("payments_of_patients", (1,))]
    assert sorted((p for p in paid if p is not None), key=Decimal) == sorted(map(Decimal, SUMS))  # type: ignore[arg-type]
    assert paid.count(None) == 1
    assert {type(each) for each in paid} == {Decimal, type(None)}


async def test_times_keep_their_milliseconds_and_dates_their_day(clinic: Clinic, at: Open) -> None:
    for key, moment in enumerate(TIMES, start=1):
        clinic.visit(key, PlanStart=moment, PlanEnd=moment)
    clinic.patient(1001, Birthday=None)
    clinic.put("Persons", 1001, Birthday=date(1930, 2, 28))
    with at(clinic.path) as place:
        async with place.open() as mis:
            assert [row["PlanStart"] for row in await mis.fetch("visits_page", 0)] == list(TIMES)
            assert (await mis.fetch("patients_page", 0))[0]["Birthday"] == date(1930, 2, 28)


@pytest.mark.parametrize("moment", TIMES[1:])
async def test_a_time_as_parameter_is_that_time_but_for_a_tick(clinic: Clinic, at: Open, moment: datetime) -> None:
    clinic.put("Orders", 1, audit=False, ID_Receptions=7, DateTimeChanged=moment)
    with at(clinic.path) as place:
        async with place.open() as mis:
            assert [row["ID"] for row in await mis.fetch("orders_changed", 0, *[moment - A_TICK] * 2)] == [1]
            assert not await mis.fetch("orders_changed", 0, *[moment + A_TICK] * 2)


async def test_rowversions_are_eight_bytes_and_grow(clinic: Clinic, at: Open) -> None:
    for key in (1, 2):
        clinic.visit(key)
    with at(clinic.path) as place:
        async with place.open() as mis:
            before = {row["ID"]: row["RowVersion"] for row in await mis.fetch("visit_versions", 0)}
            server = await mis.server()
            clinic.put("Receptions", 1, Comment="changed")
            after = {row["ID"]: row["RowVersion"] for row in await mis.fetch("visit_versions", 0)}
            moved = await mis.server()
    assert all(isinstance(version, bytes) and len(version) == 8 for version in (*before.values(), *after.values()))
    assert after[2] == before[2]
    assert after[1] > max(before.values())  # type: ignore[operator, type-var]
    assert server.last is not None
    assert moved.last is not None
    assert moved.last > server.last
    assert not moved.open_transaction


@pytest.mark.parametrize(
    "lost", [*ASSUMED, "OrderPaymentsJournal", "Receptions.Comment", "Persons.Phone", "Receptions.RowVersion"]
)
async def test_what_is_lost_under_way_is_left_out(clinic: Clinic, at: Open, lost: str) -> None:
    clinic.patient(1001)
    clinic.visit(7, Comment="x")
    table, _, column = lost.partition(".")
    with at(clinic.path) as place:
        async with place.open() as mis:
            whole = examine(await mis.columns())
            await mis.fetch("visits_page", 0)
            place.database.drop(table, column or None)
            less = examine(await mis.columns())

            (visit,) = await mis.fetch("visits_page", 0)
            (patient,) = await mis.fetch("patients_page", 0)
    assert set(less.off) >= set(whole.off)
    assert less.queries <= whole.queries
    assert visit["ID_Patients"] == patient["ID_Persons"] == 1001
    assert {"Comment", "RowVersion"} - visit.keys() == ({column} if table == "Receptions" else set())


async def test_a_column_that_goes_between_two_looks_is_a_change(clinic: Clinic, at: Open) -> None:
    clinic.visit(7, Comment="x")
    with at(clinic.path) as place:
        async with place.open() as mis:
            await mis.fetch("visits_page", 0)
            place.database.drop("Receptions", "Comment")
            with pytest.raises(MisChanged):
                await mis.fetch("visits_page", 0)


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO dbo.Staffs VALUES (999, 0)",
        "UPDATE dbo.Receptions SET Comment = NULL",
        "DELETE FROM dbo.Persons",
        "DROP TABLE dbo.Persons",
        "CREATE TABLE dbo.Ours (ID int)",
    ],
)
async def test_the_login_that_reads_writes_nothing(
    clinic: Clinic, at: Open, backend: SqlServer | None, text: str
) -> None:
    clinic.patient(1001)
    with at(clinic.path) as place:
        async with place.open() as mis:
            await mis.fetch("patients_page", 0)
            with pytest.raises(_refusals(backend)):
                await _as_reader(mis, backend, text)
            assert len(await mis.fetch("patients_page", 0)) == 1


def _refusals(backend: SqlServer | None) -> Any:
    return MisError if backend is None else odbc().Error


async def _as_reader(mis: Any, backend: SqlServer | None, text: str) -> None:
    """Past our own statements, which hold no such word."""
    if backend is None:
        await mis._mis._run(lambda db: db.execute(text))
    else:
        reader = connect(backend.reader_text())
        try:
            reader.execute(text)
        finally:
            reader.close()


async def test_the_clock_is_a_wall_clock_without_a_zone(clinic: Clinic, at: Open) -> None:
    with at(clinic.path) as place:
        async with place.open() as mis:
            assert (await mis.server()).now == NOW
