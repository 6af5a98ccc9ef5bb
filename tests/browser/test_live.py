"""An open card follows the hub, holds no more than it may, and never shows one patient in another's card."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, expect

from hub.panel.door import BAD_TOKEN
from tests.browser.cards import DEALS, Cards, Office, changed_script
from tests.browser.conftest import BROWSER
from tests.browser.fake_hub import Answer, Asked, Json, Refusal, golden

pytestmark = BROWSER

HIDE = """(() => {
  let hidden = false;
  Object.defineProperty(Document.prototype, 'visibilityState', { get: () => hidden ? 'hidden' : 'visible', configurable: true });
  window.hide = value => { hidden = value; document.dispatchEvent(new Event('visibilitychange')); };
})()"""
"""A headless Chromium shows every tab at once; this makes a tab one that lies behind others."""


def named(name: str) -> Json:
    """A patient of this name."""
    said = golden("found")
    return {**said, "patient": {**said["patient"], "name": name}}


def own(asked: Asked) -> Answer:
    """To each deal its own patient, told by the deal's number in the name."""
    number = asked.path.rpartition("/")[2]
    said = named(f"Номерной {number}")
    return {**said, "patient": {**said["patient"], "id": f"db_1:{number}"}}


def card_of(office: Office, place: int) -> str:
    return f"deals/{office.ids['leads'][place]}"


async def listening(cards: Cards, place: int) -> None:
    """The card's stream is open."""
    await cards.hub.until(lambda: cards.hub.open_streams[card_of(cards.office, place)] == 1)


async def test_what_changes_shows_by_itself_and_disturbs_nobody(cards: Cards) -> None:
    await cards.go_to("leads", 0)
    await cards.shows("found")
    await listening(cards, 0)
    await cards.panel.get_by_text("История приёмов").click()
    await cards.panel.locator("summary").first.focus()
    moved = golden("found")
    moved["patient"]["next_visit"] |= {
        "status": "moved",
        "status_text": "перенесён",
        "start": "2026-12-04T09:00:00+03:00",
    }
    cards.hub.says(moved)

    cards.hub.tell("changed")

    await expect(cards.panel.locator(".identlink__date")).to_have_text("пт\u00a04\u00a0дек, 09:00")
    await expect(cards.panel.get_by_text("Более ранние приёмы смотрите в IDENT.")).to_be_visible()
    assert await cards.page.evaluate("document.activeElement.tagName") == "SUMMARY"


async def test_freshness_is_told_without_a_question_and_a_clinic_that_is_back_is_asked(cards: Cards) -> None:
    cards.hub.says(golden("offline"))
    await cards.go_to("leads", 1)
    await cards.shows("offline")
    await listening(cards, 1)
    await expect(cards.panel.locator(".identlink__fresh_red")).to_contain_text("не на связи")
    cards.hub.says(golden("found"))

    cards.hub.tell("freshness", golden("found")["freshness"])
    await cards.shows("found")
    asked = cards.hub.count("GET /panel/v1/deals")
    cards.hub.tell("freshness", golden("found_amber")["freshness"])

    await expect(cards.panel.locator(".identlink__fresh_amber")).to_contain_text("данные на 12:38")
    assert cards.hub.count("GET /panel/v1/deals") == asked


async def test_a_card_opened_again_shows_its_last_state_at_once_and_asks(cards: Cards) -> None:
    cards.hub.answer = own
    first = f"Номерной {cards.office.ids['leads'][2]}"
    await cards.go_to("leads", 2)
    await cards.shows("found")
    await cards.go_to("leads", 3)
    await cards.shows("found")
    cards.hub.hold()

    await cards.go_to("leads", 2)

    await expect(cards.panel.locator(".identlink__name")).to_have_text(first)
    await expect(cards.panel).to_have_attribute("aria-busy", "true")
    await expect(cards.panel.locator(".identlink__fresh_green")).to_have_count(0)
    await expect(cards.panel.get_by_role("img", name="Обновляем. Данные на вт")).to_have_count(1)
    cards.hub.answer = lambda _: named("Иначе Записанный")
    cards.hub.release()
    await expect(cards.panel.locator(".identlink__name")).to_have_text("Иначе Записанный")
    kept = await cards.page.evaluate(
        """async () => JSON.stringify([
          {...localStorage}, {...sessionStorage}, document.cookie, await indexedDB.databases(), await caches.keys()])"""
    )
    assert "Номерной" not in kept, "memory only"


