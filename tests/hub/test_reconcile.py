"""The rules as a clinic meets them: from what IDENT told to the cards, through both stores. Named by the rule's number."""

from typing import Any

import pytest

from hub.rules.fields import ContactField, DealField
from hub.rules.model import Stage
from hub.store.engine import Store
from tests.hub.clinic_day import (
    AGAIN_BACK,
    AGAIN_BOOKED,
    AGAIN_VISITED,
    BACK,
    BOOKED,
    LOST,
    NEW,
    PRESET,
    PRIMARY,
    REPEAT,
    WON,
    Day,
    at,
    begun,
    changed,
    patient,
    primary,
    stage,
    sums,
    visit,
)

CONFIRMED = 1099
"""A stage of the clinic's own, which no target leads to."""


@pytest.fixture
async def day(store: Store) -> Day:
    """A clinic that is followed since seven in the morning."""
    return await begun(store)


async def booked(day: Day, **more: Any) -> Day:
    """A new patient booked for half past two."""
    day.clock.moment = at(8)
    await day.tell(patient(), visit("81234", at(14, 30), **more))
    await day.settle()
    return day


async def test_a_booked_visit_makes_one_deal_with_its_contact(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30), sums=sums(planned="12500.50")))

    await day.settle()

    assert stage(day.deal) == (PRIMARY, BOOKED)
    assert (day.deal.name, day.deal.price) == ("Петров Пётр Ильич", 12501)
    assert day.deal.fields[DealField.VISITS] == "db_1:81234"
    assert day.deal.fields[DealField.BRANCH_TIME] == "вт 24 ноя, 14:30"
    assert day.contact.phones == ("+79990000101",)
    assert day.contact.fields[ContactField.NEXT_VISIT_AT] == at(14, 30)
    assert day.notes() == []
    assert await day.left_over() == {"dirty": 0, "intents": 0}


async def test_a_visit_waits_for_its_patient(day: Day) -> None:
    await day.tell(visit("81234", at(14, 30)))
    await day.settle()

    assert await day.outcomes() == {"visit:81234": ("skip", "unknown_patient")}
    assert day.deals == []

    await day.tell(patient())
    await day.settle()

    assert stage(day.deal) == (PRIMARY, BOOKED)
    assert await day.outcomes() == {}


async def test_r1_nothing_is_written_while_the_grace_runs(day: Day) -> None:
    await booked(day)
    day.crm.forget_requests()
    day.clock.moment = at(9)
    await day.tell(visit("81234", at(14, 30), status="cancelled", cancelled_at=at(9)))

    await day.settle()

    assert stage(day.deal) == (PRIMARY, BOOKED)
    assert day.deal.fields[DealField.VISIT_STATUS] == "будущий приём"
    assert day.crm.count("patch_deals") == 0
    assert ContactField.NEXT_VISIT_AT not in day.contact.fields  # the contact's figures do not wait


async def test_r1_a_cancelled_visit_is_to_be_brought_back(day: Day) -> None:
    await booked(day)
    day.clock.moment = at(9)
    await day.tell(
        visit(
            "81234",
            at(14, 30),
            status="cancelled",
            cancelled_at=at(9),
            cancelled_by={"id": "31", "name": "Орлова Анна"},
            cancel_reason={"id": "4", "name": "Заболел"},
        )
    )

    await day.go(at(9, 15))

    assert stage(day.deal) == (PRIMARY, BACK)
    fields = day.deal.fields
    assert (fields[DealField.VISIT_STATUS], fields[DealField.CANCEL_REASON]) == ("отменён", "Заболел")
    assert (fields[DealField.CANCELLED_AT], fields[DealField.CANCELLED_BY]) == (at(9), "Орлова Анна")
    assert DealField.VISIT_AT not in fields
    assert DealField.BRANCH_TIME not in fields
    assert fields[DealField.FIRST_VISIT_AT] == at(14, 30)
    assert len(day.notes()) == 1
    assert day.notes()[0].startswith("Приём отменён: вт 24 ноя, 14:30")


async def test_r1_with_another_future_visit_a_cancellation_is_only_told(day: Day) -> None:
    await booked(day)
    await day.tell(visit("81240", at(10, day=3), booked_at=at(8, 1)))
    await day.settle()
    day.clock.moment = at(9)
    await day.tell(visit("81234", at(14, 30), status="cancelled", cancelled_at=at(9)))

    await day.go(at(10))

    assert stage(day.deal) == (PRIMARY, BOOKED)
    assert day.deal.fields[DealField.VISIT_AT] == at(10, day=3)
    assert [note.split(":")[0] for note in day.notes()] == ["Записан на приём", "Приём отменён"]


