"""Every state, light and dark, narrow and wide: readable for everybody, and nothing jumps."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.cards import Cards, Theme
from tests.browser.conftest import BROWSER
from tests.browser.fake_hub import golden
from tests.browser.scenes import SCENES

pytestmark = BROWSER

LOOKS: tuple[tuple[Theme, int, tuple[str, ...]], ...] = (
    ("light", 320, ()),
    ("dark", 640, ("color-contrast", "target-size")),  # the other rules see no colours and no places
)
AXE = Path(__file__).parents[2] / "demo/amocrm/pages/node_modules/axe-core/axe.min.js"


async def violations(page: Page, root: str = "section.identlink", rules: tuple[str, ...] = ()) -> list[str]:
    """What axe-core finds wrong below the root, each with the element; by all of its rules, or by these."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    told: list[dict[str, Any]] = await page.evaluate(
        "async ([root, options]) => (await axe.run(root, options)).violations", [root, options]
    )
    return [f"{one['id']}: {node['html'][:120]}" for one in told for node in one["nodes"]]


async def test_axe_finds_nothing_in_any_state_light_and_dark_narrow_and_wide(cards: Cards, troubles: list[str]) -> None:
    await cards.open()
    await cards.page.add_script_tag(path=AXE)
    for place, scene in enumerate(SCENES):
        await scene.play(cards, place)
        for theme, width, rules in LOOKS:
            await cards.wide(width)
            await cards.theme(theme)
            assert await violations(cards.page, rules=rules) == [], (scene.name, theme, width)
        if scene.provokes:
            troubles.clear()


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        ("panel => { panel.querySelector('.identlink__facts').style.color = '#c4c8cc'; }", "color-contrast"),
        (
            "panel => { panel.querySelector('summary').insertAdjacentHTML('afterend', '<button></button>'); }",
            "button-name",
        ),
    ],
)
async def test_a_planted_violation_is_found(cards: Cards, plant: str, found: str) -> None:
    await cards.go_to("leads", 0)
    await cards.shows("found")
    await cards.page.add_script_tag(path=AXE)
    await cards.panel.locator("summary").first.click()
    await cards.panel.evaluate(plant)

    assert [one.partition(":")[0] for one in await violations(cards.page)] != []
    assert found in json.dumps(await violations(cards.page))


# Chromium keeps boxes of what closed details hide, or does not, as it likes: only what is seen has a place.
PLACES = """panel => Array.from(panel.querySelectorAll('.identlink__body *'))
  .filter(one => one.getClientRects().length && !one.closest('details:not([open]) > :not(summary)'))
  .map(one => { const box = one.getBoundingClientRect(); return [one.className, box.left, box.top, box.width, box.height].join(' '); })"""


async def test_nothing_jumps_while_a_card_is_refreshed(cards: Cards) -> None:
    await cards.go_to("leads", 1)
    await cards.shows("found")
    await cards.hub.until(lambda: cards.hub.streams == 1)
    await cards.panel.get_by_text("На номере ещё").click()
    before = await cards.panel.evaluate(PLACES)
    cards.hub.hold()
    cards.hub.tell("changed")
    await expect(cards.panel).to_have_attribute("aria-busy", "true")
    meanwhile = await cards.panel.evaluate(PLACES)
    cards.hub.release()
    await cards.shows("found")

    assert len(before) > 30
    assert meanwhile == before
    assert await cards.panel.evaluate(PLACES) == before


async def top(cards: Cards, selector: str) -> float:
    """How far down the first such element stands."""
    found: float = await cards.panel.locator(selector).first.evaluate("one => one.getBoundingClientRect().top")
    return found


async def test_a_card_grows_into_its_skeleton_without_moving_what_the_eye_is_on(cards: Cards) -> None:
    """From the first bones to the patient: the name and the visit stand where their bones stood, and the browser counts no shift."""
    await cards.page.add_init_script("""window.shift = 0; new PerformanceObserver(list => {
      const ours = source => source.node && source.node.closest && source.node.closest('.identlink');
      for (const one of list.getEntries()) { if (one.sources.some(ours)) { shift += one.value; } }
    }).observe({ type: 'layout-shift', buffered: true })""")
    cards.hub.hold()
    await cards.go_to("leads", 2)
    name = await top(cards, ".identlink__bone_name")
    date = await top(cards, ".identlink__bone_date")
    cards.hub.says(golden("found"))
    cards.hub.release()
    await cards.shows("found")

    assert abs(name - await top(cards, ".identlink__name")) <= 8
    assert abs(date - await top(cards, ".identlink__date")) <= 24
    assert await cards.page.evaluate("shift") < 0.02
