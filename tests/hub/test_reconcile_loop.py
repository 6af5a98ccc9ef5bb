"""One account's trouble is not the others': who waits, who is told, who is put aside; and what wakes the loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from hub.accounts import Account
from hub.crm import CrmBusy
from hub.inbox.write import record_place
from hub.reconcile import Reconcile
from hub.store.engine import Store
from hub.store.tables import accounts, records
from tests.hub.clinic_day import BOOKED, DATABASE, PRESET, PRIMARY, Day, at, begun, patient, stage, visit
from wire.errors import NeedsOperator
from wire.model import Patient, Visit


@pytest.fixture
async def two(store: Store) -> tuple[Day, Day]:
    """Two clinics in one hub, each with a booked visit."""
    first, second = await begun(store, account_id=1), await begun(store, account_id=2)
    for day in (first, second):
        await day.tell(patient(), visit("81234", at(14, 30)))
    return first, second


def of_both(two: tuple[Day, Day]) -> Reconcile:
    crms = {day.account.id: day.crm for day in two}
    return Reconcile(two[0].store, lambda account: crms[account.id], two[0].clock, jitter=lambda: 0.0)


async def blocked(day: Day) -> str | None:
    async with day.store.reading(day.account) as unit:
        code: str | None = (
            await unit.execute(select(accounts.c.blocked).where(accounts.c.id == day.account.id))
        ).scalar_one()
        return code


async def a_round(reconcile: Reconcile) -> int:
    return sum([await reconcile.serve(account) for account in await reconcile.ready()])


async def rest(reconcile: Reconcile) -> None:
    """Rounds until there is nothing to do."""
    for _ in range(20):
        if not await a_round(reconcile):
            return
    raise AssertionError("it does not come to rest")


@asynccontextmanager
async def running(reconcile: Reconcile) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(reconcile.run())
        yield
        task.cancel()


async def eventually(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if look():
                return
            await asyncio.sleep(0.01)


async def test_a_busy_crm_is_left_alone_for_as_long_as_it_asked(two: tuple[Day, Day]) -> None:
    first, second = two

    def busy(_: str) -> None:
        raise CrmBusy(30.0)

    first.crm.before = busy
    reconcile = of_both(two)
    await rest(reconcile)
    asked = len(first.crm.requests)
    first.crm.before = lambda _: None

    await rest(reconcile)

    assert len(second.deals) == 1
    assert (first.deals, len(first.crm.requests)) == ([], asked)


def installed_without_rights(_: str) -> None:
    raise NeedsOperator("Install as an administrator.")


async def test_what_needs_an_operator_is_said_and_the_others_go_on(two: tuple[Day, Day]) -> None:
    first, second = two
    first.crm.before = installed_without_rights
    await rest(of_both(two))
    assert (await blocked(first), await blocked(second)) == ("needs_operator", None)
    assert len(second.deals) == 1

    first.crm.before = lambda _: None
    await rest(of_both(two))  # a later try: the waiting time is the process's own

    assert await blocked(first) is None
    assert len(first.deals) == 1


async def test_what_needs_an_operator_is_said_again_after_an_install_that_mended_nothing(two: tuple[Day, Day]) -> None:
    first, _ = two
    first.crm.before = installed_without_rights
    reconcile = of_both(two)
    await reconcile.serve(first.account)

    await say_blocked(first, None)
    await reconcile.serve(first.account)

    assert await blocked(first) == "needs_operator"


@pytest.mark.parametrize("code", ["unauthorised", "unpaid", "blocked"])
async def test_what_the_crms_client_has_said_is_its_own_to_take_back(two: tuple[Day, Day], code: str) -> None:
    """Its client alone knows what the CRM answers: a step may have asked nothing."""
    first, _ = two
    await say_blocked(first, code)
    await of_both(two).serve(first.account)
    assert len(first.deals) == 1
    assert await blocked(first) == code

    await first.tell(visit("81234", at(15)))
    first.crm.before = installed_without_rights
    await of_both(two).serve(first.account)
    assert await blocked(first) == code


async def test_a_pause_does_not_take_back_that_an_operator_is_needed(two: tuple[Day, Day]) -> None:
    first, _ = two
    await say_blocked(first, "needs_operator")
    await first.configure(PRESET.model_copy(update={"paused": True}))

    await of_both(two).serve(first.account)
    assert await blocked(first) == "needs_operator"

    await first.configure(PRESET)
    await of_both(two).serve(first.account)
    assert await blocked(first) is None


async def say_blocked(day: Day, code: str | None) -> None:
    async with day.store.writing(day.account) as unit:
        await unit.execute(update(accounts).where(accounts.c.id == day.account.id).values(blocked=code))


async def test_a_preset_that_is_not_built_is_refused_by_name(two: tuple[Day, Day]) -> None:
    first, second = two
    await first.configure(PRESET.model_copy(update={"preset": "deal_per_visit"}))

    await rest(of_both(two))

    assert await blocked(first) == "needs_operator"
    assert (len(first.deals), len(second.deals)) == (0, 1)


async def test_a_mistake_of_ours_puts_one_patient_aside_and_the_rest_is_delivered(two: tuple[Day, Day]) -> None:
    first, second = two
    await first.tell(*many(range(5)))
    await spoil(first, "90002")

    await rest_in_spite_of_failures(of_both(two), first)

    assert len(first.deals) == 5
    assert await first.outcomes() == {"patient:2": ("park", "internal_error")}
    assert await first.left_over() == {"dirty": 0, "intents": 0}
    assert len(second.deals) == 1

    await first.tell(visit("90002", at(16), patient="2"))
    await rest(of_both(two))
    assert len(first.deals) == 6
    assert await first.outcomes() == {}


@pytest.mark.parametrize("others", [0, 5])
async def test_a_mistake_that_does_not_come_again_makes_careful_for_a_while_only(
    two: tuple[Day, Day], others: int
) -> None:
    first, _ = two
    await first.tell(*many(range(others)))
    reconcile = of_both(two)
    first.crm.before = mistaken
    await reconcile.serve(first.account)
    first.crm.before = lambda _: None
    await rest(reconcile)
    first.crm.forget_requests()

    await first.tell(*many(range(100, 140)))
    await rest(reconcile)

    assert first.crm.requests == [("create_deals", 40)]
    assert (len(first.deals), await first.outcomes()) == (1 + others + 40, {})


async def test_a_mistake_that_does_not_come_again_is_over_also_while_more_and_more_comes(two: tuple[Day, Day]) -> None:
    first, _ = two
    await first.tell(*many(range(5)))
    reconcile = of_both(two)
    first.crm.before = mistaken
    await reconcile.serve(first.account)
    first.crm.before = lambda _: None
    await first.tell(*many(range(100, 140)))

    for _ in range(7):  # the six that were in hand, one by one; then all that came since
        assert await reconcile.serve(first.account)

    assert len(first.deals) == 46


def mistaken(_: str) -> None:
    """Whatever we did not think of."""
    raise ValueError


def many(numbers: range) -> list[Patient | Visit]:
    """So many patients without phones, a visit each."""
    return [
        *(patient(str(n), name=f"Пациент {n}", phones=()) for n in numbers),
        *(visit(str(90_000 + n), at(15), patient=str(n)) for n in numbers),
    ]


async def spoil(day: Day, visit_id: str) -> None:
    """A record that no code can read: it stands for whatever we did not think of."""
    async with day.store.writing(day.account) as unit:
        sealed = unit.vault.seal("{}", record_place(DATABASE, ("visit", visit_id)))
        await unit.execute(update(records).where(records.c.key == visit_id).values(sealed_value=sealed))


async def rest_in_spite_of_failures(reconcile: Reconcile, day: Day) -> None:
    """A failed step settles nobody and is tried again."""
    for _ in range(40):
        await a_round(reconcile)
        if not (await day.left_over())["dirty"]:
            return
    raise AssertionError("it does not come to rest")


async def test_a_store_that_is_away_is_waited_for(two: tuple[Day, Day], monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = two
    writing = Store.writing
    away = [first.account]

    def missed(store: Store, account: Account) -> object:
        if account in away:
            raise OperationalError("a statement", {}, OSError())
        return writing(store, account)

    monkeypatch.setattr(Store, "writing", missed)
    reconcile = of_both(two)
    await rest(reconcile)
    assert (first.deals, len(second.deals)) == ([], 1)

    away.clear()
    await rest(reconcile)

    assert len(first.deals) == 1
    assert await first.outcomes() == {}


async def test_the_loop_is_woken_by_the_inbox(two: tuple[Day, Day]) -> None:
    first, second = two
    reconcile = of_both(two)
    async with running(reconcile):
        await eventually(lambda: len(first.deals) == len(second.deals) == 1)
        await first.tell(visit("81300", at(10, day=1)))
        reconcile.wake.set()

        await eventually(lambda: "81300" in str(first.deal.fields))


async def test_the_loop_follows_the_business_clock(two: tuple[Day, Day]) -> None:
    first, second = two
    async with running(of_both(two)):
        await eventually(lambda: len(first.deals) == len(second.deals) == 1)
        first.clock.moment = at(14, 45)

        await eventually(lambda: "не отмечен приход" in str(first.deal.fields.values()))


async def test_several_workers_never_work_on_one_account(two: tuple[Day, Day]) -> None:
    first, second = two
    inside: list[int] = []
    most: list[int] = []

    def noting(day: Day) -> Callable[..., Awaitable[object]]:
        create = day.crm.create_deals

        async def slowly(commands: object) -> object:
            inside.append(day.account.id)
            most.append(inside.count(day.account.id))
            await asyncio.sleep(0)
            found = await create(commands)  # type: ignore[arg-type]
            inside.remove(day.account.id)
            return found

        return slowly

    for day in two:
        day.crm.create_deals = noting(day)  # type: ignore[method-assign,assignment]
    reconcile = of_both(two)
    async with asyncio.TaskGroup() as tasks:
        workers = [tasks.create_task(reconcile.run()) for _ in range(3)]
        await eventually(lambda: len(first.deals) == len(second.deals) == 1)
        for worker in workers:
            worker.cancel()

    assert set(most) == {1}
    assert (stage(first.deal), stage(second.deal)) == ((PRIMARY, BOOKED), (PRIMARY, BOOKED))


async def test_a_backlog_of_one_account_lets_the_others_in_between(two: tuple[Day, Day]) -> None:
    first, second = two
    await first.tell(*many(range(450)))
    reconcile = of_both(two)

    for _ in range(2):
        await reconcile.serve((await reconcile.ready())[0])

    assert (len(first.deals), len(second.deals)) == (200, 1)
