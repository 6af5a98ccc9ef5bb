"""R24: what makes no deal, and why."""

from typing import Any

import pytest

from hub.rules.model import PatientKey
from hub.rules.settings import Filters
from hub.rules.skips import skip_reason
from tests.hub.clinic_day import DATABASE, patient
from tests.hub.rules.made import future
from wire.model import Patient


def check(who: Patient | None, spec: dict[str, Any], filters: Filters, reason: str | None) -> None:
    assert skip_reason(PatientKey(DATABASE, "4410"), who, future("1", **spec), filters) == reason


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        (None, "unknown_patient"),
        (patient(), None),
        (patient(name=None), None),
        (patient(phones=()), None),
        (patient(name=None, phones=()), "nameless"),
        (patient(archived=True), "archived"),
        (patient(staff=True), "staff"),
        (patient(archived=None, staff=None), None),
    ],
)
def test_r24_patients(who: Patient | None, reason: str | None) -> None:
    check(who, {}, Filters(), reason)


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        (Filters(skip_branches=("db_1:2",)), "filtered"),
        (Filters(skip_branches=("db_2:2",)), None),
        (Filters(skip_practitioners=("db_1:17",)), "filtered"),
        (Filters(skip_sources=("db_1:5",)), "filtered"),
        (Filters(skip_patients=("db_1:4410",)), "filtered"),
        (Filters(skip_practitioners=("db_1:18",)), None),
    ],
)
def test_r24_filters(filters: Filters, reason: str | None) -> None:
    check(patient(), {"source": {"id": "5", "name": "Сайт"}}, filters, reason)


def test_r24_what_is_not_known_of_a_visit_filters_nothing() -> None:
    check(patient(), {"branch": None, "practitioner": None}, Filters(skip_branches=("db_1:2",)), None)
