"""Opens a card: asks amoCRM what this user may see, the clinics who their patients are, and the hub's own records for the rest. What is
shown of all that, `hub.panel.compose` decides; it is in the access journal before it leaves."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from hub.accounts import Account
from hub.clock import Clock
from hub.crm import User
from hub.link.lookups import ClinicAway, LookupFailed, Lookups
from hub.links.confirmations import Confirmation, read_confirmation
from hub.panel import subjects
from hub.panel.compose import Composed, Facts, compose, shown_of
from hub.panel.door import PREFIX, Door
from hub.panel.facts import Answers, Known, Site, Somebody, Subject, completed, remembered
from hub.panel.freshness import freshness, worst
from hub.panel.journal import Journal
from hub.panel.known import Links, macs, read_account, read_beside, read_known, read_sites, with_phones
from hub.panel.model import Freshness, Panel
from hub.panel.model import Rights as MayDo
from hub.panel.offered import Offered
from hub.panel.rights import Rights, granted
from hub.panel.streams import StreamKey, Watch
from hub.panel.visitor import Told, Visitor
from hub.panel.why import Reasons, reasons_of
from hub.rules.model import PatientKey
from hub.rules.settings import Settings
from hub.store.engine import Store
from wire.lookup import MAX_ASKED, MAX_PATIENTS, CardAnswer, CardQuestion

WITHIN_SECONDS = 3.0
OTHERS_WITHIN_SECONDS = 1.0
"""For clinics that are asked only for who else has these phones: the patient's own clinic is not kept waiting for them."""

NO_CLINIC = "Клиника ещё не подключена. Подключает её интегратор: он даст код для компьютера клиники."
NO_SETTINGS = "Виджет ещё не настроен. Администратор amoCRM может сделать это в настройках виджета."


@dataclass(frozen=True)
class _Open:
    """A card that this user may see, in an account that is configured."""

    visitor: Visitor
    subject: Subject
    settings: Settings
    sites: Mapping[str, Site]
    rights: MayDo


@dataclass(frozen=True)
class _Beside:
    """What only the hub knows: of the patient whom the card is about, and of the deal."""

    known: Known
    reasons: Reasons
    confirmation: Confirmation | None


