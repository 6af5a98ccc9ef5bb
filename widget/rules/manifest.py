"""manifest.json: its fields, and what of them goes together. It knows the texts only by their keys."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from widget.rules.files import Files, tour_names
from widget.rules.violation import Rule, Violation

Json: TypeAlias = Mapping[str, Any]

FILE = "manifest.json"
LOCALES = ("ru", "en", "es", "pt")
CARDS = {"lcard", "ccard", "comcard", "cucard"}
LOCATIONS = CARDS | {
    "llist", "clist", "culist", "tlist", "tline", "tcalendar", "settings", "advanced_settings", "card_sdk", "catalogs",
    "digital_pipeline", "lead_sources", "whatsapp_modal", "everywhere", "sms", "mobile_card", "salesbot_designer", "amoforms",
    "widget_page",
}  # fmt: skip
_TOP = {"widget": True, "locations": True, "settings": True, "tour": False, "advanced": False, "dp": False,
        "salesbot_designer": False, "sms": False, "mobile": False, "amoforms_settings": False, "left_menu": False}  # fmt: skip
_WIDGET: dict[str, tuple[type, bool]] = {
    "name": (str, True), "description": (str, True), "short_description": (str, True), "version": (str, True),
    "interface_version": (int, True), "locale": (list, True), "installation": (bool, True), "support": (dict, True),
    "init_once": (bool, False), "is_showcase": (bool, False),
}  # fmt: skip
_SECTIONS = {"advanced": "advanced_settings", "dp": "digital_pipeline", "salesbot_designer": "salesbot_designer", "sms": "sms",
             "mobile": "mobile_card", "amoforms_settings": "amoforms"}  # fmt: skip
_NEED_SECTION = ("advanced", "dp", "salesbot_designer")
_KINDS = ("text", "pass", "users", "users_lp", "custom")
_BOT_KINDS = ("text", "numeric", "url")
_KEY = re.compile(r"\w+(\.\w+)+")


def parsed(files: Files) -> Json | None:
    """The manifest; None if it is not readable, which `checked` says."""
    try:
        found = json.loads(files.get(FILE, b"").decode("utf-8-sig"))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def locations(manifest: Json) -> set[str]:
    """The declared areas without their suffixes."""
    told = manifest.get("locations")
    return {re.sub(r"-[01]$", "", one) for one in told if isinstance(one, str)} if isinstance(told, list) else set()


def checked(files: Files) -> Iterator[Violation]:
    """Everything of the manifest."""
    manifest = parsed(files)
    if manifest is None:
        if FILE in files:
            yield _wrong(Rule.MANIFEST_JSON, "write one JSON object")
        return
    fields = list(_fields(manifest))
    yield from fields
    if any(one.rule is Rule.MANIFEST_TYPE for one in fields):
        return
    yield from _widget(manifest.get("widget", {}))
    yield from _installation(manifest)
    yield from _locations(manifest.get("locations", []))
    yield from _sections(manifest)
    yield from _settings(manifest.get("settings", {}))
    yield from _parts(manifest, files)
    yield from _texts(manifest, files)


def _wrong(rule: Rule, advice: str) -> Violation:
    return Violation(FILE, 0, rule, advice)


def _fields(manifest: Json) -> Iterator[Violation]:
    widget = manifest.get("widget", {})
    kinds: dict[str, tuple[type, bool]] = {
        name: (list if name == "locations" else dict, must) for name, must in _TOP.items()
    }
    yield from _held("", manifest, kinds)
    if isinstance(widget, dict):
        yield from _held("widget.", widget, _WIDGET)


def _held(at: str, held: Json, kinds: Mapping[str, tuple[type, bool]]) -> Iterator[Violation]:
    for name, (kind, must) in kinds.items():
        if name not in held and must:
            yield _wrong(Rule.MANIFEST_MISSING, f"add {at}{name}")
        elif name in held and type(held[name]) is not kind and name != "left_menu":
            yield _wrong(Rule.MANIFEST_TYPE, f"write {at}{name} as {kind.__name__}")
    for name in held.keys() - kinds.keys():
        why = "amoCRM makes it itself" if name in ("code", "secret_key") else "it is not documented"
        yield _wrong(Rule.MANIFEST_UNKNOWN, f"remove {at}{name}: {why}")


def _widget(widget: Json) -> Iterator[Violation]:
    if widget.get("interface_version", 2) != 2:
        yield _wrong(Rule.MANIFEST_INTERFACE, "write widget.interface_version as 2")
    if not re.fullmatch(r"\d+(\.\d+){1,2}", widget.get("version", "1.0.0")):
        yield _wrong(Rule.MANIFEST_VERSION, "write widget.version as numbers with dots, like 1.0.0")
    told = widget.get("locale", ["ru"])
    if not told or any(one not in LOCALES for one in told) or len(set(map(str, told))) < len(told):
        yield _wrong(Rule.MANIFEST_LOCALE, f"choose widget.locale from {', '.join(LOCALES)}, each once")
    support = widget.get("support", {"email": "a@b"})
    link, email = support.get("link"), support.get("email")
    is_link = isinstance(link, str) and link.startswith(("https://", "http://127.0.0.", "http://localhost:"))
    is_email = isinstance(email, str) and "@" in email
    if not (is_link or is_email) or (link and not is_link) or (email and not is_email):
        yield _wrong(Rule.MANIFEST_SUPPORT, "give widget.support a link with https, or an email")


def _installation(manifest: Json) -> Iterator[Violation]:
    widget = manifest.get("widget", {})
    installs = widget.get("installation", True)
    if widget.get("is_showcase") and installs:
        yield _wrong(
            Rule.MANIFEST_SHOWCASE, "write widget.installation as false: is_showcase shows View instead of Install"
        )
    if not installs and manifest.get("settings"):
        yield _wrong(Rule.MANIFEST_INSTALLATION, "leave settings empty: what is not installed has none")


def _locations(told: list[Any]) -> Iterator[Violation]:
    bare = [re.sub(r"-[01]$", "", str(one)) for one in told]
    if not told or not set(bare) <= LOCATIONS:
        unknown = ", ".join(sorted(set(bare) - LOCATIONS)) or "an empty list"
        yield _wrong(Rule.MANIFEST_LOCATION, f"name only documented locations, without {unknown}")
    for name in sorted({one for one in bare if bare.count(one) > 1}):
        yield _wrong(Rule.MANIFEST_SUFFIX, f"keep one of {name}, {name}-0 and {name}-1")
    if "everywhere-1" in told:
        yield _wrong(Rule.MANIFEST_EVERYWHERE, "write everywhere without -1: it has no right column")
    if "card_sdk" in bare and not CARDS & set(bare):
        yield _wrong(Rule.MANIFEST_CARD_SDK, "declare the card in which the tab of card_sdk stands")


def _sections(manifest: Json) -> Iterator[Violation]:
    areas = locations(manifest)
    for section, area in _SECTIONS.items():
        if section in manifest and area not in areas:
            yield _wrong(Rule.MANIFEST_AREA, f"declare the location {area}, or remove {section}")
        if area in areas and section in _NEED_SECTION and section not in manifest:
            yield _wrong(Rule.MANIFEST_AREA, f"add {section}, or remove the location {area}")


def _settings(settings: Json, at: str = "settings") -> Iterator[Violation]:
    for code, field in settings.items():
        known = isinstance(field, dict) and field.keys() <= {"name", "type", "required"}
        if (
            not known
            or field.get("type") not in _KINDS
            or type(field.get("required")) is not bool
            or "name" not in field
        ):
            yield _wrong(
                Rule.MANIFEST_SETTINGS, f"give {at}.{code} a name, a type of {', '.join(_KINDS)}, and required"
            )
    if sum(isinstance(field, dict) and field.get("type") == "custom" for field in settings.values()) > 1:
        yield _wrong(Rule.MANIFEST_CUSTOM, f"keep one custom field in {at}: what others show can live in it")


def _parts(manifest: Json, files: Files) -> Iterator[Violation]:
    """What stands in the sections of single areas."""
    dp = manifest.get("dp", {"settings": {}, "action_multiple": False})
    if not isinstance(dp.get("settings"), dict) or type(dp.get("action_multiple")) is not bool:
        yield _wrong(Rule.MANIFEST_DP, "give dp its settings, and action_multiple as true or false")
    else:
        yield from _settings(dp["settings"], "dp.settings")
    for section, field in (("dp", "webhook_url"), ("sms", "endpoint"), ("mobile", "frame_url")):
        address = manifest.get(section, {}).get(field)
        if address is not None and not str(address).startswith("https://"):
            yield _wrong(Rule.MANIFEST_ADDRESS, f"write {section}.{field} as an address with https")
    yield from _tour(manifest, files)
    for name, handler in manifest.get("salesbot_designer", {}).items():
        fields = handler.get("settings") if isinstance(handler, dict) else None
        kinds = (
            [one.get("type") for one in fields.values() if isinstance(one, dict)]
            if isinstance(fields, dict)
            else [None]
        )
        if any(kind not in _BOT_KINDS for kind in kinds) or not isinstance(handler.get("name"), str):
            yield _wrong(Rule.MANIFEST_SALESBOT, f"give {name} a name, and fields of the types {', '.join(_BOT_KINDS)}")


def _tour(manifest: Json, files: Files) -> Iterator[Violation]:
    tour = manifest.get("tour")
    if tour is None:
        return
    shown = tour.get("tour_images") if isinstance(tour.get("tour_images"), dict) else {}
    locales = map(str, manifest.get("widget", {}).get("locale", []))
    if (
        type(tour.get("is_tour")) is not bool
        or "tour_description" not in tour
        or any(not shown.get(one) for one in locales)
    ):
        yield _wrong(Rule.MANIFEST_TOUR, "give tour is_tour, tour_description, and tour_images for each locale")
    elif any(name not in files for name in tour_names(manifest)):
        yield _wrong(Rule.MANIFEST_TOUR, "name in tour_images only pictures that the archive holds")


def _texts(manifest: Json, files: Files) -> Iterator[Violation]:
    named = list(_named(manifest))
    for locale in manifest.get("widget", {}).get("locale", []):
        try:
            texts = json.loads(files.get(f"i18n/{locale}.json", b""))
        except ValueError:
            continue  # the texts' own rules say it
        for at, key in named:
            if not isinstance(key, str) or not _KEY.fullmatch(key) or not _text_of(texts, key):
                yield _wrong(Rule.MANIFEST_TEXT, f"name in {at} a text of i18n/{locale}.json, like widget.name")


def _named(manifest: Json) -> Iterator[tuple[str, Any]]:
    for name in ("name", "description", "short_description"):
        if name in manifest.get("widget", {}):
            yield f"widget.{name}", manifest["widget"][name]
    for section, field in (("advanced", "title"), ("tour", "tour_description")):
        if section in manifest:
            yield f"{section}.{field}", manifest[section].get(field)
    dp = manifest.get("dp", {}).get("settings")
    for at, fields in (("settings", manifest.get("settings")), ("dp.settings", dp)):
        for code, field in (fields if isinstance(fields, dict) else {}).items():
            if isinstance(field, dict) and "name" in field:
                yield f"{at}.{code}.name", field["name"]


def _text_of(texts: Any, key: str) -> str:
    for part in key.split("."):
        texts = texts.get(part) if isinstance(texts, dict) else None
    return texts if isinstance(texts, str) else ""