async def seen_before(cards: Cards) -> None:
    """A card was looked at, and another one after it; from now on answers wait."""
    cards.hub.answer = own
    for place in (2, 3):
        await cards.go_to("leads", place)
        await cards.shows("found")
    cards.hub.hold()


async def test_what_one_user_saw_is_not_shown_to_another(cards: Cards) -> None:
    await changed_script(cards.page, "widget_api.js", "start.user.id", "(window.somebody || start.user.id)")
    await seen_before(cards)
    await cards.page.evaluate("window.somebody = 77")

    await cards.go_to("leads", 2)

    await expect(cards.panel).to_have_attribute("data-state", "loading")
    assert "Номерной" not in await cards.panel.inner_text()


async def test_a_widget_that_was_switched_off_has_forgotten_everybody(cards: Cards) -> None:
    await seen_before(cards)
    cards.hub.release()
    await cards.page.route(
        "**/_stand-in/pages/widget", lambda route: route.fulfill(json={})
    )  # it stays on for other tests
    await cards.visit("/settings/widgets/")
    for button in ("disable-widget", "save-widget"):
        await cards.page.click("[data-action=open-modal]")
        await cards.page.click(f"[data-action={button}]")
        await expect(cards.page.locator(".modal")).to_have_count(0)
    cards.hub.hold()

    await cards.go_to("leads", 2)

    await expect(cards.panel).to_have_attribute("data-state", "loading")


async def test_who_opens_no_card_for_ten_minutes_is_asked_anew(cards: Cards) -> None:
    await cards.page.clock.install()
    await seen_before(cards)
    await cards.page.click("[data-action=back]")
    await cards.page.wait_for_selector(".board__column")
    await cards.page.clock.fast_forward("10:01")

    await cards.go_to("leads", 2)

    await expect(cards.panel).to_have_attribute("data-state", "loading")


@pytest.mark.parametrize(
    "trouble", ["throw new Error('no contacts')", "return Promise.reject(new Error('no contacts'))", "return null"]
)
async def test_a_card_is_shown_though_amocrm_does_not_tell_its_contacts(cards: Cards, trouble: str) -> None:
    await changed_script(cards.page, "widget_api.js", "const card = state.view.card;", trouble)
    await cards.go_to("leads", 5)

    await cards.shows("found")


WATCH = """() => {
  window.wrong = []; window.shown = 0;
  const look = () => {
    const card = APP.data.current_card, name = document.querySelector('.identlink__name');
    if (!card || !name) { return; }
    window.shown += 1;
    if (!name.textContent.endsWith(' ' + card.id)) { window.wrong.push([card.id, name.textContent]); }
  };
  new MutationObserver(look).observe(document.getElementById('page'), { subtree: true, childList: true, characterData: true });
}"""


async def test_of_fifty_cards_in_a_row_none_shows_another_ones_patient(cards: Cards) -> None:
    chance = random.Random(7)  # noqa: S311 the same mishaps in each run
    cards.hub.answer, cards.hub.delay = own, lambda _: chance.choice((0, 0.03, 0.06, 0.15, 0.4))
    await cards.go_to("leads", 0)
    await cards.page.evaluate(WATCH)
    places = [*range(1, DEALS), *chance.choices(range(DEALS), k=10), 5]

    left_early = await cards.tour([("leads", place, chance.random() < 0.3) for place in places])

    await cards.shows("found")
    await expect(cards.panel.locator(".identlink__name")).to_have_text(f"Номерной {cards.office.ids['leads'][5]}")
    assert await cards.page.evaluate("window.wrong") == []
    assert await cards.page.evaluate("window.shown") > 20
    assert left_early > 10
    assert cards.hub.count("GET /panel/v1/deals/") > DEALS / 2, "the others were left before anything was asked"


async def test_an_answer_that_was_on_its_way_when_the_operator_chose_is_dropped(cards: Cards) -> None:
    cards.hub.says(golden("several"))
    await cards.go_to("leads", 4)
    await cards.shows("several")
    await listening(cards, 4)
    cards.hub.delay = lambda asked: 0.8 if asked.method == "GET" else 0
    asked = cards.hub.count("GET /panel/v1/deals/")
    cards.hub.tell("changed")
    await cards.hub.until(lambda: cards.hub.count("GET /panel/v1/deals/") > asked)

    cards.hub.answer = lambda asked: golden("found") if asked.method == "PUT" else golden("several")
    await cards.panel.get_by_role("button", name="Петров Пётр Ильич").click()
    await cards.shows("found")
    await cards.hub.until(lambda: not cards.hub.delayed)

    await cards.shows("found")


