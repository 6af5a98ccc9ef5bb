"""What an operator does in the panel: chooses whose deal it is (R11), takes that back, confirms the next visit (R26). What it does to
the deal is for the rules to say."""

from dataclasses import replace
from datetime import UTC
from typing import Annotated
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from hub.amocrm.client import AmoCrms
from hub.amocrm.limits import Priority
from hub.clock import Clock
from hub.crm import AnswerLost, CrmRefusesUser
from hub.links import own
from hub.links.choices import forget_choice, save_choice
from hub.links.confirmations import Confirmation, forget_confirmation, read_confirmation, save_confirmation
from hub.links.records import read_records
from hub.links.settings import read_settings
from hub.news import News
from hub.panel.card import Cards
from hub.panel.door import PREFIX, Door, asked
from hub.panel.journal import Journal
from hub.panel.model import Panel, VisitCard
from hub.panel.rights import Rights
from hub.panel.visitor import Told, Visitor
from hub.rules.explain import branch_time
from hub.rules.fields import DealField
from hub.rules.model import PatchDeal, PatientKey
from hub.store.engine import Store, Unit
from wire.errors import NeedsOperator, Park, Retry

NOT_AMONG = "Этого пациента нет на номерах сделки. Найдите его поиском в карточке и выберите ещё раз."
NOT_NEXT = "Этот приём уже не ближайший. Обновите карточку и посмотрите, когда пациент записан."
NOT_AHEAD = "Подтвердить можно только будущий приём."
ANOTHERS = "Эта сделка другого пациента. Подтвердите приём в его сделке."
ELSEWHERE = "Этот приём не в этой сделке. Если он записан только что, повторите через несколько секунд."
MAY_NOT_WRITE = "У вас нет права менять эту сделку в amoCRM. Доступ даёт администратор аккаунта."
NOT_TAKEN = "amoCRM не приняла подтверждение. Повторите; если не поможет, сообщите администратору."
PAUSED = "Запись в amoCRM на паузе, подтверждение не записано. Повторите, когда администратор снимет паузу в настройках виджета."
GONE = "Этой сделки в amoCRM больше нет: возможно, её удалили или объединили с другой."
_NAME_LENGTH = 100
"""amoCRM keeps 256 characters of a text."""

_Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}:[A-Za-z0-9_.-]{1,64}$")]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Choice(_Body):
    patient: _Key


class _Confirmed(_Body):
    visit: _Key


