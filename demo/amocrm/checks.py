"""Checks one item, and then a whole batch, before anything of it is applied; knows shapes of bodies, no entity."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from demo.amocrm.errors import Invalid, Problem, Refused

Body = TypeVar("Body", bound=BaseModel)
Plan = TypeVar("Plan")
Known = TypeVar("Known")

BATCH = 250
_TYPES = {
    "int_type": "int",
    "string_type": "string",
    "bool_type": "bool",
    "list_type": "array",
    "model_type": "array",
    "dict_type": "array",
}


class Nothing(BaseModel):
    """The body of a route that takes none."""

    model_config = ConfigDict(extra="forbid")


class Checks:
    """Collects what is wrong with one item."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def refuse(self, code: str, path: str, detail: str) -> None:
        self.problems.append(Problem(code, path, detail))

    def choice(self, path: str, good: bool, detail: str = "The value you selected is not a valid choice.") -> bool:
        """Refuse a value that is not among those that exist."""
        if not good:
            self.refuse("NotSupportedChoice", path, detail)
        return good


def parsed(model: type[Body], raw: Any, checks: Checks, prefix: str = "") -> Body | None:
    """The item as a model of what is documented; a key that is not documented is refused by name."""
    try:
        return model.model_validate(raw)
    except ValidationError as wrong:
        for error in wrong.errors(include_url=False, include_input=False, include_context=False):
            path = prefix + ".".join(str(part) for part in error["loc"])
            checks.problems.append(_problem(error["type"], path, error["msg"]))
        return None


def _problem(kind: str, path: str, message: str) -> Problem:
    if kind == "missing":
        return Problem("FieldMissing", path, "This field is missing.")
    if kind == "extra_forbidden":
        return Problem("NotExpected", path, "This field is not documented here, or not built.")
    if kind in _TYPES:
        return Problem("InvalidType", path, f"This value should be of type {_TYPES[kind]}.")
    if kind == "string_too_short":
        return Problem("NotBlank", path, "This value should not be blank.")
    if kind in ("too_long", "too_short"):
        return Problem("TooMany" if kind == "too_long" else "TooFew", path, message)
    return Problem("NotSupportedChoice", path, "The value you selected is not a valid choice.")


def batch(
    raw: Any, model: type[Body], prepare: Callable[[Body, Checks], Plan], *, most: int = BATCH
) -> list[tuple[str, Plan]]:
    """Each item's plan with its `request_id`; raises when a single one is wrong, so that nothing was applied."""
    if not isinstance(raw, list) or not raw:
        raise Refused(400, "The body should be a non-empty array.")
    if len(raw) > most:
        raise Refused(400, f"The body should hold {most} items or less.")
    plans: list[tuple[str, Plan]] = []
    failed: list[tuple[str, list[Problem]]] = []
    for number, item in enumerate(raw):
        name, checks = _request_id(item, number), Checks()
        body = parsed(model, item, checks)
        if body is not None:
            plan = prepare(body, checks)
            plans.append((name, plan))
        if checks.problems:
            failed.append((name, checks.problems))
    if failed:
        raise Invalid(failed)
    return plans


def single(raw: Any, model: type[Body], prepare: Callable[[Body, Checks], Plan]) -> Plan:
    """The plan of a body that is one object."""
    if not isinstance(raw, dict):
        raise Refused(400, "The body should be an object.")
    [(_, plan)] = batch([raw], model, prepare)
    return plan


def nothing(raw: Any) -> None:
    """Raise where a body came that the route does not take."""
    if raw is not None:
        single(raw, Nothing, lambda body, _: body)


def _request_id(item: Any, number: int) -> str:
    """As the client named it, else its place in the batch."""
    given = item.get("request_id") if isinstance(item, dict) else None
    return given if isinstance(given, str) else str(number)


def named(known: Mapping[int, Known], card_id: int | None, seen: set[int], checks: Checks) -> Known | None:
    """What an item of a batch names; each names one, and no two the same."""
    if card_id is None:
        checks.refuse("FieldMissing", "id", "This field is missing.")
        return None
    if card_id in seen:
        checks.refuse("Duplicate", "id", "Not documented: the same id twice in one batch.")
    seen.add(card_id)
    checks.choice("id", card_id in known)
    return known.get(card_id)


def existing(known: Mapping[int, Known], card_id: int) -> Known:
    """What a path names; what amoCRM answers to a patch of none is not documented, so it is refused alike."""
    if card_id not in known:
        raise Invalid([("0", [Problem("NotSupportedChoice", "id", "The value you selected is not a valid choice.")])])
    return known[card_id]
