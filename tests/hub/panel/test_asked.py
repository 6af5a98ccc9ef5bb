"""What the rules ask an operator (R11), from the delivery that asks to the card that offers the choice, and back."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from hub.accounts import Account
from hub.clock import Clock
from hub.crm import SeenContact, SeenDeal
from hub.link.lookups import Lookups
from hub.links.choices import forget_choice, save_choice
from hub.panel.card import Cards
from hub.panel.journal import Journal
from hub.panel.model import Panel
from hub.panel.offered import Offered
from hub.panel.visitor import Visitor
from hub.rules.model import PatientKey
from tests.hub.clinic_day import (
    BOOKED,
    DATABASE,
    LOST,
    NEW,
    PRIMARY,
    Day,
    a_sqlite_store,
    at,
    begun,
    patient,
    primary,
    stage,
    visit,
)
from tests.hub.panel.opened import OPERATOR, FakeRights
from wire.lookup import CardAnswer, CardPatient, CardQuestion

KEY = PatientKey(DATABASE, "4410")
PHONE = "+79990000101"
FIRST = visit("81234", at(14, 30))


@dataclass
class OnePatient(Lookups):
    """A clinic that knows one patient, whoever is asked for."""

    clock: Clock

    async def card(self, account: Account, database: str, question: CardQuestion, within_seconds: float) -> CardAnswer:
        told = CardPatient(id=KEY.patient, name="Петров Пётр Ильич", phones=(PHONE,), visits=(FIRST,))
        return CardAnswer(patients=(told,), read_at=self.clock.now())


class Connected:
    """The clinic's agent is there."""

    def connected(self) -> Collection[tuple[int, str]]:
        return ((1, DATABASE),)

    def left_at(self, key: tuple[int, str]) -> datetime | None:
        return None


@dataclass
class Desk:
    """An operator in front of the deals of a clinic."""

    day: Day
    rights: FakeRights
    cards: Cards

    @property
    def visitor(self) -> Visitor:
        return Visitor(self.day.account, OPERATOR, "https://example.amocrm.ru")

    async def card(self, deal_id: int) -> Panel:
        """As the operator sees it in amoCRM now."""
        crm = self.day.crm
        for deal in crm.deal_cards.values():
            self.rights.deals[1, deal.id] = SeenDeal(deal.id, deal.contact_ids, deal.main_contact_id)
        for one in crm.contact_cards.values():
            self.rights.contacts[1, one.id] = SeenContact(one.id, one.name, one.phones, one.raw_phones)
        return await self.cards.deal(self.visitor, deal_id)

    async def choose(self, deal_id: int) -> None:
        """The one whom the card shows; then the rules follow."""
        shown = (await self.card(deal_id)).patient
        assert shown
        key = PatientKey(*shown.id.split(":"))
        assert await self.cards.may_choose(self.visitor, deal_id, key)
        async with self.day.store.writing(self.day.account) as unit:
            await save_choice(unit, deal_id, key, OPERATOR, self.day.clock.now())
        await self.day.settle()


@pytest.fixture
async def desk(tmp_path: Path, migrated_sqlite: bytes) -> AsyncIterator[Desk]:
    """It is eight in the morning."""
    async with a_sqlite_store(tmp_path, migrated_sqlite) as store:
        day = await begun(store)
        day.clock.moment = at(8)
        rights = FakeRights()
        lookups = OnePatient(day.clock)
        yield Desk(day, rights, Cards(store, rights, lookups, Connected(), Journal(store), day.clock, Offered()))


async def asks(desk: Desk, deal_id: int) -> tuple[str, str | None, bool]:
    """What the card says: its state, what is asked of the operator, and whether somebody was chosen."""
    panel = await desk.card(deal_id)
    return panel.state, panel.asked, panel.chosen


async def test_a_lead_of_another_name_offers_the_one_patient_of_its_phone(desk: Desk) -> None:
    lead = desk.day.crm.lead(name="Кузнецова Ольга", phone=PHONE, stage=primary(NEW))
    await desk.day.tell(patient(), FIRST)
    await desk.day.settle()
    assert await desk.day.outcomes() == {"patient:4410": ("ask", "other_name_on_phone")}
    assert await asks(desk, lead) == ("found", "person", False)

    await desk.choose(lead)

    assert await desk.day.outcomes() == {}
    assert stage(desk.day.deal) == (PRIMARY, BOOKED)
    assert await asks(desk, lead) == ("found", None, True)


async def test_of_two_leads_of_one_patient_either_may_be_chosen(desk: Desk) -> None:
    leads = [desk.day.crm.lead(name=name, phone=PHONE, stage=primary(NEW)) for name in ("Новая заявка", "Заявка")]
    await desk.day.tell(patient(), FIRST)
    await desk.day.settle()
    assert await desk.day.outcomes() == {"patient:4410": ("ask", "several_candidates")}
    assert [await asks(desk, lead) for lead in leads] == [("found", "person", False)] * 2

    await desk.choose(leads[1])

    assert await desk.day.outcomes() == {}
    assert await desk.day.links() == {"81234": leads[1]}
    assert [await asks(desk, lead) for lead in leads] == [("found", None, False), ("found", None, True)]


async def test_of_two_deals_of_a_patient_the_open_ones_offer_to_take_the_new_visits(desk: Desk) -> None:
    day = desk.day
    await day.tell(patient(), FIRST)
    await day.settle()
    first = day.deal.id
    lead, closed = (day.crm.lead(name="Петров Пётр Ильич", stage=primary(NEW)) for _ in range(2))
    for number, deal_id in enumerate((closed, lead)):
        await chosen_for_a_visit(desk, deal_id, f"8130{number}", number)
    day.crm.edit(closed, stage=primary(LOST))
    await day.tell(visit("81300", at(18, day=1), booked_at=at(8)))  # it is read again for this one
    await day.settle()
    await day.tell(visit("81400", at(17, day=5), booked_at=at(8)))
    await day.settle()
    assert await day.outcomes() == {"patient:4410": ("ask", "several_deals")}
    assert [await asks(desk, deal_id) for deal_id in (first, lead, closed)] == [
        ("found", "deal", False),
        ("found", "deal", False),
        ("found", None, False),
    ]

    await desk.choose(first)

    assert (await day.links())["81400"] == first
    assert await day.outcomes() == {}
    assert await asks(desk, lead) == ("found", None, False)


async def chosen_for_a_visit(desk: Desk, deal_id: int, visit_id: str, number: int) -> None:
    """It takes one visit, and the choice is taken back."""
    async with desk.day.store.writing(desk.day.account) as unit:
        await save_choice(unit, deal_id, KEY, OPERATOR, desk.day.clock.now())
    await desk.day.tell(visit(visit_id, at(16, day=number + 1), booked_at=at(8)))
    await desk.day.settle()
    async with desk.day.store.writing(desk.day.account) as unit:
        await forget_choice(unit, deal_id)
    await desk.day.settle()
