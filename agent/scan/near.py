"""Tier 1: visits that are new, near, or among the newest keys, by their rowversions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.mis.port import Mis, MisBusy, Param, Row, Server
from agent.outbox import Outbox
from agent.scan import decide
from agent.scan.reader import chunks, version_of


@dataclass(frozen=True)
class Changed:
    """The visits to read in full; `is_whole` where these are all that changed here before `probe` was taken."""

    visits: tuple[int, ...]
    is_whole: bool
    probe: decide.Probe


class Near:
    """Remembers at which probe it read everything; forgets it after any error, and then reads again."""

    def __init__(self, mis: Mis, outbox: Outbox, zone: ZoneInfo) -> None:
        self._mis, self._known, self._zone = mis, outbox.known, zone
        self._probe: decide.Probe | None = None
        self._to_load: dict[str, str] | None = None

    def forget(self) -> None:
        """Recompute from the truth."""
        self._probe = self._to_load = None

    async def changed(self, server: Server, untold: Mapping[str, str], *, loading: bool) -> Changed:
        """Compare versions, unless nothing can have moved."""
        probe = (server.bound, server.last)
        if decide.is_quiet(server, self._probe):
            return Changed((), is_whole=True, probe=probe)
        near = await self.visits(server.now)
        low = await self._first(near, loading=loading)
        stragglers = [key for key in near if key < low]
        found = [await self._versions("visit_versions", low)]
        found += [await self._versions("visit_versions_by_key", chunk) for chunk in chunks(stragglers)]
        seen = {str(row["ID"]): version_of(row) for rows, _ in found for row in rows}
        known = {
            **await self._known.hints("visit", list(map(str, stragglers))),
            **await self._known.hints_from("visit", low),
        }
        differing = decide.differing(seen, known, {**self._left_to_load(seen, known, loading=loading), **untold})
        is_whole = len(differing) <= decide.AT_ONCE and not any(locked for _, locked in found)
        return Changed(tuple(differing[: decide.AT_ONCE]), is_whole, probe)

    def took(self, changed: Changed) -> None:
        """What changed is recorded: until the probe moves there is nothing to read. Not sooner: a step that fails between would
        leave changes unread."""
        self._probe = changed.probe if changed.is_whole else None

    async def visits(self, now: datetime) -> list[int]:
        """The known visits that start within the near days of the server's clock."""
        since, until = (now.replace(tzinfo=self._zone) + days for days in decide.NEAR)
        return await self._known.near(since, until)

    async def _first(self, near: list[int], *, loading: bool) -> int:
        """From which key on versions are read as one range. During the first load what is known says nothing yet."""
        if loading:
            newest = (await self._mis.fetch("visit_newest"))[0]["Newest"]
            return max(0, newest - decide.RANGE) if isinstance(newest, int) else 0
        newest_known = [await self._known.nth_newest("visit", n) for n in (decide.RANGE, decide.LEAST_RANGE)]
        return decide.first_of_range(near, *newest_known)

    def _left_to_load(self, seen: Mapping[str, str], known: Mapping[str, str], *, loading: bool) -> Mapping[str, str]:
        """Rows that were there when the first load began come with it; only what changes from then on is live."""
        if not loading:
            self._to_load = None
        elif self._to_load is None:
            self._to_load = {key: version for key, version in seen.items() if key not in known}
        return self._to_load or {}

    async def _versions(self, query: str, param: Param) -> tuple[list[Row], bool]:
        """Versions of rows, and whether some are locked by others and were passed by: whoever holds one row for long must not hide
        what is committed beside it."""
        try:
            return await self._mis.fetch(query, param), False
        except MisBusy:
            return await self._mis.fetch(f"{query}_unlocked", param), True
