"""What people at the clinic do to visits and their money, one transaction each, and by which name any act is done. Knows the tables."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from demo.clinic import bills, card_acts, crm_acts, server_acts
from demo.clinic.database import Act, Database
from demo.clinic.make import patient_row, person_row
from demo.clinic.people import Name, Person
from demo.clinic.premises import LENGTH, RECEPTIONISTS

Values: TypeAlias = dict[str, Any]
_OTHER_CLOCK = timedelta(milliseconds=500)
"""In real rows the time of a cancellation or a bill lies half a second behind the changed-time of the same update."""
EVERYBODY = ""
"""Whose act it is when it concerns no patient's state."""


def perform(database: Database, name: str, who: str, at: datetime, values: Values, *, done: int | None = None) -> None:
    """Do one act, in one transaction; `values` as the plan holds them, `done` is its number there."""
    with database.act(name, who, at, values.get("by", RECEPTIONISTS[0])) as act:
        _ACTS[name](database, act, values)
        database.execute("UPDATE _plan SET done = 1 WHERE n = ?", (done,))


def _book(_: Database, act: Act, values: Values) -> None:
    """A new visit, also of a patient who was not there before."""
    if person := values.get("new"):
        known = _person(person)
        act.insert("Persons", values["patient"], **_less("ID", person_row(values["patient"], known)))
        act.insert("Patients", values["patient"], **_less("ID_Persons", patient_row(values["patient"], known, act.at)))
    act.insert(
        "Receptions",
        values["visit"],
        ID_Patients=values["patient"],
        ID_StaffsReceptionAdded=values.get("by"),
        ReceptionAdded=act.at,
        IsNotified=False,
        NeedHandReminder=False,
        ID_ReceptionsTransferFrom=values.get("moved_from"),
        **_place(values),
    )


def _move(_: Database, act: Act, values: Values) -> None:
    """The same row at another time, doctor or chair."""
    act.change("Receptions", values["visit"], **_place(values))


def _cancel(_: Database, act: Act, values: Values) -> None:
    act.change(
        "Receptions",
        values["visit"],
        ReceptionCanceled=act.at,
        ID_ReceptionCancelReasons=values["reason"],
        CancelReasonComment=values.get("comment"),
        ID_StaffsReceptionCanceled=values.get("by"),
        DateTimeChanged=act.at - _OTHER_CLOCK,
    )


def _transfer(database: Database, act: Act, values: Values) -> None:
    """The former row is cancelled and a new one names it, both at once."""
    _cancel(database, act, {**values, "visit": values["moved_from"]})
    _book(database, act, values)


def _restore(_: Database, act: Act, values: Values) -> None:
    """The cancellation is taken back."""
    names = ("ReceptionCanceled", "ID_ReceptionCancelReasons", "CancelReasonComment", "ID_StaffsReceptionCanceled")
    act.change("Receptions", values["visit"], **dict.fromkeys(names))


def _appear(_: Database, act: Act, values: Values) -> None:
    act.change("Receptions", values["visit"], PatientAppeared=act.at)


def _start(_: Database, act: Act, values: Values) -> None:
    act.change("Receptions", values["visit"], ReceptionStarted=act.at)


def _end(database: Database, act: Act, values: Values) -> None:
    """The visit ends; often the doctor has filled in the order by then. A visit has one order at most."""
    act.change("Receptions", values["visit"], ReceptionEnded=act.at)
    order = values.get("order")
    if order and not database.execute("SELECT ID FROM Orders WHERE ID_Receptions = ?", (values["visit"],)):
        _order(database, act, values["visit"], bills.from_json(order))


