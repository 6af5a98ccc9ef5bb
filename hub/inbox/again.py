"""A key that the clinic's system gave out again, to another patient: after a backup was put back, it counts on from there. The visit
that bore the key before is set apart under a name of its own, as one that vanished, and stays in its deal."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Row, insert, select, update

from hub.inbox.fold import Entry, Key, is_same_visit, record_place
from hub.store.dialect import among
from hub.store.engine import Unit
from hub.store.tables import records, visit_links
from wire.model import Visit


async def set_apart(
    unit: Unit,
    database: str,
    entries: Mapping[Key, Entry],
    owners: Mapping[Key, str | None],
    former: Mapping[Key, str | None],
) -> None:
    """Make room for the visits that bear others' keys now; asked before these are written."""
    handed_over = [key for key in entries if key[0] == "visit" and former.get(key) not in (None, owners[key])]
    if not handed_over:
        return
    for row in await _held(unit, database, handed_over):
        place = record_place(database, ("visit", row.key))
        before = Visit.model_validate_json(unit.vault.open(row.sealed_value, place))
        entry = entries["visit", row.key]
        if isinstance(entry.entity, Visit) and not is_same_visit(before, entry.entity):
            await _file(unit, database, row, before, entry)


async def _held(unit: Unit, database: str, keys: Collection[Key]) -> list[Row[Any]]:
    wanted = select(records).where(
        records.c.account_id == unit.account.id,
        records.c.database == database,
        records.c.kind == "visit",
        among(unit, records.c.key, {key for _, key in keys}),
    )
    return list(await unit.execute(wanted))


async def _file(unit: Unit, database: str, row: Row[Any], before: Visit, entry: Entry) -> None:
    name = await _free_name(unit, database, row.key)
    sealed = before.model_copy(update={"id": name}).model_dump_json(exclude_unset=True)
    values = dict(row._mapping) | {  # noqa: SLF001 documented: a row as a mapping
        "key": name,
        "vanished_at": row.vanished_at or entry.read_at,
        "arrival": entry.arrival,
        "sealed_value": unit.vault.seal(sealed, record_place(database, ("visit", name))),
    }
    await unit.execute(insert(records).values(values))
    linked = update(visit_links).where(
        visit_links.c.account_id == unit.account.id,
        visit_links.c.database == database,
        visit_links.c.visit == row.key,
        visit_links.c.patient == row.patient,
    )
    await unit.execute(linked.values(visit=name))


async def _free_name(unit: Unit, database: str, key: str) -> str:
    """`81234~1`; the next time `81234~2`."""
    number = 1
    while await _held(unit, database, [("visit", f"{key}~{number}")]):
        number += 1
    return f"{key}~{number}"
