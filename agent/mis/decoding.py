"""How texts come from pyodbc: as UTF-16, read strictly. Half of an emoji, cut off by whatever wrote the row, ends the whole page; here such
a page is read all the same, with one unreadable letter for the half."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

_STRICT, _BYTES = "utf-16-le", "latin-1"


@contextmanager
def handed_over(odbc: Any, connection: Any) -> Iterator[None]:
    """Until the block ends each text comes as its bytes, a letter for each: `texts` reads them. A codec of our own cannot do it: pyodbc
    asks the driver for UTF-16 only where it knows the codec's name, whatever `ctype` says. Latin-1 it knows."""
    _set(odbc, connection, _BYTES)
    try:
        yield
    finally:
        _set(odbc, connection, _STRICT)


def texts(row: Iterable[Any]) -> tuple[Any, ...]:
    """A row that was handed over, with its texts."""
    return tuple(cell.encode(_BYTES).decode(_STRICT, "replace") if isinstance(cell, str) else cell for cell in row)


def _set(odbc: Any, connection: Any, encoding: str) -> None:
    """What pyodbc itself begins with is UTF-16 for both kinds, varchar too."""
    for kind in (odbc.SQL_CHAR, odbc.SQL_WCHAR):
        connection.setdecoding(kind, encoding, odbc.SQL_WCHAR)