async def test_r1_taken_back_the_deal_returns_to_where_it_stood(day: Day) -> None:
    await booked(day)
    day.crm.edit(day.deal.id, stage=primary(CONFIRMED))
    day.clock.moment = at(9)
    await day.tell(visit("81234", at(14, 30), status="cancelled", cancelled_at=at(9)))
    await day.go(at(9, 30))
    assert stage(day.deal) == (PRIMARY, BACK)

    await day.tell(visit("81234", at(14, 30)))
    await day.settle()

    assert stage(day.deal) == (PRIMARY, CONFIRMED)
    assert day.deal.fields[DealField.VISIT_AT] == at(14, 30)
    assert DealField.CANCELLED_AT not in day.deal.fields
    assert day.notes()[-1].startswith("Отмена снята")


async def test_r1_taken_back_after_a_person_moved_it_the_deal_is_booked(day: Day) -> None:
    await booked(day)
    day.crm.edit(day.deal.id, stage=primary(CONFIRMED))
    day.clock.moment = at(9)
    await day.tell(visit("81234", at(14, 30), status="cancelled", cancelled_at=at(9)))
    await day.go(at(9, 30))
    day.crm.edit(day.deal.id, stage=primary(NEW))

    await day.tell(visit("81234", at(14, 30)))
    await day.settle()

    assert stage(day.deal) == (PRIMARY, BOOKED)


async def test_r1_a_visit_cancelled_before_anyone_saw_it_makes_its_deal_after_the_grace(day: Day) -> None:
    day.clock.moment = at(9)
    await day.tell(patient(), visit("81234", at(14, 30), status="cancelled", cancelled_at=at(8, 55)))
    await day.settle()
    assert day.deals == []

    await day.go(at(9, 10))

    assert stage(day.deal) == (PRIMARY, BACK)


async def test_r2_the_same_row_at_another_time(day: Day) -> None:
    await booked(day)
    day.clock.moment = at(9)
    await day.tell(visit("81234", at(15, day=2)))

    await day.settle()

    fields = day.deal.fields
    assert stage(day.deal) == (PRIMARY, BOOKED)
    assert (fields[DealField.VISIT_AT], fields[DealField.FIRST_VISIT_AT]) == (at(15, day=2), at(14, 30))
    assert fields[DealField.MOVES] == 1
    assert day.notes() == [
        "Приём перенесён: с вт 24 ноя, 14:30 на чт 26 ноя, 15:00, врач Иванова Мария Петровна, филиал На Ленина\n"
        "IDENT, вт 24 ноя, 09:00"
    ]


async def test_r2_another_practitioner_is_a_move_too(day: Day) -> None:
    await booked(day)
    await day.tell(visit("81234", at(14, 30), practitioner={"id": "18", "name": "Сидоров Олег"}))

    await day.settle()

    assert day.deal.fields[DealField.MOVES] == 1
    assert day.deal.fields[DealField.PRACTITIONER] == "Сидоров Олег"
    assert "теперь врач Сидоров Олег" in day.notes()[0]


@pytest.mark.parametrize("moved_from", ["81234", None])
async def test_r2_cancelled_and_booked_anew_within_the_grace_is_a_move(day: Day, moved_from: str | None) -> None:
    await booked(day)
    day.clock.moment = at(9, 5)
    await day.tell(
        visit("81234", at(14, 30), status="cancelled", cancelled_at=at(9)),
        visit("81250", at(16, day=1), booked_at=at(9, 5), moved_from=moved_from),
    )

    await day.go(at(12))

    assert stage(day.deal) == (PRIMARY, BOOKED)
    assert day.deal.fields[DealField.VISITS] == "db_1:81234\ndb_1:81250"
    assert day.deal.fields[DealField.MOVES] == 1
    assert [note.split(":")[0] for note in day.notes()] == ["Приём перенесён"]
    assert "с вт 24 ноя, 14:30 на ср 25 ноя, 16:00" in day.notes()[0]


async def test_r2_a_visit_that_vanished_counts_as_cancelled(day: Day) -> None:
    await booked(day)
    day.clock.moment = at(9)
    await day.vanish(visit("81234", at(14, 30)))

    await day.go(at(9, 20))

    assert stage(day.deal) == (PRIMARY, BACK)
    assert day.deal.fields[DealField.CANCEL_REASON] == "удалён в IDENT"
    assert day.deal.fields[DealField.CANCELLED_AT] == at(9)
    assert DealField.CANCELLED_BY not in day.deal.fields


