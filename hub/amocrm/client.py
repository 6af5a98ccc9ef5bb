"""Implements the port `hub.crm` for amoCRM: what it takes to do a thing to many. Batches, halves, pages, and what is known when only
a part went through. What an item looks like stands in `reading` and `writing`, how a request travels in `caller`."""

import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from hub.accounts import Account
from hub.amocrm import answers, api, reading, writing
from hub.amocrm.answers import TooMuch
from hub.amocrm.api import BATCH, Entity, Json, Request
from hub.amocrm.batches import cut, halves, without
from hub.amocrm.caller import Caller, Tools
from hub.amocrm.hosts import Hosts
from hub.amocrm.limits import Limits, Priority
from hub.amocrm.schema import CrmSchema
from hub.amocrm.tokens import TokenEndpoint, Tokens
from hub.amocrm.transport import REQUEST_SECONDS, open_transport
from hub.crm import FRESH_SECONDS, AnswerLost, Created, CrmRejected, SeenContact, SeenDeal, User
from hub.integrations import Integrations
from hub.rules.fields import ContactField
from hub.rules.model import AddNote, Contact, CreateContact, CreateDeal, Deal, LinkContact, PatchContact, PatchDeal
from hub.store.engine import Store
from wire import log
from wire.errors import NeedsOperator, Park, Retry

logger = logging.getLogger(__name__)
T = TypeVar("T")
Command = TypeVar("Command")


