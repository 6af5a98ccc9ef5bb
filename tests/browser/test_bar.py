"""The demo's bar in a browser: says how all stands, asks for what its controls want, follows the pages below, is fit for everybody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, expect

from demo.bar.app import Bar, serving
from demo.pace import Pace
from demo.processes import free_port
from demo.product import Product
from demo.relay import Relay
from demo.show import Show, Stand
from tests.browser.conftest import OTHER_BROWSER
from tests.browser.test_looks import AXE, violations

pytestmark = OTHER_BROWSER

DEALS = "79 сделок · 31 запрос"
CALM = Stand(
    now="2026-11-24T09:27:10+03:00",
    last={"at": "2026-11-24 09:26:00", "text": "Щеглова З.П.: оплата принята"},
    connected=True,
    loaded=True,
    deals=79,
    requests=31,
    people="внесён бюджет",
)
WORDS = {
    "calm": (CALM, "на связи", "всё внесено", DEALS),
    "busy": (replace(CALM, waiting=12, undelivered=183), "передаёт: 12", "вносит: 183", DEALS),
    "cut": (replace(CALM, line=False, connected=False), "связи нет", "ждёт клинику", DEALS),
    "cut and waiting": (replace(CALM, line=False, connected=False, waiting=21), "копит: 21 изменение", "ждёт клинику", DEALS),
    "coming back": (replace(CALM, connected=False, waiting=5), "соединяется, ждёт 5", "ждёт клинику", DEALS),
    "big figures": (replace(CALM, deals=1311, requests=9912), "на связи", "всё внесено", "1311 сделок · 9912 запросов"),
}  # fmt: skip
SHELL = "<script>const say = (path, dark) => parent.postMessage({ path, dark }, '*'); say('/leads/detail/17', true)</script>"


@dataclass
class FakeShow(Show):
    """Stands as it is told, and remembers what was asked of it."""

    asked: list[Any] = field(default_factory=list)
    booked: dict[str, Any] | None = None

    async def look(self) -> None:
        self.stand = replace(self.stand, pace=self.pace)

    async def switch(self, *, whole: bool) -> None:
        self.asked.append(("line", whole))
        self.stand = replace(self.stand, line=whole, connected=whole)

    async def book(self, card: tuple[str, int] | None) -> dict[str, Any] | None:
        self.asked.append(("book", card))
        return self.booked


@asynccontextmanager
async def frames() -> AsyncIterator[str]:
    """Pages below the bar that only say where they are."""

    async def shell(_: web.Request) -> web.Response:
        return web.Response(text=f"<!doctype html><title>amoCRM</title>{SHELL}", content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/{path:.*}", shell)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/leads/"
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def show(page: Page) -> AsyncIterator[FakeShow]:
    """The page is open, above a frame."""
    show = FakeShow(cast(Product, None), cast(Relay, None), datetime(2026, 11, 24, tzinfo=UTC), stand=CALM)
    async with frames() as frame, serving(Bar(show, frame), free_port()) as url:
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.goto(url)
        await expect(page.locator("#agent [data-text]")).to_have_text("на связи")
        await expect(page.locator("body")).to_have_class("dark")  # the frame was heard: the bar knows its card
        await page.frames[1].evaluate("say('/leads/detail/17', false)")
        await expect(page.locator("body")).not_to_have_class("dark")
        yield show
        await page.close()


async def seen(page: Page, show: FakeShow, stand: Stand) -> None:
    """The page looks again, as it does when its tab is turned to."""
    show.stand = stand
    async with page.expect_response("**/state"):
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.locator("#line")).to_have_attribute("aria-checked", "true" if stand.line else "false")


async def test_it_says_in_words_how_all_stands_and_everything_has_room(page: Page, show: FakeShow) -> None:
    for name, (stand, agent, hub, crm) in WORDS.items():
        await seen(page, show, stand)
        await expect(page.locator("#agent [data-text]")).to_have_text(agent)
        await expect(page.locator("#hub [data-text]")).to_have_text(hub)
        await expect(page.locator("#crm [data-text]")).to_have_text(crm)
        await expect(page.locator("#clinic [data-text]")).to_have_text("вт 09:27 · Щеглова З.П.: оплата принята")
        await expect(page.locator("#line")).to_have_attribute("aria-checked", "true" if stand.line else "false")
        assert await page.evaluate(OVERLAPS) == [], name


OVERLAPS = """() => {
  const parts = [...document.querySelectorAll('.map > li, .tools > *')];
  const box = (part) => part.getBoundingClientRect();
  const on = parts.filter((part, place) => place && box(part).left < box(parts[place - 1]).right - 1).map((part) => part.id);
  const cut = [...document.querySelectorAll('.node:not(#clinic) .node__state, .switch__text')]
    .filter((text) => text.scrollWidth > text.clientWidth).map((text) => text.textContent);
  const over = [...document.querySelectorAll('.node__name')].filter((name) => {
    const range = document.createRange();
    range.selectNodeContents(name);
    return box(range).right > box(name.closest('li')).right + 1;
  }).map((name) => name.textContent);
  return [...on, ...cut, ...over, ...(document.documentElement.scrollWidth > innerWidth ? ['page'] : [])];
}"""


async def test_the_controls_ask_for_what_they_say(page: Page, show: FakeShow) -> None:
    await page.get_by_role("slider", name="Скорость времени клиники").press("End")
    await expect(page.locator("#times")).to_have_text("×30")
    await page.get_by_role("button", name="Пауза").click()
    await expect(page.get_by_role("button", name="Продолжить")).to_have_attribute("aria-pressed", "true")
    assert show.pace == Pace(30, paused=True)

    await page.get_by_role("switch", name="связь с клиникой").press("Space")
    await expect(page.locator("#agent [data-text]")).to_have_text("связи нет")
    await page.get_by_role("switch", name="связь с клиникой").press("Enter")
    await expect(page.locator("#agent [data-text]")).to_have_text("на связи")
    assert show.asked == [("line", False), ("line", True)]


async def test_the_patient_of_the_open_card_is_booked_and_a_name_is_no_markup(page: Page, show: FakeShow) -> None:
    show.booked = {"deal": 17, "name": "<img src=x onerror=alert(1)>", "start": "2026-11-24T14:30:00"}
    await page.get_by_role("button", name="Записать пациента").click()
    told = page.get_by_role("status")
    await expect(told).to_have_text("Клиника записала: <img src=x onerror=alert(1)>, вт 24 ноя, 14:30")
    assert show.asked == [("book", ("leads", 17))]

    show.booked = {"deal": 18, "name": "Щеглов И.П.", "start": "2026-11-24T14:30:00"}
    await page.get_by_role("button", name="Записать пациента").click()
    await told.get_by_role("button", name="Открыть сделку").click()
    assert str(await page.locator("#frame").get_attribute("src")).endswith("/leads/detail/18")


async def test_where_there_is_nobody_to_book_it_says_what_to_do(
    page: Page, show: FakeShow, troubles: list[str]
) -> None:
    await page.get_by_role("button", name="Записать пациента").click()

    await expect(page.get_by_role("status")).to_contain_text("откройте карточку сделки")
    assert ["409" in trouble for trouble in troubles] == [True]
    troubles.clear()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_also_folded_and_with_the_help_open(page: Page, show: FakeShow, dark: bool) -> None:
    await page.add_script_tag(path=AXE)
    await page.frames[1].evaluate("dark => say('/leads/detail/17', dark)", dark)
    await expect(page.locator("body")).to_have_class("dark" if dark else "")
    for name in ("calm", "busy", "cut", "coming back"):
        await seen(page, show, WORDS[name][0])
        assert await violations(page, "body") == []
    await page.get_by_role("button", name="Что здесь происходит").click()
    await expect(page.get_by_role("button", name="Понятно")).to_be_focused()
    assert await violations(page, "body") == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Свернуть панель").click()
    await expect(page.locator("#about")).to_be_hidden()
    assert await violations(page, "body") == []


async def test_another_frame_or_site_says_nothing_here(page: Page, show: FakeShow, troubles: list[str]) -> None:
    await page.evaluate("window.postMessage({ path: '/leads/detail/666', dark: true }, '*')")
    status = await page.evaluate(
        "fetch('/line', { method: 'POST', body: '{\"whole\": false}' }).then((answer) => answer.status)"
    )

    assert (status, len(troubles)) == (415, 1)
    troubles.clear()
    assert show.asked == []
    await expect(page.locator("body")).not_to_have_class("dark")
