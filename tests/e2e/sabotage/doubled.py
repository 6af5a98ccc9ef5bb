"""A hub that sends one request twice: the first deal that it creates is created two times."""

import sys
from collections.abc import Sequence

from hub.__main__ import main
from hub.amocrm.client import AmoCrm
from hub.crm import Created
from hub.rules.model import CreateDeal

_create = AmoCrm.create_deals
_doubled: list[str] = []


async def _broken(client: AmoCrm, commands: Sequence[CreateDeal]) -> list[Created]:
    if not _doubled:
        _doubled.append(commands[0].key)
        await _create(client, commands[:1])
    return await _create(client, commands)


if __name__ == "__main__":
    AmoCrm.create_deals = _broken  # type: ignore[assignment,method-assign]  # that is the sabotage
    sys.exit(main())
