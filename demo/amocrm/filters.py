"""`filter` and `order` of lists of cards. Filters are a paid option: without it they are ignored, as amoCRM does."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from demo.amocrm.errors import Problem, Refused
from demo.amocrm.model import Card, Entity, Json
from demo.amocrm.query import Query
from demo.amocrm.store import Account

AnyCard = TypeVar("AnyCard", bound=Card)

_COMMON = (
    r"filter\[(id|created_by|updated_by|responsible_user_id)\](\[\d*\])?",
    r"filter\[(name)\](\[\d*\])?",
    r"filter\[(created_at|updated_at|closest_task_at)\]\[(from|to)\]",
    r"filter\[(custom_fields_values)\]\[(\d+)\]\[(from|to|\d*)\]",
)
PATTERNS: dict[Entity, tuple[str, ...]] = {
    "contacts": _COMMON,
    "companies": _COMMON,
    "leads": (
        *_COMMON,
        r"filter\[(pipeline_id)\](\[\d*\])?",
        r"filter\[(price|closed_at)\]\[(from|to)\]",
        r"filter\[(statuses)\]\[(\d+)\]\[(pipeline_id|status_id)\]",
    ),
}
"""Names of documented parameters; the first group is the attribute."""

_RANGES = ("created_at", "updated_at", "closed_at", "closest_task_at", "price")
_BY_RANGE = ("date", "date_time", "numeric")
_NOT_FILTERABLE = ("multitext", "birthday")
_BRACKETS = re.compile(r"\[([^\]]*)\]")


def chosen(account: Account, entity: Entity, query: Query, cards: Iterable[AnyCard]) -> list[AnyCard]:
    """Cards that satisfy the filter. It is checked in any case, and followed only where the option is on."""
    tests = [_test(account, entity, key, value) for key, value in query.filters if "[statuses]" not in key]
    tests += _status_tests(query)
    if not account.filters:
        return list(cards)
    if wanted := {int(value) for key, value in query.filters if key.startswith("filter[id]")}:
        cards = [card for card in cards if card.id in wanted]
    grouped: dict[str, list[Callable[[Card], bool]]] = {}
    for name, test in tests:
        grouped.setdefault(name, []).append(test)
    return [card for card in cards if all(any(test(card) for test in same) for same in grouped.values())]


def ordered(query: Query, cards: Iterable[AnyCard]) -> list[AnyCard]:
    """In the order asked for, else by id; equals by id, in the same direction."""
    name, down = query.order or ("id", False)
    return sorted(cards, key=lambda card: (getattr(card, name), card.id), reverse=down)


def _test(account: Account, entity: Entity, key: str, value: str) -> tuple[str, Callable[[Card], bool]]:
    """What one parameter asks; several of the same name are alternatives, save from and to."""
    name, *rest = _BRACKETS.findall(key)
    if name == "custom_fields_values":
        alternative = rest[1] if rest[1] in ("from", "to") else ""
        return f"{name} {rest[0]} {alternative}", _field_test(account, entity, key, rest, value)
    if name == "name":
        return name, lambda card: card.name == value
    number = _number(key, value)
    if name in _RANGES:
        return key, lambda card: _within(getattr(card, name, None), rest[0], number)
    return name, lambda card: getattr(card, name) == number


def _status_tests(query: Query) -> Iterator[tuple[str, Callable[[Card], bool]]]:
    """Each index of `filter[statuses]` is one pipeline with one status; the indexes are alternatives."""
    pairs: dict[str, dict[str, int]] = {}
    for key, value in query.filters:
        if "[statuses]" in key:
            _, index, part = _BRACKETS.findall(key)
            pairs.setdefault(index, {})[part] = _number(key, value)
    for pair in pairs.values():
        yield "statuses", _stands_at(pair)


def _stands_at(pair: dict[str, int]) -> Callable[[Card], bool]:
    return lambda card: all(getattr(card, part) == wanted for part, wanted in pair.items())


def _field_test(account: Account, entity: Entity, key: str, rest: list[str], value: str) -> Callable[[Card], bool]:
    field_id, how = int(rest[0]), rest[1]
    field = account.fields[entity].get(field_id)
    if field is None or field.type in _NOT_FILTERABLE or (how in ("from", "to") and field.type not in _BY_RANGE):
        raise _wrong(key, "not a field that can be filtered so")
    if how in ("from", "to"):
        number = _number(key, value)
        return lambda card: any(_within(float(v["value"]), how, number) for v in card.values.get(field_id, []))
    return lambda card: any(_filter_value(v) == value for v in card.values.get(field_id, []))


def _filter_value(value: Json) -> str:
    """Select types are filtered by enum id, checkboxes by 1 and 0."""
    if "enum_id" in value:
        return str(value["enum_id"])
    return str(int(value["value"])) if isinstance(value["value"], bool) else str(value["value"])


def _within(value: float | None, how: str, bound: int) -> bool:
    if value is None:
        return False
    return value >= bound if how == "from" else value <= bound


def _number(key: str, value: str) -> int:
    if not re.fullmatch(r"-?\d{1,12}", value):
        raise _wrong(key, "This value should be of type int.")
    return int(value)


def _wrong(key: str, detail: str) -> Refused:
    return Refused(400, f"{key}: {detail}", (Problem("NotSupportedChoice", key, detail),))
