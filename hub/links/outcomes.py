"""Why something is not done: asks, skips and refusals, each for an operator to read."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, literal, or_, select

from hub.links.columns import in_account, of, owner
from hub.rules.model import PatientKey
from hub.rules.plan import Outcome
from hub.rules.visits import Clinic
from hub.store.dialect import among, upsert
from hub.store.engine import Unit
from hub.store.tables import outcomes, records

NOBODY = ""
"""Stands for the patient of visits without patient card."""
_CODE_LENGTH = 64


async def read_outcomes(unit: Unit, database: str, patients: Collection[str]) -> dict[str, dict[str, Outcome]]:
    """By patient and subject: what is not done, and why."""
    found: dict[str, dict[str, Outcome]] = {}
    rows = await unit.execute(select(outcomes).where(of(unit, outcomes, database, patients)))
    for row in rows:
        found.setdefault(row.patient, {})[row.subject] = _outcome(row)
    return found


@dataclass(frozen=True)
class Said:
    """An outcome, of what, and since when."""

    subject: str
    outcome: Outcome
    at: datetime


async def about(unit: Unit, deal_id: int, key: PatientKey | None) -> list[Said]:
    """What is not done: with this deal (asks that name it as a candidate, and what was put aside), then for its patient, but for the
    patient's deals."""
    database, patient = (key.database, key.patient) if key else ("", NOBODY)
    given = {"account": unit.account.id, "deal": f"deal:{deal_id}", "named": f"%{deal_id}%"}
    rows = (await unit.execute(_ABOUT, {**given, "database": database, "patient": patient})).all()
    of_deal, of_patient = [], []
    for row in rows:
        said = _said(row)
        if said.subject == f"deal:{deal_id}" or deal_id in said.outcome.deal_ids:
            of_deal.append(said)
        elif key == PatientKey(row.database, row.patient) and not said.subject.startswith("deal:"):
            of_patient.append(said)
    return [*of_deal, *of_patient]


_ABOUT = (
    select(outcomes)
    .where(
        outcomes.c.account_id == bindparam("account"),
        or_(
            outcomes.c.subject == bindparam("deal"),
            outcomes.c.detail.like(bindparam("named")),
            and_(outcomes.c.database == bindparam("database"), outcomes.c.patient == bindparam("patient")),
        ),
    )
    .order_by(outcomes.c.at)
)


def _said(row: Any) -> Said:
    return Said(row.subject, _outcome(row), row.at)


def _outcome(row: Any) -> Outcome:
    detail = json.loads(row.detail or "{}")
    ids = tuple(detail.get("contacts", ())), tuple(detail.get("deals", ()))
    return Outcome(row.outcome, row.reason, *ids, detail.get("digest"))


async def save_outcomes(
    unit: Unit, key: PatientKey, before: Mapping[str, Outcome], after: Mapping[str, Outcome], now: datetime
) -> None:
    """What is not done now; what no longer holds is forgotten."""
    rows = [
        {
            **owner(unit, key),
            "subject": subject,
            "outcome": outcome.kind,
            "reason": outcome.reason[:_CODE_LENGTH],
            "detail": _detail(outcome),
            "at": now,
        }
        for subject, outcome in after.items()
        if before.get(subject) != outcome
    ]
    if rows:
        await unit.execute(upsert(unit, outcomes, ("patient", "outcome", "reason", "detail", "at")), rows)
    if gone := before.keys() - after.keys():
        await unit.execute(
            delete(outcomes).where(
                of(unit, outcomes, key.database, [key.patient]), among(unit, outcomes.c.subject, gone)
            )
        )


def _detail(outcome: Outcome) -> str | None:
    detail = {"contacts": outcome.contact_ids, "deals": outcome.deal_ids, "digest": outcome.digest}
    return json.dumps({name: value for name, value in detail.items() if value}) if any(detail.values()) else None


async def count_nobodys(unit: Unit, clinic: Clinic, now: datetime) -> None:
    """R24: each visit without patient card has an outcome of its own, as long as it is one. Compared here: a database may compare
    each with each, and on SQLite no account writes meanwhile."""
    said = select(outcomes.c.subject).where(of(unit, outcomes, clinic.database, [NOBODY]))
    found = select(literal("visit:") + records.c.key).where(
        in_account(unit, records),
        records.c.database == clinic.database,
        records.c.kind == "visit",
        records.c.patient.is_(None),
        records.c.vanished_at.is_(None),
        records.c.start >= clinic.live_since,
    )
    before, after = [
        dict.fromkeys((await unit.execute(subjects)).scalars(), Outcome("skip", "no_patient"))
        for subjects in (said, found)
    ]
    await save_outcomes(unit, PatientKey(clinic.database, NOBODY), before, after, now)