async def test_r3_the_budget_follows_the_plan_then_the_bills(day: Day) -> None:
    await booked(day, sums=sums(planned="5000.00"))
    assert day.deal.price == 5000

    await day.tell(visit("81234", at(14, 30), sums=sums(planned="7000.00")))
    await day.settle()
    assert day.deal.price == 7000

    await day.tell(
        visit("81234", at(14, 30), sums=sums(planned="7000.00", billed="6400.50", gross="7000.00", discount="599.50"))
    )
    await day.settle()
    assert day.deal.price == 6401
    assert day.deal.fields[DealField.DISCOUNT] == pytest.approx(599.5)


async def test_r3_a_typed_figure_stays_and_goes_to_the_plan_at_winning(day: Day) -> None:
    await booked(day, sums=sums(planned="5000.00"))
    day.crm.edit(day.deal.id, price=9000)

    await day.tell(visit("81234", at(14, 30), sums=sums(planned="6000.00")))
    await day.settle()
    assert day.deal.price == 9000

    day.clock.moment = at(16)
    await day.tell(
        visit(
            "81234", at(14, 30), status="fulfilled", ended_at=at(15, 30), sums=sums(planned="6000.00", billed="4000.00")
        )
    )
    await day.settle()

    assert stage(day.deal) == (PRIMARY, WON)
    assert day.deal.price == 4000
    assert day.deal.fields[DealField.PLANNED] == 9000


async def test_r3_after_winning_the_bills_are_followed_for_thirty_days(day: Day) -> None:
    await booked(day)
    day.clock.moment = at(16)
    done = visit("81234", at(14, 30), status="fulfilled", ended_at=at(15, 30))
    await day.tell(done)
    await day.settle()
    assert (stage(day.deal), day.deal.price) == ((PRIMARY, WON), 0)

    await day.go(at(16, day=29))
    await day.tell(changed(done, sums=sums(billed="4000.00")))
    await day.settle()
    assert day.deal.price == 4000

    await day.go(at(16, 1, day=30))
    await day.tell(changed(done, sums=sums(billed="4500.00")))
    await day.settle()
    assert day.deal.price == 4000
    assert day.deal.fields[DealField.BILLED] == 4500


async def test_r3_a_budget_by_a_robot_is_left_alone(day: Day) -> None:
    await booked(day)
    day.crm.edit(day.deal.id, price=700, price_by_robot=True)

    await day.tell(visit("81234", at(14, 30), status="fulfilled", ended_at=at(7, 59), sums=sums(billed="4000.00")))
    await day.settle()

    assert stage(day.deal) == (PRIMARY, WON)
    assert day.deal.price == 700


async def test_r3_an_unknown_term_leaves_the_field_alone(day: Day) -> None:
    await booked(day, sums=sums(planned="5000.00", billed="1000.00"))

    await day.tell(visit("81234", at(14, 30), sums={"planned": "6000.00"}))
    await day.settle()

    assert day.deal.fields[DealField.PLANNED] == 6000
    assert day.deal.fields[DealField.BILLED] == 1000
    assert day.deal.price == 1000


async def test_r10_the_first_visit_wins_and_what_lies_ahead_goes_on_in_the_repeat_pipeline(day: Day) -> None:
    await booked(day)
    await day.tell(visit("81300", at(10, day=7), booked_at=at(8, 5)))
    await day.settle()
    assert len(day.deals) == 1

    day.clock.moment = at(16)
    await day.tell(visit("81234", at(14, 30), status="fulfilled", ended_at=at(15, 30), sums=sums(billed="4000.00")))
    await day.settle()

    first, second = day.deals
    assert (stage(first), first.price, first.fields[DealField.VISITS]) == ((PRIMARY, WON), 4000, "db_1:81234")
    assert (stage(second), second.fields[DealField.VISITS]) == ((REPEAT, AGAIN_BOOKED), "db_1:81300")
    assert first.contact_ids == second.contact_ids
    assert len(day.crm.contact_cards) == 1


