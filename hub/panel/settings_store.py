"""The settings of an account in the store: how they stand, who changed them, whom a change concerns; and how its clinics stand. Ids, codes,
counts and names of branches only. Knows neither amoCRM nor HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, exists, func, insert, literal, select, union, update

from hub.clock import machine_now
from hub.inbox.write import record_place
from hub.links.columns import in_account
from hub.links.outcomes import NOBODY
from hub.links.settings import read_settings
from hub.rules.settings import Settings
from hub.store.dialect import insert as insert_or
from hub.store.engine import Unit
from hub.store.panel_tables import settings_changes
from hub.store.tables import accounts, databases, deals, dirty, dues, outcomes, parked, records
from wire.frames import State

CHANGES_SHOWN = 10
VISITS_LOOKED_AT = 1000
"""Of a database, the newest: every branch that works is among them."""


@dataclass(frozen=True)
class Branch:
    """A branch that the clinic's visits name."""

    database: str
    branch: str
    name: str


@dataclass(frozen=True)
class Changed:
    """One change: who made it, when, and what it set."""

    version: int
    user_id: int
    at: datetime
    settings: Settings


@dataclass(frozen=True)
class ClinicRow:
    """A clinic database as the store knows it."""

    id: str
    name: str
    zone: str
    outbox: int
    parked: int
    capabilities: Mapping[str, bool]
    """What the agent said of what can be read there; empty where it never said."""


@dataclass(frozen=True)
class Standing:
    """How the account's clinics stand. `undelivered`: patients whose changes do not stand in amoCRM yet, the oldest since `oldest`."""

    clinics: tuple[ClinicRow, ...]
    blocked: str | None
    undelivered: int
    oldest: datetime | None
    outcomes: tuple[tuple[str, str, int], ...]
    """(kind, reason, how many)."""


async def save_settings(unit: Unit, settings: Settings, user_id: int, now: datetime) -> None:
    """The unit has read the version before this one: both rows change together. `now` is business time."""
    before = await read_settings(unit)
    text = settings.model_dump_json(by_alias=True)
    await unit.execute(update(accounts).where(accounts.c.id == unit.account.id).values(settings=text))
    change = {"version": settings.version, "user_id": user_id, "at": machine_now(), "settings": text}
    await unit.execute(insert(settings_changes).values(account_id=unit.account.id, **change))
    if before is None or concerns_patients(before, settings):
        await _look_again(unit, now)


def concerns_patients(before: Settings, after: Settings) -> bool:
    """Rights, the pause and what is said of balances move no deal; what waited during a pause still waits when it ends."""
    aside = {"version": 0, "paused": False, "rights": after.rights, "money_verified": after.money_verified}
    return before.model_copy(update=aside) != after.model_copy(update=aside)


async def _look_again(unit: Unit, now: datetime) -> None:
    """Who has an open deal, or was left without one for a reason: by the new settings it may stand otherwise. A look without a
    difference asks amoCRM nothing."""
    concerned = union(
        select(deals.c.account_id, deals.c.database, deals.c.patient).where(
            in_account(unit, deals), deals.c.closed_at.is_(None)
        ),
        select(outcomes.c.account_id, outcomes.c.database, outcomes.c.patient).where(
            in_account(unit, outcomes), outcomes.c.patient != NOBODY
        ),
    ).subquery()
    same = (
        (dues.c.account_id == concerned.c.account_id)
        & (dues.c.database == concerned.c.database)
        & (dues.c.patient == concerned.c.patient)
    )
    await unit.execute(
        update(dues).where(in_account(unit, dues), dues.c.due > now, exists().where(same)).values(due=now)
    )
    columns = concerned.c.account_id, concerned.c.database, concerned.c.patient
    missing = select(*columns, literal(now, dues.c.due.type)).where(~exists().where(same))
    await unit.execute(insert_or(unit, dues).from_select(["account_id", "database", "patient", "due"], missing))


async def read_changes(unit: Unit, most: int = CHANGES_SHOWN) -> list[Changed]:
    """The newest first."""
    mine = select(settings_changes).where(in_account(unit, settings_changes))
    rows = await unit.execute(mine.order_by(settings_changes.c.version.desc()).limit(most))
    return [_changed(row) for row in rows]


async def read_confirmed(unit: Unit, settings: Settings) -> dict[str, Changed]:
    """By which change each database's sums were confirmed as they stand confirmed now: the oldest of all that hold it ever since."""
    mine = select(settings_changes).where(in_account(unit, settings_changes))
    found: dict[str, Changed] = {}
    open_yet = dict(settings.money_verified)
    for row in await unit.execute(mine.order_by(settings_changes.c.version.desc())):
        change = _changed(row)
        held = change.settings.money_verified
        open_yet = {database: way for database, way in open_yet.items() if held.get(database) == way}
        if not open_yet:
            break
        found |= dict.fromkeys(open_yet, change)
    return found


async def read_branches(unit: Unit) -> list[Branch]:
    """Branches by the clinics' own names, as the newest visits bear them."""
    found: dict[tuple[str, str], Branch] = {}
    for database in await _clinic_rows(unit):
        newest = (
            select(records.c.key, records.c.sealed_value)
            .where(in_account(unit, records), records.c.database == database.id, records.c.kind == "visit")
            .order_by(records.c.arrival.desc())
            .limit(VISITS_LOOKED_AT)
        )
        for row in await unit.execute(newest):
            visit = json.loads(unit.vault.open(row.sealed_value, record_place(database.id, ("visit", row.key))))
            branch = visit.get("branch") or {}
            if "id" in branch:
                known = Branch(database.id, branch["id"], branch.get("name") or "")
                found.setdefault((known.database, known.branch), known)
    return sorted(found.values(), key=lambda branch: (branch.database, branch.name))


async def read_standing(unit: Unit) -> Standing:
    """All that waits, and why."""
    blocked = select(accounts.c.blocked).where(accounts.c.id == unit.account.id)
    waiting = select(func.count().label("many"), func.min(dirty.c.since).label("oldest")).where(in_account(unit, dirty))
    many = func.count().label("many")
    reasons = select(outcomes.c.outcome, outcomes.c.reason, many).where(in_account(unit, outcomes))
    waits = (await unit.execute(waiting)).one()
    grouped = reasons.group_by(outcomes.c.outcome, outcomes.c.reason).order_by(many.desc(), outcomes.c.reason)
    return Standing(
        tuple(await _clinic_rows(unit)),
        (await unit.execute(blocked)).scalar_one_or_none(),
        waits.many,
        waits.oldest,
        tuple((row.outcome, row.reason, row.many) for row in await unit.execute(grouped)),
    )


async def _clinic_rows(unit: Unit) -> list[ClinicRow]:
    aside = select(func.count()).where(
        parked.c.account_id == databases.c.account_id, parked.c.database == databases.c.id
    )
    rows = await unit.execute(
        select(databases, aside.scalar_subquery().label("parked")).where(in_account(unit, databases))
    )
    return sorted(map(_clinic_row, rows), key=lambda clinic: (len(clinic.id), clinic.id))


def _clinic_row(row: Row[Any]) -> ClinicRow:
    return ClinicRow(row.id, row.name, row.zone, row.outbox_depth, row.parked, _capabilities(row.state))


def _capabilities(state: str | None) -> Mapping[str, bool]:
    try:
        return State.model_validate_json(state).capabilities if state else {}
    except ValidationError:
        return {}


def _changed(row: Row[Any]) -> Changed:
    return Changed(row.version, row.user_id, row.at, Settings.model_validate_json(row.settings))
