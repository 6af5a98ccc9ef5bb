"""The settings page in the stand-in's settings, and the modal: what an admin sees, changes, loses by mistake and gets back."""

import json
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, expect

from tests.browser.cards import Cards
from tests.browser.conftest import BROWSER
from tests.browser.fake_hub import Answer, Asked, Refusal
from tests.browser.test_looks import AXE, violations

pytestmark = BROWSER

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "panel" / "settings.json").read_text("utf-8"))


class Desk:
    """A hub that keeps settings, or refuses once as a test says."""

    def __init__(self) -> None:
        self.told = json.loads(json.dumps(GOLDEN))
        self.refuses: Answer | None = None
        self.saved: list[dict[str, Any]] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.method == "PUT":
            refusal, self.refuses = self.refuses, None
            if refusal:
                return refusal
            self.saved.append(asked.body["settings"])
            version = asked.body["version"] + 1
            self.told |= {"settings": asked.body["settings"] | {"version": version}, "version": version}
        told: dict[str, Any] = json.loads(json.dumps(self.told))
        return told


async def opened(cards: Cards, desk: Desk, width: int = 1440) -> Locator:
    """The page, as the hub of the desk has it."""
    cards.hub.answer = desk
    await cards.page.set_viewport_size({"width": width, "height": 860})
    await cards.page.goto(f"{cards.office.url}/settings/widgets/{cards.office.code}/")
    page = cards.page.locator(".identlink_page")
    await expect(page).to_have_attribute("data-state", "shown")
    return page


def stage(page: Locator, target: str) -> Locator:
    """The select of a target in the pipeline of first visits."""
    return page.get_by_role("group", name="Первичные", exact=True).get_by_label(f"{target}: этап", exact=True)


async def test_what_is_changed_is_said_kept_over_leaving_and_saved(cards: Cards) -> None:
    desk = Desk()
    page = await opened(cards, desk)
    await stage(page, "Пришёл").select_option(label="Предоплата")
    await page.get_by_role("group", name="Северный").get_by_label("Часовой пояс").select_option("Asia/Omsk")
    await page.get_by_role("group", name="Деньги").get_by_label("Все", exact=True).check()
    await page.get_by_text("Изменений:").click()
    said = await page.locator(".identlink__footer li").all_inner_texts()

    await cards.page.click("[data-action=widgets]")
    await expect(page).to_have_count(0)
    await cards.page.click("[data-action=advanced]")
    await expect(page.get_by_text("не сохранили в прошлый раз")).to_be_visible()
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.locator(".identlink__footer")).to_contain_text("Настройки сохранены")

    assert said == ["Первичные, Пришёл: Предоплата", "Филиал «Северный»: изменён", "Деньги: Все"]
    (kept,) = desk.saved
    assert kept["pipelines"]["primary"]["targets"]["arrived"] == {"stage": 1003, "accepted": [1003], "from": "any"}
    assert [(one["branch"], one["zone"]) for one in kept["branches"]] == [("2", "Europe/Moscow"), ("3", "Asia/Omsk")]
    assert kept["rights"] == GOLDEN["settings"]["rights"] | {"money": ["all"]}


async def test_an_error_stands_beside_its_field_which_is_led_to(cards: Cards, troubles: list[str]) -> None:
    desk = Desk()
    page = await opened(cards, desk)
    await stage(page, "Пришёл").select_option(label="Предоплата")
    desk.refuses = Refusal(
        400,
        "bad_settings",
        "Настройки не сохранены: исправьте отмеченные поля.",
        {"problems": [{"path": "pipelines.primary.targets.arrived.stage", "text": "Такого этапа нет."}]},
    )
    await page.get_by_role("button", name="Сохранить").click()

    await expect(stage(page, "Пришёл")).to_be_focused()
    await expect(stage(page, "Пришёл")).to_have_accessible_description("Такого этапа нет.")
    await expect(stage(page, "Пришёл")).to_have_value("1003")
    troubles.clear()