async def test_r10_later_visits_join_one_open_deal_and_it_is_won_after_thirty_days(day: Day) -> None:
    await booked(day)
    day.clock.moment = at(16)
    await day.tell(visit("81234", at(14, 30), status="fulfilled", ended_at=at(15, 30)))
    await day.tell(visit("81300", at(10, day=1), booked_at=at(15, 45)))
    await day.settle()
    await day.tell(visit("81301", at(10, day=2), booked_at=at(15, 50)))
    await day.settle()

    _, repeat = day.deals
    assert repeat.fields[DealField.VISITS] == "db_1:81300\ndb_1:81301"

    await day.go(at(12, day=2))
    await day.tell(
        visit("81300", at(10, day=1), booked_at=at(15, 45), status="fulfilled", ended_at=at(11, day=1)),
        visit("81301", at(10, day=2), booked_at=at(15, 50), status="fulfilled", ended_at=at(11, day=2)),
    )
    await day.go(at(13, day=2))
    assert stage(day.deals[1]) == (REPEAT, AGAIN_VISITED)

    await day.go(at(23, day=31))
    assert stage(day.deals[1]) == (REPEAT, AGAIN_VISITED)
    await day.go(at(1, day=32))
    assert stage(day.deals[1]) == (REPEAT, WON)

    await day.tell(visit("81400", at(10, day=40), booked_at=at(0, 30, day=32)))
    await day.settle()
    assert [stage(deal) for deal in day.deals] == [(PRIMARY, WON), (REPEAT, WON), (REPEAT, AGAIN_BOOKED)]


async def test_r10_an_old_cancellation_calls_nobody_back_who_came_since(day: Day) -> None:
    await day.tell(
        patient(),
        visit("80000", at(10, day=-60), booked_at=at(9, day=-70), status="fulfilled", ended_at=at(11, day=-60)),
    )
    await booked(day)
    day.clock.moment = at(9)
    await day.tell(visit("81234", at(14, 30), status="cancelled", cancelled_at=at(9)))
    await day.go(at(9, 30))
    assert stage(day.deal) == (REPEAT, AGAIN_BACK)

    await day.tell(visit("81300", at(10, day=1), booked_at=at(9, 31)))
    await day.go(at(12, day=1))
    await day.tell(visit("81300", at(10, day=1), booked_at=at(9, 31), status="fulfilled", ended_at=at(11, day=1)))
    await day.go(at(12, day=3))

    assert stage(day.deal) == (REPEAT, AGAIN_VISITED)


async def test_r23_whoever_was_here_before_is_a_regular(day: Day) -> None:
    await day.tell(
        patient(),
        visit("70000", at(10, day=-60), booked_at=at(9, day=-70), status="fulfilled", ended_at=at(11, day=-60)),
        visit("81234", at(14, 30)),
    )

    await day.settle()

    assert stage(day.deal) == (REPEAT, AGAIN_BOOKED)
    assert day.deal.fields[DealField.VISITS] == "db_1:81234"
    assert day.contact.fields[ContactField.VISITS_COUNT] == 1
    assert day.contact.fields[ContactField.LAST_VISIT_AT] == at(10, day=-60)


async def test_history_alone_makes_nothing(day: Day) -> None:
    await day.tell(
        patient(),
        visit("70000", at(10, day=-60), booked_at=at(9, day=-70), status="fulfilled", ended_at=at(11, day=-60)),
        visit("70001", at(10, day=-50), booked_at=at(9, day=-70), status="cancelled", cancelled_at=at(9, day=-51)),
        visit("70002", at(10, day=-40), booked_at=None),
    )

    await day.settle()

    assert (day.deals, day.crm.contact_cards, day.crm.requests, await day.outcomes()) == ([], {}, [], {})


async def test_r11_a_visit_joins_the_open_lead_of_the_same_name(day: Day) -> None:
    lead = day.crm.lead(name="петров  Петр Ильич", phone="8 (999) 000-01-01", stage=primary(NEW), price=3000)

    await booked(day, sums=sums(planned="5000.00"))

    assert day.deal.id == lead
    assert stage(day.deal) == (PRIMARY, BOOKED)
    assert (day.deal.price, day.deal.name) == (3000, f"Сделка #{lead}")
    assert day.deal.contact_ids == (day.contact.id,)
    assert day.contact.fields[ContactField.PATIENT_KEY] == "db_1:4410"
    assert day.contact.raw_phones == ("8 (999) 000-01-01",)
    assert day.contact.name == "петров  Петр Ильич"
    assert [note.split(":")[0] for note in day.notes()] == ["Записан на приём"]


