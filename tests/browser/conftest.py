"""One Chromium for all tests of this folder, kept off the network, and a page in it whose errors fail the test.

Tests here share the session's event loop and one worker: each file begins with `pytestmark = BROWSER`."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Playwright, ViewportSize, async_playwright

from tests.browser import fake_hub
from tests.browser.cards import Cards, Office, opened

EXECUTABLES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The one without a window first: it draws the same with half of the work."""
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
BROWSER = [pytest.mark.xdist_group("browser"), pytest.mark.asyncio(loop_scope="session")]
OTHER_BROWSER = [pytest.mark.xdist_group("browser2"), pytest.mark.asyncio(loop_scope="session")]
"""Half of the tests each, so that two workers may do them side by side."""
SCREEN = ViewportSize(width=1440, height=860)


async def chromium(playwright: Playwright) -> Browser:
    """A running Chromium, kept off the network; root's has to do without its sandbox."""
    found = next((path for name in EXECUTABLES if (path := shutil.which(name))), None)
    assert found, f"browser tests need one of {', '.join(EXECUTABLES)}: `make test` installs it"
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    return await playwright.chromium.launch(executable_path=found, args=flags)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright, await chromium(playwright) as launched:
        yield launched


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser of its own for each test: no cookie, nothing stored."""
    async with await browser.new_context(viewport=SCREEN, locale="ru-RU", timezone_id="Europe/Moscow") as fresh:
        fresh.set_default_timeout(10_000)
        yield fresh


@pytest.fixture
def troubles() -> list[str]:
    """What the page's console called an error, and what nobody caught; a test that provokes some looks at them and clears."""
    return []


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext, troubles: list[str]) -> AsyncIterator[Page]:
    """A tab. Name it after the servers in a test's arguments: then it is closed before they end."""
    opened = await context.new_page()
    opened.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    yield opened
    assert troubles == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """The stand-in with our widget, and a hub that says what a test tells it: one for all tests."""
    async with fake_hub.serving() as hub, opened(hub, tmp_path_factory.mktemp("office")) as account:
        yield account


@pytest_asyncio.fixture(loop_scope="session")
async def cards(office: Office, page: Page) -> AsyncIterator[Cards]:
    """A tab with cards; the hub has forgotten what other tests did."""
    office.hub.forget()
    yield Cards(office, page)
    office.hub.release()
    await office.hub.again()
