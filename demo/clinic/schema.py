"""IDENT's tables as data, with exactly the columns that are publicly known and SQL Server's types; lengths are ours. Knows no database.

Nobody named the keys of `Items` and `ServiceItemContents`: that they are `ID` is IDENT's own rule for all but the roles of persons. Of
`OwnPhones`, `ConvertedPhones`, `AdChannelPhones` and the histories no column is known, so they are not here."""

from dataclasses import dataclass

from demo.clinic.assumed import ASSUMED


@dataclass(frozen=True)
class Column:
    """One column; `type` in SQL Server's words."""

    name: str
    type: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One table and its primary key, which is its only index."""

    name: str
    key: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of its columns."""
        return tuple(column.name for column in self.columns)

    def has(self, column: str) -> bool:
        """Whether there is such a column."""
        return any(known.name == column for known in self.columns)


def quoted(name: str) -> str:
    """A name as an identifier, in T-SQL and in SQLite: some of IDENT's are words of the language (`Order`)."""
    return f"[{name}]"


@dataclass(frozen=True)
class View:
    """A view; its text is the same in T-SQL and in SQLite."""

    name: str
    text: str


def _table(name: str, text: str) -> Table:
    """From `name type` pairs, `!` for NOT NULL; the first column is the key."""
    columns = tuple(_column(line) for line in text.split(",") if line.strip())
    return Table(name, columns[0].name, columns)


def _column(text: str) -> Column:
    name, kind = text.split()
    known = kind.rstrip("!").replace("money", "decimal(28;10)").replace(";", ",")
    return Column(name, known, kind.endswith("!"))


_AUDIT = "ID_StaffsAdded int, DateTimeAdded datetime, ID_StaffsChanged int, DateTimeChanged datetime"

