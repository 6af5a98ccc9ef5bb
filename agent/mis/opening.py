"""Which kind of source a configuration names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agent.mis.book import SHIPPED, Book
from agent.mis.door import Door
from agent.mis.odbc import open_odbc
from agent.mis.port import Mis, MisConfig
from agent.mis.sqlite import open_sqlite

_SQLITE = "sqlite:///"


@asynccontextmanager
async def open_mis(
    config: MisConfig, door: Door, *, keeps_open: bool = False, book: Book = SHIPPED
) -> AsyncIterator[Mis]:
    """Open the demo clinic's file, or SQL Server. Nothing is asked yet. One of a process's connections `keeps_open` a database
    that closes itself behind its last guest."""
    if config.url is not None:
        async with open_sqlite(Path(config.url.removeprefix(_SQLITE)), door, book) as mis:
            yield mis
    else:
        async with open_odbc(config, door, keeps_open=keeps_open, book=book) as mis:
            yield mis
