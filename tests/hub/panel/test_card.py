"""A card from end to end within the hub: rights, store, real links to clinics, the journal. What is shown of it stands in test_compose."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from hub.amocrm.hosts import Hosts
from hub.clock import machine_now
from hub.integrations import Integrations
from hub.links.confirmations import Confirmation, save_confirmation
from hub.panel import card
from hub.panel.door import Door
from hub.panel.model import Freshness, Panel
from hub.panel.streams import StreamKey, Watch
from hub.panel.visitor import Told
from hub.rules.model import PatientKey
from hub.rules.settings import Rights
from hub.store import tables
from hub.store.engine import Store
from tests.hub.linked import PATIENCE, eventually, serving
from tests.hub.panel import serving as web
from tests.hub.panel.opened import (
    ADMIN,
    OPERATOR,
    Desk,
    add_database,
    answering,
    contact,
    knows,
)
from tests.hub.panel.people import ANNA, DB, MARIA, NEXT, NOW, PETR, SETTINGS, VISITED, anna, at, maria, petr
from tests.hub.panel.tokens import ACCOUNT
from wire.frames import State
from wire.lookup import CardPatient
from wire.model import Balance, Checkup, Patient, Plan

PHONE, OTHER = "+79990001201", "+79990001299"
MOTHER = contact(901, "Петрова Мария", PHONE)
PETR_CARD = petr(phones=(PHONE,))
FAMILY = (
    PETR_CARD,
    anna().model_copy(update={"phones": (PHONE,)}),
    maria().model_copy(update={"phones": (PHONE, OTHER)}),
)


@pytest.fixture
async def desk(store: Store) -> AsyncIterator[Desk]:
    """Once on each kind of database."""
    async with opened(store) as made:
        yield made


@pytest.fixture
async def lite_desk(lite: Store) -> AsyncIterator[Desk]:
    """On SQLite only."""
    async with opened(lite) as made:
        yield made


def opened(store: Store) -> Any:
    return _Opened(store)


class _Opened:
    """Two configured accounts with one clinic each."""

    def __init__(self, store: Store) -> None:
        self._serving = serving(store)

    async def __aenter__(self) -> Desk:
        made = Desk(await self._serving.__aenter__())
        await made.configure(1, 2)
        await made.hub.write(delete(tables.databases).where(tables.databases.c.id == "db_2"))
        return made

    async def __aexit__(self, *error: Any) -> None:
        await self._serving.__aexit__(*error)


def record(one: CardPatient) -> Patient:
    return Patient(**{name: getattr(one, name) for name in Patient.model_fields if name in one.model_fields_set})


async def deal(desk: Desk, user: int = OPERATOR, account: int = 1) -> Panel:
    return await desk.cards.deal(desk.visitor(account, user), 1)


def shown(panel: Panel) -> tuple[str, str | None, list[str]]:
    others = [one.id for one in (*panel.others, *panel.persons)]
    return panel.state, panel.patient.id if panel.patient else None, others


# Who it is


async def test_a_linked_deal_shows_its_patient_live_with_what_the_hub_knows_beside(desk: Desk) -> None:
    desk.deal(MOTHER)
    await desk.told(
        record(PETR_CARD),
        NEXT,
        Balance(patient_id="4410", debt=Decimal(700), advance=Decimal(0)),
        Checkup(id="5", patient_id="4410", due_on="2026-12-20"),
        Plan(id="9", patient_id="4410", agreed=Decimal(3), done=Decimal(1), unscheduled=Decimal(2)),
    )
    await desk.link(PETR)
    async with answering(desk, knows(*FAMILY)) as clinic:
        panel = await deal(desk)

    assert shown(panel) == ("found", "db_1:4410", ["db_1:4411", "db_1:4400"])
    assert panel.patient
    assert panel.patient.balance
    assert (panel.patient.balance.debt, panel.patient.balance.at) == ("700.00", NOW)
    assert panel.patient.checkup
    assert panel.patient.plan
    assert panel.freshness
    assert (panel.freshness.level, panel.freshness.text) == ("green", "IDENT 12:42, связь есть")
    assert panel.now == NOW
    assert clinic.asked[0].args == {"phones": [PHONE], "patient_ids": ["4410"]}


async def test_what_an_operator_chose_counts_more_than_the_link(desk: Desk) -> None:
    desk.deal(MOTHER)
    await desk.link(PETR)
    await desk.choose(ANNA)
    async with answering(desk, knows(*FAMILY)):
        panel = await deal(desk)

    assert shown(panel)[:2] == ("found", "db_1:4411")
    assert panel.chosen


async def test_a_patients_own_phones_are_asked_for_too(desk: Desk) -> None:
    """The deal's contact has a new number; who shares the old one is still family."""
    desk.deal(contact(901, "Петрова Мария", OTHER))
    await desk.told(record(PETR_CARD))
    await desk.link(PETR)
    async with answering(desk, knows(*FAMILY)) as clinic:
        panel = await deal(desk)

    assert clinic.asked[0].args["phones"] == [OTHER, PHONE]
    assert shown(panel)[2] == ["db_1:4411", "db_1:4400"]


