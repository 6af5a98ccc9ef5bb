"""Reads what the hub itself knows for a card: settings, how the clinics stand, whose a deal or contact is, records of patients. SQL through
a `Unit`; decides nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Row, bindparam, literal, or_, select, true, union_all

from hub.clock import machine_now
from hub.inbox.write import record_place
from hub.links.columns import by_database, in_account, of
from hub.links.settings import parsed
from hub.panel.facts import Known, Site
from hub.panel.freshness import Stand
from hub.rules.model import PatientKey
from hub.rules.settings import Settings
from hub.rules.visits import Clinic, Record
from hub.store.dialect import among
from hub.store.engine import Unit
from hub.store.panel_tables import choices
from hub.store.tables import accounts, contact_links, databases, deals, phones, records
from wire.frames import State
from wire.model import Balance, Checkup, Patient, Plan, Visit

KINDS = ("patient", "visit", "balance", "checkup", "plan")


class Links(Protocol):
    """Which clinics' agents are connected; `hub.link.Registry` knows."""

    def connected(self) -> Collection[tuple[int, str]]: ...

    def left_at(self, key: tuple[int, str]) -> datetime | None: ...


async def read_account(unit: Unit, links: Links, now: datetime) -> tuple[Settings | None, dict[str, Site]]:
    """Its settings (None: nobody configured it yet) and its databases. `now` is business time."""
    rows = (await unit.execute(_ACCOUNT, {"account": unit.account.id})).all()
    of_databases = sorted((row for row in rows if row.id is not None), key=lambda row: (len(row.id), row.id))
    text = rows[0].settings if rows else None
    return parsed(text) if text else None, {row.id: _site(row, links, now) for row in of_databases}


_ACCOUNT = (
    select(accounts.c.settings, databases)
    .select_from(accounts)
    .outerjoin(databases, databases.c.account_id == accounts.c.id)
    .where(accounts.c.id == bindparam("account"))
)


async def read_sites(unit: Unit, links: Links, now: datetime) -> dict[str, Site]:
    """The databases of the account, in the order in which they were added."""
    return (await read_account(unit, links, now))[1]


def _site(row: Row[Any], links: Links, now: datetime) -> Site:
    key, zone = (row.account_id, row.id), ZoneInfo(row.zone)
    stand = Stand(
        name=row.name,
        zone=zone,
        connected=key in links.connected(),
        mis=row.mis,
        read_through=row.read_through,
        left_at=links.left_at(key) or _left_at(row, now),
        clock_ahead=_clock_ahead(row.state),
        loaded=row.loaded_at is not None,
    )
    return Site(Clinic(row.id, row.zone, row.live_since or now), stand)


def _left_at(row: Row[Any], now: datetime) -> datetime | None:
    """The agent left before this process began: it told its state every few seconds until then."""
    if row.state_at is None:
        return None
    heard_at: datetime = now - (machine_now() - row.state_at)
    return max(heard_at, row.read_through) if row.read_through else heard_at


def _clock_ahead(state: str | None) -> timedelta:
    try:
        seconds = State.model_validate_json(state).clock_offset_seconds if state else None
    except ValidationError:
        seconds = None
    return timedelta(seconds=seconds or 0)


async def whose_deal(unit: Unit, deal_id: int) -> tuple[PatientKey | None, PatientKey | None]:
    """Whom an operator chose for a deal, and whose it is by the link."""
    rows = await unit.execute(_WHOSE_DEAL, {"account": unit.account.id, "deal": deal_id})
    found = {row.of: PatientKey(row.database, row.patient) for row in rows}
    return found.get("choice"), found.get("link")


_WHOSE_DEAL = union_all(
    *(
        select(literal(name).label("of"), table.c.database, table.c.patient).where(
            table.c.account_id == bindparam("account"), table.c.deal_id == bindparam("deal")
        )
        for name, table in (("choice", choices), ("link", deals))
    )
)