async def test_r11_a_form_lead_becomes_the_patients_and_takes_its_name(day: Day) -> None:
    day.crm.lead(name="Заявка с сайта", phone="+79990000101", stage=primary(NEW))

    await booked(day)

    assert stage(day.deal) == (PRIMARY, BOOKED)
    assert day.contact.name == "Петров Пётр Ильич"


async def test_r11_the_representative_stays_main_and_the_patient_is_linked_second(day: Day) -> None:
    lead = day.crm.lead(name="Петрова Мария", phone="+79990000101", stage=primary(NEW))
    mother = day.crm.deal_cards[lead].main_contact_id
    await day.tell(patient(representative="Петрова Мария"), visit("81234", at(14, 30)))

    await day.settle()

    assert day.deal.id == lead
    assert day.deal.main_contact_id == mother
    assert len(day.deal.contact_ids) == 2
    child = day.crm.contact_cards[day.deal.contact_ids[1]]
    assert (child.name, child.fields[ContactField.PATIENT_KEY]) == ("Петров Пётр Ильич", "db_1:4410")
    assert day.crm.contact_cards[mother or 0].fields == {}


async def test_r11_a_known_contact_without_a_deal_becomes_the_patients_own(day: Day) -> None:
    person = day.crm.person(name="Петров Пётр Ильич", phone="+79990000101")

    await booked(day)

    assert day.contact.id == person
    assert day.deal.contact_ids == (person,)
    assert day.contact.fields[ContactField.CARD_NUMBER] == "1187"


async def test_r11_a_regulars_contact_is_found_but_no_lead_joined(day: Day) -> None:
    lead = day.crm.lead(name="Петров Пётр Ильич", phone="+79990000101", stage=primary(NEW))
    await day.tell(
        patient(),
        visit("70000", at(10, day=-60), booked_at=at(9, day=-70), status="fulfilled", ended_at=at(11, day=-60)),
    )

    await booked(day)

    assert [stage(deal) for deal in day.deals] == [(PRIMARY, NEW), (REPEAT, AGAIN_BOOKED)]
    assert day.deals[0].id == lead
    assert len(day.crm.contact_cards) == 1


async def test_r11_a_lead_of_another_name_is_asked_about_and_nothing_written(day: Day) -> None:
    day.crm.lead(name="Кузнецова Ольга", phone="+79990000101", stage=primary(NEW))

    await booked(day)

    assert await day.outcomes() == {"patient:4410": ("ask", "other_name_on_phone")}
    assert stage(day.deal) == (PRIMARY, NEW)
    assert day.deal.fields == {}
    assert await day.left_over() == {"dirty": 0, "intents": 0}


async def test_r11_an_answer_in_the_crm_is_found_within_half_an_hour(day: Day) -> None:
    lead = day.crm.lead(name="Кузнецова Ольга", phone="+79990000101", stage=primary(NEW))
    await booked(day)
    day.crm.edit(lead, stage=primary(LOST))

    await day.go(at(8, 30))

    assert await day.outcomes() == {}
    assert [stage(deal) for deal in day.deals] == [(PRIMARY, LOST), (PRIMARY, BOOKED)]
    assert len(day.crm.contact_cards) == 2


async def test_r11_two_candidates_are_never_resolved_by_guessing(day: Day) -> None:
    day.crm.lead(name="Заявка с сайта", phone="+79990000101", stage=primary(NEW))
    day.crm.lead(name="Новая заявка", phone="+79990000101", stage=primary(NEW))

    await booked(day)

    assert await day.outcomes() == {"patient:4410": ("ask", "several_candidates")}
    assert all(deal.fields == {} for deal in day.deals)


async def test_r11_an_old_lead_is_no_candidate(day: Day) -> None:
    day.crm.lead(name="Заявка с сайта", phone="+79990000101", stage=primary(NEW), created_at=at(8, day=-61))

    await booked(day)

    assert len(day.deals) == 2
    assert len(day.crm.contact_cards) == 1  # the form's contact becomes the patient's own


async def test_r8_two_patients_on_one_phone_are_two_contacts_with_a_deal_each(day: Day) -> None:
    await booked(day)
    await day.tell(patient("4411", name="Петрова Анна"), visit("81260", at(15), patient="4411", booked_at=at(8, 2)))

    await day.settle()

    assert sorted(card.name for card in day.crm.contact_cards.values()) == ["Петров Пётр Ильич", "Петрова Анна"]
    assert len({deal.main_contact_id for deal in day.deals}) == 2


