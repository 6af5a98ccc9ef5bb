"""What a script may not do, told from its tokens alone: a name that is put together at run time, or a value handed through two
functions, is not seen. It knows nothing of other files."""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from widget.rules.names import aliases, declared, loops, written
from widget.rules.tokens import Script, Token, Unreadable, read, said
from widget.rules.violation import Rule, Violation

Found: TypeAlias = Iterator[tuple[int, Rule, str]]

LONGEST_LINE = 240
_GLOBAL = {"window", "globalThis"}
_DIALOGS = ("alert", "confirm", "prompt")
_VENDOR = ("$", "jQuery", "_", "Backbone", "moment", "Twig")
_REQUESTS = ("$authorizedAjax", "crm_post", "fetch", "ajax", "getJSON", "sendBeacon", "XMLHttpRequest")
_ADDRESS = re.compile(r"""(?:\b(?:https?|wss?):|^)//[\w.-]*(?::\d+)?""", re.I)
_ESCAPES = re.compile(r"(\\x[\da-fA-F]{2}|\\u00[\da-fA-F]{2}){4,}")
_LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
_MARKUP = re.compile(r"<\s*script|\bjavascript:", re.I)
_CODE = re.compile(
    r"""(?:var|let|const)\s+[\w${\[].*=.*                        # a declaration
    |return\b.*;|(?:throw|break|continue|debugger)\b.*;
    |(?:if|for|while|switch|catch)\s*\(.*\).*[{;}]|\}?\s*else\b.*\{
    |(?:async\s+)?function\b.*\{.*|.*=>\s*\{
    |[\w$.\[\]'"]+\s*[-+*|&]?=\s*[^=].*;                        # x.y = z;
    |[\w$.]+\(.*\)\s*;|(?:await|new|delete)\s.*;                # f(x);
    |[\w$]+\s*:\s*function\b.*|[)\]}]+\)[;,]?|\}\s*[;,]""",
    re.X,
)


def checked(name: str, text: str, hub: str) -> Iterator[Violation]:
    """All that is wrong in one script. `hub` is the one address that it may speak to."""
    yield from minified(name, text, Rule.JS_MINIFIED)
    try:
        script = read(text)
    except Unreadable as wrong:
        yield Violation(name, wrong.line, Rule.JS_SYNTAX, f"mend the script: {wrong.what}")
        return
    for check in _CHECKS:
        for line, rule, advice in check(script):
            yield Violation(name, line, rule, advice)
    for line, rule, advice in _external(script, hub):
        yield Violation(name, line, rule, advice)


def minified(name: str, text: str, rule: Rule) -> Iterator[Violation]:
    """The first line that nobody reads."""
    for place, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            yield Violation(name, place, rule, f"write lines of at most {LONGEST_LINE} characters: people review them")
            return


def commented(text: str) -> bool:
    """Whether a comment holds a line of code. Prose that ends like code is rare, code that reads like prose is not found."""
    lines = (line.strip().lstrip("*").strip() for line in re.sub(r"^/[/*]+|\*/$", "", text).split("\n"))
    return any(_CODE.fullmatch(line) for line in lines)


def _eval(script: Script) -> Found:
    advice = "call a function of yours instead of running a text"
    for at in script.names("eval", "execScript"):
        if _is_global(script, at):
            yield script.code[at].line, Rule.JS_EVAL, advice
    for at in script.names("Function"):
        if script.text(at + 1) == "(" and _is_global(script, at):
            yield script.code[at].line, Rule.JS_EVAL, advice
    for at in script.names("setTimeout", "setInterval"):
        if script.text(at + 1) == "(" and script.kind(at + 2) in ("string", "template"):
            yield script.code[at].line, Rule.JS_EVAL, advice


def _is_global(script: Script, at: int) -> bool:
    """Bare, or a member of the window; the key of an object is neither."""
    if script.text(at + 1) == ":" and script.text(at - 1) in ("{", ","):
        return False
    return not script.is_member(at) or script.text(at - 2) in _GLOBAL


def _dialogs(script: Script) -> Found:
    for at in script.names(*_DIALOGS):
        if script.is_call(at) and _is_global(script, at):
            yield (
                script.code[at].line,
                Rule.JS_DIALOG,
                f"show it in the widget or by APP.notifications instead of {script.text(at)}()",
            )


def _console(script: Script) -> Found:
    for at in script.names("console"):
        if script.text(at + 1) != "." or script.text(at + 2) != "debug":
            yield script.code[at].line, Rule.JS_CONSOLE, "use console.debug, or remove it"


def _scripts(script: Script) -> Found:
    advice = "name it in define() and pack it: no script is made or loaded otherwise"
    for at in script.names("createElement", "createElementNS"):
        if any(said(one).strip("`").lower() == "script" for one in _arguments(script, at)):
            yield script.code[at].line, Rule.JS_SCRIPT, advice
    for at in script.names("getScript", "importScripts", "import"):
        if script.text(at + 1) == "(":
            yield script.code[at].line, Rule.JS_SCRIPT, advice
    for token in script.code:
        if token.kind in ("string", "template") and _MARKUP.search(token.text):
            yield token.line, Rule.JS_SCRIPT, advice


