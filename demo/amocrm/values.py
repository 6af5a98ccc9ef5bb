"""What may be written into a custom field of each type, and how it reads back; decides without touching a card."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from demo.amocrm.bodies import ValueBody
from demo.amocrm.checks import Checks
from demo.amocrm.model import Choice, Field, Json, Values

_NUMBER = re.compile(r"-?\d{1,16}(\.\d{1,10})?")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MANY = ("multiselect", "multitext")


def checked(field: Field, values: list[ValueBody], path: str, checks: Checks) -> Values:
    """The values as they will be read back; what is wrong goes to `checks`."""
    if not values:
        checks.refuse("TooFew", f"{path}.values", "Not documented: an empty array. null deletes the values.")
    if len(values) > 1 and field.type not in _MANY:
        checks.refuse("TooMany", f"{path}.values", "A field of this type holds one value.")
    reader = _READERS[field.type]
    found = [reader(field, value, f"{path}.values.{number}", checks) for number, value in enumerate(values)]
    return [value for value in found if value is not None]


def _plain(value: ValueBody, path: str, checks: Checks) -> bool:
    """A value without an option of a list."""
    for name in value.model_fields_set - {"value"}:
        checks.refuse("NotExpected", f"{path}.{name}", "A field of this type has no enums.")
    if "value" not in value.model_fields_set:
        checks.refuse("FieldMissing", f"{path}.value", "This field is missing.")
        return False
    return True


def _typed(good: bool, path: str, kind: str, checks: Checks) -> bool:
    if not good:
        checks.refuse("InvalidType", f"{path}.value", f"This value should be of type {kind}.")
    return good


def _text(_: Field, value: ValueBody, path: str, checks: Checks) -> Json | None:
    if not _plain(value, path, checks) or not _typed(isinstance(value.value, str), path, "string", checks):
        return None
    if not value.value:
        checks.refuse("NotBlank", f"{path}.value", "Not documented: an empty text. null deletes the values.")
    return {"value": value.value}


def _numeric(_: Field, value: ValueBody, path: str, checks: Checks) -> Json | None:
    if not _plain(value, path, checks):
        return None
    good = isinstance(value.value, str) and _NUMBER.fullmatch(value.value) is not None
    if not _typed(good, path, "numeric string", checks):
        return None
    number = Decimal(value.value).normalize()
    return {"value": format(number if number else Decimal(0), "f")}


def _checkbox(_: Field, value: ValueBody, path: str, checks: Checks) -> Json | None:
    if not _plain(value, path, checks) or not _typed(isinstance(value.value, bool), path, "bool", checks):
        return None
    return {"value": value.value}


def _moment(_: Field, value: ValueBody, path: str, checks: Checks) -> Json | None:
    if not _plain(value, path, checks):
        return None
    given = value.value
    if isinstance(given, int) and not isinstance(given, bool):
        return {"value": given}
    moment = _parsed(given) if isinstance(given, str) else None
    if not _typed(moment is not None, path, "int or RFC 3339 string", checks) or moment is None:
        return None
    return {"value": moment}


def _parsed(text: str) -> int | None:
    if not _RFC3339.fullmatch(text):
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return None


def _choice(field: Field, value: ValueBody, path: str, checks: Checks) -> Json | None:
    found = _option(field, value, path, checks, ("value", "enum_id", "enum_code"))
    return {"value": found.value, "enum_id": found.id, "enum_code": found.code} if found else None


def _multitext(field: Field, value: ValueBody, path: str, checks: Checks) -> Json | None:
    found = _option(field, value, path, checks, ("enum_id", "enum_code"))
    text = value.value
    if not _typed(isinstance(text, str), path, "string", checks) or found is None:
        return None
    if not text:
        checks.refuse("NotBlank", f"{path}.value", "Not documented: an empty text. null deletes the values.")
    return {"value": text, "enum_id": found.id, "enum_code": found.code}


def _option(field: Field, value: ValueBody, path: str, checks: Checks, ways: tuple[str, ...]) -> Choice | None:
    """The option that the body names in exactly one of the documented ways."""
    named = [way for way in ways if getattr(value, way) is not None]
    if len(named) != 1:
        checks.refuse(
            "NotExpected" if named else "FieldMissing", f"{path}.{(named or ways)[-1]}", f"Give one of {ways}."
        )
        return None
    way = named[0]
    key = {"value": "value", "enum_id": "id", "enum_code": "code"}[way]
    wanted = getattr(value, way)
    found = next((c for c in field.choices if getattr(c, key) == wanted and type(wanted) is not bool), None)
    checks.choice(f"{path}.{way}", found is not None)
    return found


_READERS: dict[str, Callable[[Field, ValueBody, str, Checks], Json | None]] = {
    "text": _text,
    "textarea": _text,
    "url": _text,
    "streetaddress": _text,
    "numeric": _numeric,
    "checkbox": _checkbox,
    "date": _moment,
    "date_time": _moment,
    "birthday": _moment,
    "select": _choice,
    "radiobutton": _choice,
    "multiselect": _choice,
    "multitext": _multitext,
}
