"""Whom the clinic books when somebody presses the button: the patient of the open card, or somebody who waits. Books nobody."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp

from demo.clinic.facts import phones_in
from demo.clinic.rulebook import is_nobodys

_PATIENT = "IDENT: пациент"
_CLOSED = (142, 143)
_LOOKED_AT = 50


@dataclass(frozen=True)
class Whom:
    """A patient of the clinic, or a phone that nobody there may have yet; `deal` is where one will see it."""

    deal: int | None
    patient: int | None = None
    phone: str | None = None
    name: str = field(default="", repr=False)

    @property
    def asked(self) -> dict[str, object] | None:
        """What the clinic is asked; None where there is nobody to book."""
        if self.patient is not None:
            return {"patient": self.patient}
        return {"phone": self.phone, "name": self.name} if self.phone else None


class Cards:
    """Looks at cards as any integration may."""

    def __init__(self, session: aiohttp.ClientSession, crm: dict[str, Any]) -> None:
        self._session, self._url = session, f"{crm['url']}/api/v4"
        self._headers = {"Authorization": f"Bearer {crm['token']}"}

    async def of_deal(self, deal: int) -> Whom:
        """By the deal's own field, else by its main contact."""
        card = await self._get(f"leads/{deal}", {"with": "contacts"})
        return Whom(deal) if card is None else await self._of(card)

    async def of_contact(self, contact: int) -> Whom:
        """By the contact's field, else by its phone."""
        card = await self._get(f"contacts/{contact}", {"with": "leads"})
        leads = card["_embedded"].get("leads") if card else None
        return _by_contact(card, leads[0]["id"] if leads else None)

    async def of_somebody(self) -> Whom:
        """The newest request that has no patient yet, else whose deal was changed last."""
        found = await self._get("leads", {"with": "contacts", "limit": str(_LOOKED_AT), "order[updated_at]": "desc"})
        cards = [
            card
            for card in (found or {"_embedded": {"leads": []}})["_embedded"]["leads"]
            if card["status_id"] not in _CLOSED
        ]
        waiting = [card for card in cards if patient_in(card) is None and card["_embedded"]["contacts"]]
        chosen = next(iter(waiting or cards), None)
        return Whom(None) if chosen is None else await self._of(chosen)

    async def _of(self, card: dict[str, Any]) -> Whom:
        patient = patient_in(card)
        main = next((contact["id"] for contact in card["_embedded"]["contacts"] if contact["is_main"]), None)
        if patient is not None or main is None:
            return Whom(card["id"], patient)
        return _by_contact(await self._get(f"contacts/{main}", {}), card["id"])

    async def _get(self, path: str, query: dict[str, str]) -> dict[str, Any] | None:
        url = f"{self._url}/{path}?{urlencode(query)}"
        async with self._session.get(url, headers=self._headers) as answer:
            return await answer.json(content_type=None) if answer.status == 200 else None


def patient_in(card: dict[str, Any]) -> int | None:
    """The number behind the database's name in our field."""
    found = (item for item in card["custom_fields_values"] or [] if item["field_name"] == _PATIENT)
    return next((int(str(item["values"][0]["value"]).partition(":")[2]) for item in found), None)


def phone_in(card: dict[str, Any]) -> str | None:
    """The first number that is one."""
    values = (v for f in card["custom_fields_values"] or [] if f["field_code"] == "PHONE" for v in f["values"])
    return next((phone for value in values for phone in phones_in(value["value"])), None)


def _by_contact(card: dict[str, Any] | None, deal: int | None) -> Whom:
    if card is None:
        return Whom(deal)
    patient = patient_in(card)
    if patient is not None:
        return Whom(deal, patient)
    return Whom(deal, phone=phone_in(card), name="" if is_nobodys(card["name"]) else card["name"])
