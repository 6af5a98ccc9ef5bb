"""News reach whoever listens for the account, once, and never pile up; and those who have news tell them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from hub.accounts import grant_agent
from hub.inbox import Inbox, Outrun
from hub.news import Changed, Heard, Listener, News
from hub.store import tables
from hub.store.engine import Store, open_store
from hub.store.vault import KeyFiles
from tests.hub import linked
from tests.hub.clinic_day import at, begun
from tests.hub.clinic_day import patient as a_patient
from tests.hub.clinic_day import visit as a_visit
from tests.hub.linked import NOON, Agent, Noon
from tests.hub.pushes import Lanes, balance, patient, vanished, visit
from wire.frames import OutboxDepth, PassBegin, PassEnd, State


async def heard(listener: Listener) -> Heard:
    async with asyncio.timeout(5):
        return await listener.next()


async def hears_nothing(listener: Listener) -> bool:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await listener.next()
    return True


def changed(*patients: str, database: str = "db_1") -> Changed:
    return Changed(database, frozenset(patients))


async def test_what_changed_is_heard_once_however_often_it_was_told() -> None:
    news = News()
    with news.listen(1) as listener:
        news.tell(1, changed("4410"))
        news.tell(1, changed("4410", "4411"))
        news.tell_deals(1, [7, 7])
        news.tell_freshness(1, "db_1")
        news.tell_freshness(1, "db_1")

        assert await heard(listener) == Heard(
            frozenset({("db_1", "4410"), ("db_1", "4411")}), frozenset({7}), frozenset({"db_1"})
        )
        assert await hears_nothing(listener)


async def test_whoever_waits_is_woken() -> None:
    news = News()
    with news.listen(1) as listener:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(heard(listener))
            await asyncio.sleep(0)
            news.tell_deals(1, [7])

    assert waiting.result().deals == {7}


async def test_accounts_do_not_hear_each_other() -> None:
    news = News()
    with news.listen(1) as one, news.listen(2) as two:
        news.tell(1, changed("4410"))
        news.tell_deals(1, [7])
        news.tell_freshness(1, "db_1")

        assert (await heard(one)).patients == {("db_1", "4410")}
        assert await hears_nothing(two)


async def test_each_listener_hears_everything() -> None:
    news = News()
    with news.listen(1) as one, news.listen(1) as two:
        news.tell_deals(1, [7])

        assert (await heard(one)).deals == (await heard(two)).deals == {7}


async def test_nothing_is_told_of_nobody() -> None:
    news = News()
    with news.listen(1) as listener:
        news.tell(1, changed())
        news.tell_deals(1, [])

        assert await hears_nothing(listener)


async def test_too_much_becomes_everything_and_takes_no_room() -> None:
    listener = Listener(most=3)
    for n in range(1000):
        listener._take([("db_1", str(n))], [n], [])
    listener._take([], [], ["db_1"])

    assert len(listener._patients) + len(listener._deals) == 0
    assert await heard(listener) == Heard(databases=frozenset({"db_1"}), everything=True)
    listener._take([("db_1", "4410")], [], [])
    assert await heard(listener) == Heard(frozenset({("db_1", "4410")}))


async def test_a_wait_that_is_given_up_loses_nothing() -> None:
    news = News()
    with news.listen(1) as listener:
        assert await hears_nothing(listener)
        news.tell_deals(1, [7])

        assert (await heard(listener)).deals == {7}


async def test_whoever_left_is_forgotten() -> None:
    news = News()
    with news.listen(1), news.listen(1):
        pass

    assert news._listeners == {}
    news.tell_deals(1, [7])


# Who tells


class Pushes:
    """A database whose agent pushes, and somebody who listens."""

    def __init__(self, store: Store, news: News) -> None:
        self.account, self.inbox, self.lanes = grant_agent(31), Inbox(store, Noon(), news), Lanes()

    async def take(self, *received: Any) -> None:
        await self.inbox.take(self.account, "db_1", 1, received)

    async def push(self, *changes: dict[str, Any]) -> None:
        await self.take(self.lanes.push("live", *changes))


async def test_the_inbox_tells_whose_data_changed_once_they_are_committed(lite: Store) -> None:
    async with lite.hub_writing() as connection:
        await connection.execute(insert(tables.accounts).values(id=31, host="c.amocrm.ru", created_at=NOON))
        await connection.execute(
            insert(tables.databases).values(account_id=31, id="db_1", name="PZ", zone="Europe/Moscow", generation=1)
        )
    news = News()
    pushes = Pushes(lite, news)

    async def told(listener: Listener) -> set[str]:
        return {name for _, name in (await heard(listener)).patients}

    with news.listen(31) as listener:
        await pushes.push(patient("4410"), visit("1", patient_id="4411"), balance("4412"))
        assert await told(listener) == {"4410", "4411", "4412"}
        await pushes.push(visit("1", patient_id="4413"))
        assert await told(listener) == {"4411", "4413"}  # whose it was, and whose it is
        await pushes.push(vanished("visit", "1"))
        assert await told(listener) == {"4413"}
        await pushes.push(*(patient(str(5000 + n)) for n in range(30)))
        await told(listener)
        await pushes.take(pushes.lanes.mark(PassBegin, "patient"))
        await pushes.push(*(patient(str(5000 + n)) for n in range(30)))
        await told(listener)
        await pushes.take(pushes.lanes.mark(PassEnd, "patient"))
        assert await told(listener) == {"4410"}  # nobody saw it in the whole pass
        with pytest.raises(Outrun):
            await pushes.inbox.take(pushes.account, "db_1", 2, [pushes.lanes.push("live", patient("9"))])
        assert await hears_nothing(listener)


async def test_a_delivery_tells_the_deals_that_it_changed(lite: Store) -> None:
    day = await begun(lite, account_id=31)
    with day.news.listen(31) as listener:
        await day.tell(a_patient(), a_visit("81234", at(14, 30)))
        await day.settle()
        assert (await heard(listener)).deals == {day.deal.id}

        await day.settle()
        assert await hears_nothing(listener)
        await day.tell(a_visit("81234", at(15, 30)))
        await day.settle()
        assert (await heard(listener)).deals == {day.deal.id}


def state(**changed: Any) -> State:
    return State(**{"mis": "ok", "read_through": NOON, "verified_through": NOON} | changed)


async def test_a_link_tells_when_there_is_another_thing_to_say_of_its_clinic(sqlite_url: str, keys: KeyFiles) -> None:
    async with open_store(sqlite_url, keys) as store, linked.serving(store) as hub:
        agent = await Agent(hub).enrol()
        with hub.news.listen(1) as listener, hub.news.listen(2) as other:
            async with agent.linked() as talk:
                assert (await heard(listener)).databases == {"db_1"}  # the link opened
                for told in (
                    state(),
                    state(mis="down"),
                    state(mis="down", read_through=NOON - timedelta(minutes=5)),
                    state(),
                    state(outbox=OutboxDepth(live=1)),
                ):
                    await talk.say(told)
                    assert (await heard(listener)).databases == {"db_1"}
                await talk.say(state(outbox=OutboxDepth(live=7), read_through=NOON + timedelta(seconds=1)))
                for _ in range(2):  # by the second one, what was said before the first stands
                    await talk.acked(await talk.push("live", patient("4410")))
                    assert not (await heard(listener)).databases
            assert (await heard(listener)).databases == {"db_1"}  # it closed
            assert await hears_nothing(other)
