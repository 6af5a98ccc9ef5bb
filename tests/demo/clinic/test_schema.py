"""The tables have exactly the columns that are publicly known; the lists are copied from the facts about IDENT, not from the code."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from demo.clinic.assumed import ASSUMED
from demo.clinic.schema import KNOWN, TABLES
from tests.demo.clinic.little import Little

AUDIT = "ID_StaffsAdded, DateTimeAdded, ID_StaffsChanged, DateTimeChanged"
COLUMNS = {
    "Receptions": f"""ID, ID_Patients, ID_StaffsReceptionAdded, ReceptionAdded, Comment, ID_DeliveryNotifications,
        DateTimeNotified, IsNotified, PatientAppeared, ReceptionStarted, ReceptionEnded, CheckIssued, PlanStart, PlanEnd,
        ID_Staffs, ID_Armchairs, NeedHandReminder, ID_ReceptionCancelReasons, CancelReasonComment,
        ID_StaffsReceptionCanceled, ReceptionCanceled, ID_ReceptionsTransferFrom, ID_ExternalProviders,
        ExternalProviderComment, ID_AppointmentSources, ExternalUID, RowVersion, {AUDIT}""",
    "Persons": "ID, Surname, Name, Patronymic, Birthday, Phone, MobilePhone",
    "Patients": """ID_Persons, FirstVisit, MinStatus, InitialBalance, InitialTreatmentSum, ParentSNP, ID_Agents, JobPlace,
        Profession, CardNumber, Comment, AdditionalComment, ID_InfoSources, ID_StaffInfoSources, ID_ArchivingReasons,
        ID_Staffs, ConformToSending, SMSRejection, BillIsNecessary, EGISZRejection, PatientToothInfo, FirstConsultation,
        FirstTreat, ExternalUID, ID_StaffsChanged, DateTimeChanged, PatientNumber, Status, ID_OldProgram""",
    "Staffs": "ID_Persons, Archive",
    "StaffsView": "ID, Surname, Name, Patronymic, Archive",
    "Armchairs": "ID, NameArmchair, ID_OwnCompanies, Archive",
    "OwnCompanies": "ID, Name, BranchName",
    "Orders": f"""ID, DateTimeOrder, ID_OwnCompanies, ID_Receptions, ID_Patients, ID_Staffs, ID_StaffsAssistant,
        DateTimeBillFormed, ID_StaffsGaveDiscount, ID_DiscountGroupMembers, DiscountGroupMemberNumber,
        ID_TherapeuticSanations, ID_ProstheticSanations, ID_OrthodonticSanations, ID_ParodontolalSanations,
        ID_SurgicalSanations, {AUDIT}, DateTimeBill, IsBillFormed, RoundLength, ID_ReceptionsForUnique""",
    "OrderServiceRelation": f"""ID, ID_Orders, ID_TreatmentPlans, ID_TreatmentPlanElementRelations, ID_ServicePrices,
        ID_ServiceCodes, ID_ServiceGroupCodes, CountService, TeethLong, ID_SanationTypes, DiscountSum,
        DeferredDiscountSum, ID_StaffsWarranty, IsWarranty, ID_Companies, CompanyPaymentState, DateTimeCompanyPaid,
        ID_Returns, {AUDIT}""",
    "OrderPaymentsJournal": """ID_Orders, DateTimeBill, ID_Patients, ID_Staffs, ID_StaffsAssistant, IsBillFormed, IsShop,
        ID_StaffsGaveDiscount, ID_DiscountGroupMembers, DiscountGroupMemberNumber, Amount, WarrantyAmount,
        InsuranceAmount, InsuranceRejectedAmount, InsuranceConfirmedAmount, CouponAmount, CouponRejectedAmount,
        CouponConfirmedAmount, AmountWithDiscount, PaymentDeferredDiscount, HasWarranty, HasInsurance, HasCoupon,
        HasNotWarranty, Debt""",
    "PaymentsIn": f"""ID, DateTimePayment, ID_OwnCompanies, ID_Patients, ID_CashDescs, ID_ServiceGroups, ID_Staffs,
        Payment, {AUDIT}, DatePayment""",
    "ServiceItems": "ID, Name, NotAService",
    "ServiceItemPrices": "ID, ID_ServiceItems, ID_ServicePriceGroups, Price, DateTimeFrom, DateTimeTo",
    "ScheduledReceptions": f"""ID, ID_Patients, ID_Receptions, ID_CRMJobTypes, ID_SanationTypes, ID_OwnCompanies,
        ID_ProfessionNames, ID_Staffs, Comment, Length, ID_ReceptionsClose, ID_DelayAppointmentsClose,
        ID_ReceptionCancelReasons, ID_CrmJobCommunicationCommentsClose, {AUDIT}""",
    "TreatmentPlans": f"""ID, ID_StaffsCreated, DateTimeCreated, ID_Patients, Name, ID_Staffs, ActualFrom, DateTimePriceFix,
        UseOrderDiscounts, RoundLength, IsActive, ActualTo, {AUDIT}""",
    "TreatmentPlanStages": "ID, Name, Order, ID_TreatmentPlans",
    "TreatmentPlanElements": f"""ID, ID_TreatmentPlanElementsParent, Name, IsArchive, ID_ServiceTargetTypes, TreatmentStage,
        TreatmentCode, Order, ID_ServiceCategories, Price, {AUDIT}""",
    "TreatmentPlanElementRelations": f"""ID, ID_TreatmentPlans, ID_TreatmentPlanStages, ID_TreatmentPlanElements,
        ID_ServicePrices, ID_ServiceCodes, ID_ServiceGroupCodes, TeethLong, DiscountSum, ID_Companies, {AUDIT}""",
    "CurrentTimeTable": """ID, RowVersion, DateOfWork, ID_Times, ID_Armchairs, ID_Staffs, ID_Receptions, ID_TimeReserves,
        IsWorkingTime, IsHeaderCell""",
    "Times": "ID, TimeStartValue, TimeEndValue",
    "Items": "ID, ID_Staffs, ID_ProfessionNames",
    "ProfessionNames": "ID, NameProfession, ID_Roles, Archive",
    "DeferredOrderDiscounts": """ID, DateTimePayment, ID_Orders, ID_SanationTypes, ID_ReceptionsSanation, ID_OrdersSanation,
        IsCanceled""",
    "ServicePriceGroups": "ID, Name, Archive",
    "ServiceItemContents": "ID, ID_ServiceItems, ID_ServiceFoldersParent, Code, DateTimeFrom, DateTimeTo",
    "ServiceFolders": "ID, Name, ID_ServiceCategories, Archive",
    "ServiceCategories": "ID, Name, Archive",
    "OnlineTickets": """ID, ID_ExternalProviders, ID_OwnCompanies, SourceProviderUid, DateTimeCreated, PhoneSource,
        PhoneOutInt, EmailOut, PatientFullName, SurName, Name, Patronymic, PlanStart, PlanEnd, Comment, FormName, ID_Staffs,
        StaffName, ID_UTMs, ID_UTMReferrers, ID_CommunicationComments, IsTrash, ID_StaffsInserted, DateTimeInserted, RowVersion""",
    "InfoSources": "ID, Name",
    "AppointmentSources": "ID, Name",
    "PaymentsOut": f"""ID, DateTimePayment, ID_OwnCompanies, ID_StaffsCanTakeMoney, IsKontragent, ID_CashDescs,
        ID_PaymentOutReasons, Payment, Comment, {AUDIT}, DatePayment""",
    "Diagnoses": "ID, ID_Parent, RefToMkb, ID_MKB10, Name, Text, Archive",
    "ReceptionCancelReasons": "ID, Name",
    "CRMJobTypes": "ID, Name",
    "DelayAppointments": "ID, ID_ScheduledReceptions, DateTimeDelay",
}
COUNTED = {
    "Receptions": 31,
    "Patients": 29,
    "Orders": 24,
    "OrderServiceRelation": 22,
    "PaymentsIn": 13,
    "ScheduledReceptions": 18,
    "OnlineTickets": 25,
    "PaymentsOut": 14,
}
TYPES = {"int", "bigint", "xml", "bit", "time", "date", "datetime", "rowversion", "decimal(28,10)"}


@pytest.fixture
def file(clinic: Little) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{clinic.path}?mode=ro", uri=True)) as connection:
        yield connection


@pytest.mark.parametrize("table", COLUMNS)
def test_a_table_has_exactly_the_known_columns(file: sqlite3.Connection, table: str) -> None:
    found = [name for _, name, *_ in file.execute(f"PRAGMA table_info({table})")]

    assert found == [name.strip() for name in COLUMNS[table].split(",")]


@pytest.mark.parametrize(("table", "count"), COUNTED.items())
def test_the_lists_here_are_whole(table: str, count: int) -> None:
    assert len(COLUMNS[table].split(",")) == count


def test_there_is_no_other_table_but_ours(file: sqlite3.Connection) -> None:
    names = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}

    assert {name for name in names if not name.startswith("_")} == COLUMNS.keys()


def test_columns_are_declared_with_the_types_of_sql_server(file: sqlite3.Connection) -> None:
    for table in TABLES:
        for _, _, kind, *_ in file.execute(f"PRAGMA table_info({table})"):
            assert kind.lower() in TYPES or kind.startswith("nvarchar("), kind


def test_only_the_primary_keys_are_indexed(file: sqlite3.Connection) -> None:
    assert file.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall() == []
    plan = file.execute("EXPLAIN QUERY PLAN SELECT ID FROM Receptions WHERE ID > 5").fetchone()[3]
    assert "PRIMARY KEY" in plan


def test_what_is_assumed_is_declared(file: sqlite3.Connection) -> None:
    assert ASSUMED.keys() == TABLES.keys() - {table.name for table in KNOWN}
    assert ASSUMED.keys() == {
        *("ReceptionCancelReasons", "CRMJobTypes", "InfoSources", "AppointmentSources", "DelayAppointments"),
        *("PaymentsOut", "Diagnoses"),
    }


def test_the_view_works_where_the_file_is_attached_as_a_schema(clinic: Little) -> None:
    with closing(sqlite3.connect(":memory:", uri=True)) as attached:
        attached.execute("ATTACH ? AS dbo", (f"file:{clinic.path}?mode=ro",))
        found = attached.execute(
            "SELECT ID, Surname, Name, Patronymic, Archive FROM dbo.StaffsView WHERE ID = 31"
        ).fetchone()

    assert found == (31, "Зеркалов", "Захар", "Юрьевич", 0)
