"""What the stand-in's pages show to one user, as JSON of our own; no part of amoCRM's API, and knows no HTTP."""

import itertools
from typing import Any, TypeVar

from demo.amocrm import feed
from demo.amocrm.archive import Widget
from demo.amocrm.directory import group_name, rights_of
from demo.amocrm.errors import Denied, Refused
from demo.amocrm.model import Card, Contact, Entity, Field, Json, Lead, Pipeline, Status, Unsorted, User
from demo.amocrm.store import Account
from demo.amocrm.tasks import TYPES

Kind = TypeVar("Kind", bound=Card)

MOST_FOUND = 8
MOST_CARDS = 100
"""In one column of the list; the count and the sum are of all."""


def start(account: Account, user: User, widget: Widget, client_uuid: str) -> Json:
    """What a page needs once: who looks, the account, the widget."""
    return {
        "account": {
            "id": account.id,
            "name": account.subdomain,
            "subdomain": account.subdomain,
            "timezone": account.timezone,
        },
        "user": {**_person(user), "email": user.email},
        "user_rights": {"leads": rights_of(user), "contacts": rights_of(user), "is_admin": user.is_admin},
        "users": [_person(other) for other in account.users.values() if other.is_active],
        "groups": {
            f"group_{one}": group_name(one) for one in sorted({other.group_id for other in account.users.values()})
        },
        "task_types": {str(number): name for number, (name, _) in TYPES.items()},
        "pipelines": _pipelines(account),
        "now": account.now(),
        "widget": widget_shape(widget, client_uuid),
    }


def widget_shape(widget: Widget, client_uuid: str) -> Json:
    """The widget as the page sets it up."""
    return {
        "code": widget.code,
        "path": widget.path,
        "version": widget.version,
        "locations": widget.manifest["locations"],
        "settings_fields": widget.manifest["settings"],
        "advanced_title": widget.manifest.get("advanced", {}).get("title"),
        "client_uuid": client_uuid,
        "is_active": widget.is_active,
        "settings": widget.settings,
        "langs": widget.texts("ru"),
    }


def board(account: Account, user: User, pipeline_id: int) -> Json:
    """The list of deals by stage."""
    pipeline = account.pipelines.get(pipeline_id)
    if pipeline is None:
        raise Refused(404, "No such pipeline.")
    columns = [_column(account, user, status) for status in _stages(pipeline)]
    return {
        "pipeline": {"id": pipeline.id, "name": pipeline.name},
        "unsorted": _unsorted(account, user, pipeline),
        "columns": columns,
        "now": account.now(),
    }


def _unsorted(account: Account, user: User, pipeline: Pipeline) -> list[Json]:
    """What waits, the latest first; nobody sees it who may make no deals."""
    if user.view == "D" and not user.is_admin:
        return []
    ours = [one for one in account.unsorted.values() if one.pipeline_id == pipeline.id]
    return [_waiting(one) for one in sorted(ours, key=lambda one: (one.created_at, one.uid), reverse=True)]


def _waiting(one: Unsorted) -> Json:
    contact: Json = next(iter(one.raw["_embedded"].get("contacts", [])), {})
    names = (contact.get("name"), contact.get("first_name"), contact.get("last_name"))
    return {
        "uid": one.uid,
        "name": one.raw.get("name") or "Заявка",
        "contact": " ".join(filter(None, names)),
        "source": one.source_name,
        "created_at": one.created_at,
    }


def _column(account: Account, user: User, status: Status) -> Json:
    at = (status.pipeline_id, status.id)
    leads = [lead for lead in account.leads.values() if (lead.pipeline_id, lead.status_id) == at]
    leads = sorted(filter(_visible(account, user), leads), key=lambda lead: (lead.updated_at, lead.id), reverse=True)
    return {
        **_stage(status),
        "count": len(leads),
        "sum": sum(lead.price for lead in leads),
        "leads": [_tile(account, lead) for lead in leads[:MOST_CARDS]],
    }


def _tile(account: Account, lead: Lead) -> Json:
    contact = account.contacts.get(lead.main_contact or 0)
    return {
        "id": lead.id,
        "name": lead.name,
        "price": lead.price,
        "contact": contact.name if contact else "",
        "responsible": _name(account, lead.responsible_user_id),
        "created_at": lead.created_at,
        "tags": _tags(account, "leads", lead),
    }


def lead(account: Account, user: User, lead_id: int) -> Json:
    """A deal's card."""
    card = _found(account, account.leads, user, lead_id)
    reason = account.loss_reasons.get(card.loss_reason_id or 0)
    return {
        **_card(account, user, "leads", card),
        "price": card.price,
        "pipeline_id": card.pipeline_id,
        "status_id": card.status_id,
        "loss_reason": reason.name if reason else None,
        "pipelines": _pipelines(account),
        "contacts": [
            _linked_contact(account, account.contacts[contact_id], is_main=contact_id == card.main_contact)
            for contact_id in card.contacts
        ],
    }


