"""What nobody outside has seen, but a clinic must have: each entry is a guess that a real database has yet to confirm.

`ReceptionCancelReasons`, `CRMJobTypes` and `DelayAppointments` are known by their names only (foreign keys point to them). That the
columns of a dictionary are `ID` and `Name` is inferred from IDENT's others. That a task of the CRM is put off until a date by a row of
`DelayAppointments` is inferred from the name alone: no table with the date on which a check-up is due was ever seen."""

ASSUMED = {
    "ReceptionCancelReasons": "ID int!, Name nvarchar(200)",
    "CRMJobTypes": "ID int!, Name nvarchar(200)",
    "DelayAppointments": "ID int!, ID_ScheduledReceptions int, DateTimeDelay datetime",
}
"""Table name -> columns, in the notation of schema.py."""
