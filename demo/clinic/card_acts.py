"""What people at the clinic do to patients' cards: phones, names, refusals, and two cards of one person made one."""

from demo.clinic.database import Act, Database
from demo.clinic.schema import TABLES
from demo.clinic.values import Row

_ARCHIVED_AS_DOUBLE = 2


def phone(_: Database, act: Act, values: Row) -> None:
    """Another mobile phone, or another one beside it (`landline`); None: none any more."""
    columns = {"phone": "MobilePhone", "landline": "Phone"}
    act.change("Persons", values["patient"], **{columns[name]: values[name] for name in columns if name in values})
    act.change("Patients", values["patient"])


def rename(_: Database, act: Act, values: Row) -> None:
    """The patient has another surname."""
    act.change("Persons", values["patient"], Surname=values["surname"])
    act.change("Patients", values["patient"])


def refuse(_: Database, act: Act, values: Row) -> None:
    """The patient wants no messages any more."""
    act.change("Patients", values["patient"], SMSRejection=True, ConformToSending=False)


def agree(_: Database, act: Act, values: Row) -> None:
    """The patient takes that back."""
    act.change("Patients", values["patient"], SMSRejection=False, ConformToSending=True)


def merge(database: Database, act: Act, values: Row) -> None:
    """Two cards were one person's: all that belongs to the `dead` one goes to the other. How IDENT does it is not known: the dead card
    is deleted, or (`archives`) kept in the archive."""
    dead = values["dead"]
    for table in TABLES.values():
        if table.has("ID_Patients"):
            query = f"SELECT {table.key} FROM {table.name} WHERE ID_Patients = ?"  # noqa: S608 a table of ours
            for (key,) in database.execute(query, (dead,)):
                act.change(table.name, key, ID_Patients=values["patient"])
    if values.get("archives"):
        act.change("Patients", dead, ID_ArchivingReasons=_ARCHIVED_AS_DOUBLE)
    else:
        act.delete("Patients", dead)
    act.change("Patients", values["patient"])
