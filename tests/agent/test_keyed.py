"""Rows that belong to somebody are found by their keys: what comes of it is what the whole tables say."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent import keyed
from agent.keyed import PAGES, Keyed, readable_pages
from agent.mis.book import SHIPPED, Book
from agent.mis.forms import KEYS, UNLOCKED
from agent.mis.overrides import override
from agent.mis.port import Columns, MisBusy, Row
from agent.mis.sqlite import open_sqlite
from agent.outbox import Owners, open_outbox
from agent.scan.ownership import Ownership
from agent.scan.timed import Timed
from tests.agent.mis.clinic import NOW, Clinic
from tests.agent.scan.world import FIELDS, KEY, Wire

ASKED = {
    "orders_of_visits": ((1, 2, 7),),
    "orders_of_patients": ((1001, 1002),),
    "orders_of_card": ((1,), (1002,)),
    "lines_of_orders": ((1, 2),),
    "lines_of_bills": ((3,),),
    "payments_of_patients": ((1001,),),
    "delays_of_checkups": ((1, 2),),
    "services_of_plans": ((1,),),
    "done_of_services": ((1, 2, 3),),
    "checkups_of_patients": ((1001, 1003),),
    "plans_of_patients": ((1002,),),
}
"""Statements for what belongs to somebody, and whom each is asked of here."""
ROWS: dict[str, Sequence[dict[str, Any]]] = {
    "Orders": [{"ID_Receptions": visit, "ID_Patients": patient} for visit, patient in [(1, 1001), (2, 1002), (None, 1002), (7, None)]],
    "OrderServiceRelation": [
        {"ID_Orders": order, "ID_TreatmentPlanElementRelations": service} for order, service in [(1, None), (1, 2), (3, 3), (9, 9)]
    ],
    "PaymentsIn": [{"ID_Patients": patient} for patient in (1001, None, 1001, 1002)],
    "DelayAppointments": [{"ID_ScheduledReceptions": task} for task in (1, 1, 2, 3)],
    "TreatmentPlanElementRelations": [{"ID_TreatmentPlans": plan} for plan in (1, 1, 2)],
    "ScheduledReceptions": [{"ID_Patients": patient} for patient in (1001, 1002, 1003)],
    "TreatmentPlans": [{"ID_Patients": patient} for patient in (1001, 1002)],
}  # fmt: skip


class Here:
    """A clinic and what is remembered of it."""

    clinic: Clinic
    mis: Wire
    owners: Owners
    ownership: Ownership
    answers: Keyed

    def __init__(self, folder: Path) -> None:
        self.clinic, self._path, self._stack = Clinic(folder / "clinic.db"), folder / "outbox.db", AsyncExitStack()

    async def start(self) -> None:
        mis = await self._stack.enter_async_context(open_sqlite(self.clinic.path))
        outbox = await self._stack.enter_async_context(open_outbox(self._path, KEY, FIELDS))
        self.mis, self.owners = Wire(mis, self.clinic), outbox.owners
        self.ownership, self.answers = Ownership(Timed(self.mis, lambda: 0), self.owners), Keyed(self.mis, self.owners)

    async def stop(self) -> None:
        await self._stack.aclose()

    async def learn(self, *indexed: str, rows: int = 200) -> None:
        """The first walk, where the server has these indexes."""
        await self.ownership.settle(readable_pages(SHIPPED, await self.mis.columns()), frozenset(indexed))
        assert await self.ownership.turn(rows)
        self.mis.asked.clear()

    async def told(self, query: str) -> list[Row]:
        return in_order(await self.answers.fetch(query, *ASKED[query]))

    def asked(self) -> list[str]:
        return [query for query, _ in self.mis.asked]


def in_order(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: repr(sorted(row.items())))


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    made = Here(tmp_path)
    for table, rows in ROWS.items():
        for key, cells in enumerate(rows, start=1):
            made.clinic.put(table, key, **cells)
    await made.start()
    yield made
    await made.stop()
    made.clinic.close()


@pytest.mark.parametrize("query", ASKED)
async def test_what_is_found_by_keys_is_what_the_table_says(query: str, here: Here) -> None:
    whole = in_order(await here.mis.fetch(query, *ASKED[query]))
    assert whole, "there is something to find"
    await here.learn()
    assert await here.told(query) == whole
    assert set(here.asked()) == {
        query + KEYS,
        next(page + UNLOCKED for page in PAGES if page + UNLOCKED in here.asked()),
    }


@pytest.mark.parametrize("query", ASKED)
async def test_until_everything_was_learnt_the_table_is_asked(query: str, here: Here) -> None:
    assert await here.told(query) == in_order(await here.mis.fetch(query, *ASKED[query]))
    assert here.asked() == [query, query]


async def test_whoever_owns_nothing_costs_no_statement(here: Here) -> None:
    await here.learn()
    assert await here.answers.fetch("orders_of_visits", (8,)) == []
    assert here.asked() == ["orders_owners/unlocked"]


async def test_a_new_row_is_found_at_once(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyed, "OVERLAP", 0)
    monkeypatch.setattr(keyed, "PAGE", 1000)
    await here.learn()
    for key in range(5, 2500):
        here.clinic.put("Orders", key, ID_Receptions=1 if key == 2400 else 5)
    assert [row["ID"] for row in await here.answers.fetch("orders_of_visits", (1,))] == [1, 2400]
    here.clinic.put("Orders", 2500, ID_Receptions=1)
    assert [row["ID"] for row in await here.answers.fetch("orders_of_visits", (1,))] == [1, 2400, 2500]
    assert [params for query, params in here.mis.asked if query == "orders_owners/unlocked"] == [
        (4,), (1004,), (2004,), (2499,)
    ]  # fmt: skip


async def test_in_a_table_that_was_empty_the_newest_rows_are_not_all(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyed, "OVERLAP", 0)
    here.clinic.delete("Orders")
    await here.learn()
    here.clinic.put("Orders", 9, ID_Receptions=1)
    for _ in range(2):
        assert len(await here.answers.fetch("orders_of_visits", (1,))) == 1
    assert [params for query, params in here.mis.asked if query == "orders_owners/unlocked"] == [(0,), (9,)]


async def test_a_row_that_is_committed_late_is_found(here: Here) -> None:
    await here.learn()
    here.clinic.put("Orders", 30, ID_Receptions=1)
    assert len(await here.told("orders_of_visits")) == 4
    here.clinic.put("Orders", 10, ID_Receptions=1)
    assert len(await here.told("orders_of_visits")) == 5


async def test_whatever_a_hint_shows_is_learnt_and_nothing_is_left_out_for_it(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hint looks at the newest rows and may see one far behind those that were learnt."""
    monkeypatch.setattr(keyed, "OVERLAP", 0)
    await here.learn()
    here.clinic.put("Orders", 2, ID_Receptions=1, DateTimeChanged=NOW)
    here.clinic.put("Orders", 20, ID_Receptions=1, audit=False)
    here.clinic.put("Orders", 40, ID_Receptions=1)
    here.clinic.put("OrderServiceRelation", 2, ID_Orders=2)
    before = await here.answers.fetch("lines_of_orders", (2,))
    await here.answers.fetch("orders_changed", 1, NOW, NOW)
    await here.answers.fetch("lines_changed", 1, NOW, NOW)
    assert [row["ID"] for row in await here.answers.fetch("orders_of_visits", (1,))] == [1, 2, 20, 40]
    assert (len(before), len(await here.answers.fetch("lines_of_orders", (2,)))) == (0, 1)


