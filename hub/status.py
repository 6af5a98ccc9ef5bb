"""How every clinic stands: what waits, since when, and why; ids, codes, counts and times only. Read in one transaction."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.clock import Clock, machine_now
from hub.store.engine import Store
from hub.store.tables import accounts, agents, databases, dirty, dues, outcomes, parked
from wire.capabilities import missed_of

DatabaseKey = tuple[int, str]
"""The account's id and the database."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class DatabaseStatus(_Part):
    """One clinic database. `read_through`: all that the clinic committed before it has been read; `outbox`: changes that the agent
    still holds; `loaded`: the first whole pass is durable here. `twins`: the computers (as far as they say) on which two agents with one
    identity run, None where there is one; `suspended`: the agents that wait for a person's word because of that."""

    id: str
    name: str
    connected: bool
    mis: str | None
    read_through: datetime | None
    verified_through: datetime | None
    outbox: int
    parked: int
    loaded: bool
    twins: tuple[str, ...] | None = None
    suspended: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    """What the agent says that it cannot read there."""


class AccountStatus(_Part):
    """One amoCRM account. `undelivered`: patients whose changes do not stand in amoCRM yet, the oldest of them for `oldest_seconds`;
    `due`: patients to look at again whose business time has come."""

    account: int
    host: str
    configured: bool
    blocked: str | None
    undelivered: int
    oldest_seconds: float
    due: int
    outcomes: dict[str, int]
    databases: tuple[DatabaseStatus, ...]


class Status(_Part):
    """The whole hub."""

    business_now: datetime
    accounts: tuple[AccountStatus, ...]


@dataclass(frozen=True)
class StatusReader:
    """`connected` names the databases whose agent's link is open at this moment, `doubled` those with two agents of one identity."""

    store: Store
    clock: Clock
    connected: Callable[[], Collection[DatabaseKey]]
    doubled: Callable[[], Mapping[DatabaseKey, tuple[str, ...]]] = dict

    async def read(self) -> Status:
        """How all stands now."""
        business_now = self.clock.now()
        async with self.store.hub_reading() as connection:
            found = await _read(connection, business_now, self.connected(), self.doubled())
        return Status(business_now=business_now, accounts=found)


async def _read(
    connection: AsyncConnection,
    business_now: datetime,
    connected: Collection[DatabaseKey],
    doubled: Mapping[DatabaseKey, tuple[str, ...]],
) -> tuple[AccountStatus, ...]:
    now = machine_now()
    waiting = {row.account_id: row for row in await connection.execute(_WAITING)}
    due = {row.account_id: row.many for row in await connection.execute(_DUE.where(dues.c.due <= business_now))}
    reasons: dict[int, dict[str, int]] = defaultdict(dict)
    for row in await connection.execute(_OUTCOMES):
        reasons[row.account_id][f"{row.outcome}:{row.reason}"] = row.many
    suspended: dict[DatabaseKey, list[str]] = defaultdict(list)
    for row in await connection.execute(_SUSPENDED):
        suspended[row.account_id, row.database].append(row.id)
    read: dict[int, list[DatabaseStatus]] = defaultdict(list)
    for row in await connection.execute(_DATABASES):
        key = (row.account_id, row.id)
        read[row.account_id].append(_database(row, key in connected, doubled.get(key), tuple(suspended[key])))
    return tuple(
        AccountStatus(
            account=row.id,
            host=row.host,
            configured=row.configured,
            blocked=row.blocked,
            undelivered=waiting[row.id].many if row.id in waiting else 0,
            oldest_seconds=max(0.0, (now - waiting[row.id].oldest).total_seconds()) if row.id in waiting else 0,
            due=due.get(row.id, 0),
            outcomes=reasons[row.id],
            databases=tuple(read[row.id]),
        )
        for row in await connection.execute(_ACCOUNTS)
    )


def _database(
    row: Row[Any], connected: bool, twins: tuple[str, ...] | None, suspended: tuple[str, ...]
) -> DatabaseStatus:
    return DatabaseStatus(
        id=row.id,
        name=row.name,
        connected=connected,
        mis=row.mis,
        read_through=row.read_through,
        verified_through=row.verified_through,
        outbox=row.outbox_depth,
        parked=row.parked,
        loaded=row.loaded_at is not None,
        twins=twins,
        suspended=suspended,
        off=missed_of(json.loads(row.state).get("capabilities", {})) if row.state else (),
    )


_many = func.count().label("many")
_ACCOUNTS = select(
    accounts.c.id, accounts.c.host, accounts.c.blocked, accounts.c.settings.is_not(None).label("configured")
).order_by(accounts.c.id)
_WAITING = select(dirty.c.account_id, _many, func.min(dirty.c.since).label("oldest")).group_by(dirty.c.account_id)
_DUE = select(dues.c.account_id, _many).group_by(dues.c.account_id)
_OUTCOMES = (
    select(outcomes.c.account_id, outcomes.c.outcome, outcomes.c.reason, _many)
    .group_by(outcomes.c.account_id, outcomes.c.outcome, outcomes.c.reason)
    .order_by(outcomes.c.outcome, outcomes.c.reason)
)
_PARKED = (
    select(_many)
    .where(parked.c.account_id == databases.c.account_id, parked.c.database == databases.c.id)
    .scalar_subquery()
)
_SUSPENDED = select(agents.c.account_id, agents.c.database, agents.c.id).where(
    agents.c.suspended_at.is_not(None), agents.c.revoked_at.is_(None)
)
_DATABASES = select(databases, _PARKED.label("parked")).order_by(databases.c.account_id, databases.c.id)