PERSONS = _table(
    "Persons",
    """ID int!, Surname nvarchar(100), Name nvarchar(100), Patronymic nvarchar(100), Birthday date, Phone nvarchar(200),
    MobilePhone nvarchar(200)""",
)
PATIENTS = _table(
    "Patients",
    """ID_Persons int!, FirstVisit date, MinStatus int, InitialBalance money, InitialTreatmentSum money, ParentSNP nvarchar(300),
    ID_Agents int, JobPlace nvarchar(200), Profession nvarchar(200), CardNumber nvarchar(50), Comment nvarchar(4000),
    AdditionalComment nvarchar(4000), ID_InfoSources int, ID_StaffInfoSources int, ID_ArchivingReasons int, ID_Staffs int,
    ConformToSending bit, SMSRejection bit, BillIsNecessary bit, EGISZRejection bit, PatientToothInfo nvarchar(4000),
    FirstConsultation datetime, FirstTreat datetime, ExternalUID nvarchar(100), ID_StaffsChanged int, DateTimeChanged datetime,
    PatientNumber int, Status int, ID_OldProgram int""",
)
STAFFS = _table("Staffs", "ID_Persons int!, Archive bit!")
ARMCHAIRS = _table("Armchairs", "ID int!, NameArmchair nvarchar(100), ID_OwnCompanies int, Archive bit!")
OWN_COMPANIES = _table("OwnCompanies", "ID int!, Name nvarchar(200), BranchName nvarchar(200)")
RECEPTIONS = _table(
    "Receptions",
    f"""ID int!, ID_Patients int, ID_StaffsReceptionAdded int, ReceptionAdded datetime, Comment nvarchar(4000),
    ID_DeliveryNotifications int, DateTimeNotified datetime, IsNotified bit, PatientAppeared datetime, ReceptionStarted datetime,
    ReceptionEnded datetime, CheckIssued datetime, PlanStart datetime!, PlanEnd datetime!, ID_Staffs int, ID_Armchairs int,
    NeedHandReminder bit, ID_ReceptionCancelReasons int, CancelReasonComment nvarchar(4000), ID_StaffsReceptionCanceled int,
    ReceptionCanceled datetime, ID_ReceptionsTransferFrom int, ID_ExternalProviders int, ExternalProviderComment nvarchar(4000),
    ID_AppointmentSources int, ExternalUID nvarchar(100), RowVersion rowversion!, {_AUDIT}""",
)
ORDERS = _table(
    "Orders",
    f"""ID int!, DateTimeOrder datetime, ID_OwnCompanies int, ID_Receptions int, ID_Patients int, ID_Staffs int,
    ID_StaffsAssistant int, DateTimeBillFormed datetime, ID_StaffsGaveDiscount int, ID_DiscountGroupMembers int,
    DiscountGroupMemberNumber nvarchar(50), ID_TherapeuticSanations int, ID_ProstheticSanations int, ID_OrthodonticSanations int,
    ID_ParodontolalSanations int, ID_SurgicalSanations int, {_AUDIT}, DateTimeBill datetime, IsBillFormed bit!,
    RoundLength int, ID_ReceptionsForUnique int""",
)
ORDER_SERVICE_RELATION = _table(
    "OrderServiceRelation",
    f"""ID int!, ID_Orders int!, ID_TreatmentPlans int, ID_TreatmentPlanElementRelations int, ID_ServicePrices int,
    ID_ServiceCodes int, ID_ServiceGroupCodes int, CountService int, TeethLong bigint, ID_SanationTypes int, DiscountSum money,
    DeferredDiscountSum money, ID_StaffsWarranty int, IsWarranty bit, ID_Companies int, CompanyPaymentState int,
    DateTimeCompanyPaid datetime, ID_Returns int, {_AUDIT}""",
)
ORDER_PAYMENTS_JOURNAL = _table(
    "OrderPaymentsJournal",
    """ID_Orders int!, DateTimeBill datetime, ID_Patients int, ID_Staffs int, ID_StaffsAssistant int, IsBillFormed bit, IsShop bit,
    ID_StaffsGaveDiscount int, ID_DiscountGroupMembers int, DiscountGroupMemberNumber nvarchar(50), Amount money,
    WarrantyAmount money, InsuranceAmount money, InsuranceRejectedAmount money, InsuranceConfirmedAmount money,
    CouponAmount money, CouponRejectedAmount money, CouponConfirmedAmount money, AmountWithDiscount money,
    PaymentDeferredDiscount money, HasWarranty bit, HasInsurance bit, HasCoupon bit, HasNotWarranty bit, Debt money""",
)
PAYMENTS_IN = _table(
    "PaymentsIn",
    f"""ID int!, DateTimePayment datetime, ID_OwnCompanies int, ID_Patients int, ID_CashDescs int, ID_ServiceGroups int,
    ID_Staffs int, Payment money, {_AUDIT}, DatePayment date""",
)
SERVICE_ITEMS = _table("ServiceItems", "ID int!, Name nvarchar(500), NotAService bit")
SERVICE_ITEM_PRICES = _table(
    "ServiceItemPrices",
    "ID int!, ID_ServiceItems int!, ID_ServicePriceGroups int, Price money, DateTimeFrom datetime, DateTimeTo datetime",
)

SCHEDULED_RECEPTIONS = _table(
    "ScheduledReceptions",
    f"""ID int!, ID_Patients int, ID_Receptions int, ID_CRMJobTypes int, ID_SanationTypes int, ID_OwnCompanies int,
    ID_ProfessionNames int, ID_Staffs int, Comment nvarchar(4000), Length int, ID_ReceptionsClose int,
    ID_DelayAppointmentsClose int, ID_ReceptionCancelReasons int, ID_CrmJobCommunicationCommentsClose int, {_AUDIT}""",
)

DEFERRED_ORDER_DISCOUNTS = _table(
    "DeferredOrderDiscounts",
    """ID int!, DateTimePayment datetime, ID_Orders int, ID_SanationTypes int, ID_ReceptionsSanation int, ID_OrdersSanation int,
    IsCanceled bit""",
)
SERVICE_PRICE_GROUPS = _table("ServicePriceGroups", "ID int!, Name nvarchar(200), Archive bit!")
SERVICE_ITEM_CONTENTS = _table(
    "ServiceItemContents",
    """ID int!, ID_ServiceItems int, ID_ServiceFoldersParent int, Code nvarchar(50), DateTimeFrom datetime,
    DateTimeTo datetime""",
)
SERVICE_FOLDERS = _table("ServiceFolders", "ID int!, Name nvarchar(300), ID_ServiceCategories int, Archive bit!")
SERVICE_CATEGORIES = _table("ServiceCategories", "ID int!, Name nvarchar(300), Archive bit!")

