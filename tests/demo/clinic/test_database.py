"""How values stand in the file, and what traces a transaction leaves."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.clinic.acts import EVERYBODY, perform
from demo.clinic.database import stepped, stored, time_text
from tests.demo.clinic.little import Little, wall


def raw(clinic: Little, sql: str, *parameters: object) -> object:
    return clinic.database.execute(sql, parameters)[0][0]


def versions(clinic: Little) -> dict[int, int]:
    rows = clinic.database.execute("SELECT ID, RowVersion FROM Receptions")
    return {key: int.from_bytes(version, "big") for key, version in rows}


@given(st.datetimes(wall("-9000 00:00"), wall("9000 00:00")))
def test_times_stand_in_the_steps_of_sql_server(moment: datetime) -> None:
    assert time_text(moment)[-1] in "037"
    assert abs(stepped(moment) - moment) <= timedelta(milliseconds=2)
    assert stepped(stepped(moment)) == stepped(moment)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (wall("09:05"), "2026-11-24 09:05:00.000"),
        (wall("09:05") + timedelta(microseconds=999_000), "2026-11-24 09:05:01.000"),
        (date(2026, 11, 24), "2026-11-24"),
        (True, 1),
        (Decimal("12.3456789012"), 123_456_789_012),
        (Decimal("-0.01"), -100_000_000),
        (None, None),
    ],
)
def test_a_value_is_stored_as_the_agent_reads_it(value: object, text: object) -> None:
    assert stored(value) == text  # type: ignore[arg-type]


def test_the_file_keeps_the_stored_types(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(1, "10:00", IsNotified=True)

    kinds = clinic.database.execute("SELECT typeof(PlanStart), typeof(IsNotified), typeof(RowVersion) FROM Receptions")
    assert kinds == [("text", "integer", "blob")]
    assert raw(clinic, "SELECT typeof(Price) FROM ServiceItemPrices") == "integer"
    assert raw(clinic, "SELECT length(RowVersion) FROM Receptions") == 8
    assert raw(clinic, "PRAGMA journal_mode") == "wal"


def test_each_change_takes_the_next_rowversion_and_the_changed_time(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(1, "10:00")
    clinic.visit(2, "11:00")
    before = versions(clinic)

    clinic.move("08:00", 1, "12:00")

    after = versions(clinic)
    assert after == {1: max(before.values()) + 1, 2: before[2]}
    assert raw(clinic, "SELECT dbts FROM _server") == after[1]
    assert raw(clinic, "SELECT DateTimeChanged FROM Receptions WHERE ID = 1") == "2026-11-24 08:00:00.000"
    assert raw(clinic, "SELECT ID_StaffsChanged FROM Receptions WHERE ID = 1") == 21
    assert raw(clinic, "SELECT now FROM _server") == "2026-11-24 08:00:00.000"


def test_a_cancellation_lies_half_a_second_behind_its_changed_time(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(1, "10:00")

    clinic.do("08:00", "cancel", 1, reason=1, by=None)

    row = clinic.database.row("Receptions", 1)
    assert row["ReceptionCanceled"] - row["DateTimeChanged"] == timedelta(milliseconds=500)
    assert row["ID_StaffsReceptionCanceled"] is row["ID_StaffsChanged"] is None


def test_a_new_row_tells_who_added_it_and_when(clinic: Little) -> None:
    clinic.patient()
    clinic.book("08:00", 5, "10:00")

    row = clinic.database.row("Receptions", 5)
    assert (row["ID_StaffsAdded"], row["ID_StaffsReceptionAdded"]) == (22, 22)
    assert row["DateTimeAdded"] - row["ReceptionAdded"] == timedelta(milliseconds=500)


def test_touching_every_row_changes_rowversions_in_the_order_of_ids_and_nothing_else(clinic: Little) -> None:
    clinic.patient()
    for key in (3, 1, 2):
        clinic.visit(key, "10:00")
    rows, last = list(clinic.database.rows("Receptions")), max(versions(clinic).values())

    perform(clinic.database, "touch", EVERYBODY, wall("11:00"), {})

    after = list(clinic.database.rows("Receptions"))
    assert versions(clinic) == {1: last + 1, 2: last + 2, 3: last + 3}
    assert {row["DateTimeChanged"] for row in after} == {wall("11:00")}
    same = ("RowVersion", "DateTimeChanged")
    assert [{k: v for k, v in row.items() if k not in same} for row in after] == [
        {k: v for k, v in row.items() if k not in same} for row in rows
    ]


def test_a_transaction_that_fails_leaves_nothing(clinic: Little) -> None:
    clinic.patient()
    clinic.visit(1, "10:00")
    before = (versions(clinic), raw(clinic, "SELECT now FROM _server"), raw(clinic, "SELECT COUNT(*) FROM _log"))

    with pytest.raises(KeyError):
        clinic.do(
            "08:00", "transfer", 2, moved_from=1, reason=1
        )  # the former row is cancelled, the new one has no place

    assert before == (
        versions(clinic),
        raw(clinic, "SELECT now FROM _server"),
        raw(clinic, "SELECT COUNT(*) FROM _log"),
    )


def test_a_changed_card_is_seen_by_the_patients_changed_time(clinic: Little) -> None:
    clinic.patient()

    clinic.do("09:00", "phone", phone="8 (999) 000-01-02")

    assert clinic.database.row("Persons", 1001)["MobilePhone"] == "8 (999) 000-01-02"
    assert clinic.database.row("Patients", 1001)["DateTimeChanged"] == wall("09:00")
