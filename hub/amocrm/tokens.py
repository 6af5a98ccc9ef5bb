"""Keeps each installation's token pair alive. A refresh token works once: one refresher at a time, in this process by a lock and
among the nodes by a claim in the store; the next pair is durable before anybody uses it. Tokens are always read from the store."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Never, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from hub.accounts import Account
from hub.amocrm import oauth
from hub.amocrm.answers import ASK_SUPPORT, INSTALL_AGAIN, Answer, decipher, unknown_outcome
from hub.amocrm.api import Request
from hub.amocrm.hosts import Hosts
from hub.amocrm.oauth import ClientRefused, GrantRefused
from hub.amocrm.transport import Transport, Uncounted
from hub.clock import machine_now
from hub.crm import CrmBlocked, CrmDown, CrmUnauthorised
from hub.integrations import Installation, Integration, Integrations, Pair
from wire import log
from wire.errors import NeedsOperator, Park, Retry

logger = logging.getLogger(__name__)
T = TypeVar("T")

RENEW_BEFORE = timedelta(minutes=10)
RENEW_UNUSED_AFTER = timedelta(days=7)
"""A refresh token lives three months; an access token a day."""

CLAIM = timedelta(seconds=45)
"""Longer than a refresh can last: the request's deadline, and the time for keeping the pair."""

TOKEN_SECONDS = 10.0
TRY_AGAIN_AFTER = timedelta(seconds=30)
KEEP_WITHIN_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.1
_LOOK_FOR_UNUSED_EVERY_SECONDS = 3600.0

MAKE_LONG_LIVED = "Make a new long-lived token in amoCRM and install it: the old one is taken no more."


class TokenEndpoint:
    """amoCRM's token endpoint, spoken to with whichever of the integration's secrets it knows."""

    def __init__(self, transport: Transport, hosts: Hosts, now: Callable[[], datetime] = machine_now) -> None:
        self._transport, self._hosts, self._now = transport, hosts, now

    async def exchange(self, integration: Integration, host: str, code: str) -> Pair:
        """A code into a pair."""
        return await self._granted(integration, host, lambda secret: oauth.exchange(integration, secret, code))

    async def refresh(self, integration: Integration, host: str, token: str) -> Pair:
        """A refresh token into the next pair; it is spent, even if no answer comes."""
        return await self._granted(integration, host, lambda secret: oauth.refresh(integration, secret, token))

    async def host_now(self, pair: Pair) -> str | None:
        """The account's present host: its subdomain may have been changed. None where amoCRM does not tell."""
        domain = self._hosts.known(oauth.claims(pair.access).api_domain or "")
        if domain is None or pair.refresh is None:
            return None
        try:
            told = decipher(oauth.subdomain(), await self._send(domain, oauth.subdomain(), pair.refresh))
        except (Retry, NeedsOperator, Park, ValueError):
            return None
        return self._hosts.known(oauth.text_of(told, "domain") or "")

    async def _granted(self, integration: Integration, host: str, ask: Callable[[str], Request]) -> Pair:
        for secret in integration.secrets[:-1]:
            try:
                return await self._ask(host, ask(secret))
            except ClientRefused:
                log.warning(logger, "secret.refused", kind=integration.key)
        return await self._ask(host, ask(integration.secrets[-1]))

    async def _ask(self, host: str, request: Request) -> Pair:
        answer = await self._send(host, request)
        try:
            return oauth.granted(request, answer, self._now())
        except ValueError:
            raise unknown_outcome(request) from None

    async def _send(self, host: str, request: Request, refresh_token: str | None = None) -> Answer:
        headers = {} if refresh_token is None else {"X-Refresh-Token": refresh_token}
        base = self._hosts.base(host)
        return await self._transport.send(base, request, headers, Uncounted(), within_seconds=TOKEN_SECONDS)


