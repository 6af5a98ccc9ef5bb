"""An integrator's own statements, one file each in `queries/` beside the config. They are held to the same subset as ours and must ask
and answer in the same shape: whatever else stands in a file is refused, and what is sent is written from the tree, never the file."""

import re
from difflib import get_close_matches
from pathlib import Path

from sqlglot import exp
from sqlglot.errors import SqlglotError

from agent.mis.book import Book
from agent.mis.statements import Query, Source, aliases, names, parse, query
from agent.mis.subset import NotInSubset
from wire.errors import NeedsOperator

FOLDER = "queries"
MAX_CHARACTERS = 20_000
"""Of one file. A statement is some lines; a parser has a stack to exhaust."""


class WrongOverride(NeedsOperator):
    """A file that may not be asked. `what` says why, in Russian; nothing of the file is repeated but the names of its parts."""

    def __init__(self, file: str, what: str) -> None:
        super().__init__(f"Замена запроса {file} не принята: {what}. Исправьте файл или удалите его.")
        self.file, self.what = file, what


def overrides_beside(config: Path) -> Book:
    """All files of the folder beside the config; raises `WrongOverride`. Nothing in it, or no folder: nothing is overridden."""
    folder = config.absolute().parent / FOLDER
    found = sorted(folder.glob("*.sql")) if folder.is_dir() else []
    return Book({path.stem: _read(path) for path in found})


def _read(path: Path) -> Query:
    if path.stem not in names():
        close = get_close_matches(path.stem, names(), n=1)
        raise WrongOverride(path.name, "такого запроса нет" + (f", похоже на {close[0]}.sql" if close else ""))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise WrongOverride(path.name, "файл не читается, нужна кодировка UTF-8") from None
    return override(path.stem, text)


def override(name: str, text: str) -> Query:
    """The statement in place of ours; raises `WrongOverride`."""
    try:
        return _held_to(query(name), text)
    except NotInSubset as error:
        what = f"разрешён один простой SELECT, лишнее: {error.what}"
    except (SqlglotError, RecursionError):
        what = "это не один простой SELECT на T-SQL"
    except _Differs as error:
        what = str(error)
    raise WrongOverride(f"{name}.sql", what)


class _Differs(Exception):
    """It does not ask or answer what ours does."""


def _held_to(ours: Query, text: str) -> Query:
    """The file's statement, if it can stand for ours: the same questions, the same answers, as many rows in the same order."""
    body = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    if len(text) > MAX_CHARACTERS:
        raise _Differs(f"больше {MAX_CHARACTERS} знаков")
    if "@" in body:
        raise _Differs("знак @ не разрешён, значения подставляются вместо ?")
    _same("число знаков ?", [str(len(_questions(ours.tree)))], [str(body.count("?"))])
    theirs = parse(ours.name, body).tree
    if parse(ours.name, _as_sent(theirs)).tree != theirs:
        raise _Differs("запись, которую сервер понял бы иначе")
    _same("столбцы", sorted(ours.tree.named_selects), sorted(theirs.named_selects))
    _same("сравнения со знаком ?", _questions(ours.tree), _questions(theirs))
    _same("TOP", _top(ours.tree), _top(theirs))
    _same("ORDER BY", _order(ours.tree), _order(theirs))
    return Query(ours.name, theirs, ours.required)


def _same(what: str, ours: list[str], theirs: list[str]) -> None:
    if ours != theirs:
        raise _Differs(f"{what}: нужно {', '.join(ours) or 'без этого'}, а здесь {', '.join(theirs) or 'ничего'}")


def _as_sent(tree: exp.Select) -> str:
    return re.sub(r"@p\d+", "?", tree.sql("tsql", comments=False))


def _questions(tree: exp.Select) -> list[str]:
    """How each parameter is compared, in their order."""
    found = {int(each.name.removeprefix("p")): type(each.parent).__name__ for each in tree.find_all(exp.Parameter)}
    return [found[number] for number in sorted(found)]


def _top(tree: exp.Select) -> list[str]:
    limit = tree.args.get("limit")
    return [] if limit is None else [limit.expression.name]


def _order(tree: exp.Select) -> list[str]:
    """By which outputs, and in which direction: a page that comes in another order loses rows in silence."""
    order = tree.args.get("order")
    outputs = {_source(each, tree): each.alias_or_name for each in tree.expressions if each.find(exp.Column)}
    keys = [] if order is None else order.expressions
    return [outputs.get(_source(key, tree), "?") + (" DESC" if key.args.get("desc") else "") for key in keys]


def _source(node: exp.Expr, tree: exp.Select) -> Source:
    column = node.find(exp.Column)
    return ("", "") if column is None else (aliases(tree)[column.table], column.name)