class AmoCrm:
    """One account.

    amoCRM is taken to apply a batch whole or not at all (docs/fidelity.md B7): what it refused is taken out, or tracked down by halves,
    and the rest goes again, until `CrmRejected` can name the bad items and all others are done. Whatever else interrupts a creation after
    a part of it stood is `AnswerLost`."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._creates_at_once = BATCH
        self._filter_holds = True

    async def at_once(self) -> int:
        """As many as one request takes; without the paid filter each is a request, and so are the patch and an operator's question."""
        schema = await self.caller.schema()
        if schema.filter_enabled and self._filter_holds:
            return BATCH
        return max(1, min(BATCH, int(FRESH_SECONDS * self.caller.rate) - 2))

    async def deals(self, ids: Sequence[int]) -> dict[int, Deal]:
        """Read deals with their contacts; those that are gone are absent."""
        schema = await self.caller.schema()
        found = await self._by_id(schema, ids, "leads", lambda data: reading.deal(data, schema))
        return {deal.id: deal for deal in found}

    async def contacts(self, ids: Sequence[int]) -> dict[int, Contact]:
        """Read contacts with their deals; those that are gone are absent."""
        schema = await self.caller.schema()
        found = await self._by_id(schema, ids, "contacts", lambda data: reading.contact(data, schema))
        return {read.contact.id: read.contact for read in found}

    async def contacts_with_phone(self, phone: str) -> list[Contact]:
        """amoCRM searches all fields, for whatever form people gave the number: hence ten digits, and a look at each hit."""
        schema = await self.caller.schema()
        hits = self._pages(api.contacts_like(phone[-10:]), "contacts", lambda data: reading.contact(data, schema))
        found = {hit.contact.id: hit.contact async for page in hits for hit in page if phone in hit.contact.phones}
        return list(found.values())

    async def contacts_with_key(self, key: str) -> list[Contact]:
        """The same search finds what we wrote into our own field."""
        schema = await self.caller.schema()
        hits = self._pages(api.contacts_like(key), "contacts", lambda data: reading.contact(data, schema))
        found = {hit.contact.id: hit.contact async for page in hits for hit in page}
        return [contact for contact in found.values() if contact.fields.get(ContactField.PATIENT_KEY) == key]

    async def deals_created_since(self, moment: datetime) -> AsyncIterator[Deal]:
        """Newest first. New ones push others to later pages: those come twice, and are told once."""
        schema = await self.caller.schema()
        since = moment.replace(microsecond=0)  # amoCRM counts whole seconds
        told: set[int] = set()
        async for page in self._pages(api.leads_newest_first(), "leads", lambda data: reading.deal(data, schema)):
            recent = [deal for deal in page if deal.created_at is None or deal.created_at >= since]
            for deal in _fresh(recent, told, lambda deal: deal.id):
                yield deal
            if len(recent) < len(page):
                return

    async def contacts_changed_since(self, moment: datetime) -> AsyncIterator[Contact]:
        """Last changed first. One that changes meanwhile leaps to the front: after several pages the first one is read again."""
        schema = await self.caller.schema()
        since = moment.replace(microsecond=0)
        first = api.contacts_last_changed_first()
        told: set[int] = set()
        number = 0
        async for page in self._pages(first, "contacts", lambda data: reading.contact(data, schema)):
            number += 1
            recent = [read for read in page if read.updated_at is None or read.updated_at >= since]
            for read in _fresh(recent, told, lambda read: read.contact.id):
                yield read.contact
            if len(recent) < len(page):
                break
        if number > 1:
            page, _ = await self.caller.page(first, "contacts", lambda data: reading.contact(data, schema))
            for leapt in _fresh(page, told, lambda read: read.contact.id):
                yield leapt.contact

    async def notes_of(self, deal_id: int) -> list[str]:
        """Texts of our notes on a deal, newest first."""
        return [text async for page in self._pages(api.notes(deal_id), "notes", reading.note) for text in page]

    async def user(self, user_id: int) -> User | None:
        """Who works in the account; only its admins may ask."""
        return await self.caller.call(api.user(user_id), lambda data: data and reading.user(data))

    async def seen_deal(self, deal_id: int) -> SeenDeal | None:
        """A deal as far as the panel needs it; None where it is gone, or is kept from the user as whom we ask."""
        return await self.caller.call(api.lead(deal_id), lambda data: data and reading.seen_deal(data))

    async def seen_contact(self, contact_id: int) -> SeenContact | None:
        """The same of a contact."""
        return await self.caller.call(api.contact(contact_id), lambda data: data and reading.seen_contact(data))

    async def create_deals(self, commands: Sequence[CreateDeal]) -> list[Created]:
        """Each with its main contact, in the order of the commands."""
        schema = await self.caller.schema()

        def read(part: Sequence[CreateDeal], value: Any) -> list[Created]:
            done = [reading.created(data, command) for data, command in _answered(answers.objects(value), part)]
            for deal, merged in done:
                if merged:
                    log.warning(logger, "deal.merged", account=self.caller.account.id, deal=deal.deal_id)
            return [deal for deal, _ in done]

        return await self._create(
            commands, lambda part: api.create_leads([writing.new_lead(c, schema) for c in part]), read
        )

    async def create_contacts(self, commands: Sequence[CreateContact]) -> list[int]:
        """Ids in the order of the commands."""
        schema = await self.caller.schema()

        def read(part: Sequence[CreateContact], value: Any) -> list[int]:
            return [reading.created_id(data) for data, _ in _answered(answers.embedded(value, "contacts"), part)]

        return await self._create(
            commands, lambda part: api.create_contacts([writing.new_contact(c.contact, schema) for c in part]), read
        )

    async def add_notes(self, commands: Sequence[AddNote]) -> None:
        """Tell stories in the feeds of deals."""
        await self._create(commands, lambda part: api.add_notes([writing.new_note(c) for c in part]), _nothing)

    async def link_contacts(self, commands: Sequence[LinkContact]) -> None:
        """Further contacts of deals."""
        await self._create(commands, lambda part: api.link_contacts([writing.new_link(c) for c in part]), _nothing)

    async def patch_deals(self, commands: Sequence[PatchDeal]) -> None:
        """Only what changes is sent."""
        schema = await self.caller.schema()
        author = self.caller.author
        await self._patch("leads", [writing.patched_lead(command, schema, author) for command in commands])

    async def patch_contacts(self, commands: Sequence[PatchContact]) -> None:
        """Only what changes is sent."""
        schema = await self.caller.schema()
        author = self.caller.author
        await self._patch("contacts", [writing.patched_contact(command, schema, author) for command in commands])

    async def _create(
        self,
        commands: Sequence[Command],
        ask: Callable[[Sequence[Command]], Request],
        read: Callable[[Sequence[Command], Any], list[T]],
    ) -> list[T]:
        todo: deque[Sequence[int]] = deque([range(len(commands))] if commands else [])
        done: dict[int, T] = {}
        refused: dict[int, tuple[str, ...]] = {}
        while todo:
            left = todo.popleft()
            places, rest = left[: self._creates_at_once], left[self._creates_at_once :]
            if rest:
                todo.appendleft(rest)
            part = [commands[place] for place in places]
            try:
                done |= zip(places, await self.caller.call(ask(part), partial(read, part)), strict=True)
            except AnswerLost as lost:
                self._creates_at_once = max(1, len(part) // 2)  # it may have been too much at once
                raise AnswerLost(lost.after, {*refused, *chain(*todo)}) from lost
            except CrmRejected as rejected:
                todo.extendleft(reversed(without(places, rejected, refused)))
            except (Retry, Park, NeedsOperator) as error:
                if done:  # which of them stand, only reading tells
                    raise AnswerLost(getattr(error, "after", None), {*refused, *places, *chain(*todo)}) from error
                raise
            else:
                self._creates_at_once = min(BATCH, 2 * self._creates_at_once)
        if refused:
            raise CrmRejected(refused, done)
        return [done[place] for place in range(len(commands))]

    async def _patch(self, entity: Entity, items: Sequence[Json]) -> None:
        places = [place for place, item in enumerate(items) if writing.changes_something(item)]
        todo = deque(cut(places, BATCH))
        refused: dict[int, tuple[str, ...]] = {}
        while todo:
            part = todo.popleft()
            try:
                await self.caller.call(api.patch(entity, [items[place] for place in part]), lambda _: None)
            except TooMuch:
                todo.extendleft(reversed(halves(part)))
            except CrmRejected as rejected:
                todo.extendleft(reversed(without(part, rejected, refused)))
        if refused:
            raise CrmRejected(refused)

    async def _by_id(
        self, schema: CrmSchema, ids: Sequence[int], entity: Entity, parse: Callable[[Json], T | None]
    ) -> list[T]:
        wanted = sorted(set(ids))
        todo = deque(cut(wanted, BATCH if schema.filter_enabled and self._filter_holds else 1))
        found: list[T] = []
        while todo:
            part = todo.popleft()
            try:
                found += await self._some(entity, part, parse)
            except TooMuch:
                todo.extendleft(reversed(halves(part)))
            except _FilterIgnored:
                log.warning(logger, "filter.ignored", account=self.caller.account.id, kind=entity)
                self._filter_holds = False
                todo = deque([id_] for some in [part, *todo] for id_ in some)
        return found

    async def _some(self, entity: Entity, ids: Sequence[int], parse: Callable[[Json], T | None]) -> list[T]:
        if len(ids) == 1:
            one = await self.caller.call(_ONE[entity](ids[0]), lambda data: data and parse(data))
            return [one] if one else []

        def read(value: Any) -> list[T]:
            items = answers.embedded(value, entity)
            if not {item.get("id") for item in items} <= set(ids):
                raise _FilterIgnored
            return list(filter(None, map(parse, items)))

        return await self.caller.call(_MANY[entity](ids), read)

    async def _pages(self, first: Request, name: str, parse: Callable[[Json], T | None]) -> AsyncIterator[list[T]]:
        request: Request | None = first
        while request:
            page, request = await self.caller.page(request, name, parse)
            yield page


class AmoCrms:
    """Gives each account its client."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self._clients: dict[tuple[int, Priority], AmoCrm] = {}

    def crm_of(
        self, account: Account, priority: Priority = Priority.BACKGROUND, *, as_user: int | None = None
    ) -> AmoCrm:
        """The account's client; what an operator waits for goes before the rest. `as_user`: with this user's rights."""
        if as_user is not None:
            return AmoCrm(Caller(account, self.tools, priority, as_user))
        key = (account.id, priority)
        if key not in self._clients:
            self._clients[key] = AmoCrm(Caller(account, self.tools, priority))
        return self._clients[key]


@asynccontextmanager
async def open_amocrm(
    store: Store, *, stand_ins: Sequence[str] = (), rate: int = 7, within_seconds: float = REQUEST_SECONDS
) -> AsyncIterator[AmoCrms]:
    """Everything that speaks to amoCRM, with its connections; `stand_ins` and `rate` are HUB_AMOCRM_HOSTS and HUB_AMOCRM_RATE."""
    async with open_transport() as transport:
        integrations, hosts = Integrations(store), Hosts(stand_ins)
        endpoint = TokenEndpoint(transport, hosts)
        tokens = Tokens(integrations, endpoint)
        yield AmoCrms(Tools(integrations, endpoint, tokens, transport, hosts, Limits(rate), within_seconds))


class _FilterIgnored(Exception):
    """amoCRM answered with what was not asked for."""


_ONE: dict[Entity, Callable[[int], Request]] = {"leads": api.lead, "contacts": api.contact}
_MANY: dict[Entity, Callable[[Sequence[int]], Request]] = {"leads": api.leads, "contacts": api.contacts}


def _answered(items: Sequence[Json], commands: Sequence[Command]) -> list[tuple[Json, Command]]:
    return list(zip(answers.in_order(items, len(commands)), commands, strict=True))


def _nothing(part: Sequence[Any], _value: Any) -> list[None]:
    return [None] * len(part)


def _fresh(items: Iterable[T], told: set[int], id_of: Callable[[T], int]) -> list[T]:
    """Those that were not told yet, in their order; from now on they were."""
    fresh = [item for item in items if id_of(item) not in told]
    told |= {id_of(item) for item in fresh}
    return fresh
