"""Reads visits, patients, their money and plans. Knows which statement gives what."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

from agent.mis import rows
from agent.mis.accounts import accounts, grouped
from agent.mis.balance import DEBT, NET, has_money
from agent.mis.checkups import checkups, is_checkup
from agent.mis.plans import AGREED, plans
from agent.mis.port import Answers, MisBusy, Row
from agent.mis.probe import NOTHING, Offer
from agent.mis.rows import Told
from wire.model import Entity, Visit

ReadKind: TypeAlias = Literal["patient", "visit", "balance", "checkup", "plan"]
KINDS: tuple[ReadKind, ...] = ("patient", "visit", "balance", "checkup", "plan")
"""In this order: whoever hears of anything else has heard of the patient."""

PAGE = 200
"""Rows of one statement, as the page statements say."""

LOCKS = 10
"""So many times a step waits for somebody else's lock, some tenths of a second each, before it gives up as a whole."""

_KEY: Mapping[ReadKind, str] = {
    "patient": "ID_Persons",
    "visit": "ID",
    "balance": "ID_Persons",
    "checkup": "ID",
    "plan": "ID",
}
_PAGE_OF: Mapping[ReadKind, str] = {
    "patient": "patients_page",
    "visit": "visits_page",
    "balance": "accounts_page",
    "checkup": "checkups_page",
    "plan": "plans_page",
}
_BY_KEY: Mapping[ReadKind, str] = {
    "patient": "patients_by_key",
    "visit": "visits_by_key",
    "balance": "accounts_by_key",
    "checkup": "checkups_by_key",
    "plan": "plans_by_key",
}


@dataclass(frozen=True)
class Found:
    """A row that was told. `version` is by what the row is known unchanged; empty where there is no such thing."""

    kind: ReadKind
    key: str
    entity: Entity
    version: str = ""


@dataclass(frozen=True)
class Gone:
    """A row that is there and of which nothing is left to tell: a patient without money, a task that is no check-up any more."""

    kind: ReadKind
    key: str
    entity: None = None
    version: str = ""


@dataclass(frozen=True)
class Page:
    """Entities of one kind in the order of their keys, read through `last`; `is_end` where there was nothing more. `keys` are those
    that are there, whether they can be told or not."""

    found: tuple[Found, ...]
    keys: frozenset[str]
    last: int
    is_end: bool


To: TypeAlias = ReadKind | Literal["owner"]
"""Whom a hint means: an entity, or the visits of a patient."""


