"""What people do at the stand-in's cards: read who did what, set and finish tasks, log in as somebody else, merge, delete, break things."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import jwt
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from demo.amocrm import hands
from demo.amocrm.app import serving
from demo.amocrm.archive import unpacked
from demo.amocrm.stand_in import StandIn
from tests.browser import fake_hub
from tests.browser.cards import started
from tests.browser.conftest import OTHER_BROWSER
from tests.browser.fake_hub import Answer, Asked, FakeHub, Json, golden
from tests.browser.test_looks import AXE, violations
from widget.build import build

pytestmark = OTHER_BROWSER

STAFF: Json = {
    "users": [
        {"name": "Тихонова Вера", "email": "own@example.ru", "view": "M"},
        {"name": "Зуева Нина", "email": "free@example.ru", "is_free": True},
    ]
}


@dataclass
class Desk:
    """The stand-in with our widget, a hub that goes by the token, a deal of the first operator, and its contact."""

    stand_in: StandIn
    hub: FakeHub
    url: str
    deal: int
    contact: int

    @property
    def head(self) -> int:
        return min(self.stand_in.account.users)

    @property
    def operator(self) -> int:
        return list(self.stand_in.account.users)[1]

    @property
    def own(self) -> int:
        """Who sees only the own deals."""
        return list(self.stand_in.account.users)[3]

    @property
    def free(self) -> int:
        return list(self.stand_in.account.users)[4]

    @property
    def stages(self) -> list[int]:
        statuses = self.stand_in.account.main_pipeline().statuses.values()
        return [one.id for one in sorted(statuses, key=lambda one: one.sort) if one.type == 0]

    def card(self, deal: int | None = None) -> str:
        return f"{self.url}/leads/detail/{deal or self.deal}?widgets=first"

    async def patch(self, body: Json) -> None:
        """The integration writes the deal."""
        headers = {"Authorization": f"Bearer {self.stand_in.long_lived_token(self.url)}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.patch(f"{self.url}/api/v4/leads/{self.deal}", json=body) as answer:
                assert answer.status == 200, await answer.text()

    def user_of(self, asked: Asked) -> int:
        """Who stands in the widget's token, which is signed as amoCRM signs it."""
        claims = jwt.decode(
            asked.token,
            self.stand_in.integration.secret,
            algorithms=["HS256"],
            audience="http://127.0.0.1",
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        user_id: int = claims["user_id"]
        return user_id


def person(number: int, first: str, last: str) -> Json:
    phone = {"field_code": "PHONE", "values": [{"value": f"+7999000{number:04}", "enum_code": "MOB"}]}
    return {"first_name": first, "last_name": last, "custom_fields_values": [phone]}


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    stand_in = started(tmp_path, STAFF)
    _, operator, *_ = stand_in.account.users
    body = {"name": "Имплант", "price": 12500, "_embedded": {"contacts": [person(7, "Иван", "Семёнов")]}}
    deal = stand_in.create_lead(operator, body)
    async with fake_hub.serving() as hub:
        build(hub.url, tmp_path / "widget.zip")
        async with serving(stand_in, widget=unpacked(tmp_path / "widget.zip")) as url:
            desk = Desk(stand_in, hub, url, deal.id, deal.main_contact or 0)

            def by_rights(asked: Asked) -> Answer:
                return golden("refused") if desk.user_of(asked) == desk.free else golden("found")

            hub.answer = by_rights
            yield desk


async def test_the_feed_tells_what_changed_and_who_it_was(desk: Desk, page: Page) -> None:
    await page.goto(desk.card())
    lines = page.locator("[data-feed-line]")
    await expect(lines).to_have_count(1)

    desk.stand_in.edit_lead(desk.head, desk.deal, {"price": 38000, "responsible_user_id": desk.own})
    desk.stand_in.edit_lead(hands.ROBOT, desk.deal, {"status_id": desk.stages[2]})
    await desk.patch({"status_id": desk.stages[1], "updated_by": 0, "tags_to_add": [{"name": "IDENT"}]})

    await expect(lines).to_have_count(6)
    told = await lines.evaluate_all("all => all.map(one => [one.dataset.feedLine, one.dataset.who, one.innerText])")
    assert [(kind, who) for kind, who, _ in told] == [
        ("lead_added", "person"),
        ("entity_responsible_changed", "person"),
        ("sale_field_changed", "person"),
        ("lead_status_changed", "robot"),
        ("entity_tag_added", "integration"),
        ("lead_status_changed", "integration"),
    ]
    assert "Орлова Анна" in told[1][2]
    assert re.search(r"38\s000\s₽\s+было 12\s500\s₽", told[2][2])
    assert re.search(r"Робот\s+Новый этап: Принимают решение из Первичный контакт", told[3][2])
    assert "интеграция" in told[5][2]

    await page.get_by_role("textbox", name="Примечание").fill("Просил перезвонить")
    await page.keyboard.press("Enter")
    await expect(lines.last).to_contain_text("Просил перезвонить")
    await expect(page.get_by_role("textbox", name="Примечание")).to_have_value("")


async def test_a_task_is_set_for_somebody_and_finished_with_its_result(desk: Desk, page: Page) -> None:
    await page.goto(desk.card())
    await page.click("[data-mode=task]")
    await page.get_by_role("textbox", name="Текст задачи").fill("Спросить про снимок")
    await page.select_option("[data-field=responsible]", str(desk.own))
    await page.select_option("[data-field=kind]", "2")
    await page.select_option("[data-field=time]", "18:00")
    await page.click("[data-action=set-task]")

    [task] = desk.stand_in.account.tasks.values()
    open_task = page.locator(f"[data-task-id='{task.id}']")
    await expect(open_task).to_contain_text("Завтра 18:00 для Тихонова Вера")
    assert (task.text, task.task_type_id, task.responsible_user_id) == ("Спросить про снимок", 2, desk.own)
    assert (task.created_by, task.entity_type, task.entity_id) == (desk.operator, "leads", desk.deal)
    assert task.complete_till == task.created_at - task.created_at % 86400 + 86400 + 15 * 3600, "18:00 in Moscow"

    await open_task.get_by_role("textbox").fill("Снимок есть")
    desk.stand_in.edit_lead(hands.ROBOT, desk.deal, {"price": 1})
    await expect(page.locator("[data-feed-line=sale_field_changed]")).to_be_visible()
    await expect(open_task.get_by_role("textbox")).to_have_value("Снимок есть")
    await expect(open_task.get_by_role("textbox")).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(page.locator("[data-feed-line=task_done]")).to_contain_text("Снимок есть")
    assert (task.is_completed, task.result, task.updated_by) == (True, "Снимок есть", desk.operator)


async def test_each_user_sees_what_this_user_may_and_the_panel_is_told_who_it_is(
    desk: Desk, page: Page, troubles: list[str]
) -> None:
    mine = desk.stand_in.create_lead(desk.own, {"name": "Своя", "responsible_user_id": desk.own}).id
    panel = page.locator("section.identlink")

    async def log_in(user_id: int) -> None:
        await page.click("[data-action=user]")
        await page.click(f"[data-login='{user_id}']")
        await expect(page.locator(".nav__user")).to_have_attribute("data-user", str(user_id))

    def asks() -> int:
        return desk.user_of(desk.hub.asked[-1])

    await page.goto(desk.card())
    await expect(panel).to_have_attribute("data-state", "found")
    assert asks() == desk.operator

    await log_in(desk.head)
    await expect(panel).to_have_attribute("data-state", "found")
    assert asks() == desk.head
    assert await page.evaluate("APP.constant('user_rights').is_admin") is True

    await log_in(desk.free)
    await expect(panel).to_have_attribute("data-state", "refused")
    await expect(panel).to_contain_text("Нет доступа")
    assert asks() == desk.free
    await expect(page.locator(".feed__input")).to_have_count(0)

    await log_in(desk.own)
    await expect(page.locator("[data-page=refused]")).to_contain_text("Недостаточно прав")
    await expect(panel).to_have_count(0)
    await page.click("[data-page=refused] a")
    tiles = page.locator(".tile")
    await expect(tiles).to_have_count(1)
    await tiles.locator("a").click()
    await expect(page.locator("[data-page=deal]")).to_have_attribute("data-card-id", str(mine))
    assert troubles.pop().startswith("Failed to load resource"), "the card that this user may not see"


async def test_a_form_waits_in_unsorted_until_somebody_takes_it(desk: Desk, page: Page) -> None:
    account = desk.stand_in.account
    await page.goto(desk.url)
    await expect(page.locator("[data-unsorted]")).to_have_count(0)
    await page.click("[data-action=trouble]")
    for number in (1, 2):
        await page.click("[data-action=form]")
        await expect(page.locator("[data-unsorted] [data-uid]")).to_have_count(number)
    await page.keyboard.press("Escape")
    await page.add_script_tag(path=AXE)
    assert await violations(page, "[data-unsorted]") == []
    assert (len(account.leads), len(account.contacts)) == (1, 1)

    await page.locator("[data-uid]").last.get_by_role("button", name="Отклонить").click()
    await expect(page.locator("[data-uid]")).to_have_count(1)
    await page.get_by_role("button", name="Принять").click()

    await expect(page.locator("[data-page=deal]")).to_be_visible()
    [taken] = account.leads.keys() - {desk.deal}
    await expect(page.locator("[data-page=deal]")).to_have_attribute("data-card-id", str(taken))
    assert (account.leads[taken].responsible_user_id, len(account.contacts), account.unsorted) == (desk.operator, 2, {})


async def test_the_testers_drawer_breaks_shows_and_mends(desk: Desk, page: Page) -> None:
    faults = desk.stand_in.faults
    waits = page.locator("[data-waits] li")
    await page.goto(desk.card())
    await expect(page.locator("[data-trouble]")).to_have_count(0)
    await page.click("[data-action=trouble]")
    await expect(waits).to_have_text(["Всё исправно"])
    await expect(page.locator("[data-action=calm]")).to_be_disabled()

    await page.select_option("[data-field=count]", "3")
    for kind in ("429", "lost", "late"):
        await page.click(f"[data-kind='{kind}']")
    await page.select_option("[data-field=stage]", str(desk.stages[1]))
    for action in ("between", "robot", "duplicates"):
        await page.click(f"[data-action={action}]")
    await page.fill("[data-field=others]", "40")
    await page.press("[data-field=others]", "Enter")
    await page.click("[data-mode=unpaid]")
    await expect(waits).to_have_count(8)
    assert [(one.kind, one.count, one.route, one.apply) for one in faults.waiting] == [
        ("429", 3, "*", False),
        ("lost", 3, "*", True),
        ("late", 3, "*", True),
    ]
    assert (faults.mode, faults.between[0].lead_id) == ("unpaid", desk.deal)
    assert desk.stand_in.limits.knobs.others == 40
    [robot], pipeline = desk.stand_in.robots.known, desk.stand_in.account.main_pipeline().id
    assert (robot.status_id, robot.body["status_id"]) == (desk.stages[0], desk.stages[1])
    assert desk.stand_in.account.duplicate_control.keys() == {pipeline}

    await page.click("[data-action=calm]")
    await expect(waits).to_have_text(["Всё исправно"])
    assert (faults.mode, faults.waiting, faults.between, desk.stand_in.limits.knobs.others) == ("ok", [], [], 0)
    assert (desk.stand_in.robots.known, desk.stand_in.account.duplicate_control) == ([], {})
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-trouble]")).to_have_count(0)
    await expect(page.locator("[data-action=trouble]")).to_be_focused()


