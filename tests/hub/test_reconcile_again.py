"""What amoCRM holds is looked at before anything is made for a patient that we know: a contact may be gone."""

import pytest

from hub.links.choices import save_choice
from hub.links.own import read_contacts
from hub.rules.fields import ContactField
from hub.rules.model import PatientKey
from hub.store.engine import Store
from tests.hub.clinic_day import BOOKED, DATABASE, LOST, NEW, PRIMARY, Day, at, begun, patient, primary, stage, visit

KEY = PatientKey(DATABASE, "4410")


@pytest.fixture
async def day(store: Store) -> Day:
    """A clinic that is followed since seven in the morning."""
    return await begun(store)


async def lost(day: Day) -> int:
    """A patient whose deal was lost; says which contact is its own."""
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    contact_id = day.contact.id
    day.crm.edit(day.deal.id, stage=primary(LOST))
    return contact_id


async def own_contact(day: Day) -> int:
    async with day.store.reading(day.account) as unit:
        return (await read_contacts(unit, DATABASE, ["4410"]))["4410"].contact_id


async def test_r16_a_deal_is_made_with_a_new_contact_where_the_patients_was_deleted(day: Day) -> None:
    gone = await lost(day)
    del day.crm.contact_cards[gone]
    day.crm.forget_requests()

    await day.tell(visit("81300", at(10, day=1)))
    await day.settle()

    made = day.deals[-1]
    assert stage(made) == (PRIMARY, BOOKED)
    assert made.contact_ids == (day.contact.id,)
    assert day.contact.fields[ContactField.PATIENT_KEY] == str(KEY)
    assert await own_contact(day) == day.contact.id != gone
    assert day.crm.count("create_deals") == 1
    assert await day.outcomes() == {}


async def test_r8_a_contact_that_was_merged_away_is_found_where_the_patients_key_stands_now(day: Day) -> None:
    gone = await lost(day)
    into = day.crm.person(name="Петров П.", phone="+79990000101")
    day.crm.edit_contact(into, fields=day.crm.contact_cards[gone].fields)
    del day.crm.contact_cards[gone]
    lead = day.crm.lead(contact=into, stage=primary(NEW))

    await day.tell(visit("81300", at(10, day=1)))
    await day.settle()

    made = day.deals[-1]
    assert made.id not in (lead, day.deals[0].id)
    assert made.contact_ids == (into,)
    assert await own_contact(day) == into
    assert len(day.crm.contact_cards) == 1


async def test_r11_a_patient_without_contact_that_has_a_deal_joins_no_lead_by_phone(day: Day) -> None:
    gone = await lost(day)
    del day.crm.contact_cards[gone]
    lead = day.crm.lead(name="Петров Пётр Ильич", phone="+79990000101", stage=primary(NEW))

    await day.tell(visit("81300", at(10, day=1)))
    await day.settle()

    made = day.deals[-1]
    assert made.id != lead
    assert made.contact_ids == day.crm.deal_cards[lead].contact_ids


async def test_r11_a_chosen_deal_gets_a_new_contact_where_the_patients_was_deleted(day: Day) -> None:
    gone = await lost(day)
    del day.crm.contact_cards[gone]
    lead = day.crm.lead(name="Кузнецова Ольга", phone="+79990000155", stage=primary(NEW))
    async with day.store.writing(day.account) as unit:
        await save_choice(unit, lead, KEY, 77, at(8))

    await day.tell(visit("81300", at(10, day=1)))
    await day.settle()

    chosen = day.crm.deal_cards[lead]
    main, own = chosen.contact_ids
    assert (main, own) == (chosen.main_contact_id, await own_contact(day))
    assert day.crm.contact_cards[own].name == "Петров Пётр Ильич"
    assert await day.outcomes() == {}
