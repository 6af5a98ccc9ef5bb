"""Whom a search has just shown to which user: only these, and whoever is on a card's phones, may be chosen for a deal. In memory only."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from hub.panel.visitor import Visitor
from hub.rules.model import PatientKey

HOLDS_SECONDS = 3600.0
MOST_HELD = 20_000


class Offered:
    """Of all accounts; the oldest give way."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until: OrderedDict[tuple[int, int, PatientKey], float] = OrderedDict()

    def put(self, visitor: Visitor, keys: Iterable[PatientKey]) -> None:
        """These were shown."""
        for key in keys:
            name = (visitor.account.id, visitor.user_id, key)
            self._until[name] = self._now() + HOLDS_SECONDS
            self._until.move_to_end(name)
        while len(self._until) > MOST_HELD:
            self._until.popitem(last=False)

    def holds(self, visitor: Visitor, key: PatientKey) -> bool:
        """Whether this patient was shown to this user not long ago."""
        return self._until.get((visitor.account.id, visitor.user_id, key), 0.0) > self._now()
