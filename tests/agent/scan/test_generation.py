"""A welcome may begin a new generation at any moment of a step: the step is given up and done again, never the process."""

from datetime import UTC, datetime
from typing import cast

import pytest

from agent.mis.reader import Reader
from agent.outbox import GenerationChanged, Outbox
from agent.scan.ownership import Ownership
from agent.scan.passes import Load


class Walked:
    """Whose rows are was learnt."""

    def again(self) -> None: ...

    async def turn(self, _rows: int) -> bool:
        return True


class Cleared:
    """An outbox whose cursors a welcome has just cleared."""

    async def cursor(self, name: str) -> str | None:
        return None


async def test_a_page_whose_cursor_a_welcome_cleared_is_given_up() -> None:
    load = Load(cast(Outbox, Cleared()), cast(Reader, None), cast(Ownership, Walked()))

    with pytest.raises(GenerationChanged):
        await load.page(datetime(2026, 11, 24, tzinfo=UTC), 1, 200)
