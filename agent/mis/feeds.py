"""What the agent can tell, and on which tables and columns of IDENT's each of it stands. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Feed:
    """Something of use (`wire.capabilities` has words for it), and the columns that it stands on: `Table.Column`, with `|` where one of
    several is enough."""

    name: str
    needs: tuple[str, ...]


def _times(table: str) -> tuple[str, ...]:
    """By what a row betrays that it changed."""
    return f"{table}.ID", f"{table}.DateTimeAdded", f"{table}.DateTimeChanged"


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
    Feed("database.known", ("Receptions.ReceptionAdded",)),
    Feed("visit.versions", ("Receptions.RowVersion",)),
    Feed("visit.practitioner", ("Receptions.ID_Staffs",)),
    Feed(
        "visit.branch",
        (
            "Receptions.ID_Armchairs",
            "Armchairs.ID",
            "Armchairs.ID_OwnCompanies",
            "OwnCompanies.ID",
            "OwnCompanies.BranchName|OwnCompanies.Name",
        ),
    ),
    Feed("visit.booked_at", ("Receptions.ReceptionAdded",)),
    Feed("visit.booked_by", ("Receptions.ID_StaffsReceptionAdded",)),
    Feed("visit.billed", ("Receptions.CheckIssued",)),
    Feed("visit.moved_from", ("Receptions.ID_ReceptionsTransferFrom",)),
    Feed("visit.notified_at", ("Receptions.DateTimeNotified",)),
    Feed("visit.cancelled_by", ("Receptions.ID_StaffsReceptionCanceled",)),
    Feed(
        "visit.cancel_reason",
        ("Receptions.ID_ReceptionCancelReasons", "ReceptionCancelReasons.ID", "ReceptionCancelReasons.Name"),
    ),
    Feed(
        "visit.source",
        ("Receptions.ID_AppointmentSources", "AppointmentSources.ID", "AppointmentSources.Name"),
    ),
    Feed("visit.comment", ("Receptions.Comment",)),
    Feed(
        "sums.planned",
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
    Feed("balance.debt", _DEBT),
    Feed(
        "balance.advance",
        (*_DEBT, *_PAID_IN, "OrderPaymentsJournal.AmountWithDiscount", "OrderPaymentsJournal.InsuranceAmount"),
    ),
    Feed(
        "balance.net",
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
            "OrderServiceRelation.ID_Returns",
            "OrderServiceRelation.IsWarranty",
            "OrderServiceRelation.DeferredDiscountSum",
            "ServiceItemPrices.ID",
            "ServiceItemPrices.Price",
        ),
    ),
    Feed("checkup.closed", _CHECKUP),
    Feed(
        "checkup.due_on",
        (*_CHECKUP, "DelayAppointments.ID_ScheduledReceptions", "DelayAppointments.DateTimeDelay"),
    ),
    Feed(
        "checkup.branch",
        (
            *_CHECKUP,
            "ScheduledReceptions.ID_OwnCompanies",
            "OwnCompanies.ID",
            "OwnCompanies.BranchName|OwnCompanies.Name",
        ),
    ),
    Feed("plan.agreed", _PLAN),
    Feed(
        "plan.unscheduled",
        (*_PLAN, "OrderServiceRelation.ID_TreatmentPlanElementRelations"),
    ),
    Feed("patient.mobile_phone", ("Persons.MobilePhone",)),
    Feed("patient.phone", ("Persons.Phone",)),
    Feed("patient.birth_date", ("Persons.Birthday",)),
    Feed("patient.card_number", ("Patients.CardNumber",)),
    Feed("patient.representative", ("Patients.ParentSNP",)),
    Feed("patient.practitioner", ("Patients.ID_Staffs",)),
    Feed("patient.source", ("Patients.ID_InfoSources", "InfoSources.ID", "InfoSources.Name")),
    Feed("patient.do_not_message", ("Patients.SMSRejection",)),
    Feed("patient.archived", ("Patients.ID_ArchivingReasons",)),
    Feed("patient.staff", ("Staffs.ID_Persons",)),
    Feed("patient.changes", ("Patients.DateTimeChanged",)),
    Feed(
        "sums.changes",
        (
            *_times("Orders"),
            *_times("OrderServiceRelation"),
            *_times("PaymentsIn"),
            "Orders.ID_Receptions",
            "OrderServiceRelation.ID_Orders",
            "PaymentsIn.ID_Patients",
        ),
    ),
    Feed("checkup.changes", (*_CHECKUP, *_times("ScheduledReceptions"))),
    Feed("plan.changes", (*_PLAN, *_times("TreatmentPlans"), *_times("TreatmentPlanElementRelations"))),
)
"""The names are those of the fields that they feed, as `state` reports them."""
