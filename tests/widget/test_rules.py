"""amoCRM's rules for a widget's archive: ours keeps them all, and each way to break one is told by its name and by no other."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widget.archives import ENGLISH, HUB, PART, RUSSIAN, SCRIPT, STYLE, gif, good, jpeg, manifest, packed, png
from widget.build import build
from widget.rules import Rule, at_upload, violations

Files: TypeAlias = dict[str, bytes]
Spoil: TypeAlias = Callable[[Files], Any]


def put(name: str, data: bytes | str) -> Spoil:
    """A file more, or in the place of the good one."""
    return lambda files: files.update({name: data.encode() if isinstance(data, str) else data})


def drop(name: str) -> Spoil:
    return lambda files: files.pop(name)


def told(*path: str, **values: Any) -> Spoil:
    """Other fields in the manifest; `...` takes one away."""

    def spoil(files: Files) -> None:
        held = manifest()
        at = held
        for name in path:
            at = at.setdefault(name, {})
        for name, value in values.items():
            at.pop(name, None)
            if value is not ...:
                at[name] = value
        files["manifest.json"] = json.dumps(held).encode()

    return spoil


def within(code: str) -> Spoil:
    """These lines inside a good script."""
    return put("part.js", PART.replace("  return {", f"  {code}\n  return {{"))


def script(before: str, after: str) -> Spoil:
    return put("script.js", SCRIPT.replace(before, after))


def style(more: str) -> Spoil:
    return put("style.css", STYLE + more)


def words(name: str, texts: dict[str, Any], /, **values: Any) -> Spoil:
    return put(name, json.dumps({"widget": texts["widget"] | values}))


def both(*spoils: Spoil) -> Spoil:
    return lambda files: [spoil(files) for spoil in spoils]


TOUR = {
    "is_tour": True,
    "tour_description": "widget.name",
    "tour_images": {one: ["/images/tour.png"] for one in ("ru", "en")},
}
DP = {"settings": {}, "action_multiple": False}
DP_AREA = ["lcard-1", "advanced_settings", "digital_pipeline"]
DP_GOOD = both(script("destroy:", "dpSettings: function () {}, destroy:"), put("images/logo_dp.png", png(174, 109)))
BOT_AREA = ["lcard", "advanced_settings", "salesbot_designer"]
CUSTOM = {"name": "widget.key", "type": "custom", "required": True}


@dataclass(frozen=True)
class Bad:
    """A way to spoil the good archive, and where it is told."""

    rule: Rule
    file: str
    spoil: Spoil


BAD = [
    Bad(Rule.ARCHIVE_MISSING, "manifest.json", drop("manifest.json")),
    Bad(Rule.ARCHIVE_ROOT, "widget.zip", lambda files: [files.update({f"widget/{name}": files.pop(name)}) for name in [*files]]),
    Bad(Rule.ARCHIVE_ROOT, "widget.zip", put("../part.js", PART)),
    Bad(Rule.ARCHIVE_UNKNOWN, ".DS_Store", put(".DS_Store", "")),
    Bad(Rule.ARCHIVE_UNKNOWN, "widget.php", put("widget.php", "")),
    Bad(Rule.ARCHIVE_UNUSED, "other.js", put("other.js", "define([], function () {});")),
    Bad(Rule.ARCHIVE_UNUSED, "images/other.png", put("images/other.png", png(1, 1))),
    Bad(Rule.ARCHIVE_UNUSED, "images/logo_dp.png", put("images/logo_dp.png", png(174, 109))),
    Bad(Rule.ARCHIVE_UNUSED, "templates/a.twig", put("templates/a.twig", "{{ a }}")),
    Bad(Rule.ARCHIVE_UNUSED, "style.css", put("script.js", SCRIPT.replace("style.css", "other"))),
    Bad(Rule.ARCHIVE_SIZE, "widget.zip", put("images/logo.png", png(130, 100) + bytes(150 * 1024))),
    Bad(Rule.TEXT_UTF8, "part.js", put("part.js", PART.replace("Words", "Слова").encode("cp1251"))),
    Bad(Rule.TEXT_BOM, "style.css", put("style.css", "\ufeff" + STYLE)),
    Bad(Rule.TEXT_BOM, "manifest.json", lambda files: files.update({"manifest.json": b"\xef\xbb\xbf" + files["manifest.json"]})),
    Bad(Rule.TEXT_LINES, "script.js", put("script.js", SCRIPT.replace("\n", "\r\n"))),
    Bad(Rule.IMAGE_MISSING, "images/logo_min", drop("images/logo_min.png")),
    Bad(Rule.IMAGE_MISSING, "images/logo_dp", both(told(locations=DP_AREA, dp=DP), DP_GOOD, drop("images/logo_dp.png"))),
    Bad(Rule.IMAGE_SIZE, "images/logo_main.png", put("images/logo_main.png", png(400, 273))),
    Bad(Rule.IMAGE_SIZE, "images/tour.png", both(told(tour=TOUR), put("images/tour.png", png(1188, 615)))),
    Bad(Rule.IMAGE_FORMAT, "images/logo.png", put("images/logo.png", gif(130, 100))),
    Bad(Rule.IMAGE_FORMAT, "images/logo.png", put("images/logo.png", "<svg/>")),
    Bad(Rule.MANIFEST_JSON, "manifest.json", put("manifest.json", "{'widget': 1}")),
    Bad(Rule.MANIFEST_MISSING, "manifest.json", told("widget", short_description=...)),
    Bad(Rule.MANIFEST_MISSING, "manifest.json", told("widget", support=...)),
    Bad(Rule.MANIFEST_MISSING, "manifest.json", told(settings=...)),
    Bad(Rule.MANIFEST_UNKNOWN, "manifest.json", told("widget", code="code", secret_key="x")),
    Bad(Rule.MANIFEST_TYPE, "manifest.json", told("widget", interface_version="2")),
    Bad(Rule.MANIFEST_TYPE, "manifest.json", told(locations="lcard-1")),
    Bad(Rule.MANIFEST_INTERFACE, "manifest.json", told("widget", interface_version=1)),
    Bad(Rule.MANIFEST_VERSION, "manifest.json", told("widget", version="new")),
    Bad(Rule.MANIFEST_LOCALE, "manifest.json", told("widget", locale=["ru", "en", "en"])),
    Bad(Rule.MANIFEST_TEXT, "manifest.json", told("widget", name="Имя")),
    Bad(Rule.MANIFEST_TEXT, "manifest.json", told("advanced", title="widget.none")),
    Bad(Rule.MANIFEST_TEXT, "manifest.json", told("settings", "key", name="settings.key")),
    Bad(Rule.MANIFEST_SUPPORT, "manifest.json", told("widget", support={})),
    Bad(Rule.MANIFEST_SUPPORT, "manifest.json", told("widget", support={"link": "http://example.ru"})),
    Bad(Rule.MANIFEST_INSTALLATION, "manifest.json", told("widget", installation=False)),
    Bad(Rule.MANIFEST_SHOWCASE, "manifest.json", told("widget", is_showcase=True)),
    Bad(Rule.MANIFEST_LOCATION, "manifest.json", told(locations=["lcard-1", "advanced_settings", "board"])),
    Bad(Rule.MANIFEST_LOCATION, "manifest.json", told(locations=["lcard-2", "advanced_settings"])),
    Bad(Rule.MANIFEST_SUFFIX, "manifest.json", told(locations=["lcard-0", "lcard-1", "advanced_settings"])),
    Bad(Rule.MANIFEST_EVERYWHERE, "manifest.json", told(locations=["everywhere-1", "advanced_settings"])),
    Bad(Rule.MANIFEST_CARD_SDK, "manifest.json", both(
        told(locations=["card_sdk", "advanced_settings"]), script("destroy:", "loadPreloadedData: function () {}, destroy:"))),
    Bad(Rule.MANIFEST_AREA, "manifest.json", told(advanced=...)),
    Bad(Rule.MANIFEST_AREA, "manifest.json", told(dp=DP)),
    Bad(Rule.MANIFEST_AREA, "manifest.json", told(sms={"endpoint": "https://example.ru"})),
    Bad(Rule.MANIFEST_SETTINGS, "manifest.json", told("settings", "key", type="number")),
    Bad(Rule.MANIFEST_SETTINGS, "manifest.json", told("settings", "key", required=...)),
    Bad(Rule.MANIFEST_CUSTOM, "manifest.json", told("settings", one=CUSTOM, other=CUSTOM)),
    Bad(Rule.MANIFEST_DP, "manifest.json", both(told(locations=DP_AREA, dp={"settings": {}}), DP_GOOD)),
    Bad(Rule.MANIFEST_ADDRESS, "manifest.json", both(told(locations=DP_AREA, dp=DP | {"webhook_url": "http://example.ru"}), DP_GOOD)),
    Bad(Rule.MANIFEST_TOUR, "manifest.json", both(told(tour=TOUR | {"is_tour": 1}), put("images/tour.png", png(1188, 616)))),
    Bad(Rule.MANIFEST_TOUR, "manifest.json", both(
        told(tour=TOUR | {"tour_images": {"ru": ["/images/tour.png"]}}), put("images/tour.png", png(1188, 616)))),
    Bad(Rule.MANIFEST_SALESBOT, "manifest.json", told(
        locations=BOT_AREA, salesbot_designer={"handler": {"name": "a.b", "settings": {"x": {"type": "date"}}}})),
    Bad(Rule.TEXTS_JSON, "i18n/en.json", put("i18n/en.json", json.dumps(ENGLISH | {"more": [1]}))),
    Bad(Rule.TEXTS_LOCALE, "i18n/es.json", put("i18n/es.json", json.dumps(ENGLISH))),
    Bad(Rule.TEXTS_LOCALE, "i18n/pt.json", told("widget", locale=["ru", "en", "pt"])),
    Bad(Rule.TEXTS_STRUCTURE, "i18n/en.json", words("i18n/en.json", ENGLISH, more="More")),
    Bad(Rule.TEXTS_LANGUAGE, "i18n/en.json", words("i18n/en.json", ENGLISH, key="Ключ")),
    Bad(Rule.TEXTS_LANGUAGE, "i18n/ru.json", put("i18n/ru.json", json.dumps(ENGLISH))),
    Bad(Rule.TEXTS_NAME, "i18n/ru.json", words("i18n/ru.json", RUSSIAN, name="Виджет для amoCRM")),
    Bad(Rule.TEXTS_LINKS, "i18n/en.json", words("i18n/en.json", ENGLISH, key="See https://example.ru/key")),
    Bad(Rule.TEXTS_SUPPORT, "i18n/ru.json", words("i18n/ru.json", RUSSIAN, key="Пишите: support@amocrm.com")),
    Bad(Rule.JS_SYNTAX, "part.js", within("const a = 'never closed;")),
    Bad(Rule.JS_SYNTAX, "part.js", within("word(1]);")),
    Bad(Rule.JS_EVAL, "part.js", within("eval('1');")),
    Bad(Rule.JS_EVAL, "part.js", within("const run = window.eval;")),
    Bad(Rule.JS_EVAL, "part.js", within("const run = new Function('return 1');")),
    Bad(Rule.JS_EVAL, "part.js", within("const part = (HUB) / eval('1') / 2;")),
    Bad(Rule.JS_EVAL, "part.js", within("setTimeout('word()', 1);")),
    Bad(Rule.JS_DIALOG, "part.js", within("alert(HUB);")),
    Bad(Rule.JS_DIALOG, "part.js", within("if (window.confirm(HUB)) { word(1); }")),
    Bad(Rule.JS_CONSOLE, "part.js", within("console.log(HUB);")),
    Bad(Rule.JS_SCRIPT, "part.js", within("document.createElement('SCRIPT');")),
    Bad(Rule.JS_SCRIPT, "part.js", within("import('./other.js');")),
    Bad(Rule.JS_SCRIPT, "part.js", within("const html = '<script src=a.js>';")),
    Bad(Rule.JS_EXTERNAL, "part.js", within("const other = 'https://cdn.example.com/a.js';")),
    Bad(Rule.JS_EXTERNAL, "part.js", within(f"const other = '{HUB}.example.com/a';")),
    Bad(Rule.JS_EXTERNAL, "part.js", within("const other = '//cdn.example.com/a.js';")),
    Bad(Rule.JS_EXTERNAL, "part.js", within("const other = `wss://${HUB}`;")),
    Bad(Rule.JS_EXTERNAL, "part.js", put("part.js", PART.replace("[]", "['https://cdn.example.com/a.js']"))),
    Bad(Rule.JS_SYNC, "part.js", within("const how = { url: HUB, async: false };")),
    Bad(Rule.JS_SYNC, "part.js", within("const xhr = new XMLHttpRequest(); xhr.open('GET', HUB, false);")),
    Bad(Rule.JS_LOOP, "part.js", within("for (const one of word(1)) { fetch(HUB + one); }")),
    Bad(Rule.JS_LOOP, "part.js", within("while (HUB) word.crm_post(HUB);")),
    Bad(Rule.JS_LOOP, "part.js", within("[1].forEach((one) => { word.$authorizedAjax({ url: one }); });")),
    Bad(Rule.JS_MINIFIED, "part.js", within("word(1); " * 30)),
    Bad(Rule.JS_OBFUSCATED, "part.js", within("const _0x1f = 1;")),
    Bad(Rule.JS_OBFUSCATED, "part.js", within(r"const a = '\x61\x6c\x65\x72\x74';")),
    Bad(Rule.JS_COMMENTED, "part.js", within("// const a = word(1);")),
    Bad(Rule.JS_COMMENTED, "part.js", within("/* Before:\n   * word(1);\n   */")),
    Bad(Rule.JS_COMMENTED, "part.js", within("// if (HUB) {")),
    Bad(Rule.JS_LEFTOVER, "part.js", within("// TODO: name it")),
    Bad(Rule.JS_LEFTOVER, "part.js", within("debugger;")),
    Bad(Rule.JS_DEFINE, "part.js", put("part.js", PART + "const a = 1;\n")),
    Bad(Rule.JS_DEFINE, "script.js", put("script.js", "'use strict';\n" + SCRIPT)),
    Bad(Rule.JS_DEPENDENCY, "script.js", script("'jquery'", "'vue'")),
    Bad(Rule.JS_DEPENDENCY, "part.js", within("require(['jquery'], word);")),
    Bad(Rule.JS_DEPENDENCY, "part.js", within("$('p').text(HUB);")),
    Bad(Rule.JS_UNDECLARED, "part.js", within("total = 1;")),
    Bad(Rule.JS_UNDECLARED, "part.js", within("for (one of word(1)) { word(one); }")),
    Bad(Rule.JS_GLOBAL, "part.js", within("window.widget = word;")),
    Bad(Rule.JS_GLOBAL, "part.js", within("window['widget'] = word;")),
    Bad(Rule.JS_APP, "part.js", within("APP.data.current_card.id = 0;")),
    Bad(Rule.JS_APP, "part.js", within("const card = APP.data.current_card; card.id = 0;")),
    Bad(Rule.JS_APP, "part.js", within("Object.assign(APP.data, { id: 0 });")),
    Bad(Rule.JS_APP, "part.js", within("delete APP.data.id;")),
    Bad(Rule.JS_ALIAS, "part.js", within("const area = AMOCRM.getWidgetsArea();")),
    Bad(Rule.JS_CALLBACKS, "script.js", script("bind_actions:", "actions:")),
    Bad(Rule.JS_CALLBACKS, "script.js", script("onSave:", "on_save:")),
    Bad(Rule.JS_AREA, "script.js", script("destroy:", "dpSettings: function () {}, destroy:")),
    Bad(Rule.JS_AREA, "script.js", script("destroy:", "leads: { selected: function () {} }, destroy:")),
    Bad(Rule.JS_AREA, "script.js", script("advancedSettings:", "other:")),
    Bad(Rule.JS_SWITCHER, "part.js", within("const on = '.switcher__on';")),
    Bad(Rule.JS_CLICK, "part.js", within("const button = '.js-widget-install';")),
    Bad(Rule.CSS_SYNTAX, "style.css", style(".identlink { color: red;")),
    Bad(Rule.CSS_SYNTAX, "style.css", style("}")),
    Bad(Rule.CSS_ROOT, "style.css", style("p { color: red; }")),
    Bad(Rule.CSS_ROOT, "style.css", style(".card-fields .identlink { color: red; }")),
    Bad(Rule.CSS_ROOT, "style.css", style(".identlink, :not(.identlink) { color: red; }")),
    Bad(Rule.CSS_ROOT, "style.css", style("@media print { .identlinked { color: red; } }")),
    Bad(Rule.CSS_SIBLING, "style.css", style(".identlink ~ .card-fields { color: red; }")),
    Bad(Rule.CSS_GLOBAL, "style.css", style("@font-face { font-family: a; }")),
    Bad(Rule.CSS_GLOBAL, "style.css", style("@keyframes run { 0% { left: 0; } }")),
    Bad(Rule.CSS_EXTERNAL, "style.css", style('@import "other.css";')),
    Bad(Rule.CSS_EXTERNAL, "style.css", style(".identlink { background: url(https://cdn.example.com/a.png); }")),
    Bad(Rule.CSS_EXTERNAL, "style.css", style(".identlink { background: url('//cdn.example.com/a.png'); }")),
    Bad(Rule.CSS_COVERS, "style.css", style(".identlink__a { position: fixed; }")),
    Bad(Rule.CSS_MINIFIED, "style.css", style(".identlink { color: red; } " * 10)),
    Bad(Rule.CSS_COMMENTED, "style.css", style("/* .identlink { color: red; } */")),
    Bad(Rule.CSS_COMMENTED, "style.css", style(".identlink { /* color: red; */ top: 0; }")),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.rule)
def test_each_broken_rule_is_told_by_its_name_and_no_other(bad: Bad) -> None:
    files = good()
    bad.spoil(files)

    found = violations(packed(files), HUB)

    assert {(one.rule, one.file) for one in found} == {(bad.rule, bad.file)}


ELSEWHERE = {Rule.ARCHIVE_ZIP, Rule.ARCHIVE_NAME, Rule.IMAGE_WEIGHT}


def test_no_rule_is_without_a_bad_archive() -> None:
    assert {bad.rule for bad in BAD} | ELSEWHERE == set(Rule)


def test_what_is_no_plain_zip_says_only_so() -> None:
    twice = packed(good(), twice="part.js")
    locked = bytearray(packed(good()))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := locked.find(mark, at + 1)) >= 0:
            locked[at + flags] |= 1
    huge = packed({"script.js": b""} | {"images/a.png": bytes(21 * 1024 * 1024)})

    for archive in (b"", b"Rar!", twice, bytes(locked)):
        assert [one.rule for one in violations(archive, HUB)] == [Rule.ARCHIVE_ZIP]
    assert {one.rule for one in violations(huge, HUB)} == {Rule.ARCHIVE_ZIP, Rule.ARCHIVE_SIZE}


def test_a_picture_of_more_than_300_kb_is_too_heavy_for_amocrm_and_the_archive_for_us() -> None:
    heavy = packed(good() | {"images/logo.png": png(130, 100) + os.urandom(300 * 1024)})

    assert [one.rule for one in at_upload(heavy)] == [Rule.IMAGE_WEIGHT]
    assert {one.rule for one in violations(heavy, HUB)} == {Rule.IMAGE_WEIGHT, Rule.ARCHIVE_SIZE}


def test_the_archive_has_one_name() -> None:
    assert [one.rule for one in violations(packed(good()), HUB, "ident.zip")] == [Rule.ARCHIVE_NAME]


@pytest.mark.parametrize(
    "spoil",
    [
        within("const told = { confirm: function () {}, eval: 1 }; told.confirm(); told.alert = 1;"),
        within("const text = \"eval('1'); alert(1); console.log(1)\"; /* it never calls eval or alert() */"),
        within("const found = /alert\\(|`[/]'/.exec(HUB) || HUB.length / 2 / word(1);"),
        within("let at = 0; [at] = [1]; at += 1; const { a, b: c } = word(1); word({ a, c }); const key = (x, y = 1) => x + y; word(key);"),
        within("const own = { jquery: 1, $: 2, moment: word }; own.moment(own.$);"),
        within("const id = Number(APP.data.current_card.id), more = [APP.lang_id]; more[0] = id;"),
        within("for (let i = 0; i < 3; i += 1) { word(i); } fetch(HUB);"),
        within("/** @returns {string} a text; see word(count): it is short */ // return nothing, never"),
        within("class Held { add(one) { one = word(one); return one; } } word(new Held());"),
        within("const cut = label => { label = 1; return label; }; word(cut);"),
        style(".identlink .card-fields:not(.a, .b) + p, .identlink[data-x='{'] { top: 0; } @container a (min-width: 1px) "
              "{ .identlink { top: 0; } }"),
        style(".identlink { background: url(images/logo.png); }"),
        style('.identlink::after { content: "}"; background: url("data:image/png;base64,AAAA"); }'),
        told("widget", support={"email": "help@example.ru"}, version="1.0"),
        told(locations=["everywhere", "advanced_settings", "ccard-0", "lcard"]),
        both(told(locations=DP_AREA, dp=DP | {"webhook_url": "https://example.ru"}), DP_GOOD),
        both(told(tour=TOUR), put("images/tour.png", png(1188, 616))),
        both(told(settings={}), told("widget", locale=["ru"]), drop("i18n/en.json")),
        both(drop("images/logo.png"), put("images/logo.jpg", jpeg(130, 100))),
        both(drop("images/logo.png"), put("images/logo.gif", gif(130, 100))),
        both(put("templates/a.twig", "{{ a }}"), within("word('/templates/a.twig');")),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_breach_is_let_through(spoil: Spoil) -> None:
    files = good()
    spoil(files)

    assert violations(packed(files), HUB) == []


def test_a_violation_is_one_line_that_says_where_and_what_to_do() -> None:
    files = good() | {"part.js": PART.replace("  return {", "  alert(1);\n\n  return {").encode()}

    (found,) = violations(packed(files), HUB)

    assert str(found) == "part.js:9: js.dialog: show it in the widget or by APP.notifications instead of alert()"


@pytest.mark.parametrize("rule", [one for one in Rule if one.startswith(("js.", "css."))])
def test_an_upload_reads_no_code(rule: Rule) -> None:
    files = good()
    for bad in [bad for bad in BAD if bad.rule is rule][:1]:
        bad.spoil(files)

    assert at_upload(packed(files)) == []


@given(st.text("'`\"/*{}()[]${}=>a;\n \\", max_size=30))
def test_any_script_and_style_are_judged_not_stumbled_over(text: str) -> None:
    violations(packed({"script.js": text.encode(), "style.css": text.encode()}), HUB)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3), lambda one: st.lists(one, max_size=2)
)


@given(
    st.sampled_from(
        [
            (),
            ("widget",),
            ("tour",),
            ("dp",),
            ("widget", "support"),
            ("salesbot_designer",),
            ("salesbot_designer", "x", "settings", "y"),
            ("settings", "key"),
        ]
    ),
    st.data(),
)
def test_any_manifest_is_judged_not_stumbled_over(path: tuple[str, ...], data: st.DataObject) -> None:
    names = [*manifest(), *manifest()["widget"], "tour_images", "is_tour", "settings", "link", "webhook_url", "type"]
    files = good() | {"i18n/en.json": json.dumps(data.draw(ANYTHING)).encode()}
    told(
        *path,
        **{
            data.draw(st.sampled_from(names)): data.draw(
                ANYTHING | st.dictionaries(st.text(max_size=2), ANYTHING, max_size=2)
            )
        },
    )(files)

    assert violations(packed(files), HUB)


def test_our_own_archive_keeps_every_rule(tmp_path: Path) -> None:
    build(HUB, tmp_path / "widget.zip")

    assert violations((tmp_path / "widget.zip").read_bytes(), HUB) == []


def test_make_widget_says_each_violation_in_a_line_and_fails(tmp_path: Path) -> None:
    target = tmp_path / "other.zip"

    run = subprocess.run(
        [sys.executable, "-m", "widget.build", HUB, "--to", target], capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stderr.splitlines()) == (1, ["other.zip: archive.name: name it widget.zip"])
