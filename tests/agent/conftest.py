"""An outbox that a hub has welcomed before, for everything that is about what comes after."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from agent.outbox import Outbox, open_outbox
from wire.frames import LaneStart, Welcome


@pytest_asyncio.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with open_outbox(tmp_path / "outbox.db", os.urandom(32), ("visit.comment:off",)) as opened:
        await opened.resumed(Welcome(generation=1, lanes={"live": LaneStart(seq=0), "backfill": LaneStart(seq=0)}))
        yield opened
