"""Which kind of source a configuration names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agent.mis.port import Mis, MisConfig


@asynccontextmanager
async def open_mis(config: MisConfig) -> AsyncIterator[Mis]:
    """Open the demo clinic's file, or SQL Server."""
    raise NotImplementedError(config.url)
    yield
