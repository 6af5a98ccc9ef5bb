"""What a statement of the subset means, in Python over the clinic's rows: slow, and independent of any server's SQL."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeAlias

from sqlglot import exp

from demo.clinic.schema import TABLES

Row: TypeAlias = Mapping[str, Any]
Joined: TypeAlias = Mapping[str, Row | None]
"""Alias -> the row that stands there; None where a LEFT JOIN found none."""
Tables: TypeAlias = Mapping[str, Sequence[Row]]
Params: TypeAlias = Sequence[Any]

A_TICK = timedelta(milliseconds=5)
"""A `datetime` of .007 is .0066667 to a server since 2016, and lies before a parameter of .007: nobody may ask for the very moment."""

_COMPARE: Mapping[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.EQ: eq,
    exp.NEQ: ne,
    exp.LT: lt,
    exp.LTE: le,
    exp.GT: gt,
    exp.GTE: ge,
}


def answer(tree: exp.Select, params: Params, tables: Tables) -> list[dict[str, Any]]:
    """The rows, in order where the statement orders them."""
    found = joined(tree, params, lambda table: _table(table, tables))
    if any(output.find(exp.AggFunc) for output in tree.expressions):
        groups = _groups(tree, found, params)
        return [{o.alias_or_name: _output(o, group, params) for o in tree.expressions} for group in groups]
    return [{o.alias_or_name: _value(o, each, params) for o in tree.expressions} for each in found]


def joined(
    tree: exp.Select, params: Params, rows_of: Callable[[exp.Table], Sequence[Row]], where: exp.Expr | None = None
) -> list[Joined]:
    """What a statement reads before it writes its columns. `where`: another condition than its own."""
    first = tree.args["from_"].this
    found: list[Joined] = [{first.alias: row} for row in rows_of(first)]
    for join in tree.args.get("joins") or ():
        found = list(_joined(join, rows_of(join.this), found, params))
    condition = where or (tree.args["where"].this if tree.args.get("where") else None)
    if condition is not None:
        found = [each for each in found if _holds(condition, each, params) is True]
    for ordered in reversed(tree.args["order"].expressions if tree.args.get("order") else ()):
        found.sort(key=lambda each: _value(ordered.this, each, params), reverse=bool(ordered.args.get("desc")))
    limit = tree.args.get("limit")
    return found[: int(limit.expression.this)] if limit else found


def samples(tree: exp.Select, tables: Tables) -> Iterator[tuple[Any, ...]]:
    """Parameters to ask with: from the beginning, from the middle, and from behind the end."""
    asked = sorted(tree.find_all(exp.Parameter), key=lambda parameter: int(str(parameter.this)[1:]))
    for place in (0.0, 0.5, 1.0):
        yield tuple(_sample(parameter, place, tree, tables) for parameter in asked)


def _sample(parameter: exp.Parameter, place: float, tree: exp.Select, tables: Tables) -> Any:
    comparison = parameter.parent
    assert comparison is not None
    column = comparison.find(exp.Column)
    assert column is not None
    table = next(table for table in tree.find_all(exp.Table) if table.alias == column.table)
    values = sorted({row[column.name] for row in _table(table, tables)} - {None})
    kind = next(known.type for known in TABLES[table.name].columns if known.name == column.name)
    if isinstance(comparison, exp.In):
        return (*values[int(place * len(values)) :][:7], 0)
    if kind == "rowversion":  # each server gives out its own: all of them, or none
        return bytes(8) if place < 1 else b"\xff" * 8
    if not values:
        return datetime(2026, 1, 1) if kind == "datetime" else 0  # noqa: DTZ001 IDENT's times have no zone
    value = values[min(int(place * len(values)), len(values) - 1)]
    return value - A_TICK if isinstance(value, datetime) else value


def _table(table: exp.Table, tables: Tables) -> Sequence[Row]:
    return tables[next(name for name in tables if name.lower() == table.name.lower())]


def _joined(join: exp.Join, rows: Sequence[Row], found: Sequence[Joined], params: Params) -> Iterator[Joined]:
    alias, is_left = join.this.alias, join.side == "LEFT"
    mine, other = _ends(join.args["on"], alias)
    index: dict[Any, list[Row]] = {}
    for row in rows:
        index.setdefault(row[mine.name], []).append(row)
    for before in found:
        value = _value(other, before, params)
        candidates = [{**before, alias: row} for row in index.get(value, ())] if value is not None else []
        partners = [each for each in candidates if _holds(join.args["on"], each, params) is True]
        yield from partners or ([{**before, alias: None}] if is_left else [])


def _ends(on: exp.Expr, alias: str) -> tuple[exp.Column, exp.Column]:
    """The column of the joined table, and the one that it is compared with."""
    equal = next(on.find_all(exp.EQ))
    this, that = equal.this, equal.expression
    return (this, that) if this.table == alias else (that, this)


def _holds(condition: exp.Expr, each: Joined, params: Params) -> bool | None:
    """True, False, or None: it is not known."""
    match condition:
        case exp.Paren():
            return _holds(condition.this, each, params)
        case exp.Not():
            held = _holds(condition.this, each, params)
            return None if held is None else not held
        case exp.And() | exp.Or():
            both = [_holds(side, each, params) for side in (condition.this, condition.expression)]
            decides = isinstance(condition, exp.Or)
            if decides in both:
                return decides
            return None if None in both else not decides
        case exp.Is():
            return _value(condition.this, each, params) is None
        case exp.In():
            return _is_among(condition, each, params)
    left, right = _value(condition.this, each, params), _value(condition.expression, each, params)
    return None if left is None or right is None else _COMPARE[type(condition)](left, right)


def _is_among(condition: exp.In, each: Joined, params: Params) -> bool | None:
    """A parameter may be many values."""
    value = _value(condition.this, each, params)
    several = [_value(one, each, params) for one in condition.expressions]
    flat = [one for values in several for one in (values if isinstance(values, tuple) else (values,))]
    return None if value is None else value in flat


def _value(node: exp.Expr, each: Joined, params: Params) -> Any:
    match node:
        case exp.Alias():
            return _value(node.this, each, params)
        case exp.Column():
            row = each[node.table]
            return None if row is None else row[node.name]
        case exp.Parameter():
            return params[int(str(node.this)[1:])]
        case exp.Literal():
            return int(node.this)
    raise NotImplementedError(type(node).__name__)


def _groups(tree: exp.Select, found: Sequence[Joined], params: Params) -> list[list[Joined]]:
    by = tree.args.get("group")
    if not by:
        return [list(found)]
    groups: dict[tuple[Any, ...], list[Joined]] = {}
    for each in found:
        groups.setdefault(tuple(_value(column, each, params) for column in by.expressions), []).append(each)
    return list(groups.values())


def _output(output: exp.Expr, group: Sequence[Joined], params: Params) -> Any:
    node = output.this if isinstance(output, exp.Alias) else output
    if isinstance(node, exp.Count):
        is_all = isinstance(node.this, exp.Star)
        return sum(1 for each in group if is_all or _value(node.this, each, params) is not None)
    if isinstance(node, exp.Max | exp.Min):
        values = [value for each in group if (value := _value(node.this, each, params)) is not None]
        return (max if isinstance(node, exp.Max) else min)(values, default=None)
    return _value(node, group[0], params)
