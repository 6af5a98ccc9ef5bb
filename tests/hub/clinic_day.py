"""A clinic, its hub and its CRM in one process: what the clinic tells goes through the inbox, time goes by when the test says so."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update

from hub.accounts import Account, grant_operation
from hub.clock import machine_now
from hub.inbox.write import write
from hub.links import own
from hub.links.columns import in_account
from hub.news import News
from hub.reconcile import Reconcile
from hub.rules.model import Contact, Deal, Stage
from hub.rules.settings import Settings
from hub.store.engine import Store, open_store
from hub.store.tables import accounts, databases, dirty, dues, intents, outcomes
from hub.store.vault import KeyFiles
from tests.at_once import statements_at_once
from tests.hub.fake_crm import FakeCrm
from wire.frames import Change
from wire.model import Patient, Visit

ZONE = ZoneInfo("Europe/Moscow")
MORNING = datetime(2026, 11, 24, 7, 0, tzinfo=ZONE)
DATABASE = "db_1"

PRIMARY, REPEAT = 101, 102
NEW, BOOKED, BACK = 1001, 1002, 1003
AGAIN_NEW, AGAIN_BOOKED, AGAIN_BACK, AGAIN_VISITED = 2001, 2002, 2003, 2004
WON, LOST = 142, 143

PRESET = Settings.model_validate(
    {
        "pipelines": {
            "primary": {
                "pipeline_id": PRIMARY,
                "targets": {"booked": {"stage": BOOKED}, "cancelled": {"stage": BACK}, "visited": {"stage": WON}},
            },
            "repeat": {
                "pipeline_id": REPEAT,
                "win_after_days": 30,
                "targets": {
                    "booked": {"stage": AGAIN_BOOKED},
                    "cancelled": {"stage": AGAIN_BACK},
                    "visited": {"stage": AGAIN_VISITED},
                },
            },
        }
    }
)


def at(hour: int, minute: int = 0, *, day: int = 0) -> datetime:
    """A time of the day that is played, or so many days on."""
    return MORNING.replace(hour=hour, minute=minute) + timedelta(days=day)


@dataclass
class Hands:
    """A business clock that a test turns."""

    moment: datetime = MORNING

    def now(self) -> datetime:
        return self.moment


def visit(visit_id: str, start: datetime, *, patient: str | None = "4410", **more: Any) -> Visit:
    """A visit booked at eight in the morning of the played day, unless said otherwise; all fields are known."""
    value: dict[str, Any] = {
        "id": visit_id,
        "patient_id": patient,
        "status": "booked",
        "start": start,
        "end": start + timedelta(hours=1),
        "practitioner": {"id": "17", "name": "Иванова Мария Петровна"},
        "branch": {"id": "2", "name": "На Ленина"},
        "booked_by": {"id": "31", "name": "Орлова Анна"},
        "booked_at": at(8),
        "source": None,
        "moved_from": None,
        "arrived_at": None,
        "started_at": None,
        "ended_at": None,
        "billed_at": None,
        "cancelled_at": None,
        "cancelled_by": None,
        "cancel_reason": None,
        "sums": sums(),
    }
    return Visit.model_validate(value | more)


def sums(planned: str | None = None, billed: str | None = None, **more: str | None) -> dict[str, str | None]:
    """A visit's money, all of it known."""
    empty = dict.fromkeys(("planned", "billed", "gross", "discount", "paid", "debt", "insurance"))
    return empty | {"planned": planned, "billed": billed} | more


def changed(before: Visit, **more: Any) -> Visit:
    """The same visit after an edit."""
    return Visit.model_validate(before.model_dump(exclude_unset=True) | more)


def patient(
    patient_id: str = "4410",
    *,
    name: str | None = "Петров Пётр Ильич",
    phones: Sequence[str] = ("+79990000101",),
    **more: Any,
) -> Patient:
    """A made-up patient."""
    value = {
        "id": patient_id,
        "name": name,
        "birth_date": "2017-03-08",
        "phones": tuple(phones),
        "card_number": "1187",
        "representative": None,
        "practitioner": None,
        "source": None,
        "do_not_message": False,
        "archived": False,
        "staff": False,
    }
    return Patient.model_validate(value | more)


