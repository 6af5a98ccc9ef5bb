"""The golden answers of the panel are what the model says, so widget and hub mean the same."""

import json
from pathlib import Path

import pytest

from hub.panel.model import Panel

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_answer_reads_and_writes_back_the_same(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))

    assert Panel.model_validate(golden).model_dump(mode="json", exclude_unset=True) == golden


def test_every_state_has_a_golden_answer() -> None:
    states = {json.loads(path.read_text("utf-8"))["state"] for path in GOLDEN}

    assert states == {"found", "several", "nobody", "offline", "refused", "not_configured"}
