"""amoCRM's API v4 as values: which requests there are. Knows no network, no clock and no account.

Facts stand in www.amocrm.ru/developers/content, named below as the page of its last path element."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]
Entity: TypeAlias = Literal["leads", "contacts"]

BATCH = 50
"""Recommended for writes, a must for /leads/complex."""
PAGE = "250"
API = "/api/v4"
NOTE_TYPE, SERVICE = "extended_service_message", "IDENT"
"""What our notes are, and whose."""


@dataclass(frozen=True)
class Request:
    """What goes to an account, without its host and token. `divisible`: harmless to repeat in halves."""

    method: Literal["GET", "POST", "PATCH"]
    path: str
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: Any = field(default=None, repr=False)
    divisible: bool = False

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.method != "GET"


# Requests: leads-api, contacts-api, entity-links, events-and-notes


def lead(deal_id: int) -> Request:
    return Request("GET", f"{API}/leads/{deal_id}", (_LEADS_WITH,))


def user(user_id: int) -> Request:
    """Admins only."""
    return Request("GET", f"{API}/users/{user_id}")


def leads(ids: Sequence[int]) -> Request:
    return _by_ids("leads", _LEADS_WITH, ids)


def leads_newest_first() -> Request:
    return Request("GET", f"{API}/leads", (_LEADS_WITH, ("order[created_at]", "desc"), ("limit", PAGE)))


def contact(contact_id: int) -> Request:
    return Request("GET", f"{API}/contacts/{contact_id}", (_CONTACTS_WITH,))


def contacts(ids: Sequence[int]) -> Request:
    return _by_ids("contacts", _CONTACTS_WITH, ids)


def contacts_last_changed_first() -> Request:
    return Request("GET", f"{API}/contacts", (_CONTACTS_WITH, ("order[updated_at]", "desc"), ("limit", PAGE)))


def contacts_like(text: str) -> Request:
    """A search over all filled fields: whoever asks has to look at each hit."""
    return Request("GET", f"{API}/contacts", (("query", text), _CONTACTS_WITH, ("limit", PAGE)))


def notes(deal_id: int) -> Request:
    return Request("GET", f"{API}/leads/{deal_id}/notes", (("order[id]", "desc"), ("limit", PAGE)))


def create_leads(items: Sequence[Json]) -> Request:
    """With their contacts. The answer is a bare array."""
    return Request("POST", f"{API}/leads/complex", body=list(items))


def create_contacts(items: Sequence[Json]) -> Request:
    return Request("POST", f"{API}/contacts", body=list(items))


def add_notes(items: Sequence[Json]) -> Request:
    return Request("POST", f"{API}/leads/notes", body=list(items))


def link_contacts(items: Sequence[Json]) -> Request:
    return Request("POST", f"{API}/leads/link", body=list(items))


def patch(entity: Entity, items: Sequence[Json]) -> Request:
    return Request("PATCH", f"{API}/{entity}", body=list(items), divisible=len(items) > 1)


def _by_ids(entity: Entity, with_: tuple[str, str], ids: Sequence[int]) -> Request:
    asked = tuple(("filter[id][]", str(id_)) for id_ in ids)
    return Request("GET", f"{API}/{entity}", (with_, *asked, ("limit", PAGE)), divisible=len(ids) > 1)


_LEADS_WITH = ("with", "contacts,is_price_modified_by_robot")
_CONTACTS_WITH = ("with", "leads")


# Requests of the preparation: account-info, leads_pipelines, custom-fields


def account() -> Request:
    return Request("GET", f"{API}/account", (("with", "is_api_filter_enabled"),))


def users_groups() -> Request:
    return Request("GET", f"{API}/account", (("with", "users_groups"),))


def users() -> Request:
    """Admins only."""
    return Request("GET", f"{API}/users", (("limit", PAGE),))


def pipelines() -> Request:
    return Request("GET", f"{API}/leads/pipelines")


def create_pipelines(items: Sequence[Json]) -> Request:
    return Request("POST", f"{API}/leads/pipelines", body=list(items))


def create_stages(pipeline_id: int, items: Sequence[Json]) -> Request:
    return Request("POST", f"{API}/leads/pipelines/{pipeline_id}/statuses", body=list(items))


def groups(entity: Entity) -> Request:
    return Request("GET", f"{API}/{entity}/custom_fields/groups")


def create_groups(entity: Entity, items: Sequence[Json]) -> Request:
    return Request("POST", f"{API}/{entity}/custom_fields/groups", body=list(items))


def fields(entity: Entity) -> Request:
    return Request("GET", f"{API}/{entity}/custom_fields", (("limit", PAGE),))


def create_fields(entity: Entity, items: Sequence[Json]) -> Request:
    return Request("POST", f"{API}/{entity}/custom_fields", body=list(items))


def patch_field(entity: Entity, field_id: int, item: Json) -> Request:
    return Request("PATCH", f"{API}/{entity}/custom_fields/{field_id}", body=item)
