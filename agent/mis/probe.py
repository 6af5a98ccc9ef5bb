"""What a clinic's database offers: which statements can be asked, and in plain words what is off and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.mis.book import SHIPPED, Book
from agent.mis.feeds import FEEDS, Feed
from agent.mis.port import Columns, MisChanged
from agent.mis.statements import hint_for, names, readable
from wire.capabilities import WORDS, missed_of

_REQUIRED: Columns = {
    "Receptions": frozenset(
        {
            "ID",
            "ID_Patients",
            "PlanStart",
            "PlanEnd",
            "PatientAppeared",
            "ReceptionStarted",
            "ReceptionEnded",
            "ReceptionCanceled",
        }
    ),
    "Patients": frozenset({"ID_Persons"}),
    "Persons": frozenset({"ID", "Surname", "Name", "Patronymic"}),
}


@dataclass(frozen=True)
class Offer:
    """What can be had. `off` says in Russian what cannot, and why."""

    capabilities: Mapping[str, bool]
    queries: frozenset[str]
    off: tuple[str, ...]


NOTHING = Offer({}, frozenset(), ())


def examine(columns: Columns, book: Book = SHIPPED) -> Offer:
    """Look at what can be read; raises `MisChanged` where it is not enough for anything."""
    known = {f"{table}.{column}".lower() for table, of in columns.items() for column in of}
    known |= {f"{table}.{column}".lower() for table, column in book.replaced(columns)}
    missing = [f"{table}.{column}" for table, of in _REQUIRED.items() for column in sorted(of)]
    missing = [name for name in missing if name.lower() not in known]
    if not known & {"persons.phone", "persons.mobilephone"}:
        missing.append("Persons.MobilePhone")
    if missing:
        raise MisChanged(hint_for(tuple(missing)), tuple(missing))
    lost = {feed: _lost(feed, known) for feed in FEEDS}
    capabilities = {feed.name: not columns_lost for feed, columns_lost in lost.items()}
    missed = missed_of(capabilities)
    return Offer(
        capabilities=capabilities,
        queries=frozenset(name for name in names() if _can_be_asked(book, name, columns)),
        off=tuple(_words(feed, lost[feed]) for feed in FEEDS if feed.name in missed),
    )


def _lost(feed: Feed, known: set[str]) -> tuple[str, ...]:
    return tuple(need for need in feed.needs if not known & set(need.lower().split("|")))


def _words(feed: Feed, lost: tuple[str, ...]) -> str:
    columns = ", ".join(need.replace("|", " или ") for need in lost)
    return f"Выключено: {WORDS[feed.name]}. В базе IDENT не найдено или закрыто для чтения: {columns}."


def _can_be_asked(book: Book, name: str, columns: Columns) -> bool:
    query = book.query(name)
    try:
        if not query.is_whole(columns):
            readable(query, columns)
    except MisChanged:
        return False
    return True
