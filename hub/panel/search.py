"""Finds a patient by what an operator typed (R25): a right of its own, few rows, so many an hour, and every find in the access journal."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.clock import Clock
from hub.link.lookups import LookupFailed, Lookups
from hub.panel.compose import NAMELESS
from hub.panel.door import PREFIX, Door, asked
from hub.panel.facts import Site, age_on
from hub.panel.journal import Journal
from hub.panel.known import Links, read_account
from hub.panel.model import Person
from hub.panel.offered import Offered
from hub.panel.rights import Rights, granted
from hub.panel.visitor import Told, Visitor
from hub.rules.model import PatientKey
from hub.store.engine import Store
from wire.lookup import MAX_FOUND, FoundPatient, SearchAnswer, SearchQuestion

AN_HOUR = 60
WITHIN_SECONDS = 3.0

TOO_FEW = "Введите не меньше четырёх букв или цифр: имя, телефон или номер карты."
TOO_LONG = "Слишком длинный запрос. Введите имя, телефон или номер карты."
MAY_NOT = "У вас нет права искать пациентов. Его даёт администратор amoCRM в настройках виджета."
NOT_CONFIGURED = "Поиск заработает, когда клинику подключат и виджет настроят."
TOO_MANY = "Слишком много поисков за час. Подождите немного или откройте карточку нужного контакта."
NO_ANSWER = "Клиника сейчас не отвечает, а поиск идёт прямо в IDENT. Повторите через минуту."
SILENT = "Нет ответа, там не искали"
LOADING = "Данные ещё загружаются, кого-то может не хватать"
_LONGEST = 100
_AGAIN_AFTER_SECONDS = 30


class Wanted(BaseModel):
    """What was typed. In the body: addresses stand in the logs of whatever lies between a browser and the hub."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    text: str = Field(repr=False)


class FoundPerson(Person):
    """One who fits. `next_visit_known` False: the clinic is not read so far yet, so that no day does not mean not booked."""

    next_visit_known: bool = True


class Found(BaseModel):
    """At most `MAX_FOUND` persons; `more`: others fit too, so type more; `unsearched`: where nobody looked, in words."""

    model_config = ConfigDict(frozen=True)

    persons: tuple[FoundPerson, ...]
    more: bool = False
    unsearched: str | None = None


class Searches:
    """Of all accounts."""

    def __init__(
        self,
        store: Store,
        rights: Rights,
        lookups: Lookups,
        links: Links,
        journal: Journal,
        clock: Clock,
        offered: Offered,
        hourly: "Hourly | None" = None,
    ) -> None:
        self._store, self._rights, self._lookups, self._links = store, rights, lookups, links
        self._journal, self._clock, self._offered = journal, clock, offered
        self._hourly = hourly or Hourly()

    def routes(self, door: Door) -> tuple[web.RouteDef, ...]:
        """Where searches are asked for."""
        return (door.route("POST", f"{PREFIX}/search", self._post, reads=True),)

    async def _post(self, request: web.Request, visitor: Visitor) -> Found:
        return await self.search(visitor, (await asked(request, Wanted)).text)

    async def search(self, visitor: Visitor, text: str) -> Found:
        """Whoever was found may be chosen for a deal from now on."""
        question = question_of(text)
        sites = await self._allowed(visitor)
        answers = await self._answers(visitor, sites, question)
        if not answers:
            raise Told(503, "busy", NO_ANSWER, _AGAIN_AFTER_SECONDS)
        hits = merged(answers)
        await self._journal.note(visitor, "search", tuple(str(hit.key) for hit in hits.shown))
        self._offered.put(visitor, [hit.key for hit in hits.shown])
        now = self._clock.now()
        return Found(
            persons=tuple(_person(hit, sites[hit.key.database], now) for hit in hits.shown),
            more=hits.more,
            unsearched=unsearched({database: site.stand.name for database, site in sites.items()}, answers),
        )

    async def _allowed(self, visitor: Visitor) -> Mapping[str, Site]:
        """The clinics that this user may search now. Whoever has no right does not use up tries."""
        user = await self._rights.user(visitor)
        async with self._store.reading(visitor.account) as unit:
            settings, sites = await read_account(unit, self._links, self._clock.now())
        if settings is None or not sites:
            raise Told(403, "refused", NOT_CONFIGURED)
        if not granted(user, settings.rights.search):
            raise Told(403, "refused", MAY_NOT)
        if wait := self._hourly.count(visitor):
            raise Told(429, "too_many", TOO_MANY, ceil(wait))
        return sites

    async def _answers(
        self, visitor: Visitor, sites: Mapping[str, Site], question: SearchQuestion
    ) -> dict[str, SearchAnswer]:
        async with asyncio.TaskGroup() as tasks:
            asking = {database: tasks.create_task(self._ask(visitor, database, question)) for database in sites}
        return {database: answer for database, task in asking.items() if (answer := task.result())}

    async def _ask(self, visitor: Visitor, database: str, question: SearchQuestion) -> SearchAnswer | None:
        try:
            return await self._lookups.search(visitor.account, database, question, WITHIN_SECONDS)
        except LookupFailed:
            return None


