"""Installs that are under way: authorisation codes, and the pairs they were exchanged into, until the account is known.

amoCRM sends a code once, waits three seconds and never repeats it: it is stored before anything else is done."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.clock import machine_now
from hub.integrations import Pair
from hub.store.engine import Store, Unit
from hub.store.tables import codes
from wire.errors import Retry

TAKEN_FOR = timedelta(seconds=60)
"""Longer than an exchange can last: whoever took a code and died gives it free by that."""

MOST_WAITING = 100
_PAIR = TypeAdapter(Pair)


class TooManyCodes(Retry):
    """More installs wait than there can be honest ones."""


@dataclass(frozen=True)
class Code:
    """One install. With a pair, the code itself is spent."""

    hash: str
    integration: str
    host: str
    code: str = field(repr=False)
    arrived_at: datetime
    pair: Pair | None = None


class Codes:
    """The codes of all integrations. Each is worked at by one process at a time."""

    def __init__(self, store: Store) -> None:
        self._store, self._vault = store, store.keys.hub()

    async def keep(self, integration: str, host: str, code: str) -> None:
        """Store a code; one that is there already stays as it is."""
        async with self._store.hub_writing() as connection:
            await self._keep(connection, integration, host, code)

    async def keep_and_take(self, integration: str, host: str, code: str) -> Code | None:
        """The same for whoever works at it at once; None where somebody does already."""
        async with self._store.hub_writing() as connection:
            hash_ = await self._keep(connection, integration, host, code)
            return await self._take(connection, select(codes).where(codes.c.code_hash == hash_))

    async def take(self) -> Code | None:
        """The oldest code that nobody works at."""
        async with self._store.hub_writing() as connection:
            return await self._take(connection, select(codes).order_by(codes.c.arrived_at).limit(1))

    async def exchanged(self, code: Code, pair: Pair) -> None:
        """The code was exchanged: it is spent, so the pair must be stored before anything else is done."""
        sealed = self._vault.seal(_PAIR.dump_json(pair), _place("pair", code.hash))
        async with self._store.hub_writing() as connection:
            mine = codes.c.code_hash == code.hash
            await connection.execute(update(codes).where(mine).values(sealed_pair=sealed))

    async def give_back(self, code: Code, after: timedelta) -> None:
        """It did not work now: whoever looks after that time may try."""
        async with self._store.hub_writing() as connection:
            mine = codes.c.code_hash == code.hash
            await connection.execute(update(codes).where(mine).values(taken_until=machine_now() + after))

    async def drop(self, code: Code) -> None:
        """It will never work."""
        async with self._store.hub_writing() as connection:
            await connection.execute(delete(codes).where(codes.c.code_hash == code.hash))

    async def _keep(self, connection: AsyncConnection, integration: str, host: str, code: str) -> str:
        hash_ = sha256(code.encode()).hexdigest()
        known = (await connection.execute(select(codes.c.code_hash))).scalars().all()
        if hash_ not in known:
            if len(known) >= MOST_WAITING:
                raise TooManyCodes
            sealed = self._vault.seal(code, _place("code", hash_))
            values = {"integration": integration, "host": host, "arrived_at": machine_now()}
            await connection.execute(insert(codes).values(code_hash=hash_, sealed_code=sealed, **values))
        return hash_

    async def _take(self, connection: AsyncConnection, wanted: Select[Any]) -> Code | None:
        now = machine_now()
        free = codes.c.taken_until.is_(None) | (codes.c.taken_until < now)
        row = (await connection.execute(wanted.where(free))).one_or_none()
        if row is not None:
            taken = update(codes).where(codes.c.code_hash == row.code_hash).values(taken_until=now + TAKEN_FOR)
            await connection.execute(taken)
        return self._code(row) if row is not None else None

    def _code(self, row: Row[Any]) -> Code:
        pair = row.sealed_pair and _PAIR.validate_json(self._vault.open(row.sealed_pair, _place("pair", row.code_hash)))
        return Code(
            row.code_hash,
            row.integration,
            row.host,
            self._vault.open(row.sealed_code, _place("code", row.code_hash)),
            row.arrived_at,
            pair,
        )


async def finish(unit: Unit, code: Code) -> None:
    """The account holds the pair now; in the same transaction the code goes."""
    await unit.execute(delete(codes).where(codes.c.code_hash == code.hash))


def _place(column: str, hash_: str) -> str:
    return f"codes.{column}:{hash_}"
