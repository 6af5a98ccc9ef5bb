"""Tasks of the clinic's CRM: who is to be called to come for a check-up, and whose cancelled visit is to be brought back."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from demo.clinic.database import Database, Row
from demo.clinic.premises import BRANCHES

WAITING, BACK, CHECKUP, CHILDS_CHECKUP = 1, 3, 6, 7
JOB_TYPES = (
    (WAITING, "Лист ожидания"),
    (BACK, "Отмененный прием"),
    (CHECKUP, "Профосмотр"),
    (CHILDS_CHECKUP, "Детский профосмотр"),
)
_FIRST, _FIRST_DELAY = 90001, 95001


def rows(random: Random, patients: Sequence[int], midnight: datetime) -> Iterator[tuple[str, list[Row]]]:
    """A third of the patients have a task: mostly a check-up, in half a year or long ago, and not all with a date."""
    tasks: list[Row] = []
    delays: list[Row] = []
    for patient in patients:
        if random.random() > 0.35:
            continue
        task = _task(random, _FIRST + len(tasks), patient, midnight)
        tasks.append(task)
        for due in _dates(random, task, midnight):
            key = _FIRST_DELAY + len(delays)
            delays.append({"ID": key, "ID_ScheduledReceptions": task["ID"], "DateTimeDelay": due})
    yield "CRMJobTypes", [{"ID": key, "Name": name} for key, name in JOB_TYPES]
    yield "ScheduledReceptions", tasks
    yield "DelayAppointments", delays


def due(database: Database) -> dict[int, str | None]:
    """Patient -> the day of his next check-up, as the tables say; None where it has no date."""
    found = database.execute(
        "SELECT ID_Patients, MIN(day) FROM (SELECT s.ID, s.ID_Patients, MAX(date(d.DateTimeDelay)) AS day "
        "FROM ScheduledReceptions AS s LEFT JOIN DelayAppointments AS d ON d.ID_ScheduledReceptions = s.ID "
        "WHERE s.ID_CRMJobTypes IN (6, 7) AND s.ID_ReceptionsClose IS NULL AND s.ID_ReceptionCancelReasons IS NULL "
        "GROUP BY s.ID, s.ID_Patients) GROUP BY ID_Patients"
    )
    return dict(found)


def is_open_checkup(task: Row) -> bool:
    """Somebody is to be called for it."""
    closed = task["ID_ReceptionsClose"] or task["ID_ReceptionCancelReasons"]
    return task["ID_CRMJobTypes"] in (CHECKUP, CHILDS_CHECKUP) and not closed


def _task(random: Random, key: int, patient: int, midnight: datetime) -> Row:
    """One in five is closed: by a visit, or given up."""
    added, chance = midnight - timedelta(days=random.randint(20, 200)), random.random()
    return {
        "ID": key,
        "ID_Patients": patient,
        "ID_CRMJobTypes": random.choice((CHECKUP, CHECKUP, CHECKUP, CHILDS_CHECKUP, BACK, WAITING)),
        "ID_OwnCompanies": random.choice(BRANCHES)[0],
        "Length": 15,
        "ID_ReceptionsClose": 80001 if chance < 0.1 else None,
        "ID_ReceptionCancelReasons": 2 if 0.1 < chance < 0.2 else None,
        "DateTimeAdded": added,
        "DateTimeChanged": added,
    }


def _dates(random: Random, task: Row, midnight: datetime) -> list[datetime]:
    """Of a check-up: mostly one, now and then put off a second time."""
    if task["ID_CRMJobTypes"] not in (CHECKUP, CHILDS_CHECKUP) or random.random() < 0.2:
        return []
    first = midnight + timedelta(days=random.randint(-40, 160))
    return [first, first + timedelta(days=30)] if random.random() < 0.15 else [first]
