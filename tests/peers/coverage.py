"""Which route each peer has used, and what it was answered: a table in docs/fidelity.md that a run writes and a test compares.

`python -m tests.peers.coverage` plays both tours and compares, `--write` writes it anew.
"""

import asyncio
import sys
from pathlib import Path

from demo.amocrm.api import ROUTES, TOKEN
from tests.peers import aioamocrm_tour, amo_tour
from tests.peers.ground import Played

PAGE = Path(__file__).parents[2] / "docs/fidelity.md"
BEGIN, END = "<!-- peers: written by `python -m tests.peers.coverage --write` -->", "<!-- peers: end -->"
TITLES = {"aioamocrm": "`aioamocrm`", "amo": "`@shevernitskiy/amo`"}
_API = "/api/v4/"


async def played() -> dict[str, Played]:
    """Both tours, one after the other: each is quick, and the machine is small."""
    return {"aioamocrm": await aioamocrm_tour.tour(), "amo": await amo_tour.tour()}


def table(strangers: dict[str, Played]) -> str:
    """A row for each path that a peer has used, and after it the paths that none has."""
    names = [TOKEN, *(route.name for route in ROUTES)]
    paths = list(dict.fromkeys(_path(name) for name in names))
    rows, unseen = [], []
    for path in paths:
        of_path = [name for name in names if _path(name) == path]
        cells = [_cell(strangers[peer], of_path) for peer in TITLES]
        missing = [_method(name) for name in of_path if not any(name in strangers[peer].routes for peer in TITLES)]
        if any(cells):
            rows.append(f"| `{path}` | {' | '.join(cells)} |")
        if missing:
            unseen.append(f"`{path}` ({', '.join(missing)})")
    head = [f"| Route | {' | '.join(TITLES.values())} |", "|---|---|---|"]
    return "\n".join([*head, *rows, "", f"Used by neither: {'; '.join(unseen)}."])


def put(page: str, text: str) -> str:
    """The page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or END not in rest:
        raise ValueError(f"{PAGE.name} has lost the marks around the table of peers")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def _cell(peer: Played, names: list[str]) -> str:
    """Such as `GET 200 204, POST 200`."""
    seen = [(_method(name), sorted(peer.routes[name])) for name in names if name in peer.routes]
    return ", ".join(f"{method} {' '.join(statuses)}" for method, statuses in seen)


def _method(name: str) -> str:
    return name.partition(" ")[0]


def _path(name: str) -> str:
    return name.partition(" ")[2].removeprefix(_API)


def main() -> int:
    """Compare, or write."""
    page = PAGE.read_text("utf-8")
    new = put(page, table(asyncio.run(played())))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(new, "utf-8")
    elif new != page:
        print(f"{PAGE.name} differs from what the peers have seen: run this with --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
