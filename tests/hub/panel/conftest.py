"""A store with two accounts, once on each kind of database where that matters."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from hub.store.engine import Store, open_store
from hub.store.vault import KeyFiles
from tests.hub.panel.serving import install_two


@pytest.fixture
async def lite(sqlite_url: str, keys: KeyFiles) -> AsyncIterator[Store]:
    """A store on SQLite only, for what does not depend on the kind of database; two accounts are installed."""
    async with open_store(sqlite_url, keys) as store:
        await install_two(store)
        yield store


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser's connections."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as opened:
        yield opened
