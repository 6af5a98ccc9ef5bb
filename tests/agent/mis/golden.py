"""The translations of all statements, as files to be looked at. `python -m tests.agent.mis.golden` writes them anew."""

from pathlib import Path

from agent.keyed import PAGES
from agent.mis.book import SHIPPED
from agent.mis.forms import KEYS, UNLOCKED, owned, relations
from agent.mis.port import Columns
from agent.mis.statements import names, query, written

FOLDER = Path(__file__).parent.parent / "golden"
DIALECTS = ("sqlite", "tsql")


def every_form() -> list[str]:
    """The statements, and what is made of them: those that pass by locked rows, and those that ask by keys."""
    told = {relation for page in PAGES for relation in relations(query(page).tree)}
    by_keys = [name for name in names() if (of := owned(query(name))) and told.issuperset(of.relations)]
    unlocked = ["visit_versions", "visit_versions_by_key", "visits_since", "visits_oldest", "visits_booked", *PAGES]
    return sorted([*names(), *(name + KEYS for name in by_keys), *(name + UNLOCKED for name in unlocked)])


def every_column() -> Columns:
    """A clinic where everything that our statements name can be read."""
    columns: dict[str, set[str]] = {}
    for name in names():
        for table, column in query(name).sources:
            columns.setdefault(table, set()).add(column)
    return {table: frozenset(of) for table, of in columns.items()}


def path(name: str, dialect: str) -> Path:
    """Where a translation is kept."""
    return FOLDER / f"{name.replace('/', '.')}.{dialect}.sql"


def translation(name: str, dialect: str) -> str:
    """The statement as it is sent, with numbered parameters."""
    return written(SHIPPED.query(name), every_column(), dialect).text + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in every_form():
        for dialect in DIALECTS:
            path(name, dialect).write_text(translation(name, dialect))
