"""The T-SQL in `queries/`: read into trees, checked against the subset that every server understands, written without the columns
that cannot be read. What is sent is always written from the tree. Knows no connection."""

import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import TypeAlias, cast

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from agent.mis.port import Columns, MisChanged, Param
from agent.mis.subset import check

Source: TypeAlias = tuple[str, str]
"""Table and column."""

_IN_SIZES = (1, 5, 20, 50, 200)
"""`IN (?)` is filled up to one of these, so that a server keeps few plans."""


@dataclass(frozen=True)
class Query:
    """One file: its tree, with `?` numbered as @p0, @p1, and the output columns it cannot do without."""

    name: str
    tree: exp.Select
    required: frozenset[str]

    @cached_property
    def sources(self) -> frozenset[Source]:
        """All columns that it would read."""
        tables = aliases(self.tree)
        return frozenset((tables[column.table], column.name) for column in self.tree.find_all(exp.Column))

    def is_whole(self, columns: Columns) -> bool:
        """Whether all of it can be read as it stands."""
        known = all(column in columns.get(table, ()) for table, column in self.sources)
        return known and all(table in columns for table in aliases(self.tree).values())

    @cached_property
    def _written(self) -> dict[str, "Statement"]:
        return {}

    def whole(self, dialect: str) -> "Statement":
        """All of it, written once."""
        if dialect not in self._written:
            self._written[dialect] = _statement(self.tree, dialect)
        return self._written[dialect]


@dataclass(frozen=True)
class Statement:
    """A query written in one dialect for the columns that can be read; `outputs` tells for each name where it comes from."""

    text: str
    outputs: tuple[tuple[str, Source | None], ...]

    def bind(self, params: tuple[Param, ...]) -> tuple[str, list[Param]]:
        """The text with `?`, and the values in their order; a tuple fills an IN list."""
        values: list[Param] = []

        def fill(match: re.Match[str]) -> str:
            param = params[int(match[1])]
            several = padded(param) if isinstance(param, tuple) else (param,)
            values.extend(several)
            return ", ".join("?" * len(several))

        return re.sub(r"@p(\d+)", fill, self.text), values


def padded(keys: tuple[int, ...]) -> tuple[int, ...]:
    """The keys, the last one repeated up to the next size."""
    size = next((size for size in _IN_SIZES if size >= len(keys)), len(keys))
    return keys + keys[-1:] * (size - len(keys))


@cache
def query(name: str) -> Query:
    """Read one file of `queries/`."""
    text = files("agent.mis").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")
    return parse(name, text)


def names() -> tuple[str, ...]:
    """All files of `queries/`."""
    folder = files("agent.mis").joinpath("queries")
    return tuple(sorted(entry.name.removesuffix(".sql") for entry in folder.iterdir() if entry.name.endswith(".sql")))


def parse(name: str, text: str) -> Query:
    """Read a statement and refuse whatever is not in the subset."""
    comments = [line for line in text.splitlines() if line.startswith("--")]
    body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    required = {word for line in comments if line.startswith("-- requires:") for word in line.split()[2:]}
    numbers = iter(range(100))
    trees = sqlglot.parse(re.sub(r"\?", lambda _: f"@p{next(numbers)}", body), read="tsql")
    return Query(name, check(trees), frozenset(required))


def written(query: Query, columns: Columns, dialect: str) -> Statement:
    """The query without what cannot be read; raises `MisChanged` where that leaves nothing of use."""
    return query.whole(dialect) if query.is_whole(columns) else _statement(readable(query, columns), dialect)


def _statement(tree: exp.Select, dialect: str) -> Statement:
    text = tree.sql(dialect=dialect, comments=False, unsupported_level=ErrorLevel.RAISE)
    sources = aliases(tree)
    outputs = tuple((output.alias_or_name, _source(output, sources)) for output in tree.expressions)
    return Statement(text, outputs)


def readable(query: Query, columns: Columns) -> exp.Select:
    """The tree without lost joins, lost output columns, and lost alternatives of an OR."""
    tree = query.tree.copy()
    known = {table.lower(): {column.lower() for column in of} for table, of in columns.items()}
    _drop_joins(tree, known)
    sources = aliases(tree)
    lost = [column for column in tree.find_all(exp.Column) if _is_lost(column, sources, known)]
    missing = tuple(
        _name(column, aliases(query.tree)) for column in lost if not _drop(column, tree, query.required)
    ) + tuple(table.name for table in tree.find_all(exp.Table) if table.name.lower() not in known)
    if missing:
        raise MisChanged(hint_for(missing), tuple(dict.fromkeys(missing)))
    return tree


def hint_for(missing: tuple[str, ...]) -> str:
    """What a person can do about lost columns."""
    listed = ", ".join(dict.fromkeys(missing))
    return (
        f"В базе IDENT не найдено или закрыто для чтения: {listed}. Попросите Dent-IT дать логину право SELECT; "
        "если IDENT недавно обновился, обновите агент."
    )


def aliases(tree: exp.Select) -> dict[str, str]:
    """Alias -> table, of the statement and of what is nested in it."""
    return {table.alias_or_name: table.name for table in tree.find_all(exp.Table)}


def _drop_joins(tree: exp.Select, known: dict[str, set[str]]) -> None:
    """A LEFT JOIN goes when its table or a column of its condition is lost, and takes those with it that build on it."""
    while True:
        sources = aliases(tree)
        lost = [
            join
            for join in tree.args.get("joins") or []
            if join.side == "LEFT"
            and (
                join.this.name.lower() not in known
                or any(_is_lost(column, sources, known) for column in join.args["on"].find_all(exp.Column))
            )
        ]
        if not lost:
            return
        for join in lost:
            join.pop()


def _is_lost(column: exp.Column, sources: dict[str, str], known: dict[str, set[str]]) -> bool:
    table = sources.get(column.table, "").lower()
    return column.name.lower() not in known.get(table, set())


def _drop(column: exp.Column, tree: exp.Select, required: frozenset[str]) -> bool:
    """Take out what stands on the column; False where the query makes no sense without it."""
    output = column.parent if isinstance(column.parent, exp.Alias) else column
    if output.parent is tree and output.arg_key == "expressions" and output.alias_or_name not in required:
        output.pop()
        return True
    comparison = column.parent
    if comparison is not None and isinstance(comparison.parent, exp.Or):
        either = comparison.parent
        other = either.right if comparison is either.left else either.left
        either.replace(other.pop())
        return True
    return False


def _name(column: exp.Column, tables: dict[str, str]) -> str:
    return f"{tables.get(column.table, column.table)}.{column.name}"


def _source(output: exp.Expr, sources: dict[str, str]) -> Source | None:
    """Where an output's values come from, and so their type; None for a count."""
    if output.find(exp.Count):
        return None
    column = cast(exp.Column, output.find(exp.Column))
    return sources[column.table], column.name
