"""The whole way of a card but for the browser: the demo clinic, the agent's scan, outbox, link and lookup, the hub's link, inbox, store,
and panel."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from agent import identity
from agent.link import Link
from demo.clinic import make, tasks, treatment
from demo.clinic.database import Database
from demo.clinic.purses import purses
from hub import agents
from hub.panel.model import PatientCard
from hub.rules.model import PatientKey
from hub.store import tables
from hub.store.engine import Store
from tests.agent.lookup.desk import FIELDS
from tests.agent.lookup.desk import Desk as Agent
from tests.agent.lookup.desk import desk as beside
from tests.hub.linked import PATIENCE, eventually, serving
from tests.hub.panel.opened import Desk, contact

CANARY = "+79990001234"


@asynccontextmanager
async def linked(desk: Desk, agent: Agent, folder: Path) -> AsyncIterator[None]:
    """The clinic's agent is connected, and everything that it read is durable in the hub."""
    async with desk.store.writing(desk.visitor().account) as unit:
        code = await agents.new_code(unit, "db_1")
    who = await asyncio.to_thread(identity.enroll, folder, desk.hub.address, code)
    link = Link(
        who,
        agent.outbox,
        agent.scan._standing,
        lookup=agent.lookup,
        state_every=0.05,
        fields=FIELDS,
        software="1",
        unit=0.2,
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(link.run())
        async with asyncio.timeout(3 * PATIENCE):
            await eventually(agent.outbox.generation)
            while not await is_settled(desk, agent):
                await agent.scan.step()
        yield
        running.cancel()


async def is_settled(desk: Desk, agent: Agent) -> bool:
    depth, stands = await agent.outbox.depth(), await desk.hub.database()
    return depth.live + depth.backfill == 0 and stands.loaded_at is not None and stands.mis == "ok"


def facts(card: PatientCard | None) -> dict[str, Any]:
    """What must be the same whoever tells it. Bills, and how many visits there are beyond those shown, only the clinic tells."""
    assert card
    return card.model_dump(exclude={"balance", "more_past"})


def money(card: PatientCard | None) -> tuple[Decimal | None, Decimal | None]:
    """Debt and advance."""
    found = card.balance if card else None
    told = (found.debt, found.advance) if found else (None, None)
    debt, advance = (None if figure is None else Decimal(figure) for figure in told)
    return debt, advance


async def test_a_card_says_the_same_with_the_clinic_and_without(lite: Store, tmp_path: Path) -> None:
    make.create(tmp_path / "clinic.db", seed=3, visits=40, day=date(2026, 11, 24), zone="Europe/Moscow")
    async with serving(lite) as hub, beside(tmp_path / "clinic.db", tmp_path / "outbox.db") as agent:
        desk = Desk(hub)
        await desk.configure(1)
        await hub.write(delete(tables.databases).where(tables.databases.c.id == "db_2"))
        async with linked(desk, agent, tmp_path):
            desk.clock.at = (await hub.database()).read_through
            patients = [row.key for row in await hub.rows(tables.records) if row.kind == "patient"]
            for number, patient in enumerate(patients):
                desk.deal(contact(901, "Заявка с сайта", CANARY), deal_id=number)
                await desk.link(PatientKey("db_1", patient), number)
            desk.deal(contact(901, "Заявка с сайта", CANARY), deal_id=1000)
            canary = await desk.cards.deal(desk.visitor(), 1000)
            found = await desk.searches.search(desk.visitor(), "канарейкин 1234")
            live = [await desk.cards.deal(desk.visitor(), number) for number in range(len(patients))]
        away = [await desk.cards.deal(desk.visitor(), number) for number in range(len(patients))]
    with Database(tmp_path / "clinic.db") as clinic:
        own, due, planned = purses(clinic), tasks.due(clinic), treatment.outlook(clinic)

    assert canary.state == "found"
    assert canary.patient
    assert canary.patient.name == "Канарейкин Кеша Клеткович"
    assert [person.id for person in found.persons] == [canary.patient.id]
    assert len(patients) > 20
    assert ({one.state for one in live}, {one.state for one in away}) == ({"found"}, {"offline"})
    assert {one.freshness and one.freshness.level for one in live} == {"green"}
    assert {one.freshness and one.freshness.level for one in away} == {"red"}
    for there, gone in zip(live, away, strict=True):
        assert facts(gone.patient) == facts(there.patient)
        assert gone.others == there.others
    assert sum(len(facts(one.patient)["future"]) for one in live) > 20
    for patient, there, gone in zip(patients, live, away, strict=True):
        debt, advance = own[int(patient)].debt, own[int(patient)].advance
        assert money(there.patient) == (debt, advance)
        if debt or advance:
            assert money(gone.patient) == (debt, advance)
        assert money(gone.patient)[0] in (None, debt)
        checkup = there.patient.checkup if there.patient else None
        if due.get(int(patient)):
            assert checkup
            assert (checkup.due_on, checkup.basis) == (due[int(patient)], "ident")
        assert due.get(int(patient)) or checkup is None or checkup.basis == "last_visit"
    for patient, there in zip(patients, live, strict=True):
        plan = there.patient.plan if there.patient else None
        told = (Decimal(plan.agreed), Decimal(plan.unscheduled)) if plan else None
        assert told == planned.get(int(patient)), patient
    assert any(plan and plan[1] < plan[0] for plan in planned.values())
    assert {bool(day) for day in due.values()} == {True, False}
    assert {(bool(purse.debt), bool(purse.advance)) for purse in own.values()} >= {(True, False), (False, True)}