@pytest.mark.parametrize(
    ("people", "state", "patient", "persons"),
    [
        (FAMILY[:1], "found", "db_1:4410", []),
        (FAMILY, "several", None, ["db_1:4410", "db_1:4411", "db_1:4400"]),
        ((), "nobody", None, []),
    ],
)
async def test_without_a_link_the_phones_of_all_contacts_count(
    lite_desk: Desk, people: tuple[CardPatient, ...], state: str, patient: str | None, persons: list[str]
) -> None:
    lite_desk.deal(contact(901, "89990001299", OTHER), contact(902, "Сидорова Ольга", PHONE))
    async with answering(lite_desk, knows(*people)) as clinic:
        panel = await deal(lite_desk)

    assert shown(panel) == (state, patient, persons)
    assert clinic.asked[0].args["phones"] == [OTHER, PHONE]
    if state == "nobody":
        assert (panel.typed_name, panel.typed_phone) == (None, OTHER), "nobody knows whether it is Ольга's"


async def test_a_deal_without_phones_asks_nobody(lite_desk: Desk) -> None:
    lite_desk.deal(contact(901, "Сидорова Ольга"))
    async with answering(lite_desk, knows(*FAMILY)) as clinic:
        panel = await deal(lite_desk)

    assert (panel.state, panel.typed_name, panel.typed_phone, clinic.asked) == ("nobody", "Сидорова Ольга", None, [])


async def test_a_contact_shows_its_own_patient_and_merged_contacts_ask_which(lite_desk: Desk) -> None:
    lite_desk.contact(MOTHER)
    await lite_desk.link_contact(MARIA, 901)
    async with answering(lite_desk, knows(*FAMILY)):
        panel = await lite_desk.cards.contact(lite_desk.visitor(), 901)
        await lite_desk.link_contact(ANNA, 901)
        merged = await lite_desk.cards.contact(lite_desk.visitor(), 901)

    assert shown(panel) == ("found", "db_1:4400", ["db_1:4410", "db_1:4411"])
    assert (panel.chosen, panel.why) == (False, None)
    assert shown(merged) == ("several", None, ["db_1:4410", "db_1:4411", "db_1:4400"])


async def test_who_was_chosen_and_is_gone_from_ident_is_nobody(lite_desk: Desk) -> None:
    lite_desk.deal(MOTHER)
    await lite_desk.choose(PatientKey(DB, "9999"))
    async with answering(lite_desk, knows(FAMILY[1])):
        assert shown(await deal(lite_desk)) == ("found", "db_1:4411", [])


async def test_a_confirmed_visit_says_by_whom(lite_desk: Desk) -> None:
    lite_desk.deal(MOTHER)
    await lite_desk.link(PETR)
    confirmed = Confirmation(1, DB, NEXT.id, NEXT.start, "2", OPERATOR, "Орлова Анна, 24 ноя", NOW)
    async with lite_desk.store.writing(lite_desk.visitor().account) as unit:
        await save_confirmation(unit, confirmed)
    async with answering(lite_desk, knows(*FAMILY)):
        panel = await deal(lite_desk)

    assert panel.patient
    assert panel.patient.next_visit
    assert panel.patient.next_visit.confirmed == "Орлова Анна, 24 ноя"


# Rights


async def test_who_may_not_see_the_deal_sees_why_and_nothing_is_asked_or_noted(desk: Desk) -> None:
    desk.deal(MOTHER)
    desk.rights.deals.clear()
    async with answering(desk, knows(*FAMILY)) as clinic:
        panel = await deal(desk)

    assert (panel.state, panel.reason) == (
        "refused",
        "У вас нет права на просмотр этой карточки в amoCRM. Доступ даёт администратор аккаунта.",
    )
    assert (panel.patient, panel.persons, panel.freshness) == (None, (), None)
    assert (clinic.asked, await desk.journal()) == ([], [])


