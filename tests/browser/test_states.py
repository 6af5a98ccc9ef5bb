"""Every state of the panel on a real card, and every action of the operator."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.cards import Cards
from tests.browser.conftest import OTHER_BROWSER
from tests.browser.fake_hub import GONE, Answer, Asked, Refusal, golden
from tests.browser.scenes import BUSY, SCENES, lose_the_hub

pytestmark = OTHER_BROWSER

SAYS = {
    "loading": [],
    "found": ["Петров Пётр Ильич", "9 лет · карта 1187", "На номере ещё 2", "чт 3 дек, 14:30", "через 9 дней", "оповещён",
              "Подтвердил", "Ещё 1 приём", "пн 2 ноя", "12 500 ₽", "не сверено", "Петрова Мария Ивановна",
              "Профосмотр", "не записано на 47 500 ₽", "До этого: «Новое обращение»"],
    "found_amber": ["данные"],
    "found_net": ["Деньги", "одним итогом", "Аванс", "3 800 ₽"],
    "found_asked": ["Кто звонил?", "Звонил этот пациент", "Другой пациент", "выберите, кто звонил"],
    "found_asked_deal": ["Куда ставить новые приёмы?", "В эту сделку", "выберите, в какую ставить"],
    "found_cancelled_today": ["Отменил сегодня"],
    "found_chosen": ["Отменить выбор"],
    "found_confirmed": ["✓ подтверждён", "Орлова Анна, 24 ноя, 12:40"],
    "found_action_refused": ["Подождите минуту и повторите.", "Петров Пётр Ильич"],
    "found_hub_lost": ["Сервер интеграции не отвечает. Ниже данные на вт 24 ноя, 12:42. Пробуем снова.", "Повторить", "Петров Пётр Ильич"],
    "found_amber_hub_lost": ["Сервер интеграции не отвечает. Ниже данные на вт 24 ноя, 12:38.", "IDENT отвечает медленно; данные на 12:38"],
    "offline_hub_lost": ["Сервер интеграции не отвечает. Ниже данные на пн 23 ноя, 19:58.", "не на связи с 23 ноя, 20:05; данные на 19:58"],
    "several": ["Кто звонит?", "Выбор сохранится для сделки", "Петрова Анна Ильинична", "12 лет · приём сб 5 дек", "38 лет · не записан"],
    "several_contact": ["Кто звонит?", "Выбрать пациента можно в карточке сделки."],
    "nobody": ["В IDENT такого пациента нет", "Сидорова Ольга", "+7 999 000‑01‑99", "Другой пациент"],
    "nobody_copied": ["✓ Скопировано"],
    "nobody_search": ["Петров Пётр Ильич", "Есть и другие: уточните запрос."],
    "nobody_search_part": ["там не искали: На Мира", "Петрова Мария Ивановна", "38 лет"],
    "offline": ["Петров"],
    "offline_unknown": ["Клиника не на связи", "Данные появятся сами"],
    "refused": ["Нет доступа"],
    "not_configured": ["Не настроено", "Кого спросить"],
    "outdated": ["Виджет устарел", "попросите администратора обновить виджет"],
    "unreachable": ["Сервер интеграции не отвечает", "Проверьте интернет", "позвоните интегратору", "Повторить"],
    "expired": ["amoCRM просит войти заново", "обновите страницу (F5)"],
    "unproved": ["Не получилось показать данные", "попросите администратора переустановить виджет", "Повторить", "Кого спросить"],
    "failed": ["Сервер занят. Повторите через минуту.", "Повторить", "Кого спросить"],
}  # fmt: skip
HIDES = {
    "unproved": ["войти заново"],
    "nobody_search_part": ["не записан", "Есть и другие"],
    "found": ["Кто звонил?"],
    "found_asked_deal": ["Другой пациент"],
    "found_net": ["Долг", "не сверено", "нет данных"],
    "found_short": ["не сверено"],
}
NEVER = re.compile(r"db_\d|undefined|null|NaN|\[object|R\d\d|bad_token|too_many|mis_")


async def test_every_state_says_what_the_operator_needs_and_no_machine_words(cards: Cards, troubles: list[str]) -> None:
    for place, scene in enumerate(SCENES):
        await scene.play(cards, place)
        text = (await cards.panel.inner_text()).replace("\u00a0", " ")
        for words in SAYS.get(scene.name, []):
            assert words in text, (scene.name, words, text)
        for words in HIDES.get(scene.name, []):
            assert words not in text, (scene.name, words, text)
        assert not NEVER.search(text), (scene.name, text)
        await expect(cards.panel).to_have_attribute("data-state", scene.shows)
        if scene.provokes:
            troubles.clear()


def card_of(asked: Asked) -> Answer:
    """A hub that keeps the operator's choice and confirmation, as the real one does."""
    said = golden("several")
    if asked.method == "PUT":
        people = {person["id"]: person for person in said["persons"]}
        who = people.pop(asked.body["patient"])
        patient = {**golden("found")["patient"], "id": who["id"], "name": who["name"]}
        said = {**golden("found"), "patient": patient, "others": list(people.values()), "chosen": True}
    elif asked.path.endswith("/confirmation"):
        said = golden("found") | {"chosen": True}
        said["patient"]["next_visit"]["confirmed"] = "Белова Ольга, 24 ноя, 12:42"
    return said


