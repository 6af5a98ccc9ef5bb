"""Tier 2: what has no versions, by the times at which it was changed: money, and patients' cards."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from agent.mis.port import MisBusy
from agent.mis.reader import Reader, To
from agent.mis.signs import Hint, Leads, Mark, Signs
from agent.outbox import Outbox
from agent.scan import decide
from agent.scan.passes import LOAD_BEGAN


@dataclass(frozen=True)
class _Watch:
    """What was seen of one table: up to when, which changes within the overlap, and when the next look is due. Where more changed than a
    step follows, nothing counts as looked through before all of it was followed: `low` is the key from which on that is, and `tried` are
    those changes that were followed to something that somebody held."""

    due: int = 0
    through: datetime | None = None
    seen: frozenset[Mark] = frozenset()
    low: int | None = None
    tried: frozenset[Mark] = frozenset()


@dataclass
class Led:
    """Whom the hints lead to, and what to remember when these are recorded, or when some could not be read."""

    keys: defaultdict[To, set[int]] = field(default_factory=lambda: defaultdict(set))
    cursors: dict[str, str] = field(default_factory=dict)
    watches: dict[str, _Watch] = field(default_factory=dict)
    missed: dict[str, _Watch] = field(default_factory=dict)


class Hints:
    """Looks through each table now and then: the larger, the more seldom. What it finds is followed some at a time."""

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

    def missed(self, led: Led) -> None:
        """Some of it could not be read: all of it is led to again, after what was not tried yet."""
        self._watches |= led.missed

    def through(self, led: Led) -> list[datetime | None]:
        """Up to which time of the server each table was looked through, once `led` is recorded."""
        watches = {**self._watches, **led.watches}
        return [watches.get(hint.name, _Watch()).through for hint in self._signs.hints()]

    async def _look(self, hint: Hint, watch: _Watch, now: datetime, led: Led) -> None:
        name = f"hint {hint.name}"
        begins = await self._begins(name)
        since = decide.hints_since(begins, now)
        newest = await self._signs.newest(hint)
        low = max(0, newest - decide.RANGE) if watch.low is None else watch.low
        changes = await self._signs.changed(hint, low, since)
        unseen = sorted((mark for mark in changes if mark not in watch.seen), key=watch.tried.__contains__)
        taken = await self._follow(unseen, changes, led)
        if len(taken) == len(unseen):
            led.cursors[name] = now.isoformat()
            led.watches[hint.name] = _Watch(self._step + decide.hint_period(newest), now, frozenset(changes))
        else:
            led.cursors[name] = (begins or now).isoformat()  # the same window, until all of it was followed
            seen = frozenset(watch.seen & changes.keys() | set(taken))
            led.watches[hint.name] = replace(watch, due=self._step + 1, seen=seen, low=low)
        tried = frozenset(watch.tried & changes.keys() | set(taken))
        led.missed[hint.name] = replace(watch, low=low, tried=tried)

    async def _begins(self, name: str) -> datetime | None:
        """Up to when all was followed; at first, when the load began: whoever holds what changes meanwhile may do so for hours."""
        cursor = await self._outbox.cursor(name) or await self._outbox.cursor(LOAD_BEGAN)
        return None if cursor is None else datetime.fromisoformat(cursor).replace(tzinfo=None)

    async def _follow(self, unseen: Sequence[Mark], changes: Mapping[Mark, Leads], led: Led) -> Sequence[Mark]:
        """Add whom the first of these lead to; says how far that went."""
        first = unseen[: decide.LED_AT_ONCE]
        owners = {str(key) for mark in first for to, key in changes[mark] if to == "owner"}
        visits = await self._outbox.known.visits_of(owners)
        leads: list[set[tuple[To, int]]] = [
            {("visit", visit) for to, key in changes[mark] if to == "owner" for visit in visits.get(str(key), ())}
            | {(to, key) for to, key in changes[mark] if to != "owner"}
            for mark in first
        ]
        count = decide.taken_at_once(leads)
        for to, key in (each for some in leads[:count] for each in some):
            led.keys[to].add(key)
        return first[:count]