def _arguments(script: Script, at: int) -> tuple[Token, ...]:
    """The tokens of a call's brackets."""
    return tuple(script.code[at + 2 : script.partner[at + 1]]) if script.text(at + 1) == "(" else ()


def _external(script: Script, hub: str) -> Found:
    for token in script.code:
        if token.kind in ("string", "template"):
            for address in _ADDRESS.findall(said(token)):
                if address not in (hub, "http://www.w3.org"):
                    yield (
                        token.line,
                        Rule.JS_EXTERNAL,
                        "pack it, or ask the hub for it: the widget speaks to no other host",
                    )


def _sync(script: Script) -> Found:
    advice = "ask without waiting: no synchronous requests"
    for at, token in enumerate(script.code):
        if said(token) == "async" and script.text(at + 1) == ":" and script.text(at + 2) == "false":
            yield token.line, Rule.JS_SYNC, advice
    for at in script.names("open"):
        told = _arguments(script, at)
        if script.is_member(at) and len(told) >= 5 and [one.text for one in told[-2:]] == [",", "false"]:
            yield script.code[at].line, Rule.JS_SYNC, advice


def _loops(script: Script) -> Found:
    spans = list(loops(script))
    short = [at for at in script.names("get", "post") if script.text(at - 2) in ("$", "jQuery")]
    for at in [*script.names(*_REQUESTS), *short]:
        if script.is_call(at) and any(first <= at < last for first, last in spans):
            yield script.code[at].line, Rule.JS_LOOP, f"ask once for all: no {script.text(at)}() in a loop"


def _obfuscated(script: Script) -> Found:
    for token in script.code:
        if (token.kind == "name" and token.text.startswith("_0x")) or (
            token.kind == "string" and _ESCAPES.search(token.text)
        ):
            yield token.line, Rule.JS_OBFUSCATED, "pack the source as people wrote it"
            return


def _comments(script: Script) -> Found:
    for token in script.comments:
        if commented(token.text):
            yield token.line, Rule.JS_COMMENTED, "remove the code that is commented out"
        if _LEFTOVER.search(token.text):
            yield token.line, Rule.JS_LEFTOVER, "do it or remove the note"
    for at in script.names("debugger"):
        yield script.code[at].line, Rule.JS_LEFTOVER, "remove the debugger statement"


def _top(script: Script) -> Found:
    """All stands in one define(...): so a script leaves no name behind."""
    end = script.partner[1] if script.text(0) == "define" and script.text(1) == "(" else -1
    rest = [one for one in script.code[end + 1 :] if one.text != ";"]
    if rest or end < 0:
        yield (rest[0].line if rest else 1), Rule.JS_DEFINE, "write one define(...) and nothing beside it"


def _dependencies(script: Script) -> Found:
    own = declared(script)
    for at in script.names("require", "requirejs"):
        if script.text(at + 1) == "(" and not script.is_member(at):
            yield script.code[at].line, Rule.JS_DEPENDENCY, "name it in define() instead of calling require()"
    for at in script.names(*(name for name in _VENDOR if name not in own)):
        if not script.is_member(at) and script.text(at + 1) != ":":
            yield (
                script.code[at].line,
                Rule.JS_DEPENDENCY,
                f"take {script.text(at)} from define(): no library is read from the page",
            )


def _names(script: Script) -> Found:
    own = declared(script)
    read_only = {"APP", "AMOCRM"} | aliases(script, {"APP", "AMOCRM"})
    for at, is_member in written(script):
        name, line = script.text(at), script.code[at].line
        if name in read_only and (is_member or name not in own):
            yield line, Rule.JS_APP, "only read what amoCRM's page holds"
        elif is_member and name in _GLOBAL:
            yield line, Rule.JS_GLOBAL, "keep it in the widget: nothing is written to window"
        elif not is_member and name not in own:
            yield line, Rule.JS_UNDECLARED, f"declare {name}"
    for at in script.names("AMOCRM"):
        if not script.is_member(at):
            yield script.code[at].line, Rule.JS_ALIAS, "read APP: AMOCRM is its old name"


def _clicks(script: Script) -> Found:
    for token in script.code:
        if token.kind in ("string", "template"):
            if "switcher__o" in token.text:
                yield token.line, Rule.JS_SWITCHER, "ask the field's .val(), not the switcher's class"
            if re.search(r"js-widget-(un)?install|js-widget-disable", token.text):
                yield token.line, Rule.JS_CLICK, "leave Install and Disable to people"


_CHECKS: tuple[Callable[[Script], Found], ...] = (
    _eval, _dialogs, _console, _scripts, _sync, _loops, _obfuscated, _comments, _top, _dependencies, _names, _clicks,
)  # fmt: skip
