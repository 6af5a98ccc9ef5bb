"""i18n/*.json: one file for each locale, all with the same keys, each in its language. It knows no rule of the manifest."""

import json
import re
from collections.abc import Iterator
from typing import Any

from widget.rules.files import Files
from widget.rules.manifest import Json
from widget.rules.violation import Rule, Violation

_CYRILLIC = re.compile("[а-яё]", re.I)
_RU_LINK = re.compile(r"[\w-]\.ru\b", re.I)
_VENDOR = re.compile(r"amo\s?crm|амо\s?црм|амо\s?срм|kommo|\bamo\b|\bамо\b", re.I)
_THEIR_SUPPORT = re.compile(r"support@(amocrm|kommo)\.|(amocrm|kommo)\.\w+/support", re.I)


def formed(files: Files, manifest: Json) -> Iterator[Violation]:
    """Each locale has its file, and all have the same structure."""
    locales = [one for one in manifest.get("widget", {}).get("locale", []) if isinstance(one, str)]
    held = {name[5:-5]: name for name in files if re.fullmatch(r"i18n/\w+\.json", name)}
    for locale in (one for one in locales if one not in held):
        yield Violation(f"i18n/{locale}.json", 0, Rule.TEXTS_LOCALE, "add it: the manifest names this locale")
    for locale in (one for one in held if one not in locales):
        yield Violation(held[locale], 0, Rule.TEXTS_LOCALE, "leave it out, or name this locale in the manifest")
    shapes = {}
    for locale in (one for one in locales if one in held):
        texts = _parsed(files[held[locale]])
        if texts is None:
            yield Violation(held[locale], 0, Rule.TEXTS_JSON, "write one JSON object of objects and texts")
        else:
            shapes[locale] = {path for path, _ in _leaves(texts)}
    for locale, shape in shapes.items():
        first = next(iter(shapes.values()))
        if shape != first:
            differ = ", ".join(sorted(shape ^ first)[:3])
            yield Violation(held[locale], 0, Rule.TEXTS_STRUCTURE, f"hold the keys of the other locales: {differ}")


def written(files: Files, manifest: Json) -> Iterator[Violation]:
    """What the texts say."""
    for name in (one for one in files if one.startswith("i18n/")):
        texts = _parsed(files[name])
        if texts is not None:
            yield from _words(name, dict(_leaves(texts)), manifest)


def _words(name: str, words: dict[str, str], manifest: Json) -> Iterator[Violation]:
    is_russian = name == "i18n/ru.json"
    everything = "\n".join(words.values())
    cyrillic = [path for path, text in words.items() if _CYRILLIC.search(text)]
    if words and is_russian == (not cyrillic):
        yield Violation(
            name,
            0,
            Rule.TEXTS_LANGUAGE,
            "write the texts in the file's language" + "".join(f": {one}" for one in cyrillic[:1]),
        )
    if not is_russian and (found := next((path for path, text in words.items() if _RU_LINK.search(text)), None)):
        yield Violation(name, 0, Rule.TEXTS_LINKS, f"link to no .ru site from {found}")
    if _VENDOR.search(words.get(manifest.get("widget", {}).get("name", ""), "")):
        yield Violation(name, 0, Rule.TEXTS_NAME, "name the widget without amoCRM's name")
    if _THEIR_SUPPORT.search(everything):
        yield Violation(name, 0, Rule.TEXTS_SUPPORT, "send nobody to amoCRM's support: name your own")


def _parsed(data: bytes) -> Json | None:
    try:
        texts = json.loads(data.decode("utf-8-sig"))
    except ValueError:
        return None
    good = isinstance(texts, dict) and all(isinstance(text, str) for _, text in _leaves(texts))
    return texts if good else None


def _leaves(texts: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", value
