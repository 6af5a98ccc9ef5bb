"""The whole way with nothing in another's place: a clinic, its agent, a hub, amoCRM's pages with our widget, each a process of its own.
What the clinic books appears in the card that an operator has open, by itself; and the head may switch it all off and on again."""

import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from demo.clinic.leads import PRIMARY
from demo.folder import Folder
from demo.opening import opened
from demo.product import Product
from demo.relay import Relay
from tests.browser.conftest import OTHER_BROWSER

pytestmark = [*OTHER_BROWSER, pytest.mark.timeout(170)]

DAY = date(2026, 11, 24)
HEAD, FREE = 9_000_001, 9_000_005
PHONE, NAME = "+79990000177", "Смирнова Алла"
SOON = 15_000
"""Milliseconds within which an operator sees what happened."""


@dataclass(frozen=True)
class Whole:
    """All of it, and a new inquiry's deal."""

    product: Product
    line: Relay
    deal: int

    async def book(self) -> dict[str, Any]:
        """The clinic books whoever has this phone; it is committed when this returns."""
        asked = {"phone": PHONE, "name": NAME}
        async with self.product.session.post(f"{self.product.clinic_url}/book", json=asked) as answer:
            assert answer.status == 200, await answer.text()
            booked: dict[str, Any] = await answer.json()
            return booked


@pytest_asyncio.fixture(loop_scope="session")
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    with Folder(tmp_path / "demo") as folder:
        what = folder.begin(seed=3, visits=20, day=DAY)
        async with opened(folder, what, lambda _: None) as (product, line):
            yield Whole(product, line, await inquiry(product))


async def inquiry(product: Product) -> int:
    """Somebody who has never been in the clinic asked on the site, and an operator took it over."""
    pipelines = (await ask(product, "GET", "leads/pipelines"))["_embedded"]["pipelines"]
    primary = next(one["id"] for one in pipelines if one["name"] == PRIMARY)
    phone = {"field_code": "PHONE", "values": [{"value": PHONE, "enum_code": "MOB"}]}
    contact = {"name": NAME, "custom_fields_values": [phone]}
    body = {"name": "Заявка с сайта", "pipeline_id": primary, "_embedded": {"contacts": [contact]}}
    deal: int = (await ask(product, "POST", "leads/complex", [body]))[0]["id"]
    return deal


async def ask(product: Product, method: str, path: str, body: Any = None) -> Any:
    """One request of the account's own API."""
    headers = {"Authorization": f"Bearer {product.crm['token']}"}
    url = f"{product.crm['url']}/api/v4/{path}"
    async with product.session.request(method, url, json=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json(content_type=None)


async def test_what_the_clinic_books_appears_in_the_open_card(whole: Whole, page: Page, troubles: list[str]) -> None:
    panel = page.locator("section.identlink")
    await page.goto(f"{whole.product.crm['url']}/leads/detail/{whole.deal}?widgets=first")
    await expect(panel).to_have_attribute("data-state", "nobody", timeout=SOON)
    await expect(panel.locator(".identlink__fresh_green")).to_have_count(1, timeout=SOON)
    await expect(panel).to_contain_text(NAME)
    await expect(page.locator("[data-stage-name]")).to_have_text("Новое обращение")

    booked = await whole.book()
    committed = time.monotonic()
    await expect(panel.locator(".identlink__name")).to_contain_text("Смирнова", timeout=SOON)
    await expect(panel.locator(".identlink__date")).to_contain_text(booked["start"][11:16], timeout=SOON)
    print(f"from the clinic's commit to the operator's eyes: {time.monotonic() - committed:.2f} s")
    await expect(page.locator("[data-stage-name]")).to_have_text("Записан", timeout=SOON)
    await expect(panel).to_contain_text("Почему сделка здесь", timeout=SOON)

    whole.line.cut()
    await expect(panel.locator(".identlink__fresh_red")).to_contain_text("не на связи", timeout=SOON)
    await page.reload()
    await expect(panel).to_have_attribute("data-state", "offline", timeout=SOON)
    await expect(panel.locator(".identlink__date")).to_contain_text(booked["start"][11:16])
    await whole.line.restore()
    await expect(panel.locator(".identlink__fresh_green")).to_have_count(1, timeout=SOON)
    await expect(panel).to_have_attribute("data-state", "found", timeout=SOON)
    assert troubles == []

    await page.goto(f"{whole.product.crm['url']}/_stand-in/login/{FREE}?to=/leads/detail/{whole.deal}")
    await expect(panel).to_have_attribute("data-state", "refused", timeout=SOON)
    await expect(panel).to_contain_text("Нет доступа")

    await reinstalled(whole, page)
    await expect(panel).to_have_attribute("data-state", "found", timeout=SOON)
    await expect(panel.locator(".identlink__fresh_green")).to_have_count(1, timeout=SOON)
    # What the widget asked of the hub while it was not installed: unknown, refused or busy, by how far it was.
    assert all(re.search(r"status of (401|403|503)", text) for text in troubles), troubles
    troubles.clear()


_CODES = (
    """async () => (await (await fetch('/_stand-in/counts')).json()).by_route['POST /oauth2/access_token']['200']"""
)


async def reinstalled(whole: Whole, page: Page) -> None:
    """The head switches the integration off: no token works any more. Then on again: amoCRM's server brings the hub a code."""
    crm = whole.product.crm["url"]
    await page.goto(f"{crm}/_stand-in/login/{HEAD}?to=/settings/widgets/")
    codes = await page.evaluate(_CODES)
    await page.click("[data-action=open-modal]")
    await page.click("[data-action=disable-widget]")
    await expect(page.locator("[data-status]")).to_have_text("Выключена")
    await page.click("[data-action=open-modal]")
    await page.click("[data-action=save-widget]")
    await expect(page.locator("[data-status]")).to_have_text("Включена")
    await page.wait_for_function(f"async codes => await ({_CODES})() > codes", arg=codes, timeout=SOON)
    await page.goto(f"{crm}/leads/detail/{whole.deal}")
