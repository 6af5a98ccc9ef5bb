"""News reach whoever listens for the account, once, and never pile up; and those who have news tell them."""

import asyncio

import pytest

from hub.news import Changed, Heard, Listener, News


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
    for patient in range(1000):
        listener._take([("db_1", str(patient))], [patient], [])
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
