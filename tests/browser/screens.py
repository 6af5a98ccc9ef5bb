"""`make screens`: photographs every state of the panel and the pages around it, light and dark, into docs/screens.

Time, ids and answers are the same in each run, so that a picture changes only where something looks different."""

import asyncio
import tempfile
from pathlib import Path
from typing import get_args

from playwright.async_api import Browser, Locator, Page, ViewportSize, async_playwright

from demo.amocrm import hands, notes
from demo.amocrm.bodies import NoteBody
from demo.amocrm.model import Status
from demo.amocrm.stand_in import StandIn
from hub.amocrm.blueprint import PIPELINES, new_pipeline
from tests.browser.cards import Cards, Office, Theme, opened
from tests.browser.compact import compact
from tests.browser.conftest import chromium
from tests.browser.fake_hub import Json, golden, serving, settings
from tests.browser.scenes import SCENES

TO = Path(__file__).parents[2] / "docs" / "screens"
WORKED_ON = len(SCENES) + 1
"""The deal with a feed to look at; the panel's states have the deals before it."""
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


STAFF: Json = {
    "users": [
        {"name": "Тихонова Вера", "email": "user4@example.ru", "view": "M"},
        {"name": "Зуева Нина", "email": "user5@example.ru", "is_free": True},
    ]
}


def worked_on(office: Office) -> None:
    """A deal on which people, a robot and the integration have worked; what is done, and what is to be."""
    stand_in, lead = office.stand_in, office.ids["leads"][WORKED_ON]
    account = stand_in.account
    head, operator, other, *_ = account.users
    at: Json = {"entity_type": "leads", "entity_id": lead}
    stages = [one.id for one in sorted(_statuses(stand_in, lead), key=lambda one: one.sort) if one.type == 0]
    stand_in.edit_lead(operator, lead, {"price": 38000})
    stand_in.edit_lead(head, lead, {"name": "Имплант и коронка", "responsible_user_id": other})
    stand_in.edit_lead(hands.ROBOT, lead, {"status_id": stages[2]})
    with account.through_the_api():
        stand_in.edit_lead(hands.ROBOT, lead, {"status_id": stages[1], "tags_to_add": [{"name": "IDENT"}]})
        note = {"service": "IDENT", "text": "Записан на приём чт 3 дек, 14:30\nИванова Мария Петровна, На Ленина"}
        body = NoteBody(note_type="extended_service_message", params=note)
        notes.create(account, "leads", lead, body, hands.ROBOT)
    done = hands.create_task(
        account, operator, {"text": "Узнать удобное время", "complete_till": account.now() + 600, **at}
    )
    hands.edit_task(account, operator, done.id, {"is_completed": True, "result": {"text": "После 18:00, ждёт звонка"}})
    hands.create_task(account, operator, {"text": "Перезвонить до обеда", "complete_till": account.now() - 3600, **at})
    meeting = {"text": "Показать снимок", "complete_till": account.now() + 86400, "task_type_id": 2}
    hands.create_task(account, operator, {**meeting, "responsible_user_id": other, **at})


def _statuses(stand_in: StandIn, lead: int) -> list[Status]:
    account = stand_in.account
    return list(account.pipelines[account.leads[lead].pipeline_id].statuses.values())


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
        await cards.page.set_viewport_size({**DESK, "height": 3000})
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


async def stand_in_pages(browser: Browser, office: Office, theme: Theme) -> list[str]:
    """What people do at the stand-in's cards, and the tester's drawer."""
    names = ("feed", "task", "people", "merge", "drawer")
    async with await browser.new_context(viewport=DESK, locale="ru-RU", timezone_id="Europe/Moscow") as context:
        cards = Cards(office, await context.new_page())
        page = cards.page
        office.hub.forget()
        await cards.open("leads", WORKED_ON, theme=theme)
        await cards.shows("found")
        await photograph(page, f"stand-in-feed-{theme}")
        await page.click("[data-mode=task]")
        await photograph(page, f"stand-in-task-{theme}")
        await page.click("[data-action=user]")
        await photograph(page, f"stand-in-people-{theme}")
        await page.keyboard.press("Escape")
        await page.click("[data-action=trouble]")
        for kind in ("429", "lost"):
            await page.click(f"[data-kind='{kind}']")
        await page.click("[data-action=between]")
        await page.locator("[data-waits] li").nth(2).wait_for()
        await photograph(page, f"stand-in-drawer-{theme}")
        await page.click("[data-action=calm]")
        await page.get_by_text("Всё исправно").wait_for()
        await page.keyboard.press("Escape")
        await cards.go_to("contacts", WORKED_ON)
        await page.click("[data-action=more]")
        await page.click("[data-action=merge]")
        await page.get_by_role("searchbox").fill("Сидорова")
        await page.locator("[data-found] label").first.click()
        await photograph(page, f"stand-in-merge-{theme}")
    return [f"stand-in-{name}-{theme}" for name in names]


async def main() -> None:
    """All of them; what nobody photographs any more goes."""
    TO.mkdir(exist_ok=True)
    taken: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        async with (
            serving() as hub,
            opened(hub, Path(folder), pipelines() | STAFF, lead, len(SCENES) + 2) as office,
            async_playwright() as play,
        ):
            async with await chromium(play) as browser:
                worked_on(office)
                for theme in get_args(Theme):
                    taken += await panels(browser, office, theme)
                    taken += await pages(browser, office, theme)
                    taken += await stand_in_pages(browser, office, theme)
    for picture in TO.glob("*.png"):
        if picture.stem not in taken:
            picture.unlink()
            print(f"{picture.name}: gone")


if __name__ == "__main__":
    asyncio.run(main())