async def test_somebody_elses_change_is_shown_and_loaded(cards: Cards, troubles: list[str]) -> None:
    desk = Desk()
    page = await opened(cards, desk)
    await stage(page, "Пришёл").select_option(label="Предоплата")
    desk.refuses = Refusal(409, "changed_meanwhile", "Настройки уже изменил другой администратор: Ким Ольга.")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.get_by_role("alert")).to_contain_text("Ким Ольга")
    desk.told["settings"]["pipelines"]["primary"]["targets"]["arrived"] = {
        "stage": 1001,
        "accepted": [1001],
        "from": "any",
    }
    await page.get_by_role("button", name="Загрузить заново").click()

    await expect(stage(page, "Пришёл")).to_have_value("1001")
    troubles.clear()


async def test_a_pause_acts_at_once_and_leaves_what_is_being_changed(cards: Cards) -> None:
    desk = Desk()
    page = await opened(cards, desk)
    await stage(page, "Пришёл").select_option(label="Предоплата")
    await page.get_by_role("button", name="Остановить запись").click()
    await expect(page.get_by_role("button", name="Снять с паузы")).to_be_visible()

    await expect(page.locator(".identlink__notice").first).to_contain_text("на паузе")
    await expect(stage(page, "Пришёл")).to_have_value("1003")
    assert desk.saved == [GOLDEN["settings"] | {"paused": True}]


async def test_what_is_changed_while_a_save_is_under_way_stays_and_so_does_the_focus(cards: Cards) -> None:
    desk = Desk()
    page = await opened(cards, desk)
    cards.hub.delay = lambda asked: 0.6 if asked.method == "PUT" else 0
    await stage(page, "Пришёл").select_option(label="Предоплата")
    save = page.get_by_role("button", name="Сохранить")
    await save.focus()
    await cards.page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Сохраняем…")).to_be_focused()
    await stage(page, "Пришёл").select_option(label="Не двигать")
    await page.get_by_role("group", name="Деньги").get_by_label("Все", exact=True).check()
    await expect(save).to_be_enabled()
    await expect(page.get_by_text("Изменений: 2")).to_be_visible()
    await expect(stage(page, "Пришёл")).to_have_value("")
    await save.focus()
    await cards.page.keyboard.press("Enter")
    await expect(page.locator(".identlink__footer")).to_contain_text("Настройки сохранены")

    await expect(save).to_be_focused()
    assert [one["rights"]["money"] for one in desk.saved] == [GOLDEN["settings"]["rights"]["money"], ["all"]]
    assert [one["pipelines"]["primary"]["targets"]["arrived"]["stage"] for one in desk.saved] == [1003, None]


async def test_what_is_changed_while_the_pause_is_set_stays_too(cards: Cards) -> None:
    desk = Desk()
    page = await opened(cards, desk)
    cards.hub.delay = lambda asked: 0.6 if asked.method == "PUT" else 0
    await page.get_by_role("button", name="Остановить запись").click()
    await stage(page, "Пришёл").select_option(label="Предоплата")
    await expect(page.get_by_role("button", name="Снять с паузы")).to_be_visible()

    await expect(stage(page, "Пришёл")).to_have_value("1003")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.locator(".identlink__footer")).to_contain_text("Настройки сохранены")
    assert [one["paused"] for one in desk.saved] == [True, True]


async def test_sums_are_confirmed_and_revoked_with_who_and_when_beside(cards: Cards) -> None:
    desk = Desk()
    page = await opened(cards, desk)
    first, second = (page.get_by_role("group", name=f"Клиника на {name}") for name in ("Ленина", "Мира"))
    await expect(first).to_contain_text("Отметил: Орлова Анна, ср 18 ноя")
    await expect(second).to_contain_text("«Оплачено» и «Долг по сделке» не заполняются")
    await expect(second).not_to_contain_text("Отметил")
    await first.get_by_role("checkbox").uncheck()
    await second.get_by_role("checkbox").check()
    await page.get_by_text("Изменений:").click()
    said = await page.locator(".identlink__footer li").all_inner_texts()
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.locator(".identlink__footer")).to_contain_text("Настройки сохранены")

    assert said == ["Сверка сумм «Клиника на Ленина»: отметка снята", "Сверка сумм «Клиника на Мира»: суммы сверены"]
    assert [one["money_verified"] for one in desk.saved] == [{"db_2": "net"}]


