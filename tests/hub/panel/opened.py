"""A hub that opens cards: its real store, link and panel; clinics that answer over real sockets what a test says, and rights that a test
gives."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import insert, select, update
from websockets.exceptions import ConnectionClosed

from hub.accounts import grant_operation
from hub.crm import SeenContact, SeenDeal, User
from hub.inbox.write import write
from hub.link.lookups import Lookups
from hub.links import own
from hub.links.choices import save_choice
from hub.panel.card import Cards
from hub.panel.journal import Journal
from hub.panel.offered import Offered
from hub.panel.rights import NOT_YOURS, Rights
from hub.panel.search import Hourly, Searches
from hub.panel.visitor import Told, Visitor
from hub.rules.model import ContactMemory, Memory, PatientKey, Stage
from hub.rules.plan import OwnContact, OwnDeal
from hub.store import tables
from hub.store.engine import Store
from hub.store.panel_tables import accesses
from tests.hub.linked import Agent, Hub, Talk
from tests.hub.panel.people import NOW, SETTINGS
from wire.frames import Answer, Ask, Cancel, Change, Fault
from wire.lookup import CardAnswer, CardPatient, FoundPatient, SearchAnswer
from wire.model import Balance, Entity

OPERATOR, ADMIN = 501, 502
HOLD = 0.05

C = TypeVar("C", SeenDeal, SeenContact)
Reply = Callable[[Ask], Any]
"""What a clinic answers: an entity, a code of a fault, or None: silence."""


class FakeRights(Rights):
    """amoCRM, as a test says: cards that are not named are kept from everybody."""

    def __init__(self) -> None:
        self.deals: dict[tuple[int, int], SeenDeal] = {}
        self.contacts: dict[tuple[int, int], SeenContact] = {}
        self.users = {user: User(user, "Орлова Анна", is_admin=user == ADMIN) for user in (OPERATOR, ADMIN)}
        self.fails: Told | None = None

    async def user(self, visitor: Visitor) -> User:
        return self.users[visitor.user_id]

    async def seen_deal(self, visitor: Visitor, deal_id: int) -> SeenDeal:
        return self._let_in(self.deals.get((visitor.account.id, deal_id)))

    async def seen_contact(self, visitor: Visitor, contact_id: int) -> SeenContact:
        return self._let_in(self.contacts.get((visitor.account.id, contact_id)))

    def _let_in(self, card: C | None) -> C:
        if self.fails:
            raise self.fails
        if card is None:
            raise Told(403, "refused", NOT_YOURS)
        return card


class Hands:
    """Business time, as a test sets it."""

    def __init__(self) -> None:
        self.at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass
class Desk:
    """The panel of a hub, and who works at it."""

    hub: Hub
    rights: FakeRights = field(default_factory=FakeRights)
    clock: Hands = field(default_factory=Hands)
    offered: Offered = field(default_factory=Offered)
    lookups: Lookups = field(init=False)
    cards: Cards = field(init=False)
    searches: Searches = field(init=False)

    def __post_init__(self) -> None:
        self.lookups = Lookups(self.hub.registry, HOLD)
        journal, links = Journal(self.store), self.hub.registry
        self.cards = Cards(self.store, self.rights, self.lookups, links, journal, self.clock, self.offered)
        self.searches = Searches(
            self.store, self.rights, self.lookups, links, journal, self.clock, self.offered, Hourly(most=3)
        )

    @property
    def store(self) -> Store:
        return self.hub.store

    def visitor(self, account: int = 1, user: int = OPERATOR) -> Visitor:
        return Visitor(grant_operation(account), user, f"https://a{account}.amocrm.ru")

    # amoCRM

    def deal(self, *contacts: SeenContact, deal_id: int = 1, account: int = 1) -> None:
        """A deal of these contacts, the first of them the main one, that everybody may see."""
        ids = tuple(contact.id for contact in contacts)
        self.rights.deals[account, deal_id] = SeenDeal(deal_id, ids, ids[0] if ids else None)
        for contact in contacts:
            self.contact(contact, account)

    def contact(self, contact: SeenContact, account: int = 1) -> None:
        self.rights.contacts[account, contact.id] = contact

    # The store

    async def configure(self, *accounts: int) -> None:
        for account in accounts:
            await self.hub.write(
                update(tables.accounts)
                .where(tables.accounts.c.id == account)
                .values(settings=SETTINGS.model_dump_json(by_alias=True))
            )

    async def stands(self, database: str = "db_1", account: int = 1, **values: Any) -> None:
        """How the agent said that the clinic stands."""
        here = tables.databases.c.account_id == account, tables.databases.c.id == database
        await self.hub.write(update(tables.databases).where(*here).values(**values))

    async def told(self, *entities: Entity, database: str = "db_1", account: int = 1, read_at: datetime = NOW) -> None:
        """What the clinic pushed before."""
        kinds: dict[str, Any] = {
            "Visit": "visit",
            "Patient": "patient",
            "Balance": "balance",
            "Checkup": "checkup",
            "Plan": "plan",
        }
        changes = [
            Change(
                seq=seq,
                kind=kinds[type(one).__name__],
                key=one.patient_id if isinstance(one, Balance) else one.id,
                read_at=read_at,
                value=one.dump(),
            )
            for seq, one in enumerate(entities, 1)
        ]
        async with self.store.writing(grant_operation(account)) as unit:
            await write(unit, database, changes)

    async def link(self, key: PatientKey, deal_id: int = 1, account: int = 1) -> None:
        async with self.store.writing(grant_operation(account)) as unit:
            await own.save_deal(unit, key, deal_id, OwnDeal(Stage(101, 1001), Memory()), None)

    async def link_contact(self, key: PatientKey, contact_id: int) -> None:
        async with self.store.writing(grant_operation(1)) as unit:
            await own.save_contact(unit, key, OwnContact(contact_id, ContactMemory()))

    async def choose(self, key: PatientKey, deal_id: int = 1) -> None:
        async with self.store.writing(grant_operation(1)) as unit:
            await save_choice(unit, deal_id, key, OPERATOR, NOW)

    async def journal(self, account: int = 1) -> list[tuple[int, str, list[str]]]:
        async with self.store.reading(grant_operation(account)) as unit:
            rows = await unit.execute(select(accesses).where(accesses.c.account_id == account).order_by(accesses.c.n))
        return [(row.user_id, row.action, json.loads(row.subjects)) for row in rows]


@dataclass
class Clinic:
    """What came to a clinic."""

    talk: Talk
    asked: list[Ask] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reply: Reply) -> None:
        with suppress(ConnectionClosed):
            async for text in self.talk.socket:
                frame = self.talk.session.receive(text)
                if isinstance(frame, Ask):
                    self.asked.append(frame)
                    await self._answer(frame, reply(frame))
                elif isinstance(frame, Cancel):
                    self.cancelled.append(frame.id)
                self.heard.set()

    async def _answer(self, ask: Ask, said: Any) -> None:
        if isinstance(said, str):
            await self.talk.say(Fault(id=ask.id, code=said))
        elif said is not None:
            await self.talk.say(Answer(id=ask.id, value=said.dump()))


@asynccontextmanager
async def answering(desk: Desk, reply: Reply, *, database: str = "db_1", account: int = 1) -> AsyncIterator[Clinic]:
    """A clinic whose agent is connected, and says that all is well."""
    agent = await Agent(desk.hub, f"ag_{account}_{database}", database).enrol(account)
    async with agent.linked() as talk, asyncio.TaskGroup() as tasks:
        clinic = Clinic(talk)
        serving = tasks.create_task(clinic.serve(reply))
        await desk.stands(database, account, mis="ok", read_through=desk.clock.at, loaded_at=desk.clock.at)
        try:
            yield clinic
        finally:
            serving.cancel()


def knows(*people: CardPatient, read_at: datetime = NOW) -> Reply:
    """As an agent answers cards: those asked for by id, and whoever bears one of the phones."""

    def reply(ask: Ask) -> CardAnswer:
        ids, phones = ask.args.get("patient_ids", ()), set(ask.args.get("phones", ()))
        found = [one for one in people if one.id in ids or not phones.isdisjoint(one.phones)]
        return CardAnswer(patients=tuple(found), read_at=read_at)

    return reply


def finds(*people: FoundPatient, more: bool = False) -> Reply:
    """Whatever is searched."""
    return lambda _: SearchAnswer(patients=people, more=more)


def contact(contact_id: int, name: str = "", *phones: str) -> SeenContact:
    """As amoCRM tells of one."""
    return SeenContact(contact_id, name, phones, phones)


async def add_database(hub: Hub, account: int, database: str) -> None:
    """One more, in Moscow."""
    row = {"account_id": account, "id": database, "name": database, "zone": "Europe/Moscow"}
    await hub.write(insert(tables.databases).values(row))
