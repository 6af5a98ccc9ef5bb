"""Reads what belongs to patients' money: a few statements for many patients. Knows which statement gives what."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias, cast

from agent.mis.balance import DEBT, NET, Account
from agent.mis.money import is_formed
from agent.mis.port import Row

Fetch: TypeAlias = Callable[[str, Sequence[int]], Awaitable[list[Row] | None]]
"""A statement for some keys; None where it cannot be asked."""


async def accounts(
    patients: Sequence[Row], orders: Sequence[Row] | None, fetch: Fetch, can: Mapping[str, bool]
) -> list[Account]:
    """All that was paid in and billed; `orders` are those of these patients."""
    keys = [cast(int, row["ID_Persons"]) for row in patients]
    payments = await fetch("payments_of_patients", keys)
    lines = None
    if not can[DEBT] and can[NET]:
        bills = [cast(int, order["ID"]) for order in orders or () if is_formed(order)]
        lines = await fetch("lines_of_bills", bills)
    payments_of, orders_of = grouped(payments or (), "ID_Patients"), grouped(orders or (), "ID_Patients")
    lines_of = None if lines is None else grouped(lines, "ID_Orders")
    return [
        Account(
            row,
            None if payments is None else payments_of.get(row["ID_Persons"], ()),
            None if orders is None else _once(orders_of.get(row["ID_Persons"], ())),
            lines_of,
        )
        for row in patients
    ]


def grouped(read: Sequence[Row], column: str) -> dict[object, list[Row]]:
    """The rows by one of their cells."""
    groups: dict[object, list[Row]] = {}
    for row in read:
        groups.setdefault(row[column], []).append(row)
    return groups


def _once(orders: Sequence[Row]) -> list[Row]:
    """A journal that holds an order twice must not bill it twice."""
    return list({order["ID"]: order for order in orders}.values())
