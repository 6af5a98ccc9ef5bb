"""What is asked in more than one form: `visits_page/50` is `visits_page` with so many rows at most, `visit_versions/unlocked` passes by the
rows that somebody holds a lock on, and `lines_of_orders/keys` finds its rows by their own keys instead of by their owners'. Pure."""

from dataclasses import dataclass

from sqlglot import exp

from agent.mis.statements import Query

KEY = "ID"
UNLOCKED, KEYS = "/unlocked", "/keys"


@dataclass(frozen=True)
class Owned:
    """A statement for what belongs to some owners: for each of its parameters the relation, as `Orders.ID_Receptions`, and the output in
    which the owner stands."""

    relations: tuple[str, ...]
    outputs: tuple[str, ...]


def formed(query: Query, form: str) -> Query:
    """The statement in one of its forms; "" is the one that it is written in."""
    match form:
        case "":
            return query
        case "unlocked":
            return _unlocked(query)
        case "keys":
            return _by_keys(query)
        case rows:
            return _shorter(query, rows)


def owned(query: Query) -> Owned | None:
    """What it asks for, where that is only `owner IN (?)`, or one of several such."""
    where = query.tree.args.get("where")
    either = list(where.this.flatten()) if where and isinstance(where.this, exp.Or) else [where.this] if where else []
    told = relations(query.tree)
    asked = [_asked(query, part) for part in either]
    if not asked or not all(relation in told for relation in asked):
        return None
    return Owned(tuple(asked), tuple(told[relation] for relation in asked))


def relations(tree: exp.Select) -> dict[str, str]:
    """Relation -> output: whose the rows of its first table are, as far as it tells."""
    table = tree.args["from_"].this
    named = [(each.unalias(), each.alias_or_name) for each in tree.expressions]
    return {
        f"{table.name}.{column.name}": output
        for column, output in named
        if isinstance(column, exp.Column) and column.table == table.alias and column.name != KEY
    }


def _asked(query: Query, part: exp.Expr) -> str:
    """The relation by which a condition asks; "" where it asks otherwise."""
    table = query.tree.args["from_"].this
    is_plain = isinstance(part, exp.In) and [type(each) for each in part.expressions] == [exp.Parameter]
    return f"{table.name}.{part.this.name}" if is_plain and part.this.table == table.alias else ""


def _shorter(query: Query, rows: str) -> Query:
    tree = query.tree.copy()
    tree.args["limit"].expression.set("this", rows)
    return Query(query.name, tree, query.required)


def _unlocked(query: Query) -> Query:
    tree = query.tree.copy()
    tree.args["from_"].this.set("hints", [exp.WithTableHint(expressions=[exp.var("READPAST")])])
    return Query(query.name, tree, query.required)


def _by_keys(query: Query) -> Query:
    tree = query.tree.copy()
    key = exp.column(KEY, table=tree.args["from_"].this.alias)
    tree.set("where", exp.Where(this=exp.In(this=key, expressions=[exp.Parameter(this=exp.var("p0"))])))
    return Query(query.name, tree, query.required)