async def test_two_contacts_become_one_and_a_deal_goes_to_the_bin(desk: Desk, page: Page) -> None:
    other = desk.stand_in.create_lead(
        desk.operator, {"name": "Гигиена", "_embedded": {"contacts": [person(8, "Ваня", "Семёнов")]}}
    )
    account, twin = desk.stand_in.account, other.main_contact
    await page.goto(f"{desk.url}/contacts/detail/{desk.contact}")
    await page.click("[data-action=more]")
    await page.click("[data-action=merge]")
    await page.get_by_role("searchbox").fill("семёнов")
    await expect(page.locator("[data-found] label")).to_have_count(1)
    await expect(page.locator("[data-action=merge-now]")).to_be_disabled()
    await page.get_by_text("Ваня Семёнов").click()
    await expect(page.locator(".ask__fate")).to_contain_text("Контакт «Ваня Семёнов» исчезнет")
    await page.click("[data-action=merge-now]")

    await expect(page.locator(".linked__deal")).to_have_count(2)
    await expect(page.locator("[data-feed-line=entity_merged]")).to_be_visible()
    assert twin not in account.contacts
    assert account.leads[other.id].main_contact == desk.contact
    assert [event.created_by for event in account.events if event.type == "entity_merged"] == [desk.operator]

    await page.click(f"[data-lead-id='{other.id}']")
    await page.click("[data-action=more]")
    await page.click("[data-action=delete]")
    await page.click("[data-action=leave]")
    assert other.id in account.leads
    await page.click("[data-action=more]")
    hands.edit_lead(account, desk.head, other.id, {"name": "Чистка"})
    await expect(page).to_have_title(re.compile("Чистка"))  # drawn anew, with its choices as they were
    await page.click("[data-action=delete]", timeout=2000)
    await page.click("[data-action=delete-now]")
    await expect(page.locator(".tile")).to_have_count(1)
    assert other.id not in account.leads