@dataclass
class Day:
    """What a test holds in its hands."""

    store: Store
    account: Account
    clock: Hands
    crm: FakeCrm
    settings: Settings = PRESET
    news: News = field(default_factory=News)
    gone_by: timedelta = timedelta(0)
    """Machine time that nobody waits for."""
    _seq: int = field(default=0)

    def reconcile(self, store: Store | None = None) -> Reconcile:
        """The delivery, as a process just started would have it."""
        return Reconcile(
            store or self.store,
            lambda _: self.crm,
            self.clock,
            news=self.news,
            jitter=lambda: 0.0,
            now=lambda: machine_now() + self.gone_by,
        )

    def wait(self, seconds: float) -> None:
        """Machine time goes by."""
        self.gone_by += timedelta(seconds=seconds)

    async def tell(self, *entities: Visit | Patient) -> None:
        """The agent pushed these."""
        await self._write(
            [self._change("visit" if isinstance(e, Visit) else "patient", e.id, e.dump()) for e in entities]
        )

    async def vanish(self, *visits: Visit) -> None:
        """These rows are gone from IDENT."""
        await self._write([self._change("visit", gone.id, None) for gone in visits])

    async def settle(self) -> int:
        """Deliver until nobody waits any more; says how many steps had something to do."""
        reconcile = self.reconcile()
        steps = 0
        while await reconcile.step(self.account):
            steps += 1
            assert steps < 20, "it does not come to rest"
        return steps

    async def go(self, moment: datetime) -> None:
        """Time goes by: what was told is delivered first, and what is due when it is due."""
        await self.settle()
        while (due := await self._next_due()) is not None and due <= moment:
            self.clock.moment = max(due, self.clock.moment)
            await self.settle()
        self.clock.moment = moment
        await self.settle()

    @property
    def deals(self) -> list[Deal]:
        """All cards, oldest first."""
        return [self.crm.deal_cards[deal_id] for deal_id in sorted(self.crm.deal_cards)]

    @property
    def deal(self) -> Deal:
        """The only card."""
        (only,) = self.deals
        return only

    @property
    def contact(self) -> Contact:
        """The only contact."""
        (only,) = self.crm.contact_cards.values()
        return only

    def notes(self, deal: Deal | None = None) -> list[str]:
        """What was told on a deal."""
        return self.crm.notes.get((deal or self.deal).id, [])

    async def outcomes(self) -> dict[str, tuple[str, str]]:
        """What is not done, and why."""
        async with self.store.reading(self.account) as unit:
            rows = await unit.execute(select(outcomes).where(in_account(unit, outcomes)))
            return {row.subject: (row.outcome, row.reason) for row in rows}

    async def left_over(self) -> dict[str, int]:
        """What still waits."""
        async with self.store.reading(self.account) as unit:
            return {
                table.name: len((await unit.execute(select(table).where(in_account(unit, table)))).all())
                for table in (dirty, intents)
            }

    async def links(self, patient_id: str = "4410") -> dict[str, int]:
        """The deal of each visit."""
        async with self.store.reading(self.account) as unit:
            return (await own.read_links(unit, DATABASE, [patient_id])).get(patient_id, {})

    async def touch(self) -> None:
        """IDENT touched all rows: everything is looked at again although nothing differs."""
        async with self.store.writing(self.account) as unit:
            self._seq += 1
            for row in (await unit.execute(select(dues.c.patient).where(in_account(unit, dues)).distinct())).all():
                await unit.execute(insert(dirty).values(self._dirty_row(row.patient)))

    async def configure(self, settings: Settings) -> None:
        """An admin saved other settings."""
        async with self.store.writing(self.account) as unit:
            await unit.execute(
                update(accounts)
                .where(accounts.c.id == unit.account.id)
                .values(settings=settings.model_dump_json(by_alias=True))
            )

    async def gate(self, *, loaded: bool, verified: bool = False, outbox: int = 0) -> None:
        """How far the first load of the database is."""
        async with self.store.writing(self.account) as unit:
            values = {
                "loaded_at": machine_now() if loaded else None,
                "verified_through": MORNING if verified else None,
                "outbox_depth": outbox,
            }
            await unit.execute(update(databases).where(in_account(unit, databases)).values(values))

    def _dirty_row(self, patient_id: str) -> dict[str, Any]:
        return {
            "account_id": self.account.id,
            "database": DATABASE,
            "patient": patient_id,
            "arrival": 10_000 + self._seq,
            "since": machine_now(),
        }

    def _change(self, kind: str, key: str, value: dict[str, Any] | None) -> Change:
        self._seq += 1
        op = "vanished" if value is None else "upsert"
        read_at = self.clock.now()
        return Change.model_validate(
            {"seq": self._seq, "kind": kind, "key": key, "read_at": read_at, "op": op, "value": value}
        )

    async def _write(self, changes: Sequence[Change]) -> None:
        async with self.store.writing(self.account) as unit:
            await write(unit, DATABASE, changes)

    async def _next_due(self) -> datetime | None:
        async with self.store.reading(self.account) as unit:
            row = (
                await unit.execute(select(dues.c.due).where(in_account(unit, dues)).order_by(dues.c.due).limit(1))
            ).first()
            return row.due if row else None


async def begun(store: Store, *, settings: Settings = PRESET, account_id: int = 1) -> Day:
    """A clinic that is followed since seven in the morning."""
    account = grant_operation(account_id)
    clock = Hands()
    async with store.writing(account) as unit:
        await unit.execute(
            insert(accounts).values(
                id=account_id,
                host="example.amocrm.ru",
                settings=settings.model_dump_json(by_alias=True),
                created_at=datetime(2026, 11, 1, tzinfo=UTC),
            )
        )
        await unit.execute(
            insert(databases).values(
                account_id=account_id,
                id=DATABASE,
                name="PZ",
                zone=ZONE.key,
                generation=1,
                live_since=MORNING,
                loaded_at=machine_now(),
                outbox_depth=0,
            )
        )
    return Day(store, account, clock, FakeCrm(clock), settings)


@asynccontextmanager
async def a_sqlite_store(folder: Path, template: bytes) -> AsyncIterator[Store]:
    """A store for tests that need many days: each takes an account of its own in it."""
    file = folder / "hub.db"
    file.write_bytes(template)
    with statements_at_once():
        async with open_store(f"sqlite:///{file}", KeyFiles(folder / "keys", bytes(32))) as store:
            yield store


def stage(deal: Deal) -> tuple[int, int]:
    """Where a card stands."""
    return deal.stage.pipeline_id, deal.stage.stage_id


def primary(stage_id: int) -> Stage:
    """A stage of «Первичные»."""
    return Stage(PRIMARY, stage_id)
