"""A store that was put back from an older copy finds its deals again by their own fields: nothing is made, told or moved a second time."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from hub.rules.fields import DealField
from hub.store.engine import Store
from hub.store.tables import contact_links, databases, deals, dirty, dues, outcomes, records, visit_links
from tests.hub.clinic_day import (
    AGAIN_BOOKED,
    BACK,
    BOOKED,
    LOST,
    NEW,
    PRIMARY,
    REPEAT,
    WON,
    Day,
    at,
    begun,
    patient,
    primary,
    stage,
    sums,
    visit,
)
from wire.model import Patient, Visit

CONFIRMED = 1099
KEPT = (records, deals, visit_links, contact_links, outcomes, dues, dirty)

Dump = list[Sequence[dict[str, Any]]]


@pytest.fixture
async def day(store: Store) -> Day:
    """A clinic that is followed since seven in the morning."""
    return await begun(store)


async def dumped(day: Day) -> Dump:
    """The store as it stands now."""
    async with day.store.reading(day.account) as unit:
        return [[dict(row) for row in (await unit.execute(select(table))).mappings()] for table in KEPT]


async def put_back(day: Day, dump: Dump, *told: Patient | Visit) -> None:
    """The store is as it was then, a new generation begins, and the agent tells everything again."""
    async with day.store.writing(day.account) as unit:
        for table, rows in zip(KEPT, dump, strict=True):
            await unit.execute(delete(table))
            if rows:
                await unit.execute(insert(table), list(rows))
        await unit.execute(update(databases).values(generation=2))
    day.crm.forget_requests()
    await day.tell(*told)
    await day.settle()


async def test_a_deal_made_since_is_found_by_the_phone_and_nothing_is_written(day: Day) -> None:
    before = await dumped(day)
    told = patient(), visit("81234", at(14, 30), sums=sums(planned="5000.00"))
    await day.tell(*told)
    await day.settle()
    day.crm.edit(day.deal.id, stage=primary(CONFIRMED))
    there = day.deals, dict(day.crm.contact_cards)

    await put_back(day, before, *told)

    assert (day.deals, day.crm.contact_cards) == there
    assert day.notes() == []
    assert day.crm.count("create_deals", "create_contacts", "patch_deals", "patch_contacts", "link_contacts") == 0
    assert await day.links() == {"81234": day.deal.id}


async def test_what_is_new_since_is_written_to_the_deal_that_is_found(day: Day) -> None:
    before = await dumped(day)
    await day.tell(patient(), visit("81234", at(14, 30), sums=sums(planned="5000.00")))
    await day.settle()

    day.clock.moment = at(9)
    gone = visit("81234", at(14, 30), status="cancelled", cancelled_at=at(8, 30), sums=sums(planned="6000.00"))
    await put_back(day, before, patient(), gone)

    assert stage(day.deal) == (PRIMARY, BACK)
    assert day.deal.price == 6000
    assert day.deal.fields[DealField.FIRST_VISIT_AT] == at(14, 30)


async def test_a_figure_that_a_person_typed_stays(day: Day) -> None:
    before = await dumped(day)
    await day.tell(patient(), visit("81234", at(14, 30), sums=sums(planned="5000.00")))
    await day.settle()
    day.crm.edit(day.deal.id, price=9000)

    await put_back(day, before, patient(), visit("81234", at(14, 30), sums=sums(planned="6000.00")))

    assert (day.deal.price, day.deal.fields[DealField.PLANNED]) == (9000, 6000)


async def test_a_second_deal_made_since_is_found_on_the_known_contact(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    day.crm.edit(day.deal.id, stage=primary(LOST))
    before = await dumped(day)
    told = visit("81300", at(10, day=1))
    await day.tell(told)
    await day.settle()
    there = day.deals
    assert [one.stage.stage_id for one in there] == [LOST, BOOKED]

    await put_back(day, before, told)

    assert day.deals == there
    assert (await day.links())["81300"] == there[-1].id
    assert day.crm.count("create_deals", "patch_deals") == 0


async def test_deals_of_both_eras_are_found(day: Day) -> None:
    before = await dumped(day)
    told = (
        patient(),
        visit("81234", at(9), status="fulfilled", ended_at=at(10), sums=sums(billed="4000.00")),
        visit("81300", at(10, day=7), booked_at=at(10, 5)),
    )
    day.clock.moment = at(11)
    await day.tell(*told)
    await day.settle()
    there = day.deals
    assert [stage(one) for one in there] == [(PRIMARY, WON), (REPEAT, AGAIN_BOOKED)]

    await put_back(day, before, *told)

    assert day.deals == there
    assert await day.links() == {"81234": there[0].id, "81300": there[1].id}


async def test_the_deal_of_a_regular_is_found(day: Day) -> None:
    before = await dumped(day)
    past = visit("70000", at(10, day=-30), booked_at=at(10, day=-40), status="fulfilled", ended_at=at(11, day=-30))
    told = patient(), past, visit("81234", at(14, 30))
    await day.tell(*told)
    await day.settle()
    there = day.deals

    await put_back(day, before, *told)

    assert day.deals == there
    assert stage(day.deal) == (REPEAT, AGAIN_BOOKED)


async def test_a_lost_deal_and_the_one_after_it_are_found(day: Day) -> None:
    before = await dumped(day)
    gone = visit("81234", at(14, 30), status="cancelled", cancelled_at=at(8, 30))
    await day.tell(patient(), gone)
    await day.go(at(9))
    day.crm.edit(day.deal.id, stage=primary(LOST))
    told = visit("81300", at(10, day=1), booked_at=at(9, 30))
    await day.tell(told)
    await day.settle()
    there = day.deals
    assert [one.fields[DealField.VISITS] for one in there] == ["db_1:81234", "db_1:81300"]

    await put_back(day, before, patient(), gone, told)

    assert day.deals == there
    assert await day.links() == {"81234": there[0].id, "81300": there[1].id}


async def test_a_childs_deal_is_found_beside_the_mothers_lead(day: Day) -> None:
    before = await dumped(day)
    day.crm.lead(name="Петрова Мария", phone="+79990000101", stage=primary(NEW), created_at=at(7))
    told = patient(representative="Петрова Мария"), visit("81234", at(14, 30))
    await day.tell(*told)
    await day.settle()
    there = day.deals, dict(day.crm.contact_cards)

    await put_back(day, before, *told)

    assert (day.deals, day.crm.contact_cards) == there


async def test_who_has_no_phone_is_found_by_the_key(day: Day) -> None:
    before = await dumped(day)
    told = patient(phones=()), visit("81234", at(14, 30))
    await day.tell(*told)
    await day.settle()
    assert day.crm.count("contacts_with_key") == 0
    there = day.deals, dict(day.crm.contact_cards)

    await put_back(day, before, *told)

    assert (day.deals, day.crm.contact_cards) == there
    assert await day.links() == {"81234": day.deal.id}


async def test_where_nothing_was_put_back_the_deals_of_a_known_contact_are_not_asked_for(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    day.crm.edit(day.deal.id, stage=primary(LOST))
    await day.tell(visit("81234", at(14, 45)))
    await day.settle()
    day.crm.forget_requests()

    day.crm.edit(day.deals[-1].id, stage=primary(LOST))
    await day.tell(visit("81300", at(10, day=1)))
    await day.settle()

    made = day.crm.requests.index(("create_deals", 1))
    assert day.crm.requests[made - 2 : made] == [("deals", 2), ("contacts", 1)]
