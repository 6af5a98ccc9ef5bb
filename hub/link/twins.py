"""Two agents with one identity, as after a PC was copied: each takes the place of the other. A restart looks the same once, but what was
restarted never comes back. Pure: times are given. One process knows what it saw; what is decided stands in the store."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = tuple[int, str]
"""The account's id and the database."""
WITHIN = 20 * 60.0
RETURNS = 3
"""So many within that time, and both are put aside until a person decides."""


@dataclass
class _Seen:
    """Of one database. `superseded`: instances that lost their place, and when."""

    superseded: dict[str, float] = field(default_factory=dict)
    returns: list[float] = field(default_factory=list)
    computers: tuple[str, ...] = ()


class Twins:
    """Of all databases."""

    def __init__(self) -> None:
        self._seen: defaultdict[Key, _Seen] = defaultdict(_Seen)

    def superseded(self, key: Key, instance: str, now: float) -> None:
        """Another one took its place."""
        self._fresh(key, now).superseded[instance] = now

    def returned(self, key: Key, instance: str, computers: tuple[str, str], now: float) -> int:
        """How often, by now, one came back that had lost its place to the one whose place it takes; 0 where this is none of that kind."""
        seen = self._fresh(key, now)
        if instance not in seen.superseded:
            return 0
        seen.returns.append(now)
        seen.computers = tuple(sorted({name for name in computers if name}))
        return len(seen.returns)

    def now(self, now: float) -> dict[Key, tuple[str, ...]]:
        """Where there are two, and on which computers, as far as these say."""
        fresh = {key: self._fresh(key, now) for key in [*self._seen]}
        return {key: seen.computers for key, seen in fresh.items() if seen.returns}

    def _fresh(self, key: Key, now: float) -> _Seen:
        seen = self._seen[key]
        seen.superseded = {instance: at for instance, at in seen.superseded.items() if now - at < WITHIN}
        seen.returns = [at for at in seen.returns if now - at < WITHIN]
        return seen
