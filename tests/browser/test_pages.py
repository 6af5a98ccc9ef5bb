"""The stand-in's pages as a widget sees them: documented members and no others, callbacks in their order, one token for many calls."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest_asyncio
from playwright.async_api import Page, expect

from demo.amocrm.app import serving
from demo.amocrm.archive import unpacked
from demo.amocrm.stand_in import StandIn
from tests.browser.conftest import BROWSER
from tests.browser.recording import build

pytestmark = BROWSER

OF_APP = {
    "lang_id", "element_types", "cf_types", "data", "isCard", "getBaseEntity", "getWidgetsArea", "constant", "notifications",
}  # fmt: skip
OF_CARD = {"id", "main_user", "element_type", "model"}
OF_SELF = {
    "params", "langs", "get_settings", "set_settings", "system", "i18n", "set_lang", "render", "render_template",
    "get_current_card_contacts_data", "$authorizedAjax", "crm_post", "set_status", "get_install_status", "get_version",
    "get_accounts_current", "callbacks", "constructor",
}  # fmt: skip


@dataclass
class Desk:
    """The stand-in with the recording widget, a deal and its contact."""

    stand_in: StandIn
    url: str
    deal: int
    other: int
    contact: int


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    stand_in = StandIn()
    _, operator, _ = stand_in.account.users
    phone = {"field_code": "PHONE", "values": [{"value": "+79990000007", "enum_code": "MOB"}]}
    person = {"first_name": "Иван", "last_name": "Семёнов", "custom_fields_values": [phone]}
    deal = stand_in.create_lead(operator, {"name": "Имплант", "price": 12500, "_embedded": {"contacts": [person]}})
    other = stand_in.create_lead(operator, {"name": "Гигиена"})
    async with serving(stand_in, widget=unpacked(build(tmp_path / "widget.zip"))) as url:
        yield Desk(stand_in, url, deal.id, other.id, deal.main_contact or 0)


async def calls(page: Page, last: str) -> list[list[Any]]:
    """What was called until now, as soon as the last of it was."""
    await page.wait_for_function("last => window.seen && seen.calls.length && seen.calls.at(-1)[0] === last", arg=last)
    found: list[list[Any]] = await page.evaluate("seen.calls.splice(0)")
    return found


async def test_a_widget_finds_what_is_documented_and_nothing_else(desk: Desk, page: Page) -> None:
    await page.goto(f"{desk.url}/leads/detail/{desk.deal}")
    await calls(page, "bind_actions")

    named = await page.evaluate("""() => {
      const own = []; for (const key in seen.self) { own.push(key); }
      return {self: own, app: Object.keys(APP), card: Object.keys(APP.data.current_card), data: Object.keys(APP.data)};
    }""")
    globals_ = await page.evaluate(
        "['AMOCRM', '$', 'jQuery', '_', 'Backbone', 'moment', 'Twig'].filter(name => window[name] !== undefined)"
    )
    told = await page.evaluate("""async () => ({
      settings: seen.self.get_settings(), system: seen.self.system(), contacts: await seen.self.get_current_card_contacts_data(),
      card: APP.data.current_card.id, type: APP.data.current_card.element_type, base: APP.getBaseEntity(), isCard: APP.isCard(),
      version: seen.self.get_version(), texts: seen.self.i18n('settings'), twig: seen.self.render({data: '{{ a }}!'}, {a: '<i>'}),
      modules: Object.values(seen.modules).map(one => typeof one), jquery: seen.modules.$.fn.jquery, user: APP.constant('user').id,
    })""")

    assert set(named["self"]) <= OF_SELF
    assert set(named["self"]) >= OF_SELF - {"constructor"}
    assert (set(named["app"]), set(named["card"])) == (OF_APP, OF_CARD)
    assert globals_ == []
    code = told["settings"]["widget_code"]
    assert told["settings"]["path"] == f"/upl/{code}/widget"
    assert told["settings"]["oauth_client_uuid"] == desk.stand_in.integration.client_id
    assert (told["card"], told["type"], told["base"], told["isCard"]) == (desk.deal, 2, "leads", True)
    [person] = told["contacts"]
    assert (person["id"], person["phones"], person["last_name"]) == (desk.contact, ["+79990000007"], "Семёнов")
    assert (told["version"], told["texts"], told["twig"]) == ("1.2.3", {"key": "Ключ"}, "<i>!")
    assert (told["jquery"], "undefined" not in told["modules"]) == ("2.1.3", True)
    assert told["user"] == told["system"]["amouser_id"] == list(desk.stand_in.account.users)[1]


async def test_callbacks_come_in_their_order_from_page_to_page_without_a_reload(desk: Desk, page: Page) -> None:
    await page.goto(f"{desk.url}/leads/detail/{desk.deal}?widgets=first")
    ours = page.locator(".card-widgets__widget .mine__b")
    entered = [[name, "leads_card", desk.deal] for name in ("render", "init", "bind_actions")]
    assert await calls(page, "bind_actions") == entered
    await expect(ours).to_have_text("part")
    await page.evaluate("window.stays = true")

    await page.click(".linked__name")
    at_contact = [[name, "contacts_card", desk.contact] for name in ("render", "init", "bind_actions")]
    assert await calls(page, "bind_actions") == [["destroy", "leads_card", desk.deal], *at_contact]

    await page.click("[data-action=back]")
    assert await calls(page, "destroy") == [["destroy", "contacts_card", desk.contact]]

    await page.go_back()
    assert (await calls(page, "bind_actions"))[0] == ["render", "contacts_card", desk.contact]
    await page.click("[data-action=fold-widget] >> nth=0")
    await expect(ours).to_be_hidden()
    await page.click("[data-action=fold-widget] >> nth=0")
    await expect(ours).to_be_visible()
    assert await page.evaluate("[seen.calls, stays]") == [[], True]


async def test_an_admin_saves_and_switches_off_in_the_modal_and_opens_the_widgets_own_page(
    desk: Desk, page: Page
) -> None:
    admin = min(desk.stand_in.account.users)
    await page.goto(f"{desk.url}/_stand-in/login/{admin}?to=/settings/widgets/")
    assert [name for name, *_ in await calls(page, "bind_actions")] == ["render", "init", "bind_actions"]
    await page.click("[data-action=advanced]")
    await expect(page.locator("[id^=work-area-]")).to_have_text("part")
    code = await page.evaluate("seen.self.get_settings().widget_code")
    area = f"advanced-settings:{code}"
    assert [call[:2] for call in await calls(page, "advancedSettings")] == [
        ["destroy", "widgetsSettings"], ["render", area], ["init", area], ["bind_actions", area], ["advancedSettings", area],
    ]  # fmt: skip
    await page.go_back()
    await calls(page, "bind_actions")

    await page.click("[data-action=open-modal]")
    await page.fill(".modal [name=key]", "42")
    await page.click("[data-action=save-widget]")
    await expect(page.locator(".modal")).to_have_count(0)
    assert await page.evaluate("seen.self.params.key") == "42"
    await page.click("[data-action=open-modal]")
    await page.evaluate("seen.calls.splice(0)")
    await page.click("[data-action=disable-widget]")
    assert [name for name, *_ in await calls(page, "destroy")] == ["onSave", "destroy"]
    await expect(page.locator("[data-status]")).to_have_text("Выключена")
    await page.goto(f"{desk.url}/leads/detail/{desk.deal}")
    await expect(page.locator("[data-widget]")).to_have_count(2)


async def test_the_list_and_an_open_card_follow_what_others_do(desk: Desk, page: Page) -> None:
    await page.goto(desk.url)
    column = page.locator(".board__column")
    tile = f"[data-lead-id='{desk.deal}']"
    await expect(column.nth(0).locator(tile)).to_contain_text("Семёнов")
    pipeline = desk.stand_in.account.main_pipeline()
    stages = sorted((one for one in pipeline.statuses.values() if one.type == 0), key=lambda one: one.sort)

    desk.stand_in.edit_lead(0, desk.deal, {"status_id": stages[1].id})
    await expect(column.nth(1).locator(tile)).to_be_visible()
    await expect(column.nth(1).locator("[data-count]")).to_have_text(re.compile(r"1 сделка: 12\s500\s₽"))

    await page.click(f"{tile} a")
    desk.stand_in.edit_lead(0, desk.deal, {"name": "Имплант и коронка"})
    await expect(page.locator("[data-field=name]")).to_have_value("Имплант и коронка")
    await page.fill("[data-field=price]", "20 000")
    await page.click("[data-action=save]")
    await expect(page.locator("[data-field=price]")).to_have_value(re.compile(r"20\s000\s₽"))
    await page.click("[data-action=stages]")
    await page.click(f"[data-stage='{pipeline.id}:{stages[2].id}']")
    await expect(page.locator("[data-stage-name]")).to_have_text(stages[2].name)
    lead = desk.stand_in.account.leads[desk.deal]
    assert (lead.price, lead.status_id, lead.updated_by) == (20_000, stages[2].id, list(desk.stand_in.account.users)[1])


async def test_what_changes_while_a_card_is_read_shows(desk: Desk, page: Page) -> None:
    await page.goto(desk.url)
    read: list[str] = []

    async def late(route: Any) -> None:
        read.append(route.request.url)
        answer = await route.fetch()
        if len(read) == 1:
            desk.stand_in.edit_lead(0, desk.deal, {"name": "Имплант и коронка"})
            await page.wait_for_timeout(300)  # that something changed is told before the card is drawn
        await route.fulfill(response=answer)

    await page.route(re.compile(rf"/_stand-in/.*leads/{desk.deal}$"), late)
    await page.click(f"[data-lead-id='{desk.deal}'] a")

    await expect(page.locator("[data-field=name]")).to_have_value("Имплант и коронка")
    assert len(read) >= 2


async def test_one_token_serves_many_calls_of_one_user(desk: Desk, page: Page) -> None:
    await page.goto(f"{desk.url}/leads/detail/{desk.deal}")
    await calls(page, "bind_actions")
    sent: list[str] = []

    async def backend(route: Any) -> None:
        sent.append(route.request.headers["x-auth-token"])
        await route.fulfill(json={"n": len(sent)})

    await page.route("**/backend", backend)
    script = "async () => (await Promise.all([1, 2, 3].map(() => seen.self.$authorizedAjax({url: '/backend'})))).length"
    assert await page.evaluate(script) == 3
    assert await page.evaluate("typeof seen.self.$authorizedAjax({url: '/backend'}).abort") == "undefined"
    await page.goto(f"{desk.url}/_stand-in/login/{min(desk.stand_in.account.users)}?to=/leads/detail/{desk.deal}")
    await calls(page, "bind_actions")
    assert await page.evaluate(script) == 3

    secret, audience = desk.stand_in.integration.secret, "http://127.0.0.1"
    claims = [jwt.decode(token, secret, algorithms=["HS256"], audience=audience) for token in sent]
    assert len({one["jti"] for one in claims}) == 2
    assert {one["user_id"] for one in claims} == set(list(desk.stand_in.account.users)[:2])