class Reader:
    """One clinic's reader."""

    def __init__(self, mis: Answers, zone: ZoneInfo, fields: Collection[str]) -> None:
        self._mis, self._zone, self._fields = mis, zone, fields
        self.offer: Offer = NOTHING
        """What can be read here; set by whoever looked."""
        self.skipped: dict[tuple[str, str], tuple[str, ...]] = {}
        """(kind, key) -> why the row, or a part of it, could not be told."""
        self.untold: dict[tuple[str, str], str] = {}
        """Of these, the ones that could not be told at all -> the version in which that was so."""
        self.some_locked = False
        """Whether something was left out since `start` because somebody held it."""
        self._leaves_out, self._patience = False, LOCKS

    @property
    def kinds(self) -> tuple[ReadKind, ...]:
        """Those that can be read here; of the others nothing is told, not even that they vanished."""
        can, queries = self.offer.capabilities, self.offer.queries
        asked = [kind for kind in KINDS if {_PAGE_OF[kind], _BY_KEY[kind]} <= queries]
        makes_sense = {"balance": can.get(DEBT) or can.get(NET), "plan": can.get(AGREED)}
        return tuple(kind for kind in asked if makes_sense.get(kind, True))

    def following(self, kind: ReadKind) -> ReadKind | None:
        """What is read whole after this kind; None after the last."""
        later = KINDS[KINDS.index(kind) + 1 :]
        return next((kind for kind in later if kind in self.kinds), None)

    async def page(self, kind: ReadKind, after: int, rows: int = PAGE) -> Page:
        """The next rows after a key, `rows` at most."""
        page = _PAGE_OF[kind]
        read = await self._mis.fetch(page if rows == PAGE else f"{page}/{rows}", after)
        found, there = await self._of(kind, read)
        last = max((cast(int, row[_KEY[kind]]) for row in read), default=after)
        return Page(tuple(found), frozenset(there), last, is_end=len(read) < rows)

    async def by_key(self, kind: ReadKind, keys: Collection[int]) -> list[Found]:
        """These, as far as they are there."""
        return [each for each in await self._by_key(kind, keys) if isinstance(each, Found)]

    async def _by_key(self, kind: ReadKind, keys: Collection[int]) -> list[Found | Gone]:
        """The same; and those that a page would pass by, though their rows are there."""
        found: list[Found | Gone] = []
        for key in keys:
            self._forget(kind, str(key))
        for chunk in chunks(sorted(set(keys))):
            read = await self._mis.fetch(_BY_KEY[kind], chunk)
            told, there = await self._of(kind, read)
            rows = sorted({str(row[_KEY[kind]]) for row in read} - set(there))
            found += [*told, *(Gone(kind, key) for key in rows)]
        return found

    async def with_all(self, keys: Mapping[To, Collection[int]]) -> list[Found | Gone]:
        """These, and what changes with them: the patients of visits, and the money of all whom that concerns. Whoever holds a row must not
        hide what is committed beside it: what cannot be read for that is left out, and comes with the next step."""
        self._leaves_out = True
        try:
            return await self._with_all(keys)
        finally:
            self._leaves_out = False

    async def _with_all(self, keys: Mapping[To, Collection[int]]) -> list[Found | Gone]:
        found = await self._with_patients(keys.get("visit", ()), keys.get("patient", ()))
        wanted = {kind: set(keys.get(kind, ())) for kind in KINDS[2:] if kind in self.kinds}
        if "balance" in wanted:
            wanted["balance"] |= {int(each.key) for each in found if each.kind == "patient"}
        return [*found, *[each for kind, of in wanted.items() for each in await self._free(kind, of)]]

    def counts(self) -> dict[str, int]:
        """How many rows were skipped, by reason."""
        reasons = [reason for of in self.skipped.values() for reason in of]
        return {reason: reasons.count(reason) for reason in sorted(set(reasons))}

    async def _with_patients(self, visits: Collection[int], patients: Collection[int]) -> list[Found | Gone]:
        """These patients and visits, and the visits' patients; patients first."""
        found = await self._free("visit", visits)
        owners = {int(f.entity.patient_id) for f in found if isinstance(f.entity, Visit) and f.entity.patient_id}
        return [*await self._free("patient", owners | set(patients)), *found]

    async def _free(self, kind: ReadKind, keys: Collection[int]) -> list[Found | Gone]:
        """These, as far as nobody holds them."""
        try:
            return await self._by_key(kind, keys)
        except MisBusy as busy:
            self.left_out(busy)
        some = sorted(set(keys))
        if len(some) == 1:
            return []
        half = len(some) // 2
        return [*await self._free(kind, some[:half]), *await self._free(kind, some[half:])]

    def start(self) -> None:
        """Another step begins."""
        self.some_locked, self._patience = False, LOCKS

    def left_out(self, busy: MisBusy) -> None:
        """Somebody holds a row of what was asked for; raises where it is more than that, or too many are held."""
        self._patience -= 1
        if not busy.is_lock or self._patience < 0:
            raise busy
        self.some_locked = True

    async def _of(self, kind: ReadKind, read: Sequence[Row]) -> tuple[list[Found], list[str]]:
        """What the rows say, and the keys of what is there."""
        match kind:
            case "balance":
                return await self._balances(read)
            case "checkup":
                return await self._checkups(read)
            case "plan":
                return await self._plans(read)
        keys = [str(row[_KEY[kind]]) for row in read]
        return (self._patients(read) if kind == "patient" else await self._visits(read)), keys

    async def _checkups(self, read: Sequence[Row]) -> tuple[list[Found], list[str]]:
        """Of all tasks."""
        tasks = [row for row in read if is_checkup(row)]
        delays = await self._fetch("delays_of_checkups", [cast(int, task["ID"]) for task in tasks])
        return self._all_told("checkup", checkups(tasks, delays))

    async def _plans(self, read: Sequence[Row]) -> tuple[list[Found], list[str]]:
        keys = [cast(int, row["ID"]) for row in read]
        services = await self._fetch("services_of_plans", keys)
        done = await self._fetch("done_of_services", [cast(int, row["ID"]) for row in services or ()])
        return self._all_told("plan", plans(read, services, done))

    async def _balances(self, read: Sequence[Row]) -> tuple[list[Found], list[str]]:
        """Whoever never had money here has no balance."""
        can = self.offer.capabilities
        orders = await self._fetch("orders_of_patients", [cast(int, row["ID_Persons"]) for row in read])
        having = [each for each in await accounts(read, orders, self._fetch, can) if has_money(each)]
        told = [rows.balance(each, can) for each in having]
        return self._all_told("balance", told)

    async def _visits(self, read: Sequence[Row]) -> list[Found]:
        keys = tuple(cast(int, row["ID"]) for row in read)
        orders, lines, is_left_out = await self._orders(keys)
        orders_of, lines_of = grouped(orders or (), "ID_Receptions"), grouped(lines or (), "ID_Orders")
        found: list[Found] = []
        for row in read:
            own = list({order["ID"]: order for order in orders_of.get(row["ID"], ())}.values())
            own_lines = [each for order in own for each in lines_of.get(order["ID"], ())]
            told = rows.visit(
                row, None if orders is None else own, None if lines is None else own_lines, self._zone, self._fields
            )
            found += self._told("visit", told, "" if is_left_out else version_of(row))
        return found

    async def _orders(self, visits: Sequence[int]) -> tuple[list[Row] | None, list[Row] | None, bool]:
        """The orders of visits with their lines, None where they cannot be read; and whether that is because somebody holds one: without
        its version the visit is read again."""
        try:
            orders = await self._fetch("orders_of_visits", visits)
            keys = [cast(int, order["ID"]) for order in orders or ()]
            return orders, None if orders is None else await self._fetch("lines_of_orders", keys), False
        except MisBusy as busy:
            if not self._leaves_out:
                raise
            self.left_out(busy)
            return None, None, True

    def _patients(self, read: Iterable[Row]) -> list[Found]:
        return [found for row in read for found in self._told("patient", rows.patient(row))]

    async def _fetch(self, name: str, keys: Sequence[int]) -> list[Row] | None:
        """None where that cannot be read at all."""
        if name not in self.offer.queries:
            return None
        return [row for chunk in chunks(keys) for row in await self._mis.fetch(name, chunk)]

    def _all_told(self, kind: ReadKind, told: Sequence[Told[Any]]) -> tuple[list[Found], list[str]]:
        return [found for each in told for found in self._told(kind, each)], [each.key for each in told]

    def _told(self, kind: ReadKind, told: Told[Any], version: str = "") -> Iterator[Found]:
        self._forget(kind, told.key)
        if told.skipped:
            self.skipped[kind, told.key] = told.skipped
        if told.entity is None:
            self.untold[kind, told.key] = version
        else:
            yield Found(kind, told.key, told.entity, version)

    def _forget(self, kind: ReadKind, key: str) -> None:
        self.skipped.pop((kind, key), None)
        self.untold.pop((kind, key), None)


def chunks(keys: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """As many keys as one statement takes."""
    return (tuple(keys[start : start + PAGE]) for start in range(0, len(keys), PAGE))


def version_of(row: Row) -> str:
    """The rowversion as it is kept; empty where there is none."""
    version = row.get("RowVersion")
    return version.hex() if isinstance(version, bytes) else ""
