"""`make screens`: photographs every state of the panel and the pages around it, light and dark, into docs/screens.

Time, ids and answers are the same in each run, so that a picture changes only where something looks different."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path
from typing import get_args

from playwright.async_api import Browser, Locator, Page, ViewportSize, async_playwright

from demo.amocrm.stand_in import StandIn
from hub.amocrm.blueprint import PIPELINES, new_pipeline
from tests.browser.cards import Cards, Office, Theme, opened
from tests.browser.compact import compact
from tests.browser.conftest import EXECUTABLES, FLAGS
from tests.browser.fake_hub import Json, golden, serving, settings
from tests.browser.scenes import SCENES

TO = Path(__file__).parents[2] / "docs" / "screens"
TALL, DESK = ViewportSize(width=1200, height=1700), ViewportSize(width=1440, height=900)

WOMEN = (("Петрова", "Сидорова", "Громова", "Зайцева", "Белова", "Лебедева", "Крылова", "Фомина", "Гусева", "Титова", "Орехова", "Сомова"),
         ("Мария", "Ольга", "Елена", "Ирина", "Светлана", "Дарья"))  # fmt: skip
MEN = (("Ковалёв", "Быков", "Орлов", "Тихонов", "Мельник", "Громов", "Лаптев", "Рыбаков", "Дроздов", "Левин", "Щукин", "Буров"),
       ("Денис", "Артём", "Павел", "Игорь", "Олег", "Роман"))  # fmt: skip
WANTED = (
    "Имплант",
    "Гигиена",
    "Заявка с сайта",
    "Звонок",
    "Брекеты",
    "Лечение кариеса",
    "Заявка с сайта",
    "Консультация",
)


def pipelines() -> Json:
    """As the preset makes them."""
    return {"pipelines": [new_pipeline(spec, 10 + sort) for sort, spec in enumerate(PIPELINES["deal_per_inquiry"])]}


def lead(stand_in: StandIn, number: int) -> Json:
    """Deals of a usual morning; the first one is Петров's."""
    primary = next(one for one in stand_in.account.pipelines.values() if one.name == "Первичные")
    stages = [status.id for status in sorted(primary.statuses.values(), key=lambda one: one.sort) if status.type == 0]
    lasts, firsts = (WOMEN, MEN)[number % 2]
    last, first = lasts[number // 2 % len(lasts)], firsts[number // 2 % len(firsts)]
    phone = {"field_code": "PHONE", "values": [{"value": f"+799900001{number:02}", "enum_code": "MOB"}]}
    body: Json = {
        "name": WANTED[number % len(WANTED)],
        "price": (12500, 0, 4800, 0, 38000)[number % 5],
        "pipeline_id": primary.id,
        "status_id": stages[(1, 0, 1, 1, 2, 0, 1, 0)[number % 8] % len(stages)],
        "_embedded": {"contacts": [{"first_name": first, "last_name": last, "custom_fields_values": [phone]}]},
    }
    return body


async def photograph(what: Locator | Page, name: str) -> None:
    """Write the picture, if it is another one than before."""
    page = what if isinstance(what, Page) else what.page
    await page.mouse.move(0, 0)
    await page.evaluate("Promise.all(Array.from(document.images, one => one.decode()))")
    taken = await compact(await what.screenshot(animations="disabled", caret="hide"), page)
    path = TO / f"{name}.png"
    if not path.exists() or path.read_bytes() != taken:
        path.write_bytes(taken)
        print(f"{path.name}: {len(taken) // 1024} KB")


async def panels(browser: Browser, office: Office, theme: Theme) -> list[str]:
    """Every state, as it stands in the right column."""
    names = []
    async with await browser.new_context(
        viewport=TALL, locale="ru-RU", timezone_id="Europe/Moscow", device_scale_factor=2
    ) as context:
        cards = Cards(office, await context.new_page())
        await cards.open(theme=theme)
        for place, scene in enumerate(SCENES):
            await scene.play(cards, place + 1)
            names.append(f"panel-{scene.name}-{theme}")
            await photograph(cards.page.locator(f"[data-widget={office.code}]"), names[-1])
    return names


async def pages(browser: Browser, office: Office, theme: Theme) -> list[str]:
    """The panel where operators meet it: the list, a deal, a contact; and the settings."""
    async with await browser.new_context(viewport=DESK, locale="ru-RU", timezone_id="Europe/Moscow") as context:
        cards = Cards(office, await context.new_page())
        office.hub.forget()
        await cards.open(theme=theme)
        await cards.shows("found")
        await photograph(cards.page, f"card-deal-{theme}")
        office.hub.says(golden("offline"))
        await cards.go_to("contacts", 0)
        await cards.go_to("leads", 0)
        await cards.shows("offline")
        await photograph(cards.page, f"card-offline-{theme}")
        office.hub.says(golden("found") | {"why": None})
        await cards.go_to("contacts", 0)
        await cards.shows("found")
        await photograph(cards.page, f"card-contact-{theme}")
        await cards.page.goto(f"{office.url}{office.list_path}")
        await cards.page.wait_for_selector("[data-lead-id]")
        await photograph(cards.page, f"list-{theme}")
        office.hub.says(settings())
        await cards.page.goto(f"{office.url}/settings/widgets/{office.code}/")
        await cards.page.wait_for_selector(".identlink_page[data-state=shown]")
        await cards.page.set_viewport_size({**DESK, "height": 2600})
        await photograph(cards.page.locator(".identlink_page"), f"settings-{theme}")
        await cards.page.set_viewport_size(DESK)
        await cards.page.goto(f"{office.url}/settings/widgets/")
        await cards.page.click("[data-action=open-modal]")
        await cards.page.locator(".identlink_modal").get_by_text("отвечает").wait_for()
        await photograph(cards.page, f"settings-modal-{theme}")
    return [
        f"{name}-{theme}"
        for name in ("card-deal", "card-offline", "card-contact", "list", "settings", "settings-modal")
    ]


async def main() -> None:
    """All of them; what nobody photographs any more goes."""
    TO.mkdir(exist_ok=True)
    found = next(path for name in EXECUTABLES if (path := shutil.which(name)))
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    taken: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        async with (
            serving() as hub,
            opened(hub, Path(folder), pipelines(), lead, len(SCENES) + 1) as office,
            async_playwright() as play,
        ):
            async with await play.chromium.launch(executable_path=found, args=flags) as browser:
                for theme in get_args(Theme):
                    taken += await panels(browser, office, theme)
                    taken += await pages(browser, office, theme)
    for picture in TO.glob("*.png"):
        if picture.stem not in taken:
            picture.unlink()
            print(f"{picture.name}: gone")


if __name__ == "__main__":
    asyncio.run(main())