async def test_an_operator_chooses_switches_confirms_and_takes_it_back(cards: Cards) -> None:
    cards.hub.answer = card_of
    await cards.go_to("leads", 30)
    await cards.shows("several")
    card = f"/panel/v1/deals/{cards.office.ids['leads'][30]}"

    await cards.panel.get_by_role("button", name="Петров Пётр Ильич").click()
    await cards.shows("found")
    await cards.panel.get_by_text("На номере ещё").click()
    await cards.panel.get_by_role("button", name="Петрова Мария Ивановна").click()
    await expect(cards.panel.get_by_role("heading", name="Петрова Мария Ивановна")).to_be_visible()
    await cards.panel.get_by_text("На номере ещё").click()
    await cards.panel.get_by_role("button", name="Петров Пётр Ильич").click()
    await expect(cards.panel.get_by_role("heading", name="Петров Пётр Ильич")).to_be_visible()
    await cards.panel.get_by_role("button", name="Подтвердил").click()
    await expect(cards.panel.get_by_text("Белова Ольга, 24 ноя, 12:42")).to_be_visible()
    await expect(cards.panel.get_by_role("button", name="Подтвердил")).to_have_count(0)
    await cards.panel.get_by_role("button", name="Отменить выбор").click()
    await cards.shows("several")

    acts = [
        (asked.what, asked.body)
        for asked in cards.hub.asked
        if asked.method in ("PUT", "DELETE") or asked.path.endswith("confirmation")
    ]
    assert acts == [
        (f"PUT {card}/patient", {"patient": "db_1:4410"}),
        (f"PUT {card}/patient", {"patient": "db_1:4400"}),
        (f"PUT {card}/patient", {"patient": "db_1:4410"}),
        (f"POST {card}/confirmation", {"visit": "db_1:81234"}),
        (f"DELETE {card}/patient", None),
    ]
    assert {asked.query.get("contacts") for asked in cards.hub.asked if asked.what == f"GET {card}"} == {
        str(cards.office.ids["contacts"][30])
    }


async def test_what_is_asked_of_the_operator_is_answered_with_one_click_or_by_a_search(cards: Cards) -> None:
    def said(asked: Asked) -> Answer:
        if asked.path.endswith("/search"):
            return {"persons": golden("several")["persons"][1:], "more": False}
        if asked.method == "PUT":
            return golden("found") | {"chosen": True}
        return golden("found_asked")

    cards.hub.answer = said
    await cards.go_to("leads", 40)
    await cards.shows("found")
    await cards.panel.get_by_role("button", name="Звонил этот пациент").click()
    await expect(cards.panel.get_by_role("button", name="Отменить выбор")).to_be_visible()
    await expect(cards.panel.get_by_text("Кто звонил?")).to_have_count(0)
    await cards.panel.get_by_role("button", name="Отменить выбор").click()
    await cards.panel.get_by_role("searchbox").fill("Петрова")
    await cards.panel.get_by_role("button", name="Найти").click()
    await cards.panel.get_by_role("button", name="Петрова Анна Ильинична").click()
    await expect(cards.panel.get_by_text("Кто звонил?")).to_have_count(0)

    assert [asked.body for asked in cards.hub.asked if asked.method == "PUT"] == [
        {"patient": "db_1:4410"},
        {"patient": "db_1:4411"},
    ]


