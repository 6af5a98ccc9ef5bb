"""What goes together across files: each script is reached by define, nothing lies unused, callbacks and areas fit."""

import re
from collections.abc import Iterator

from widget.rules.files import DP_LOGO, LOGOS, Files, tour_names
from widget.rules.manifest import Json, locations
from widget.rules.tokens import Script, Unreadable, read, said
from widget.rules.violation import Rule, Violation

VENDOR = {"jquery", "underscore", "backbone", "moment", "twigjs"}
ENTRY = "script.js"
_AREAS = {
    "advancedSettings": "advanced_settings", "dpSettings": "digital_pipeline", "onSalesbotDesignerSave": "salesbot_designer",
    "onSource": "lead_sources", "onAddAsSource": "lead_sources", "leads": "llist", "contacts": "clist", "todo": "tlist",
    "loadPreloadedData": "card_sdk", "loadElements": "card_sdk", "linkCard": "card_sdk", "searchDataInCard": "card_sdk",
}  # fmt: skip
_NEEDED = ("advancedSettings", "dpSettings", "loadPreloadedData")
"""Without these their areas stay empty: a location that is declared for nothing."""


def checked(files: Files, manifest: Json) -> Iterator[Violation]:
    """All of it; scripts that cannot be read say so elsewhere."""
    scripts = dict(_scripts(files))
    yield from _dependencies(files, scripts)
    if len(scripts) == sum(name.endswith(".js") for name in files):
        yield from _unused(files, scripts, manifest)
    if ENTRY in scripts:
        yield from _callbacks(scripts[ENTRY], manifest)


def _scripts(files: Files) -> Iterator[tuple[str, Script]]:
    for name, data in files.items():
        if name.endswith(".js"):
            try:
                yield name, read(data.decode("utf-8-sig", "replace"))
            except Unreadable:
                continue


def _needs(script: Script) -> list[str]:
    """What its define names."""
    start = next((at for at in script.names("define") if script.text(at + 1) == "("), -1)
    first = start + (4 if script.kind(start + 2) == "string" else 2)
    if start < 0 or script.text(first) != "[":
        return []
    return [said(one) for one in script.code[first : script.partner[first]] if one.kind == "string"]


def _target(need: str) -> str:
    name = re.sub(r"^\./", "", need)
    return name if name.endswith(".js") else name + ".js"


def _dependencies(files: Files, scripts: dict[str, Script]) -> Iterator[Violation]:
    for name, script in scripts.items():
        for need in _needs(script):
            known = need in VENDOR or need.startswith("lib/") or _target(need) in files
            if not known and "//" not in need:  # an address is another rule's
                yield Violation(name, 1, Rule.JS_DEPENDENCY, f"pack {need}, or take it out of define()")


def _unused(files: Files, scripts: dict[str, Script], manifest: Json) -> Iterator[Violation]:
    reached, waiting = set[str](), [ENTRY]
    while waiting:
        name = waiting.pop()
        if name in scripts and name not in reached:
            reached.add(name)
            waiting += [_target(need) for need in _needs(scripts[name])]
    code = "\n".join(said(one) for name in reached for one in scripts[name].code if one.kind in ("string", "template"))
    styles = files.get("style.css", b"").decode("utf-8", "replace")
    demanded = {f"images/{stem}" for stem in LOGOS} | {one.rpartition(".")[0] for one in tour_names(manifest)}
    demanded |= {f"images/{DP_LOGO}"} if "digital_pipeline" in locations(manifest) else set()
    for name in files:
        of_code = name in scripts and name not in reached
        of_folders = name.startswith(("images/", "templates/")) and name.rpartition(".")[0] not in demanded
        if of_code or (of_folders and name not in code + styles) or (name == "style.css" and name not in code):
            yield Violation(name, 0, Rule.ARCHIVE_UNUSED, "leave it out: nothing uses it")


def _callbacks(script: Script, manifest: Json) -> Iterator[Violation]:
    names = dict(_keys(script))
    needed = ["render", "init", "bind_actions"] + ["onSave"] * bool(manifest.get("widget", {}).get("installation"))
    missing = [name for name in needed if name not in names]
    if missing:
        yield Violation(ENTRY, 0, Rule.JS_CALLBACKS, f"write callbacks = {{…}} with {', '.join(missing)}")
    areas = locations(manifest)
    for name, line in names.items():
        if name in _AREAS and _AREAS[name] not in areas:
            yield Violation(ENTRY, line, Rule.JS_AREA, f"remove {name}, or declare the location {_AREAS[name]}")
    for name in _NEEDED:
        if _AREAS[name] in areas and name not in names and not missing:
            yield Violation(ENTRY, 0, Rule.JS_AREA, f"write the callback {name}, or remove the location {_AREAS[name]}")


def _keys(script: Script) -> Iterator[tuple[str, int]]:
    """The names in `callbacks = {…}`, with their lines."""
    for start in script.names("callbacks"):
        if script.text(start + 1) in ("=", ":") and script.text(start + 2) == "{":
            at, end = start + 3, script.partner[start + 2]
            while at < end:
                if script.text(at - 1) in ("{", ",") and script.text(at + 1) in (":", "(", ","):
                    yield said(script.code[at]), script.code[at].line
                at = script.partner[at] + 1 if script.text(at) in ("(", "[", "{", "${") else at + 1
