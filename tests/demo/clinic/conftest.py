"""A fresh little clinic for each test, and one that is followed by an agent and a hub."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.demo.clinic.little import Little
from tests.demo.clinic.whole import Whole, followed
from tests.hub.conftest import migrated_sqlite

__all__ = ["clinic", "follow", "migrated_sqlite"]


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Little]:
    little = Little(tmp_path / "clinic.db")
    with little.database:
        yield little


@pytest.fixture
def follow(clinic: Little, tmp_path: Path, migrated_sqlite: bytes) -> Callable[[], AbstractAsyncContextManager[Whole]]:
    """Lets an agent and a hub follow the clinic, from what stands there when it is called."""
    return lambda: followed(clinic, tmp_path, migrated_sqlite)
