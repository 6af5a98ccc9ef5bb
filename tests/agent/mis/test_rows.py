# ruff: noqa: DTZ001 - IDENT's times have no zone
"""What IDENT's rows mean, row by row."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.mis import rows
from agent.mis.port import Row
from wire.model import Patient, Visit, known

MOSCOW = ZoneInfo("Europe/Moscow")
OFF = ("visit.comment:off", "visit.services:off")
TEN = datetime(2026, 11, 24, 10)

VISIT: dict[str, Any] = {
    "ID": 81234,
    "RowVersion": b"\0\0\0\0\0\0\7\xd0",
    "ID_Patients": 1001,
    "PlanStart": TEN,
    "PlanEnd": datetime(2026, 11, 24, 10, 30),
    "PatientAppeared": None,
    "ReceptionStarted": None,
    "ReceptionEnded": None,
    "CheckIssued": None,
    "ReceptionCanceled": None,
    "ID_ReceptionCancelReasons": None,
    "ID_StaffsReceptionCanceled": None,
    "ID_StaffsReceptionAdded": 22,
    "ReceptionAdded": datetime(2026, 11, 20, 17, 32, 18, 7000),
    "ID_ReceptionsTransferFrom": None,
    "ID_AppointmentSources": None,
    "DateTimeNotified": None,
    "Comment": "Канарейкин, звонить после шести",
    "ID_Staffs": 37,
    "ID_Armchairs": 3,
    "ID_OwnCompanies": 1,
    "BranchName": "На Ленина",
    "CompanyName": "ООО Зуб",
    "CancelReason": None,
    "SourceName": None,
    "DoctorSurname": "Резцов",
    "DoctorName": "Борис",
    "DoctorPatronymic": None,
    "BookerSurname": "Пломбина",
    "BookerName": "Анна",
    "BookerPatronymic": "Юрьевна",
    "CancellerSurname": None,
    "CancellerName": None,
    "CancellerPatronymic": None,
}
PATIENT: dict[str, Any] = {
    "ID_Persons": 1001,
    "CardNumber": " 30001 ",
    "ParentSNP": None,
    "ID_Staffs": None,
    "ID_InfoSources": 4,
    "SMSRejection": False,
    "ID_ArchivingReasons": None,
    "Surname": "Канарейкин",
    "Name": "Пётр",
    "Patronymic": "",
    "Birthday": date(1980, 3, 9),
    "Phone": "8 (999) 000-12-34, мама 9990000102",
    "MobilePhone": "+7 999 000-01-03",
    "DoctorSurname": None,
    "DoctorName": None,
    "DoctorPatronymic": None,
    "SourceName": "Сайт",
    "StaffID": None,
    "StaffArchive": None,
}


def visit(
    *, orders: Sequence[Row] | None = (), lines: Sequence[Row] | None = (), fields: Sequence[str] = OFF, **cells: Any
) -> Visit:
    told = rows.visit({**VISIT, **cells}, orders, lines, MOSCOW, fields)
    assert told.entity is not None
    return told.entity


def without(row: dict[str, Any], *columns: str) -> dict[str, Any]:
    return {name: cell for name, cell in row.items() if name not in columns}


def patient(**cells: Any) -> Patient:
    told = rows.patient({**PATIENT, **cells})
    assert told.entity is not None
    return told.entity


def test_a_booked_visit_is_told_whole() -> None:
    assert visit().dump() == {
        "id": "81234",
        "patient_id": "1001",
        "status": "booked",
        "billed": False,
        "start": "2026-11-24T10:00:00+03:00",
        "end": "2026-11-24T10:30:00+03:00",
        "practitioner": {"id": "37", "name": "Резцов Борис"},
        "branch": {"id": "1", "name": "На Ленина"},
        "booked_by": {"id": "22", "name": "Пломбина Анна Юрьевна"},
        "booked_at": "2026-11-20T17:32:18.007000+03:00",
        "source": None,
        "moved_from": None,
        "arrived_at": None,
        "started_at": None,
        "ended_at": None,
        "billed_at": None,
        "cancelled_at": None,
        "cancelled_by": None,
        "cancel_reason": None,
        "notified_at": None,
        "sums": {
            "planned": "0.00",
            "gross": "0.00",
            "billed": "0.00",
            "discount": "0.00",
            "debt": "0.00",
            "paid": "0.00",
            "insurance": "0.00",
        },
    }


@pytest.mark.parametrize(
    ("marks", "status", "billed"),
    [
        ((), "booked", False),
        (("PatientAppeared",), "arrived", False),
        (("PatientAppeared", "ReceptionStarted"), "started", False),
        (("ReceptionStarted",), "started", False),
        (("PatientAppeared", "ReceptionStarted", "ReceptionEnded"), "fulfilled", False),
        (("ReceptionEnded", "CheckIssued"), "fulfilled", True),
        (("CheckIssued",), "fulfilled", True),
        (("CheckIssued", "ReceptionCanceled"), "cancelled", True),
        (("ReceptionCanceled",), "cancelled", False),
        (("PatientAppeared", "ID_ReceptionCancelReasons"), "cancelled", False),
    ],
)
def test_the_status_follows_the_marks_in_their_order(marks: tuple[str, ...], status: str, billed: bool) -> None:
    cells: dict[str, Any] = {mark: 5 if mark.startswith("ID_") else TEN for mark in marks}
    told = visit(**cells)
    assert (told.status, told.billed) == (status, billed)


def test_a_lost_mark_leaves_what_it_says_unknown() -> None:
    told = rows.visit(without({**VISIT, "ReceptionEnded": TEN}, "CheckIssued"), (), (), MOSCOW, OFF).entity
    assert told is not None
    assert told.status == "fulfilled"
    assert not known(told, "billed")
    assert not known(told, "billed_at")


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        (("ID_Staffs",), {"practitioner"}),
        (("ReceptionAdded",), {"booked_at"}),
        (("ID_StaffsReceptionAdded",), {"booked_by"}),
        (("ID_StaffsReceptionCanceled",), {"cancelled_by"}),
        (("ID_ReceptionCancelReasons",), {"cancel_reason"}),
        (("ID_AppointmentSources",), {"source"}),
        (("ID_ReceptionsTransferFrom",), {"moved_from"}),
        (("DateTimeNotified",), {"notified_at"}),
        (("ID_OwnCompanies",), {"branch"}),
    ],
)
def test_a_lost_column_takes_only_its_field(columns: tuple[str, ...], fields: set[str]) -> None:
    whole, less = (rows.visit(row, (), (), MOSCOW, OFF).entity for row in (VISIT, without(VISIT, *columns)))
    assert whole is not None
    assert less is not None
    assert whole.model_fields_set - less.model_fields_set == fields


def test_names_that_cannot_be_read_leave_the_id() -> None:
    row = without(VISIT, "DoctorSurname", "DoctorName", "DoctorPatronymic", "BranchName", "CompanyName")
    told = rows.visit(row, (), (), MOSCOW, OFF).entity
    assert told is not None
    assert told.dump()["practitioner"] == {"id": "37"}
    assert told.dump()["branch"] == {"id": "1"}


def test_a_cancellation_says_when_by_whom_and_why() -> None:
    told = visit(
        ReceptionCanceled=TEN,
        ID_ReceptionCancelReasons=5,
        CancelReason="Заболел",
        ID_StaffsReceptionCanceled=22,
        CancellerSurname="Пломбина",
    )
    dumped = told.dump()
    assert dumped["cancelled_at"] == "2026-11-24T10:00:00+03:00"
    assert dumped["cancel_reason"] == {"id": "5", "name": "Заболел"}
    assert dumped["cancelled_by"] == {"id": "22", "name": "Пломбина"}


def test_a_move_names_the_visit_before() -> None:
    assert visit(ID_ReceptionsTransferFrom=81000).moved_from == "81000"


def test_comments_leave_only_where_the_config_says_so() -> None:
    assert not known(visit(), "comment")
    assert visit(fields=("visit.comment", "visit.services:off")).comment == "Канарейкин, звонить после шести"


@pytest.mark.parametrize(
    ("names", "told"), [((None, "ООО Зуб"), "ООО Зуб"), ((" ", None), None), (("Сад", "ООО Зуб"), "Сад")]
)
def test_a_branch_is_named_by_its_own_name_first(names: tuple[str | None, str | None], told: str | None) -> None:
    branch = visit(BranchName=names[0], CompanyName=names[1]).branch
    assert branch is not None
    assert branch.name == told


ORDER: dict[str, Any] = {
    "ID": 1,
    "ID_OwnCompanies": 2,
    "BranchName": "Сад",
    "CompanyName": None,
    "IsBillFormed": True,
    "JournalID": 1,
    "JournalIsBillFormed": True,
    "Amount": Decimal("1000"),
    "AmountWithDiscount": Decimal("900"),
    "InsuranceAmount": Decimal(),
    "Debt": Decimal("900"),
}


def test_without_a_chair_the_branch_is_the_orders() -> None:
    assert visit(ID_OwnCompanies=None, orders=[ORDER]).dump()["branch"] == {"id": "2", "name": "Сад"}
    assert visit(ID_OwnCompanies=None, orders=[]).dump()["branch"] is None
    assert not known(visit(ID_OwnCompanies=None, orders=None), "branch")


def test_a_bill_stands_with_its_visit() -> None:
    sums = visit(orders=[ORDER]).dump()["sums"]
    assert (sums["billed"], sums["debt"], sums["paid"]) == ("900.00", "900.00", "0.00")


def test_sums_are_unknown_where_orders_cannot_be_read() -> None:
    assert not known(visit(orders=None, lines=None), "sums")


def test_a_negative_bill_leaves_the_sums_unknown_and_is_counted() -> None:
    told = rows.visit(VISIT, [{**ORDER, "AmountWithDiscount": Decimal(-1)}], (), MOSCOW, OFF)
    assert told.entity is not None
    assert not known(told.entity, "sums")
    assert told.skipped == ("negative_bill",)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"PlanEnd": datetime(2026, 11, 24, 9, 59)}, "ends_before_start"),
        ({"PlanStart": None}, "no_time"),
        ({"PlanEnd": datetime(1900, 1, 1)}, "no_time"),
    ],
)
def test_a_visit_without_a_sensible_time_is_counted_and_not_told(cells: dict[str, Any], reason: str) -> None:
    told = rows.visit({**VISIT, **cells}, (), (), MOSCOW, OFF)
    assert (told.entity, told.skipped) == (None, (reason,))


def test_sums_beyond_all_measure_skip_the_row_and_not_the_stream() -> None:
    told = rows.visit(VISIT, [{**ORDER, "Amount": Decimal(10) ** 17}], (), MOSCOW, OFF)
    assert told.entity is None
    assert told.skipped == ("invalid_sums.discount", "invalid_sums.gross")


def test_a_visit_without_a_patient_is_told() -> None:
    assert visit(ID_Patients=None).dump()["patient_id"] is None


def test_a_patient_is_told_whole() -> None:
    assert patient().dump() == {
        "id": "1001",
        "name": "Канарейкин Пётр",
        "birth_date": "1980-03-09",
        "phones": ["+79990000103", "+79990001234", "+79990000102"],
        "card_number": "30001",
        "representative": None,
        "practitioner": None,
        "source": {"id": "4", "name": "Сайт"},
        "do_not_message": False,
        "archived": False,
        "staff": False,
    }


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        (("Birthday",), {"birth_date"}),
        (("CardNumber",), {"card_number"}),
        (("ParentSNP",), {"representative"}),
        (("ID_Staffs",), {"practitioner"}),
        (("ID_InfoSources",), {"source"}),
        (("SMSRejection",), {"do_not_message"}),
        (("ID_ArchivingReasons",), {"archived"}),
        (("StaffID",), {"staff"}),
        (("Phone",), set()),
        (("Phone", "MobilePhone"), {"phones"}),
    ],
)
def test_a_lost_column_takes_only_its_field_of_a_patient(columns: tuple[str, ...], fields: set[str]) -> None:
    less = rows.patient(without(PATIENT, *columns)).entity
    assert less is not None
    assert patient().model_fields_set - less.model_fields_set == fields


def test_one_number_in_both_columns_is_one_phone() -> None:
    assert patient(Phone="8 999 000-12-34", MobilePhone="+79990001234").phones == ("+79990001234",)


def test_a_patient_with_neither_name_nor_phone_is_counted_and_told() -> None:
    told = rows.patient(
        {**PATIENT, "Surname": " ", "Name": None, "Patronymic": None, "Phone": "нет", "MobilePhone": None}
    )
    assert told.entity is not None
    assert (told.entity.name, told.entity.phones, told.skipped) == (None, (), ("nameless",))


@pytest.mark.parametrize(("archived", "staff"), [(None, False), (False, True), (True, False)])
def test_staff_are_those_who_still_work_here(archived: bool | None, staff: bool) -> None:
    assert patient(StaffID=None if archived is None else 1001, StaffArchive=archived).staff is staff


def test_a_birthday_that_is_none_is_unknown_and_counted() -> None:
    told = rows.patient({**PATIENT, "Birthday": "март"})
    assert told.entity is not None
    assert not known(told.entity, "birth_date")
    assert told.skipped == ("no_birth_date",)


def test_refusals_and_archives_are_marks() -> None:
    told = patient(SMSRejection=True, ID_ArchivingReasons=2)
    assert (told.do_not_message, told.archived) == (True, True)
    assert patient(SMSRejection=None).do_not_message is None


def test_nothing_personal_stands_in_a_representation() -> None:
    assert "Канарейкин" not in repr(visit(fields=("visit.comment",))) + repr(patient())
