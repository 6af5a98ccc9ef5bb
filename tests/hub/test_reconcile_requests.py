"""How much goes over the line: the budgets of rules.md, batches, and nothing at all where nothing differs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.rules.model import AddNote, LinkContact
from tests.hub.clinic_day import LOST, NEW, Day, a_sqlite_store, at, begun, changed, patient, primary, sums, visit
from wire.model import Patient, Visit


@pytest.fixture
async def day(tmp_path: Path, migrated_sqlite: bytes) -> AsyncIterator[Day]:
    """A clinic that is followed since seven in the morning; what goes over the line does not depend on the store."""
    async with a_sqlite_store(tmp_path, migrated_sqlite) as store:
        yield await begun(store)


def people(many: int) -> list[Patient | Visit]:
    """So many patients without phones, a visit each."""
    who = [patient(str(n), name=f"Пациент {n}", phones=()) for n in range(1, many + 1)]
    return [*who, *(visit(str(80_000 + n), at(14), patient=str(n)) for n in range(1, many + 1))]


def visits_of(told: list[Patient | Visit]) -> list[Visit]:
    return [value for value in told if isinstance(value, Visit)]


async def test_new_deals_are_made_fifty_at_a_time(day: Day) -> None:
    await day.tell(*people(120))

    await day.settle()

    assert day.crm.requests == [("create_deals", 50), ("create_deals", 50), ("create_deals", 20)]


async def test_a_bulk_touch_of_the_tables_makes_no_request(day: Day) -> None:
    day.crm.lead(name="Кузнецова Ольга", phone="+79990000101", stage=primary(NEW))
    told = [
        *people(30),
        patient("9001", phones=["+79990000199"]),
        visit("90001", at(9, day=-30), patient="9001", booked_at=at(9, day=-31)),
    ]
    await day.tell(*told)
    await day.settle()
    day.crm.forget_requests()

    await day.tell(*told)
    steps = await day.settle()

    assert (steps, day.crm.requests) == (1, [])
    assert await day.left_over() == {"dirty": 0, "intents": 0}


@pytest.mark.timeout(240)
async def test_ten_thousand_changes_on_five_hundred_deals_are_ten_requests(day: Day) -> None:
    told = people(500)
    await day.tell(*told)
    await day.settle()
    day.crm.forget_requests()

    for number in range(20):
        await day.tell(
            *(changed(told_visit, sums=sums(planned=f"{number + 1}00.00")) for told_visit in visits_of(told))
        )
    await day.settle()

    assert day.crm.requests.count(("patch_deals", 50)) == 10
    assert set(day.crm.requests) == {("deals", 50), ("patch_deals", 50)}
    assert {deal.price for deal in day.deals} == {2000}


async def test_deals_that_take_long_to_read_are_written_before_the_next_are_read(day: Day) -> None:
    told = people(30)
    await day.tell(*told)
    await day.settle()
    day.crm.forget_requests()
    day.crm.reads_at_once = 12

    await day.tell(*(changed(told_visit, sums=sums(planned="700.00")) for told_visit in visits_of(told)))
    await day.settle()

    assert day.crm.requests == [(call, many) for many in (12, 12, 6) for call in ("deals", "patch_deals")]


async def test_a_burst_of_moves_is_told_in_batches_too(day: Day) -> None:
    told = people(100)
    await day.tell(*told)
    await day.settle()
    day.crm.forget_requests()

    await day.tell(*(changed(told_visit, start=at(15), end=at(16)) for told_visit in visits_of(told)))
    await day.settle()

    assert sorted(set(day.crm.requests)) == [
        ("add_notes", 50),
        ("contacts", 50),
        ("deals", 50),
        ("patch_contacts", 50),
        ("patch_deals", 50),
    ]
    assert len(day.crm.requests) == 10


async def test_a_refused_change_makes_the_others_go_out_no_second_time(day: Day) -> None:
    told = people(50)
    await day.tell(*told)
    await day.settle()
    day.crm.forget_requests()
    bad = day.deals[7].id
    day.crm.refuse = lambda command: ("NotSupportedChoice",) if getattr(command, "deal_id", 0) == bad else None

    await day.tell(*(changed(told_visit, sums=sums(planned="700.00")) for told_visit in visits_of(told)))
    await day.settle()

    assert day.crm.requests == [("deals", 50), ("patch_deals", 50)]
    assert sorted(deal.price for deal in day.deals) == [0, *49 * [700]]


@pytest.mark.parametrize("command", [AddNote, LinkContact])
async def test_what_is_refused_and_not_shown_anywhere_is_logged(
    day: Day, command: type[AddNote | LinkContact], caplog: pytest.LogCaptureFixture
) -> None:
    lead = day.crm.lead(name="Петрова Мария", phone="+79990000101", stage=primary(NEW), created_at=at(6))
    day.crm.refuse = lambda given: ("NotSupportedChoice",) if isinstance(given, command) else None
    await day.tell(patient(representative="Петрова Мария"), visit("81234", at(14, 30)))
    await day.settle()

    assert [(said.msg, said.__dict__["fields"]["deal"]) for said in caplog.records if said.levelname == "WARNING"] == [
        ({AddNote: "note.refused", LinkContact: "link.refused"}[command], lead)
    ]
    assert await day.left_over() == {"dirty": 0, "intents": 0}


@pytest.mark.parametrize("regular", [False, True])
async def test_an_ordinary_visit_stays_within_its_budget(day: Day, regular: bool) -> None:
    """At most 4 stage moves, 1 note, 12 field changes, those of the contact counted too, after the request that created the deal."""
    past = visit("70000", at(10, day=-30), booked_at=at(10, day=-40), status="fulfilled", ended_at=at(11, day=-30))
    booked = visit("81234", at(14, 30), sums=sums(planned="4000.00"))
    await day.tell(patient(), *([past] if regular else []), booked)
    await day.settle()
    day.crm.forget_requests()
    arrived = changed(booked, status="arrived", arrived_at=at(14, 25))
    started = changed(arrived, status="started", started_at=at(14, 35))
    ended = changed(started, status="fulfilled", ended_at=at(15, 20))
    billed = changed(
        ended, billed=True, sums=sums(planned="4000.00", billed="4000.00", gross="4000.00", debt="4000.00")
    )
    paid = changed(billed, sums=sums(planned="4000.00", billed="4000.00", gross="4000.00", paid="4000.00"))

    for minute, state in enumerate((arrived, started, ended, billed, paid)):
        await day.go(at(15, 20 + minute))
        await day.tell(state)
        await day.settle()
    await day.go(at(23, day=2))

    assert day.crm.stage_moves <= 4
    assert len(day.notes()) <= 1
    assert day.crm.changed_fields <= 12
    assert (day.deal.price, day.crm.stage_moves) == (4000, 1)


async def test_ten_edits_within_a_minute_are_one_change(day: Day) -> None:
    booked = visit("81234", at(14, 30))
    await day.tell(patient(), booked)
    await day.settle()
    day.crm.forget_requests()

    for minute in range(10):
        await day.tell(changed(booked, start=at(15, minute)))
    await day.settle()

    assert day.crm.count("patch_deals") == 1
    assert len(day.notes()) == 1


async def test_a_known_patient_is_not_searched_for_by_phone(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    assert day.crm.count("contacts_with_phone") == 1

    await day.tell(visit("81240", at(10, day=2)))
    await day.go(at(23, day=1))

    assert day.crm.count("contacts_with_phone") == 1


async def test_contacts_of_regulars_are_looked_at_fifty_at_a_time(day: Day) -> None:
    told = people(100)
    await day.tell(*told)
    await day.settle()
    for deal in day.deals:
        day.crm.edit(deal.id, stage=primary(LOST))
    day.crm.forget_requests()

    await day.tell(
        *(visit(str(90_000 + n), at(10, day=3), patient=str(n), booked_at=at(9)) for n in range(1, 101)),
    )
    await day.settle()

    first = day.crm.requests.index(("create_deals", 50))
    assert day.crm.requests[first - 2 : first + 4] == 2 * [("deals", 50), ("contacts", 50), ("create_deals", 50)]
    assert len(day.deals) == 200


async def test_one_phone_of_a_family_is_searched_for_once(day: Day) -> None:
    for number in range(3):
        await day.tell(
            patient(str(number), name=f"Петров {number}"), visit(str(81_000 + number), at(14), patient=str(number))
        )

    await day.settle()

    assert day.crm.requests == [("contacts_with_phone", 1), ("create_deals", 3)]


async def test_a_question_that_nobody_answers_is_asked_ever_less_often(day: Day) -> None:
    day.crm.lead(name="Кузнецова Ольга", phone="+79990000101", stage=primary(NEW))
    await day.tell(patient(), visit("81234", at(14, 30, day=1)))
    asked: list[int] = []

    for until in (at(0, day=2), at(0, day=3), at(0, day=31), at(0, day=34), at(0, day=60)):
        day.crm.forget_requests()
        await day.go(until)
        asked.append(day.crm.count("contacts_with_phone"))

    assert asked == [
        83,
        1,
        28,
        1,
        0,
    ]  # every half hour from seven in the morning, and when the visit begins; daily; no more
    assert await day.outcomes() == {"patient:4410": ("ask", "other_name_on_phone")}
    await day.tell(patient(card_number="2000"))
    await day.settle()
    assert day.crm.count("contacts_with_phone") == 1
