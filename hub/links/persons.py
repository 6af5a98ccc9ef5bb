"""What a person said about a patient's key that seemed to be somebody else's now."""

from sqlalchemy import Table, delete, select

from hub.inbox.persons import ANOTHER_PERSON
from hub.inbox.write import parked_place, write
from hub.store.engine import Unit
from hub.store.tables import contact_links, deals, parked, records, visit_links
from wire.frames import Change


async def waiting(unit: Unit, database: str, patient: str) -> Change | None:
    """The change that waits; None: none does."""
    row = (
        await unit.execute(
            select(parked.c.sealed_change).where(
                parked.c.account_id == unit.account.id,
                parked.c.database == database,
                parked.c.kind == "patient",
                parked.c.key == patient,
                parked.c.reason == ANOTHER_PERSON,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    return Change.model_validate_json(unit.vault.open(row.sealed_change, parked_place(database, ("patient", patient))))


async def settle(unit: Unit, database: str, change: Change, *, is_another: bool) -> None:
    """Take the change. Another person begins without contact and deals: those of the former one stay in amoCRM as they are."""
    if is_another:
        for table in (contact_links, deals, visit_links):
            await _forget(unit, table, database, change.key)
    await unit.execute(
        delete(records).where(
            records.c.account_id == unit.account.id,
            records.c.database == database,
            records.c.kind == "patient",
            records.c.key == change.key,
        )
    )
    await write(unit, database, [change])


async def _forget(unit: Unit, table: Table, database: str, patient: str) -> None:
    await unit.execute(
        delete(table).where(
            table.c.account_id == unit.account.id, table.c.database == database, table.c.patient == patient
        )
    )
