"""The tables of what operators and admins do through the widget; the same habits as in `hub.store.tables`."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from hub.store.columns import Big, Moment, account_column, metadata

choices = Table(
    "choices",  # R11: the person whom an operator chose for a deal
    metadata,
    account_column(),
    Column("deal_id", BigInteger, primary_key=True),
    Column("database", String(64), nullable=False),
    Column("patient", String(64), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_choices_patient", "account_id", "database", "patient"),
)

confirmations = Table(
    "confirmations",  # R26: as it was clicked; it holds while the visit stands as it stood then
    metadata,
    account_column(),
    Column("deal_id", BigInteger, primary_key=True),
    Column("database", String(64), nullable=False),
    Column("visit", String(64), nullable=False),
    Column("start", Moment, nullable=False),
    Column("branch", String(64)),
    Column("user_id", BigInteger, nullable=False),
    Column("sealed_text", LargeBinary, nullable=False),  # who and when, as the card shows it
    Column("at", Moment, nullable=False),
)

accesses = Table(
    "accesses",  # who looked at whom: each row's digest covers the row and the digest before it
    metadata,
    account_column(),
    Column("n", Big, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("action", String(32), nullable=False),
    Column("subjects", Text, nullable=False),  # JSON of ids, e.g. ["deal:15198335", "db_1:4410"]
    Column("digest", String(64), nullable=False),
)

settings_changes = Table(
    "settings_changes",  # who set what, and when; the newest is what accounts.settings holds
    metadata,
    account_column(),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, nullable=False),
    Column("at", Moment, nullable=False),
    Column("settings", Text, nullable=False),
)
