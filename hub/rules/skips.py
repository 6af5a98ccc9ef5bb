"""R24: which visits make no deal, and the reason that an operator can read."""

from hub.rules.model import PatientKey
from hub.rules.settings import Filters
from hub.rules.visits import VisitNow
from wire.model import Patient


def skip_reason(key: PatientKey, patient: Patient | None, visit: VisitNow, filters: Filters) -> str | None:
    """Why this visit makes no deal; None where it makes one. Filters name things as `db_1:17`."""
    return _of_patient(key, patient, filters) or _of_visit(key.database, visit, filters)


def _of_patient(key: PatientKey, patient: Patient | None, filters: Filters) -> str | None:
    if patient is None:
        return "unknown_patient"
    if not patient.name and not patient.phones:
        return "nameless"
    if patient.archived:
        return "archived"
    if patient.staff:
        return "staff"
    return "filtered" if str(key) in filters.skip_patients else None


def _of_visit(database: str, now: VisitNow, filters: Filters) -> str | None:
    visit = now.visit
    for part, skipped in (
        (visit.branch, filters.skip_branches),
        (visit.practitioner, filters.skip_practitioners),
        (visit.source, filters.skip_sources),
    ):
        if part is not None and f"{database}:{part.id}" in skipped:
            return "filtered"
    return None
