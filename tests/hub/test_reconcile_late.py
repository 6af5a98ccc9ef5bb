"""What was asked for and not answered may come late: nothing is asked for a second time before it cannot come any more."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hub.crm import LATE, AnswerLost, CrmBusy, CrmDown, CrmUnpaid
from hub.reconcile.resolve import UnderWay
from hub.store.engine import Store
from tests.hub.clinic_day import NEW, Day, at, begun, changed, patient, primary, visit

BOOKED = visit("81234", at(14, 30))
LONG = LATE.total_seconds()


class Killed(Exception):
    """The process ended here."""


@pytest.fixture
async def day(store: Store) -> Day:
    """A clinic that is followed since seven in the morning, with a booked visit."""
    day = await begun(store)
    await day.tell(patient(), BOOKED)
    return day


def once(call: str, error: Exception) -> Callable[[str], None]:
    """The first of these calls fails so."""
    errors = [error]

    def fail(called: str) -> None:
        if called == call and errors:
            raise errors.pop()

    return fail


@pytest.mark.parametrize("error", [AnswerLost(), Killed()])
async def test_a_deal_that_comes_late_is_not_made_twice(day: Day, error: Exception) -> None:
    day.crm.late = once("create_deals", error)
    with pytest.raises(type(error)):
        await day.settle()

    for _ in range(2):
        with pytest.raises(UnderWay) as under_way:
            await day.settle()
        assert under_way.value.after
        day.wait(under_way.value.after / 2)
    day.crm.arrive()
    await day.settle()

    assert day.crm.count("create_deals") == 1
    assert await day.links() == {"81234": day.deal.id}
    assert await day.left_over() == {"dirty": 0, "intents": 0}


async def test_what_never_comes_is_asked_for_again_after_its_time(day: Day) -> None:
    day.crm.before = once("create_deals", AnswerLost())
    with pytest.raises(AnswerLost):
        await day.settle()

    day.wait(LONG - 1)
    with pytest.raises(UnderWay):
        await day.settle()
    day.wait(1)
    await day.settle()

    assert await day.links() == {"81234": day.deal.id}


async def test_what_was_done_is_found_at_once(day: Day) -> None:
    day.crm.after = once("create_deals", AnswerLost())
    with pytest.raises(AnswerLost):
        await day.settle()

    await day.settle()

    assert await day.links() == {"81234": day.deal.id}


@pytest.mark.parametrize("error", [CrmBusy(1), CrmDown(), CrmUnpaid("Pay for the account.")])
async def test_what_was_plainly_not_taken_is_asked_for_again_at_once(day: Day, error: Exception) -> None:
    day.crm.before = once("create_deals", error)
    with pytest.raises(type(error)):
        await day.settle()

    await day.settle()

    assert await day.links() == {"81234": day.deal.id}


async def test_a_note_that_comes_late_is_not_told_twice(day: Day) -> None:
    await day.settle()
    await day.tell(changed(BOOKED, start=at(16), end=at(17)))
    day.crm.late = once("add_notes", AnswerLost())
    with pytest.raises(AnswerLost):
        await day.settle()

    with pytest.raises(UnderWay):
        await day.settle()
    day.crm.arrive()
    await day.settle()

    assert len(day.notes()) == 1


async def test_a_note_that_was_not_sent_yet_is_told_without_waiting(day: Day) -> None:
    """Its intent is kept with the move that it tells of; the process dies before it comes to the notes."""
    await day.settle()
    await day.tell(patient(name="Петров Павел Ильич"), changed(BOOKED, start=at(16), end=at(17)))
    day.crm.before = once("patch_contacts", AnswerLost())
    with pytest.raises(AnswerLost):
        await day.settle()
    assert day.notes() == []

    await day.settle()

    assert len(day.notes()) == 1


async def test_a_link_that_is_lost_is_made_after_its_time(day: Day) -> None:
    lead = day.crm.lead(name="Петрова Мария", phone="+79990000101", stage=primary(NEW), created_at=at(6))
    await day.tell(patient(representative="Петрова Мария"))
    day.crm.before = once("link_contacts", AnswerLost())
    with pytest.raises(AnswerLost):
        await day.settle()

    with pytest.raises(UnderWay):
        await day.settle()
    assert len(day.crm.deal_cards[lead].contact_ids) == 1
    day.wait(LONG)
    await day.settle()

    assert len(day.crm.deal_cards[lead].contact_ids) == 2


async def test_a_clock_that_was_set_back_stops_nobody(day: Day) -> None:
    day.crm.before = once("create_deals", AnswerLost())
    with pytest.raises(AnswerLost):
        await day.settle()

    day.wait(-3600)
    await day.settle()

    assert len(day.deals) == 1


async def test_the_account_rests_until_it_knows_and_the_others_go_on(day: Day) -> None:
    other = replace(await begun(day.store, account_id=2), crm=day.crm)
    await other.tell(patient(), visit("1", at(12)))
    day.crm.before = once("create_deals", AnswerLost())
    reconcile = day.reconcile()

    assert await reconcile.serve(day.account) == 0  # the answer is lost
    assert await reconcile.serve(day.account) == 0  # nothing is found
    assert await reconcile.ready() == [other.account]
    assert await reconcile.serve(other.account) == 1


async def test_what_had_not_gone_out_yet_when_an_answer_was_lost_is_asked_for_at_once(day: Day) -> None:
    await day.tell(patient("4411", name="Петрова Анна"), visit("81260", at(15), patient="4411"))
    day.crm.before = once("create_deals", AnswerLost(untaken=[0, 1]))
    with pytest.raises(AnswerLost):
        await day.settle()
    await day.settle()
    assert len(day.deals) == 2

    await day.tell(
        *(patient(str(n), name=f"Пациент {n}", phones=()) for n in range(2)),
        *(visit(str(90_000 + n), at(15), patient=str(n)) for n in range(2)),
    )
    day.crm.before = once("create_deals", AnswerLost(untaken=[1]))
    with pytest.raises(AnswerLost):
        await day.settle()
    with pytest.raises(UnderWay):  # the other may come
        await day.settle()
