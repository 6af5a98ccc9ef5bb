"""What IDENT's rows mean: they become values of the wire, or are counted as skipped. Pure.

A column that is not in a row was lost: what it feeds is unknown and stays absent. NULL is None: empty in the clinic.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from agent.mis.balance import Account, figures, terms_of
from agent.mis.money import bill_of, sums_of
from agent.mis.port import Row
from agent.mis.texts import birth_date, day_of, full_name, id_of, line, moment
from wire.errors import place
from wire.lookup import Bill
from wire.model import Balance, Branch, Checkup, Kind, Patient, Plan, Practitioner, Reason, Staff, Status, Visit
from wire.phone import phones_in

P = TypeVar("P", Practitioner, Staff)
E = TypeVar("E", Visit, Patient, Balance, Checkup, Plan)
Fields: TypeAlias = dict[str, Any]

COMMENT = "visit.comment"
"""How the config names the field that leaves only if it is told to."""

_VISIT_TIMES = {
    "booked_at": "ReceptionAdded",
    "arrived_at": "PatientAppeared",
    "started_at": "ReceptionStarted",
    "ended_at": "ReceptionEnded",
    "billed_at": "CheckIssued",
    "cancelled_at": "ReceptionCanceled",
    "notified_at": "DateTimeNotified",
}


@dataclass(frozen=True)
class Told(Generic[E]):
    """What a row says; `entity` is None where it says nothing that can be told. `skipped` are the reasons to count."""

    kind: Kind
    key: str
    entity: E | None
    skipped: tuple[str, ...] = ()


def visit(
    row: Row, orders: Sequence[Row] | None, lines: Sequence[Row] | None, zone: ZoneInfo, fields: Collection[str]
) -> Told[Visit]:
    """A visit with its sums; `orders` and `lines` are None where they cannot be read."""
    key = str(row["ID"])
    start, end = moment(row["PlanStart"], zone), moment(row["PlanEnd"], zone)
    if start is None or end is None:
        return Told("visit", key, None, ("no_time",))
    if end < start:
        return Told("visit", key, None, ("ends_before_start",))
    sums, wrong = _sums(orders, lines)
    values = {
        "id": key,
        "patient_id": id_of(row["ID_Patients"]),
        "status": status_of(row),
        "start": start,
        "end": end,
        **{name: moment(row[column], zone) for name, column in _VISIT_TIMES.items() if column in row},
        **_known("billed", row, "CheckIssued", lambda cell: cell is not None),
        **_known("moved_from", row, "ID_ReceptionsTransferFrom", id_of),
        **_who("practitioner", Practitioner, row, "ID_Staffs", "Doctor"),
        **_who("booked_by", Staff, row, "ID_StaffsReceptionAdded", "Booker"),
        **_who("cancelled_by", Staff, row, "ID_StaffsReceptionCanceled", "Canceller"),
        **_reason("cancel_reason", row, "ID_ReceptionCancelReasons", "CancelReason"),
        **_reason("source", row, "ID_AppointmentSources", "SourceName"),
        **branch_of(row, *(orders or ()), whole=orders is not None),
        **sums,
    }
    if COMMENT in fields:
        values |= _known("comment", row, "Comment", line)
    return built(Visit, "visit", key, values, wrong)


def status_of(row: Row) -> Status:
    """In the order in which IDENT's marks outrank one another."""
    if _is_set(row, "ReceptionCanceled") or _is_set(row, "ID_ReceptionCancelReasons"):
        return "cancelled"
    if _is_set(row, "CheckIssued") or _is_set(row, "ReceptionEnded"):
        return "fulfilled"
    if _is_set(row, "ReceptionStarted"):
        return "started"
    return "arrived" if _is_set(row, "PatientAppeared") else "booked"


