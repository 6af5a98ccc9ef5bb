"""The committed table says what the peers have really seen."""

import re

import pytest

from demo.amocrm.api import ROUTES, UNKNOWN
from tests.peers import amo_tour, coverage
from tests.peers.ground import Played

pytestmark = pytest.mark.xdist_group("peers")


def test_the_table_in_the_docs_is_what_the_peers_saw(strangers: dict[str, Played]) -> None:
    page = coverage.PAGE.read_text("utf-8")

    assert coverage.put(page, coverage.table(strangers)) == page, "run `python -m tests.peers.coverage --write`"


def test_one_route_is_asked_for_that_is_not_documented(strangers: dict[str, Played]) -> None:
    """The second peer makes elements of a list at the list's own path."""
    unknown = {name: peer.routes[UNKNOWN] for name, peer in strangers.items() if UNKNOWN in peer.routes}

    assert unknown == {"amo": {"405": 1}}


def test_the_table_names_every_route_once(strangers: dict[str, Played]) -> None:
    text = coverage.table(
        {"aioamocrm": Played({}, {"GET /api/v4/leads": {"200": 3, "204": 1}}, []), "amo": Played({}, {}, [])}
    )

    assert "| `leads` | GET 200 204 |  |" in text
    assert "`leads` (POST, PATCH)" in text
    assert all(f"`{route.path}`" in text for route in ROUTES)


def test_a_page_without_the_marks_is_no_page_to_write() -> None:
    with pytest.raises(ValueError, match="has lost the marks"):
        coverage.put("# Fidelity", "| a |")


def test_without_node_the_suite_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(amo_tour.NoNode, match="node is not there"):
        amo_tour.node()


def test_where_the_documentation_contradicts_itself_a_test_says_what_holds() -> None:
    page = coverage.PAGE.read_text("utf-8")
    table = page.partition("### Where official texts contradict each other")[2].partition("\n###")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    tests = "".join(path.read_text("utf-8") for path in coverage.PAGE.parents[1].glob("tests/**/test_*.py"))

    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named or "not built" in row, row
        assert all(f"def {name}(" in tests for name in named), row
