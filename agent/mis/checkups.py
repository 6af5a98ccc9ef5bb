"""Which of the clinic's tasks are check-ups, and when they are due. Pure.

IDENT keeps them among all tasks of its CRM; the clinic names the types itself, so a type is known by its word."""

from collections.abc import Iterable, Sequence

from agent.mis.accounts import grouped
from agent.mis.port import Row
from agent.mis.rows import Told, branch_of, built
from agent.mis.texts import day_of, id_of, line
from wire.model import Checkup

WORD = "профосмотр"
_CLOSES = (
    "ID_ReceptionsClose",
    "ID_DelayAppointmentsClose",
    "ID_ReceptionCancelReasons",
    "ID_CrmJobCommunicationCommentsClose",
)


def is_checkup(task: Row) -> bool:
    """By the name of its type."""
    return WORD in (line(task["JobType"]) or "").casefold()


def checkups(tasks: Iterable[Row], delays: Sequence[Row] | None) -> list[Told[Checkup]]:
    """These check-ups; `delays` are all of theirs, None where they cannot be read."""
    delays_of = grouped(delays or (), "ID_ScheduledReceptions")
    return [checkup(task, None if delays is None else delays_of.get(task["ID"], ())) for task in tasks]


def checkup(task: Row, delays: Sequence[Row] | None) -> Told[Checkup]:
    """A check-up; the latest date it was put off to is the one that holds. `delays` is None where they cannot be read."""
    key, patient = str(task["ID"]), id_of(task["ID_Patients"])
    if patient is None:
        return Told("checkup", key, None, ("no_patient",))
    values = {
        "id": key,
        "patient_id": patient,
        "closed": any(task[column] is not None for column in _CLOSES),
        **branch_of(task),
    }
    if delays is not None:
        days = [day for delay in delays if (day := day_of(delay["DateTimeDelay"]))]
        values["due_on"] = max(days, default=None)
    return built(Checkup, "checkup", key, values, ())
