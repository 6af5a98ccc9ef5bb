"""Each test here reads a clinic twice: from its file, and from a SQL Server where MIS_TEST_DSN names one."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.contract.dsn import SERVER
from tests.contract.mssql import SqlServer, serving
from tests.contract.places import Place, Transaction, place
from tests.hub.conftest import migrated_sqlite

__all__ = ["migrated_sqlite"]

Open: TypeAlias = Callable[[Path], AbstractContextManager[Place]]
Begin: TypeAlias = Callable[[], Transaction]


@pytest.fixture(scope="session")
def server() -> Iterator[SqlServer]:
    """The suite's own database there."""
    with serving() as made:
        yield made


@pytest.fixture(scope="session", params=["sqlite", SERVER])
def backend(request: pytest.FixtureRequest) -> SqlServer | None:
    """What the clinic is read from; None is its file."""
    return request.getfixturevalue("server") if request.param == SERVER else None


@pytest.fixture
def at(backend: SqlServer | None) -> Open:
    """Opens a clinic's file there."""
    return lambda path: place(path, backend)
