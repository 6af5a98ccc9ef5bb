"""Agents: one-time codes that make one, and the end of one. Knows nothing of links: a link looks here whether its agent was revoked."""

import base64
import binascii
import hashlib
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub import databases
from hub.clock import machine_now
from hub.store.engine import Store, Unit
from hub.store.tables import agents, enrolments
from wire import log

logger = logging.getLogger(__name__)

PATH = "/agent/v1/enroll"
LINK_PATH = "/agent/v1"
CODE_LIVES = timedelta(hours=1)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U: nothing that a person could take for something else."""
_GROUPS, _GROUP = 3, 4
_READ_AS = str.maketrans("OILАВЕКМНОРСТУХ", "011ABEKMH0PCTYX")
"""What people type for what they read or hear, on a Russian keyboard too."""
_ID_LENGTH = 8
_PROXIES = ("127.0.0.1", "::1")


# Codes


async def new_code(unit: Unit, database: str) -> str:
    """A code that makes one agent of this database, once and soon. It is told to a person and kept nowhere."""
    await databases.get(unit, database)
    code = _random(_GROUPS * _GROUP)
    await unit.execute(
        insert(enrolments).values(
            code_hash=_hashed(code),
            account_id=unit.account.id,
            database=database,
            expires_at=machine_now() + CODE_LIVES,
        )
    )
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


async def revoke(unit: Unit, agent: str) -> bool:
    """Cut an agent off for good, within a second; False where the account has no such agent that is active."""
    cut = await unit.execute(
        update(agents)
        .where(agents.c.id == agent, agents.c.account_id == unit.account.id, agents.c.revoked_at.is_(None))
        .values(revoked_at=machine_now())
    )
    return cut.rowcount == 1


async def suspend(unit: Unit, agent: str) -> None:
    """Let it speak no more until a person decides."""
    await unit.execute(
        update(agents)
        .where(agents.c.id == agent, agents.c.account_id == unit.account.id, agents.c.suspended_at.is_(None))
        .values(suspended_at=machine_now())
    )


async def resume(unit: Unit, agent: str) -> bool:
    """A person decided that it may speak again; False where it was not suspended."""
    resumed = await unit.execute(
        update(agents)
        .where(agents.c.id == agent, agents.c.account_id == unit.account.id, agents.c.suspended_at.is_not(None))
        .values(suspended_at=None)
    )
    return resumed.rowcount == 1


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _hashed(typed: str) -> str:
    """Of a code as a person typed it: case, dashes and look-alikes do not matter."""
    code = "".join(typed.upper().split()).replace("-", "").translate(_READ_AS)
    return hashlib.sha256(code.encode()).hexdigest()


# Enrolment


class _Request(BaseModel):
    """What an agent asks with: its code, and the public half of a key that never leaves it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, strict=True)

    code: str = Field(min_length=1, max_length=64, repr=False)
    public_key: bytes

    @field_validator("public_key", mode="before")
    @classmethod
    def _raw_ed25519(cls, value: object) -> bytes:
        if not isinstance(value, str):
            raise ValueError("base64 text")  # noqa: TRY004 pydantic wants ValueError
        try:
            raw = base64.b64decode(value, validate=True)
        except binascii.Error:
            raise ValueError("base64 text") from None
        if len(raw) != 32:
            raise ValueError("32 bytes")
        return raw


@dataclass(frozen=True)
class Enrolled:
    """A new agent."""

    agent: str
    account: int
    database: str


class Tries:
    """A few tries a minute for each address and for all together, so that no code can be guessed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, each: int = 5, all_together: int = 60) -> None:
        self._clock, self._each, self._all = clock, each, all_together
        self._recent: deque[tuple[float, str]] = deque()

    def allowed(self, address: str) -> bool:
        """Count a try, or refuse it. Holds no more than the tries of a minute."""
        now = self._clock()
        while self._recent and self._recent[0][0] <= now - 60:
            self._recent.popleft()
        if len(self._recent) >= self._all or sum(who == address for _, who in self._recent) >= self._each:
            return False
        self._recent.append((now, address))
        return True


def address_of(request: web.Request) -> str:
    """Who asks: the peer or, where that is a proxy on this machine, whom it names last. What stands before that, anybody may write."""
    named = ",".join(request.headers.getall("X-Forwarded-For", [])).rpartition(",")[2].strip()
    return named if named and request.remote in _PROXIES else request.remote or ""


class Enrolment:
    """`POST /agent/v1/enroll`: a code and a public key become an agent."""

    def __init__(self, store: Store, hub: str, public_url: str, tries: Tries | None = None) -> None:
        self._store, self._hub, self._link = store, hub, link_url(public_url)
        self._tries = tries or Tries()

    def routes(self) -> list[web.RouteDef]:
        """Where agents enrol."""
        return [web.post(PATH, self._enroll)]

    async def _enroll(self, request: web.Request) -> web.Response:
        if not self._tries.allowed(address_of(request)):
            return web.json_response({"code": "too_many"}, status=429, headers={"Retry-After": "60"})
        try:
            asked = _Request.model_validate_json(await request.read())
        except ValidationError as error:
            field = next((str(e["loc"][0]) for e in error.errors(include_input=False) if e["loc"]), "body")
            return web.json_response({"code": "bad_request", "field": field}, status=400)
        enrolled = await self._use(asked)
        if enrolled is None:
            return web.json_response({"code": "bad_code"}, status=403)
        log.info(logger, "agent.enrolled", account=enrolled.account, agent=enrolled.agent, database=enrolled.database)
        return web.json_response(
            {"agent": enrolled.agent, "hub": self._hub, "database": enrolled.database, "link": self._link}
        )

    async def _use(self, asked: _Request) -> Enrolled | None:
        async with self._store.hub_writing() as connection:
            place = await _use_code(connection, asked.code)
            if place is None:
                return None
            enrolled = Enrolled(f"ag_{_random(_ID_LENGTH)}", *place)
            await connection.execute(
                insert(agents).values(
                    id=enrolled.agent,
                    account_id=enrolled.account,
                    database=enrolled.database,
                    public_key=asked.public_key,
                    enrolled_at=machine_now(),
                )
            )
            return enrolled


async def _use_code(connection: AsyncConnection, code: str) -> tuple[int, str] | None:
    """Use a code up: of two at the same moment, one finds it unused. None for a wrong, used or expired one alike."""
    now = machine_now()
    used = await connection.execute(
        update(enrolments)
        .where(enrolments.c.code_hash == _hashed(code), enrolments.c.used_at.is_(None), enrolments.c.expires_at > now)
        .values(used_at=now)
        .returning(enrolments.c.account_id, enrolments.c.database)
    )
    row = used.one_or_none()
    return None if row is None else (row.account_id, row.database)


def link_url(public_url: str) -> str:
    """Where an agent dials, from the hub's public address: `https://hub.example.ru` becomes `wss://hub.example.ru/agent/v1`."""
    url = urlsplit(public_url)
    return urlunsplit(("wss" if url.scheme == "https" else "ws", url.netloc, url.path.rstrip("/") + LINK_PATH, "", ""))
