"""What nobody outside has seen, but a clinic must have: each entry is a guess that a real database has yet to confirm.

`ReceptionCancelReasons` is known by its name only (a foreign key points to it). That its columns are `ID` and `Name` is
inferred from IDENT's other dictionaries."""

ASSUMED = {"ReceptionCancelReasons": "ID int!, Name nvarchar(200)"}
"""Table name -> columns, in the notation of schema.py."""