async def test_a_contact_and_who_may_not_search_are_offered_no_more_than_they_can(cards: Cards) -> None:
    cards.hub.says(golden("found_asked") | {"rights": {"search": False}})
    await cards.go_to("leads", 41)
    await expect(cards.panel.get_by_role("button", name="Звонил этот пациент")).to_be_visible()
    await expect(cards.panel.get_by_role("searchbox")).to_have_count(0)
    await cards.go_to("contacts", 41)
    await cards.shows("found")

    await expect(cards.panel.get_by_text("Кто звонил?")).to_have_count(0)


async def test_name_and_phone_are_copied_as_ident_wants_them(cards: Cards) -> None:
    await cards.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=cards.office.url)
    cards.hub.says(golden("nobody"))
    await cards.go_to("leads", 31)
    copied = {}
    for what in ("Имя", "Телефон"):
        await cards.panel.get_by_role("button", name=f"Копировать: {what}").click()
        await expect(cards.panel.get_by_role("button", name=f"Скопировано: {what}")).to_be_visible()
        copied[what] = await cards.page.evaluate("navigator.clipboard.readText()")

    assert copied == {"Имя": "Сидорова Ольга", "Телефон": "+79990000199"}


async def test_a_search_asks_with_four_letters_and_the_choice_is_kept(cards: Cards) -> None:
    def found(asked: Asked) -> Answer:
        if asked.path.endswith("/search"):
            return (
                {"persons": golden("several")["persons"], "more": False}
                if "Петр" in asked.body["text"]
                else {"persons": [], "more": False, "unsearched": "Нет ответа, там не искали: На Мира."}
            )
        return golden("found") if asked.method == "PUT" else golden("nobody")

    cards.hub.answer = found
    await cards.go_to("leads", 32)
    field, go = cards.panel.get_by_role("searchbox"), cards.panel.get_by_role("button", name="Найти")
    await field.fill("Пе-т")
    await go.click()
    await expect(cards.panel.get_by_text("Напишите хотя бы 4 буквы или цифры.")).to_be_visible()
    await field.fill("Никак & Нет?")
    await field.press("Enter")
    await expect(cards.panel.get_by_text("Никого не нашли.")).to_be_visible()
    await expect(cards.panel.get_by_text("там не искали: На Мира")).to_be_visible()
    await field.fill("Петрова")
    await go.click()
    await cards.panel.get_by_role("button", name="Петров Пётр Ильич").click()
    await cards.shows("found")

    assert [(asked.method, asked.query, asked.body) for asked in cards.hub.asked if asked.path.endswith("/search")] == [
        ("POST", {}, {"text": "Никак & Нет?"}),
        ("POST", {}, {"text": "Петрова"}),
    ]


@pytest.mark.parametrize("state", ["merged", "constructor", "__proto__", "", None, 7])
async def test_a_state_of_a_newer_hub_still_shows_its_words_and_its_patient(cards: Cards, state: object) -> None:
    cards.hub.says({**golden("found"), "state": state, "reason": "Карточку объединили с другой."})
    await cards.go_to("leads", 36)
    await cards.shows("unknown")

    await expect(cards.panel).to_contain_text("Карточку объединили с другой.")
    await expect(cards.panel.get_by_role("heading", name="Петров Пётр Ильич")).to_be_visible()


async def test_what_cannot_be_drawn_says_so_and_the_next_answer_is_drawn(cards: Cards) -> None:
    cards.hub.says({**golden("found"), "patient": None})
    await cards.go_to("leads", 37)
    await expect(cards.panel).to_contain_text("Не получилось показать данные")
    await expect(cards.panel).to_contain_text("сообщите интегратору время и номер сделки")
    await cards.hub.until(lambda: cards.hub.streams == 1)
    cards.hub.says(golden("found"))
    cards.hub.tell("changed")

    await cards.shows("found")


async def test_whom_to_ask_is_a_page_of_the_hub_that_learns_nothing_of_the_card(
    cards: Cards, troubles: list[str]
) -> None:
    cards.hub.says(BUSY)
    await cards.go_to("leads", 38)
    await cards.shows("failed")
    link = cards.panel.get_by_role("link", name="Кого спросить")

    assert await link.evaluate("one => [one.href, one.target, one.rel]") == [
        f"{cards.hub.url}/support", "_blank", "noopener noreferrer",
    ]  # fmt: skip
    troubles.clear()


