"""Which deal a visit stands in, which deals and which contact belong to a patient, and our memories of them."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import delete, select, update

from hub.links.columns import in_account, of, of_deal, owner
from hub.rules.model import ContactMemory, Deal, Memory, PatientKey, Stage
from hub.rules.plan import OwnContact, OwnDeal
from hub.store.dialect import upsert
from hub.store.engine import Unit
from hub.store.tables import contact_links, deals, visit_links


async def read_links(unit: Unit, database: str, patients: Collection[str]) -> dict[str, dict[str, int]]:
    """By patient: the deal of each visit."""
    found: dict[str, dict[str, int]] = {}
    rows = await unit.execute(select(visit_links).where(of(unit, visit_links, database, patients)))
    for row in rows:
        found.setdefault(row.patient, {})[row.visit] = row.deal_id
    return found


async def save_links(unit: Unit, key: PatientKey, visits: Iterable[str], deal_id: int) -> None:
    """These visits stand in this deal."""
    rows = [{**owner(unit, key), "visit": visit, "deal_id": deal_id} for visit in visits]
    if rows:
        await unit.execute(upsert(unit, visit_links, ("patient", "deal_id")), rows)


async def read_deals(unit: Unit, database: str, patients: Collection[str]) -> dict[str, dict[int, OwnDeal]]:
    """By patient: the deals that belong to it, oldest first."""
    found: dict[str, dict[int, OwnDeal]] = {}
    rows = await unit.execute(select(deals).where(of(unit, deals, database, patients)).order_by(deals.c.deal_id))
    for row in rows:
        memory = Memory.model_validate_json(unit.vault.open(row.sealed_memory, _deal_place(row.deal_id)))
        found.setdefault(row.patient, {})[row.deal_id] = OwnDeal(Stage(row.pipeline_id, row.stage_id), memory)
    return found


async def read_deal(unit: Unit, deal_id: int) -> tuple[PatientKey, OwnDeal] | None:
    """Whose deal it is, and what we know of it; None: no patient's."""
    row = await of_deal(unit, deals, deal_id)
    if row is None:
        return None
    memory = Memory.model_validate_json(unit.vault.open(row.sealed_memory, _deal_place(deal_id)))
    return PatientKey(row.database, row.patient), OwnDeal(Stage(row.pipeline_id, row.stage_id), memory)


async def save_deal(unit: Unit, key: PatientKey, deal_id: int, own: OwnDeal, closed_at: datetime | None) -> None:
    """The deal belongs to this patient; where it stands and what we remember of it."""
    row = {
        **owner(unit, key),
        "deal_id": deal_id,
        "pipeline_id": own.stage.pipeline_id,
        "stage_id": own.stage.stage_id,
        "closed_at": closed_at,
        "sealed_memory": unit.vault.seal(own.memory.model_dump_json(exclude_defaults=True), _deal_place(deal_id)),
    }
    updated = ("database", "patient", "pipeline_id", "stage_id", "closed_at", "sealed_memory")
    await unit.execute(upsert(unit, deals, updated), row)


async def save_memory(unit: Unit, deal_id: int, memory: Memory) -> None:
    """What we remember of a deal, wherever it stands."""
    sealed = unit.vault.seal(memory.model_dump_json(exclude_defaults=True), _deal_place(deal_id))
    await unit.execute(
        update(deals).where(in_account(unit, deals), deals.c.deal_id == deal_id).values(sealed_memory=sealed)
    )


async def save_stage(unit: Unit, deal: Deal) -> None:
    """Where the deal was read to stand."""
    await unit.execute(
        update(deals)
        .where(in_account(unit, deals), deals.c.deal_id == deal.id)
        .values(pipeline_id=deal.stage.pipeline_id, stage_id=deal.stage.stage_id, closed_at=deal.closed_at)
    )


async def read_contacts(unit: Unit, database: str, patients: Collection[str]) -> dict[str, OwnContact]:
    """By patient: its own contact."""
    rows = await unit.execute(select(contact_links).where(of(unit, contact_links, database, patients)))
    found: dict[str, OwnContact] = {}
    for row in rows:
        sealed = unit.vault.open(row.sealed_memory, _contact_place(PatientKey(database, row.patient)))
        found[row.patient] = OwnContact(row.contact_id, ContactMemory.model_validate_json(sealed))
    return found


async def save_contact(unit: Unit, key: PatientKey, own: OwnContact) -> None:
    """The patient's own contact, and what we remember of it."""
    sealed = unit.vault.seal(own.memory.model_dump_json(exclude_defaults=True), _contact_place(key))
    row = {**owner(unit, key), "contact_id": own.contact_id, "sealed_memory": sealed}
    await unit.execute(upsert(unit, contact_links, ("contact_id", "sealed_memory")), row)


async def forget_contact(unit: Unit, key: PatientKey) -> None:
    """The patient has no contact of its own."""
    await unit.execute(delete(contact_links).where(of(unit, contact_links, key.database, [key.patient])))


async def taken(unit: Unit, contact_ids: Collection[int], deal_ids: Collection[int]) -> tuple[set[int], set[int]]:
    """Which of these contacts and deals belong to patients."""
    people = await unit.execute(
        select(contact_links.c.contact_id).where(
            in_account(unit, contact_links), contact_links.c.contact_id.in_(contact_ids)
        )
    )
    sales = await unit.execute(select(deals.c.deal_id).where(in_account(unit, deals), deals.c.deal_id.in_(deal_ids)))
    return set(people.scalars()), set(sales.scalars())


def _deal_place(deal_id: int) -> str:
    return f"deals:{deal_id}"


def _contact_place(key: PatientKey) -> str:
    return f"contact_links:{key}"
