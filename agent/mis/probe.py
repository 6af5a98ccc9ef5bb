"""What a clinic's database offers: which statements can be asked, and in plain words what is off and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.mis.book import SHIPPED, Book
from agent.mis.port import Columns, MisChanged
from agent.mis.statements import hint_for, names, readable

_REQUIRED: Columns = {
    "Receptions": frozenset(
        {
            "ID",
            "ID_Patients",
            "PlanStart",
            "PlanEnd",
            "PatientAppeared",
            "ReceptionStarted",
            "ReceptionEnded",
            "ReceptionCanceled",
        }
    ),
    "Patients": frozenset({"ID_Persons"}),
    "Persons": frozenset({"ID", "Surname", "Name", "Patronymic"}),
}


@dataclass(frozen=True)
class Feed:
    """Something of use, in Russian, and the columns that it stands on: `Table.Column`, with `|` where one of several is enough."""

    name: str
    words: str
    needs: tuple[str, ...]


_DEBT = (
    "Orders.ID",
    "Orders.ID_Patients",
    "OrderPaymentsJournal.ID_Orders",
    "OrderPaymentsJournal.Debt",
    "OrderPaymentsJournal.IsBillFormed|Orders.IsBillFormed|Orders.DateTimeBillFormed",
)
_PAID_IN = ("Patients.InitialBalance", "PaymentsIn.ID", "PaymentsIn.ID_Patients", "PaymentsIn.Payment")
_CHECKUP = (
    "ScheduledReceptions.ID",
    "ScheduledReceptions.ID_Patients",
    "ScheduledReceptions.ID_CRMJobTypes",
    "ScheduledReceptions.ID_ReceptionsClose",
    "ScheduledReceptions.ID_DelayAppointmentsClose",
    "ScheduledReceptions.ID_ReceptionCancelReasons",
    "ScheduledReceptions.ID_CrmJobCommunicationCommentsClose",
    "CRMJobTypes.ID",
    "CRMJobTypes.Name",
)
_PLAN = (
    "TreatmentPlans.ID",
    "TreatmentPlans.ID_Patients",
    "TreatmentPlans.IsActive",
    "TreatmentPlanElementRelations.ID",
    "TreatmentPlanElementRelations.ID_TreatmentPlans",
    "TreatmentPlanElementRelations.ID_ServicePrices",
    "TreatmentPlanElementRelations.DiscountSum",
    "ServiceItemPrices.ID",
    "ServiceItemPrices.Price",
)
FEEDS = (
    Feed("visit.versions", "быстрое обнаружение изменений приёмов", ("Receptions.RowVersion",)),
    Feed("visit.practitioner", "врач приёма", ("Receptions.ID_Staffs",)),
    Feed(
        "visit.branch",
        "филиал приёма",
        (
            "Receptions.ID_Armchairs",
            "Armchairs.ID",
            "Armchairs.ID_OwnCompanies",
            "OwnCompanies.ID",
            "OwnCompanies.BranchName|OwnCompanies.Name",
        ),
    ),
    Feed("visit.booked_at", "когда записан", ("Receptions.ReceptionAdded",)),
    Feed("visit.booked_by", "кто записал", ("Receptions.ID_StaffsReceptionAdded",)),
    Feed("visit.billed", "отметка «счёт выдан»", ("Receptions.CheckIssued",)),
    Feed("visit.moved_from", "связь перенесённых приёмов", ("Receptions.ID_ReceptionsTransferFrom",)),
    Feed("visit.notified_at", "отметка «оповещён»", ("Receptions.DateTimeNotified",)),
    Feed("visit.cancelled_by", "кто отменил", ("Receptions.ID_StaffsReceptionCanceled",)),
    Feed(
        "visit.cancel_reason",
        "причина отмены",
        ("Receptions.ID_ReceptionCancelReasons", "ReceptionCancelReasons.ID", "ReceptionCancelReasons.Name"),
    ),
    Feed(
        "visit.source",
        "источник записи",
        ("Receptions.ID_AppointmentSources", "AppointmentSources.ID", "AppointmentSources.Name"),
    ),
    Feed("visit.comment", "комментарий приёма", ("Receptions.Comment",)),
    Feed(
        "sums.planned",
        "сумма «План»",
        (
            "Orders.ID",
            "Orders.ID_Receptions",
            "OrderServiceRelation.ID_Orders",
            "OrderServiceRelation.ID_ServicePrices",
            "OrderServiceRelation.CountService",
            "OrderServiceRelation.DiscountSum",
            "ServiceItemPrices.ID",
            "ServiceItemPrices.Price",
        ),
    ),
    Feed(
        "sums.billed",
        "счета, оплаты и долг",
        (
            "Orders.ID",
            "Orders.ID_Receptions",
            "OrderPaymentsJournal.ID_Orders",
            "OrderPaymentsJournal.Amount",
            "OrderPaymentsJournal.AmountWithDiscount",
            "OrderPaymentsJournal.InsuranceAmount",
            "OrderPaymentsJournal.Debt",
            "OrderPaymentsJournal.IsBillFormed|Orders.IsBillFormed|Orders.DateTimeBillFormed",
        ),
    ),
    Feed("balance.debt", "долг пациента", _DEBT),
    Feed(
        "balance.advance",
        "аванс пациента",
        (*_DEBT, *_PAID_IN, "OrderPaymentsJournal.AmountWithDiscount", "OrderPaymentsJournal.InsuranceAmount"),
    ),
    Feed(
        "balance.net",
        "баланс пациента одной суммой, когда журнала счетов нет",
        (
            *_PAID_IN,
            "Orders.ID",
            "Orders.ID_Patients",
            "Orders.IsBillFormed|Orders.DateTimeBillFormed",
            "OrderServiceRelation.ID_Orders",
            "OrderServiceRelation.ID_ServicePrices",
            "OrderServiceRelation.CountService",
            "OrderServiceRelation.DiscountSum",
            "OrderServiceRelation.ID_Companies",
            "ServiceItemPrices.ID",
            "ServiceItemPrices.Price",
        ),
    ),
    Feed("checkup.closed", "профосмотры", _CHECKUP),
    Feed(
        "checkup.due_on",
        "срок профосмотра; вместо него — полгода после последнего приёма",
        (*_CHECKUP, "DelayAppointments.ID_ScheduledReceptions", "DelayAppointments.DateTimeDelay"),
    ),
    Feed(
        "checkup.branch",
        "филиал профосмотра",
        (
            *_CHECKUP,
            "ScheduledReceptions.ID_OwnCompanies",
            "OwnCompanies.ID",
            "OwnCompanies.BranchName|OwnCompanies.Name",
        ),
    ),
    Feed("plan.agreed", "план лечения", _PLAN),
    Feed(
        "plan.unscheduled",
        "сколько из плана лечения ещё не записано",
        (*_PLAN, "OrderServiceRelation.ID_TreatmentPlanElementRelations"),
    ),
    Feed("patient.mobile_phone", "мобильный телефон пациента", ("Persons.MobilePhone",)),
    Feed("patient.phone", "второй телефон пациента", ("Persons.Phone",)),
    Feed("patient.birth_date", "дата рождения", ("Persons.Birthday",)),
    Feed("patient.card_number", "номер карты", ("Patients.CardNumber",)),
    Feed("patient.representative", "представитель", ("Patients.ParentSNP",)),
    Feed("patient.practitioner", "лечащий врач", ("Patients.ID_Staffs",)),
    Feed("patient.source", "откуда узнал о клинике", ("Patients.ID_InfoSources", "InfoSources.ID", "InfoSources.Name")),
    Feed("patient.do_not_message", "отказ от сообщений", ("Patients.SMSRejection",)),
    Feed("patient.archived", "карта в архиве", ("Patients.ID_ArchivingReasons",)),
    Feed("patient.staff", "пациент — сотрудник", ("Staffs.ID_Persons",)),
)
"""The names are those of the fields that they feed, as `state` reports them."""


@dataclass(frozen=True)
class Offer:
    """What can be had. `off` says in Russian what cannot, and why."""

    capabilities: Mapping[str, bool]
    queries: frozenset[str]
    off: tuple[str, ...]


NOTHING = Offer({}, frozenset(), ())


def examine(columns: Columns, book: Book = SHIPPED) -> Offer:
    """Look at what can be read; raises `MisChanged` where it is not enough for anything."""
    known = {f"{table}.{column}".lower() for table, of in columns.items() for column in of}
    known |= {f"{table}.{column}".lower() for table, column in book.replaced(columns)}
    missing = [f"{table}.{column}" for table, of in _REQUIRED.items() for column in sorted(of)]
    missing = [name for name in missing if name.lower() not in known]
    if not known & {"persons.phone", "persons.mobilephone"}:
        missing.append("Persons.MobilePhone")
    if missing:
        raise MisChanged(hint_for(tuple(missing)), tuple(missing))
    lost = {feed: _lost(feed, known) for feed in FEEDS}
    return Offer(
        capabilities={feed.name: not columns_lost for feed, columns_lost in lost.items()},
        queries=frozenset(name for name in names() if _can_be_asked(book, name, columns)),
        off=tuple(_words(feed, columns_lost) for feed, columns_lost in lost.items() if columns_lost),
    )


def _lost(feed: Feed, known: set[str]) -> tuple[str, ...]:
    return tuple(need for need in feed.needs if not known & set(need.lower().split("|")))


def _words(feed: Feed, lost: tuple[str, ...]) -> str:
    columns = ", ".join(need.replace("|", " или ") for need in lost)
    return f"Выключено: {feed.words}. В базе IDENT не найдено или закрыто для чтения: {columns}."


def _can_be_asked(book: Book, name: str, columns: Columns) -> bool:
    try:
        readable(book.query(name), columns)
    except MisChanged:
        return False
    return True
