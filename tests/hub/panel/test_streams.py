"""An open card is told that it should ask again: by a ticket that works once, of what concerns it, and of nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from sqlalchemy import delete, insert

from hub.accounts import Account, grant_operation
from hub.amocrm.hosts import Hosts
from hub.crm import SeenContact, SeenDeal
from hub.integrations import Integrations
from hub.metrics import REGISTRY
from hub.news import Changed, News
from hub.panel.door import PREFIX, Door
from hub.panel.model import Freshness
from hub.panel.rights import Rights
from hub.panel.streams import MOST_OF_A_USER, StreamKey, Streams, Times, Watch
from hub.panel.visitor import Told as Refusal
from hub.panel.visitor import Visitor
from hub.rules.model import PatientKey
from hub.store.engine import Store
from hub.store.tables import phones
from tests.hub.panel.serving import OTHER, OTHER_HOST, Browser, serving
from tests.hub.panel.tokens import ACCOUNT, HOST, USER

AT = PREFIX + "/stream"
HERS, HIS = PatientKey("db_1", "4410"), PatientKey("db_1", "4411")
DEAL, CONTACT = 15198335, 901
PHONE = "+79990001234"
QUIET = Times(beat=3600, gap=0)
GREEN = Freshness(level="green", text="IDENT 19:58, связь есть", mis="ok")
RED = Freshness(level="red", text="Компьютер клиники не на связи с 20:05", mis="offline")


class Allowed(Rights):
    """Whoever is not named may see everything."""

    def __init__(self) -> None:
        self.denied: set[int] = set()

    async def seen_deal(self, visitor: Visitor, deal_id: int) -> SeenDeal:
        self._check(visitor)
        return SeenDeal(deal_id)

    async def seen_contact(self, visitor: Visitor, contact_id: int) -> SeenContact:
        self._check(visitor)
        return SeenContact(contact_id)

    def _check(self, visitor: Visitor) -> None:
        if visitor.user_id in self.denied:
            raise Refusal(403, "refused", "Нельзя.")


class Card:
    """One stream as the browser reads it."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def next(self) -> tuple[str, Any]:
        """The next event, a beat too."""
        async with asyncio.timeout(5):
            block = (await self.answer.content.readuntil(b"\n\n")).decode()
        lines = dict(line.split(": ", 1) for line in block.strip().splitlines())
        return lines["event"], json.loads(lines["data"])

    async def event(self) -> tuple[str, Any]:
        """The next event that says something."""
        while (told := await self.next())[0] == "beat":
            pass
        return told

    async def ended(self) -> None:
        async with asyncio.timeout(5):
            while await self.answer.content.read(1024):
                pass


@dataclass
class Hub:
    """Streams behind a real socket; what concerns a card and how fresh it is, the test says."""

    store: Store
    news: News
    rights: Allowed
    streams: Streams
    session: aiohttp.ClientSession
    base: str = ""
    watch: Watch = field(default_factory=lambda: Watch(frozenset({HERS}), deal_id=DEAL))
    fresh: Freshness | None = None
    asked: list[StreamKey] = field(default_factory=list)

    def page(self, user_id: int = USER, account_id: int = ACCOUNT, host: str = HOST) -> Browser:
        return Browser(
            self.session,
            self.base,
            user_id=user_id,
            account_id=account_id,
            iss=f"https://{host}",
            subdomain=host.partition(".")[0],
        )

    async def ticket(self, page: Browser | None = None, **card: int) -> str:
        told = await (page or self.page()).ask(AT, method="POST", json=card or {"deal": DEAL})
        assert told.status == 200, told.body
        url = str(told.body["url"])
        assert url.startswith(f"https://hub.example{AT}?ticket=")
        return self.base + url.removeprefix("https://hub.example")

    @asynccontextmanager
    async def open(self, page: Browser | None = None, **card: int) -> AsyncIterator[Card]:
        page = page or self.page()
        url = await self.ticket(page, **card)
        async with self.session.get(url, headers={"Origin": page.origin}) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.headers["Access-Control-Allow-Origin"] == page.origin
            assert answer.content_type == "text/event-stream"
            card_ = Card(answer)
            assert await card_.next() == ("beat", {})
            yield card_

    async def refused(self, url: str, origin: str = f"https://{HOST}") -> tuple[int, str]:
        async with self.session.get(url, headers={"Origin": origin}) as answer:
            assert answer.headers.get("Access-Control-Allow-Origin") == origin
            return answer.status, (await answer.json())["code"]

    def tell(self, *patients: PatientKey, account_id: int = ACCOUNT) -> None:
        self.news.tell(account_id, Changed("db_1", frozenset(key.patient for key in patients)))

    async def bears(self, key: PatientKey) -> None:
        async with self.store.writing(grant_operation(ACCOUNT)) as unit:
            row = {"account_id": ACCOUNT, "database": key.database, "patient": key.patient}
            await unit.execute(insert(phones).values(phone_mac=unit.vault.mac(PHONE), **row))

    async def bears_no_more(self) -> None:
        async with self.store.writing(grant_operation(ACCOUNT)) as unit:
            await unit.execute(delete(phones))

    def open_now(self) -> float:
        return REGISTRY.get_sample_value("hub_panel_streams") or 0


