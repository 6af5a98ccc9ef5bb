"""A search for a patient: who may, how often, what is noted, and all clinics at the same time."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from sqlalchemy import delete, update

from hub.amocrm.hosts import Hosts
from hub.integrations import Integrations
from hub.panel import search
from hub.panel.door import Door
from hub.panel.search import Found, Hourly, merged, question_of, unsearched
from hub.panel.visitor import Told
from hub.rules.model import PatientKey
from hub.rules.settings import Rights
from hub.store import tables
from hub.store.engine import Store
from tests.hub.linked import serving
from tests.hub.panel import serving as web
from tests.hub.panel.opened import ADMIN, OPERATOR, Desk, add_database, answering, finds
from tests.hub.panel.people import SETTINGS
from tests.hub.panel.tokens import ACCOUNT
from wire.lookup import MAX_FOUND, FoundPatient, SearchAnswer

PETR = FoundPatient(
    id="4410", name="Петров Пётр Ильич", birth_date="2017-03-08", card_number="1187", next_visit_on="2026-12-03"
)
ANNA = FoundPatient(id="4411", name="Петрова Анна Ильинична", birth_date="2014-02-11", next_visit_on=None)
PERSON = {"next_visit_on": None, "next_visit_known": True}
GONE = FoundPatient(id="4000", name="Авдеев Олег", archived=True)


@pytest.fixture
async def desk(lite: Store) -> AsyncIterator[Desk]:
    async with serving(lite) as hub:
        made = Desk(hub)
        await made.configure(1, 2)
        await hub.write(delete(tables.databases).where(tables.databases.c.id == "db_2"))
        yield made


async def search_for(desk: Desk, text: str = "петр", user: int = OPERATOR, account: int = 1) -> Found:
    return await desk.searches.search(desk.visitor(account, user), text)


async def refused(desk: Desk, text: str = "петр", user: int = OPERATOR) -> Told:
    with pytest.raises(Told) as caught:
        await search_for(desk, text, user)
    return caught.value


async def test_who_is_found_shows_a_name_an_age_and_a_day_and_is_noted(desk: Desk) -> None:
    async with answering(desk, finds(ANNA, PETR)) as clinic:
        found = await search_for(desk, "  петр ")

    assert clinic.asked[0].ask == "search"
    assert clinic.asked[0].args == {"text": "  петр "}
    assert found.model_dump() == {
        "persons": (
            PERSON | {"id": "db_1:4410", "name": "Петров Пётр Ильич", "age": 9, "next_visit_on": "2026-12-03"},
            PERSON | {"id": "db_1:4411", "name": "Петрова Анна Ильинична", "age": 12},
        ),
        "more": False,
        "unsearched": None,
    }
    assert await desk.journal() == [(OPERATOR, "search", ["db_1:4410", "db_1:4411"])]


async def test_who_was_found_may_be_chosen_by_who_found_him(desk: Desk) -> None:
    key = PatientKey("db_1", "4410")
    async with answering(desk, finds(PETR)):
        assert not desk.offered.holds(desk.visitor(), key)
        await search_for(desk)

    assert desk.offered.holds(desk.visitor(), key)
    assert not desk.offered.holds(desk.visitor(user=ADMIN), key)
    assert not desk.offered.holds(desk.visitor(account=2), key)


async def test_all_clinics_are_searched_and_one_that_is_silent_is_named(desk: Desk) -> None:
    await add_database(desk.hub, 1, "db_2")
    async with answering(desk, finds(PETR)):
        async with answering(desk, finds(GONE, ANNA), database="db_2"):
            both = await search_for(desk)
        one = await search_for(desk)

    assert [person.id for person in both.persons] == ["db_1:4410", "db_2:4411", "db_2:4000"]  # archived cards last
    assert (both.more, both.unsearched) == (False, None)
    assert ([person.id for person in one.persons], one.more) == (["db_1:4410"], False)
    assert one.unsearched == "Нет ответа, там не искали: db_2."
    assert [person.next_visit_known for person in both.persons] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", search.TOO_FEW),
        ("пет", search.TOO_FEW),
        ("+7 (9", search.TOO_FEW),
        (" а-б-в ", search.TOO_FEW),
        ("п" * 101, search.TOO_LONG),
    ],
)
async def test_too_little_and_too_much_is_told_how_to_say_it(desk: Desk, text: str, reason: str) -> None:
    async with answering(desk, finds(PETR)) as clinic:
        told = await refused(desk, text)

    assert (told.status, told.code, told.reason) == (400, "bad_question", reason)
    assert (clinic.asked, await desk.journal()) == ([], [])


@pytest.mark.parametrize("text", ["петр", "1234", "4410", "ё-1-2-3", "п" * 100])
def test_enough_is_four_letters_or_digits(text: str) -> None:
    assert question_of(text).text == text


async def test_searching_is_a_right(desk: Desk) -> None:
    only_admins = SETTINGS.model_copy(update={"rights": Rights(search=("admin",))}).model_dump_json(by_alias=True)
    await desk.hub.write(update(tables.accounts).where(tables.accounts.c.id == 1).values(settings=only_admins))
    async with answering(desk, finds(PETR)):
        told = await refused(desk)
        found = await search_for(desk, user=ADMIN)

    assert (told.status, told.code, told.reason) == (403, "refused", search.MAY_NOT)
    assert len(found.persons) == 1
    assert [user for user, _, _ in await desk.journal()] == [ADMIN]


async def test_an_account_that_is_not_ready_is_not_searched(desk: Desk) -> None:
    await desk.hub.write(update(tables.accounts).values(settings=None))

    assert (await refused(desk)).reason == search.NOT_CONFIGURED


async def test_only_so_many_searches_an_hour(desk: Desk) -> None:
    async with answering(desk, finds(PETR)) as clinic:
        for _ in range(3):
            await search_for(desk)
        told = await refused(desk)
        await search_for(desk, user=ADMIN)

    assert (told.status, told.code) == (429, "too_many")
    assert told.retry_after
    assert 3590 < told.retry_after <= 3600
    assert len(clinic.asked) == 4


async def test_a_clinic_that_is_away_cannot_be_searched(desk: Desk) -> None:
    told = await refused(desk)

    assert (told.status, told.code, told.reason) == (503, "busy", search.NO_ANSWER)
    assert await desk.journal() == []


async def test_a_search_over_http(desk: Desk, session: aiohttp.ClientSession) -> None:
    await add_database(desk.hub, ACCOUNT, "db_1")
    await desk.configure(ACCOUNT)
    door = Door(Integrations(desk.store), Hosts([]))
    async with (
        web.serving([*desk.searches.routes(door), door.rest()]) as base,
        answering(desk, finds(PETR), account=ACCOUNT) as clinic,
    ):
        browser = web.Browser(session, base)
        found = await browser.ask("/panel/v1/search", method="POST", json={"text": "Петр"})
        nothing = await browser.ask("/panel/v1/search", method="POST", json={"text": ""})
        strange = await browser.ask("/panel/v1/search", method="POST", json={"q": "Петр"})
        in_the_address = await browser.ask("/panel/v1/search", params={"text": "Петр"})

    assert (found.status, [person["id"] for person in found.body["persons"]]) == (200, ["db_1:4410"])
    assert clinic.asked[0].args == {"text": "Петр"}
    assert (nothing.status, nothing.body) == (400, {"code": "bad_question", "reason": search.TOO_FEW})
    assert (strange.status, strange.code) == (400, "bad_question")
    assert in_the_address.status == 404, "what was typed stands in no address"
    assert len(clinic.asked) == 1


# Pure


def answer(*patients: FoundPatient, **more: Any) -> SearchAnswer:
    return SearchAnswer(patients=patients, **more)


def test_at_most_ten_are_told_and_that_there_are_more() -> None:
    many = [PETR.model_copy(update={"id": str(n), "name": f"Петров {n:02}"}) for n in range(MAX_FOUND)]

    exactly = merged({"db_1": answer(*many)})
    one_more = merged({"db_1": answer(*many), "db_2": answer(GONE)})

    assert ([hit.key.patient for hit in exactly.shown], exactly.more) == ([str(n) for n in range(10)], False)
    assert (len(one_more.shown), one_more.more) == (10, True)
    assert merged({"db_1": answer(PETR, more=True)}).more
    assert not merged({"db_1": answer(partial=True)}).more


ONE, TWO = {"db_1": "На Ленина"}, {"db_1": "На Ленина", "db_2": "На Мира"}


@pytest.mark.parametrize(
    ("names", "answers", "said"),
    [
        (TWO, {"db_1": answer(), "db_2": answer()}, None),
        (TWO, {"db_1": answer()}, "Нет ответа, там не искали: На Мира."),
        (ONE, {"db_1": answer(partial=True)}, "Данные ещё загружаются, кого-то может не хватать."),
        (
            TWO,
            {"db_1": answer(PETR, partial=True)},
            "Нет ответа, там не искали: На Мира. Данные ещё загружаются, кого-то может не хватать: На Ленина.",
        ),
    ],
)
def test_where_nobody_looked_is_said(names: dict[str, str], answers: dict[str, SearchAnswer], said: str | None) -> None:
    assert unsearched(names, answers) == said


def test_an_hour_is_counted_for_each_user() -> None:
    now = 0.0
    desk_of = Hourly(most=2, seconds=60, now=lambda: now, held=2)
    one, other, third = (_visitor(user) for user in (1, 2, 3))

    assert [desk_of.count(one), desk_of.count(one)] == [0, 0]
    now = 10.0
    assert desk_of.count(one) == 50
    assert desk_of.count(other) == 0
    now = 60.0
    assert [desk_of.count(one), desk_of.count(one), desk_of.count(one)] == [0, 0, 60]
    desk_of.count(third)  # of three users the one who searched longest ago is forgotten
    assert desk_of.count(one) == 60
    assert [desk_of.count(other), desk_of.count(other)] == [0, 0]


def _visitor(user: int) -> Any:
    return web.visitor(user_id=user)
