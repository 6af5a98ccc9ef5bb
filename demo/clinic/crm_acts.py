"""What people at the clinic plan for patients: check-ups, and courses of treatment with their services."""

from datetime import datetime, timedelta
from decimal import Decimal

from demo.clinic.database import Act, Database
from demo.clinic.tasks import CHECKUP
from demo.clinic.values import Row

_ACTIVE_FOR = timedelta(days=365)


def checkup(_: Database, act: Act, values: Row) -> None:
    """The patient is to be called for a check-up; without a `due` day nobody has said when."""
    task = act.insert(
        "ScheduledReceptions",
        values.get("task"),
        ID_Patients=values["patient"],
        ID_CRMJobTypes=values.get("job", CHECKUP),
        Length=15,
        DateTimeChanged=act.at,
    )
    if values.get("due"):
        _delay(act, task, values["due"])


def put_off(_: Database, act: Act, values: Row) -> None:
    """Another day for the check-up."""
    _delay(act, values["task"], values["due"])
    act.change("ScheduledReceptions", values["task"])


def close_checkup(_: Database, act: Act, values: Row) -> None:
    """The check-up is booked (`closed_by`: the visit), or given up (`reason`)."""
    how = {"ID_ReceptionsClose": values.get("closed_by"), "ID_ReceptionCancelReasons": values.get("reason")}
    act.change("ScheduledReceptions", values["task"], **how)


def plan(_: Database, act: Act, values: Row) -> None:
    """A course of treatment of one stage: `services` are the ids of prices."""
    key = act.insert(
        "TreatmentPlans",
        values.get("plan"),
        ID_Patients=values["patient"],
        DateTimeCreated=act.at,
        Name="План лечения",
        ActualFrom=act.at,
        UseOrderDiscounts=False,
        RoundLength=0,
        IsActive=True,
        ActualTo=act.at + _ACTIVE_FOR,
    )
    stage = act.insert("TreatmentPlanStages", Name="Лечение", Order=1, ID_TreatmentPlans=key)
    for price in values["services"]:
        act.insert(
            "TreatmentPlanElementRelations",
            ID_TreatmentPlans=key,
            ID_TreatmentPlanStages=stage,
            ID_ServicePrices=price,
            TeethLong=0,
            DiscountSum=Decimal(),
        )


def do_planned(database: Database, act: Act, values: Row) -> None:
    """What the lines of a visit's order name is done: each is the first service of the plan with its price that is still to do."""
    plan = values.get("plan") or _newest_plan(database, values["patient"])
    lines = database.execute(
        "SELECT l.ID, l.ID_ServicePrices FROM OrderServiceRelation AS l INNER JOIN Orders AS o ON o.ID = l.ID_Orders "
        "WHERE o.ID_Receptions = ? AND l.ID_TreatmentPlans IS NULL ORDER BY l.ID",
        (values["visit"],),
    )
    for line, price in lines:
        service = database.execute(
            "SELECT r.ID FROM TreatmentPlanElementRelations AS r LEFT JOIN OrderServiceRelation AS l "
            "ON l.ID_TreatmentPlanElementRelations = r.ID "
            "WHERE r.ID_TreatmentPlans = ? AND r.ID_ServicePrices = ? AND l.ID IS NULL ORDER BY r.ID LIMIT 1",
            (plan, price),
        )
        for (key,) in service:
            names = {"ID_TreatmentPlans": plan, "ID_TreatmentPlanElementRelations": key}
            act.change("OrderServiceRelation", line, **names)


def close_plan(_: Database, act: Act, values: Row) -> None:
    """The course is over, or given up."""
    act.change("TreatmentPlans", values["plan"], IsActive=False, ActualTo=act.at)


def _newest_plan(database: Database, patient: int) -> int | None:
    found = database.execute("SELECT MAX(ID) FROM TreatmentPlans WHERE ID_Patients = ? AND IsActive = 1", (patient,))
    return found[0][0] if found else None


def _delay(act: Act, task: int, due: str) -> None:
    act.insert("DelayAppointments", ID_ScheduledReceptions=task, DateTimeDelay=datetime.fromisoformat(due))