@asynccontextmanager
async def hub_of(store: Store, session: aiohttp.ClientSession, times: Times) -> AsyncIterator[Hub]:
    door, news, rights = Door(Integrations(store), Hosts()), News(), Allowed()
    hub: Hub

    async def watch_of(_visitor: Visitor, key: StreamKey) -> Watch:
        hub.asked.append(key)
        rights._check(_visitor)
        return hub.watch

    async def freshness_of(_visitor: Visitor, _watch: Watch) -> Freshness | None:
        return hub.fresh

    streams = Streams(
        door,
        store,
        rights,
        news,
        "https://hub.example",
        watch_of=watch_of,
        freshness_of=freshness_of,
        times=times,
    )
    hub = Hub(store, news, rights, streams, session)
    async with serving([*streams.routes(), door.rest()]) as base:
        hub.base = base
        yield hub
        streams.close()


@pytest.fixture
async def hub(lite: Store, session: aiohttp.ClientSession) -> AsyncIterator[Hub]:
    async with hub_of(lite, session, QUIET) as opened:
        yield opened


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 what is waited for has no event
            await asyncio.sleep(0.01)


# Tickets


async def test_a_ticket_works_once(hub: Hub) -> None:
    url = await hub.ticket()
    async with hub.session.get(url, headers={"Origin": f"https://{HOST}"}) as first:
        assert first.status == 200
        assert await hub.refused(url) == (401, "bad_token")


async def test_a_ticket_grows_old(lite: Store, session: aiohttp.ClientSession) -> None:
    async with hub_of(lite, session, Times(ticket=0.05)) as hub:
        url = await hub.ticket()
        assert hub.news._listeners
        await until(lambda: not hub.news._listeners)  # nothing is left of it

        assert await hub.refused(url) == (401, "bad_token")


async def test_a_ticket_is_good_on_the_pages_of_its_account_only(hub: Hub) -> None:
    assert await hub.refused(await hub.ticket(), f"https://{OTHER_HOST}") == (401, "bad_token")


async def test_a_made_up_ticket_is_refused(hub: Hub) -> None:
    await hub.ticket()

    assert await hub.refused(f"{hub.base}{AT}?ticket=made-up") == (401, "bad_token")
    assert await hub.refused(f"{hub.base}{AT}") == (401, "bad_token")


@pytest.mark.parametrize("card", [{"deal": DEAL}, {"contact": CONTACT}])
async def test_who_may_not_see_the_card_gets_no_ticket(hub: Hub, card: dict[str, int]) -> None:
    hub.rights.denied = {USER}

    told = await hub.page().ask(AT, method="POST", json=card)

    assert (told.status, told.code, told.readable_by) == (403, "refused", f"https://{HOST}")


