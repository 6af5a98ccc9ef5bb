"""The integrations that the integrator registered with amoCRM, and the accounts in which they are installed: what the store
knows of them. Secrets and tokens are sealed; the network is the business of `hub.amocrm` and `hub.install`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.accounts import Account, grant_operation
from hub.clock import machine_now
from hub.store.engine import Store, Unit
from hub.store.tables import accounts, installations, integrations
from hub.store.vault import Vault
from wire.errors import NeedsOperator

Kind: TypeAlias = Literal["private", "public"]
Blocked: TypeAlias = Literal["unauthorised", "unpaid", "blocked"]


@dataclass(frozen=True)
class Integration:
    """One integration. While its secret is being changed in amoCRM, the next one is accepted too."""

    key: str
    kind: Kind
    client_id: str
    redirect_uri: str
    secret: str = field(repr=False)
    next_secret: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that amoCRM may know it by."""
        return (self.secret, self.next_secret) if self.next_secret else (self.secret,)


@dataclass(frozen=True)
class Pair:
    """What a code or a refresh token was exchanged into. Without a refresh token: a long-lived token."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Installation:
    """An integration in an account. `version` counts the pairs: whoever was refused knows which one was refused."""

    account: Account
    integration: str
    host: str
    pair: Pair
    version: int
    blocked: Blocked | None = None
    crm_schema: str | None = field(default=None, repr=False)


class Integrations:
    """Integrations stand above accounts; everything about an installation wants its account."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def put(self, integration: Integration) -> None:
        """Register it, or change what is known of it."""
        hub = self.store.keys.hub()
        values: dict[str, Any] = {
            "kind": integration.kind,
            "client_id": integration.client_id,
            "redirect_uri": integration.redirect_uri,
            "sealed_secret": hub.seal(integration.secret, _place("secret", integration.key)),
            "sealed_next_secret": _seal(hub, integration.next_secret, _place("next_secret", integration.key)),
        }
        async with self.store.hub_writing() as connection:
            await _refuse_known_client(connection, integration)
            changed = update(integrations).where(integrations.c.key == integration.key).values(values)
            if not (await connection.execute(changed)).rowcount:
                await connection.execute(insert(integrations).values(key=integration.key, **values))

    async def get(self, key: str) -> Integration:
        """The integration of this key."""
        async with self.store.hub_reading() as connection:
            row = (await connection.execute(select(integrations).where(integrations.c.key == key))).one_or_none()
        if row is None:
            raise NeedsOperator("Register the integration first: ident-hub integration add.")
        return self._integration(row)

    async def all(self) -> list[Integration]:
        """All that are registered."""
        async with self.store.hub_reading() as connection:
            rows = (await connection.execute(select(integrations).order_by(integrations.c.key))).all()
        return [self._integration(row) for row in rows]

    async def writing(self, account: Account) -> Installation:
        """The installation through which the hub acts in this account."""
        async with self.store.reading(account) as unit:
            row = (await unit.execute(_writers(account))).one_or_none()
            if row is None:
                raise NeedsOperator(f"Install an integration in account {account.id}: none is active there.")
            return _installation(unit, row)

    async def installed(self, client_id: str, account_id: int) -> tuple[Integration | None, str | None]:
        """The integration of this client, and the host of the account if it is installed there and active. A token says both ids, and
        proves them only afterwards: nobody has an account yet."""
        query = (
            select(integrations, accounts.c.host)
            .outerjoin_from(
                integrations,
                installations,
                (installations.c.integration == integrations.c.key)
                & (installations.c.account_id == account_id)
                & installations.c.active,
            )
            .outerjoin(accounts, accounts.c.id == installations.c.account_id)
            .where(integrations.c.client_id == client_id)
        )
        async with self.store.hub_reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return (None, None) if row is None else (self._integration(row), row.host)

    async def serves(self, host: str) -> bool:
        """Whether an account that lives at this host has an active installation."""
        query = (
            select(accounts.c.id)
            .join(installations, installations.c.account_id == accounts.c.id)
            .where(accounts.c.host == host, installations.c.active)
            .limit(1)
        )
        async with self.store.hub_reading() as connection:
            return (await connection.execute(query)).first() is not None

    async def due_for_refresh(self, expired_before: datetime) -> list[Account]:
        """Accounts whose pair was last renewed so long ago that its access token expired before that time."""
        stopped = select(accounts.c.id).where(accounts.c.blocked.is_not(None))
        due = select(installations.c.account_id).where(
            installations.c.active,
            installations.c.writes,
            installations.c.sealed_refresh.is_not(None),
            installations.c.expires_at < expired_before,
            installations.c.account_id.not_in(stopped),
        )
        async with self.store.hub_reading() as connection:
            return [grant_operation(row.account_id) for row in await connection.execute(due)]

    async def uninstall(self, account: Account, integration: str) -> bool:
        """The account's admin took the integration out: forget its tokens, call no more."""
        values = {"active": False, "sealed_access": None, "sealed_refresh": None, "expires_at": None}
        async with self.store.writing(account) as unit:
            gone = await unit.execute(update(installations).where(_is(account, integration)).values(values))
        return bool(gone.rowcount)

    async def claim(self, installation: Installation, for_: timedelta) -> bool:
        """Take the right to use its refresh token, which works once: nobody else may until it is renewed, released or over."""
        now = machine_now()
        free = installations.c.refresh_until.is_(None) | (installations.c.refresh_until < now)
        claimed = update(installations).where(_is_still(installation), free).values(refresh_until=now + for_)
        async with self.store.writing(installation.account) as unit:
            return bool((await unit.execute(claimed)).rowcount)

    async def release(self, installation: Installation) -> None:
        """The refresh token was not taken, as far as we know: whoever comes next may try it."""
        async with self.store.writing(installation.account) as unit:
            await unit.execute(update(installations).where(_is_still(installation)).values(refresh_until=None))

    async def renew(self, installation: Installation, host: str, pair: Pair) -> None:
        """Keep the pair that followed this installation's, unless another one was installed meanwhile."""
        account = installation.account
        async with self.store.writing(account) as unit:
            values = _sealed(unit, installation.integration, pair) | {
                "token_version": installation.version + 1,
                "refresh_until": None,
            }
            if (await unit.execute(update(installations).where(_is_still(installation)).values(values))).rowcount:
                await unit.execute(update(accounts).where(accounts.c.id == account.id).values(host=host))
                await _unblock(unit, "unauthorised")

    async def refused(self, installation: Installation) -> None:
        """amoCRM takes neither of its tokens: stop, unless another pair came meanwhile."""
        async with self.store.writing(installation.account) as unit:
            released = update(installations).where(_is_still(installation)).values(refresh_until=None)
            if (await unit.execute(released)).rowcount:
                await _block(unit, "unauthorised")

    async def block(self, account: Account, why: Blocked) -> None:
        """Say why nothing is sent."""
        async with self.store.writing(account) as unit:
            await _block(unit, why)

    async def unblock(self, account: Account, why: Blocked) -> None:
        """This reason is over; another one stays."""
        async with self.store.writing(account) as unit:
            await _unblock(unit, why)

    def _integration(self, row: Row[Any]) -> Integration:
        hub = self.store.keys.hub()
        return Integration(
            key=row.key,
            kind=row.kind,
            client_id=row.client_id,
            redirect_uri=row.redirect_uri,
            secret=hub.open(row.sealed_secret, _place("secret", row.key)),
            next_secret=_open(hub, row.sealed_next_secret, _place("next_secret", row.key)),
        )


