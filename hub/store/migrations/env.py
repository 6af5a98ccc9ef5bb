"""Alembic's entry: runs the steps on the connection that `hub.store.migrate` hands over, in its transaction."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from hub.store.columns import Moment
from hub.store.schema import metadata


def plain_types(kind: str, thing: Any, _context: AutogenContext) -> str | Literal[False]:
    """A step names SQL's own types: ours may change after it was written."""
    return "sa.BigInteger()" if kind == "type" and isinstance(thing, Moment) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    render_item=plain_types,
)
with context.begin_transaction():
    context.run_migrations()