@pytest.mark.parametrize("body", [{}, {"deal": 1, "contact": 1}, {"deal": "1"}, {"deal": 0}, {"visit": 1}, []])
async def test_a_ticket_is_for_one_card(hub: Hub, body: Any) -> None:
    told = await hub.page().ask(AT, method="POST", json=body)

    assert (told.status, told.code) == (400, "bad_question")


# What is told


async def test_a_watched_patient_is_told_without_a_word_about_him(hub: Hub) -> None:
    async with hub.open() as card:
        hub.tell(HERS)

        assert await card.event() == ("changed", {})
        assert hub.asked == [StreamKey("deal", DEAL), StreamKey("deal", DEAL)]  # at the begin, and after the change


async def test_the_deal_itself_is_told(hub: Hub) -> None:
    async with hub.open() as card:
        hub.news.tell_deals(ACCOUNT, [DEAL])

        assert await card.event() == ("changed", {})


async def test_what_changed_since_the_ticket_is_not_missed(hub: Hub) -> None:
    page = hub.page()
    url = await hub.ticket(page)
    hub.tell(HERS)

    async with hub.session.get(url, headers={"Origin": page.origin}) as answer:
        assert await Card(answer).event() == ("changed", {})


async def test_others_are_not_told(hub: Hub) -> None:
    async with hub.open() as card:
        hub.tell(HIS)
        hub.news.tell_deals(ACCOUNT, [DEAL + 1])
        hub.tell(HERS, account_id=OTHER)
        hub.news.tell_deals(OTHER, [DEAL])
        hub.fresh = GREEN
        hub.news.tell_freshness(ACCOUNT, "db_1")

        assert (await card.event())[0] == "freshness"  # and nothing before it


async def test_each_account_hears_its_own(hub: Hub) -> None:
    other = hub.page(account_id=OTHER, host=OTHER_HOST)
    async with hub.open() as hers, hub.open(other) as theirs:
        hub.tell(HERS, account_id=OTHER)
        assert await theirs.event() == ("changed", {})
        hub.fresh = GREEN
        hub.news.tell_freshness(ACCOUNT, "db_1")

        assert (await hers.event())[0] == "freshness"


async def test_whoever_gets_or_loses_a_watched_phone_is_told(hub: Hub) -> None:
    async with hub.store.reading(grant_operation(ACCOUNT)) as unit:
        hub.watch = Watch(phone_macs=frozenset({unit.vault.mac(PHONE)}))
    async with hub.open(contact=CONTACT) as card:
        await hub.bears(HIS)  # a new patient gives the number of this contact
        hub.tell(HIS)
        assert await card.event() == ("changed", {})

        await hub.bears_no_more()
        hub.tell(HIS)
        assert await card.event() == ("changed", {})

        hub.tell(HIS)  # he is a stranger by now
        hub.fresh = GREEN
        hub.news.tell_freshness(ACCOUNT, "db_1")
        assert (await card.event())[0] == "freshness"


async def test_so_much_that_nobody_counted_concerns_everybody(hub: Hub) -> None:
    async with hub.open() as card:
        hub.tell(*(PatientKey("db_1", str(n)) for n in range(10_001)))

        assert await card.event() == ("changed", {})


async def test_a_new_watch_counts_after_a_change(hub: Hub) -> None:
    async with hub.open() as card:
        hub.watch = Watch(frozenset({HIS}), deal_id=DEAL)  # the operator chose another person
        hub.news.tell_deals(ACCOUNT, [DEAL])
        assert await card.event() == ("changed", {})
        await until(lambda: len(hub.asked) == 2)

        hub.tell(HIS)
        assert await card.event() == ("changed", {})


async def test_freshness_is_told_at_the_begin_and_when_it_is_another(hub: Hub) -> None:
    hub.fresh = GREEN
    async with hub.open() as card:
        assert await card.event() == ("freshness", json.loads(GREEN.model_dump_json()))

        hub.news.tell_freshness(ACCOUNT, "db_1")  # nothing else to say
        hub.fresh = RED
        hub.news.tell_freshness(ACCOUNT, "db_1")
        assert await card.event() == ("freshness", json.loads(RED.model_dump_json()))