async def test_nothing_is_called_fresh_while_the_hub_is_lost(cards: Cards, troubles: list[str]) -> None:
    await cards.go_to("leads", 39)
    await cards.shows("found")
    await expect(cards.panel.locator(".identlink__fresh_green")).to_have_count(1)
    await lose_the_hub(cards)

    await expect(cards.panel.locator(".identlink__fresh_green")).to_have_count(0)
    dot = cards.panel.get_by_role("img", name="Сейчас не обновляется. Данные на вт\u00a024\u00a0ноя, 12:42")
    await expect(dot).to_have_attribute("title", re.compile("Сейчас не обновляется"))
    red, green, blue = map(
        int, re.findall(r"\d+", await dot.evaluate("one => getComputedStyle(one).backgroundColor"))[:3]
    )
    assert max(red, green, blue) - min(red, green, blue) < 40, "grey"
    troubles.clear()


@pytest.mark.parametrize("name", ["found_amber", "offline"])
async def test_what_was_not_fresh_keeps_its_own_words_while_the_hub_is_lost(
    cards: Cards, troubles: list[str], name: str
) -> None:
    cards.hub.says(golden(name))
    await cards.go_to("leads", 42)
    said = golden(name)["freshness"]
    line = cards.panel.locator(f".identlink__fresh_{said['level']}")
    await expect(line).to_have_text(said["text"])
    await lose_the_hub(cards)

    await expect(line).to_have_text(said["text"])
    assert "12:42" not in await cards.panel.inner_text(), "the answer's time is not the data's"
    troubles.clear()


async def test_no_time_is_claimed_where_nobody_knows_of_when_the_data_are(cards: Cards, troubles: list[str]) -> None:
    fresh = {**golden("found")["freshness"], "read_through": None}
    cards.hub.says(golden("found") | {"freshness": fresh})
    await cards.go_to("leads", 43)
    await cards.shows("found")
    await lose_the_hub(cards)

    await expect(cards.panel.locator(".identlink__notice_red")).to_contain_text("Ниже последние данные, пробуем снова.")
    await expect(cards.panel.get_by_role("img", name="Сейчас не обновляется", exact=True)).to_have_count(1)
    troubles.clear()


async def test_what_failed_is_tried_again_by_hand_and_by_itself(cards: Cards, troubles: list[str]) -> None:
    cards.hub.says(GONE)
    await cards.go_to("leads", 33)
    await cards.shows("unreachable")
    cards.hub.says(Refusal(503, "busy", "Сервер занят. Повторите через минуту."))
    await cards.panel.get_by_role("button", name="Повторить").click()
    await cards.shows("failed")
    cards.hub.says(golden("found"))

    await cards.shows("found")

    assert len(cards.hub.asked) >= 3
    troubles.clear()


async def test_who_may_not_see_this_card_any_more_sees_nothing_of_it(cards: Cards, troubles: list[str]) -> None:
    await cards.go_to("leads", 34)
    await cards.shows("found")
    cards.hub.says(Refusal(403, "refused", "У вас нет права смотреть эту сделку."))
    await cards.go_to("leads", 34)

    await cards.shows("failed")

    assert "Петров" not in await cards.panel.inner_text()
    troubles.clear()


async def test_the_keyboard_reaches_and_works_everything(cards: Cards) -> None:
    cards.hub.answer = card_of
    await cards.go_to("leads", 35)
    await cards.panel.get_by_role("button", name="Петров Пётр Ильич").focus()
    await cards.page.keyboard.press("Enter")
    await cards.shows("found")
    assert await cards.panel.evaluate("panel => panel.contains(document.activeElement)"), "the focus was not lost"
    await cards.panel.locator("summary").first.focus()
    reached = []
    for _ in range(12):
        reached.append(await cards.page.evaluate("document.activeElement.textContent"))
        await cards.page.keyboard.press("Tab")
        if not await cards.panel.evaluate("panel => panel.contains(document.activeElement)"):
            break

    assert [
        text
        for text in ("На номере ещё\u00a02", "Отменить выбор", "Подтвердил", "История приёмов")
        if text not in reached
    ] == []
