"""Deal and contact cards of the stand-in with our real widget.zip in them, and a hub that says what a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from playwright.async_api import Locator, Page, Route, expect

from demo.amocrm import seed
from demo.amocrm.app import serving
from demo.amocrm.archive import unpacked
from demo.amocrm.stand_in import StandIn
from tests.browser.fake_hub import FakeHub, Json, golden
from widget.build import build

DEALS = 50
Entity = Literal["leads", "contacts"]
Theme = Literal["light", "dark"]


_TOUR = """async steps => {
  let left = 0;
  for (const [path, id, waits] of steps) {
    history.pushState({}, '', path);
    window.dispatchEvent(new PopStateEvent('popstate'));
    await new Promise(done => {
      const look = () => {
        const panel = document.querySelector('section.identlink'), card = APP.data.current_card;
        const drawn = panel && card && card.id === id;
        const answered = drawn && panel.dataset.state === 'found' && panel.getAttribute('aria-busy') === 'false';
        if (drawn && (answered || !waits)) { left += !answered; done(); } else { setTimeout(look, 5); }
      };
      look();
    });
  }
  return left;
}"""


@dataclass(frozen=True)
class Office:
    """An account with deals enough, each with a contact of its own."""

    hub: FakeHub
    url: str
    code: str
    ids: dict[Entity, list[int]]
    list_path: str
    stand_in: StandIn

    def path(self, entity: Entity, place: int) -> str:
        """Where a card is."""
        return f"/{entity}/detail/{self.ids[entity][place]}"


async def changed_script(page: Page, name: str, before: str, after: str) -> None:
    """A script of the stand-in's pages, as an amoCRM that behaves otherwise: from the next load on."""

    async def change(route: Route) -> None:
        response = await route.fetch()
        text = await response.text()
        assert before in text, name
        await route.fulfill(response=response, body=text.replace(before, after))

    await page.route(f"**/{name}*", change)


def started(folder: Path, seeds: Json | None = None) -> StandIn:
    """A stand-in at the time of the golden answers, with these pipelines and the like."""
    now = int(datetime.fromisoformat(golden("found")["now"]).timestamp())
    stand_in = StandIn(business=lambda: now)
    if seeds:
        (folder / "seeds.json").write_text(json.dumps(seeds), "utf-8")
        seed.add(stand_in.account, folder / "seeds.json")
    return stand_in


@asynccontextmanager
async def opened(
    hub: FakeHub,
    folder: Path,
    seeds: Json | None = None,
    lead: Callable[[StandIn, int], Json] | None = None,
    deals: int = DEALS,
) -> AsyncIterator[Office]:
    """Cards of the stand-in with the widget in it."""
    stand_in = started(folder, seeds)
    _, operator, *_ = stand_in.account.users
    made = [
        stand_in.create_lead(operator, lead(stand_in, number) if lead else _lead(number)) for number in range(deals)
    ]
    build(hub.url, folder / "widget.zip")
    widget = unpacked(folder / "widget.zip")
    async with serving(stand_in, widget=widget) as url:
        contacts = [one.main_contact or 0 for one in made]
        ids: dict[Entity, list[int]] = {"leads": [one.id for one in made], "contacts": contacts}
        yield Office(hub, url, widget.code, ids, f"/leads/list/pipeline/{made[0].pipeline_id}", stand_in)


def _lead(number: int) -> Json:
    phone = {"field_code": "PHONE", "values": [{"value": f"+799900001{number:02}", "enum_code": "MOB"}]}
    person = {"first_name": "Мария", "last_name": "Петрова", "custom_fields_values": [phone]}
    return {"name": "Заявка с сайта", "price": 12500, "_embedded": {"contacts": [person]}}


@dataclass(frozen=True)
class Cards:
    """A tab in which cards are opened one after another, as an operator does."""

    office: Office
    page: Page

    @property
    def hub(self) -> FakeHub:
        return self.office.hub

    @property
    def panel(self) -> Locator:
        """The widget's own root."""
        return self.page.locator("section.identlink")

    async def open(self, entity: Entity = "leads", place: int = 0, *, theme: Theme = "light") -> None:
        """The first card of a tab, ours the first widget, so that it is unfolded."""
        await self.page.goto(f"{self.office.url}{self.office.path(entity, place)}?widgets=first&theme={theme}")
        await self._stands(entity, place)

    async def go_to(self, entity: Entity, place: int) -> None:
        """Another card without a reload, once it is drawn; the first time the page is opened for it."""
        path = self.office.path(entity, place)
        if not self.page.url.startswith(self.office.url):
            await self.open(entity, place)
        else:
            await self.visit(path)
        await self._stands(entity, place)

    async def visit(self, path: str) -> None:
        """A page that is no card, without a reload."""
        go = "path => { history.pushState({}, '', path); window.dispatchEvent(new PopStateEvent('popstate')); }"
        await self.page.evaluate(go, path)

    async def tour(self, steps: Sequence[tuple[Entity, int, bool]]) -> int:
        """Many cards one after another, as fast as the page draws them; each step says whether to wait for the answer. Returns how many
        were left before theirs came. (It runs within the page: a test's own steps would take longer than the page does.)"""
        told = [
            [self.office.path(entity, place), self.office.ids[entity][place], wait] for entity, place, wait in steps
        ]
        async with asyncio.timeout(30):
            left: int = await self.page.evaluate(_TOUR, told)
            return left

    async def _stands(self, entity: Entity, place: int) -> None:
        await self.page.wait_for_function(
            "id => window.APP && APP.data.current_card && APP.data.current_card.id === id",
            arg=self.office.ids[entity][place],
        )

    async def shows(self, state: str) -> None:
        """The panel stands in this state and waits for nothing."""
        await expect(self.panel).to_have_attribute("data-state", state)
        await expect(self.panel).to_have_attribute("aria-busy", "false")

    async def wide(self, pixels: int) -> None:
        """The right column so wide."""
        await self.page.add_style_tag(content=f".card-widgets {{ width: {pixels}px !important; }}")

    async def theme(self, theme: Theme) -> None:
        """Light or dark, with the page's own switch."""
        dark = await self.page.evaluate("document.body.classList.contains('theme-dark')")
        if dark != (theme == "dark"):
            await self.page.click("[data-action=theme]")
