"""Drafts the next step for a developer: `python -m hub.store.migrations "what changes"`."""

import sys
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from hub.store.migrate import alembic_config, upgrade

if __name__ == "__main__":
    steps = sorted(Path(__file__).parent.glob("versions/[0-9]*.py"))
    with create_engine("sqlite://").begin() as connection:
        upgrade(connection)
        command.revision(
            alembic_config(connection), message=sys.argv[1], autogenerate=True, rev_id=f"{len(steps) + 1:04}"
        )
