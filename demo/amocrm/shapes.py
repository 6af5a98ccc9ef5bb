"""How cards look in answers: HAL models with their links; decides nothing."""

from demo.amocrm.call import Call
from demo.amocrm.model import Card, Company, Contact, Entity, Json, Lead

__all__ = ["Json", "lead", "contact", "company", "made", "patched"]


def made(call: Call, entity: Entity, card_id: int, request_id: str) -> Json:
    """A created card in the answer to its creation."""
    return {"id": card_id, "request_id": request_id, "_links": call.itself(f"{entity}/{card_id}")}


def patched(call: Call, entity: Entity, card: Card) -> Json:
    """A changed card in the answer to its change."""
    return {"id": card.id, "updated_at": card.updated_at, "_links": call.itself(f"{entity}/{card.id}")}


def lead(call: Call, card: Lead) -> Json:
    """A lead; what is embedded beyond tags and companies depends on `with`."""
    shape = {
        **_head(call, "leads", card),
        "price": card.price,
        "status_id": card.status_id,
        "pipeline_id": card.pipeline_id,
        "loss_reason_id": card.loss_reason_id,
        "closed_at": card.closed_at,
        "score": None,
        "labor_cost": None,
        "_embedded": _embedded(call, "leads", card),
    }
    wanted = call.query.with_
    if "contacts" in wanted:
        shape["_embedded"]["contacts"] = [
            {
                "id": contact_id,
                "is_main": contact_id == card.main_contact,
                "_links": call.itself(f"contacts/{contact_id}"),
            }
            for contact_id in card.contacts
        ]
    if "loss_reason" in wanted:
        shape["_embedded"]["loss_reason"] = _loss_reasons(call, card)
    if "is_price_modified_by_robot" in wanted:
        shape["is_price_modified_by_robot"] = card.is_price_modified_by_robot
    if "source_id" in wanted:
        shape["source_id"] = card.source_id
    if "source" in wanted:
        shape["_embedded"]["source"] = _source(call, card)
    return shape


def contact(call: Call, card: Contact) -> Json:
    """A contact."""
    shape = {
        **_head(call, "contacts", card),
        "first_name": card.first_name,
        "last_name": card.last_name,
        "_embedded": _embedded(call, "contacts", card),
    }
    if "leads" in call.query.with_:
        shape["_embedded"]["leads"] = _refs(call, "leads", card.leads)
    return shape


def company(call: Call, card: Company) -> Json:
    """A company: its leads and contacts are embedded by `with`."""
    embedded = _embedded(call, "companies", card)
    if "leads" in call.query.with_:
        embedded["leads"] = _refs(call, "leads", card.leads)
    if "contacts" in call.query.with_:
        embedded["contacts"] = _refs(call, "contacts", card.contacts)
    return {**_head(call, "companies", card), "_embedded": embedded}


def _refs(call: Call, entity: Entity, ids: list[int]) -> list[Json]:
    return [{"id": card_id, "_links": call.itself(f"{entity}/{card_id}")} for card_id in ids]


def _head(call: Call, entity: Entity, card: Card) -> Json:
    return {
        "id": card.id,
        "name": card.name,
        "responsible_user_id": card.responsible_user_id,
        "group_id": _group(call, card),
        "created_by": card.created_by,
        "updated_by": card.updated_by,
        "created_at": card.created_at,
        "updated_at": card.updated_at,
        "closest_task_at": card.closest_task_at,
        "is_deleted": entity == "leads" and card.id in call.account.deleted_leads,
        "custom_fields_values": _values(call, entity, card),
        "account_id": call.account.id,
        "_links": call.itself(f"{entity}/{card.id}"),
    }


def _group(call: Call, card: Card) -> int:
    user = call.account.users.get(card.responsible_user_id)
    return user.group_id if user else 0


def _values(call: Call, entity: Entity, card: Card) -> list[Json] | None:
    fields = call.account.fields[entity]
    filled = [
        {
            "field_id": field_id,
            "field_name": fields[field_id].name,
            "field_code": fields[field_id].code,
            "field_type": fields[field_id].type,
            "values": values,
        }
        for field_id, values in card.values.items()
    ]
    return filled or None


def _embedded(call: Call, entity: Entity, card: Card) -> Json:
    tags = [call.account.tags[entity][tag_id] for tag_id in card.tags]
    embedded: Json = {"tags": [{"id": tag.id, "name": tag.name, "color": None} for tag in tags]}
    if isinstance(card, Lead | Contact):
        embedded["companies"] = _refs(call, "companies", card.companies)
    if "catalog_elements" in call.query.with_:
        embedded["catalog_elements"] = []
    return embedded


def _loss_reasons(call: Call, card: Lead) -> list[Json]:
    reason = call.account.loss_reasons.get(card.loss_reason_id or 0)
    return [loss_reason(call, reason.id)] if reason else []


def _source(call: Call, card: Lead) -> Json | None:
    source = call.account.sources.get(card.source_id or 0)
    return {"id": source.id, "name": source.name} if source else None


def loss_reason(call: Call, reason_id: int) -> Json:
    """Why leads are lost."""
    reason = call.account.loss_reasons[reason_id]
    return {
        "id": reason.id,
        "name": reason.name,
        "sort": reason.sort,
        "created_at": reason.created_at,
        "updated_at": reason.created_at,
        "_links": call.itself(f"leads/loss_reasons/{reason.id}"),
    }
