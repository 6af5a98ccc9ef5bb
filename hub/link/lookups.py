"""Asks a clinic and reads its answer. A question survives a reconnect: it is held for a moment, and asked again. Knows nothing of who
asks and of what is shown."""

import asyncio
from typing import TypeVar

from pydantic import ValidationError

from hub.accounts import Account
from hub.link.asks import LinkLost, Topic, Unanswered
from hub.link.connection import Connection
from hub.link.registry import Key, Registry
from hub.metrics import LOOKUPS
from wire.lookup import CardAnswer, CardQuestion, SearchAnswer, SearchQuestion

HOLD_SECONDS = 2.0
"""So long after the link was lost (or the hub started) an agent may be about to come back."""

A = TypeVar("A", CardAnswer, SearchAnswer)


class LookupFailed(Exception):
    """There is no answer; `code` is for counting."""

    code = "failed"


class ClinicAway(LookupFailed):
    """The clinic's agent is not connected."""

    code = "away"


class ClinicSilent(LookupFailed):
    """No answer came within the deadline."""

    code = "silent"


class ClinicFault(LookupFailed):
    """The agent says why it has no answer, or its answer cannot be read (`bad_answer`)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Lookups:
    """The questions that operators' cards come to."""

    def __init__(self, registry: Registry, hold_seconds: float = HOLD_SECONDS) -> None:
        self._registry, self._hold_seconds = registry, hold_seconds

    async def card(self, account: Account, database: str, question: CardQuestion, within_seconds: float) -> CardAnswer:
        """The patients of a card; raises `LookupFailed`."""
        return await self._answer(CardAnswer, "card", (account.id, database), question, within_seconds)

    async def search(
        self, account: Account, database: str, question: SearchQuestion, within_seconds: float
    ) -> SearchAnswer:
        """Who fits what was typed; raises `LookupFailed`."""
        return await self._answer(SearchAnswer, "search", (account.id, database), question, within_seconds)

    async def _answer(
        self, form: type[A], topic: Topic, key: Key, question: CardQuestion | SearchQuestion, within_seconds: float
    ) -> A:
        try:
            deadline = asyncio.get_running_loop().time() + within_seconds
            answer = _read(form, await self._asked(topic, key, question, deadline))
        except LookupFailed as failed:
            LOOKUPS.labels(topic, failed.code).inc()
            raise
        LOOKUPS.labels(topic, "answered").inc()
        return answer

    async def _asked(
        self, topic: Topic, key: Key, question: CardQuestion | SearchQuestion, deadline: float
    ) -> dict[str, object]:
        args, held_until = question.dump(), self._registry.lost_at(key) + self._hold_seconds
        while True:
            link = await self._link(key, min(held_until, deadline))
            try:
                return await link.asks.ask(topic, args, deadline)
            except LinkLost:
                held_until = asyncio.get_running_loop().time() + self._hold_seconds
            except TimeoutError:
                raise ClinicSilent from None
            except Unanswered as unanswered:
                raise ClinicSilent if unanswered.code == "late" else ClinicFault(unanswered.code) from None

    async def _link(self, key: Key, until: float) -> Connection:
        try:
            async with asyncio.timeout_at(until):
                return await self._registry.awaited(key)
        except TimeoutError:
            raise ClinicAway from None


def _read(form: type[A], value: dict[str, object]) -> A:
    try:
        return form.model_validate(value)
    except ValidationError:
        raise ClinicFault("bad_answer") from None
