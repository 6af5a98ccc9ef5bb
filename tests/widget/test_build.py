"""The archive: what amoCRM takes, packed for one hub."""

import json
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from widget.build import build
from widget.pictures import SIZES
from widget.rules import LIMIT_BYTES

HUB = "https://hub.example.ru"
PANEL = ("panel.js", "people.js", "visits.js", "money.js")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("widget") / "widget.zip"
    build(HUB, target)
    return target


def texts(archive: Path) -> dict[str, str]:
    with zipfile.ZipFile(archive) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist() if not name.endswith(".png")}


def test_the_archive_is_small_and_its_files_stand_at_the_root(archive: Path) -> None:
    names = set(zipfile.ZipFile(archive).namelist())

    assert archive.stat().st_size <= LIMIT_BYTES
    assert {"manifest.json", "script.js", "style.css", "i18n/ru.json", "i18n/en.json"} <= names
    assert {name.split("/")[0] for name in names if "/" in name} == {"i18n", "images"}


def test_the_hub_is_stamped_in_and_nothing_is_left_to_stamp(archive: Path) -> None:
    held = texts(archive)

    assert HUB in held["api.js"]
    assert [name for name, text in held.items() if "@HUB@" in text] == []


def test_texts_have_unix_lines_and_no_mark(archive: Path) -> None:
    assert [name for name, text in texts(archive).items() if "\r" in text or text.startswith("\ufeff")] == []


def test_both_languages_have_the_same_words(archive: Path) -> None:
    held = texts(archive)
    russian, english = (json.loads(held[f"i18n/{language}.json"]) for language in ("ru", "en"))

    assert {part: set(words) for part, words in russian.items()} == {
        part: set(words) for part, words in english.items()
    }


def test_every_word_that_the_panel_shows_is_there(archive: Path) -> None:
    held = texts(archive)
    known = set(json.loads(held["i18n/ru.json"])["panel"])
    used = {word for name in PANEL for word in re.findall(r"\bt\.(\w+)", held[name])}
    used |= set(re.findall(r"\btexts\.(\w+)", held["card.js"]))

    assert used - known == set()
    assert len(used) > 30


def test_every_word_that_the_settings_page_shows_is_there(archive: Path) -> None:
    held = texts(archive)
    known = set(json.loads(held["i18n/ru.json"])["settings"])
    code = "".join(text for name, text in held.items() if name.startswith("settings") and name.endswith(".js"))
    used = set(re.findall(r"\bt\.(\w+)", code))

    assert used - known == set()
    assert len(used) > 50


def test_no_word_is_there_that_nobody_shows(archive: Path) -> None:
    held = texts(archive)
    code = "".join(text for name, text in held.items() if name.endswith(".js"))
    begun = set(re.findall(r"""\[['"](\w+_)['"] \+""", code))
    words = [word for part in ("panel", "settings") for word in json.loads(held["i18n/ru.json"])[part]]

    shown = [word for word in words if re.search(rf"\b(t|texts)\.{word}\b", code) or word.startswith(tuple(begun))]

    assert sorted(set(words) - set(shown)) == []


def test_the_manifest_names_words_and_pictures_that_are_there(archive: Path) -> None:
    held = texts(archive)
    manifest = json.loads(held["manifest.json"])
    russian = json.loads(held["i18n/ru.json"])
    named = [manifest["widget"][key] for key in ("name", "description", "short_description")]

    for path in [*named, manifest["advanced"]["title"]]:
        part, word = path.split(".")
        assert russian[part][word]
    assert manifest["locations"] == ["lcard-1", "ccard-1", "settings", "advanced_settings"]
    assert manifest["widget"]["support"]["link"].startswith(HUB)
    assert manifest["widget"]["locale"] == ["ru", "en"]


def test_styles_touch_nothing_but_the_widgets_own(archive: Path) -> None:
    plain = re.sub(r"/\*.*?\*/|@keyframes[^{]+\{([^{}]*\{[^}]*\}\s*)+\}", "", texts(archive)["style.css"], flags=re.S)
    selectors = [one.strip() for rule in re.findall(r"([^{}]+)\{", plain) for one in rule.split(",")]
    foreign = [one for one in selectors if not one.startswith("@") and "identlink" not in one]

    assert foreign == []
    assert len(selectors) > 50


def test_the_same_sources_give_the_same_archive(archive: Path, tmp_path: Path) -> None:
    build(HUB, tmp_path / "again.zip")

    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_pictures_have_the_sizes_that_amocrm_asks_for(name: str, size: tuple[int, int], archive: Path) -> None:
    picture = zipfile.ZipFile(archive).read(f"images/{name}.png")

    assert struct.unpack(">II", picture[16:24]) == size
    assert len(picture) <= 300 * 1024


FORBIDDEN = (
    r"\beval\(",
    r"\b(alert|confirm|prompt)\(['\"]",
    r"new Function",
    r"(inner|outer)HTML",
    r"insertAdjacentHTML",
    r"document\.write",
    r"console\.(?!debug)",
    r"createElement\('(script|iframe)'",
    r"(local|session)Storage",
    r"\bAMOCRM\b",
    r"window\.\w+ =",
)


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_scripts_hold_nothing_that_amocrm_or_we_forbid(pattern: str, archive: Path) -> None:
    assert [name for name, text in texts(archive).items() if name.endswith(".js") and re.search(pattern, text)] == []


def test_a_hub_without_a_secure_address_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "widget.build", "http://hub.example.ru", "--to", str(tmp_path / "x.zip")]

    refused = subprocess.run(command, capture_output=True, text=True, check=False)

    assert refused.returncode == 2
    assert "https://" in refused.stderr