async def linked_to_contact(unit: Unit, contact_id: int) -> tuple[PatientKey, ...]:
    """Whose contact it is; more than one where contacts were merged in amoCRM."""
    query = select(contact_links.c.database, contact_links.c.patient).where(
        in_account(unit, contact_links), contact_links.c.contact_id == contact_id
    )
    rows = await unit.execute(query.order_by(contact_links.c.database, contact_links.c.patient))
    return tuple(PatientKey(row.database, row.patient) for row in rows)


async def with_phones(
    unit: Unit, numbers: Collection[str], limit: int, only_in: Collection[str] | None = None
) -> list[PatientKey]:
    """Who bears one of these numbers, as far as the hub knows; `only_in`: some databases only."""
    if not numbers or only_in == frozenset():
        return []
    is_there = true() if only_in is None else phones.c.database.in_(only_in)
    query = (
        select(phones.c.database, phones.c.patient)
        .where(in_account(unit, phones), among(unit, phones.c.phone_mac, macs(unit, numbers)), is_there)
        .distinct()
        .order_by(phones.c.database, phones.c.patient)
        .limit(limit)
    )
    return [PatientKey(row.database, row.patient) for row in await unit.execute(query)]


def macs(unit: Unit, numbers: Iterable[str]) -> frozenset[str]:
    """As numbers stand in the store."""
    return frozenset(map(unit.vault.mac, numbers))


async def read_known(unit: Unit, keys: Iterable[PatientKey]) -> dict[PatientKey, Known]:
    """All records of these patients; of whom there is none is absent."""
    return await _read(unit, keys, records.c.kind.in_(KINDS))


async def read_beside(unit: Unit, key: PatientKey) -> Known:
    """What a clinic's answer does not hold: visits only if they vanished."""
    beside = or_(records.c.kind.in_(("balance", "checkup", "plan")), records.c.vanished_at.is_not(None))
    return (await _read(unit, [key], beside)).get(key, Known())


async def known_phones(unit: Unit, key: PatientKey) -> tuple[str, ...]:
    """A patient's own numbers, as the hub knows them."""
    patient = (await _read(unit, [key], records.c.kind == "patient")).get(key, Known()).patient
    return patient.phones if patient else ()


async def _read(unit: Unit, keys: Iterable[PatientKey], which: ColumnElement[bool]) -> dict[PatientKey, Known]:
    found: defaultdict[PatientKey, _Gathered] = defaultdict(_Gathered)
    for database, patients in sorted(by_database(dict.fromkeys(keys)).items()):
        query = select(
            records.c.kind,
            records.c.key,
            records.c.patient,
            records.c.vanished_at,
            records.c.read_at,
            records.c.sealed_value,
        ).where(of(unit, records, database, patients), which)
        for row in await unit.execute(query):
            text = unit.vault.open(row.sealed_value, record_place(database, (row.kind, row.key)))
            found[PatientKey(database, row.patient)].add(row, text)
    return {key: gathered.known() for key, gathered in found.items()}


@dataclass
class _Gathered:
    """Of one patient. Of what vanished only visits are told: the clinic took them away, and people ask where they are."""

    values: dict[str, Any] = field(default_factory=dict, repr=False)
    visits: list[Record] = field(default_factory=list, repr=False)
    checkups: list[Checkup] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)

    def add(self, row: Row[Any], text: str) -> None:
        if row.kind == "visit":
            self.visits.append(Record(Visit.model_validate_json(text), row.vanished_at))
        elif row.vanished_at is not None:
            return
        elif row.kind == "patient":
            self.values["patient"] = Patient.model_validate_json(text)
        elif row.kind == "balance":
            self.values |= {"balance": Balance.model_validate_json(text), "balance_at": row.read_at}
        elif row.kind == "checkup":
            self.checkups.append(Checkup.model_validate_json(text))
        elif row.kind == "plan":
            self.plans.append(Plan.model_validate_json(text))

    def known(self) -> Known:
        return Known(**self.values, visits=tuple(self.visits), checkups=tuple(self.checkups), plans=tuple(self.plans))
