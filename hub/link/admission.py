"""Who may open a link, and from where its lanes go on."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Row, delete, select, update

from hub.accounts import Account, grant_agent
from hub.clock import machine_now
from hub.inbox.intake import positions_of, put_positions
from hub.link.closing import Close, Refused
from hub.store.engine import Store, Unit
from hub.store.tables import agents, databases, lanes, passes
from wire.fingerprint import is_same
from wire.frames import Challenge, Hello, signed_text
from wire.lanes import Agreement, agree


def _nobody() -> Refused:
    """One answer for an unknown agent, a revoked one and a false signature."""
    return Refused(Close.UNAUTHORISED, "unauthorised")


@dataclass(frozen=True)
class Known:
    """An agent that proved who it is."""

    account: Account
    agent: str
    database: str
    enrolled_at: datetime


async def verify(store: Store, challenge: Challenge, hello: Hello) -> Known:
    """The agent signed our nonce with the key it enrolled with; raises `Refused`, always in the same words."""
    async with store.hub_reading() as connection:
        row = (await connection.execute(select(agents).where(agents.c.id == hello.agent))).one_or_none()
    if row is None or not _signed(row.public_key, challenge, hello):
        raise _nobody()
    return Known(grant_agent(row.account_id), row.id, row.database, row.enrolled_at)


def _signed(public_key: bytes, challenge: Challenge, hello: Hello) -> bool:
    try:
        signature = base64.b64decode(hello.signature, validate=True)
        text = signed_text(challenge.nonce, challenge.hub, hello.agent)
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, text)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


async def authorise(unit: Unit, known: Known, hello: Hello) -> None:
    """The agent may speak for its database; raises `Refused`. Older agents of the database are revoked: the clinic moved to
    another PC."""
    await _check_active(unit, known)
    if hello.database.id != known.database:
        raise Refused(Close.FORBIDDEN, "not_its_database")
    held = await _database(unit, known.database)
    await _check_fingerprint(unit, known, held.fingerprint, hello.database.fingerprint)
    await _revoke_older(unit, known)


async def resume(unit: Unit, known: Known, hello: Hello, now: datetime) -> Agreement:
    """From where the lanes go on. Nothing may be stored for an older link any more. `now` is business time."""
    held = await _database(unit, known.database)
    rows = await unit.execute(
        select(lanes.c.lane, lanes.c.seq, lanes.c.digest).where(
            lanes.c.account_id == unit.account.id, lanes.c.database == known.database
        )
    )
    agreement = agree(positions_of(rows), held.generation, hello.lanes, hello.generation)
    if agreement.fresh:
        await _begin(unit, known.database, agreement, held.live_since or now)
    return agreement


async def _check_active(unit: Unit, known: Known) -> None:
    """It was neither revoked nor suspended, also not since it proved who it is."""
    active = select(agents.c.suspended_at).where(agents.c.id == known.agent, agents.c.revoked_at.is_(None))
    row = (await unit.execute(active)).one_or_none()
    if row is None:
        raise _nobody()
    if row.suspended_at is not None:
        raise Refused(Close.FORBIDDEN, "suspended")


async def _database(unit: Unit, database: str) -> Row[tuple[str | None, int, datetime | None]]:
    found = await unit.execute(
        select(databases.c.fingerprint, databases.c.generation, databases.c.live_since).where(
            databases.c.account_id == unit.account.id, databases.c.id == database
        )
    )
    row = found.one_or_none()
    if row is None:
        raise Refused(Close.FORBIDDEN, "no_such_database")
    return row


async def _check_fingerprint(unit: Unit, known: Known, held: str | None, told: str) -> None:
    """One database of a clinic stands under one record. An agent that could not read its database yet tells no fingerprint."""
    if told == "" or (held and is_same(held, told)):
        return
    if held is not None:
        raise Refused(Close.FORBIDDEN, "another_database_than_before")
    found = await unit.execute(select(databases.c.account_id, databases.c.id).where(databases.c.fingerprint == told))
    other = found.one_or_none()
    if other:
        mine = other.account_id == unit.account.id
        raise Refused(Close.FORBIDDEN, f"known_as_{other.id}" if mine else "known_elsewhere")
    await _change_database(unit, known.database, fingerprint=told)


async def _change_database(unit: Unit, database: str, **values: Any) -> None:
    await unit.execute(
        update(databases).where(databases.c.account_id == unit.account.id, databases.c.id == database).values(**values)
    )


async def _revoke_older(unit: Unit, known: Known) -> None:
    await unit.execute(
        update(agents)
        .where(
            agents.c.account_id == unit.account.id,
            agents.c.database == known.database,
            agents.c.enrolled_at < known.enrolled_at,
            agents.c.revoked_at.is_(None),
        )
        .values(revoked_at=machine_now())
    )


async def _begin(unit: Unit, database: str, agreement: Agreement, live_since: datetime) -> None:
    """A new generation: its lanes stand at the start, and passes of the older one mean nothing any more."""
    await _change_database(unit, database, generation=agreement.generation, live_since=live_since)
    await put_positions(unit, database, agreement.positions)
    await unit.execute(delete(passes).where(passes.c.account_id == unit.account.id, passes.c.database == database))