@pytest.mark.parametrize(("status", "code"), [(404, "unknown_card"), (503, "busy")])
async def test_what_is_no_refusal_is_an_error(lite_desk: Desk, status: int, code: str) -> None:
    lite_desk.deal(MOTHER)
    lite_desk.rights.fails = Told(status, code, "…")
    with pytest.raises(Told) as caught:
        await deal(lite_desk)

    assert caught.value.status == status


async def test_a_contact_that_the_user_may_not_see_names_nobody(lite_desk: Desk) -> None:
    lite_desk.deal(contact(901, "", OTHER), MOTHER.__class__(902, "", (PHONE,), (PHONE,)))
    del lite_desk.rights.contacts[1, 902]
    async with answering(lite_desk, knows(*FAMILY)) as clinic:
        panel = await deal(lite_desk)

    assert clinic.asked[0].args["phones"] == [OTHER]
    assert shown(panel) == ("found", "db_1:4400", [])


async def test_the_settings_say_who_sees_money(lite_desk: Desk) -> None:
    lite_desk.deal(MOTHER)
    await lite_desk.link(PETR)
    only_admins = SETTINGS.model_copy(update={"rights": Rights(money=("admin",))}).model_dump_json(by_alias=True)
    await lite_desk.hub.write(update(tables.accounts).where(tables.accounts.c.id == 1).values(settings=only_admins))
    async with answering(lite_desk, knows(*FAMILY)):
        operator, admin = await deal(lite_desk), await deal(lite_desk, ADMIN)

    assert operator.patient
    assert admin.patient
    assert (operator.rights.money, operator.patient.balance) == (False, None)
    assert (admin.rights.money, admin.patient.balance is not None) == (True, True)


async def test_an_account_that_is_not_ready_says_what_is_missing(lite_desk: Desk) -> None:
    lite_desk.deal(MOTHER)
    await lite_desk.hub.write(update(tables.accounts).values(settings=None))
    unset = await deal(lite_desk)
    await lite_desk.hub.write(delete(tables.databases).where(tables.databases.c.account_id == 1))
    unconnected = await deal(lite_desk)

    assert (unset.state, unset.reason) == ("not_configured", card.NO_SETTINGS)
    assert (unconnected.state, unconnected.reason) == ("not_configured", card.NO_CLINIC)


# The journal


async def test_every_patient_of_an_answer_is_noted_before_it_leaves(desk: Desk) -> None:
    desk.deal(MOTHER)
    desk.contact(MOTHER)
    await desk.link(PETR)
    async with answering(desk, knows(*FAMILY)):
        await deal(desk)
        await desk.cards.contact(desk.visitor(), 901)

    first, second = await desk.journal()
    assert first == (OPERATOR, "card", ["deal:1", "db_1:4410", "db_1:4411", "db_1:4400"])
    assert second == (OPERATOR, "card", ["contact:901", "db_1:4410", "db_1:4411", "db_1:4400"])


