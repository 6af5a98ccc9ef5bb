"""Query strings: which parameters a route documents, and what they say; everything else is refused by name."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from demo.amocrm.errors import Problem, Refused

PAGE_LIMIT = 250
DEFAULT_LIMIT = 50
_ORDER = re.compile(r"order\[(\w+)\]")
_NUMBER = re.compile(r"[1-9]\d{0,8}")


@dataclass(frozen=True)
class Spec:
    """What a route takes. `filters` are patterns of whole parameter names, such as `filter\\[id\\]\\[\\d*\\]`."""

    paged: bool = False
    most: int = PAGE_LIMIT
    at_once: int = PAGE_LIMIT
    """What a page really holds at most, whatever `limit` says (custom fields: 50)."""
    with_: frozenset[str] = frozenset()
    order: frozenset[str] = frozenset()
    text: bool = False
    filters: tuple[str, ...] = ()
    needs: str = ""
    """A parameter that must be there."""


NOTHING = Spec()
PAGES = Spec(paged=True)


@dataclass(frozen=True)
class Query:
    """What a request asked for."""

    pairs: tuple[tuple[str, str], ...] = ()
    page: int = 1
    limit: int = DEFAULT_LIMIT
    with_: frozenset[str] = frozenset()
    order: tuple[str, bool] | None = None
    """The attribute to order by, and whether downwards."""
    text: str | None = None
    filters: tuple[tuple[str, str], ...] = ()

    def wanted(self) -> dict[str, set[str]]:
        """Values of the filters by name; the ends of a range are names of their own, such as `updated_at from`."""
        found: dict[str, set[str]] = {}
        for key, value in self.filters:
            name, *rest = key.removeprefix("filter[").removesuffix("]").split("][")
            bound = rest[0] if rest and rest[0] in ("from", "to") else ""
            found.setdefault(f"{name} {bound}".strip(), set()).add(value)
        return found


def refuse_not_numbers(wanted: dict[str, set[str]], *names: str) -> None:
    """Raise where one of the named filters holds anything but whole numbers."""
    wrong = [name for name in names for value in wanted.get(name, ()) if not (value.isascii() and value.isdigit())]
    if wrong:
        problems = tuple(Problem("InvalidType", f"filter[{n}]", "This value should be of type int.") for n in wrong)
        raise Refused(400, "; ".join(f"{p.path}: {p.detail}" for p in problems), problems)


def within(moment: int, wanted: dict[str, set[str]], name: str) -> bool:
    """Whether a moment lies in the range that a filter names; a bare value is its beginning."""
    starts = [int(v) for key in (name, f"{name} from") for v in wanted.get(key, ())]
    ends = [int(v) for v in wanted.get(f"{name} to", ())]
    return all(moment >= start for start in starts) and all(moment <= end for end in ends)


def read(spec: Spec, raw: str) -> Query:
    """Parse a query string; raises with every parameter that is not documented for this route."""
    pairs = parse_qsl(raw, keep_blank_values=True, errors="strict")
    problems = [problem for key, value in pairs if (problem := _problem(spec, key, value))]
    names = [key for key, _ in pairs if not key.endswith("[]")]
    problems += [Problem("Duplicate", key, "Given more than once.") for key in {n for n in names if names.count(n) > 1}]
    if spec.needs and not any(key.startswith(spec.needs) for key, _ in pairs):
        problems.append(Problem("FieldMissing", spec.needs, "This field is missing."))
    if problems:
        raise Refused(400, "; ".join(f"{p.path}: {p.detail}" for p in problems), tuple(problems))
    return _read(spec, pairs)


def _read(spec: Spec, pairs: list[tuple[str, str]]) -> Query:
    given = dict(pairs)
    order = next(((match[1], given[key] == "desc") for key in given if (match := _ORDER.fullmatch(key))), None)
    return Query(
        pairs=tuple(pairs),
        page=int(given.get("page", "1")),
        limit=min(int(given.get("limit", DEFAULT_LIMIT)), spec.at_once),
        with_=frozenset(given["with"].split(",")) if "with" in given else frozenset(),
        order=order,
        text=given.get("query"),
        filters=tuple((key, value) for key, value in pairs if key.startswith("filter")),
    )


def _problem(spec: Spec, key: str, value: str) -> Problem | None:
    if spec.paged and key in ("page", "limit"):
        return _number_problem(spec, key, value)
    if key == "with" and spec.with_:
        unknown = set(value.split(",")) - spec.with_
        return (
            Problem("NotSupportedChoice", "with", f"not documented: {', '.join(sorted(unknown))}") if unknown else None
        )
    if (match := _ORDER.fullmatch(key)) and match[1] in spec.order:
        good = value in ("asc", "desc")
        return None if good else Problem("NotSupportedChoice", key, "asc or desc")
    if key == "query" and spec.text:
        return None if value.strip() else Problem("NotBlank", key, "This value should not be blank.")
    if any(re.fullmatch(pattern, key) for pattern in spec.filters):
        return None
    return Problem("NotExpected", key, "This parameter is not documented for this route, or not built.")


def _number_problem(spec: Spec, key: str, value: str) -> Problem | None:
    if not _NUMBER.fullmatch(value):
        return Problem("InvalidType", key, "This value should be of type int.")
    if key == "limit" and int(value) > spec.most:
        return Problem("TooHigh", key, f"This value should be {spec.most} or less.")
    return None
