"""The access journal: who looked at whom and when, by ids, each row chained to the one before it. Durable before anybody sees the answer.

The chain shows that a row was changed, put in or taken out; rows cut off at the end it cannot show."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, Select, insert, select
from sqlalchemy.exc import IntegrityError

from hub.accounts import Account
from hub.clock import machine_now
from hub.panel.visitor import Visitor
from hub.store.engine import Store, Unit
from hub.store.panel_tables import accesses

BEGIN = ""
"""What the first row is chained to."""
_PAGE = 1000


@dataclass(frozen=True)
class Access:
    """One look: ids only, e.g. subjects ("deal:15198335", "db_1:4410")."""

    at: datetime
    user_id: int
    action: str
    subjects: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """A row as it stands; `holds`: it follows from the one before it."""

    n: int
    access: Access
    holds: bool


@dataclass(frozen=True)
class _End:
    """The last row of a journal."""

    n: int
    digest: str


class _Waiting:
    """A note that is not durable yet."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.done = False
        self.failed: Exception | None = None


class _Queue:
    """The notes of one account that wait. Whoever has the turn commits for all."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.waiting: list[_Waiting] = []
        self.users = 0


class Journal:
    """Of all accounts. While one group of an account is committed, the next one gathers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queues: dict[int, _Queue] = {}
        self._ends: dict[int, _End] = {}

    async def note(self, visitor: Visitor, action: str, subjects: Sequence[str]) -> None:
        """Returns when it is durable: only then may the answer leave. Raises what the store raises; then it is not noted."""
        mine = _Waiting(Access(machine_now(), visitor.user_id, action, tuple(subjects)))
        queue = self._queues.setdefault(visitor.account.id, _Queue())
        queue.waiting.append(mine)
        queue.users += 1
        try:
            async with queue.turn:
                if not mine.done:
                    await self._commit(visitor, queue)
        finally:
            if not mine.done and mine in queue.waiting:
                queue.waiting.remove(mine)  # cancelled: nobody will see anything
            queue.users -= 1
            if not queue.users:
                self._queues.pop(visitor.account.id, None)
        if mine.failed is not None:
            raise mine.failed

    async def _commit(self, visitor: Visitor, queue: _Queue) -> None:
        """All that wait, in one transaction. Cut off in the middle, they go on waiting: then the next one commits them."""
        group, queue.waiting = queue.waiting, []
        try:
            await self._append(visitor.account, [waiting.access for waiting in group])
        except Exception as error:  # noqa: BLE001 not caught but shared: every one of the group raises it
            for waiting in group:
                waiting.done, waiting.failed = True, error
        except BaseException:
            queue.waiting = group + queue.waiting
            raise
        else:
            for waiting in group:
                waiting.done = True

    async def _append(self, account: Account, noted: Sequence[Access]) -> None:
        """After the end that this process left, if it still is the end: else its next number is taken, and the store says no."""
        end = self._ends.pop(account.id, None)
        if end is not None:
            try:
                async with self._store.writing(account) as unit:
                    left = await _append(unit, end, noted)
            except IntegrityError:
                pass  # another process wrote meanwhile
            else:
                self._ends[account.id] = left
                return
        async with self._store.writing(account) as unit:
            left = await _append(unit, await _end(unit), noted)
        self._ends[account.id] = left


async def _end(unit: Unit) -> _End:
    last = await unit.execute(
        select(accesses.c.n, accesses.c.digest)
        .where(accesses.c.account_id == unit.account.id)
        .order_by(accesses.c.n.desc())
        .limit(1)
    )
    row = last.one_or_none()
    return _End(row.n, row.digest) if row else _End(0, BEGIN)


async def _append(unit: Unit, end: _End, noted: Sequence[Access]) -> _End:
    digest = end.digest
    rows: list[dict[str, Any]] = []
    for n, access in enumerate(noted, end.n + 1):
        digest = chained(digest, unit.account.id, n, access)
        rows.append(
            {
                "account_id": unit.account.id,
                "n": n,
                "at": access.at,
                "user_id": access.user_id,
                "action": access.action,
                "subjects": json.dumps(access.subjects),
                "digest": digest,
            }
        )
    await unit.execute(_INSERT, rows)
    return _End(end.n + len(rows), digest)


_INSERT = insert(accesses)


def chained(before: str, account_id: int, n: int, access: Access) -> str:
    """The digest of a row: over its canonical form and the digest before it."""
    at = round(access.at.timestamp() * 1000)
    row = [before, account_id, n, at, access.user_id, access.action, list(access.subjects)]
    return sha256(json.dumps(row, separators=(",", ":")).encode()).hexdigest()


async def read(unit: Unit) -> AsyncIterator[Entry]:
    """The whole journal of an account in its order; each row says whether it holds."""
    n, digest = 0, BEGIN
    while rows := (await unit.execute(_after(unit, n))).all():
        for row in rows:
            access = _access(row)
            holds = (
                access is not None and row.n == n + 1 and row.digest == chained(digest, unit.account.id, row.n, access)
            )
            yield Entry(row.n, access or Access(row.at, row.user_id, row.action, ()), holds)
            n, digest = row.n, row.digest


def _after(unit: Unit, n: int) -> Select[Any]:
    mine = select(accesses).where(accesses.c.account_id == unit.account.id, accesses.c.n > n)
    return mine.order_by(accesses.c.n).limit(_PAGE)


def _access(row: Row[Any]) -> Access | None:
    """None where somebody left no list of texts."""
    try:
        subjects = json.loads(row.subjects)
    except ValueError:
        return None
    if not isinstance(subjects, list) or not all(isinstance(subject, str) for subject in subjects):
        return None
    return Access(row.at, row.user_id, row.action, tuple(subjects))
