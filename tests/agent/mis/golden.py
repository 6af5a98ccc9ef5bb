"""The translations of all statements, as files to be looked at. `python -m tests.agent.mis.golden` writes them anew."""

from pathlib import Path

from agent.mis.port import Columns
from agent.mis.statements import names, query, written

FOLDER = Path(__file__).parent.parent / "golden"
DIALECTS = ("sqlite", "tsql")


def every_column() -> Columns:
    """A clinic where everything that our statements name can be read."""
    columns: dict[str, set[str]] = {}
    for name in names():
        for table, column in query(name).sources:
            columns.setdefault(table, set()).add(column)
    return {table: frozenset(of) for table, of in columns.items()}


def path(name: str, dialect: str) -> Path:
    """Where a translation is kept."""
    return FOLDER / f"{name}.{dialect}.sql"


def translation(name: str, dialect: str) -> str:
    """The statement as it is sent, with numbered parameters."""
    return written(query(name), every_column(), dialect).text + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in names():
        for dialect in DIALECTS:
            path(name, dialect).write_text(translation(name, dialect))