ITEMS = _table("Items", "ID int!, ID_Staffs int, ID_ProfessionNames int")
PROFESSION_NAMES = _table("ProfessionNames", "ID int!, NameProfession nvarchar(200), ID_Roles int, Archive bit!")
CURRENT_TIME_TABLE = _table(
    "CurrentTimeTable",
    """ID int!, RowVersion rowversion!, DateOfWork date, ID_Times int, ID_Armchairs int, ID_Staffs int, ID_Receptions int,
    ID_TimeReserves int, IsWorkingTime bit!, IsHeaderCell bit!""",
)
TIMES = _table("Times", "ID int!, TimeStartValue time, TimeEndValue time")
ONLINE_TICKETS = _table(
    "OnlineTickets",
    """ID int!, ID_ExternalProviders int, ID_OwnCompanies int, SourceProviderUid nvarchar(400), DateTimeCreated datetime,
    PhoneSource nvarchar(100), PhoneOutInt nvarchar(50), EmailOut nvarchar(200), PatientFullName nvarchar(300),
    SurName nvarchar(100), Name nvarchar(100), Patronymic nvarchar(100), PlanStart datetime, PlanEnd datetime,
    Comment nvarchar(4000), FormName nvarchar(300), ID_Staffs int, StaffName nvarchar(300), ID_UTMs int, ID_UTMReferrers int,
    ID_CommunicationComments int, IsTrash bit, ID_StaffsInserted int, DateTimeInserted datetime, RowVersion rowversion!""",
)

TREATMENT_PLANS = _table(
    "TreatmentPlans",
    f"""ID int!, ID_StaffsCreated int, DateTimeCreated datetime, ID_Patients int, Name nvarchar(300), ID_Staffs int,
    ActualFrom datetime, DateTimePriceFix datetime, UseOrderDiscounts bit, RoundLength int, IsActive bit!, ActualTo datetime,
    {_AUDIT}""",
)
TREATMENT_PLAN_STAGES = _table("TreatmentPlanStages", "ID int!, Name nvarchar(300), Order int, ID_TreatmentPlans int!")
TREATMENT_PLAN_ELEMENTS = _table(
    "TreatmentPlanElements",
    f"""ID int!, ID_TreatmentPlanElementsParent int, Name nvarchar(300), IsArchive bit!, ID_ServiceTargetTypes int,
    TreatmentStage int, TreatmentCode nvarchar(50), Order int, ID_ServiceCategories int, Price xml, {_AUDIT}""",
)
TREATMENT_PLAN_ELEMENT_RELATIONS = _table(
    "TreatmentPlanElementRelations",
    f"""ID int!, ID_TreatmentPlans int!, ID_TreatmentPlanStages int, ID_TreatmentPlanElements int, ID_ServicePrices int,
    ID_ServiceCodes int, ID_ServiceGroupCodes int, TeethLong bigint, DiscountSum money, ID_Companies int, {_AUDIT}""",
)

KNOWN = (
    PERSONS,
    PATIENTS,
    STAFFS,
    ARMCHAIRS,
    OWN_COMPANIES,
    RECEPTIONS,
    ORDERS,
    ORDER_SERVICE_RELATION,
    ORDER_PAYMENTS_JOURNAL,
    PAYMENTS_IN,
    SERVICE_ITEMS,
    SERVICE_ITEM_PRICES,
    DEFERRED_ORDER_DISCOUNTS,
    SERVICE_PRICE_GROUPS,
    SERVICE_ITEM_CONTENTS,
    SERVICE_FOLDERS,
    SERVICE_CATEGORIES,
    ITEMS,
    PROFESSION_NAMES,
    CURRENT_TIME_TABLE,
    TIMES,
    ONLINE_TICKETS,
    SCHEDULED_RECEPTIONS,
    TREATMENT_PLANS,
    TREATMENT_PLAN_STAGES,
    TREATMENT_PLAN_ELEMENTS,
    TREATMENT_PLAN_ELEMENT_RELATIONS,
)
TABLES = {table.name: table for table in (*KNOWN, *(_table(name, text) for name, text in ASSUMED.items()))}

INDEXED = ("RowVersion", "DateTimeChanged", "DateTimeAdded")
"""What the one variant of the clinic has indexes on, where a table has it; no other has any."""

STAFFS_VIEW = View(
    "StaffsView",
    "SELECT Persons.ID, Persons.Surname, Persons.Name, Persons.Patronymic, Staffs.Archive "
    "FROM Staffs INNER JOIN Persons ON Persons.ID = Staffs.ID_Persons",
)
