"""What nobody outside has seen, but a clinic must have: each entry is a guess that a real database has yet to confirm.

`ReceptionCancelReasons`, `CRMJobTypes`, `InfoSources`, `AppointmentSources` and `DelayAppointments` are known by their names only (foreign
keys point to them). That the columns of a dictionary are `ID` and `Name` is inferred from IDENT's others. That a task of the CRM is put
off until a date by a row of `DelayAppointments` is inferred from the name alone: no table with the date on which a check-up is due was
ever seen. Of `PaymentsOut` six columns and their number (14) are known; the others stand in `PaymentsIn`, and make the number up. Of
`Diagnoses` the last columns are cut off in the source; the agent never reads it."""

ASSUMED = {
    "ReceptionCancelReasons": "ID int!, Name nvarchar(200)",
    "CRMJobTypes": "ID int!, Name nvarchar(200)",
    "InfoSources": "ID int!, Name nvarchar(200)",
    "AppointmentSources": "ID int!, Name nvarchar(200)",
    "DelayAppointments": "ID int!, ID_ScheduledReceptions int, DateTimeDelay datetime",
    "PaymentsOut": """ID int!, DateTimePayment datetime, ID_OwnCompanies int, ID_StaffsCanTakeMoney int, IsKontragent bit,
    ID_CashDescs int, ID_PaymentOutReasons int, Payment money, Comment nvarchar(4000), ID_StaffsAdded int, DateTimeAdded datetime,
    ID_StaffsChanged int, DateTimeChanged datetime, DatePayment date""",
    "Diagnoses": """ID int!, ID_Parent int, RefToMkb bit, ID_MKB10 int, Name nvarchar(300), Text nvarchar(4000),
    Archive bit!""",
}
"""Table name -> columns, in the notation of schema.py."""
