"""R26: what an operator confirmed in the panel, as the visit stood then. What is shown of it is sealed."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, delete, select

from hub.links.columns import in_account, of, of_deal
from hub.rules.confirmed import Confirmation as Confirmation
from hub.store.dialect import upsert
from hub.store.engine import Unit
from hub.store.panel_tables import confirmations
from hub.store.tables import deals

_WRITTEN = ("database", "visit", "start", "branch", "user_id", "sealed_text", "at")


async def read_confirmation(unit: Unit, deal_id: int) -> Confirmation | None:
    """Of one deal."""
    row = await of_deal(unit, confirmations, deal_id)
    return _opened(unit, row) if row else None


async def read_confirmations(unit: Unit, database: str, patients: Collection[str]) -> dict[int, Confirmation]:
    """By deal: of all deals that belong to these patients."""
    query = select(confirmations).join(
        deals, and_(deals.c.account_id == confirmations.c.account_id, deals.c.deal_id == confirmations.c.deal_id)
    )
    rows = await unit.execute(query.where(of(unit, deals, database, patients)))
    return {row.deal_id: _opened(unit, row) for row in rows}


async def save_confirmation(unit: Unit, confirmation: Confirmation) -> None:
    """The newest of the deal."""
    row = {
        "account_id": unit.account.id,
        "deal_id": confirmation.deal_id,
        "database": confirmation.database,
        "visit": confirmation.visit,
        "start": confirmation.start,
        "branch": confirmation.branch,
        "user_id": confirmation.user_id,
        "sealed_text": unit.vault.seal(confirmation.text, _place(confirmation.deal_id)),
        "at": confirmation.at,
    }
    await unit.execute(upsert(unit, confirmations, _WRITTEN), row)


async def forget_confirmation(unit: Unit, confirmation: Confirmation) -> None:
    """It no longer holds; a newer one of the same deal stays."""
    await unit.execute(
        delete(confirmations).where(
            in_account(unit, confirmations),
            confirmations.c.deal_id == confirmation.deal_id,
            confirmations.c.at == confirmation.at,
        )
    )


def _opened(unit: Unit, row: Any) -> Confirmation:
    text = unit.vault.open(row.sealed_text, _place(row.deal_id))
    return Confirmation(row.deal_id, row.database, row.visit, row.start, row.branch, row.user_id, text, row.at)


def _place(deal_id: int) -> str:
    return f"confirmations:{deal_id}"
