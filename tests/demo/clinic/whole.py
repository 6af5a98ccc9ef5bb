"""The whole way in one process: a little clinic, the agent's scan and outbox, the hub's inbox and delivery, a CRM in memory. What then
stands in the CRM is held against the oracle after each story."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select

from agent.mis.sqlite import open_sqlite
from agent.outbox import Outbox, open_outbox
from agent.scan import Pace, Scan
from agent.standing import Standing
from demo.account import Account, Card
from demo.clinic import leads
from demo.clinic.database import Database
from demo.clinic.leads import GivenDeal
from demo.clinic.oracle import Expected
from demo.judge import Verdict, compare
from hub.inbox.write import record_place, write
from hub.rules.fields import CONTACT_FIELDS, DEAL_FIELDS, FieldSpec
from hub.rules.model import Contact, Deal, Stage
from hub.store.tables import records
from tests.demo.clinic.little import ZONE, moment
from tests.hub import clinic_day as day_of
from tests.hub.clinic_day import Day, a_sqlite_store, begun
from wire.frames import LANES, Push, decode, encode
from wire.model import Kind

_KEY, _FIELDS = b"k" * 32, ("visit.comment:off", "visit.services:off")
_AT_ONCE = Pace(every_seconds=0, share=1, verify_every_seconds=0)
_BESIDE = Pace(every_seconds=0, share=0.02, verify_every_seconds=900)
_TICK_SECONDS = 0.02
_STAGES = {
    leads.PRIMARY: {leads.NEW: day_of.NEW, leads.BOOKED: day_of.BOOKED, leads.LOST_AGAIN: day_of.BACK},
    leads.REPEAT: {
        leads.NEW: day_of.AGAIN_NEW,
        leads.BOOKED: day_of.AGAIN_BOOKED,
        leads.LOST_AGAIN: day_of.AGAIN_BACK,
        leads.WAS_HERE: day_of.AGAIN_VISITED,
    },
}
_CLOSED = {leads.WON: day_of.WON, leads.LOST: day_of.LOST}
_PIPELINES = {leads.PRIMARY: day_of.PRIMARY, leads.REPEAT: day_of.REPEAT}


class Followed(Protocol):
    """A clinic whose end can be told."""

    given: list[GivenDeal]

    @property
    def path(self) -> Path: ...

    @property
    def database(self) -> Database: ...

    def expect(self, now: str) -> Mapping[str, Expected]: ...


@dataclass
class Whole:
    """A clinic that is followed since seven."""

    clinic: Followed
    day: Day
    scan: Scan
    outbox: Outbox

    async def look(self, at: str) -> None:
        """Time goes by until `at`; what was done at the clinic until then arrives and is delivered."""
        await self.day.go(moment(at))
        self.clinic.database.set_now(moment(at).replace(tzinfo=None))
        await self.catch_up(moment(at))

    async def catch_up(self, now: datetime) -> None:
        """The clinic has gone on until now: all of it is read, and delivered."""
        await self.day.go(now)
        for _ in range(500):
            await self.scan.step()
            await self._deliver()
            through = (await self.outbox.times())[0]
            if through is not None and through >= now:
                break
        else:
            raise AssertionError("it is never read through")
        await self.day.settle()

    async def verify(self, at: str) -> None:
        """The same, until the pass has seen every row."""
        await self.look(at)
        for _ in range(200):
            verified = (await self.outbox.times())[1]
            if verified is not None and verified >= moment(at):
                break
            await self.scan.step()
            await self._deliver()
        else:
            raise AssertionError("the pass never ends")
        await self.day.settle()

    async def judged(self, now: str = "23:00") -> Verdict:
        """Until the evening; then what stands there against what the oracle says."""
        await self.look(now)
        return compare(self.clinic.expect(now), account_of(self.day), database="db_1")

    async def records(self, kind: Kind) -> list[dict[str, Any]]:
        """What the hub was told of a kind, as it now holds it; what vanished is left out."""
        async with self.day.store.reading(self.day.account) as unit:
            wanted = select(records.c.key, records.c.sealed_value).where(
                records.c.kind == kind, records.c.vanished_at.is_(None)
            )
            rows = [(row.key, row.sealed_value) for row in await unit.execute(wanted)]
            return [json.loads(unit.vault.open(value, record_place("db_1", (kind, key)))) for key, value in rows]

    async def load(self) -> None:
        """What stood in amoCRM and in the clinic at seven."""
        for number in range(len(self.clinic.given)):
            self.clinic.given[number] = self._put(number)
        for _ in range(200):
            await self.scan.step()
            await self._deliver()
            if await self.outbox.cursor("load") == "done":
                await self.day.settle()
                return
        raise AssertionError("the first load never ends")

    def _put(self, number: int) -> Any:
        lead, crm = self.clinic.given[number], self.day.crm
        before = next((other for other in self.clinic.given[:number] if other.contact == lead.contact), None)
        contact = before.contact_id if before else crm.person(name=lead.contact_name, phone=lead.phone)
        if lead.stage is None:
            return replace(lead, contact_id=contact)
        stage = Stage(_PIPELINES[lead.pipeline], {**_STAGES[lead.pipeline], **_CLOSED}[lead.stage])
        deal = crm.lead(contact=contact, stage=stage, price=lead.price, created_at=lead.created_at)
        crm.deal_cards[deal] = replace(crm.deal_cards[deal], name=lead.deal_name)
        return replace(lead, contact_id=contact, deal_id=deal)

    async def _deliver(self) -> None:
        waiting = True
        while waiting:
            waiting = False
            for lane in LANES:
                frame = await self.outbox.batch(lane, 2000)
                if frame is None:
                    continue
                waiting, text = True, encode(frame)
                await self.outbox.pushed(lane, frame.seq, text)
                told = decode(text)
                if isinstance(told, Push):  # the brackets of the first load say nothing that these stories need
                    async with self.day.store.writing(self.day.account) as unit:
                        await write(unit, day_of.DATABASE, told.changes)
                await self.outbox.acked(lane, frame.seq)


@asynccontextmanager
async def followed(clinic: Followed, folder: Path, template: bytes, *, haste: bool = True) -> AsyncIterator[Whole]:
    """From the first load on; tests put together what stood there before. `haste`: each step reads a page of everything, which is
    too much for a whole day."""
    ticks = count()
    async with (
        a_sqlite_store(folder, template) as store,
        open_sqlite(clinic.path) as mis,
        open_outbox(folder / "outbox.db", _KEY, _FIELDS) as outbox,
    ):
        pace = _AT_ONCE if haste else _BESIDE
        scan = Scan(
            mis, outbox, Standing(), zone=ZONE, fields=_FIELDS, pace=pace, clock=lambda: next(ticks) * _TICK_SECONDS
        )
        whole = Whole(clinic, await begun(store), scan, outbox)
        await whole.load()
        yield whole


def account_of(day: Day) -> Account:
    """The CRM's cards as the judge reads them."""
    return Account(tuple(map(_deal, day.deals)), tuple(map(_contact, day.crm.contact_cards.values())))


def _deal(deal: Deal) -> Card:
    pipeline = next(name for name, key in _PIPELINES.items() if key == deal.stage.pipeline_id)
    stages = {key: name for name, key in {**_STAGES[pipeline], **_CLOSED}.items()}
    return Card(
        deal.id,
        deal.name,
        _fields(deal.fields, DEAL_FIELDS),
        pipeline=pipeline,
        stage=stages[deal.stage.stage_id],
        price=deal.price,
        contacts=deal.contact_ids,
        main_contact=deal.main_contact_id,
    )


def _contact(contact: Contact) -> Card:
    return Card(contact.id, contact.name, _fields(contact.fields, CONTACT_FIELDS), phones=frozenset(contact.phones))


def _fields(values: Mapping[Any, Any], specs: Mapping[Any, FieldSpec]) -> dict[str, Any]:
    return {
        specs[key].name: int(value.timestamp()) if isinstance(value, datetime) else value
        for key, value in values.items()
        if value is not None
    }
