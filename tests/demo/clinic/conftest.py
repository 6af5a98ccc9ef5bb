"""A fresh little clinic for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.clinic.little import Little


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Little]:
    little = Little(tmp_path / "clinic.db")
    with little.database:
        yield little
