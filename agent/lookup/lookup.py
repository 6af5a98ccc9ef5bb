"""One question from the hub: is it a good one, may it be asked now, what is the answer, and a line in the journal."""

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import datetime
from time import monotonic
from typing import Any, Literal, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from agent import clock
from agent.lookup.card import card
from agent.lookup.rate import PER_MINUTE, Rate
from agent.lookup.search import search
from agent.lookup.source import Source
from agent.mis.book import SHIPPED, Book
from agent.mis.port import Mis, MisBusy, MisDown, MisError
from agent.outbox import Asked, Outbox
from agent.standing import Standing
from wire import log
from wire.frames import Ask
from wire.lookup import CardAnswer, CardQuestion, SearchAnswer, SearchQuestion

logger = logging.getLogger(__name__)

Q = TypeVar("Q", CardQuestion, SearchQuestion)
Code: TypeAlias = Literal["mis_down", "mis_refused", "busy", "late", "bad_question"]


class LookupFailed(Exception):
    """There is no answer; `code` says why."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code: Code = code


class Lookup:
    """Answers over two connections, so that a search never waits for a card."""

    def __init__(
        self,
        cards: Mis,
        searches: Mis,
        outbox: Outbox,
        standing: Standing,
        *,
        zone: ZoneInfo,
        fields: Collection[str],
        book: Book = SHIPPED,
        monotonic: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._cards, self._searches = (
            Source(mis, outbox.owners, standing, zone, fields, book) for mis in (cards, searches)
        )
        self._outbox, self._monotonic, self._now = outbox, monotonic, now
        self._rates = {ask: Rate(most) for ask, most in PER_MINUTE.items()}

    async def answer(self, ask: Ask) -> dict[str, Any]:
        """The answer's value; raises `LookupFailed`. It is in the journal before it is here."""
        try:
            async with asyncio.timeout(ask.deadline_ms / 1000):
                answer = await self._told(ask)
                patients = tuple(patient.id for patient in answer.patients)
                await self._outbox.journal.note(Asked(self._now(), ask.id, ask.ask, patients))
        except (TimeoutError, MisError, LookupFailed) as error:
            code = code_of(error)
            log.info(logger, "question.failed", kind=ask.ask, code=code)
            raise LookupFailed(code) from None
        return answer.dump()

    async def _told(self, ask: Ask) -> CardAnswer | SearchAnswer:
        if ask.ask == "card":
            card_question = _read(CardQuestion, ask)
            self._count(ask)
            return await card(card_question, self._cards, self._outbox)
        search_question = _read(SearchQuestion, ask)
        self._count(ask)
        return await search(search_question, self._searches, self._outbox)

    def _count(self, ask: Ask) -> None:
        if not self._rates[ask.ask].allows(self._monotonic()):
            raise LookupFailed("busy")


def _read(form: type[Q], ask: Ask) -> Q:
    try:
        return form.model_validate(ask.args)
    except ValidationError:
        raise LookupFailed("bad_question") from None


def code_of(error: TimeoutError | MisError | LookupFailed) -> Code:
    """What the hub is told of it."""
    match error:
        case LookupFailed():
            return error.code
        case TimeoutError():
            return "late"
        case MisBusy():
            return "busy"
        case MisDown():
            return "mis_down"
    return "mis_refused"