async def test_r8_of_two_new_patients_the_first_booked_takes_the_lead(day: Day) -> None:
    lead = day.crm.lead(name="Новая заявка", phone="+79990000101", stage=primary(NEW))
    await day.tell(
        patient(),
        patient("4411", name="Петрова Анна"),
        visit("81234", at(14, 30), booked_at=at(8, 5)),
        visit("81260", at(15), patient="4411", booked_at=at(8, 2)),
    )

    await day.settle()

    by_patient = {deal.fields[DealField.PATIENT_KEY]: deal for deal in day.deals}
    assert by_patient["db_1:4411"].id == lead
    assert by_patient["db_1:4410"].main_contact_id != by_patient["db_1:4411"].main_contact_id
    assert len(day.crm.contact_cards) == 2


async def test_r9_phones_are_merged_and_only_ours_are_removed(day: Day) -> None:
    await booked(day)
    day.crm.edit_contact(
        day.contact.id,
        raw_phones=("+79990000101", "8 999 000-01-09 мама"),
        phones=("+79990000101", "+79990000109"),
        phone_kinds={"+79990000101": 71, "8 999 000-01-09 мама": 72},
    )

    await day.tell(patient(phones=["+79990000102"]))
    await day.settle()

    assert day.contact.raw_phones == ("8 999 000-01-09 мама", "+79990000102")
    assert day.contact.phone_kinds == {"8 999 000-01-09 мама": 72}


async def test_r9_a_name_that_a_person_gave_stays(day: Day) -> None:
    await booked(day)
    await day.tell(patient(name="Петров Пётр Иванович"))
    await day.settle()
    assert (day.contact.name, day.deal.name) == ("Петров Пётр Иванович", "Петров Пётр Иванович")

    day.crm.edit_contact(day.contact.id, name="Петя")
    day.crm.edit(day.deal.id, name="Брекеты Пете")
    await day.tell(patient(name="Сидоров Пётр"))
    await day.settle()

    assert (day.contact.name, day.deal.name) == ("Петя", "Брекеты Пете")
    assert day.deal.fields[DealField.PATIENT] == "Сидоров Пётр"


async def test_r24_what_makes_no_deal_is_counted_with_its_reason(day: Day) -> None:
    await day.configure(
        PRESET.model_copy(update={"filters": PRESET.filters.model_copy(update={"skip_practitioners": ("db_1:99",)})})
    )
    await day.tell(
        patient("1", archived=True),
        patient("2", staff=True),
        patient("3", name=None, phones=()),
        patient("4", phones=("+79990000104",)),
        visit("11", at(10), patient="1"),
        visit("12", at(10), patient="2"),
        visit("13", at(10), patient="3"),
        visit("14", at(10), patient="4", practitioner={"id": "99", "name": None}),
        visit("15", at(10), patient=None),
    )

    await day.settle()

    assert await day.outcomes() == {
        "visit:11": ("skip", "archived"),
        "visit:12": ("skip", "staff"),
        "visit:13": ("skip", "nameless"),
        "visit:14": ("skip", "filtered"),
        "visit:15": ("skip", "no_patient"),
    }
    assert (day.deals, await day.left_over()) == ([], {"dirty": 0, "intents": 0})


async def test_r24_a_visit_that_gets_its_patient_card_makes_its_deal(day: Day) -> None:
    await day.tell(patient(), visit("15", at(10), patient=None))
    await day.settle()

    await day.tell(visit("15", at(10)))
    await day.settle()

    assert stage(day.deal) == (PRIMARY, BOOKED)
    assert await day.outcomes() == {}


async def test_r24_what_is_linked_stays_when_the_card_is_archived(day: Day) -> None:
    await booked(day)

    await day.tell(patient(archived=True), visit("81234", at(15)))
    await day.settle()

    assert day.deal.fields[DealField.VISIT_AT] == at(15)
    assert await day.outcomes() == {}


async def test_people_win_until_the_target_changes(day: Day) -> None:
    await booked(day)
    day.crm.edit(day.deal.id, stage=primary(CONFIRMED))

    await day.tell(visit("81234", at(15)))
    await day.settle()
    assert stage(day.deal) == (PRIMARY, CONFIRMED)

    day.clock.moment = at(16)
    await day.tell(visit("81234", at(15), status="fulfilled", ended_at=at(15, 50)))
    await day.settle()
    assert stage(day.deal) == (PRIMARY, WON)


