"""The port to the CRM, in our words. `hub.amocrm` implements it; nothing else of the hub knows amoCRM's JSON.

Errors say what to do (`wire.errors`): CrmBusy, CrmDown and AnswerLost are `Retry`; CrmRejected is `Park`;
CrmUnauthorised, CrmUnpaid and CrmBlocked are `NeedsOperator` and stop the account's writing."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from hub.rules.model import AddNote, Contact, CreateContact, CreateDeal, Deal, LinkContact, PatchContact, PatchDeal
from wire.errors import NeedsOperator, Park, Retry


class CrmBusy(Retry):
    """Too many requests: wait `after` seconds before anything of this account goes out."""


class CrmDown(Retry):
    """The CRM did not take the request; nothing was applied."""


class AnswerLost(Retry):
    """The request may have been applied: read before you ask again. Of the items of a creation those at the places `untaken` were not."""

    def __init__(self, after: float | None = None, untaken: Iterable[int] = ()) -> None:
        super().__init__(after)
        self.untaken = frozenset(untaken)


LATE = timedelta(seconds=35)
"""So long after it was sent, or its answer was given up, such a request may still be applied: longer than we wait for an answer."""

FRESH_SECONDS = 2.0
"""What was read longer ago is not written by: somebody may have moved it."""


class CrmRejected(Park):
    """The CRM refused items of a batch: `codes` by the item's place in it, e.g. {3: ("NotSupportedChoice price",)}. All others were
    done; `answers`, by their places, are what was created."""

    def __init__(self, codes: dict[int, tuple[str, ...]], answers: Mapping[int, Any] | None = None) -> None:
        super().__init__(codes)
        self.codes, self.answers = codes, answers or {}


class CrmUnauthorised(NeedsOperator):
    """No valid token can be had: install again."""


class CrmUnpaid(NeedsOperator):
    """The account's subscription ended: writes wait, reads go on."""


class CrmRefusesUser(Park):
    """The CRM refuses a request that was to run as a user. Whether it is the user who may not, or our token, it does not say."""


class CrmBlocked(NeedsOperator):
    """The whole account is refused (403 that is not JSON): stop everything."""


@dataclass(frozen=True)
class Created:
    """A deal that was created, and its main contact."""

    deal_id: int
    contact_id: int


@dataclass(frozen=True)
class User:
    """Somebody who works in the account, as the CRM tells its admins. `is_free`: may not use the CRM's data."""

    id: int
    name: str = field(default="", repr=False)
    is_admin: bool = False
    is_free: bool = False
    is_active: bool = True
    group_id: int | None = None
    role_id: int | None = None


@dataclass(frozen=True)
class SeenDeal:
    """A deal as the user who asks sees it."""

    id: int
    contact_ids: tuple[int, ...] = ()
    main_contact_id: int | None = None
    name: str = field(default="", repr=False)


@dataclass(frozen=True)
class SeenContact:
    """A contact as the user who asks sees it. `phones` are E.164 in the order of the card; `raw_phones` as people typed them."""

    id: int
    name: str = field(default="", repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    raw_phones: tuple[str, ...] = field(default=(), repr=False)


class Crm(Protocol):
    """One account. Every batch may be longer than the CRM takes at once: the client cuts it into requests of at most 50."""

    async def at_once(self) -> int:
        """How many deals may be read together, and then be written, so that none of them was read more than `FRESH_SECONDS` before."""
        ...

    async def deals(self, ids: Sequence[int]) -> dict[int, Deal]:
        """Read deals with their contacts; those that are gone are absent."""
        ...

    async def contacts(self, ids: Sequence[int]) -> dict[int, Contact]:
        """Read contacts with their deals; those that are gone are absent."""
        ...

    async def contacts_with_phone(self, phone: str) -> list[Contact]:
        """Contacts that bear this E.164 phone, checked after the CRM's full-text search."""
        ...

    async def contacts_with_key(self, key: str) -> list[Contact]:
        """Contacts that bear this patient's key, found likewise."""
        ...

    def deals_created_since(self, moment: datetime) -> AsyncIterator[Deal]:
        """Newest first; the way to find what a lost answer hid."""
        ...

    def contacts_changed_since(self, moment: datetime) -> AsyncIterator[Contact]:
        """Last changed first."""
        ...

    async def notes_of(self, deal_id: int) -> list[str]:
        """Texts of our notes on a deal, newest first."""
        ...

    async def create_deals(self, commands: Sequence[CreateDeal]) -> list[Created]:
        """At most 50; in the order of the commands."""
        ...

    async def create_contacts(self, commands: Sequence[CreateContact]) -> list[int]:
        """At most 50; ids in the order of the commands."""
        ...

    async def add_notes(self, commands: Sequence[AddNote]) -> None:
        """At most 50."""
        ...

    async def patch_deals(self, commands: Sequence[PatchDeal]) -> None: ...

    async def patch_contacts(self, commands: Sequence[PatchContact]) -> None: ...

    async def link_contacts(self, commands: Sequence[LinkContact]) -> None: ...