async def test_without_a_note_there_is_no_answer(lite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> None:
        raise OSError

    lite_desk.deal(MOTHER)
    monkeypatch.setattr(lite_desk.cards._journal, "note", fails)
    async with answering(lite_desk, knows(*FAMILY)):
        with pytest.raises(OSError):
            await deal(lite_desk)


# A clinic that does not answer


async def test_an_absent_clinic_shows_what_the_hub_knows_and_since_when(desk: Desk) -> None:
    desk.deal(MOTHER)
    before = at("11-23 14:58")
    await desk.told(record(PETR_CARD), record(FAMILY[1]), NEXT, VISITED)
    await desk.told(Balance(patient_id="4410", debt=Decimal(700)), read_at=at("11-20 10:00"))
    await desk.link(PETR)
    async with answering(desk, knows(*FAMILY)):
        pass
    await eventually(lambda: _is_gone(desk))
    await desk.stands(mis="ok", read_through=before)
    panel = await deal(desk)

    assert shown(panel) == ("offline", "db_1:4410", ["db_1:4411"])
    assert panel.freshness
    assert (panel.freshness.level, panel.freshness.text) == (
        "red",
        "Компьютер клиники не на связи с 23 ноя, 15:00; данные на 14:58",  # it is noon in London when it leaves
    )
    assert panel.patient
    assert panel.patient.balance
    assert (panel.patient.balance.debt, panel.patient.balance.at) == ("700.00", before)
    assert [one.id for one in panel.patient.future] == ["db_1:81234"]
    assert await desk.journal() == [(OPERATOR, "card", ["deal:1", "db_1:4410", "db_1:4411"])]


async def _is_gone(desk: Desk) -> bool:
    return not desk.hub.registry.connected()


async def test_where_the_hub_knows_nobody_an_absent_clinic_shows_nobody(lite_desk: Desk) -> None:
    lite_desk.deal(MOTHER)
    panel = await deal(lite_desk)
    await lite_desk.told(*map(record, FAMILY))
    several = await deal(lite_desk)

    assert shown(panel) == ("offline", None, [])
    assert panel.freshness
    assert panel.freshness.text == "Компьютер клиники ещё не выходил на связь"
    assert shown(several) == ("several", None, ["db_1:4410", "db_1:4411", "db_1:4400"])
    assert several.freshness
    assert several.freshness.level == "red"


async def test_a_hub_that_has_just_started_knows_since_when_a_clinic_is_away(lite_desk: Desk) -> None:
    """By the last state that its agent told, which was never before what it had read."""
    lite_desk.deal(MOTHER)
    an_hour_ago = machine_now() - timedelta(hours=1)
    texts = []
    for through in ("11-24 11:38", "11-24 12:00"):
        await lite_desk.stands(mis="ok", read_through=at(through), state_at=an_hour_ago)
        freshness = (await deal(lite_desk)).freshness
        assert freshness
        texts.append(freshness.text)

    assert texts == [
        "Компьютер клиники не на связи с 11:42; данные на 11:38",
        "Компьютер клиники не на связи с 12:00; данные на 12:00",
    ]


async def test_a_clinic_whose_clock_is_slow_is_not_late(lite_desk: Desk) -> None:
    lite_desk.deal(MOTHER)
    levels = []
    async with answering(lite_desk, knows(*FAMILY)):
        for ahead in (-240.0, None):
            said = State(mis="ok", clock_offset_seconds=ahead).model_dump_json()
            await lite_desk.stands(read_through=NOW - timedelta(minutes=4), state=said)
            levels.append(((await deal(lite_desk)).freshness or Freshness(level="red", text="", mis="ok")).level)

    assert levels == ["green", "amber"]


async def test_a_clinic_that_is_lost_under_the_question_is_away(lite_desk: Desk) -> None:
    lite_desk.deal(MOTHER)
    async with answering(lite_desk, lambda _: None) as clinic, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(deal(lite_desk))
        await heard(clinic, lambda: bool(clinic.asked))
        clinic.talk.socket.transport.abort()
        freshness = (await asking).freshness

    assert freshness
    assert (freshness.level, freshness.mis) == ("red", "offline")
    assert freshness.text.startswith("Компьютер клиники не на связи с 23 ноя, 15:00")


@pytest.mark.parametrize("reply", ["mis_down", None])
async def test_a_clinic_without_an_answer_is_offline_though_connected(
    lite_desk: Desk, reply: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card, "WITHIN_SECONDS", 0.15)
    lite_desk.deal(MOTHER)
    await lite_desk.told(record(PETR_CARD), NEXT)
    await lite_desk.link(PETR)
    async with answering(lite_desk, lambda _: reply):
        if reply:
            await lite_desk.stands(mis="down")
        panel = await deal(lite_desk)

    assert shown(panel) == ("offline", "db_1:4410", [])
    assert panel.freshness
    assert (panel.freshness.level, panel.freshness.mis) == ("amber", "down" if reply else "ok")


async def test_a_silent_second_clinic_does_not_hold_up_a_patient_of_the_first(
    lite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_database(lite_desk.hub, 1, "db_2")
    monkeypatch.setattr(card, "OTHERS_WITHIN_SECONDS", 0.1)
    lite_desk.deal(MOTHER)
    await lite_desk.link(PETR)
    async with answering(lite_desk, knows(*FAMILY)), answering(lite_desk, lambda _: None, database="db_2") as second:
        async with asyncio.timeout(card.WITHIN_SECONDS - 1):
            panel = await deal(lite_desk)

    assert shown(panel)[:2] == ("found", "db_1:4410")
    assert panel.freshness
    assert panel.freshness.text == "db_1: IDENT 12:42, связь есть"
    assert second.asked[0].args == {"phones": [PHONE], "patient_ids": []}


# Several clinics, several accounts


async def test_the_same_id_in_two_clinics_is_two_patients(lite_desk: Desk) -> None:
    await add_database(lite_desk.hub, 1, "db_2")
    lite_desk.deal(MOTHER)
    await lite_desk.link(PatientKey("db_2", "4410"))
    namesake = CardPatient(id="4410", name="Сидорова Ольга", phones=(PHONE,), visits=(), bills=())
    async with answering(lite_desk, knows(PETR_CARD)), answering(lite_desk, knows(namesake), database="db_2"):
        panel = await deal(lite_desk)

    assert panel.patient
    assert (panel.patient.id, panel.patient.name) == ("db_2:4410", "Сидорова Ольга")
    assert [(one.id, one.name) for one in panel.others] == [("db_1:4410", "Петров Пётр Ильич")]


ACCOUNTS, DATABASES = (1, 2), ("db_1", "db_2")
PLACES = [(account, database) for account in ACCOUNTS for database in DATABASES]
worlds = st.fixed_dictionaries(
    {place: st.lists(st.sampled_from(("4410", "4411", "4400")), unique=True) for place in PLACES}
)


@given(
    worlds,
    st.sets(st.sampled_from(PLACES)),
    st.dictionaries(
        st.sampled_from(ACCOUNTS), st.tuples(st.sampled_from(DATABASES), st.sampled_from(("4410", "4411")))
    ),
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_accounts_and_clinics_with_the_same_phones_and_ids_never_meet(
    lite_desk: Desk,
    world: dict[tuple[int, str], list[str]],
    connected: set[tuple[int, str]],
    links: dict[int, tuple[str, str]],
) -> None:
    """Each patient's name says whose he is."""
    desk = lite_desk
    await reset(desk)
    desk.deal(MOTHER, account=1)
    desk.deal(MOTHER, account=2)
    for account, (database, key) in links.items():
        await desk.link(PatientKey(database, key), account=account)
    people = {
        place: [CardPatient(id=key, name=f"{place} {key}", phones=(PHONE,), visits=(), bills=()) for key in keys]
        for place, keys in world.items()
    }
    for (account, database), those in people.items():
        await desk.told(*map(record, those), database=database, account=account)
    async with asyncio.TaskGroup() as tasks:
        ready, over = asyncio.Semaphore(0), asyncio.Event()
        for place in connected:
            tasks.create_task(stays(desk, place, people[place], ready, over))
        for _ in connected:
            await ready.acquire()
        panels = {account: await deal(desk, account=account) for account in ACCOUNTS}
        over.set()

    for account, panel in panels.items():
        told: list[Any] = [*([panel.patient] if panel.patient else []), *panel.others, *panel.persons]
        assert sorted(one.name for one in told) == sorted(
            f"{(account, place)} {key}" for place, key in wanted(account, world, connected, links)
        )
        assert all(one.name == f"{(account, one.id.partition(':')[0])} {one.id.partition(':')[2]}" for one in told)


def wanted(
    account: int,
    world: dict[tuple[int, str], list[str]],
    connected: set[tuple[int, str]],
    links: dict[int, tuple[str, str]],
) -> list[tuple[str, str]]:
    """All of the account, unless the card is of somebody whom nobody can tell of now."""
    linked = links.get(account)
    if linked and (account, linked[0]) not in connected and linked[1] not in world[account, linked[0]]:
        return []
    return [(database, key) for database in DATABASES for key in world[account, database]]


async def stays(
    desk: Desk, place: tuple[int, str], people: list[CardPatient], ready: asyncio.Semaphore, over: asyncio.Event
) -> None:
    """A clinic that is connected until the end."""
    account, database = place
    async with answering(desk, knows(*people), database=database, account=account):
        ready.release()
        await over.wait()


async def reset(desk: Desk) -> None:
    """As if nothing had been told."""
    for table in (tables.agents, tables.records, tables.phones, tables.dirty, tables.deals, tables.lanes):
        await desk.hub.write(delete(table))
    known = {(row.account_id, row.id) for row in await desk.hub.rows(tables.databases)}
    for account, database in set(PLACES) - known:
        await add_database(desk.hub, account, database)


# What watches a card


async def test_a_stream_watches_the_patients_the_phones_and_the_deal(desk: Desk) -> None:
    desk.deal(MOTHER)
    desk.contact(MOTHER)
    await desk.told(*map(record, FAMILY))
    visitor = desk.visitor()
    unlinked = await desk.cards.watch(visitor, StreamKey("contact", 901))
    await desk.link(PETR)
    linked = await desk.cards.watch(visitor, StreamKey("deal", 1))
    mac = desk.store.keys.account(1).mac(PHONE)

    assert unlinked == Watch(frozenset({PETR, ANNA, MARIA}), frozenset({mac}), None)
    assert linked == Watch(frozenset({PETR}), frozenset({mac}), 1)
    desk.rights.deals.clear()
    with pytest.raises(Told):
        await desk.cards.watch(visitor, StreamKey("deal", 1))


async def test_a_stream_hears_how_fresh_the_patients_clinic_is(lite_desk: Desk) -> None:
    await add_database(lite_desk.hub, 1, "db_2")
    visitor = lite_desk.visitor()
    async with answering(lite_desk, knows()):
        own = await lite_desk.cards.freshness(visitor, Watch(frozenset({PETR})))
        any_of_them = await lite_desk.cards.freshness(visitor, Watch())
        lite_desk.clock.at = NOW + timedelta(minutes=5)
        later = await lite_desk.cards.freshness(visitor, Watch(frozenset({PETR})))

    assert own
    assert any_of_them
    assert later
    assert (own.level, any_of_them.level, later.level) == ("green", "red", "amber")
    assert own.text.startswith("db_1: ")
    assert any_of_them.text.startswith("db_2: ")


# Who may be chosen


async def test_only_who_was_shown_may_be_chosen(lite_desk: Desk) -> None:
    lite_desk.deal(MOTHER)
    visitor, other = lite_desk.visitor(), lite_desk.visitor(user=ADMIN)
    stranger = PatientKey(DB, "7777")
    async with answering(lite_desk, knows(*FAMILY)):
        assert await lite_desk.cards.may_choose(visitor, 1, ANNA)
        assert not await lite_desk.cards.may_choose(visitor, 1, stranger)
        lite_desk.offered.put(visitor, [stranger])
        assert await lite_desk.cards.may_choose(visitor, 1, stranger)
        assert not await lite_desk.cards.may_choose(other, 1, stranger)
    assert await lite_desk.journal() == []


# Over HTTP


async def test_a_browser_that_leaves_takes_its_question_back_in_the_clinic(
    lite_desk: Desk, session: aiohttp.ClientSession
) -> None:
    desk = lite_desk
    desk.deal(MOTHER, account=ACCOUNT)
    await add_database(desk.hub, ACCOUNT, "db_1")
    await desk.configure(ACCOUNT)
    door = Door(Integrations(desk.store), Hosts([]))
    served = web.serving(desk.cards.routes(door))
    async with served as base, answering(desk, lambda _: None, account=ACCOUNT) as clinic, asyncio.TaskGroup() as tasks:
        browser = web.Browser(session, base)
        asking = tasks.create_task(browser.ask("/panel/v1/deals/1?contacts=666"))
        await heard(clinic, lambda: bool(clinic.asked))
        asking.cancel()
        await heard(clinic, lambda: bool(clinic.cancelled))

    assert clinic.cancelled == [clinic.asked[0].id]
    assert clinic.asked[0].args["phones"] == [PHONE]
    assert await desk.journal(ACCOUNT) == []


async def test_a_card_travels_as_the_model_says(lite_desk: Desk, session: aiohttp.ClientSession) -> None:
    desk = lite_desk
    desk.deal(MOTHER, account=ACCOUNT)
    await add_database(desk.hub, ACCOUNT, "db_1")
    await desk.configure(ACCOUNT)
    door = Door(Integrations(desk.store), Hosts([]))
    async with web.serving(desk.cards.routes(door)) as base, answering(desk, knows(*FAMILY), account=ACCOUNT):
        browser = web.Browser(session, base)
        deal, contact_ = await browser.ask("/panel/v1/deals/1"), await browser.ask("/panel/v1/contacts/901")
        refused = await browser.ask("/panel/v1/deals/2")

    assert [told.status for told in (deal, contact_, refused)] == [200, 200, 200]
    assert [Panel.model_validate(told.body).state for told in (deal, contact_, refused)] == [
        "several",
        "several",
        "refused",
    ]


async def heard(clinic: Any, is_there: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_there():
            clinic.heard.clear()
            await clinic.heard.wait()