class Cards:
    """The cards of all accounts."""

    def __init__(
        self,
        store: Store,
        rights: Rights,
        lookups: Lookups,
        links: Links,
        journal: Journal,
        clock: Clock,
        offered: Offered,
    ) -> None:
        self._store, self._rights, self._lookups, self._links = store, rights, lookups, links
        self._journal, self._clock, self._offered = journal, clock, offered

    def routes(self, door: Door) -> tuple[web.RouteDef, ...]:
        """Where cards are asked for. The contacts that a browser names are not looked at: amoCRM says whose the deal is."""
        return tuple(
            door.route("GET", f"{PREFIX}/{kind}s/{{id:\\d{{1,18}}}}", handler)
            for kind, handler in (("deal", self._get_deal), ("contact", self._get_contact))
        )

    async def deal(self, visitor: Visitor, deal_id: int) -> Panel:
        """The card of a deal."""
        return await self._panel(visitor, StreamKey("deal", deal_id))

    async def contact(self, visitor: Visitor, contact_id: int) -> Panel:
        """The card of a contact."""
        return await self._panel(visitor, StreamKey("contact", contact_id))

    async def may_choose(self, visitor: Visitor, deal_id: int, key: PatientKey) -> bool:
        """Whether the patient is on the phones of the deal, or was found by this user's search."""
        if self._offered.holds(visitor, key):
            return True
        card = await self._open(visitor, StreamKey("deal", deal_id))
        return isinstance(card, _Open) and key in (await self._composed(card)).patients

    async def watch(self, visitor: Visitor, key: StreamKey) -> Watch:
        """What concerns this card; raises `Told` where the visitor may not see it."""
        seen = await subjects.see(self._rights, visitor, key)
        async with self._store.reading(visitor.account) as unit:
            subject = await subjects.read_subject(unit, seen)
            keys = subject.keys or await with_phones(unit, subject.phones, MAX_PATIENTS)
            return Watch(frozenset(keys), macs(unit, subject.phones), subject.deal_id)

    async def freshness(self, visitor: Visitor, watch: Watch) -> Freshness | None:
        """Of the patient's clinic, else of the one that is worst off."""
        now = self._clock.now()
        async with self._store.reading(visitor.account) as unit:
            sites = await read_sites(unit, self._links, now)
        of = {key.database for key in watch.patients if len(watch.patients) == 1} & sites.keys() or sites.keys()
        return worst(
            freshness(sites[database].stand, now, named=len(sites) > 1) for database in sites if database in of
        )

    async def _get_deal(self, request: web.Request, visitor: Visitor) -> Panel:
        return await self.deal(visitor, int(request.match_info["id"]))

    async def _get_contact(self, request: web.Request, visitor: Visitor) -> Panel:
        return await self.contact(visitor, int(request.match_info["id"]))

    async def _panel(self, visitor: Visitor, key: StreamKey) -> Panel:
        """A card that is refused is a state of the panel, not an error."""
        try:
            card = await self._open(visitor, key)
        except Told as told:
            if told.code != "refused":
                raise
            return Panel(state="refused", now=self._clock.now(), reason=told.reason)
        if isinstance(card, Panel):
            return card
        composed = await self._composed(card)
        await self._journal.note(visitor, "card", (card.subject.name, *map(str, composed.patients)))
        return composed.panel

    async def _open(self, visitor: Visitor, key: StreamKey) -> _Open | Panel:
        """Rights come first: nothing is asked of the clinic for who may not see the card."""
        seen = await subjects.see(self._rights, visitor, key)
        user, now = await self._rights.user(visitor), self._clock.now()
        async with self._store.reading(visitor.account) as unit:
            settings, sites = await read_account(unit, self._links, now)
            if settings is None or not sites:
                return Panel(state="not_configured", now=now, reason=NO_SETTINGS if sites else NO_CLINIC)
            subject = await subjects.read_subject(unit, seen)
        return _Open(visitor, subject, settings, sites, may_do(user, settings))

    async def _composed(self, card: _Open) -> Composed:
        """While the clinics look, the hub reads what only it knows."""
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._beside(card))
            asking = tasks.create_task(self._answers(card))
        beside, answers = reading.result(), asking.result()
        card = replace(card, sites=self._as_they_left(card, answers))
        people = await self._people(card, answers, beside)
        return compose(
            Facts(
                subject=card.subject,
                settings=card.settings,
                sites=card.sites,
                answers=answers,
                people=people,
                rights=card.rights,
                now=self._clock.now(),
                why=beside.reasons.why,
                asks=beside.reasons.asks,
                confirmation=beside.confirmation,
            )
        )

    async def _beside(self, card: _Open) -> _Beside:
        deal_id, wanted = card.subject.deal_id, card.subject.wanted
        async with self._store.reading(card.visitor.account) as unit:
            return _Beside(
                known=await read_beside(unit, wanted) if wanted else Known(),
                reasons=await reasons_of(unit, deal_id, card.settings, is_nobodys=not wanted) if deal_id else Reasons(),
                confirmation=await read_confirmation(unit, deal_id) if deal_id else None,
            )

    def _as_they_left(self, card: _Open, answers: Answers) -> dict[str, Site]:
        """A clinic whose link was lost under the question is away since then."""
        now, account = self._clock.now(), card.visitor.account.id
        return {
            database: replace(
                site,
                stand=replace(site.stand, connected=False, left_at=self._links.left_at((account, database)) or now),
            )
            if site.stand.connected and database in answers.away
            else site
            for database, site in card.sites.items()
        }

    # Who they are

    async def _answers(self, card: _Open) -> Answers:
        """All clinics are asked at the same time."""
        found: dict[str, CardAnswer | LookupFailed] = {}
        async with asyncio.TaskGroup() as tasks:
            for database in card.sites:
                if question := question_of(card.subject, database):
                    within = within_seconds(card.subject, database)
                    tasks.create_task(self._ask(card.visitor.account, database, question, within, found))
        told = {database: found[database] for database in card.sites if database in found}
        return Answers(
            {database: one if isinstance(one, CardAnswer) else None for database, one in told.items()},
            frozenset(database for database, one in told.items() if isinstance(one, ClinicAway)),
        )

    async def _ask(
        self,
        account: Account,
        database: str,
        question: CardQuestion,
        within: float,
        found: dict[str, CardAnswer | LookupFailed],
    ) -> None:
        try:
            found[database] = await self._lookups.card(account, database, question, within)
        except LookupFailed as failed:
            found[database] = failed

    async def _people(self, card: _Open, answers: Answers, beside: _Beside) -> list[Somebody]:
        """As the clinics say; where one is silent, as the hub knows."""
        now = self._clock.now()
        people = answers.people(card.sites, card.settings, now)
        if answers.silent:
            people += await self._remembered(card, answers.silent, now)
        shown = shown_of(card.subject, people, answers.silent)
        if shown is None or shown.key.database in answers.silent:
            return people
        known = beside.known if shown.key == card.subject.wanted else await self._known_beside(card, shown.key)
        whole = completed(shown, known, card.settings, now)
        return [whole if one is shown else one for one in people]

    async def _remembered(self, card: _Open, silent: Collection[str], now: datetime) -> list[Somebody]:
        async with self._store.reading(card.visitor.account) as unit:
            on_phones = await with_phones(unit, card.subject.phones, MAX_PATIENTS, silent)
            known = await read_known(unit, [*(key for key in card.subject.keys if key.database in silent), *on_phones])
        kept = [
            remembered(card.sites[key.database], key.patient, one, card.settings, now) for key, one in known.items()
        ]
        return [one for one in kept if one]

    async def _known_beside(self, card: _Open, key: PatientKey) -> Known:
        async with self._store.reading(card.visitor.account) as unit:
            return await read_beside(unit, key)


# What follows is pure


def may_do(user: User, settings: Settings) -> MayDo:
    """R25."""
    rights = settings.rights
    return MayDo(
        money=granted(user, rights.money), family=granted(user, rights.family), search=granted(user, rights.search)
    )


def question_of(subject: Subject, database: str) -> CardQuestion | None:
    """What this clinic is asked; None: nothing. A patient's id means nothing to another clinic."""
    ids = tuple(key.patient for key in subject.keys if key.database == database)[:MAX_ASKED]
    return CardQuestion(phones=subject.phones, patient_ids=ids) if subject.phones or ids else None


def within_seconds(subject: Subject, database: str) -> float:
    """How long this clinic is waited for."""
    is_another = subject.wanted is not None and subject.wanted.database != database
    return OTHERS_WITHIN_SECONDS if is_another else WITHIN_SECONDS
