"""Whom the button books: the patient of the open card, by key or by phone; else somebody who waits."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from demo.amocrm.app import serving
from demo.amocrm.model import Json
from demo.amocrm.stand_in import Options, StandIn
from demo.walk_in import Cards, Whom
from tests.demo.amocrm.conftest import phone

PATIENT = "IDENT: пациент"


class Office:
    """A stand-in with cards of patients and of strangers."""

    def __init__(self) -> None:
        self.stand_in = StandIn(Options())
        self.now = 1_795_000_000
        self.stand_in.account.now = lambda: self.now

    def deal(self, contact: Json | None = None, *, patient: str | None = None, **body: object) -> int:
        self.now += 60
        fields = [{"field_id": self._field("leads"), "values": [{"value": patient}]}] if patient else []
        made = {
            "name": "Сделка",
            "custom_fields_values": fields,
            **body,
            "_embedded": {"contacts": [contact] if contact else []},
        }
        return self.stand_in.create_lead(0, made).id

    def _field(self, entity: str) -> int:
        fields = self.stand_in.account.fields["leads" if entity == "leads" else "contacts"]
        return next(field.id for field in fields.values() if field.name == PATIENT)

    def contact(self, name: str, number: str) -> Json:
        return {"first_name": name, "custom_fields_values": [phone(number)]}


@pytest.fixture
async def office() -> AsyncIterator[tuple[Office, Cards]]:
    office = Office()
    async with serving(office.stand_in) as url, aiohttp.ClientSession() as session:
        crm = {"url": url, "token": office.stand_in.judge_token(url)}
        headers = {"Authorization": f"Bearer {crm['token']}"}
        for entity in ("leads", "contacts"):
            body = [{"name": PATIENT, "type": "text"}]
            async with session.post(f"{url}/api/v4/{entity}/custom_fields", json=body, headers=headers) as answer:
                assert answer.status == 201
        yield office, Cards(session, crm)


async def test_a_deal_of_the_clinics_names_its_patient(office: tuple[Office, Cards]) -> None:
    there, cards = office
    deal = there.deal(there.contact("Щеглов Иван", "+79990001111"), patient="db_1:4410")

    assert await cards.of_deal(deal) == Whom(deal, patient=4410)
    assert (await cards.of_deal(deal)).asked == {"patient": 4410}


@pytest.mark.parametrize(
    ("name", "told"), [("Цаплина Нелли", "Цаплина Нелли"), ("Заявка с сайта", ""), ("+7 999 000-11-11", "")]
)
async def test_a_request_is_booked_by_phone_and_by_name_where_it_is_one(
    office: tuple[Office, Cards], name: str, told: str
) -> None:
    there, cards = office
    deal = there.deal(there.contact(name, "8 (999) 000-11-11"))

    assert (await cards.of_deal(deal)).asked == {"phone": "+79990001111", "name": told}


async def test_a_contact_is_known_by_its_phone_and_shows_its_deal(office: tuple[Office, Cards]) -> None:
    there, cards = office
    deal = there.deal(there.contact("Цаплина Нелли", "+79990001111"))
    contact = there.stand_in.account.leads[deal].main_contact
    assert contact

    assert await cards.of_contact(contact) == Whom(deal, phone="+79990001111", name="Цаплина Нелли")


async def test_without_a_card_it_is_the_newest_request_that_is_open(office: tuple[Office, Cards]) -> None:
    there, cards = office
    there.deal(there.contact("Первый", "+79990001111"))
    newest = there.deal(there.contact("Второй", "+79990002222"))
    there.deal(there.contact("Щеглов Иван", "+79990003333"), patient="db_1:4410")
    pipeline = there.stand_in.account.main_pipeline().id
    there.deal(there.contact("Закрыт", "+79990004444"), status_id=143, pipeline_id=pipeline)

    assert (await cards.of_somebody()).deal == newest


async def test_where_nobody_waits_it_is_a_patient(office: tuple[Office, Cards]) -> None:
    there, cards = office
    deal = there.deal(there.contact("Щеглов Иван", "+79990003333"), patient="db_1:4410")

    assert await cards.of_somebody() == Whom(deal, patient=4410)


async def test_nobody_is_asked_about_where_there_is_nobody(office: tuple[Office, Cards]) -> None:
    there, cards = office

    assert (await cards.of_somebody()).asked is None
    assert (await cards.of_deal(1)).asked is None
    assert (await cards.of_contact(1)).asked is None
    assert (await cards.of_deal(there.deal())).asked is None