class Actions:
    """Of one hub."""

    def __init__(
        self, store: Store, amocrms: AmoCrms, rights: Rights, journal: Journal, cards: Cards, clock: Clock, news: News
    ) -> None:
        self._store, self._amocrms, self._rights = store, amocrms, rights
        self._journal, self._cards, self._clock, self._news = journal, cards, clock, news

    def routes(self, door: Door) -> tuple[web.RouteDef, ...]:
        """Where they are asked for."""
        deal = PREFIX + r"/deals/{deal_id:\d{1,18}}"
        return (
            door.route("PUT", f"{deal}/patient", self._choose),
            door.route("DELETE", f"{deal}/patient", self._forget),
            door.route("POST", f"{deal}/confirmation", self._confirm),
        )

    async def _choose(self, request: web.Request, visitor: Visitor) -> Panel:
        key = _patient(await asked(request, _Choice))
        deal_id = await self._seen(request, visitor)
        if not await self._cards.may_choose(visitor, deal_id, key):
            raise Told(400, "bad_question", NOT_AMONG)
        await self._journal.note(visitor, "choose", (f"deal:{deal_id}", str(key)))
        async with self._store.writing(visitor.account) as unit:
            await save_choice(unit, deal_id, key, visitor.user_id, self._clock.now())
        return await self._done(visitor, deal_id)

    async def _forget(self, request: web.Request, visitor: Visitor) -> Panel:
        deal_id = await self._seen(request, visitor)
        await self._journal.note(visitor, "forget", (f"deal:{deal_id}",))
        async with self._store.writing(visitor.account) as unit:
            await forget_choice(unit, deal_id)
        return await self._done(visitor, deal_id)

    async def _confirm(self, request: web.Request, visitor: Visitor) -> Panel:
        visit = (await asked(request, _Confirmed)).visit
        deal_id = await self._seen(request, visitor)
        panel = await self._cards.deal(visitor, deal_id)
        if panel.patient is None or panel.patient.next_visit is None or panel.patient.next_visit.id != visit:
            raise Told(400, "bad_question", NOT_NEXT)
        if panel.patient.next_visit.status not in ("future", "moved"):
            raise Told(400, "bad_question", NOT_AHEAD)
        before, wanted = await self._as_it_stands(visitor, deal_id, panel.patient.id, panel.patient.next_visit)
        await self._journal.note(visitor, "confirm", (f"deal:{deal_id}", panel.patient.id, f"visit:{visit}"))
        await self._bring_about(visitor, before, wanted)
        return await self._done(visitor, deal_id)

    async def _done(self, visitor: Visitor, deal_id: int) -> Panel:
        """The card as it is now; whoever else has it open, asks again."""
        self._news.tell_deals(visitor.account.id, (deal_id,))
        return await self._cards.deal(visitor, deal_id)

    async def _seen(self, request: web.Request, visitor: Visitor) -> int:
        """The deal that the request is about; whoever may not see it may not touch it."""
        deal_id = int(request.match_info["deal_id"])
        await self._rights.seen_deal(visitor, deal_id)
        return deal_id

    async def _as_it_stands(
        self, visitor: Visitor, deal_id: int, patient: str, shown: VisitCard
    ) -> tuple[Confirmation | None, Confirmation]:
        """What was confirmed before, and what is to be; the same where nothing has changed since."""
        user = await self._rights.user(visitor)
        async with self._store.reading(visitor.account) as unit:
            settings = await read_settings(unit)
            if settings and settings.paused:
                raise Told(409, "paused", PAUSED)
            branch = await _branch(unit, deal_id, patient, shown.id)
            before = await read_confirmation(unit, deal_id)
        now, zone = self._clock.now(), shown.start.tzinfo or UTC
        name = user.name.strip()[:_NAME_LENGTH] or f"Пользователь {user.id}"
        database, _, visit = shown.id.partition(":")
        home = ZoneInfo(settings.zone) if settings else None
        text = f"{name}, {branch_time(now, zone, home)}: {branch_time(shown.start, zone, home)}"
        wanted = Confirmation(deal_id, database, visit, shown.start, branch, user.id, text, now)
        if before and replace(before, user_id=user.id, text=text, at=now) == wanted:
            return before, before
        return before, wanted

    async def _bring_about(self, visitor: Visitor, before: Confirmation | None, wanted: Confirmation) -> None:
        """Kept first: a field that nobody watches would outlive its visit. A click after a lost answer looks at the field again."""
        if wanted != before:
            await self._keep(visitor, wanted)
        try:
            await self._write(visitor, wanted)
        except AnswerLost:
            raise
        except (Retry, Park, NeedsOperator, Told) as error:
            await self._take_back(visitor, before, wanted)
            if isinstance(error, Retry | Told):
                raise
            raise Told(403, "refused", MAY_NOT_WRITE if isinstance(error, CrmRefusesUser) else NOT_TAKEN) from None

    async def _write(self, visitor: Visitor, confirmation: Confirmation) -> None:
        """As this user, and only where the field does not say so already. It is read by the hub, whose question renews a worn-out token."""
        crm_of, deal_id = self._amocrms.crm_of, confirmation.deal_id
        deal = (await crm_of(visitor.account, Priority.OPERATOR).deals([deal_id])).get(deal_id)
        if deal is None:
            raise Told(404, "unknown_card", GONE)
        if deal.fields.get(DealField.CONFIRMED) != confirmation.text:
            as_user = crm_of(visitor.account, Priority.OPERATOR, as_user=visitor.user_id)
            await as_user.patch_deals([PatchDeal(deal_id, fields={DealField.CONFIRMED: confirmation.text})])

    async def _keep(self, visitor: Visitor, confirmation: Confirmation) -> None:
        async with self._store.writing(visitor.account) as unit:
            await save_confirmation(unit, confirmation)

    async def _take_back(self, visitor: Visitor, before: Confirmation | None, wanted: Confirmation) -> None:
        async with self._store.writing(visitor.account) as unit:
            await forget_confirmation(unit, wanted)
            if before and before != wanted:
                await save_confirmation(unit, before)


async def _branch(unit: Unit, deal_id: int, patient: str, visit: str) -> str | None:
    """The branch of a visit that stands in this deal, as the hub knows it; or why it may not be confirmed here."""
    found = await own.read_deal(unit, deal_id)
    if found is None:
        raise Told(400, "bad_question", ELSEWHERE)
    key = found[0]
    if str(key) != patient:
        raise Told(400, "bad_question", ANOTHERS)
    links = await own.read_links(unit, key.database, [key.patient])
    if links.get(key.patient, {}).get(visit.partition(":")[2]) != deal_id:
        raise Told(400, "bad_question", ELSEWHERE)
    _, visits = await read_records(unit, key.database, [key.patient])
    told = (record.visit for record in visits.get(key.patient, ()) if f"{key.database}:{record.visit.id}" == visit)
    return next((value.branch.id for value in told if value.branch), None)


def _patient(choice: _Choice) -> PatientKey:
    database, _, patient = choice.patient.partition(":")
    return PatientKey(database, patient)
