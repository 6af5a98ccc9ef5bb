"""Which tasks are check-ups, and when they are due."""
# ruff: noqa: DTZ001 - IDENT's times have no zone

from datetime import datetime
from typing import Any

import pytest

from agent.mis.checkups import checkup, checkups, is_checkup
from agent.mis.probe import examine
from tests.agent.mis.test_statements import less

TASK: dict[str, Any] = {
    "ID": 9,
    "ID_Patients": 7,
    "JobType": "Профосмотр",
    "ID_OwnCompanies": 2,
    "BranchName": "На Ленина",
    "CompanyName": None,
    "ID_ReceptionsClose": None,
    "ID_DelayAppointmentsClose": None,
    "ID_ReceptionCancelReasons": None,
    "ID_CrmJobCommunicationCommentsClose": None,
}
TOLD = {"id": "9", "patient_id": "7", "closed": False, "branch": {"id": "2", "name": "На Ленина"}}


def told(*days: datetime | None, **cells: Any) -> dict[str, Any]:
    found = checkup({**TASK, **cells}, [{"ID_ScheduledReceptions": 9, "DateTimeDelay": day} for day in days])
    assert found.entity is not None
    return found.entity.dump()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Профосмотр", True),
        ("Детский ПРОФОСМОТР (6 мес.)", True),
        ("Лист ожидания", False),
        ("", False),
        (None, False),
    ],
)
def test_the_name_of_the_type_says_which_task_is_a_checkup(name: str | None, *, expected: bool) -> None:
    assert is_checkup({"JobType": name}) is expected


def test_the_latest_date_it_was_put_off_to_holds() -> None:
    days = (datetime(2026, 12, 20, 9), datetime(2027, 1, 20), None, datetime(1900, 1, 1))
    assert told(*days) == {**TOLD, "due_on": "2027-01-20"}


def test_no_date_is_empty_and_a_date_that_cannot_be_read_is_unknown() -> None:
    assert told() == {**TOLD, "due_on": None}
    unread = checkup(TASK, None)
    assert unread.entity is not None
    assert unread.entity.dump() == TOLD


@pytest.mark.parametrize("mark", [name for name in TASK if name.endswith(("Close", "Reasons"))])
def test_any_mark_closes_it(mark: str) -> None:
    assert told(**{mark: 1})["closed"] is True


def test_a_task_of_nobody_is_counted() -> None:
    assert checkup({**TASK, "ID_Patients": None}, []).skipped == ("no_patient",)


def test_each_has_its_own_dates() -> None:
    delays: list[dict[str, Any]] = [{"ID_ScheduledReceptions": 10, "DateTimeDelay": datetime(2027, 1, 20)}]
    due = [each.entity and each.entity.due_on for each in checkups([TASK, {**TASK, "ID": 10}], delays)]
    assert due == [None, "2027-01-20"]


ALL = {"checkup.closed", "checkup.due_on", "checkup.branch", "checkup.changes"}


@pytest.mark.parametrize(
    ("lost", "off"),
    [
        ("DelayAppointments", {"checkup.due_on"}),
        ("DelayAppointments.DateTimeDelay", {"checkup.due_on"}),
        ("ScheduledReceptions.ID_OwnCompanies", {"checkup.branch"}),
        ("CRMJobTypes", ALL),
        ("CRMJobTypes.Name", ALL),
        ("ScheduledReceptions", ALL),
        ("ScheduledReceptions.ID_ReceptionsClose", ALL),
    ],
)
def test_what_is_lost_switches_off_only_what_it_feeds(lost: str, off: set[str]) -> None:
    offer = examine(less(lost))
    assert {name for name, there in offer.capabilities.items() if not there} == off
    asked = {"checkups_page", "checkups_by_key", "checkups_of_patients"}
    assert (asked <= offer.queries) == ("checkup.closed" not in off)
    assert ("delays_of_checkups" in offer.queries) == (not lost.startswith("DelayAppointments"))