async def test_closed_deals_stay_closed(day: Day) -> None:
    await booked(day)
    day.clock.moment = at(9)
    await day.tell(visit("81234", at(14, 30), status="cancelled", cancelled_at=at(9)))
    await day.go(at(10))
    day.crm.edit(day.deal.id, stage=primary(LOST))

    await day.tell(
        visit("81234", at(14, 30), status="cancelled", cancelled_at=at(9), cancel_reason={"id": "4", "name": "Заболел"})
    )
    await day.settle()

    assert stage(day.deal) == (PRIMARY, LOST)
    assert day.deal.fields[DealField.CANCEL_REASON] == "Заболел"
    assert len(day.notes()) == 1


async def test_a_visit_ahead_leaves_a_deal_that_was_closed(day: Day) -> None:
    await booked(day)
    day.crm.edit(day.deal.id, stage=primary(LOST))

    await day.tell(visit("81234", at(15)))
    await day.settle()

    closed, opened = day.deals
    assert (stage(closed), stage(opened)) == ((PRIMARY, LOST), (PRIMARY, BOOKED))
    assert DealField.VISITS not in closed.fields
    assert opened.fields[DealField.VISITS] == "db_1:81234"
    assert await day.links() == {"81234": opened.id}
    assert len(day.crm.contact_cards) == 1


async def test_a_deal_that_a_person_reopened_takes_new_visits(day: Day) -> None:
    await booked(day)
    day.crm.edit(day.deal.id, stage=primary(LOST))
    day.clock.moment = at(15)
    await day.tell(visit("81234", at(14, 30)))
    await day.settle()
    day.crm.edit(day.deal.id, stage=primary(NEW))

    await day.tell(visit("81300", at(10, day=1)))
    await day.settle()

    assert stage(day.deal) == (PRIMARY, BOOKED)
    assert day.deal.fields[DealField.VISITS] == "db_1:81234\ndb_1:81300"


async def test_a_deal_in_a_pipeline_of_others_is_kept_up_but_never_moved(day: Day) -> None:
    await booked(day)
    day.crm.edit(day.deal.id, stage=Stage(900, 9001))
    day.clock.moment = at(9)
    await day.tell(visit("81234", at(14, 30), status="cancelled", cancelled_at=at(9)))

    await day.go(at(10))

    assert stage(day.deal) == (900, 9001)
    assert day.deal.fields[DealField.VISIT_STATUS] == "отменён"


async def test_who_puts_a_deal_back_twice_within_an_hour_is_left_in_peace(day: Day) -> None:
    await booked(day)
    day.crm.edit(day.deal.id, stage=primary(CONFIRMED))
    first, again = visit("81234", at(14, 30)), visit("81234", at(14, 30), status="cancelled", cancelled_at=at(8, 10))
    day.clock.moment = at(8, 30)
    await day.tell(again)
    await day.settle()
    assert stage(day.deal) == (PRIMARY, BACK)

    day.crm.edit(day.deal.id, stage=primary(CONFIRMED))  # a robot
    day.clock.moment = at(8, 40)
    await day.tell(first)
    await day.settle()
    assert stage(day.deal) == (PRIMARY, BOOKED)

    day.crm.edit(day.deal.id, stage=primary(CONFIRMED))
    day.clock.moment = at(8, 50)
    await day.tell(again)
    await day.settle()

    assert stage(day.deal) == (PRIMARY, CONFIRMED)
    assert await day.outcomes() == {f"deal:{day.deal.id}": ("park", "robot_quarrel")}
    assert day.deal.fields[DealField.VISIT_STATUS] == "отменён"


async def test_r16_a_deleted_deal_is_not_made_again_but_a_new_visit_makes_its_own(day: Day) -> None:
    await booked(day)
    del day.crm.deal_cards[day.deal.id]

    await day.tell(visit("81234", at(15)))
    await day.settle()
    assert day.deals == []
    assert ("park", "gone") in (await day.outcomes()).values()

    await day.tell(visit("81300", at(10, day=1)))
    await day.settle()
    assert day.deal.fields[DealField.VISITS] == "db_1:81300"


async def test_the_pause_switch_stops_all_writing_and_loses_nothing(day: Day) -> None:
    await day.configure(PRESET.model_copy(update={"paused": True}))
    await booked(day)
    assert day.crm.requests == []
    assert (await day.left_over())["dirty"] == 1

    await day.configure(PRESET)
    await day.settle()

    assert stage(day.deal) == (PRIMARY, BOOKED)


