"""Tier 2: what has no versions, by the times at which it was changed: money, and patients' cards."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from agent.mis.port import MisBusy
from agent.mis.reader import Reader, To
from agent.mis.signs import Hint, Mark, Signs
from agent.outbox import Outbox
from agent.scan import decide


@dataclass(frozen=True)
class _Watch:
    """What was seen of one table: up to when, which changes within the overlap, and when the next look is due."""

    due: int = 0
    through: datetime | None = None
    seen: frozenset[Mark] = frozenset()


@dataclass
class Led:
    """Whom the hints lead to, and what to remember when these are recorded."""

    keys: defaultdict[To, set[int]] = field(default_factory=lambda: defaultdict(set))
    cursors: dict[str, str] = field(default_factory=dict)
    watches: dict[str, _Watch] = field(default_factory=dict)


class Hints:
    """Looks through each table now and then: the larger, the more seldom."""

    def __init__(self, reader: Reader, signs: Signs, outbox: Outbox) -> None:
        self._reader, self._signs, self._outbox = reader, signs, outbox
        self._watches: dict[str, _Watch] = {}
        self._step = 0

    def forget(self) -> None:
        """Recompute from the truth: the cursors in the outbox."""
        self._watches = {}

    async def look(self, now: datetime) -> Led:
        """Ask the tables that are due."""
        self._step += 1
        led = Led()
        for hint in self._signs.hints():
            watch = self._watches.get(hint.name, _Watch())
            if watch.due <= self._step:
                try:
                    await self._look(hint, watch, now, led)
                except MisBusy as busy:
                    self._reader.left_out(busy)
        return led

    def took(self, led: Led) -> None:
        """What they led to is recorded."""
        self._watches |= led.watches

    def through(self, led: Led) -> list[datetime | None]:
        """Up to which time of the server each table was looked through, once `led` is recorded."""
        watches = {**self._watches, **led.watches}
        return [watches.get(hint.name, _Watch()).through for hint in self._signs.hints()]

    async def _look(self, hint: Hint, watch: _Watch, now: datetime, led: Led) -> None:
        name = f"hint {hint.name}"
        cursor = await self._outbox.cursor(name)
        since = decide.hints_since(None if cursor is None else datetime.fromisoformat(cursor), now)
        newest, changes = await self._signs.changed(hint, decide.RANGE, since)
        whom: defaultdict[To, set[int]] = defaultdict(set)
        for to, key in (lead for mark, leads in changes.items() if mark not in watch.seen for lead in leads):
            whom[to].add(key)
        whom["visit"] |= set(await self._outbox.known.visits_of(list(map(str, whom.pop("owner", ())))))
        for to, keys in whom.items():
            led.keys[to] |= keys
        led.cursors[name] = now.isoformat()
        led.watches[hint.name] = _Watch(self._step + decide.hint_period(newest), now, frozenset(changes))
