"""Refusals are forgotten where somebody has mended what may have caused them in the CRM."""

from sqlalchemy import delete, select

from hub.inbox.write import arrive, mark_dirty
from hub.links import own
from hub.links.columns import by_database, in_account
from hub.links.outcomes import NOBODY
from hub.rules.model import PatientKey
from hub.rules.plan import OwnContact
from hub.store.engine import Unit
from hub.store.tables import outcomes


async def forget_refusals(unit: Unit) -> None:
    """Whatever was put aside is asked for again at once; what is refused again is put aside again."""
    put_aside = in_account(unit, outcomes), outcomes.c.outcome == "park", outcomes.c.patient != NOBODY
    rows = await unit.execute(select(outcomes.c.database, outcomes.c.patient).where(*put_aside).distinct())
    concerned = by_database(PatientKey(row.database, row.patient) for row in rows)
    for database, patients in sorted(concerned.items()):
        await _forget(unit, database, patients)
        await mark_dirty(unit, database, dict.fromkeys(patients, await arrive(unit, 1)))
    await unit.execute(delete(outcomes).where(*put_aside))


async def _forget(unit: Unit, database: str, patients: list[str]) -> None:
    for of_patient in (await own.read_deals(unit, database, patients)).values():
        for deal_id, deal in of_patient.items():
            if deal.memory.refused is not None:
                await own.save_memory(unit, deal_id, deal.memory.model_copy(update={"settled": None}))
    for patient, contact in (await own.read_contacts(unit, database, patients)).items():
        if contact.memory.refused is not None:
            memory = contact.memory.model_copy(update={"settled": None})
            await own.save_contact(unit, PatientKey(database, patient), OwnContact(contact.contact_id, memory))
