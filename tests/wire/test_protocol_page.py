"""docs/protocol.md names every frame with its fields, every close code, and the table of phases as the code has it."""

import re
from pathlib import Path
from typing import get_args

import pytest

from hub.link.closing import Close
from tests.wire.test_session import TO_AGENT, TO_HUB
from wire.frames import AnyFrame
from wire.session import Phase

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("frame", get_args(AnyFrame), ids=lambda frame: frame.model_fields["t"].default)
def test_the_page_names_each_frame_with_its_fields(frame: type[AnyFrame]) -> None:
    t = frame.model_fields["t"].default
    (row,) = [row for row in ROWS if len(row) == 4 and f"`{t}`" in row[0]]

    assert [name for name in frame.model_fields if name != "t" and f"`{name}`" not in row[2]] == []


@pytest.mark.parametrize("code", Close)
def test_the_page_names_each_close_code(code: Close) -> None:
    assert [row for row in ROWS if re.search(rf"\b{code.value}\b", row[0])]


@pytest.mark.parametrize("phase", Phase)
def test_the_page_holds_the_table_of_phases(phase: Phase) -> None:
    (row,) = [row for row in ROWS if row[0] == phase.name.lower()]
    for cell, table in ((row[1], TO_AGENT), (row[2], TO_HUB)):
        if "as in open" in cell:
            cell = next(other for other in ROWS if other[0] == "open")[2]
        allowed = {frame.model_fields["t"].default for at, frame in table if at is phase}
        assert set(re.findall(r"`([a-z-]+)`", cell)) == allowed
