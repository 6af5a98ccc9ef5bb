"""Reads a TOML file as people in clinics write it: with a BOM, in Notepad's encodings, with backslashes. Knows no keys of ours."""

import codecs
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PLACE = re.compile(r"\(at (?:line (?P<line>\d+), column \d+|end of document)\)")
_KEY = re.compile(r"\s*(?P<key>[\w.-]+)\s*=")
_USER_PART = re.compile(r"//[^/]*@")
_SHOWN = 60


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: which key, what is there, what is expected, what to write."""

    key: str
    found: str
    expected: str
    write: str

    def __str__(self) -> str:
        return f"{self.key}: сейчас {self.found}; ожидается: {self.expected}; напишите: {self.write}"


class ConfigError(Exception):
    """The file cannot be used; a line for each problem. Holds no value of a key that we do not know."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        super().__init__(path, problems)
        self.path, self.problems = path, problems

    def __str__(self) -> str:
        return "\n".join(f"{self.path.name}: {problem}" for problem in self.problems)


def read_toml(path: Path) -> dict[str, Any]:
    """The file's keys; raises `ConfigError`."""
    text = _decoded(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, (_broken(str(error), text),)) from None
    broken = tuple(_backslash(key) for key in _with_control_characters(data))
    if broken:
        raise ConfigError(path, broken)
    return data


def shown(value: object) -> str:
    """A value as a problem may show it: short, and without what may be a password in an address."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = _USER_PART.sub("//…@", re.split("[?;#]", value)[0])
        return f"«{text[:_SHOWN]}…»" if len(text) > _SHOWN else f"«{text}»"
    if isinstance(value, int | float):
        return str(value)
    return "раздел" if isinstance(value, dict) else "список" if isinstance(value, list) else "дата"


def _decoded(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(path, (Problem("файл", "его нет", str(path), "файл по образцу agent.toml"),)) from None
    except OSError as error:
        found = f"не читается (ошибка {error.errno})"
        raise ConfigError(path, (Problem("файл", found, "файл с правом на чтение", "права службы на файл"),)) from None
    encoding = next((name for mark, name in _BOMS if raw.startswith(mark)), "utf-8")
    try:
        return raw.decode(encoding).replace("\r\n", "\n")
    except UnicodeDecodeError:
        write = "файл заново: «Сохранить как», кодировка UTF-8"
        raise ConfigError(path, (Problem("файл", "другая кодировка", "UTF-8", write),)) from None


def _broken(message: str, text: str) -> Problem:
    """tomllib's own words may quote the file; of them only the place and the kind are kept."""
    place = _PLACE.search(message)
    number = int(place["line"]) if place and place["line"] else len(text.splitlines())
    line = text.splitlines()[number - 1] if 0 < number <= len(text.splitlines()) else ""
    named = _KEY.match(line)
    key = f"строка {number}" + (f", {named['key']}" if named else "")
    if "\\" in line:
        return _backslash(key)
    return Problem(key, "не TOML", "строка вида ключ = значение, текст в кавычках", 'например host = "localhost"')


def _backslash(key: str) -> Problem:
    return Problem(
        key,
        r"обратная черта \ в двойных кавычках",
        r"текст в одинарных кавычках или двойная черта \\",
        r"state_dir = 'C:\IdentLink'; компьютер и экземпляр отдельно: host = 'PC' и instance = 'SQL'",
    )


def _with_control_characters(data: dict[str, Any], above: str = "") -> Iterator[str]:
    r"""Keys where `\n` or `\t` of a path became a control character: TOML sees nothing wrong there."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _with_control_characters(value, f"{above}{key}.")
        elif isinstance(value, str) and any(ord(c) < 32 for c in value):
            yield above + key