async def test_a_refused_click_does_not_lose_the_answer_that_was_on_its_way(cards: Cards, troubles: list[str]) -> None:
    """The old visit once stood as fresh for ten minutes after that."""
    await cards.go_to("leads", 12)
    await cards.shows("found")
    await listening(cards, 12)
    refused = Refusal(400, "bad_question", "Этот приём уже не ближайший.")
    cards.hub.answer = lambda asked: refused if asked.method == "POST" else named("Новый Ответ")
    cards.hub.delay = lambda asked: 0.8 if asked.method == "GET" else 0
    asked = cards.hub.count("GET /panel/v1/deals/")
    cards.hub.tell("changed")
    await cards.hub.until(lambda: cards.hub.count("GET /panel/v1/deals/") > asked)
    await cards.panel.get_by_role("button", name="Подтвердил").click()
    await expect(cards.panel).to_contain_text("Этот приём уже не ближайший.")

    await expect(cards.panel.locator(".identlink__name")).to_have_text("Новый Ответ")
    await cards.shows("found")
    await expect(cards.panel).to_contain_text("Этот приём уже не ближайший.")
    await expect(cards.panel).not_to_contain_text("Этот приём уже не ближайший.", timeout=10_000)
    troubles.clear()


async def test_a_hub_that_is_restarted_is_noticed_and_found_again_by_itself(cards: Cards, troubles: list[str]) -> None:
    await cards.go_to("leads", 6)
    await cards.shows("found")
    await listening(cards, 6)

    await cards.hub.stop()
    await expect(cards.panel.get_by_text("Сервер интеграции не отвечает")).to_be_visible()
    await expect(cards.panel.locator(".identlink__name")).to_have_text("Петров Пётр Ильич")
    cards.hub.answer = lambda _: named("Новый Ответ")
    await cards.hub.again()

    await expect(cards.panel.locator(".identlink__name")).to_have_text("Новый Ответ", timeout=15_000)
    await expect(cards.panel.get_by_role("button", name="Повторить")).to_have_count(0)
    await cards.hub.until(lambda: cards.hub.open_streams[card_of(cards.office, 6)] == 1, 15)
    troubles.clear()


async def test_a_stream_that_is_back_at_once_does_not_make_a_failed_answer_fresh(
    cards: Cards, troubles: list[str]
) -> None:
    """A question that fails and a stream that opens in the same moment: the card once waited for ten minutes after that."""
    await cards.go_to("leads", 9)
    await cards.shows("found")
    await listening(cards, 9)
    await cards.page.evaluate("Math.random = () => 0.5")  # the next question and the next stream at the same time
    cards.hub.says(Refusal(503, "busy", "Сервер занят."))
    cards.hub.end_streams()
    await expect(cards.panel).to_contain_text("Сервер занят.")
    await listening(cards, 9)
    cards.hub.answer = lambda _: named("Новый Ответ")

    await expect(cards.panel.locator(".identlink__name")).to_have_text("Новый Ответ")
    troubles.clear()


async def test_a_stream_that_died_without_a_word_is_missed_and_opened_again(cards: Cards) -> None:
    await cards.page.clock.install()
    await cards.go_to("leads", 10)
    await cards.shows("found")
    await listening(cards, 10)
    tickets = cards.hub.count("POST /panel/v1/stream")
    cards.hub.says(named("Пока Молчали"))

    await cards.page.clock.fast_forward(50_000)

    await expect(cards.panel.locator(".identlink__name")).to_have_text("Пока Молчали")
    await cards.hub.until(lambda: cards.hub.count("POST /panel/v1/stream") > tickets)
    await listening(cards, 10)


async def test_an_expired_token_says_what_to_do_and_a_reload_helps(cards: Cards, troubles: list[str]) -> None:
    await cards.go_to("leads", 7)
    await cards.shows("found")
    await listening(cards, 7)
    tokens = {asked.token for asked in cards.hub.asked}
    cards.hub.says(Refusal(401, "bad_token", BAD_TOKEN))
    cards.hub.tell("changed")

    await expect(cards.panel.locator(".identlink__notice_red")).to_contain_text("переустановить виджет")
    await expect(cards.panel.get_by_role("link", name="Кого спросить")).to_be_visible()
    cards.hub.says(Refusal(401, "bad_token", ""))
    await cards.panel.get_by_role("button", name="Повторить").click()
    await expect(cards.panel.locator(".identlink__notice_red")).to_contain_text("обновите страницу (F5)")
    cards.hub.forget()
    await cards.page.reload()
    await cards.shows("found")

    assert len(tokens) == 1
    assert all(token.count(".") == 2 for token in tokens)
    troubles.clear()


