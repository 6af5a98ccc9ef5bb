"""What the statements of this package share: rows of an account, of some patients."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Table, and_

from hub.rules.model import PatientKey
from hub.store.dialect import among
from hub.store.engine import Unit


def in_account(unit: Unit, table: Table) -> ColumnElement[bool]:
    """Only what belongs to the account."""
    found: ColumnElement[bool] = table.c.account_id == unit.account.id
    return found


def of(unit: Unit, table: Table, database: str, patients: Collection[str]) -> ColumnElement[bool]:
    """Rows of these patients."""
    return and_(in_account(unit, table), table.c.database == database, among(unit, table.c.patient, patients))


def owner(unit: Unit, key: PatientKey) -> dict[str, Any]:
    """The columns that name a patient."""
    return {"account_id": unit.account.id, "database": key.database, "patient": key.patient}


def by_database(keys: Iterable[PatientKey]) -> dict[str, list[str]]:
    """The patients of each database."""
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(key.database, []).append(key.patient)
    return found
