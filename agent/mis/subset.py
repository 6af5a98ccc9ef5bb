"""The subset of T-SQL that every SQL Server since 2008 and the demo clinic understand alike. A statement outside of it is refused:
translations of dates, texts, CONVERT, TOP (?) or OFFSET are wrong in silence."""

from collections.abc import Iterable
from typing import TypeAlias

from sqlglot import exp

Parts: TypeAlias = frozenset[str]

ALLOWED: dict[type[exp.Expr], Parts] = {
    exp.Select: frozenset({"expressions", "from_", "joins", "where", "group", "order", "limit"}),
    exp.Identifier: frozenset({"this"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Table: frozenset({"this", "db", "alias", "hints"}),
    exp.TableAlias: frozenset({"this"}),
    exp.WithTableHint: frozenset({"expressions"}),
    exp.From: frozenset({"this"}),
    exp.Join: frozenset({"this", "side", "kind", "on"}),
    exp.Where: frozenset({"this"}),
    exp.And: frozenset({"this", "expression"}),
    exp.Or: frozenset({"this", "expression"}),
    exp.Not: frozenset({"this"}),
    exp.Paren: frozenset({"this"}),
    exp.EQ: frozenset({"this", "expression"}),
    exp.NEQ: frozenset({"this", "expression"}),
    exp.LT: frozenset({"this", "expression"}),
    exp.LTE: frozenset({"this", "expression"}),
    exp.GT: frozenset({"this", "expression"}),
    exp.GTE: frozenset({"this", "expression"}),
    exp.Is: frozenset({"this", "expression"}),
    exp.Null: frozenset(),
    exp.In: frozenset({"this", "expressions"}),
    exp.Exists: frozenset({"this"}),
    exp.Parameter: frozenset({"this"}),
    exp.Var: frozenset({"this"}),
    exp.Literal: frozenset({"this"}),
    exp.Group: frozenset({"expressions"}),
    exp.Count: frozenset({"this"}),
    exp.Min: frozenset({"this"}),
    exp.Max: frozenset({"this"}),
    exp.Star: frozenset(),
    exp.Limit: frozenset({"expression"}),
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
}
"""Node -> its parts that may be there."""

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_OPERANDS = (exp.Column, exp.Parameter, exp.Literal)
_AGGREGATES = (exp.Count, exp.Min, exp.Max)


class NotInSubset(ValueError):
    """A statement that may not be sent; `what` names the construct."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def check(trees: Iterable[exp.Expr | None]) -> exp.Select:
    """The one SELECT that stands there, if all of it is allowed."""
    found = list(trees)
    if len(found) != 1 or not isinstance(found[0], exp.Select):
        raise NotInSubset("anything but one SELECT")
    tree = found[0]
    for node in tree.walk():
        _check_node(node)
    tables = [table.alias_or_name for table in tree.find_all(exp.Table)]
    if len(set(tables)) != len(tables):
        raise NotInSubset("one alias for two tables")
    unknown = {column.table for column in tree.find_all(exp.Column)} - set(tables)
    if unknown:
        raise NotInSubset("a column without the alias of its table")
    return tree


def _check_node(node: exp.Expr) -> None:
    name = type(node).__name__
    if type(node) not in ALLOWED:
        raise NotInSubset(name)
    present = {part for part, value in node.args.items() if value not in (None, [], False)}
    if extra := present - ALLOWED[type(node)] - _NOISE.get(type(node), frozenset()):
        raise NotInSubset(f"{name} with {', '.join(sorted(extra))}")
    if not _is_well_formed(node):
        raise NotInSubset(f"this form of {name}")


_NOISE: dict[type[exp.Expr], Parts] = {exp.Count: frozenset({"big_int"})}
"""What the parser notes for itself."""


def _is_well_formed(node: exp.Expr) -> bool:
    match node:
        case exp.Literal():
            return not node.is_string
        case exp.Table():
            return node.db == "dbo" and bool(node.alias)
        case exp.WithTableHint():
            return [hint.name.upper() for hint in node.expressions] == ["READPAST"]
        case exp.Join():
            return (node.side, node.kind) in {("LEFT", ""), ("", "INNER")} and "on" in node.args
        case exp.Is():
            return isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Null)
        case exp.In():
            return isinstance(node.this, exp.Column) and all(isinstance(i, _OPERANDS[1:]) for i in node.expressions)
        case exp.Limit():
            return isinstance(node.expression, exp.Literal)
        case exp.Star():
            return isinstance(node.parent, exp.Count)
        case exp.Min() | exp.Max():
            return isinstance(node.this, exp.Column)
        case exp.Alias():
            return isinstance(node.this, (exp.Column, *_AGGREGATES))
        case exp.Ordered():
            return isinstance(node.this, exp.Column)
        case exp.Select():
            return isinstance(node.parent, exp.Exists) or all(_is_output(output) for output in node.expressions)
    if isinstance(node, _COMPARISONS):
        return isinstance(node.this, _OPERANDS) and isinstance(node.expression, _OPERANDS)
    return True


def _is_output(output: exp.Expr) -> bool:
    """A column, or an aggregate that has a name."""
    return isinstance(output, exp.Column | exp.Alias)
