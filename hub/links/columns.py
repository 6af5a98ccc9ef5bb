"""What the statements of this package share: rows of an account, of some patients, of one deal."""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, and_, bindparam, select

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


async def of_deal(unit: Unit, table: Table, deal_id: int) -> Row[Any] | None:
    """The one row of this deal, in a table that has one for each."""
    return (await unit.execute(_of_deal(table), {"account": unit.account.id, "deal": deal_id})).first()


@cache  # every card asks: to build the statement costs more than to run it
def _of_deal(table: Table) -> Select[Any]:
    return select(table).where(table.c.account_id == bindparam("account"), table.c.deal_id == bindparam("deal"))


def owner(unit: Unit, key: PatientKey) -> dict[str, Any]:
    """The columns that name a patient."""
    return {"account_id": unit.account.id, "database": key.database, "patient": key.patient}


def by_database(keys: Iterable[PatientKey]) -> dict[str, list[str]]:
    """The patients of each database."""
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(key.database, []).append(key.patient)
    return found