async def test_what_was_confirmed_of_another_way_to_reckon_is_not_ticked(cards: Cards) -> None:
    desk = Desk()
    desk.told["money"][0]["way"] = "net"
    page = await opened(cards, desk)
    group = page.get_by_role("group", name="Клиника на Ленина")
    await expect(group).to_contain_text("Сверьте заново")
    await expect(group.get_by_role("checkbox")).not_to_be_checked()
    await group.get_by_role("checkbox").check()
    await expect(group).not_to_contain_text("Сверьте заново")


async def test_axe_finds_nothing_on_the_page_light_and_dark_narrow_and_wide(cards: Cards) -> None:
    for width in (930, 1440):
        page = await opened(cards, Desk(), width)
        await stage(page, "Пришёл").select_option(label="Предоплата")
        for summary in await page.locator("summary").all():
            await summary.click()
        await cards.page.add_script_tag(path=AXE)
        for theme in ("light", "dark"):
            await cards.theme("light" if theme == "light" else "dark")
            assert await violations(cards.page, ".identlink_page") == [], (width, theme)
        widest = (
            "page => Math.max(...Array.from(page.querySelectorAll('*'), (one) => one.getBoundingClientRect().right))"
        )
        box = await page.bounding_box()
        assert box is not None
        assert await page.evaluate(widest) <= box["x"] + box["width"]
        await stage(page, "Пришёл").select_option(label="Не двигать")
        await page.get_by_role("button", name="Отменить изменения").click()


async def test_settings_of_a_newer_hub_are_shown_as_far_as_they_are_known_and_kept_whole(cards: Cards) -> None:
    desk = Desk()
    newer = {
        "money": ["team:4", "admin"],
        "search": ["all"],
        "export": ["admin"],
    }  # `family` is no right of its any more
    desk.told["settings"]["rights"] = newer
    page = await opened(cards, desk)
    await expect(page.get_by_role("group", name="Деньги").get_by_label("Другие «team:4»")).to_be_checked()
    await stage(page, "Пришёл").select_option(label="Предоплата")
    await page.get_by_role("button", name="Сохранить").click()
    await expect(page.locator(".identlink__footer")).to_contain_text("Настройки сохранены")

    assert desk.saved[0]["rights"] == newer


async def test_whoever_is_no_admin_is_told_so(cards: Cards, troubles: list[str]) -> None:
    cards.hub.says(Refusal(403, "refused", "Настройки видит и меняет только администратор amoCRM."))
    await cards.page.goto(f"{cards.office.url}/settings/widgets/{cards.office.code}/")

    await expect(cards.page.get_by_role("alert")).to_contain_text("только администратор amoCRM")
    await expect(cards.page.get_by_role("link", name="Кого спросить")).to_have_attribute(
        "href", f"{cards.hub.url}/support"
    )
    troubles.clear()


async def test_the_modal_says_how_the_clinics_stand(cards: Cards) -> None:
    cards.hub.answer = Desk()
    await cards.page.goto(f"{cards.office.url}/settings/widgets/")
    await cards.page.click("[data-action=open-modal]")
    modal = cards.page.locator(".identlink_modal")

    await expect(modal).to_contain_text("Компьютер клиники не на связи с 20:05")
    await cards.page.add_script_tag(path=AXE)
    assert await violations(cards.page, ".identlink_modal") == []
    await expect(modal.get_by_role("link", name="Кого спросить")).to_have_attribute("href", f"{cards.hub.url}/support")


async def test_a_modal_that_is_left_leaves_nothing(cards: Cards) -> None:
    cards.hub.hold()
    await cards.page.goto(f"{cards.office.url}/settings/widgets/")
    await cards.page.click("[data-action=open-modal]")
    modal = cards.page.locator(".identlink_modal")
    await expect(modal).to_contain_text("Проверяем связь")

    await cards.visit(cards.office.list_path)

    await expect(modal).to_have_count(0)
    await cards.hub.until(lambda: not cards.hub.delayed)