async def test_a_row_that_went_to_somebody_else_is_nobodys_by_mistake(here: Here) -> None:
    await here.learn()
    here.clinic.put("Orders", 1, ID_Receptions=2, ID_Patients=None, audit=False)
    assert [row["ID"] for row in await here.answers.fetch("orders_of_visits", (1,))] == []
    here.clinic.delete("Orders", 2)
    here.ownership.again()
    assert await here.ownership.turn(200)
    assert [row["ID"] for row in await here.answers.fetch("orders_of_visits", (1, 2))] == [1]
    assert [row["ID"] for row in await here.answers.fetch("orders_of_patients", (1001,))] == []


async def test_a_row_that_somebody_holds_stops_only_whoever_wants_it(here: Here) -> None:
    await here.learn()
    here.mis.fails = lambda query: MisBusy("42000 1222") if query == "orders_of_visits" + KEYS else None
    with pytest.raises(MisBusy):
        await here.told("orders_of_visits")
    assert len(await here.told("payments_of_patients")) == 2


async def test_what_an_index_of_the_database_leads_to_is_asked_of_it(here: Here) -> None:
    await here.learn("orders.id_receptions", "orders.id_patients", "paymentsin.id_patients")
    await here.told("orders_of_card")
    await here.told("payments_of_patients")
    await here.told("lines_of_orders")
    assert here.asked() == ["orders_of_card", "payments_of_patients", "lines_owners/unlocked", "lines_of_orders/keys"]
    await here.learn("orders.id_receptions")
    await here.told("orders_of_card")
    assert here.asked() == ["orders_owners/unlocked", "orders_of_card/keys"]
    await here.learn(
        *(relation.lower() for told in readable_pages(SHIPPED, await here.mis.columns()).values() for relation in told)
    )
    for query in ASKED:
        await here.told(query)
    assert here.asked() == list(ASKED)


async def test_it_is_remembered_when_the_agent_starts_again(here: Here) -> None:
    await here.learn()
    await here.stop()
    await here.start()
    await here.told("orders_of_visits")
    assert here.asked() == ["orders_owners/unlocked", "orders_of_visits/keys"]


