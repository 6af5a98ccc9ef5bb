"""What leads, contacts and companies share when they are written: people, custom fields, tags. First all is checked, then applied."""

from dataclasses import dataclass, field
from typing import Any

from demo.amocrm import values
from demo.amocrm.bodies import CardBody, FieldValuesBody, TagBody, TagsEmbedded
from demo.amocrm.checks import Checks
from demo.amocrm.model import Card, Entity, Field, Values
from demo.amocrm.store import Account

MOST_VALUES_IN_COMPLEX = 40


@dataclass
class CardPlan:
    """What a good body will do to a card."""

    plain: dict[str, Any] = field(default_factory=dict)
    by: int = 0
    """Who will stand in `updated_by`."""
    values: dict[int, Values | None] = field(default_factory=dict)
    add_tags: list[TagBody] = field(default_factory=list)
    delete_tags: list[TagBody] = field(default_factory=list)
    all_tags: list[TagBody] | None = None


@dataclass(frozen=True)
class Writer:
    """Who writes: through the API, or with the hands (and the limits) of a person at the card."""

    user_id: int
    by_hand: bool = False

    @property
    def is_person(self) -> bool:
        """A robot of the account's own has hands, too."""
        return self.by_hand and self.user_id != 0


def prepare(
    account: Account, entity: Entity, body: CardBody, checks: Checks, writer: Writer, prefix: str = ""
) -> CardPlan:
    """Check what cards have in common; `prefix` is the item's own place, as in complex."""
    plan = CardPlan(plain=body.given("name", "responsible_user_id"), by=writer.user_id)
    for name in body.model_fields_set & {"responsible_user_id", "created_by", "updated_by"}:
        user_id = getattr(body, name)
        robot = user_id == 0 and name != "responsible_user_id"
        checks.choice(f"{prefix}{name}", robot or user_id in account.users)
    if "updated_by" in body.model_fields_set:
        plan.by = body.updated_by
    for number, given in enumerate(body.custom_fields_values):
        path = f"{prefix}custom_fields_values.{number}"
        plan.values |= _values(account, entity, given, path, checks, writer, plan.values)
    _prepare_tags(account, entity, body, checks, plan, prefix)
    return plan


def _values(
    account: Account,
    entity: Entity,
    given: FieldValuesBody,
    path: str,
    checks: Checks,
    writer: Writer,
    before: dict[int, Values | None],
) -> dict[int, Values | None]:
    target = _field(account, entity, given, path, checks)
    if target is None:
        return {}
    if target.id in before:
        checks.refuse("Duplicate", f"{path}.field_id", "Not documented: the same field twice in one item.")
    if writer.by_hand and target.is_api_only:
        checks.refuse("NotAllowed", f"{path}.field_id", "Only the API may edit this field (is_api_only).")
    return {target.id: None if given.values is None else values.checked(target, given.values, path, checks)}


def _field(account: Account, entity: Entity, given: FieldValuesBody, path: str, checks: Checks) -> Field | None:
    """The field that is named by id, by code, or by both alike."""
    fields = account.fields[entity]
    if given.field_id is None and given.field_code is None:
        checks.refuse("FieldMissing", f"{path}.field_id", "This field is missing.")
        return None
    by_id = fields.get(given.field_id) if given.field_id is not None else None
    if given.field_id is not None and not checks.choice(f"{path}.field_id", by_id is not None):
        return None
    if given.field_code is None:
        return by_id
    by_code = next((f for f in fields.values() if f.code == given.field_code), None)
    same = by_code is not None and (by_id is None or by_id is by_code)
    return by_code if checks.choice(f"{path}.field_code", same) else None


def _prepare_tags(
    account: Account, entity: Entity, body: CardBody, checks: Checks, plan: CardPlan, prefix: str
) -> None:
    plan.add_tags = body.tags_to_add
    plan.delete_tags = getattr(body, "tags_to_delete", [])
    embedded: TagsEmbedded | None = getattr(body, "embedded", None)
    if embedded is not None and "tags" in embedded.model_fields_set:
        plan.all_tags = embedded.tags or []
    lists = {"tags_to_add": plan.add_tags, "tags_to_delete": plan.delete_tags, "_embedded.tags": plan.all_tags or []}
    for name, tags in lists.items():
        for number, tag in enumerate(tags):
            path = f"{prefix}{name}.{number}"
            if (tag.id is None) == (tag.name is None):
                checks.refuse("FieldMissing", f"{path}.name", "Give one of id, name.")
            elif tag.id is not None:
                checks.choice(f"{path}.id", tag.id in account.tags[entity])


def apply(account: Account, entity: Entity, card: Card, plan: CardPlan) -> None:
    """Do what was checked. A written field replaces all its values."""
    for name, value in plan.plain.items():
        setattr(card, name, value)
    for field_id, found in plan.values.items():
        if found is None:
            card.values.pop(field_id, None)
        else:
            card.values[field_id] = found
    if plan.all_tags is not None:
        card.tags = _tag_ids(account, entity, plan.all_tags)
    card.tags += [tag for tag in _tag_ids(account, entity, plan.add_tags) if tag not in card.tags]
    gone = {tag.id for tag in plan.delete_tags} | {tag.name for tag in plan.delete_tags}
    card.tags = [tag for tag in card.tags if not {tag, account.tags[entity][tag].name} & gone]
    card.updated_by, card.updated_at = plan.by, account.now()
    account.index(entity, card)
    account.changed(entity, card.id)


def _tag_ids(account: Account, entity: Entity, tags: list[TagBody]) -> list[int]:
    ids = [tag.id if tag.id is not None else account.tag_named(entity, tag.name or "").id for tag in tags]
    return list(dict.fromkeys(ids))


def not_too_many(body: CardBody, checks: Checks, prefix: str = "") -> None:
    """Complex takes a limited number of field values for each card."""
    if len(body.custom_fields_values) > MOST_VALUES_IN_COMPLEX:
        detail = f"This collection should hold {MOST_VALUES_IN_COMPLEX} or less."
        checks.refuse("TooMany", f"{prefix}custom_fields_values", detail)