def patient(row: Row) -> Told[Patient]:
    """A patient. One with neither name nor phone is counted, and told all the same: what becomes of him is not ours to say."""
    key = str(row["ID_Persons"])
    values = {
        "id": key,
        "name": full_name(row["Surname"], row["Name"], row["Patronymic"]),
        **_phones(row),
        **_known("card_number", row, "CardNumber", line),
        **_known("representative", row, "ParentSNP", line),
        **_who("practitioner", Practitioner, row, "ID_Staffs", "Doctor"),
        **_reason("source", row, "ID_InfoSources", "SourceName"),
        **_known("do_not_message", row, "SMSRejection", lambda cell: None if cell is None else bool(cell)),
        **_known("archived", row, "ID_ArchivingReasons", lambda cell: cell is not None),
        **_staff(row),
    }
    wrong = [] if values["name"] or values.get("phones", True) else ["nameless"]
    try:
        values |= _known("birth_date", row, "Birthday", birth_date)
    except ValueError:
        wrong.append("no_birth_date")
    return built(Patient, "patient", key, values, tuple(wrong))


def balance(account: Account, can: Mapping[str, bool]) -> Told[Balance]:
    """What a patient owes and has paid ahead; what is not known of it is absent."""
    key = str(account.row["ID_Persons"])
    told, wrong = figures(terms_of(account, can), can)
    return built(Balance, "balance", key, {"patient_id": key, **told}, wrong)


def bill(order: Row) -> Bill | None:
    """The bill of an order; None where none was issued, or it cannot be told."""
    amounts = bill_of(order)
    day = day_of(order.get("DateTimeBill")) or day_of(order.get("DateTimeBillFormed"))
    if amounts is None or day is None:
        return None
    told = {name: value for name, value in amounts.items() if name in Bill.model_fields}
    try:
        return Bill.model_validate({"date": day, "visit_id": id_of(order["ID_Receptions"]), **told})
    except ValidationError:
        return None


def built(form: type[E], kind: Kind, key: str, values: Fields, wrong: tuple[str, ...]) -> Told[E]:
    """The entity, or which of its fields make none."""
    try:
        return Told(kind, key, form.model_validate(values), wrong)
    except ValidationError as error:
        bad: set[str] = {place(e["loc"]) for e in error.errors(include_input=False)}
        return Told(kind, key, None, (*wrong, *(f"invalid_{name}" for name in sorted(bad))))


def _is_set(row: Row, column: str) -> bool:
    return row.get(column) is not None


def _known(field: str, row: Row, column: str, read: Any) -> Fields:
    return {field: read(row[column])} if column in row else {}


def _who(field: str, form: type[P], row: Row, column: str, prefix: str) -> Mapping[str, P | None]:
    if column not in row:
        return {}
    key = id_of(row[column])
    if key is None:
        return {field: None}
    if f"{prefix}Surname" not in row:
        return {field: form(id=key)}
    names = (row.get(f"{prefix}{part}") for part in ("Surname", "Name", "Patronymic"))
    return {field: form(id=key, name=full_name(*names))}


def _reason(field: str, row: Row, column: str, name: str) -> Mapping[str, Reason | None]:
    if column not in row:
        return {}
    key = id_of(row[column])
    if key is None:
        return {field: None}
    return {field: Reason(id=key, name=line(row[name])) if name in row else Reason(id=key)}


def branch_of(*sources: Row, whole: bool = True) -> Mapping[str, Branch | None]:
    """The first that is named: the chair's, else the order's. None only where all were read and none names one."""
    known = True
    for source in sources:
        key = id_of(source.get("ID_OwnCompanies"))
        if key is not None:
            names = [line(source[column]) for column in ("BranchName", "CompanyName") if column in source]
            return {"branch": Branch(id=key, name=next(filter(None, names), None)) if names else Branch(id=key)}
        known = known and "ID_OwnCompanies" in source
    return {"branch": None} if known and whole else {}


def _phones(row: Row) -> Fields:
    columns = [column for column in ("MobilePhone", "Phone") if column in row]
    found = [number for column in columns for number in phones_in(_text(row[column]))]
    return {"phones": tuple(dict.fromkeys(found))} if columns else {}


def _text(cell: object) -> str | None:
    return cell if isinstance(cell, str) else None


def _staff(row: Row) -> Fields:
    """Whether the patient works here; who left is a patient like any other."""
    if "StaffID" not in row:
        return {}
    return {"staff": row["StaffID"] is not None and not row.get("StaffArchive")}


def _sums(orders: Sequence[Row] | None, lines: Sequence[Row] | None) -> tuple[Fields, tuple[str, ...]]:
    if orders is None:
        return {}, ()
    sums, wrong = sums_of(orders, lines)
    return ({} if sums is None else {"sums": sums}), wrong