async def install(unit: Unit, integration: str, host: str, pair: Pair) -> None:
    """Keep a new pair of an account, which may be new too. Whatever stopped the account before is over. The first integration of
    an account writes, a further one does not: two would undo each other's work."""
    account = unit.account
    known = update(accounts).where(accounts.c.id == account.id).values(host=host, blocked=None)
    if not (await unit.execute(known)).rowcount:
        await unit.execute(insert(accounts).values(id=account.id, host=host, created_at=machine_now()))
    others = _writers(account).where(installations.c.integration != integration)
    values = _sealed(unit, integration, pair) | {
        "active": True,
        "writes": (await unit.execute(others)).first() is None,
        "refresh_until": None,
    }
    again = update(installations).where(_is(account, integration))
    renewed = await unit.execute(again.values(token_version=installations.c.token_version + 1, **values))
    if not renewed.rowcount:
        first = insert(installations).values(account_id=account.id, integration=integration, token_version=1, **values)
        await unit.execute(first)


def _writers(account: Account) -> Select[Any]:
    return (
        select(installations, accounts.c.host, accounts.c.blocked, accounts.c.crm_schema)
        .join(accounts, accounts.c.id == installations.c.account_id)
        .where(installations.c.account_id == account.id, installations.c.writes, installations.c.active)
    )


def _is(account: Account, integration: str) -> Any:
    return (installations.c.account_id == account.id) & (installations.c.integration == integration)


def _is_still(installation: Installation) -> Any:
    same = _is(installation.account, installation.integration)
    return same & installations.c.active & (installations.c.token_version == installation.version)


def _installation(unit: Unit, row: Row[Any]) -> Installation:
    def opened(column: str) -> str | None:
        return _open(unit.vault, getattr(row, f"sealed_{column}"), _token_place(column, unit, row.integration))

    return Installation(
        account=unit.account,
        integration=row.integration,
        host=row.host,
        pair=Pair(opened("access") or "", opened("refresh"), row.expires_at),
        version=row.token_version,
        blocked=row.blocked,
        crm_schema=row.crm_schema,
    )


def _sealed(unit: Unit, integration: str, pair: Pair) -> dict[str, Any]:
    return {
        "sealed_access": unit.vault.seal(pair.access, _token_place("access", unit, integration)),
        "sealed_refresh": _seal(unit.vault, pair.refresh, _token_place("refresh", unit, integration)),
        "expires_at": pair.expires_at,
    }


async def _block(unit: Unit, why: Blocked) -> None:
    await unit.execute(update(accounts).where(accounts.c.id == unit.account.id).values(blocked=why))


async def _unblock(unit: Unit, why: Blocked) -> None:
    over = (accounts.c.id == unit.account.id) & (accounts.c.blocked == why)
    await unit.execute(update(accounts).where(over).values(blocked=None))


async def _refuse_known_client(connection: AsyncConnection, integration: Integration) -> None:
    same = (integrations.c.client_id == integration.client_id) & (integrations.c.key != integration.key)
    other = (await connection.execute(select(integrations.c.key).where(same))).scalar_one_or_none()
    if other is not None:
        raise NeedsOperator(f"Use the integration {other}: it has this client id already.")


def _place(column: str, key: str) -> str:
    return f"integrations.{column}:{key}"


def _token_place(column: str, unit: Unit, integration: str) -> str:
    return f"installations.{column}:{unit.account.id}:{integration}"


def _seal(vault: Vault, value: str | None, place: str) -> bytes | None:
    return None if value is None else vault.seal(value, place)


def _open(vault: Vault, sealed: bytes | None, place: str) -> str | None:
    return None if sealed is None else vault.open(sealed, place)
