"""A hub with two bugs: it forgot R1, so that a cancelled visit with nothing ahead leaves its deal where it stands, and it sends one
request twice, so that the first deal that it creates is created two times."""

import sys
from collections.abc import Sequence

from hub.__main__ import main
from hub.amocrm.client import AmoCrm
from hub.crm import Created
from hub.rules.model import CreateDeal, Stage, Target
from hub.rules.settings import Pipeline

_stage, _create = Pipeline.stage, AmoCrm.create_deals
_doubled: list[str] = []


def _forgetful(pipeline: Pipeline, target: Target) -> Stage | None:
    return None if target == "cancelled" else _stage(pipeline, target)


async def _twice(client: AmoCrm, commands: Sequence[CreateDeal]) -> list[Created]:
    if not _doubled:
        _doubled.append(commands[0].key)
        await _create(client, commands[:1])
    return await _create(client, commands)


if __name__ == "__main__":
    Pipeline.stage = _forgetful  # type: ignore[assignment,method-assign]  # that is the sabotage
    AmoCrm.create_deals = _twice  # type: ignore[assignment,method-assign]
    sys.exit(main())
