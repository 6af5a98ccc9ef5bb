"""Each deed as the request that a person's browser would make of it. Decides nothing."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import aiohttp

from demo.amocrm.desk import COOKIE
from demo.clinic.leads import LOST, NEW, PRIMARY
from demo.people.board import Names
from demo.people.model import ROBOT, Budget, Confirm, Deed, Lose, Move, NewRequest, Rename, Source
from demo.product import Product

Json: TypeAlias = dict[str, Any]
_ANSWER = aiohttp.ClientTimeout(total=15)


@dataclass(frozen=True)
class Hands:
    """Of everybody who works in the account."""

    product: Product
    names: Names

    async def do(self, deed: Deed) -> bool:
        """Do it; False where it was refused: the card may have changed since somebody looked."""
        try:
            return await self._done(deed)
        except (aiohttp.ClientError, TimeoutError):  # whoever does not answer is watched elsewhere
            return False

    async def _done(self, deed: Deed) -> bool:
        match deed:
            case NewRequest():
                return await self._write("POST", deed.by, "leads", self._request(deed))
            case Move(by, deal, stage):
                return await self._write("PATCH", by, f"leads/{deal}", self.names.place(PRIMARY, stage))
            case Lose(by, deal, pipeline, reason):
                lost = {**self.names.place(pipeline, LOST), "loss_reason_id": self.names.reasons[reason]}
                return await self._write("PATCH", by, f"leads/{deal}", lost)
            case Budget(by, deal, price):
                return await self._write("PATCH", by, f"leads/{deal}", {"price": price})
            case Source(by, deal, value):
                filled = {"field_id": self.names.source, "values": [{"value": value}]}
                return await self._write("PATCH", by, f"leads/{deal}", {"custom_fields_values": [filled]})
            case Rename(by, contact, name):
                return await self._write("PATCH", by, f"contacts/{contact}", {"name": name})
            case Confirm(by, deal, visit):
                return await self._confirm(by, deal, visit)

    def _request(self, deed: NewRequest) -> Json:
        phone = {"field_code": "PHONE", "values": [{"value": deed.phone, "enum_code": "MOB"}]}
        responsible = {} if deed.by == ROBOT else {"responsible_user_id": deed.by}
        contact = {"first_name": deed.contact, "custom_fields_values": [phone], **responsible}
        body = {"name": deed.name, **self.names.place(PRIMARY, NEW), **responsible}
        return {**body, "_embedded": {"contacts": [contact]}}

    async def _write(self, method: str, by: int, path: str, body: Json) -> bool:
        url = f"{self.product.crm['url']}/_stand-in/users/{by}/{path}"
        async with self.product.session.request(method, url, json=body, timeout=_ANSWER) as answer:
            return answer.status == 200

    async def _confirm(self, by: int, deal: int, visit: str) -> bool:
        """As the widget does on a click: a token of this user from amoCRM, then the hub."""
        crm, session = self.product.crm, self.product.session
        url = f"{crm['url']}/ajax/v2/integrations/{crm['client_id']}/disposable_token"
        asks = {"X-Requested-With": "XMLHttpRequest", "Cookie": f"{COOKIE}={by}"}
        async with session.get(url, headers=asks, timeout=_ANSWER) as answer:
            if answer.status != 200:
                return False
            token = (await answer.json())["token"]
        url = f"{self.product.public_url}/panel/v1/deals/{deal}/confirmation"
        headers = {"X-Auth-Token": token, "Origin": crm["url"]}
        async with session.post(url, json={"visit": visit}, headers=headers, timeout=_ANSWER) as answer:
            return answer.status == 200
