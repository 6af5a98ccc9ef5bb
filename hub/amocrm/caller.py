"""One account's calls: a valid token, a place in the pace, one request, and what its answer means for the whole account."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hub.accounts import Account
from hub.amocrm import answers
from hub.amocrm.api import Json, Request
from hub.amocrm.hosts import Hosts
from hub.amocrm.limits import Limits, Pacer, Priority, Turn
from hub.amocrm.schema import CrmSchema
from hub.amocrm.tokens import TokenEndpoint, Tokens
from hub.amocrm.transport import REQUEST_SECONDS, Transport
from hub.amocrm.writing import ROBOT
from hub.crm import CrmBlocked, CrmBusy, CrmRefusesUser, CrmUnauthorised, CrmUnpaid
from hub.integrations import Blocked, Installation, Integrations
from wire import log
from wire.errors import NeedsOperator

logger = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE_SECONDS = {Priority.OPERATOR: 10.0, Priority.BACKGROUND: 30.0}
"""How long a request waits for its turn. Nothing was sent when it gives up."""


@dataclass(frozen=True)
class Tools:
    """What all accounts share."""

    integrations: Integrations
    endpoint: TokenEndpoint
    tokens: Tokens
    transport: Transport
    hosts: Hosts
    limits: Limits
    within_seconds: float = REQUEST_SECONDS


SCHEMA_HOLDS_SECONDS = 1.0
"""It changes when the account is prepared; to read it for each of a burst of requests costs more than some of them."""


class Caller:
    """One account. `as_user`: every request runs with the rights of this user."""

    def __init__(
        self, account: Account, tools: Tools, priority: Priority = Priority.BACKGROUND, as_user: int | None = None
    ) -> None:
        self.account = account
        self._tools, self._priority, self._as_user = tools, priority, as_user
        self._schema_text: str | None = None
        self._schema = CrmSchema()
        self._schema_holds_until = 0.0

    @property
    def author(self) -> int:
        """Who stands as the author of what is written: a person for what he clicked, else a robot."""
        return ROBOT if self._as_user is None else self._as_user

    @property
    def rate(self) -> int:
        """Requests a second."""
        return self._tools.limits.rate

    async def schema(self) -> CrmSchema:
        """What the account calls our things, as it stood in the store a second ago at most."""
        now = asyncio.get_running_loop().time()
        if now < self._schema_holds_until:
            return self._schema
        text = (await self._tools.integrations.writing(self.account)).crm_schema
        if text is None:
            raise NeedsOperator(f"Prepare account {self.account.id} first: our fields are not made there yet.")
        if text != self._schema_text:
            self._schema, self._schema_text = CrmSchema.model_validate_json(text), text
            for field in self._schema.lacks():
                log.warning(logger, "field.missed", account=self.account.id, field=field)
        self._schema_holds_until = now + SCHEMA_HOLDS_SECONDS
        return self._schema

    async def call(self, request: Request, parse: Callable[[Any], T]) -> T:
        """Send a request and read its answer; a token that is refused is renewed once."""
        return await self._call(request, lambda value, _base: parse(value))

    async def page(
        self, request: Request, name: str, parse: Callable[[Json], T | None]
    ) -> tuple[list[T], Request | None]:
        """One page of a list without what `parse` leaves out, and the request of the next one."""

        def read(value: Any, base: str) -> tuple[list[T], Request | None]:
            items = map(parse, answers.embedded(value, name))
            return [item for item in items if item is not None], answers.next_page(request, value, base)

        return await self._call(request, read)

    async def _call(self, request: Request, parse: Callable[[Any, str], T]) -> T:
        installation = await self._tools.tokens.current(self.account)
        if self._as_user is not None:
            return await self._as(installation, request, parse)
        try:
            return await self._once(installation, request, parse)
        except CrmUnauthorised:
            installation = await self._tools.tokens.renewed(self.account, installation.version)
        try:
            return await self._once(installation, request, parse)
        except CrmUnauthorised:
            await self._tools.integrations.refused(installation)
            log.error(logger, "account.refused", account=self.account.id, hint=answers.INSTALL_AGAIN)
            raise

    async def _as(self, installation: Installation, request: Request, parse: Callable[[Any, str], T]) -> T:
        """A refusal may be meant for the user: it says nothing of the token and stops nothing. Whoever wants to know, asks without one."""
        try:
            return await self._once(installation, request, parse)
        except CrmUnpaid:
            raise
        except NeedsOperator:
            raise CrmRefusesUser from None

    async def _once(self, installation: Installation, request: Request, parse: Callable[[Any, str], T]) -> T:
        pacer = self._tools.limits.of(installation.integration, self.account.id)
        base = self._tools.hosts.base(installation.host)
        headers = {"Authorization": f"Bearer {installation.pair.access}"}
        if self._as_user is not None:
            headers["X-Context-User-ID"] = str(self._as_user)
        within = self._tools.within_seconds
        async with pacer.turn(self._priority, PATIENCE_SECONDS[self._priority]) as turn:
            answer = await self._tools.transport.send(base, request, headers, turn, within_seconds=within)
        try:
            value = answers.decipher(request, answer)
            pacer.served(turn.sent_at or pacer.now())
            read = parse(value, base)
        except CrmBusy as busy:
            raise self._paused(pacer, turn, busy) from None
        except (CrmUnpaid, CrmBlocked) as stopped:
            if self._as_user is None:
                await self._stop(installation, stopped)
            raise
        except ValueError:
            log.error(logger, "answer.garbled", account=self.account.id, kind=request.method, path=request.path)
            raise answers.unknown_outcome(request) from None
        if installation.blocked == "unpaid" and request.writes:
            await self._tools.integrations.unblock(self.account, "unpaid")
        return read

    def _paused(self, pacer: Pacer, turn: Turn, busy: CrmBusy) -> CrmBusy:
        seconds = pacer.busy(turn.sent_at or pacer.now(), busy.after)
        log.warning(logger, "account.paused", account=self.account.id, seconds=seconds)
        return CrmBusy(seconds)

    async def _stop(self, installation: Installation, stopped: CrmUnpaid | CrmBlocked) -> None:
        why: Blocked = "unpaid" if isinstance(stopped, CrmUnpaid) else "blocked"
        if installation.blocked != why:
            await self._tools.integrations.block(self.account, why)
            log.error(logger, "account.stopped", account=self.account.id, reason=why, hint=stopped.hint)
