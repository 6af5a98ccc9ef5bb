"""The archive itself: what may be in it, how texts are written, and the pictures. It reads neither code nor the manifest's fields."""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from widget.rules.pictures import measured
from widget.rules.violation import Rule, Violation

Files: TypeAlias = Mapping[str, bytes]

NAME = "widget.zip"
LIMIT_BYTES = 150 * 1024
UNPACKED_BYTES = 20 * 1024 * 1024
PICTURE_BYTES = 300 * 1024
LOGOS = {
    "logo_main": (400, 272),
    "logo_small": (108, 108),
    "logo": (130, 100),
    "logo_medium": (240, 84),
    "logo_min": (84, 84),
}
DP_LOGO, DP_SIZE = "logo_dp", (174, 109)
TOUR_SIZE = (1188, 616)
TEXTS = (".js", ".json", ".css", ".twig")
FORMATS = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "gif": "gif"}
_KNOWN = re.compile(r"manifest\.json|style\.css|[\w./-]+\.js|i18n/\w+\.json|images/.+|templates/[\w./-]+\.twig")


def unpack(archive: bytes) -> tuple[dict[str, bytes], list[Violation]]:
    """Its files by name; none where nothing more can be said than what is wrong with the archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            listed = [one for one in packed.infolist() if not one.is_dir()]
            if sum(one.file_size for one in listed) > UNPACKED_BYTES:
                return {}, [
                    Violation(
                        NAME, 0, Rule.ARCHIVE_ZIP, "leave out what no widget needs: it unpacks to more than 20 MB"
                    )
                ]
            files = {one.filename: packed.read(one) for one in listed}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return {}, [Violation(NAME, 0, Rule.ARCHIVE_ZIP, "pack a plain zip without a password")]
    if len(files) < len(listed):
        return {}, [Violation(NAME, 0, Rule.ARCHIVE_ZIP, "pack each file once")]
    return (files, []) if _is_at_root(files) else ({}, [_not_at_root()])


def _is_at_root(files: Files) -> bool:
    """The manifest lies at the root, or nowhere, and nothing leaves the root."""
    foreign = any("\\" in name or name.startswith("/") or ".." in name.split("/") for name in files)
    return not foreign and ("manifest.json" in files or not any(name.endswith("/manifest.json") for name in files))


def _not_at_root() -> Violation:
    return Violation(NAME, 0, Rule.ARCHIVE_ROOT, "pack the files themselves, not the folder that holds them")


def checked(files: Files) -> Iterator[Violation]:
    """Names and texts."""
    for name in ("manifest.json", "script.js"):
        if name not in files:
            yield Violation(name, 0, Rule.ARCHIVE_MISSING, "put it at the root of the archive")
    for name, data in files.items():
        if not _KNOWN.fullmatch(name):
            yield Violation(name, 0, Rule.ARCHIVE_UNKNOWN, "leave it out: amoCRM knows no such file in a widget")
        elif name.endswith(TEXTS):
            yield from _text(name, data)


def _text(name: str, data: bytes) -> Iterator[Violation]:
    if data.startswith(b"\xef\xbb\xbf"):
        yield Violation(name, 1, Rule.TEXT_BOM, "save it without a byte order mark")
    if b"\r" in data:
        yield Violation(name, data[: data.index(b"\r")].count(b"\n") + 1, Rule.TEXT_LINES, "end lines with LF only")
    try:
        data.decode()
    except UnicodeDecodeError as wrong:
        yield Violation(name, data[: wrong.start].count(b"\n") + 1, Rule.TEXT_UTF8, "save it as UTF-8")


def pictures(files: Files, manifest: Mapping[str, Any]) -> Iterator[Violation]:
    """The demanded pictures are there, and all have a format, a weight and a size that amoCRM takes."""
    sizes = _demanded(manifest)
    there = {name.rpartition(".")[0] for name in files}
    for stem in sizes:
        if stem not in there:
            yield Violation(
                stem, 0, Rule.IMAGE_MISSING, "add it as png, jpg or gif, {} by {} pixels".format(*sizes[stem])
            )
    for name, data in files.items():
        if name.startswith("images/"):
            yield from _picture(name, data, sizes.get(name.rpartition(".")[0]))


def _demanded(manifest: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    sizes = {f"images/{stem}": size for stem, size in LOGOS.items()}
    if "digital_pipeline" in json.dumps(manifest.get("locations")):
        sizes[f"images/{DP_LOGO}"] = DP_SIZE
    return sizes | {name.rpartition(".")[0]: TOUR_SIZE for name in tour_names(manifest)}


def tour_names(manifest: Mapping[str, Any]) -> list[str]:
    """The pictures of the tour, as files of the archive."""
    tour = manifest.get("tour")
    by_locale = tour.get("tour_images") if isinstance(tour, dict) else None
    lists = by_locale.values() if isinstance(by_locale, dict) else ()
    return [str(name).lstrip("/") for names in lists if isinstance(names, list) for name in names]


def _picture(name: str, data: bytes, size: tuple[int, int] | None) -> Iterator[Violation]:
    found = measured(data)
    if found is None or FORMATS.get(name.rpartition(".")[2]) != found[0]:
        yield Violation(name, 0, Rule.IMAGE_FORMAT, "save it as png, jpg, jpeg or gif, and name it so")
    elif size and found[1:] != size:
        yield Violation(name, 0, Rule.IMAGE_SIZE, f"draw it {size[0]} by {size[1]} pixels")
    if len(data) > PICTURE_BYTES:
        yield Violation(name, 0, Rule.IMAGE_WEIGHT, "make it 300 KB at most")
