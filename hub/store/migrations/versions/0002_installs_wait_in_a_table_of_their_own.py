"""Installs wait in a table of their own."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('codes',
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('integration', sa.String(length=64), nullable=False),
    sa.Column('host', sa.String(length=255), nullable=False),
    sa.Column('sealed_code', sa.LargeBinary(), nullable=False),
    sa.Column('sealed_pair', sa.LargeBinary(), nullable=True),
    sa.Column('arrived_at', sa.BigInteger(), nullable=False),
    sa.Column('taken_until', sa.BigInteger(), nullable=True),
    sa.Column('installed_account', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['integration'], ['integrations.key'], name=op.f('fk_codes_integration')),
    sa.PrimaryKeyConstraint('code_hash', name=op.f('pk_codes'))
    )
    with op.batch_alter_table('installations', schema=None) as batch_op:
        batch_op.add_column(sa.Column('refresh_until', sa.BigInteger(), nullable=True))
        batch_op.drop_column('sealed_code')

