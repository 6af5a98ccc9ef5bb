"""Deals wait for the first load; outcomes know whose they are."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('databases', schema=None) as batch_op:
        batch_op.add_column(sa.Column('loaded_at', sa.BigInteger(), nullable=True))
    with op.batch_alter_table('outcomes', schema=None) as batch_op:
        batch_op.add_column(sa.Column('patient', sa.String(length=64), nullable=False))
        batch_op.create_index('ix_outcomes_patient', ['account_id', 'database', 'patient'], unique=False)
