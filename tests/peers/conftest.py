"""Both tours, played once."""

import asyncio

import pytest

from tests.peers import coverage
from tests.peers.ground import Played


@pytest.fixture(scope="session")
def strangers() -> dict[str, Played]:
    return asyncio.run(coverage.played())
