"""The clinic's database, asked by keys alone where no index of its own leads from an owner to what belongs to it: which rows these are is
remembered in the outbox. What is not remembered is asked as it stands, which looks through a whole table."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias, cast

from agent.mis.book import SHIPPED, Book
from agent.mis.forms import KEY, KEYS, UNLOCKED, Owned, owned, relations
from agent.mis.port import Answers, Columns, MisChanged, Param, Row
from agent.mis.reader import chunks
from agent.mis.statements import names, readable
from agent.outbox import Owners, Rows

Told: TypeAlias = Mapping[str, str]
"""Relation -> the output in which a statement tells it."""

PAGES: Mapping[str, str | None] = {
    "orders_owners": "orders_changed",
    "lines_owners": "lines_changed",
    "payments_owners": "payments_changed",
    "delays_owners": None,
    "services_owners": "services_changed",
    "checkups_owners": None,
    "plans_owners": None,
}
"""Statement that tells whose the rows of a table are -> the hint that tells the same of those that changed."""
PAGE = 1000
"""Rows of one such statement: a few numbers each."""
OVERLAP = 50
"""Keys: one that was given out before others may be committed after them."""


class Keyed:
    """Answers as the database does."""

    def __init__(self, mis: Answers, owners: Owners, book: Book = SHIPPED) -> None:
        self._mis, self._owners = mis, owners
        self._owned = {name: of for name in names() if (of := owned(book.query(name)))}
        self._told = {page: relations(book.query(page).tree) for page in PAGES}
        self._page_of = {relation: page for page, told in self._told.items() for relation in told}
        self._page_like = {hint: page for page, hint in PAGES.items() if hint}

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        """Run `queries/<query>.sql`."""
        asked = self._owned.get(query)
        if asked is not None and (found := await self._by_keys(query, asked, params)) is not None:
            return found
        read = await self._mis.fetch(query, *params)
        if query in self._page_like:
            await self._owners.learn(rows_of(read, self._told[self._page_like[query]]))
        return read

    async def _by_keys(self, query: str, asked: Owned, params: Sequence[Param]) -> list[Row] | None:
        """None where it is not remembered which rows these are."""
        owners = dict(zip(asked.relations, cast(Sequence[tuple[int, ...]], params), strict=True))
        through = self._owners.through(owners)
        if through is None:
            return None
        await self._learn_newest(self._page_of[asked.relations[0]], through)
        keys = await self._owners.keys(owners)
        if keys is None:
            return None
        read = [row for some in chunks(keys) for row in await self._mis.fetch(query + KEYS, some)]
        wanted = list(zip(asked.outputs, map(set, owners.values()), strict=True))
        return [row for row in read if any(row.get(output) in of for output, of in wanted)]

    async def _learn_newest(self, page: str, through: int) -> None:
        """What came since. Whoever holds a row hides only that: it comes with a hint, or with the overlap."""
        after, is_end = max(0, through - OVERLAP), False
        while not is_end:
            read = await self._mis.fetch(page + UNLOCKED, after)
            after, is_end = last_of(read, after), len(read) < PAGE
            await self._owners.learn(rows_of(read, self._told[page]), after)


def readable_pages(book: Book, columns: Columns) -> dict[str, Told]:
    """What each of `PAGES` tells where these columns can be read."""
    told: dict[str, Told] = {}
    for page in PAGES:
        with suppress(MisChanged):
            told[page] = relations(readable(book.query(page), columns))
    return told


def last_of(read: Sequence[Row], after: int) -> int:
    """The greatest key of a page that begins behind `after`."""
    return max((cast(int, row[KEY]) for row in read), default=after)


def rows_of(read: Sequence[Row], told: Told) -> dict[str, Rows]:
    """What some rows say of whose they are."""
    return {
        relation: {cast(int, row[KEY]): cast("int | None", row[output]) for row in read if output in row}
        for relation, output in told.items()
    }