async def test_a_folded_panel_or_a_hidden_tab_asks_nothing_and_holds_no_stream(cards: Cards) -> None:
    await cards.page.add_init_script(HIDE)
    await cards.go_to("leads", 8)
    await cards.shows("found")
    await listening(cards, 8)
    ours = cards.page.locator(f"[data-widget={cards.office.code}] [data-action=fold-widget]")

    await ours.click()
    await cards.hub.until(lambda: cards.hub.streams == 0)
    cards.hub.says(named("Пока Свёрнуто"))
    asked = len(cards.hub.asked)
    await ours.click()
    await expect(cards.panel.locator(".identlink__name")).to_have_text("Пока Свёрнуто")
    await listening(cards, 8)
    await cards.page.evaluate("hide(true)")
    await cards.hub.until(lambda: cards.hub.streams == 0)
    cards.hub.says(named("Пока Спрятано"))
    again = len(cards.hub.asked)
    await cards.page.evaluate("hide(false)")
    await expect(cards.panel.locator(".identlink__name")).to_have_text("Пока Спрятано")

    assert asked == 2
    assert again <= asked + 3  # a question and a ticket, and a question when the stream was open


async def test_a_card_that_was_out_of_sight_for_a_blink_goes_on(cards: Cards) -> None:
    """Too short for anybody to be told: the answer came just then."""
    await cards.page.clock.install()
    cards.hub.hold()
    await cards.go_to("leads", 11)
    await cards.panel.wait_for()
    await cards.page.evaluate(
        "Object.defineProperty(document, 'visibilityState', { get: () => window.blinks ? 'hidden' : 'visible' }); window.blinks = true"
    )
    cards.hub.release()
    await cards.shows("found")
    await cards.page.evaluate("window.blinks = false")

    await cards.page.clock.fast_forward(6_000)

    await listening(cards, 11)


@pytest_asyncio.fixture(loop_scope="session")
async def tabs(office: Office, context: BrowserContext) -> AsyncIterator[list[Cards]]:
    """Twelve tabs of one browser."""
    office.hub.forget()
    await context.add_init_script(HIDE)
    opened = [Cards(office, await context.new_page()) for _ in range(12)]
    yield opened
    for one in opened:
        await one.page.close()


async def test_twelve_tabs_each_get_their_answer_though_browsers_open_six_connections(
    tabs: list[Cards], office: Office
) -> None:
    office.hub.answer, office.hub.delay = own, lambda _: 0.05
    for place, tab in enumerate(tabs):
        await tab.open("leads", place)
        await tab.shows("found")
        await office.hub.until(lambda: office.hub.streams == 1)
        await tab.page.evaluate("hide(true)")
        await office.hub.until(lambda: office.hub.streams == 0)
    assert office.hub.most_streams == 1
    asked = office.hub.count("GET /panel/v1/deals/")
    office.hub.answer = lambda asked: named(f"Снова {asked.path.rpartition('/')[2]}")
    begun = asyncio.get_running_loop().time()
    for tab in tabs:  # all twelve at once
        await tab.page.evaluate("hide(false)")
    for place, tab in enumerate(tabs):
        await expect(tab.panel.locator(".identlink__name")).to_have_text(f"Снова {office.ids['leads'][place]}")
    assert asyncio.get_running_loop().time() - begun < 8, "each lookup within its limit"
    assert office.hub.count("GET /panel/v1/deals/") >= asked + 12
    await office.hub.until(lambda: office.hub.streams == 3)
    assert office.hub.most_streams == 3, "so that six connections leave room for questions"
    for tab in tabs:
        await tab.page.evaluate("hide(true)")
    await office.hub.until(lambda: office.hub.streams == 0)
    office.hub.answer = own

    for tab in tabs[:5]:  # windows side by side; more would leave the stand-in's own pages no connection
        await tab.page.evaluate("hide(false)")
    begun = asyncio.get_running_loop().time()
    await office.hub.until(lambda: office.hub.streams == 3)
    for place, tab in enumerate(tabs[:5]):
        await tab.go_to("leads", 20 + place)
        await expect(tab.panel.locator(".identlink__name")).to_have_text(f"Номерной {office.ids['leads'][20 + place]}")

    assert asyncio.get_running_loop().time() - begun < 8, "each lookup within its limit"
    assert office.hub.most_streams <= 3
