"""A day of opening cards costs the operator's browser nothing, and a widget that is left leaves nothing."""

from dataclasses import dataclass

from playwright.async_api import CDPSession, expect

from tests.browser.cards import Cards
from tests.browser.conftest import OTHER_BROWSER

pytestmark = OTHER_BROWSER

OPENINGS = 100
WATCHED = 6
GROWN_BYTES = 400_000
"""Four kilobytes for each opening, what Chromium's compiled code still grows by; a panel that is kept holds fifty, an answer ten."""


@dataclass(frozen=True)
class Held:
    """What the page holds after everything that nobody needs was thrown away."""

    listeners: int
    nodes: int
    heap: int


async def held(cdp: CDPSession) -> Held:
    for _ in range(2):
        await cdp.send("HeapProfiler.collectGarbage")
    told = await cdp.send("Performance.getMetrics")
    named = {one["name"]: int(one["value"]) for one in told["metrics"]}
    return Held(named["JSEventListeners"], named["Nodes"], named["JSHeapUsedSize"])


async def open_cards(cards: Cards, count: int) -> None:
    await cards.tour([("contacts" if one % 5 == 4 else "leads", one % WATCHED, True) for one in range(count)])


async def test_a_hundred_openings_cost_no_memory_and_no_listener(cards: Cards) -> None:
    cdp = await cards.page.context.new_cdp_session(cards.page)
    await cdp.send("Performance.enable")
    await cards.open()
    await open_cards(cards, 8 * WATCHED)
    before = await held(cdp)

    await open_cards(cards, OPENINGS)
    after = await held(cdp)

    print(f"before {before}, after {OPENINGS} openings {after}")
    assert after.listeners <= before.listeners + 2
    assert after.nodes <= before.nodes + 300
    assert after.heap <= before.heap + GROWN_BYTES
    await cards.hub.until(lambda: cards.hub.streams <= 1)


async def test_a_widget_that_is_left_leaves_nothing(cards: Cards) -> None:
    await cards.page.add_init_script("""
      window.sources = new Set(); window.beats = new Set();
      const Source = window.EventSource;
      window.EventSource = function (url) { const one = new Source(url); if (url.includes('/panel/')) { sources.add(one); } return one; };
      const set = window.setInterval, clear = window.clearInterval;
      window.setInterval = function (work, ms) { const beat = set(work, ms); beats.add(beat); return beat; };
      window.clearInterval = function (beat) { beats.delete(beat); clear(beat); };
      window.waits = new Map();
      const later = window.setTimeout, never = window.clearTimeout;
      window.setTimeout = function (work, ms, ...given) {
        const ours = new Error().stack.includes('/upl/');
        const wait = later(() => { waits.delete(wait); work(...given); }, ms);
        if (ours) { waits.set(wait, ms); }
        return wait;
      };
      window.clearTimeout = function (wait) { waits.delete(wait); never(wait); };
    """)
    await cards.go_to("leads", 0)
    await cards.shows("found")
    await cards.hub.until(lambda: cards.hub.streams == 1)
    cdp = await cards.page.context.new_cdp_session(cards.page)
    await cdp.send("Performance.enable")
    style = cards.page.locator(f"#identlink-style-{cards.office.code}")
    await expect(style).to_have_count(1)
    place = await cards.page.evaluate_handle("document.querySelector('.identlink-place')")
    while_open = await held(cdp)

    await cards.page.click("[data-action=back]")
    await cards.page.wait_for_selector(".board__column")
    await cards.hub.until(lambda: cards.hub.streams == 0)

    left = await cards.page.evaluate(
        """place => ({ style: document.querySelectorAll('[id^=identlink]').length, place: place.childNodes.length,
          beats: beats.size, waits: Array.from(waits.values()),
          open: Array.from(sources).filter(one => one.readyState !== 2).length, made: sources.size,
          names: Object.keys(window).filter(name => /ident/i.test(name)) })""",
        place,
    )
    # What waits is to forget whom the operator saw.
    assert left == {"style": 0, "place": 0, "beats": 0, "waits": [600_000], "open": 0, "made": 1, "names": []}
    assert (await held(cdp)).listeners < while_open.listeners + 60
    asked = len(cards.hub.asked)
    cards.hub.tell("changed")
    await cards.page.evaluate("new Promise(done => setTimeout(done, 300))")
    assert len(cards.hub.asked) == asked
