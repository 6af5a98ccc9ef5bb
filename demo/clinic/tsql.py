"""The clinic in T-SQL: tables with identity keys, rowversions and defaults, and what is written into them. Texts only: nothing is sent."""

from collections.abc import Iterator, Sequence

from demo.clinic.schema import INDEXED, TABLES, Column, Table, View, quoted

_DEFAULTS = {"DateTimeAdded": "GETDATE()", "DateTimeChanged": "GETDATE()"}
_LEAST = {"bit": "0"}
"""What a column that may not be empty is where nobody says it."""


def created(table: str, columns: Sequence[Column], *, indexed: bool) -> Iterator[str]:
    """Make a table of these of its columns. Where a key is no other table's, the server gives it out."""
    lines = [_column(TABLES[table], column) for column in columns]
    key = TABLES[table].key
    if any(column.name == key for column in columns):
        lines.append(f"CONSTRAINT {quoted(f'PK_{table}')} PRIMARY KEY CLUSTERED ({quoted(key)})")
    yield f"CREATE TABLE {_named(table)} (\n    " + ",\n    ".join(lines) + "\n)"
    for column in columns:
        if indexed and column.name in INDEXED:
            yield f"CREATE INDEX {quoted(f'IX_{table}_{column.name}')} ON {_named(table)} ({quoted(column.name)})"


def view(view: View) -> str:
    """Make a view."""
    return f"CREATE VIEW {_named(view.name)} AS {view.text.replace('FROM ', 'FROM dbo.').replace('JOIN ', 'JOIN dbo.')}"


def dropped(table: str, column: Column | None, *, indexed: bool) -> Iterator[str]:
    """Lose a column with all that stands on it, or a whole table."""
    if column is None:
        yield f"DROP TABLE {_named(table)}"
        return
    if indexed and column.name in INDEXED:
        yield f"DROP INDEX {quoted(f'IX_{table}_{column.name}')} ON {_named(table)}"
    if column.name == TABLES[table].key:
        yield f"ALTER TABLE {_named(table)} DROP CONSTRAINT {quoted(f'PK_{table}')}"
    if _default(column):
        yield f"ALTER TABLE {_named(table)} DROP CONSTRAINT {quoted(f'DF_{table}_{column.name}')}"
    yield f"ALTER TABLE {_named(table)} DROP COLUMN {quoted(column.name)}"


def view_dropped(view: View) -> str:
    """Lose a view."""
    return f"DROP VIEW {_named(view.name)}"


def written(columns: Sequence[Column]) -> list[Column]:
    """Those that somebody writes: a rowversion is the server's."""
    return [column for column in columns if column.type != "rowversion"]


def insert(table: str, columns: Sequence[Column]) -> str:
    """Add a row; its values are those of `written`."""
    names = [quoted(column.name) for column in written(columns)]
    return f"INSERT INTO {_named(table)} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608


def update(table: str, columns: Sequence[Column]) -> str:
    """Change a row; its values are those of `written` but the key, and then the key."""
    key = TABLES[table].key
    sets = [f"{quoted(column.name)} = ?" for column in written(columns) if column.name != key]
    return f"UPDATE {_named(table)} SET {', '.join(sets)} WHERE {quoted(key)} = ?"  # noqa: S608


def delete(table: str) -> str:
    """Take a row away."""
    return f"DELETE FROM {_named(table)} WHERE {quoted(TABLES[table].key)} = ?"  # noqa: S608


def keys_are_given(table: str, *, on: bool) -> str | None:
    """Whether the keys of new rows come with them; of one table at a time. None where they always do."""
    if not _is_identity(TABLES[table], TABLES[table].columns[0]):
        return None
    return f"SET IDENTITY_INSERT {_named(table)} {'ON' if on else 'OFF'}"


def _column(table: Table, column: Column) -> str:
    kind = f"{column.type} IDENTITY(1,1)" if _is_identity(table, column) else column.type
    default = _default(column)
    given = f" CONSTRAINT {quoted(f'DF_{table.name}_{column.name}')} DEFAULT ({default})" if default else ""
    return f"{quoted(column.name)} {kind} {'NOT NULL' if column.required else 'NULL'}{given}"


def _default(column: Column) -> str | None:
    return _DEFAULTS.get(column.name) or (_LEAST.get(column.type) if column.required else None)


def _is_identity(table: Table, column: Column) -> bool:
    return column.name == table.key == "ID"


def _named(name: str) -> str:
    return f"dbo.{quoted(name)}"
