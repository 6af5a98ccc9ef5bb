"""Installs that are under way: authorisation codes, and the pairs they were exchanged into, until the account is known.

amoCRM sends a code once, waits three seconds and never repeats it: it is stored before anything else is done. People repeat
themselves (a page is loaded again, a command is given again): what became of a code is known for a day."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.clock import machine_now
from hub.integrations import Pair
from hub.store.engine import Store, Unit
from hub.store.tables import codes
from wire.errors import Retry

TAKEN_FOR = timedelta(seconds=60)
"""Longer than an exchange can last: whoever took a code and died gives it free by that."""

KNOWN_FOR = timedelta(days=1)
MOST_WAITING = 100
_PAIR = TypeAdapter(Pair)


class TooManyCodes(Retry):
    """More installs wait than there can be honest ones."""


@dataclass(frozen=True)
class Code:
    """One install. With a pair, the code itself is spent; with an account, all is done."""

    hash: str
    integration: str
    host: str
    code: str = field(repr=False)
    arrived_at: datetime
    pair: Pair | None = None
    account_id: int | None = None


class Codes:
    """The codes of all integrations. Each is worked at by one process at a time."""

    def __init__(self, store: Store) -> None:
        self._store, self._vault = store, store.keys.hub()

    async def keep(self, integration: str, host: str, code: str) -> None:
        """Store a code; one that is there already stays as it is."""
        async with self._store.hub_writing() as connection:
            await self._keep(connection, integration, host, code)

    async def keep_and_take(self, integration: str, host: str, code: str) -> Code | None:
        """The same for whoever works at it at once, or wants to know what became of it; None where somebody works at it."""
        async with self._store.hub_writing() as connection:
            hash_ = await self._keep(connection, integration, host, code)
            return await self._take(connection, select(codes).where(codes.c.code_hash == hash_, _free() | ~_OPEN))

    async def take(self) -> Code | None:
        """The oldest code that nobody works at."""
        oldest = select(codes).where(_free(), _OPEN).order_by(codes.c.arrived_at).limit(1)
        async with self._store.hub_writing() as connection:
            return await self._take(connection, oldest)

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
        await connection.execute(delete(codes).where(~_OPEN, codes.c.arrived_at < machine_now() - KNOWN_FOR))
        known = {row.code_hash: row.installed_account for row in await connection.execute(select(codes))}
        if hash_ not in known:
            if list(known.values()).count(None) >= MOST_WAITING:
                raise TooManyCodes
            sealed = self._vault.seal(code, _place("code", hash_))
            values = {"integration": integration, "host": host, "arrived_at": machine_now()}
            await connection.execute(insert(codes).values(code_hash=hash_, sealed_code=sealed, **values))
        return hash_

    async def _take(self, connection: AsyncConnection, wanted: Select[Any]) -> Code | None:
        row = (await connection.execute(wanted)).one_or_none()
        if row is None:
            return None
        taken = update(codes).where(codes.c.code_hash == row.code_hash).values(taken_until=machine_now() + TAKEN_FOR)
        await connection.execute(taken)
        return self._code(row)

    def _code(self, row: Row[Any]) -> Code:
        pair = row.sealed_pair and _PAIR.validate_json(self._vault.open(row.sealed_pair, _place("pair", row.code_hash)))
        code = self._vault.open(row.sealed_code, _place("code", row.code_hash))
        return Code(row.code_hash, row.integration, row.host, code, row.arrived_at, pair, row.installed_account)


async def finish(unit: Unit, code: Code) -> None:
    """The account holds the pair now, by the same transaction."""
    done = {"installed_account": unit.account.id, "sealed_pair": None, "taken_until": None}
    await unit.execute(update(codes).where(codes.c.code_hash == code.hash).values(done))


_OPEN = codes.c.installed_account.is_(None)


def _free() -> ColumnElement[bool]:
    return codes.c.taken_until.is_(None) | (codes.c.taken_until < machine_now())


def _place(column: str, hash_: str) -> str:
    return f"codes.{column}:{hash_}"