async def test_a_refused_deal_is_put_aside_and_the_rest_goes_on(day: Day) -> None:
    day.crm.refuse = lambda command: ("NotSupportedChoice",) if getattr(command, "name", "") == "Петрова Анна" else None
    await day.tell(
        patient(),
        patient("4411", name="Петрова Анна", phones=("+79990000102",)),
        visit("81234", at(14, 30)),
        visit("81260", at(15), patient="4411"),
    )

    await day.settle()

    assert day.deal.name == "Петров Пётр Ильич"
    assert await day.outcomes() == {"patient:4411": ("park", "NotSupportedChoice")}
    assert await day.left_over() == {"dirty": 0, "intents": 0}

    day.crm.forget_requests()
    await day.touch()
    await day.settle()
    assert day.crm.requests == []

    day.crm.refuse = lambda _: None
    await day.tell(visit("81260", at(16), patient="4411"))
    await day.settle()
    assert len(day.deals) == 2
    assert await day.outcomes() == {}


async def test_a_refused_change_is_put_aside_and_the_rest_goes_on(day: Day) -> None:
    await booked(day)
    await day.tell(
        patient("4411", name="Петрова Анна", phones=("+79990000102",)), visit("81260", at(15), patient="4411")
    )
    await day.settle()
    first, second = day.deals
    day.crm.refuse = lambda command: ("NotSupportedChoice",) if getattr(command, "deal_id", 0) == first.id else None

    await day.tell(visit("81234", at(16)), visit("81260", at(16), patient="4411"))
    await day.settle()

    assert day.crm.deal_cards[first.id].fields[DealField.VISIT_AT] == at(14, 30)
    assert day.crm.deal_cards[second.id].fields[DealField.VISIT_AT] == at(16)
    assert await day.outcomes() == {f"deal:{first.id}": ("park", "NotSupportedChoice")}


async def test_a_merged_contact_is_left_alone(day: Day) -> None:
    await booked(day)
    fields = {**day.contact.fields, ContactField.PATIENT_KEY: "db_1:9999"}
    day.crm.edit_contact(day.contact.id, fields=fields)

    await day.tell(patient(card_number="2000"))
    await day.settle()

    assert day.contact.fields == fields
    assert await day.outcomes() == {"contact:4410": ("park", "contact_of_another")}


async def test_a_deal_that_lost_its_visits_to_a_double_is_closed(day: Day) -> None:
    """The history came late, so the patient turned out to be a regular."""
    await booked(day)
    await day.tell(
        visit("70000", at(10, day=-60), booked_at=at(9, day=-70), status="fulfilled", ended_at=at(11, day=-60))
    )

    await day.settle()

    ours, repeat = day.deals
    assert (stage(ours), stage(repeat)) == ((PRIMARY, LOST), (REPEAT, AGAIN_BOOKED))
    assert repeat.fields[DealField.VISITS] == "db_1:81234"
    assert DealField.VISITS not in ours.fields
    assert "дубль" in day.notes(ours)[0]


async def test_a_mapped_branch_leads_to_its_own_pipeline_and_clock(day: Day) -> None:
    route = {
        "database": "db_1",
        "branch": "7",
        "name": "Екатеринбург",
        "zone": "Asia/Yekaterinburg",
        "pipelines": {"primary": "east", "repeat": "repeat"},
    }
    east = PRESET.pipelines["primary"].model_copy(update={"pipeline_id": 301})
    settings = PRESET.model_validate(
        PRESET.model_dump(by_alias=True)
        | {
            "branches": [route],
            "pipelines": {**PRESET.model_dump(by_alias=True)["pipelines"], "east": east.model_dump(by_alias=True)},
        }
    )
    await day.configure(settings)
    await day.tell(patient(), visit("81234", at(14, 30), branch={"id": "7", "name": "Восток"}))

    await day.settle()

    assert stage(day.deal) == (301, BOOKED)
    assert day.deal.fields[DealField.BRANCH_TIME] == "вт 24 ноя, 16:30 МСК+2"
    assert day.deal.fields[DealField.BRANCH] == "Восток"


async def test_a_database_waits_for_its_first_load(day: Day) -> None:
    await day.gate(loaded=False)
    await booked(day)
    assert day.crm.requests == []

    await day.gate(loaded=False, verified=True, outbox=3)
    await day.settle()
    assert day.deals == []

    await day.gate(loaded=False, verified=True, outbox=0)
    await day.settle()
    assert stage(day.deal) == (PRIMARY, BOOKED)
