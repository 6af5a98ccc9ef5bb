"""A made-up clinic of some fifty patients with two years of visits, and a clinic made row by row."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio

from demo.clinic import make
from tests.agent.lookup.desk import Desk, desk
from tests.agent.mis.clinic import Clinic


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's clinic; nobody writes to it."""
    path = tmp_path_factory.mktemp("demo") / "clinic.db"
    make.create(path, seed=3, visits=40, day=date(2026, 11, 24), zone="Europe/Moscow")
    return path


@pytest_asyncio.fixture
async def demo(made: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    """The demo's clinic, read whole."""
    async with desk(made, tmp_path / "outbox.db") as opened:
        await opened.load()
        yield opened


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """An empty clinic."""
    clinic = Clinic(tmp_path / "clinic.db")
    yield clinic
    clinic.close()


@pytest_asyncio.fixture
async def here(clinic: Clinic, tmp_path: Path) -> AsyncIterator[Desk]:
    """Beside it; nothing is read yet."""
    async with desk(clinic.path, tmp_path / "outbox.db") as opened:
        yield opened
