"""Names that nobody has, and somebody types: nothing runs, nothing leaves its place."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.cards import Cards
from tests.browser.conftest import BROWSER
from tests.browser.fake_hub import Json, golden

NAMES = {
    "markup": '<img src=x onerror="window.harmed=1"><script>window.harmed=2</script></h3><b onclick=alert(1)>{{ 7 * 7 }} &lt;',
    "right to left": "\u202eЧинавИ\u202d \u05d0\u05d1\u05d2 \u2067مريم\u2066 конец",
    "three hundred letters": "Ж" * 300,
    "emoji": "👩‍👩‍👧‍👦🦷🏳️‍🌈" * 20,
    "marks": "И" + "\u0301\u0316\u0489" * 6 + " \x00\x07\u2028\u2029 ",
}
PEOPLES = ("name", "practitioner", "branch", "cancel_reason", "relation", "zone_note", "confirmed", "card_number",
           "text", "stage_before", "typed_name", "reason", "status_text")  # fmt: skip
OUTSIDE = """panel => {
  const edge = panel.getBoundingClientRect();
  return Array.from(panel.querySelectorAll('*')).filter(one => {
    const box = one.getBoundingClientRect();
    return box.width > 0 && !one.closest('.identlink__away') && (box.right > edge.right + 0.5 || box.left < edge.left - 0.5);
  }).map(one => one.className + ': ' + one.textContent.slice(0, 40));
}"""


def spoilt(value: Any, name: str) -> Any:
    """The same answer, with this in place of all that a person wrote somewhere."""
    if isinstance(value, list):
        return [spoilt(one, name) for one in value]
    if isinstance(value, dict):
        return {
            key: name if key in PEOPLES and isinstance(one, str) else spoilt(one, name) for key, one in value.items()
        }
    return value


def everything(name: str) -> list[tuple[str, Json]]:
    """Each state, spoilt, with everything in it that a card may show."""
    found = golden("found_cancelled_today") | {
        "why": golden("found")["why"],
        "others": golden("found")["others"],
        "chosen": True,
    }
    for visit in (found["patient"]["cancelled_today"], *found["patient"]["past"]):
        visit |= {"cancel_reason": "x", "zone_note": "x"}
    told = [found, golden("several"), golden("nobody"), golden("refused")]
    return [(said["state"], spoilt(said, name)) for said in told]


pytestmark = BROWSER


async def test_no_name_runs_or_leaves_its_place_in_a_narrow_panel(cards: Cards) -> None:
    await cards.open()
    await cards.wide(320)
    place = 0
    for kind, name in NAMES.items():
        for state, said in everything(name):
            cards.hub.says(said)
            place = (place + 1) % 50
            await cards.go_to("leads", place)
            await cards.shows(state)
            for summary in await cards.panel.locator("summary").all():
                await summary.click()
            assert await cards.panel.evaluate(OUTSIDE) == [], (kind, state)
            assert await cards.panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth"), (kind, state)
            assert await cards.panel.locator("img, script, b, iframe, a").count() == 0, (kind, state)
    assert await cards.page.evaluate("window.harmed") is None


@pytest.mark.parametrize("name", ["markup", "emoji"])
async def test_a_name_is_shown_as_it_was_written(cards: Cards, name: str) -> None:
    cards.hub.says(spoilt(golden("found"), NAMES[name]))
    await cards.go_to("leads", 0)

    await expect(cards.panel.locator(".identlink__name")).to_have_text(NAMES[name])
    assert await cards.panel.locator(".identlink__name").get_attribute("title") == NAMES[name]


async def test_a_name_from_right_to_left_turns_nothing_beside_it(cards: Cards) -> None:
    cards.hub.says(spoilt(golden("several"), NAMES["right to left"]))
    await cards.go_to("leads", 1)
    await cards.shows("several")

    ages = await cards.panel.locator(".identlink__person .identlink__facts").all_inner_texts()
    placed = await cards.panel.locator(".identlink__person .identlink__facts bdi").first.evaluate(
        """one => [getComputedStyle(one).direction,
                   one.getBoundingClientRect().left - one.closest('button').getBoundingClientRect().left < 40]"""
    )

    assert ages[0].replace("\u00a0", " ") == "9 лет · приём чт 3 дек"
    assert placed == ["ltr", True]
