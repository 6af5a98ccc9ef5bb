"""Reads the account's settings: asked for with every card and every step, changed once a month."""

from functools import lru_cache

from sqlalchemy import select

from hub.rules.settings import Settings
from hub.store.engine import Unit
from hub.store.tables import accounts


async def read_settings(unit: Unit) -> Settings | None:
    """None: nobody configured the account yet."""
    text = (await unit.execute(select(accounts.c.settings).where(accounts.c.id == unit.account.id))).scalar()
    return parsed(text) if text else None


@lru_cache(maxsize=1024)
def parsed(text: str) -> Settings:
    """The settings as they are kept."""
    return Settings.model_validate_json(text)