def new_lead(account: Account, user: User) -> Json:
    """The card of a deal that nobody saved yet: amoCRM gives it the id 0."""
    pipeline = account.main_pipeline()
    empty = Lead(0, "", user.id, user.id, user.id, account.now(), account.now())
    empty.pipeline_id, empty.status_id = pipeline.id, account.first_stage(pipeline).id
    return {
        **_card(account, user, "leads", empty),
        "price": 0,
        "pipeline_id": empty.pipeline_id,
        "status_id": empty.status_id,
        "loss_reason": None,
        "pipelines": _pipelines(account),
        "contacts": [],
    }


def contact(account: Account, user: User, contact_id: int) -> Json:
    """A contact's card."""
    card = _found(account, account.contacts, user, contact_id)
    leads = [account.leads[lead_id] for lead_id in card.leads]
    return {
        **_card(account, user, "contacts", card),
        **_linked_contact(account, card, is_main=True),
        "pipelines": _pipelines(account),
        "leads": [
            {"id": one.id, "name": one.name, "price": one.price, "stage": _stage(_status(account, one))}
            for one in filter(_visible(account, user), leads)
        ],
    }


def contacts(account: Account, user: User, text: str) -> list[Json]:
    """Some that the search finds, to choose one."""
    found = (account.contacts[card_id] for card_id in account.found("contacts", text))
    return [
        _linked_contact(account, card, is_main=False) | {"deals": len(card.leads)}
        for card in itertools.islice(filter(_visible(account, user), found), MOST_FOUND)
    ]


def _found(account: Account, cards: dict[int, Kind], user: User, card_id: int) -> Kind:
    card = cards.get(card_id)
    if card is None:
        raise Refused(404, "No such card.")
    if not _visible(account, user)(card):
        raise Denied
    return card


def _visible(account: Account, user: User) -> Any:
    """What a free user's pages show is not documented: here the cards open, so that one sees what the widget says to them."""
    return (lambda _: True) if user.is_free else lambda card: account.sees(user, card)


def _card(account: Account, user: User, entity: Entity, card: Card) -> Json:
    return {
        "entity": entity,
        "id": card.id,
        "name": card.name,
        "responsible_user_id": card.responsible_user_id,
        "responsible": _name(account, card.responsible_user_id),
        "created_at": card.created_at,
        "tags": _tags(account, entity, card),
        "values": {str(field_id): values for field_id, values in card.values.items()},
        "fields": [_field(one) for one in sorted(account.fields[entity].values(), key=lambda one: one.sort)],
        "groups": [{"id": one.id, "name": one.name} for one in sorted(account.groups[entity].values(), key=_sort)],
        "feed": feed.lines(account, entity, card, user),
        "now": account.now(),
    }


def _sort(group: Any) -> int:
    sort: int = group.sort
    return sort


def _field(one: Field) -> Json:
    return {
        "id": one.id,
        "name": one.name,
        "type": one.type,
        "code": one.code,
        "group_id": one.group_id or "default",
        "is_api_only": one.is_api_only,
        "choices": [{"id": choice.id, "value": choice.value, "code": choice.code} for choice in one.choices],
    }


def _linked_contact(account: Account, card: Contact, *, is_main: bool) -> Json:
    codes = {one.id: one.code for one in account.fields["contacts"].values()}
    texts: dict[str, list[str]] = {"PHONE": [], "EMAIL": []}
    for field_id, values in card.values.items():
        texts.get(codes[field_id] or "", []).extend(str(value["value"]) for value in values)
    return {
        "id": card.id,
        "name": card.name,
        "first_name": card.first_name,
        "last_name": card.last_name,
        "phones": texts["PHONE"],
        "emails": texts["EMAIL"],
        "is_main": is_main,
    }


def _pipelines(account: Account) -> list[Json]:
    ordered = sorted(account.pipelines.values(), key=lambda one: one.sort)
    return [
        {"id": one.id, "name": one.name, "is_main": one.is_main, "stages": [_stage(status) for status in _stages(one)]}
        for one in ordered
    ]


def _stages(pipeline: Pipeline) -> list[Status]:
    """Without «Неразобранное»: no lead of this stand-in can be there."""
    return sorted((one for one in pipeline.statuses.values() if one.type == 0), key=lambda one: one.sort)


def _stage(status: Status) -> Json:
    return {"id": status.id, "name": status.name, "color": status.color, "pipeline_id": status.pipeline_id}


def _status(account: Account, card: Lead) -> Status:
    return account.pipelines[card.pipeline_id].statuses[card.status_id]


def _tags(account: Account, entity: Entity, card: Card) -> list[str]:
    return [account.tags[entity][tag_id].name for tag_id in card.tags]


def _person(user: User) -> Json:
    return {"id": user.id, "name": user.name, "is_admin": user.is_admin, "is_free": user.is_free, "view": user.view}


def _name(account: Account, user_id: int) -> str:
    user = account.users.get(user_id)
    return user.name if user else "Робот"