class Tokens:
    """The pairs of all accounts."""

    def __init__(
        self,
        integrations: Integrations,
        endpoint: TokenEndpoint,
        now: Callable[[], datetime] = machine_now,
        claim: timedelta = CLAIM,
    ) -> None:
        self._integrations, self._endpoint, self._now, self._claim = integrations, endpoint, now, claim
        self._locks: dict[int, asyncio.Lock] = {}
        self._not_before: dict[int, datetime] = {}

    async def current(self, account: Account) -> Installation:
        """The installation with a token that should be taken; renewed ahead of its end, if that is possible now."""
        installation = await self._integrations.writing(account)
        refuse_stopped(installation)
        if not self._wears_out(installation):
            return installation
        try:
            return await self.renewed(account, installation.version)
        except Retry:
            self._not_before[account.id] = self._now() + TRY_AGAIN_AFTER
            if self._is_over(installation):
                raise
            return installation

    async def renewed(self, account: Account, refused: int) -> Installation:
        """amoCRM refused the pair of this version: another pair, renewed only if nobody did it meanwhile."""
        async with self._locks.setdefault(account.id, asyncio.Lock()):
            try:
                async with asyncio.timeout((self._claim * 2).total_seconds()):
                    installation = await self._claimed(account, refused)
            except TimeoutError:
                raise CrmDown from None
            if installation.version != refused:
                return installation
            await carried_through(self._rotate(installation))
        return await self._integrations.writing(account)

    async def renew_unused(self) -> int:
        """The weekly step: pairs that nobody used are renewed, so that their refresh tokens do not die of age."""
        due = await self._integrations.due_for_refresh(self._now() - RENEW_UNUSED_AFTER)
        for account in due:
            try:
                installation = await self._integrations.writing(account)
                await self.renewed(account, installation.version)
            except (Retry, NeedsOperator, Park) as error:
                log.warning(logger, "token.kept", account=account.id, error=type(error).__name__)
        return len(due)

    async def keep_unused_alive(self) -> Never:
        """The loop around it."""
        while True:
            await self.renew_unused()
            await asyncio.sleep(_LOOK_FOR_UNUSED_EVERY_SECONDS)

    async def _claimed(self, account: Account, refused: int) -> Installation:
        """The installation with the right to refresh it, or with a newer pair, whichever comes first."""
        while True:
            installation = await self._integrations.writing(account)
            if installation.version != refused:
                return installation
            refuse_stopped(installation)
            if installation.pair.refresh is None:
                await self._stop(installation)
                raise CrmUnauthorised(MAKE_LONG_LIVED)
            if await self._integrations.claim(installation, self._claim):
                return installation
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def _rotate(self, installation: Installation) -> None:
        try:
            host, pair = await self._refresh(installation)
        except (GrantRefused, CrmUnauthorised):
            await self._stop(installation)
            raise CrmUnauthorised(INSTALL_AGAIN) from None
        except (Retry, NeedsOperator, Park) as error:
            await self._integrations.release(installation)
            if isinstance(error, CrmBlocked):
                await self._integrations.block(installation.account, "blocked")
            raise
        await self._keep(installation, host, pair)
        log.info(logger, "token.renewed", account=installation.account.id)

    async def _refresh(self, installation: Installation) -> tuple[str, Pair]:
        integration = await self._integrations.get(installation.integration)
        token, host = installation.pair.refresh or "", installation.host
        try:
            return host, await self._endpoint.refresh(integration, host, token)
        except (GrantRefused, CrmUnauthorised):
            moved = await self._endpoint.host_now(installation.pair)
            if moved in (None, host):
                raise
        log.info(logger, "account.moved", account=installation.account.id, host=moved)
        return moved, await self._endpoint.refresh(integration, moved, token)

    async def _keep(self, installation: Installation, host: str, pair: Pair) -> None:
        """The old pair is dead already: a store that is busy or away for a moment must not cost the new one."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + KEEP_WITHIN_SECONDS
        while True:
            try:
                await self._integrations.renew(installation, host, pair)
            except SQLAlchemyError as error:
                if clock() > deadline:
                    log.error(logger, "token.lost", account=installation.account.id, error=type(error).__name__)
                    raise
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
            else:
                return

    async def _stop(self, installation: Installation) -> None:
        await self._integrations.refused(installation)
        log.error(logger, "token.refused", account=installation.account.id, hint=INSTALL_AGAIN)

    def _wears_out(self, installation: Installation) -> bool:
        pair, now = installation.pair, self._now()
        if pair.refresh is None or pair.expires_at is None or now < pair.expires_at - RENEW_BEFORE:
            return False
        return self._is_over(installation) or now >= self._not_before.get(installation.account.id, now)

    def _is_over(self, installation: Installation) -> bool:
        return installation.pair.expires_at is not None and self._now() >= installation.pair.expires_at


def refuse_stopped(installation: Installation) -> None:
    """Ask nothing in the name of an account of which amoCRM has said that it takes nothing."""
    if installation.blocked == "blocked":
        raise CrmBlocked(ASK_SUPPORT)
    if installation.blocked == "unauthorised":
        raise CrmUnauthorised(INSTALL_AGAIN)


async def carried_through(work: Coroutine[Any, Any, T]) -> T:
    """Finish the work even if whoever waits for it is cancelled: a refresh token that was sent is spent, its answer must be kept.
    Each of its awaits has a deadline, so a stopping hub waits for a bounded time."""
    task = asyncio.ensure_future(work)  # noqa: TID251 no TaskGroup: those cancel what they hold
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # whoever waited is gone; looked at, so that asyncio does not complain
        raise
