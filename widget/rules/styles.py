"""What style sheets may not do: every rule begins at the widget's own root. It knows no properties beyond a few."""

import re
from collections.abc import Iterator

from widget.rules.javascript import minified
from widget.rules.violation import Rule, Violation

ROOT = "identlink"
_OWN = re.compile(rf"\.{ROOT}(?![A-Za-z0-9])")
_HOLDS_RULES = ("@media", "@supports", "@container", "@layer")
_KEYFRAMES = re.compile(rf"@(-\w+-)?keyframes\s+{ROOT}\b")
_LOADS = re.compile(r"@import\b()|\burl\(\s*['\"]?\s*([^'\")]*)", re.I)
_CODE = re.compile(r"[^{}]*\{[^}]*\}|[\w-]+\s*:\s*[^;.]+;", re.S)


def checked(name: str, text: str) -> Iterator[Violation]:
    """All that is wrong in one style sheet."""
    yield from minified(name, text, Rule.CSS_MINIFIED)
    for found in re.finditer(r"/\*(.*?)\*/", text, re.S):
        if _CODE.search(found[1]):
            yield Violation(
                name, _line(text, found.start()), Rule.CSS_COMMENTED, "remove the rules that are commented out"
            )
    bare = re.sub(r"/\*.*?\*/", _blank, text, flags=re.S)
    for found in (one for one in _LOADS.finditer(bare) if _is_elsewhere(one[2])):
        yield Violation(
            name, _line(text, found.start()), Rule.CSS_EXTERNAL, "pack it: nothing is loaded from elsewhere"
        )
    for found in re.finditer(r"\bposition\s*:\s*fixed\b", bare):
        yield Violation(
            name,
            _line(text, found.start()),
            Rule.CSS_COVERS,
            "leave it in the page's flow: it would cover amoCRM's controls",
        )
    yield from _blocks(name, re.sub(r"\"[^\"\n]*\"|'[^'\n]*'", _blank, bare))


def _is_elsewhere(target: str | None) -> bool:
    """`@import` (no target here), or an address with a host or a scheme."""
    return target is None or (not target.lower().startswith("data:") and (":" in target or target.startswith("//")))


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _blocks(name: str, text: str) -> Iterator[Violation]:
    """Walk over the blocks; `inside` says for each open one whether rules of the page stand in it."""
    inside, mark = [True], 0
    for found in re.finditer(r"[{};]", text):
        head, line = text[mark : found.start()].strip(), _line(text, found.start())
        mark = found.end()
        if found[0] == "{":
            if inside[-1]:
                yield from (Violation(name, line, *wrong) for wrong in _head(head))
            inside.append(inside[-1] and head.startswith(_HOLDS_RULES))
        elif found[0] == "}":
            if len(inside) == 1:
                yield Violation(name, line, Rule.CSS_SYNTAX, "mend the sheet: nothing opens this bracket")
                return
            inside.pop()
    if len(inside) > 1:
        yield Violation(name, _line(text, len(text)), Rule.CSS_SYNTAX, "mend the sheet: a bracket is never closed")


def _head(head: str) -> Iterator[tuple[Rule, str]]:
    if head.startswith("@"):
        if not head.startswith(_HOLDS_RULES) and not _KEYFRAMES.match(head):
            yield Rule.CSS_GLOBAL, f"name it after the widget ({ROOT}-…), or remove it: it holds for the whole page"
        return
    plain = _without_brackets(head)
    for selector in plain.split(","):
        first, sign, second = _parts(selector.strip())
        if not _OWN.search(first):
            yield Rule.CSS_ROOT, f"begin the selector with the widget's own class, .{ROOT}…"
        elif sign in ("+", "~") and not _OWN.search(second):
            yield Rule.CSS_SIBLING, "name what stands beside: it may be amoCRM's"


def _without_brackets(head: str) -> str:
    """What `:not(…)` and the like say is no place to begin."""
    before = ""
    while before != head:
        before, head = head, re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", head)
    return head


def _parts(selector: str) -> tuple[str, str, str]:
    """`a > b c` is a, > and b."""
    found = re.match(r"([^\s>+~]*)\s*([>+~]?)\s*([^\s>+~]*)", selector)
    return (found[1], found[2], found[3]) if found else ("", "", "")
