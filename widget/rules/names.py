"""Names in a script: which are declared, which are written to, and what stands in a loop. One scope for a whole file."""

from collections.abc import Iterator, Set

from widget.rules.tokens import Script

_WRITES = {
    "=",
    "+=",
    "-=",
    "*=",
    "/=",
    "%=",
    "**=",
    "<<=",
    ">>=",
    ">>>=",
    "&=",
    "|=",
    "^=",
    "&&=",
    "||=",
    "??=",
    "++",
    "--",
}
_WRITERS = {"assign", "defineProperty", "defineProperties", "setPrototypeOf", "extend"}
_OVER_EACH = (
    "forEach", "map", "each", "some", "every", "filter", "reduce", "reduceRight", "flatMap", "find", "findIndex", "sort",
)  # fmt: skip
_NO_METHOD = {"if", "for", "while", "switch", "catch", "with", "function"}


def declared(script: Script) -> set[str]:
    """Every name that the file declares anywhere: variables, functions, classes, parameters, imports."""
    own: set[str] = set()
    for at in script.names("var", "let", "const"):
        own |= set(_variables(script, at + 1))
    for at in script.names("function", "class"):
        own.add(script.text(at + 2 if script.text(at + 1) == "*" else at + 1))
    for at, token in enumerate(script.code):
        if token.text == "(" and _holds_parameters(script, at):
            own |= _within(script, at)
        if token.text == "=>" and script.kind(at - 1) == "name":
            own.add(script.text(at - 1))
    return own


def _variables(script: Script, at: int) -> Iterator[str]:
    """The names of one declaration."""
    while script.kind(at) == "name" or script.text(at) in ("{", "["):
        if script.kind(at) == "name":
            yield script.text(at)
            at += 1
        else:
            yield from _within(script, at)
            at = script.partner[at] + 1
        while script.text(at) not in (",", ";", ""):
            if script.text(at) in ")}]":
                return
            at = script.partner[at] + 1 if script.text(at) in ("(", "[", "{", "${") else at + 1
        if script.text(at) != ",":
            return
        at += 1


def _within(script: Script, opened: int) -> set[str]:
    """Names inside brackets, keys of patterns left out."""
    inside = range(opened + 1, script.partner[opened])
    return {script.text(at) for at in inside if script.kind(at) == "name" and script.text(at + 1) != ":"}


def _holds_parameters(script: Script, opened: int) -> bool:
    closed = script.partner[opened]
    before, after = script.text(opened - 1), script.text(closed + 1)
    if after == "=>" or before in ("function", "catch"):
        return True
    if script.text(opened - 2) in ("function", "*"):
        return True
    return after == "{" and script.kind(opened - 1) == "name" and before not in _NO_METHOD


def aliases(script: Script, roots: Set[str]) -> set[str]:
    """Variables that hold a root or a part of it: `const card = APP.data.current_card;`."""
    found: set[str] = set()
    for at in script.names(*roots):
        if (
            script.text(at - 1) == "="
            and script.kind(at - 2) == "name"
            and script.text(_chain(script, at)) in (";", ",")
        ):
            found.add(script.text(at - 2))
    return found


def written(script: Script) -> Iterator[tuple[int, bool]]:
    """Where a name is written to, and whether to a member of it."""
    for at, token in enumerate(script.code):
        if token.kind != "name" or script.is_member(at) or script.text(at - 1) in ("var", "let", "const", "function"):
            continue
        end = _chain(script, at)
        is_member = end > at + 1
        before = script.text(at - 1)
        handed = before == "(" and script.text(at - 2) in _WRITERS and script.text(end) == ","
        loops_over = before == "(" and script.text(at - 2) == "for" and script.text(end) in ("of", "in")
        if script.text(end) in _WRITES or before in ("++", "--", "delete") or loops_over:
            yield at, is_member
        elif handed:
            yield at, True


def _chain(script: Script, at: int) -> int:
    """Behind `name.name[…].name`."""
    at += 1
    while script.text(at) in (".", "?.", "["):
        at = script.partner[at] + 1 if script.text(at) == "[" else at + 2
    return at


def loops(script: Script) -> Iterator[tuple[int, int]]:
    """From where to where something is done again and again."""
    for at in script.names("for", "while", "do"):
        if script.is_member(at):
            continue
        opened = at + 2 if script.text(at + 1) == "await" else at + 1
        body = script.partner[opened] + 1 if script.text(opened) == "(" else opened
        yield at, _end(script, body)
    for at in script.names(*_OVER_EACH):
        if script.is_member(at) and script.text(at + 1) == "(":
            yield at, script.partner[at + 1]


def _end(script: Script, at: int) -> int:
    """The end of a statement."""
    if script.text(at) == "{":
        return script.partner[at]
    while script.text(at) not in (";", "}", ""):
        at = script.partner[at] + 1 if script.text(at) in ("(", "[", "{", "${") else at + 1
    return at
