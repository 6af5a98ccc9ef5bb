"""Every state of the panel: what the hub says, on which card, and what the operator does then.

Tests look at each of them, and `make screens` photographs them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from hub.panel.door import BAD_TOKEN
from tests.browser.cards import Cards
from tests.browser.fake_hub import GONE, Answer, Asked, FakeHub, Json, Refusal, golden

Act = Callable[[Cards], Awaitable[None]]


async def nothing(_: Cards) -> None:
    """The state stands by itself."""


@dataclass(frozen=True)
class Scene:
    """One state. `shows` is the panel's `data-state` that ends it."""

    name: str
    says: Answer | Literal["held"]
    shows: str
    then: Act = field(default=nothing)
    contact: bool = False
    provokes: bool = False
    """The browser itself calls it an error in its console."""

    def prepare(self, hub: FakeHub) -> None:
        """From now on the hub says so."""
        hub.forget()
        if self.says == "held":
            hub.hold()
        else:
            hub.says(self.says)

    async def play(self, cards: Cards, place: int) -> None:
        """Open a card of its own, which shows the state in the end."""
        self.prepare(cards.hub)
        await cards.go_to("contacts" if self.contact else "leads", place)
        if self.says == "held":
            await cards.panel.wait_for()
        else:
            await cards.shows(self.shows)
        await self.then(cards)


def panel(name: str, **more: object) -> Json:
    """A golden answer with something changed."""
    return {**golden(name), **more}


def confirmed() -> Json:
    """The patient said yes."""
    said = golden("found")
    said["patient"]["next_visit"]["confirmed"] = "Орлова Анна, 24 ноя, 12:40"
    return said


def at_ease() -> Json:
    """Nothing owed, nothing wrong: the shortest card of a patient who is booked."""
    said = golden("found")
    patient = said["patient"]
    patient["balance"] = {**patient["balance"], "debt": "0.00", "verified": True, "bills": []}
    patient["future"] = patient["future"][:1]
    return {**said, "others": [], "patient": {**patient, "representatives": [], "family": [], "plan": None}}


def only_net() -> Json:
    """A clinic whose database holds no journal of bills: one figure, compared by the clinic."""
    said = golden("found")
    balance = {
        **said["patient"]["balance"],
        "debt": None,
        "advance": "3800.00",
        "net": True,
        "verified": True,
        "bills": [],
    }
    return {**said, "patient": {**said["patient"], "balance": balance}}


async def open_all(cards: Cards) -> None:
    """Everything that folds is unfolded."""
    for summary in await cards.panel.locator("summary").all():
        await summary.click()


async def copy_name(cards: Cards) -> None:
    await cards.panel.get_by_role("button", name="Копировать: Имя").click()
    await cards.panel.get_by_role("button", name="Скопировано: Имя").wait_for()


async def search(cards: Cards) -> None:
    def found(asked: Asked) -> Answer:
        return {"persons": golden("several")["persons"], "more": True} if "/search" in asked.path else golden("nobody")

    cards.hub.answer = found
    await cards.panel.get_by_role("searchbox").fill("Петр")
    await cards.panel.get_by_role("button", name="Найти").click()
    await cards.panel.locator(".identlink__person").first.wait_for()


async def search_in_part(cards: Cards) -> None:
    """One clinic is silent, and the other is still being read."""
    gap = "Нет ответа, там не искали: На Мира. Данные ещё загружаются, кого-то может не хватать: На Ленина."
    one = golden("several")["persons"][2] | {"next_visit_known": False}

    def found(asked: Asked) -> Answer:
        said: Json = {"persons": [one], "more": False, "unsearched": gap}
        return said if "/search" in asked.path else golden("nobody")

    cards.hub.answer = found
    await cards.panel.get_by_role("searchbox").fill("Петр")
    await cards.panel.get_by_role("button", name="Найти").click()
    await cards.panel.locator(".identlink__person").first.wait_for()


async def refuse_confirmation(cards: Cards) -> None:
    cards.hub.says(Refusal(429, "too_many", "Слишком много действий подряд. Подождите минуту и повторите."))
    await cards.panel.get_by_role("button", name="Подтвердил").click()
    await cards.panel.locator(".identlink__notice_amber").wait_for()


async def lose_the_hub(cards: Cards) -> None:
    deal = await cards.page.evaluate("APP.data.current_card.id")
    await cards.hub.until(lambda: cards.hub.open_streams[f"deals/{deal}"] == 1)
    cards.hub.says(GONE)
    cards.hub.tell("changed")
    await cards.panel.locator(".identlink__notice_red").wait_for()


SEVERAL_DEALS = golden("found_asked")["why"] | {
    "text": "У пациента несколько открытых сделок: выберите, в какую ставить новые приёмы"
}
BUSY = Refusal(503, "busy", "Сервер занят. Повторите через минуту.")
SCENES = (
    Scene("loading", "held", "loading"),
    Scene("found", golden("found"), "found"),
    Scene("found_open", golden("found"), "found", open_all),
    Scene("found_short", at_ease(), "found"),
    Scene("found_net", only_net(), "found"),
    Scene("found_chosen", panel("found", chosen=True), "found"),
    Scene("found_confirmed", confirmed(), "found"),
    Scene("found_asked", golden("found_asked"), "found"),
    Scene("found_asked_deal", panel("found_asked", asked="deal", why=SEVERAL_DEALS), "found"),
    Scene("found_cancelled_today", golden("found_cancelled_today"), "found"),
    Scene("found_amber", golden("found_amber"), "found"),
    Scene("found_contact", panel("found", why=None), "found", contact=True),
    Scene("found_action_refused", golden("found"), "found", refuse_confirmation, provokes=True),
    Scene("found_hub_lost", golden("found"), "found", lose_the_hub, provokes=True),
    Scene("found_amber_hub_lost", golden("found_amber"), "found", lose_the_hub, provokes=True),
    Scene("several", golden("several"), "several"),
    Scene("several_contact", golden("several"), "several", contact=True),
    Scene("nobody", golden("nobody"), "nobody"),
    Scene("nobody_copied", golden("nobody"), "nobody", copy_name),
    Scene("nobody_search", golden("nobody"), "nobody", search),
    Scene("nobody_search_part", golden("nobody"), "nobody", search_in_part),
    Scene("offline", golden("offline"), "offline"),
    Scene("offline_hub_lost", golden("offline"), "offline", lose_the_hub, provokes=True),
    Scene("offline_unknown", golden("offline_unknown"), "offline"),
    Scene("refused", golden("refused"), "refused"),
    Scene("not_configured", golden("not_configured"), "not_configured"),
    Scene("outdated", {"state": "asleep"}, "unknown"),
    Scene("unreachable", GONE, "unreachable", provokes=True),
    Scene("expired", Refusal(401, "bad_token", ""), "expired", provokes=True),
    Scene("unproved", Refusal(401, "bad_token", BAD_TOKEN), "expired", provokes=True),
    Scene("failed", BUSY, "failed", provokes=True),
)