def _bill(database: Database, act: Act, values: Values) -> None:
    """The bill is formed from the order that is there, or from a new one."""
    visit, bill = database.row("Receptions", values["visit"]), bills.from_json(values["bill"])
    found = database.execute("SELECT ID FROM Orders WHERE ID_Receptions = ?", (values["visit"],))
    order = found[0][0] if found else _order(database, act, values["visit"], bill)
    if found:
        bill = bills.Bill(_lines(database, order), Decimal())
    act.change("Receptions", values["visit"], CheckIssued=act.at, DateTimeChanged=act.at - _OTHER_CLOCK)
    act.change("Orders", order, **bills.billed_columns(act.at))
    journal = bills.journal_row(order, visit["ID_Patients"], visit["ID_Staffs"], act.at, bill)
    act.insert("OrderPaymentsJournal", order, **_less("ID_Orders", journal))


def _pay(database: Database, act: Act, values: Values) -> None:
    """The patient pays a share of what the visit's bill leaves; nothing, where the bill was lost with a backup."""
    found = database.execute(
        "SELECT j.ID_Orders, o.ID_OwnCompanies FROM Orders AS o INNER JOIN OrderPaymentsJournal AS j ON j.ID_Orders = o.ID "
        "WHERE o.ID_Receptions = ?",
        (values["visit"],),
    )
    for order, branch in found:
        journal = database.row("OrderPaymentsJournal", order)
        paid = (journal["Debt"] * Decimal(values["share"])).quantize(bills.KOPECK)
        act.insert("PaymentsIn", **bills.payment_row(journal["ID_Patients"], branch, act.at, paid))
        act.change("OrderPaymentsJournal", order, Debt=journal["Debt"] - paid)


def _order(database: Database, act: Act, visit: int, bill: bills.Bill) -> int:
    row = database.row("Receptions", visit)
    branch = database.row("Armchairs", row["ID_Armchairs"])["ID_OwnCompanies"]
    key = int(database.execute("SELECT COALESCE(MAX(ID), 0) + 1 FROM Orders")[0][0])
    act.insert("Orders", key, **_less("ID", bills.order_row(key, row, row["ID_Patients"], branch, act.at, None)))
    for line in bills.line_rows(key, bill):
        act.insert("OrderServiceRelation", **line)
    return key


def _lines(database: Database, order: int) -> tuple[bills.Line, ...]:
    found = database.execute(
        "SELECT ID_ServicePrices, CountService, DiscountSum FROM OrderServiceRelation WHERE ID_Orders = ?", (order,)
    )
    return tuple(bills.Line(price, count, Decimal(discount) / 10**10) for price, count, discount in found)


def _place(values: Values) -> Values:
    start = datetime.fromisoformat(values["start"])
    return {
        "PlanStart": start,
        "PlanEnd": start + LENGTH,
        "ID_Armchairs": values["chair"],
        "ID_Staffs": values["doctor"],
    }


def _person(value: Values) -> Person:
    birthday = value["birthday"] and date.fromisoformat(value["birthday"])
    return Person(
        Name(*value["name"]),
        birthday,
        value["phone"],
        value["mobile"],
        parent=value.get("parent"),
        card_number=value["card_number"],
    )


def _less(key: str, row: Values) -> Values:
    return {name: value for name, value in row.items() if name != key}


_ACTS: dict[str, Callable[[Database, Act, Values], None]] = {
    "book": _book,
    "move": _move,
    "cancel": _cancel,
    "transfer": _transfer,
    "restore": _restore,
    "appear": _appear,
    "start": _start,
    "end": _end,
    "bill": _bill,
    "pay": _pay,
    "phone": card_acts.phone,
    "rename": card_acts.rename,
    "refuse": card_acts.refuse,
    "agree": card_acts.agree,
    "merge": card_acts.merge,
    "checkup": crm_acts.checkup,
    "put off": crm_acts.put_off,
    "close checkup": crm_acts.close_checkup,
    "plan": crm_acts.plan,
    "do planned": crm_acts.do_planned,
    "close plan": crm_acts.close_plan,
    "touch": server_acts.touch,
    "delete": server_acts.delete,
    "drop column": server_acts.drop_column,
    "backup": server_acts.backup,
    "roll back": server_acts.roll_back,
}
