"""What operators do in the panel, as a clinic meets it: R11 (the deal that an operator chose), R26 (confirmations)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.crm import AnswerLost
from hub.links.choices import forget_choice, read_choice, save_choice
from hub.links.confirmations import Confirmation, read_confirmation, save_confirmation
from hub.links.own import read_deal
from hub.rules.fields import ContactField, DealField
from hub.rules.model import Command, Deal, PatchDeal, PatientKey, Stage
from tests.hub.clinic_day import (
    AGAIN_BOOKED,
    BACK,
    BOOKED,
    DATABASE,
    NEW,
    PRIMARY,
    REPEAT,
    WON,
    Day,
    a_sqlite_store,
    at,
    begun,
    changed,
    patient,
    primary,
    stage,
    visit,
)

KEY = PatientKey(DATABASE, "4410")
OTHER = PatientKey(DATABASE, "4411")
ORLOVA = 77
PHONE = "+79990000101"
TEXT = "Орлова Анна, вт 24 ноя, 12:41: вт 24 ноя, 14:30"


@pytest.fixture
async def day(tmp_path: Path, migrated_sqlite: bytes) -> AsyncIterator[Day]:
    """A clinic that is followed since seven in the morning; it is eight."""
    async with a_sqlite_store(tmp_path, migrated_sqlite) as store:
        opened = await begun(store)
        opened.clock.moment = at(8)
        yield opened


async def choose(day: Day, deal_id: int, key: PatientKey = KEY) -> None:
    async with day.store.writing(day.account) as unit:
        await save_choice(unit, deal_id, key, ORLOVA, day.clock.now())


async def take_back(day: Day, deal_id: int) -> None:
    async with day.store.writing(day.account) as unit:
        await forget_choice(unit, deal_id)


async def owner(day: Day, deal_id: int) -> PatientKey | None:
    async with day.store.reading(day.account) as unit:
        found = await read_deal(unit, deal_id)
    return found[0] if found else None


def card(day: Day, deal_id: int) -> Deal:
    return day.crm.deal_cards[deal_id]


def someone_elses(day: Day, phone: str = PHONE, **more: Any) -> int:
    """A lead with another name."""
    return day.crm.lead(name="Кузнецова Ольга", phone=phone, **({"stage": primary(NEW)} | more))


async def at_rest(day: Day) -> None:
    """The same state again gives no request."""
    day.crm.forget_requests()
    await day.touch()
    await day.settle()
    assert day.crm.requests == []
    assert await day.left_over() == {"dirty": 0, "intents": 0}


async def test_r11_a_lead_that_was_asked_about_is_joined_when_an_operator_says_whose_it_is(day: Day) -> None:
    lead = someone_elses(day)
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    assert await day.outcomes() == {"patient:4410": ("ask", "other_name_on_phone")}

    await choose(day, lead)
    await day.settle()

    assert stage(card(day, lead)) == (PRIMARY, BOOKED)
    assert card(day, lead).fields[DealField.VISITS] == "db_1:81234"
    assert await day.outcomes() == {}
    main, own = (day.crm.contact_cards[contact_id] for contact_id in card(day, lead).contact_ids)
    assert card(day, lead).main_contact_id == main.id
    assert (main.name, main.fields) == ("Кузнецова Ольга", {})
    assert own.fields[ContactField.PATIENT_KEY] == str(KEY)
    await at_rest(day)


async def test_r11_a_lead_of_another_phone_waits_for_the_visit_and_gets_it(day: Day) -> None:
    lead = someone_elses(day, phone="+79990000155")
    await day.tell(patient())
    await choose(day, lead)
    await day.settle()
    assert day.crm.count("create_contacts", "patch_deals", "create_deals") == 0
    assert await owner(day, lead) is None

    await day.tell(visit("81234", at(14, 30)))
    await day.settle()

    assert [stage(deal) for deal in day.deals] == [(PRIMARY, BOOKED)]
    assert await owner(day, lead) == KEY
    await at_rest(day)


async def test_r11_the_lead_of_the_patients_own_name_brings_its_contact(day: Day) -> None:
    lead = day.crm.lead(name="Петров Пётр Ильич", phone="+79990000155", stage=primary(NEW))
    await choose(day, lead)
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()

    assert day.contact.fields[ContactField.PATIENT_KEY] == str(KEY)
    assert set(day.contact.phones) == {PHONE, "+79990000155"}
    await at_rest(day)


async def test_r11_the_next_visit_goes_to_the_chosen_deal_and_the_old_one_keeps_its_own(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    first = day.deal.id
    lead = someone_elses(day, phone="+79990000155")
    await choose(day, lead)
    await day.settle()
    assert await day.links() == {"81234": first}

    await day.tell(visit("81300", at(16), booked_at=at(8)))
    await day.settle()

    assert await day.links() == {"81234": first, "81300": lead}
    assert len(day.deals) == 2
    own = next(c for c in day.crm.contact_cards.values() if c.fields.get(ContactField.PATIENT_KEY) == str(KEY))
    assert own.id in card(day, lead).contact_ids  # linked, beside the caller
    assert card(day, lead).main_contact_id != own.id
    await at_rest(day)


async def test_r11_a_regulars_lead_is_won_by_the_visit_and_what_lies_ahead_goes_on(day: Day) -> None:
    lead = someone_elses(day)
    history = visit("70000", at(9, day=-30), status="fulfilled", booked_at=at(9, day=-31), ended_at=at(10, day=-30))
    today, later = visit("81234", at(9)), visit("81300", at(16, day=7))
    await choose(day, lead)
    await day.tell(patient(), history, today, later)
    await day.settle()
    assert stage(card(day, lead)) == (PRIMARY, BOOKED)
    assert await day.links() == {"81234": lead, "81300": lead}

    day.clock.moment = at(11)
    await day.tell(changed(today, status="fulfilled", ended_at=at(10)))
    await day.settle()

    first, again = day.deals
    assert (stage(first), stage(again)) == ((PRIMARY, WON), (REPEAT, AGAIN_BOOKED))
    assert await day.links() == {"81234": lead, "81300": again.id}
    await at_rest(day)


async def test_r11_taken_back_before_the_visit_all_is_as_before(day: Day) -> None:
    lead = someone_elses(day)
    await choose(day, lead)
    await day.settle()
    await take_back(day, lead)
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()

    assert await day.outcomes() == {"patient:4410": ("ask", "other_name_on_phone")}
    assert card(day, lead).fields == {}


async def test_r11_taken_back_after_the_visit_nothing_written_is_undone(day: Day) -> None:
    lead = someone_elses(day)
    history = visit("70000", at(9, day=-30), status="fulfilled", booked_at=at(9, day=-31), ended_at=at(10, day=-30))
    await choose(day, lead)
    await day.tell(patient(), history, visit("81234", at(14, 30)))
    await day.settle()
    before = dict(day.crm.deal_cards)
    day.crm.forget_requests()

    await take_back(day, lead)
    await day.settle()

    assert day.crm.deal_cards == before
    assert day.crm.requests == []
    assert await day.links() == {"81234": lead}


async def test_r11_a_deal_of_another_patient_is_not_rewritten(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    first = day.deal
    await choose(day, first.id, OTHER)
    await day.tell(
        patient("4411", name="Сидоров Иван", phones=["+79990000177"]), visit("90000", at(15), patient="4411")
    )
    await day.settle()

    assert day.crm.deal_cards[first.id] == first
    assert (await owner(day, first.id), len(day.deals)) == (KEY, 2)
    await at_rest(day)


@pytest.mark.parametrize("where", [primary(WON), Stage(900, 1)])
async def test_r11_a_closed_deal_or_one_elsewhere_joins_nothing(day: Day, where: Stage) -> None:
    lead = someone_elses(day, stage=where)
    await choose(day, lead)
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()

    assert stage(card(day, lead)) == (where.pipeline_id, where.stage_id)
    assert card(day, lead).fields == {}
    assert [stage(deal) for deal in day.deals if deal.id != lead] == [(PRIMARY, BOOKED)]
    async with day.store.reading(day.account) as unit:
        assert await read_choice(unit, lead) == KEY  # for showing
    await at_rest(day)


async def test_r11_the_choice_of_one_patient_takes_the_lead_from_the_others_question(day: Day) -> None:
    lead = someone_elses(day)
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    assert list(await day.outcomes()) == ["patient:4410"]

    await choose(day, lead, OTHER)
    await day.settle()

    assert await day.outcomes() == {}
    assert card(day, lead).fields == {}
    assert [stage(deal) for deal in day.deals if deal.id != lead] == [(PRIMARY, BOOKED)]


async def test_r11_a_choice_ends_the_doubt_between_two_open_deals_of_ours(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    lead = someone_elses(day, phone="+79990000155")
    await choose(day, lead)
    await day.tell(visit("81300", at(16), booked_at=at(8)))
    await day.settle()
    await take_back(day, lead)
    await day.tell(visit("81400", at(17), booked_at=at(8)))
    await day.settle()
    assert await day.outcomes() == {"patient:4410": ("ask", "several_deals")}

    await choose(day, day.deals[0].id)
    await day.settle()

    assert (await day.links())["81400"] == day.deals[0].id
    assert await day.outcomes() == {}
    await at_rest(day)


async def test_r11_the_same_choice_again_asks_for_nothing(day: Day) -> None:
    lead = someone_elses(day)
    await day.tell(patient(), visit("81234", at(14, 30)))
    await choose(day, lead)
    await day.settle()
    day.crm.forget_requests()

    await choose(day, lead)

    assert (await day.settle(), day.crm.requests) == (0, [])


async def test_r11_a_lost_answer_while_the_contact_is_linked_is_looked_up(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    lead = someone_elses(day, phone="+79990000155")
    await choose(day, lead)
    await day.tell(visit("81300", at(16), booked_at=at(8)))

    def lose(call: str) -> None:
        if call == "link_contacts":
            day.crm.after = lambda _: None
            raise AnswerLost

    day.crm.after = lose
    with pytest.raises(AnswerLost):
        await day.settle()
    await day.settle()

    assert len(card(day, lead).contact_ids) == 2
    assert day.crm.count("link_contacts") == 1
    await at_rest(day)


# R26


async def confirmed(day: Day, **more: Any) -> Day:
    """A visit for half past two, confirmed in the panel."""
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    confirmation = Confirmation(day.deal.id, DATABASE, "81234", at(14, 30), "2", ORLOVA, TEXT, at(8, 30))
    async with day.store.writing(day.account) as unit:
        await save_confirmation(unit, replace(confirmation, **more))
    day.crm.edit(day.deal.id, fields={**day.deal.fields, DealField.CONFIRMED: TEXT})
    day.crm.forget_requests()
    return day


async def kept(day: Day) -> Confirmation | None:
    async with day.store.reading(day.account) as unit:
        return await read_confirmation(unit, day.deals[0].id)


async def test_r26_a_confirmation_stays_while_its_visit_stands(day: Day) -> None:
    await confirmed(day)
    await day.tell(visit("81234", at(14, 40), practitioner={"id": "18", "name": "Другой Врач"}))
    await day.settle()
    await day.tell(visit("81234", at(14, 40), status="arrived", arrived_at=at(14, 35)))
    day.clock.moment = at(14, 36)
    await day.settle()

    assert day.deal.fields[DealField.CONFIRMED] == TEXT
    assert await kept(day)
    await at_rest(day)


@pytest.mark.parametrize(
    "after",
    [
        visit("81234", at(15)),
        visit("81234", at(14, 30, day=1)),
        visit("81234", at(14, 30), branch={"id": "3", "name": "На Мира"}),
    ],
)
async def test_r26_a_confirmation_goes_with_the_time_and_place_that_it_was_given_for(day: Day, after: Any) -> None:
    await confirmed(day)
    await day.tell(after)
    await day.settle()

    assert DealField.CONFIRMED not in day.deal.fields
    assert await kept(day) is None
    assert day.crm.count("patch_deals") == 1
    await at_rest(day)


async def test_r26_a_cancelled_visit_is_not_confirmed_any_more_when_its_grace_is_over(day: Day) -> None:
    await confirmed(day)
    day.clock.moment = at(9)
    await day.tell(visit("81234", at(14, 30), status="cancelled", cancelled_at=at(9)))
    await day.settle()
    assert day.deal.fields[DealField.CONFIRMED] == TEXT

    await day.go(at(9, 15))

    assert stage(day.deal) == (PRIMARY, BACK)
    assert DealField.CONFIRMED not in day.deal.fields


async def test_r26_a_visit_that_vanished_is_not_confirmed_any_more(day: Day) -> None:
    await confirmed(day)
    day.clock.moment = at(9)
    await day.vanish(visit("81234", at(14, 30)))
    await day.go(at(9, 15))

    assert DealField.CONFIRMED not in day.deal.fields
    assert await kept(day) is None


async def test_r26_what_people_write_into_the_field_is_never_touched(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    day.crm.edit(day.deal.id, fields={**day.deal.fields, DealField.CONFIRMED: "по телефону"})
    await day.tell(visit("81234", at(17)))
    await day.settle()

    assert day.deal.fields[DealField.CONFIRMED] == "по телефону"


async def test_r26_a_field_that_the_crm_refuses_to_empty_is_tried_again_with_the_next_change(day: Day) -> None:
    await confirmed(day)

    def refuse(command: Command) -> tuple[str, ...] | None:
        broken = isinstance(command, PatchDeal) and DealField.CONFIRMED in command.fields
        return ("NotSupportedChoice",) if broken else None

    day.crm.refuse = refuse
    await day.tell(visit("81234", at(17)))
    await day.settle()
    assert await kept(day)
    assert await day.outcomes() == {f"deal:{day.deal.id}": ("park", "NotSupportedChoice")}

    day.crm.refuse = lambda _: None
    await day.tell(visit("81234", at(18)))
    await day.settle()

    assert DealField.CONFIRMED not in day.deal.fields
    assert await kept(day) is None
    await at_rest(day)
