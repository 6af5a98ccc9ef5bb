"""JavaScript as a list of tokens: strings, comments, regular expressions and templates told apart. It knows no grammar beyond brackets."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<number>0[xXbBoO][\da-fA-F_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?)
    |(?P<name>\#?[^\W\d][\w$]*|\#?\$[\w$]*)
    |(?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    |(?P<sign>>>>=|\.\.\.|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--
      |\+=|-=|\*=|/=|%=|&=|\|=|\^=|\*\*|<<|>>|[-+*/%=<>!&|^~?:;,.(){}\[\]])""",
    re.X | re.S,
)
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
_CHUNK = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*", re.S)
_BEFORE_VALUE = {
    "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "instanceof", "await", "yield",
}  # fmt: skip
_CLOSES = {")": "(", "]": "[", "}": "{"}


class Unreadable(Exception):
    """This is no JavaScript that can be read."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(line, what)
        self.line, self.what = line, what


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is comment, number, name (keywords, too), string, template, regex or sign."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class Script:
    """A file's tokens without comments, its comments, and which bracket closes which (both ways)."""

    code: Sequence[Token]
    comments: Sequence[Token]
    partner: Mapping[int, int]

    def text(self, place: int) -> str:
        """The token's text there; nothing beyond the ends."""
        return self.code[place].text if 0 <= place < len(self.code) else ""

    def kind(self, place: int) -> str:
        """Likewise its kind."""
        return self.code[place].kind if 0 <= place < len(self.code) else ""

    def names(self, *wanted: str) -> Iterator[int]:
        """Where these names stand, in their order."""
        return iter(sorted(place for name in wanted for place in self._places.get(name, ())))

    def is_member(self, place: int) -> bool:
        """Whether it is `x.name`."""
        return self.text(place - 1) in (".", "?.")

    def is_call(self, place: int) -> bool:
        """Whether `name(` stands there, and is neither a declaration nor a method `name() {`."""
        if self.text(place + 1) != "(" or self.text(place - 1) == "function":
            return False
        return self.text(self.partner[place + 1] + 1) != "{"

    @cached_property
    def _places(self) -> Mapping[str, list[int]]:
        found: dict[str, list[int]] = {}
        for place, token in enumerate(self.code):
            if token.kind == "name":
                found.setdefault(token.text, []).append(place)
        return found


def said(token: Token) -> str:
    """What stands between the quotes."""
    return token.text[1:-1] if token.kind == "string" else token.text


def read(text: str) -> Script:
    """The script; raises `Unreadable`."""
    return _Reader(text).script()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1
        self._code: list[Token] = []
        self._comments: list[Token] = []
        self._open: list[int] = []
        self._partner: dict[int, int] = {}

    def script(self) -> Script:
        while self._at < len(self._text):
            self._step()
        if self._open:
            raise Unreadable(self._code[self._open[-1]].line, "a bracket is never closed")
        return Script(tuple(self._code), tuple(self._comments), self._partner)

    def _step(self) -> None:
        if self._text[self._at] == "`":
            self._at += 1
            self._chunk()
            return
        found = (_REGEX.match(self._text, self._at) if self._may_be_regex() else None) or _TOKEN.match(
            self._text, self._at
        )
        if found is None:
            raise Unreadable(self._line, "a text or a comment is never closed")
        kind = found.lastgroup or "regex"
        token = self._took(kind, found.group())
        if kind == "sign":
            self._bracket(token)

    def _took(self, kind: str, text: str) -> Token:
        token = Token(kind, text, self._line)
        if kind == "comment":
            self._comments.append(token)
        elif kind != "space":
            self._code.append(token)
        self._at += len(text)
        self._line += text.count("\n")
        return token

    def _bracket(self, token: Token) -> None:
        here = len(self._code) - 1
        if token.text in "([{":
            self._open.append(here)
        elif token.text in _CLOSES:
            if not self._open or self._code[self._open[-1]].text[-1] != _CLOSES[token.text]:
                raise Unreadable(token.line, f"nothing opens this {token.text}")
            opened = self._open.pop()
            self._partner[opened], self._partner[here] = here, opened
            if self._code[opened].text == "${":
                self._chunk()

    def _chunk(self) -> None:
        """A piece of a template: up to its end, or to the next `${`."""
        found = _CHUNK.match(self._text, self._at)
        self._took("template", found.group() if found else "")
        if self._text.startswith("`", self._at):
            self._at += 1
        elif self._text.startswith("${", self._at):
            self._open.append(len(self._code))
            self._took("sign", "${")
        else:
            raise Unreadable(self._line, "a template is never closed")

    def _may_be_regex(self) -> bool:
        if self._text[self._at] != "/":
            return False
        if not self._code:
            return True
        last = self._code[-1]
        if last.text == ")":
            before = self._code[self._partner[len(self._code) - 1] - 1].text
            return before in ("if", "while", "for", "with")
        return (
            last.text in _BEFORE_VALUE
            if last.kind == "name"
            else last.kind == "sign" and last.text not in ("]", "++", "--")
        )
