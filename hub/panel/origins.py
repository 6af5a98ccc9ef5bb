"""Which pages may read what the panel answers: those of accounts in which an integration of ours is active."""

import time
from collections.abc import Callable

from hub.amocrm.hosts import Hosts
from hub.integrations import Integrations
from hub.store.engine import TROUBLE, is_away

HOLDS_SECONDS = 60.0
_MOST_HELD = 10_000


class Origins:
    """Remembers for a minute whom it knows; as long as the store is away, everybody whom it knew."""

    def __init__(self, integrations: Integrations, hosts: Hosts, now: Callable[[], float] = time.monotonic) -> None:
        self._integrations, self._hosts, self._now = integrations, hosts, now
        self._known: dict[str, float] = {}

    async def known(self, origin: str) -> bool:
        """Whether a browser may read an answer on pages of this origin."""
        host = self._hosts.known(origin.partition("://")[2])
        if host is None or origin != self._hosts.base(host):
            return False
        if self._known.get(origin, float("-inf")) > self._now():
            return True
        try:
            serves = await self._integrations.serves(host)
        except TROUBLE as error:
            if not is_away(error):
                raise
            return origin in self._known
        self._remember(origin, serves=serves)
        return serves

    def _remember(self, origin: str, *, serves: bool) -> None:
        self._known.pop(origin, None)
        if serves:
            if len(self._known) >= _MOST_HELD:
                self._known.pop(next(iter(self._known)))
            self._known[origin] = self._now() + HOLDS_SECONDS
