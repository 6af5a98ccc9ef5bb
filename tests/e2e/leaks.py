"""Looks for the canary, a made-up patient, wherever no person may stand."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

CANARY = ("Канарейкин", "+79990001234", "79990001234", "9990001234")


def leaks(folder: Path, *, sources: frozenset[str]) -> list[str]:
    """Places below the folder that hold the canary: each log and text file by its bytes, each database by its columns and then by
    its bytes. `sources` are the files that are the clinic itself."""
    return [
        place
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in sources
        for place in _in_file(path)
    ]


def _in_file(path: Path) -> Iterator[str]:
    data = path.read_bytes()
    if data.startswith(b"SQLite format 3"):
        yield from _in_columns(path)
    for word in CANARY:
        if any(spelled in data for spelled in _spellings(word)):
            yield path.name


def _in_columns(path: Path) -> Iterator[str]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            cursor = database.execute(f'SELECT * FROM "{table}"')  # noqa: S608 the names come from the file itself
            columns = [column[0] for column in cursor.description]
            for row in cursor:
                yield from (
                    f"{path.name}: {table}.{name}" for name, value in zip(columns, row, strict=True) if _holds(value)
                )
    database.close()


def _holds(value: object) -> bool:
    if isinstance(value, str):
        return any(word in value for word in CANARY)
    return isinstance(value, bytes) and any(spelled in value for word in CANARY for spelled in _spellings(word))


def _spellings(word: str) -> set[bytes]:
    escaped = word.encode("unicode_escape")
    return {
        word.encode(),
        escaped,
        escaped.replace(b"\\u0", b"\\U0"),
        word.encode("utf-16-le"),
        word.encode("cp1251", "ignore"),
    }
