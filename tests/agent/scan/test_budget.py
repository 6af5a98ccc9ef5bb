"""Pages take their share of the server, and less of it while it answers slowly."""

from collections.abc import Callable

import pytest

from agent.mis.port import MisBusy
from agent.scan import Pace
from agent.scan.budget import Budget
from tests.agent.scan.test_scan import furnish
from tests.agent.scan.world import World, world


@pytest.mark.parametrize(("share", "haste", "pause"), [(0.02, 1, 49), (0.02, 10, 4), (0.5, 10, 0), (1, 1, 0)])
def test_a_pause_leaves_the_server_to_others(share: float, haste: float, pause: float) -> None:
    assert Budget(share).pause(1, haste) == pytest.approx(pause)


def test_each_slow_page_halves_it_and_quick_ones_give_it_back() -> None:
    budget = Budget(0.02)
    seen = []
    for slowest in (0.06, 0.06, 0.06, 0.06, *[0.01] * 8, 0.06, *[0.01] * 24, 0.05):
        budget.took(slowest)
        seen.append((budget.rows, round(1 / (1 + budget.pause(1)), 6)))
    levels = [(100, 0.01), (50, 0.005), (25, 0.0025), (25, 0.0025), *[(25, 0.0025)] * 7, (50, 0.005), (25, 0.0025)]
    assert seen[:13] == levels
    assert seen[20:22] == [(50, 0.005), (50, 0.005)]
    assert seen[28:30] == [(100, 0.01), (100, 0.01)]
    assert seen[-1] == (200, 0.02)


def takes(here: World, query: str, seconds: float) -> Callable[[], None]:
    """A statement takes so long, from now on."""

    def pass_time() -> None:
        here.machine_time += seconds
        here.mis.after[query] = pass_time

    return pass_time


async def test_a_slow_server_is_asked_for_fewer_rows_and_all_arrives_all_the_same() -> None:
    async with world(pace=Pace(0, 1, verify_every_seconds=0)) as here:
        furnish(here)
        for key in range(1, 61):
            here.clinic.visit(key, 1001, -30)
        here.mis.after["patients_page"] = takes(here, "patients_page", 0.051)
        here.mis.after["visits_page/100"] = takes(here, "visits_page/100", 0.051)
        here.mis.after["visits_page/50"] = takes(here, "visits_page/50", 0.051)
        await here.load()
        await here.check()
        pages = [(query, params) for query, params in here.mis.asked if "visits_page" in query]
        assert [query for query, _ in pages] == ["visits_page/100"]
        here.mis.asked.clear()
        here.clinic.put("Persons", 1003, Surname="Воробьёв")
        here.clinic.delete("Receptions", 60)
        await here.verify()
        await here.check()
        asked = {query for query, _ in here.mis.asked}
        assert {"visits_page/50", "visits_page/25"} & asked
        assert "visits_page" not in asked


async def test_who_is_held_up_by_others_takes_less_from_then_on() -> None:
    async with world(pace=Pace(0, 0.5, verify_every_seconds=1e9)) as here:
        furnish(here)
        here.mis.fails = lambda query: MisBusy("42000 1222") if query.startswith("patients_page") else None
        await here.step()
        here.mis.asked.clear()
        here.mis.fails = lambda query: None
        await here.step()
        assert ("patients_page/100", (0,)) in here.mis.asked
