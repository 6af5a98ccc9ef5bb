"""What a lookup reads of the clinic's database, as values of the wire."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import cast
from zoneinfo import ZoneInfo

from agent.mis import rows
from agent.mis.accounts import accounts, grouped
from agent.mis.balance import DEBT, NET
from agent.mis.book import SHIPPED, Book
from agent.mis.checkups import checkups, is_checkup
from agent.mis.plans import AGREED, plans
from agent.mis.port import Answers, Columns, Mis, Row
from agent.mis.probe import examine
from wire.lookup import Bill
from wire.model import Balance, Checkup, Patient, Plan, Visit

_AT_ONCE = 200
"""Keys of one statement."""
_NOBODY = (0,)
"""A list may not be empty."""


@dataclass(frozen=True)
class Money:
    """What orders say; `orders` of visits and `lines` are None where they cannot be read, `bills` where not all of a patient's can.
    `of_patients` are all orders of these patients."""

    orders: Mapping[object, Sequence[Row]] | None
    lines: Mapping[object, Sequence[Row]] | None
    bills: Mapping[str, Sequence[Bill]] | None
    of_patients: Sequence[Row] | None


_UNREADABLE = Money(None, None, None, None)


class Clinic:
    """The clinic's database, as far as it could be read when we looked."""

    def __init__(
        self,
        mis: Mis,
        answers: Answers,
        columns: Columns,
        zone: ZoneInfo,
        fields: Collection[str],
        book: Book = SHIPPED,
    ) -> None:
        offer = examine(columns, book)
        self._mis, self._answers, self._queries = mis, answers, offer.queries
        self._zone, self._fields = zone, fields
        self._can = offer.capabilities
        self._has_all_bills = offer.capabilities["sums.billed"] and _tells_whose(columns)

    async def now(self) -> datetime:
        """The server's clock."""
        return (await self._mis.server()).now.replace(tzinfo=self._zone)

    async def patients(self, keys: Collection[int]) -> list[Patient]:
        """Those of them that are there."""
        told = [rows.patient(row) for row in await self._fetch("patients_by_key", list(keys))]
        return [each.entity for each in told if each.entity is not None]

    async def starts(self, patients: Collection[int]) -> list[tuple[int, str, datetime]]:
        """Key, patient and start of all visits that some patients have."""
        found = await self._fetch("visits_of_patients", list(patients))
        times = [(cast(int, row["ID"]), str(row["ID_Patients"]), row["PlanStart"]) for row in found]
        return [(key, owner, at.replace(tzinfo=self._zone)) for key, owner, at in times if isinstance(at, datetime)]

    async def visits(self, keys: Collection[int], money: Money = _UNREADABLE) -> list[Visit]:
        """Those of them that are there and can be told."""
        found: list[Visit] = []
        for row in await self._fetch("visits_by_key", list(keys)):
            own = None if money.orders is None else money.orders.get(row["ID"], ())
            lines = (
                None
                if money.lines is None
                else [line for order in own or () for line in money.lines.get(order["ID"], ())]
            )
            told = rows.visit(row, own, lines, self._zone, self._fields)
            found += [] if told.entity is None else [told.entity]
        return found

    async def money(self, visits: Collection[int], patients: Collection[int]) -> Money:
        """The orders of these visits, and the bills of these patients."""
        if "orders_of_card" not in self._queries:
            return _UNREADABLE
        orders = await self._orders(list(visits), tuple(patients) or _NOBODY)
        of_visits = grouped([order for order in orders if order["ID_Receptions"] in visits], "ID_Receptions")
        lines = None
        if "lines_of_orders" in self._queries:
            keys = [cast(int, order["ID"]) for of in of_visits.values() for order in of]
            lines = grouped(await self._fetch("lines_of_orders", keys), "ID_Orders")
        bills: dict[str, list[Bill]] = {}
        for order in orders if self._has_all_bills else ():
            bill = rows.bill(order)
            if bill is not None:
                bills.setdefault(str(order["ID_Patients"]), []).append(bill)
        of_patients = [order for order in orders if order.get("ID_Patients") in patients]
        return Money(of_visits, lines, bills if self._has_all_bills else None, of_patients)

    async def balances(self, patients: Collection[int], money: Money) -> dict[str, Balance]:
        """What each of them owes and has paid ahead, as far as that can be read."""
        if "accounts_by_key" not in self._queries or not (self._can[DEBT] or self._can[NET]):
            return {}
        read = await self._fetch("accounts_by_key", list(patients))
        told = [
            rows.balance(each, self._can)
            for each in await accounts(read, money.of_patients, self._fetch_if_known, self._can)
        ]
        return {each.key: each.entity for each in told if each.entity is not None}

    async def checkups(self, patients: Collection[int]) -> dict[str, list[Checkup]] | None:
        """Those that are not closed; None where they cannot be read."""
        if "checkups_of_patients" not in self._queries:
            return None
        tasks = [row for row in await self._fetch("checkups_of_patients", list(patients)) if is_checkup(row)]
        delays = await self._fetch_if_known("delays_of_checkups", [cast(int, task["ID"]) for task in tasks])
        due: dict[str, list[Checkup]] = {}
        for each in checkups(tasks, delays):
            if each.entity is not None and not each.entity.closed:
                due.setdefault(each.entity.patient_id, []).append(each.entity)
        return due

    async def plans(self, patients: Collection[int]) -> dict[str, list[Plan]] | None:
        """Those that are active; None where they cannot be read."""
        if "plans_of_patients" not in self._queries or not self._can[AGREED]:
            return None
        read = [row for row in await self._fetch("plans_of_patients", list(patients)) if row["IsActive"]]
        keys = [cast(int, row["ID"]) for row in read]
        services = await self._fetch("services_of_plans", keys)
        active: dict[str, list[Plan]] = {}
        done = await self._fetch_if_known("done_of_services", [cast(int, row["ID"]) for row in services])
        for each in plans(read, services, done):
            if each.entity is not None:
                active.setdefault(each.entity.patient_id, []).append(each.entity)
        return active

    async def _orders(self, visits: list[int], patients: tuple[int, ...]) -> list[Row]:
        parts = list(_chunks(visits)) or [_NOBODY]
        asked = zip_longest(parts, (patients,), fillvalue=_NOBODY)
        found = [row for of, who in asked for row in await self._answers.fetch("orders_of_card", of, who)]
        return list({row["ID"]: row for row in found}.values())

    async def _fetch_if_known(self, query: str, keys: Sequence[int]) -> list[Row] | None:
        return await self._fetch(query, list(keys)) if query in self._queries else None

    async def _fetch(self, query: str, keys: list[int]) -> list[Row]:
        return [row for chunk in _chunks(keys) for row in await self._answers.fetch(query, chunk)]


def _tells_whose(columns: Columns) -> bool:
    known = {f"{table}.{column}".lower() for table, of in columns.items() for column in of}
    return "orders.id_patients" in known and bool(
        known & {"orderpaymentsjournal.datetimebill", "orders.datetimebillformed"}
    )


def _chunks(keys: Sequence[int]) -> list[tuple[int, ...]]:
    return [tuple(keys[start : start + _AT_ONCE]) for start in range(0, len(keys), _AT_ONCE)]
