"""What must not happen twice: an intent is stored before each request that creates or tells something, and deleted when its answer is
stored. What stays open after a crash or a lost answer is for `resolve`."""

import logging
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from sqlalchemy import delete, select

from hub.crm import AnswerLost, Created
from hub.links import own
from hub.links.columns import in_account
from hub.reconcile.delivery import Delivery, in_batches, refused_apart
from hub.rules.model import AddNote, ContactMemory, LinkContact, Memory, PatientKey, Stage
from hub.rules.plan import OwnContact, OwnDeal
from hub.store.dialect import upsert
from hub.store.engine import Unit
from hub.store.tables import intents
from wire import log
from wire.errors import NeedsOperator, Retry

logger = logging.getLogger(__name__)


class _Intent(BaseModel):
    model_config = ConfigDict(frozen=True)

    key: str
    started_at: datetime
    sent_at: datetime | None = None
    """Machine time: since then the CRM may be at it. None: it was not sent, or plainly not taken."""


class _OfPatient(_Intent):
    database: str
    patient: str

    @property
    def of(self) -> PatientKey:
        return PatientKey(self.database, self.patient)


class DealIntent(_OfPatient):
    """A deal is being created; `contact_memory` where its contact is created, or becomes the patient's own, with it."""

    kind: Literal["create_deal"] = "create_deal"
    visits: tuple[str, ...]
    visits_text: str
    pipeline_id: int
    stage_id: int
    memory: Memory = Field(repr=False)
    contact_id: int | None = None
    contact_memory: ContactMemory | None = Field(None, repr=False)


class ContactIntent(_OfPatient):
    """The patient's own contact is being created, and will be linked to these deals."""

    kind: Literal["create_contact"] = "create_contact"
    memory: ContactMemory = Field(repr=False)
    deal_ids: tuple[int, ...]


class LinkIntent(_Intent):
    """A contact is being linked to a deal."""

    kind: Literal["link_contact"] = "link_contact"
    deal_id: int
    contact_id: int


class NoteIntent(_Intent):
    """Something is being told."""

    kind: Literal["add_note"] = "add_note"
    deal_id: int
    text: str = Field(repr=False)


Intent: TypeAlias = DealIntent | ContactIntent | LinkIntent | NoteIntent
_INTENT: TypeAdapter[Intent] = TypeAdapter(Annotated[Intent, Field(discriminator="kind")])


async def keep(unit: Unit, of: Iterable[_Intent]) -> None:
    """Store intents: what they stand for is not done unless its answer is stored, too."""
    rows = [_row(unit, intent) for intent in of]
    if rows:
        await unit.execute(upsert(unit, intents, ("kind", "digest", "started_at", "sealed_command")), rows)


async def forget(unit: Unit, of: Iterable[_Intent]) -> None:
    """They are answered."""
    keys = [intent.key for intent in of]
    if keys:
        await unit.execute(delete(intents).where(in_account(unit, intents), intents.c.key.in_(keys)))


@asynccontextmanager
async def sending(to: Delivery, batch: Sequence[_Intent]) -> AsyncIterator[None]:
    """Around a request: whoever finds it without an answer knows since when it may be on its way, or that nothing of it is."""
    await _mark(to, batch)
    try:
        yield
    except AnswerLost as lost:  # the others may have waited for their turn: now it is sure that they were sent no later
        await _mark(to, batch, lost.untaken)
        raise
    except (Retry, NeedsOperator):
        await _mark(to, batch, range(len(batch)))
        raise


async def _mark(to: Delivery, batch: Sequence[_Intent], untaken: Collection[int] = ()) -> None:
    now = to.machine_now()
    marked = [
        intent.model_copy(update={"sent_at": None if place in untaken else now}) for place, intent in enumerate(batch)
    ]
    async with to.store.writing(to.account) as unit:
        await keep(unit, marked)


async def created(unit: Unit, intent: DealIntent, answer: Created) -> None:
    """The deal is there: it belongs to the patient, and so does its contact."""
    stage = Stage(intent.pipeline_id, intent.stage_id)
    await own.save_deal(unit, intent.of, answer.deal_id, OwnDeal(stage, intent.memory), None)
    await own.save_links(unit, intent.of, intent.visits, answer.deal_id)
    if intent.contact_memory is not None:
        await own.save_contact(unit, intent.of, OwnContact(answer.contact_id, intent.contact_memory))


async def contact_created(unit: Unit, intent: ContactIntent, contact_id: int) -> list[LinkIntent]:
    """The contact is there: it is the patient's own, and is still to be linked."""
    await own.save_contact(unit, intent.of, OwnContact(contact_id, intent.memory))
    links = [
        LinkIntent(
            key=f"link_contact:{deal_id}:{contact_id}",
            started_at=intent.started_at,
            deal_id=deal_id,
            contact_id=contact_id,
        )
        for deal_id in intent.deal_ids
    ]
    await keep(unit, links)
    return links


async def send_links(to: Delivery, links: Sequence[LinkIntent]) -> None:
    """Link contacts to deals, beside the main ones. A refusal is final: the contact may be gone."""
    for batch in in_batches(links):
        async with sending(to, batch):
            commands = [LinkContact(link.deal_id, link.contact_id) for link in batch]
            _, refused = await refused_apart(to.crm.link_contacts, commands)
        for place, codes in refused.items():
            deal, contact, code = batch[place].deal_id, batch[place].contact_id, ", ".join(codes)
            log.warning(logger, "link.refused", account=to.account.id, deal=deal, contact=contact, code=code)
        async with to.store.writing(to.account) as unit:
            await forget(unit, batch)


async def send_notes(to: Delivery, notes: Sequence[NoteIntent]) -> None:
    """Tell. A refusal is final: the deal may be gone."""
    for batch in in_batches(notes):
        async with sending(to, batch):
            commands = [AddNote(note.key, note.deal_id, note.text) for note in batch]
            _, refused = await refused_apart(to.crm.add_notes, commands)
        for place, codes in refused.items():
            deal, code = batch[place].deal_id, ", ".join(codes)
            log.warning(logger, "note.refused", account=to.account.id, deal=deal, code=code)
        async with to.store.writing(to.account) as unit:
            await forget(unit, batch)


async def open_ones(unit: Unit) -> list[Intent]:
    """Those whose answers are missing."""
    rows = await unit.execute(select(intents).where(in_account(unit, intents)).order_by(intents.c.key))
    return [_INTENT.validate_json(unit.vault.open(row.sealed_command, _place(row.key))) for row in rows]


def _row(unit: Unit, intent: _Intent) -> dict[str, object]:
    command = intent.model_dump_json()
    return {
        "account_id": unit.account.id,
        "key": intent.key,
        "kind": intent.key.partition(":")[0],
        "digest": sha256(command.encode()).hexdigest()[:32],
        "started_at": intent.started_at,
        "sealed_command": unit.vault.seal(command, _place(intent.key)),
    }


def _place(key: str) -> str:
    return f"intents:{key}"
