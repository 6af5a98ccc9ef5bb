"""What a change leaves of itself: an event for each field of a card that holds something else than before. Knows no body."""

import copy
from dataclasses import dataclass
from typing import Any

from demo.amocrm.model import Card, Entity, Lead, Values
from demo.amocrm.store import SINGULAR, Account

SALE, NAME, RESPONSIBLE = "sale_field_changed", "name_field_changed", "entity_responsible_changed"
TAGGED, UNTAGGED = "entity_tag_added", "entity_tag_deleted"


@dataclass(frozen=True)
class Before:
    """A card as it was."""

    plain: dict[str, Any]
    values: dict[int, Values]
    tags: list[int]


def seen(card: Card) -> Before:
    """Remember how the card is, before it is written."""
    return Before(_plain(card), copy.deepcopy(card.values), list(card.tags))


def tell(account: Account, entity: Entity, card: Card, before: Before, by: int) -> None:
    """An event for each difference; what stands as it stood is none."""
    now = _plain(card)
    for kind, value in now.items():
        if value != before.plain[kind]:
            account.happened(kind, entity, card.id, by, [before.plain[kind]], [value])
    for field_id in sorted(before.values.keys() | card.values.keys()):
        old, new = before.values.get(field_id, []), card.values.get(field_id, [])
        if _told(old) != _told(new):
            _field_changed(account, entity, card.id, field_id, by, old, new)
    for kind, tags in (
        (UNTAGGED, [tag for tag in before.tags if tag not in card.tags]),
        (TAGGED, [tag for tag in card.tags if tag not in before.tags]),
    ):
        if tags:
            named = [{"tag": {"name": account.tags[entity][tag].name}} for tag in tags]
            account.happened(kind, entity, card.id, by, *((named, []) if kind == UNTAGGED else ([], named)))


def announce(account: Account, entity: Entity, card: Card, before: Before) -> None:
    """What webhooks and robots hear of a patch, when all of it is done; also where it changed nothing."""
    account.announce(f"update_{SINGULAR[entity]}", card)
    if _plain(card)[RESPONSIBLE] != before.plain[RESPONSIBLE]:
        account.announce(f"responsible_{SINGULAR[entity]}", card)


def _plain(card: Card) -> dict[str, Any]:
    """The kind of event that a change of this value is, and the value as such an event tells it."""
    told: dict[str, Any] = {
        NAME: {"name_field_value": {"name": card.name}},
        RESPONSIBLE: {"responsible_user": {"id": card.responsible_user_id}},
    }
    return {**told, SALE: {"sale_field_value": {"sale": card.price}}} if isinstance(card, Lead) else told


def _field_changed(
    account: Account, entity: Entity, card_id: int, field_id: int, by: int, old: Values, new: Values
) -> None:
    kind = account.fields[entity][field_id].type

    def shapes(values: Values) -> Values:
        return [
            {"custom_field_value": {"field_id": field_id, "field_type": kind, "enum_id": enum, "text": text}}
            for text, enum in _told(values)
        ]

    account.happened(f"custom_field_{field_id}_value_changed", entity, card_id, by, shapes(old), shapes(new))


def _told(values: Values) -> list[tuple[str, int | None]]:
    return [(str(value["value"]), value.get("enum_id")) for value in values]