async def test_a_card_that_somebody_deletes_says_so_where_it_is_open(
    desk: Desk, page: Page, troubles: list[str]
) -> None:
    await page.goto(desk.card())
    await expect(page.locator("section.identlink")).to_have_attribute("data-state", "found")
    hands.delete_lead(desk.stand_in.account, desk.head, desk.deal)

    await expect(page.locator("[data-page=refused]")).to_contain_text("Такой карточки нет")
    await expect(page.locator("section.identlink")).to_have_count(0)
    assert all(text.startswith("Failed to load resource") for text in troubles), "the card that is gone"
    troubles.clear()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_on_what_people_use(desk: Desk, page: Page, theme: str) -> None:
    late = {"text": "Перезвонить", "complete_till": desk.stand_in.account.now() - 60}
    for body in (late, {"text": "Готово", "complete_till": late["complete_till"], "is_completed": True}):
        hands.create_task(
            desk.stand_in.account, desk.operator, {**body, "entity_type": "leads", "entity_id": desk.deal}
        )
    await desk.patch({"status_id": desk.stages[1], "updated_by": 0, "tags_to_add": [{"name": "IDENT"}]})
    await page.goto(f"{desk.card()}&theme={theme}")
    await page.add_script_tag(path=AXE)
    await expect(page.locator("[data-feed-line]")).to_have_count(5)

    await page.click("[data-mode=task]")
    assert await violations(page, ".feed") == []
    await page.click("[data-action=user]")
    assert await violations(page, ".nav") == []
    await page.keyboard.press("Escape")
    await page.click("[data-action=more]")
    assert await violations(page, ".card__left") == []
    await page.click("[data-action=delete]")
    assert await violations(page, ".modal-body") == []
    await page.keyboard.press("Escape")
    await page.click(".linked__name")
    await expect(page.locator("[data-action=merge]")).to_have_count(1)  # a deal has dots, too
    await page.click("[data-action=more]")
    await page.click("[data-action=merge]")
    await page.get_by_role("searchbox").fill("Семёнов")
    await expect(page.locator("[data-found]")).to_contain_text("Никого не нашли")
    assert await violations(page, ".modal-body") == []
    await page.keyboard.press("Escape")
    await page.click("[data-action=trouble]")
    await page.click("[data-kind='500']")
    await expect(page.locator("[data-waits] b")).to_have_text("500")
    assert await violations(page, ".trouble") == []
