"""Tier 1: visits by their versions: with an index all that changed, without one those that are new, near, or among the newest keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.mis.port import Server
from agent.mis.reader import Reader
from agent.mis.signs import SINCE, Signs
from agent.outbox import Outbox
from agent.scan import decide

CURSOR = "versions"


@dataclass(frozen=True)
class Changed:
    """The visits to read in full; `is_whole` where these are all that changed here before `probe` was taken; `cursor` is the rowversion
    from which on an index is read next, to be recorded with them."""

    visits: tuple[int, ...]
    is_whole: bool
    probe: decide.Probe
    cursor: bytes | None = None

    @property
    def cursors(self) -> dict[str, str]:
        """As the outbox keeps it."""
        return {} if self.cursor is None else {CURSOR: self.cursor.hex()}


class Near:
    """Remembers at which probe everything was recorded; forgets it after any error, and then reads again."""

    def __init__(self, reader: Reader, signs: Signs, outbox: Outbox, zone: ZoneInfo) -> None:
        self._reader, self._signs = reader, signs
        self._outbox, self._known, self._zone = outbox, outbox.known, zone
        self._probe: decide.Probe | None = None
        self._to_load: dict[str, str] | None = None

    def forget(self) -> None:
        """Recompute from the truth."""
        self._probe = self._to_load = None

    async def changed(self, server: Server, *, loading: bool) -> Changed:
        """Compare versions, unless nothing can have moved."""
        probe = (server.bound, server.last)
        if decide.is_quiet(server, self._probe):
            return Changed((), is_whole=True, probe=probe)
        if indexed := await self._indexed(server, probe):
            return indexed
        near = await self.visits(server.now)
        low = await self._first(near, loading=loading)
        stragglers = [key for key in near if key < low]
        newest, some_locked = await self._signs.versions_from(low)
        others, also_locked = await self._signs.versions_of(stragglers)
        seen = newest | others
        known = {
            **await self._known.hints("visit", list(map(str, stragglers))),
            **await self._known.hints_from("visit", low),
        }
        differing = decide.differing(seen, known, self._left_out(seen, known, loading=loading))
        is_whole = len(differing) <= decide.AT_ONCE and not (some_locked or also_locked)
        begins = server.bound if is_whole and self._signs.finds_by_version else None
        return Changed(tuple(differing[: decide.AT_ONCE]), is_whole, probe, begins)

    async def _indexed(self, server: Server, probe: decide.Probe) -> Changed | None:
        """What an index finds from the cursor on. None where there is no index, or no cursor yet, or where that lies ahead of the server:
        an older backup was put back."""
        if not self._signs.finds_by_version or server.bound is None:
            return None
        text = await self._outbox.cursor(CURSOR)
        cursor = None if text is None else bytes.fromhex(text)
        return None if cursor is None or cursor > server.bound else await self._since(cursor, server.bound, probe)

    async def _since(self, cursor: bytes, bound: bytes, probe: decide.Probe) -> Changed:
        """Without upper bound: what was committed above the bound is there, too, and comes again until the bound has passed it."""
        seen, some_locked = await self._signs.versions_since(cursor)
        known = await self._known.hints("visit", list(seen))
        differing = decide.differing(seen, known, self._untold())
        is_full = len(seen) >= SINCE
        is_read = len(differing) <= decide.AT_ONCE and not some_locked
        order = [bytes.fromhex(version) for version in seen.values()]
        after = decide.cursor_after(cursor, bound, order, is_full=is_full) if is_read else None
        return Changed(tuple(differing[: decide.AT_ONCE]), is_read and not is_full, probe, after)

    def took(self, changed: Changed) -> None:
        """What changed is recorded: until the probe moves there is nothing to read. Not sooner: a step that fails between would
        leave changes unread."""
        self._probe = changed.probe if changed.is_whole else None

    def missed(self) -> None:
        """Some of it could not be read: compare again, even if nothing moves."""
        self._probe = None

    async def visits(self, now: datetime) -> list[int]:
        """The known visits that start within the near days of the server's clock."""
        since, until = (now.replace(tzinfo=self._zone) + days for days in decide.NEAR)
        return await self._known.near(since, until)

    async def _first(self, near: list[int], *, loading: bool) -> int:
        """From which key on versions are read as one range. During the first load what is known says nothing yet."""
        if loading:
            return max(0, await self._signs.newest_visit() - decide.RANGE)
        newest_known = [await self._known.nth_newest("visit", n) for n in (decide.RANGE, decide.LEAST_RANGE)]
        return decide.first_of_range(near, *newest_known)

    def _left_out(self, seen: Mapping[str, str], known: Mapping[str, str], *, loading: bool) -> Mapping[str, str]:
        """Versions in which a row need not be read: it cannot be told, or it was there when the first load began and comes with that.
        Only what changes from then on is live."""
        if not loading:
            self._to_load = None
        elif self._to_load is None:
            self._to_load = {key: version for key, version in seen.items() if key not in known}
        return {**(self._to_load or {}), **self._untold()}

    def _untold(self) -> dict[str, str]:
        """The versions in which rows cannot be told."""
        return {key: version for (kind, key), version in self._reader.untold.items() if kind == "visit"}
