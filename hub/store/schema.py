"""All tables together, for whoever makes or compares a whole database."""

from hub.store import panel_tables, tables
from hub.store.columns import metadata

__all__ = ["metadata", "panel_tables", "tables"]
