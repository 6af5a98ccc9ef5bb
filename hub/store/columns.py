"""What all tables share: names of constraints, times, whose row it is."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Big = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """An aware time, as milliseconds since 1970 UTC: the same and sortable on SQLite and PostgreSQL."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002 SQLAlchemy passes it
        return None if value is None else round(value.timestamp() * 1000)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002 SQLAlchemy passes it
        return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


def account_column() -> Column[int]:
    """Whose row it is."""
    return Column("account_id", BigInteger, ForeignKey("accounts.id"), primary_key=True)
