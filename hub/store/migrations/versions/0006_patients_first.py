"""Indexes by patient begin with the patient: none is taken for the table's own key any more."""

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

INDEXES = {
    'records': ['patient', 'account_id', 'database', 'kind'],
    'visit_links': ['patient', 'account_id', 'database'],
    'deals': ['patient', 'account_id', 'database'],
    'outcomes': ['patient', 'account_id', 'database'],
}


def upgrade() -> None:
    for table, columns in INDEXES.items():
        op.drop_index(f'ix_{table}_patient', table_name=table)
        op.create_index(f'ix_{table}_patient', table, columns)