async def test_freshness_ages_without_news_and_the_stream_gives_signs_of_life(
    lite: Store, session: aiohttp.ClientSession
) -> None:
    async with hub_of(lite, session, Times(beat=0.02, gap=0)) as hub, hub.open() as card:
        assert await card.next() == ("beat", {})
        hub.fresh = RED

        assert (await card.event())[0] == "freshness"
        assert await card.next() == ("beat", {})


# How it ends


async def test_who_may_not_see_the_card_any_more_is_told_nothing_more(hub: Hub) -> None:
    async with hub.open() as card:
        hub.rights.denied = {USER}
        hub.tell(HERS)
        await card.ended()


async def test_a_stopping_hub_ends_all_streams_at_once_and_begins_none(hub: Hub) -> None:
    url = await hub.ticket()
    async with hub.open() as one, hub.open(contact=CONTACT) as two:
        hub.streams.close()

        await one.ended()
        await two.ended()
    assert await hub.refused(url) == (401, "bad_token")
    told = await hub.page().ask(AT, method="POST", json={"deal": DEAL})
    assert (told.status, told.code) == (503, "busy")


async def test_a_stream_does_not_outlive_the_proof_of_who_reads_it(lite: Store, session: aiohttp.ClientSession) -> None:
    async with hub_of(lite, session, Times(longest=0.05)) as hub, hub.open() as card:
        await card.ended()


async def test_a_browser_that_left_holds_nothing(hub: Hub) -> None:
    before = hub.open_now()
    async with hub.open() as card:
        assert hub.open_now() == before + 1
        card.answer.close()
        await until(lambda: hub.open_now() == before)
        await until(lambda: not hub.news._listeners)


async def test_a_user_may_open_so_many_cards_and_no_more(hub: Hub) -> None:
    async with hub_with_full_house(hub) as cards:
        told = await hub.page().ask(AT, method="POST", json={"deal": DEAL})
        assert (told.status, told.code) == (429, "too_many")
        assert int(told.headers["Retry-After"]) > 0
        async with hub.open(hub.page(user_id=USER + 1)):
            pass

        cards[0].answer.close()
        await until(lambda: hub.open_now() < MOST_OF_A_USER)
        async with hub.open():
            pass


@asynccontextmanager
async def hub_with_full_house(hub: Hub) -> AsyncIterator[list[Card]]:
    async with asyncio.timeout(20):
        urls = [await hub.ticket() for _ in range(MOST_OF_A_USER)]
        answers = [await hub.session.get(url, headers={"Origin": f"https://{HOST}"}) for url in urls]
    try:
        yield [Card(answer) for answer in answers]
    finally:
        for answer in answers:
            answer.close()


async def test_whoever_leafs_through_cards_loses_the_oldest_ticket_only(hub: Hub) -> None:
    urls = [await hub.ticket() for _ in range(MOST_OF_A_USER + 1)]
    others = await hub.ticket(hub.page(user_id=USER + 1))

    assert await hub.refused(urls[0]) == (401, "bad_token")
    for url in (urls[1], urls[-1], others):
        async with hub.session.get(url, headers={"Origin": f"https://{HOST}"}) as answer:
            assert answer.status == 200


async def test_a_mistake_of_ours_ends_the_stream_and_is_logged(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with hub.open() as card:

        def broken(_account: Account) -> Any:
            raise ZeroDivisionError

        hub.watch = Watch(phone_macs=frozenset({"mac"}))
        hub.news.tell_deals(ACCOUNT, [DEAL])
        assert await card.event() == ("changed", {})
        monkeypatch.setattr(hub.store, "reading", broken)
        hub.tell(HIS)
        await card.ended()

    assert "stream.failed" in [record.msg for record in caplog.records]