async def test_a_walk_that_was_broken_off_has_learnt_nothing(here: Here) -> None:
    pages = readable_pages(SHIPPED, await here.mis.columns())
    await here.ownership.settle(pages, frozenset())
    here.mis.fails = lambda query: MisBusy("42000 1222") if query.startswith("payments_owners") else None
    with pytest.raises(MisBusy):
        await here.ownership.turn(200)
    await here.stop()
    await here.start()
    for query in ("orders_of_visits", "payments_of_patients"):
        await here.told(query)
    assert here.asked() == ["orders_owners/unlocked", "orders_of_visits/keys", "payments_of_patients"]


async def test_after_a_backup_was_put_back_nothing_holds_until_it_is_learnt_anew(here: Here) -> None:
    await here.learn()
    await here.ownership.forget()
    assert not here.ownership.is_known
    await here.told("orders_of_visits")
    assert here.asked() == ["orders_of_visits"]
    await here.learn()
    await here.told("orders_of_visits")
    assert here.asked() == ["orders_owners/unlocked", "orders_of_visits/keys"]


async def test_a_column_that_comes_back_is_learnt_before_it_is_believed(here: Here) -> None:
    here.mis.sees = without(await here.mis.columns(), "ID_Patients")
    await here.learn()
    here.mis.sees = None
    await here.told("orders_of_patients")
    assert here.asked() == ["orders_of_patients"], "it was never learnt"
    await here.learn()
    whole = in_order(await here.mis.fetch("orders_of_patients", *ASKED["orders_of_patients"]))
    assert await here.told("orders_of_patients") == whole


async def test_a_walk_gives_way_when_it_took_long_enough(here: Here) -> None:
    times = iter(range(1000))
    ownership = Ownership(Timed(here.mis, lambda: next(times) / 50), here.owners)
    await ownership.settle(readable_pages(SHIPPED, await here.mis.columns()), frozenset())
    turns = 1
    while not await ownership.turn(200):
        turns += 1
        ownership._timed.start()
    assert 1 < turns < len(PAGES)


async def test_tables_are_walked_through_page_by_page(here: Here) -> None:
    await here.ownership.settle(readable_pages(SHIPPED, await here.mis.columns()), frozenset())
    for key in range(5, 18):
        here.clinic.put("Orders", key, ID_Receptions=1)
    assert await here.ownership.turn(1)
    assert [params for query, params in here.mis.asked if query == "orders_owners/5"] == [(0,), (5,), (10,), (15,)]
    assert len(await here.told("orders_of_visits")) == 16


def overridden(query: str, text: str) -> Book:
    return Book({query: override(query, text)})


@pytest.mark.parametrize(
    ("table", "condition", "asked"),
    [
        ("PaymentsIn", "payment.ID_Patients IN (?)", "payments_of_patients/keys"),
        ("Receptions", "payment.ID_Patients IN (?)", "payments_of_patients"),
        ("PaymentsIn", "payment.ID_Patients IN (?) AND payment.ID > 0", "payments_of_patients"),
    ],
    ids=["the same", "another table", "more conditions"],
)
async def test_an_integrators_statement_is_asked_by_keys_only_where_that_means_the_same(
    table: str, condition: str, asked: str, here: Here
) -> None:
    columns = "payment.ID, payment.ID_Patients, payment.DateTimePayment, payment.Payment"
    if table == "Orders":
        columns = (
            "payment.ID, payment.ID_Patients, payment.DateTimeBillFormed AS DateTimePayment, payment.ID AS Payment"
        )
    book = overridden("payments_of_patients", f"SELECT {columns} FROM dbo.{table} AS payment WHERE {condition}")  # noqa: S608
    await here.learn()
    await Keyed(here.mis, here.owners, book).fetch("payments_of_patients", (1001,))
    assert here.asked()[-1] == asked


async def test_owners_of_another_database_are_forgotten(here: Here, tmp_path: Path) -> None:
    await here.stop()
    async with open_outbox(tmp_path / "outbox.db", KEY, FIELDS) as outbox:
        await outbox.serves("hub db_1")
        await outbox.owners.begin(["Orders.ID_Patients"])
        await outbox.owners.learn({"Orders.ID_Patients": {7: 1}}, 7, is_end=True)
        await outbox.serves("hub db_1")
        assert outbox.owners.through(["Orders.ID_Patients"]) == 7
        await outbox.serves("hub db_2")
        assert outbox.owners.through(["Orders.ID_Patients"]) is None
        assert await outbox.owners.keys({"Orders.ID_Patients": (1,)}) is None
    await here.start()


def without(columns: Columns, column: str) -> Columns:
    return {table: frozenset(of - {column} if table == "Orders" else of) for table, of in columns.items()}