class Hourly:
    """How often each user searched within the last hour."""

    def __init__(
        self, most: int = AN_HOUR, seconds: float = 3600, now: Callable[[], float] = time.monotonic, held: int = 10_000
    ) -> None:
        self._most, self._seconds, self._now, self._held = most, seconds, now, held
        self._times: OrderedDict[tuple[int, int], deque[float]] = OrderedDict()

    def count(self, visitor: Visitor) -> float:
        """One more: 0, or after how many seconds it may be tried again. The users who searched longest ago are forgotten."""
        key, now = (visitor.account.id, visitor.user_id), self._now()
        times = self._times.setdefault(key, deque(maxlen=self._most))
        self._times.move_to_end(key)
        if len(self._times) > self._held:
            self._times.popitem(last=False)
        if len(times) == self._most and now - times[0] < self._seconds:
            return self._seconds - (now - times[0])
        times.append(now)
        return 0


# What follows is pure


@dataclass(frozen=True)
class Hit:
    """A patient who fits."""

    key: PatientKey
    patient: FoundPatient


@dataclass(frozen=True)
class Hits:
    """Of all clinics together."""

    shown: tuple[Hit, ...]
    more: bool


def question_of(text: str) -> SearchQuestion:
    """Raises `Told` where it is too little, or too much, to search by."""
    if len(text) > _LONGEST:
        raise Told(400, "bad_question", TOO_LONG)
    try:
        return SearchQuestion(text=text)
    except ValidationError:
        raise Told(400, "bad_question", TOO_FEW) from None


def merged(answers: Mapping[str, SearchAnswer]) -> Hits:
    """In the order of names, archived cards last."""
    hits = [Hit(PatientKey(database, one.id), one) for database, answer in answers.items() for one in answer.patients]
    hits.sort(key=lambda hit: (bool(hit.patient.archived), (hit.patient.name or "").casefold(), str(hit.key)))
    return Hits(tuple(hits[:MAX_FOUND]), len(hits) > MAX_FOUND or any(answer.more for answer in answers.values()))


def unsearched(names: Mapping[str, str], answers: Mapping[str, SearchAnswer]) -> str | None:
    """Who was not found may be there: clinics that are silent, or that are read for the first time. `names` of all of them."""
    silent = [name for database, name in names.items() if database not in answers]
    loading = [names[database] for database, answer in answers.items() if answer.partial]
    said = [f"{SILENT}: {', '.join(silent)}."] if silent else []
    if loading:
        said.append(f"{LOADING}: {', '.join(loading)}." if len(names) > 1 else f"{LOADING}.")
    return " ".join(said) or None


def _person(hit: Hit, site: Site, now: datetime) -> FoundPerson:
    return FoundPerson(
        id=str(hit.key),
        name=hit.patient.name or NAMELESS,
        age=age_on(hit.patient.birth_date, site.today(now)),
        next_visit_on=hit.patient.next_visit_on,
        next_visit_known="next_visit_on" in hit.patient.model_fields_set,
    )
