"""R11: the person whom an operator chose for a deal. Whoever is concerned is looked at again at once."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, select

from hub.inbox.write import arrive, mark_dirty
from hub.links.columns import by_database, in_account, of, of_deal, owner
from hub.rules.model import PatientKey
from hub.store.dialect import upsert
from hub.store.engine import Unit
from hub.store.panel_tables import choices
from hub.store.tables import outcomes


@dataclass(frozen=True)
class Choice:
    """Who chose, and when."""

    user_id: int
    at: datetime


async def read_choice(unit: Unit, deal_id: int) -> PatientKey | None:
    """Whom an operator chose for this deal."""
    row = await of_deal(unit, choices, deal_id)
    return PatientKey(row.database, row.patient) if row else None


async def chosen_for(unit: Unit, deal_ids: Collection[int]) -> dict[int, PatientKey]:
    """Whom operators chose for these deals."""
    rows = await unit.execute(select(choices).where(in_account(unit, choices), choices.c.deal_id.in_(deal_ids)))
    return {row.deal_id: PatientKey(row.database, row.patient) for row in rows}


async def read_choices(unit: Unit, database: str, patients: Collection[str]) -> dict[str, dict[int, Choice]]:
    """By patient: the deals that it was chosen for, the newest choice first."""
    rows = await unit.execute(
        select(choices)
        .where(of(unit, choices, database, patients))
        .order_by(choices.c.at.desc(), choices.c.deal_id.desc())
    )
    found: dict[str, dict[int, Choice]] = {}
    for row in rows:
        found.setdefault(row.patient, {})[row.deal_id] = Choice(row.user_id, row.at)
    return found


async def save_choice(unit: Unit, deal_id: int, key: PatientKey, user_id: int, at: datetime) -> None:
    """This person, for this deal. The same again changes nothing."""
    before = await read_choice(unit, deal_id)
    if before == key:
        return
    row = {**owner(unit, key), "deal_id": deal_id, "user_id": user_id, "at": at}
    await unit.execute(upsert(unit, choices, ("database", "patient", "user_id", "at")), row)
    await _look_again(unit, [key, *([before] if before else []), *await _asked_about(unit, deal_id)])


async def forget_choice(unit: Unit, deal_id: int) -> None:
    """As if nobody had been chosen; where visits stand already stays."""
    before = await read_choice(unit, deal_id)
    if before is None:
        return
    await unit.execute(delete(choices).where(_this(unit, deal_id)))
    await _look_again(unit, [before, *await _asked_about(unit, deal_id)])


async def _asked_about(unit: Unit, deal_id: int) -> list[PatientKey]:
    """Patients who wait for a person's word on this deal."""
    asks = and_(in_account(unit, outcomes), outcomes.c.outcome == "ask", outcomes.c.detail.contains(str(deal_id)))
    rows = await unit.execute(select(outcomes.c.database, outcomes.c.patient, outcomes.c.detail).where(asks))
    return [PatientKey(row.database, row.patient) for row in rows if deal_id in json.loads(row.detail).get("deals", ())]


async def _look_again(unit: Unit, keys: Iterable[PatientKey]) -> None:
    for database, patients in sorted(by_database(dict.fromkeys(keys)).items()):
        arrival = await arrive(unit, 1)
        await mark_dirty(unit, database, dict.fromkeys(patients, arrival))


def _this(unit: Unit, deal_id: int) -> ColumnElement[bool]:
    return and_(in_account(unit, choices), choices.c.deal_id == deal_id)
