"""All that the money of some patients is made of, for a person who compares it with IDENT's screen: the rows, the terms and the figures
by the very code that the scan sends them with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from agent.mis import rows
from agent.mis.accounts import accounts
from agent.mis.balance import ADVANCE, DEBT, NET, Account, Terms, figures, terms_of
from agent.mis.book import SHIPPED, Book
from agent.mis.port import Mis, MisChanged, Row
from agent.mis.probe import Offer, examine
from agent.mis.reader import chunks
from wire.capabilities import WORDS
from wire.model import Patient


@dataclass(frozen=True)
class Reckoned:
    """One patient. In `figures` what is not known is absent."""

    patient: Patient
    account: Account
    terms: Terms
    figures: Mapping[str, Decimal]


@dataclass(frozen=True)
class Looked:
    """What was read, and when by the server's clock. `off`: in words, which part of it cannot be known here."""

    read_at: datetime
    by_journal: bool
    off: tuple[str, ...]
    found: tuple[Reckoned, ...]


async def look(mis: Mis, keys: Sequence[int], zone: ZoneInfo, book: Book = SHIPPED) -> Looked:
    """Whoever is not there is not among `found`. Raises `MisChanged` where nothing of money can be read."""
    at = (await mis.server()).now.replace(tzinfo=zone)
    offer = examine(await mis.columns(), book)
    can, off = offer.capabilities, _off(offer)
    if not (can[DEBT] or can[NET]):
        raise MisChanged(" ".join(off))
    reader = _Reader(mis, offer)
    orders = await reader.fetch("orders_of_patients", keys)
    read = await reader.fetch("accounts_by_key", keys) or []
    told = {each.key: each.entity for each in map(rows.patient, await reader.fetch("patients_by_key", keys) or [])}
    found = [
        _reckoned(patient, each, can)
        for each in await accounts(read, orders, reader.fetch, can)
        if (patient := told.get(str(each.row["ID_Persons"])))
    ]
    place = {str(key): number for number, key in enumerate(keys)}
    return Looked(at, can[DEBT], off, tuple(sorted(found, key=lambda each: place[each.patient.id])))


def _reckoned(patient: Patient, account: Account, can: Mapping[str, bool]) -> Reckoned:
    terms = terms_of(account, can)
    return Reckoned(patient, account, terms, figures(terms, can)[0])


def _off(offer: Offer) -> tuple[str, ...]:
    """Whoever reads both has no use for the net."""
    concerned = (DEBT, ADVANCE) if offer.capabilities[DEBT] else (DEBT, ADVANCE, NET)
    return tuple(words for words in offer.off if any(f": {WORDS[name]}." in words for name in concerned))


class _Reader:
    """Statements for some keys, as far as they can be asked here."""

    def __init__(self, mis: Mis, offer: Offer) -> None:
        self._mis, self._queries = mis, offer.queries

    async def fetch(self, name: str, keys: Sequence[int]) -> list[Row] | None:
        """None where that cannot be read at all."""
        if name not in self._queries:
            return None
        return [row for chunk in chunks(keys) for row in await self._mis.fetch(name, chunk)]
