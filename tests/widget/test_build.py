"""The archive: what amoCRM takes, packed for one hub."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from widget.build import build
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


def test_the_same_sources_give_the_same_archive(archive: Path, tmp_path: Path) -> None:
    build(HUB, tmp_path / "again.zip")

    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


FORBIDDEN = (
    r"(inner|outer)HTML",
    r"insertAdjacentHTML",
    r"document\.write",
    r"createElement\('iframe'",
    r"(local|session)Storage",
    r"document\.cookie",
    r"postMessage",
)
"""What amoCRM allows and we do not; its own rules are in `widget.rules`."""


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_scripts_hold_nothing_that_we_forbid_ourselves(pattern: str, archive: Path) -> None:
    assert [name for name, text in texts(archive).items() if name.endswith(".js") and re.search(pattern, text)] == []


def test_a_hub_without_a_secure_address_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "widget.build", "http://hub.example.ru", "--to", str(tmp_path / "x.zip")]

    refused = subprocess.run(command, capture_output=True, text=True, check=False)

    assert refused.returncode == 2
    assert "https://" in refused.stderr
