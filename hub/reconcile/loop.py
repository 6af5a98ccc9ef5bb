"""Finds who is to be looked at, account by account. When a delivery fails: wait, tell an operator, or put aside, and go on."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import SystemRandom
from typing import Never

from sqlalchemy import select, update

from hub.accounts import Account, grant_operation
from hub.clock import Clock, machine_now
from hub.crm import Crm
from hub.links import waiting
from hub.links.outcomes import NOBODY, count_nobodys
from hub.links.settings import read_settings
from hub.news import News
from hub.reconcile.delivery import Delivery
from hub.reconcile.intents import Intent, open_ones
from hub.reconcile.resolve import resolve
from hub.reconcile.settle import put_aside, settle
from hub.rules.model import PatientKey
from hub.rules.settings import Settings
from hub.store.engine import Store, is_away
from hub.store.tables import accounts
from wire import log
from wire.errors import NeedsOperator, Retry

logger = logging.getLogger(__name__)

AT_ONCE = 200
"""Patients of one step."""
LONGEST_WAIT_SECONDS = 60.0
OPERATOR_WAIT_SECONDS = 60.0
LOOK_EVERY_SECONDS = 1.0
"""What nobody wakes us for (a first load, settings, a job's doing) is seen after so long."""
CLOCK_EVERY_SECONDS = 0.1
"""The business clock may be driven: it is asked, not waited for."""

_RANDOM = SystemRandom()
_MISTAKE = "internal_error"
_NEEDS_OPERATOR = "needs_operator"


@dataclass
class _Patience:
    """How an account's last steps went. After a mistake of ours it is `careful` for so many steps, one patient each, as there were
    patients in hand: until the one that it comes from is found and, as `suspect`, put aside, or each has had its turn."""

    failures: int = 0
    rests_until: float = 0.0
    careful: int = 0
    in_hand: tuple[PatientKey, ...] = ()
    suspect: tuple[PatientKey, ...] = ()
    served_at: float = 0.0


@dataclass(frozen=True)
class _Found:
    """What a step has to do."""

    to: Delivery
    keys: list[PatientKey]
    open_intents: list[Intent]


class Reconcile:
    """Deliveries of all accounts. `run` may be started several times: each serves an account that no other serves."""

    def __init__(
        self,
        store: Store,
        crm_of: Callable[[Account], Crm],
        clock: Clock,
        *,
        wake: asyncio.Event | None = None,
        news: News | None = None,
        jitter: Callable[[], float] = _RANDOM.random,
        now: Callable[[], datetime] = machine_now,
    ) -> None:
        self.wake, self._news = wake or asyncio.Event(), news or News()
        self._store, self._crm_of, self._clock, self._jitter, self._now = store, crm_of, clock, jitter, now
        self._patience: dict[int, _Patience] = {}
        self._busy: set[int] = set()
        self._looking = asyncio.Lock()

    async def run(self) -> Never:
        """Deliver for ever. Of several runners one looks for work, the others deliver or wait for their turn to look."""
        while True:
            async with self._looking:
                account = await self._next()
            await self.serve(account)

    async def ready(self) -> list[Account]:
        """The accounts that have work, do not rest, and that nobody serves; first the one that waits longest for its turn."""
        async with self._store.hub_reading() as connection:
            ids = await waiting.accounts_with_work(connection, self._clock.now())
        now = _machine_seconds()
        found = [i for i in ids if i not in self._busy and self._of(i).rests_until <= now]
        return [grant_operation(i) for i in sorted(found, key=lambda i: self._of(i).served_at)]

    async def serve(self, account: Account) -> int:
        """One step for an account, whatever happens to it; says how many patients were settled."""
        self._busy.add(account.id)
        try:
            return await self._fenced(account)
        finally:
            self._of(account.id).served_at = _machine_seconds()
            self._busy.discard(account.id)
            self.wake.set()

    async def _next(self) -> Account:
        while True:
            self.wake.clear()
            for account in await self.ready():
                self._busy.add(account.id)
                return account
            await self._wait()

    async def _wait(self) -> None:
        """Until someone wakes us, a patient is due by business time, an account has rested, or it is time to look anyway."""
        async with self._store.hub_reading() as connection:
            due = await waiting.next_due(connection, self._clock.now())
        now = _machine_seconds()
        rests = [patience.rests_until for patience in self._patience.values() if patience.rests_until > now]
        until = min([now + LOOK_EVERY_SECONDS, *rests])
        while not self.wake.is_set() and _machine_seconds() < until and (due is None or self._clock.now() < due):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOCK_EVERY_SECONDS):
                    await self.wake.wait()

    async def step(self, account: Account, at_once: int = AT_ONCE) -> int:
        """Settle some of the account's patients; says how many. Raises what the CRM raises."""
        found = await self._look(account, at_once)
        if found is None:
            return 0
        to = found.to
        await resolve(to, found.open_intents)
        await self._count_nobodys(to, [key for key in found.keys if key.patient == NOBODY])
        patients = tuple(key for key in found.keys if key.patient != NOBODY)
        self._of(account.id).in_hand = patients
        settled = await settle(to, patients) if patients else 0
        self._of(account.id).in_hand = ()
        return len(found.keys) - len(patients) + settled

    async def _look(self, account: Account, at_once: int) -> _Found | None:
        """What is to be done at this moment; None: not configured, paused, or nothing loaded yet."""
        async with self._store.reading(account) as unit:
            settings = _followed(await read_settings(unit))
            clinics = await waiting.clinics(unit)
            keys = await waiting.waiting(unit, clinics.keys(), self._clock.now(), at_once) if clinics else []
            open_intents = await open_ones(unit)
            gate_opens = await waiting.has_gate_to_open(unit)
        if settings is None or settings.paused:
            return None
        if gate_opens:
            async with self._store.writing(account) as unit:
                await waiting.open_gates(unit)
            return await self._look(account, at_once)
        if not clinics:
            return None
        to = Delivery(
            self._store, account, self._crm_of(account), settings, clinics, self._clock, self._news, self._now
        )
        return _Found(to, keys, open_intents)

    async def _count_nobodys(self, to: Delivery, keys: list[PatientKey]) -> None:
        for key in keys:
            async with self._store.writing(to.account) as unit:
                marks = await waiting.marks(unit, key.database, [NOBODY])
                await count_nobodys(unit, to.clinics[key.database], self._clock.now())
                await waiting.clear_dirty(unit, list(marks.values()))

    async def _fenced(self, account: Account) -> int:
        """Whatever happens to one account, the others go on."""
        patience = self._of(account.id)
        try:
            return await self._attempt(account, patience)
        except Exception as mistake:  # noqa: BLE001 one clinic's bug must not stop the others: put aside and go on
            if not is_away(mistake):
                log.defect(logger, "delivery.failed", mistake, account=account.id)
                patience.suspect = patience.in_hand if patience.careful else ()
                patience.careful = len(patience.in_hand)
            self._rest(account, patience, None)
        return 0

    async def _attempt(self, account: Account, patience: _Patience) -> int:
        patience.in_hand = ()
        try:
            await self._put_suspect_aside(account, patience)
            settled = await self.step(account, 1 if patience.careful else AT_ONCE)
        except Retry as retry:
            self._rest(account, patience, retry.after)
            return 0
        except NeedsOperator as needed:
            await self._say(account, needed)
            patience.rests_until = _machine_seconds() + OPERATOR_WAIT_SECONDS
            return 0
        patience.failures = 0
        patience.careful = max(0, patience.careful - 1) if settled else 0
        if settled:
            await self._say(account, None)
        else:  # it waits for what nobody wakes us for
            patience.rests_until = _machine_seconds() + LOOK_EVERY_SECONDS
        return settled

    async def _put_suspect_aside(self, account: Account, patience: _Patience) -> None:
        found = await self._look(account, 1) if patience.suspect else None
        if found is not None:
            await put_aside(found.to, patience.suspect, _MISTAKE)
            patience.suspect, patience.careful = (), 0

    async def _say(self, account: Account, needed: NeedsOperator | None) -> None:
        """That an operator is needed, or no more. Said once, and asked of the store: an install clears what stands there. What the CRM's
        client has said there is more exact, and its own to take back: only it knows what the CRM answers."""
        before, after = (None, _NEEDS_OPERATOR) if needed else (_NEEDS_OPERATOR, None)
        async with self._store.reading(account) as unit:
            said = await unit.execute(select(accounts.c.blocked).where(accounts.c.id == account.id))
            if said.scalar_one() != before:
                return
        async with self._store.writing(account) as unit:
            still = accounts.c.id == account.id, accounts.c.blocked == before
            await unit.execute(update(accounts).where(*still).values(blocked=after))
        if needed:
            log.error(logger, "account.blocked", account=account.id, code=_NEEDS_OPERATOR, hint=needed.hint)

    def _of(self, account_id: int) -> _Patience:
        return self._patience.setdefault(account_id, _Patience())

    def _rest(self, account: Account, patience: _Patience, after: float | None) -> None:
        """Twice as long each time, with full jitter; never shorter than the CRM asked."""
        patience.failures += 1
        longest = min(LONGEST_WAIT_SECONDS, 0.5 * 2.0 ** min(patience.failures, 10))
        seconds = max(after or 0.0, longest * self._jitter())
        patience.rests_until = _machine_seconds() + seconds
        log.warning(
            logger, "delivery.postponed", account=account.id, attempt=patience.failures, seconds=round(seconds, 1)
        )


def _followed(settings: Settings | None) -> Settings | None:
    if settings and settings.preset != "deal_per_inquiry":
        raise NeedsOperator("Choose the preset deal_per_inquiry: deal_per_visit is not configured yet.")
    return settings


def _machine_seconds() -> float:
    return asyncio.get_running_loop().time()
