"""The hub's memory: SQLAlchemy Core tables, sealed personal data. No method works without an `Account`."""
