"""Commands are counted by kind and outcome."""

from collections.abc import Sequence

import pytest

from hub.crm import CrmBusy, CrmRejected
from hub.metrics import REGISTRY
from hub.reconcile.delivery import refused_apart
from hub.rules.model import LinkContact

LINKS = [LinkContact(1, 1), LinkContact(2, 2), LinkContact(3, 3)]


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("hub_commands_sent_total", {"kind": "LinkContact", "outcome": outcome}) or 0


async def test_what_is_refused_and_what_is_done_is_told_apart() -> None:
    async def send(commands: Sequence[LinkContact]) -> None:
        if len(commands) == 3:
            raise CrmRejected({1: ("gone",)})

    before = (counted("done"), counted("refused"))
    await refused_apart(send, LINKS)

    assert (counted("done") - before[0], counted("refused") - before[1]) == (2, 1)


async def test_what_could_not_be_sent_is_counted_by_its_reason() -> None:
    async def send(_commands: Sequence[LinkContact]) -> None:
        raise CrmBusy(1)

    before = counted("CrmBusy")
    with pytest.raises(CrmBusy):
        await refused_apart(send, LINKS)

    assert counted("CrmBusy") - before == 3
