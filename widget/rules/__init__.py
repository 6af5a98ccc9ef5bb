"""amoCRM's rules for a widget's archive, as far as a program can check them: bytes in, violations out; reads no files, runs no code."""

from collections.abc import Iterator

from widget.rules import files, javascript, manifest, styles, texts, use
from widget.rules.files import LIMIT_BYTES, NAME, Files
from widget.rules.violation import Rule, Violation

__all__ = ["LIMIT_BYTES", "NAME", "Rule", "Violation", "at_upload", "violations"]


def at_upload(archive: bytes, name: str = NAME) -> list[Violation]:
    """What the format demands: what amoCRM can refuse when the archive is uploaded."""
    packed, found = files.unpack(archive)
    return sorted({*found, *_form(packed, name)})


def violations(archive: bytes, hub: str, name: str = NAME) -> list[Violation]:
    """The same, and what a moderator looks for in code, styles and texts. `hub`: the one address that the widget may speak to."""
    packed, found = files.unpack(archive)
    if len(archive) > LIMIT_BYTES:
        found.append(Violation(NAME, 0, Rule.ARCHIVE_SIZE, f"make it {LIMIT_BYTES // 1024} KB at most"))
    return sorted({*found, *_form(packed, name), *_content(packed, hub)})


def _form(packed: Files, name: str) -> Iterator[Violation]:
    if name != NAME:
        yield Violation(name, 0, Rule.ARCHIVE_NAME, f"name it {NAME}")
    if not packed:
        return
    told = manifest.parsed(packed) or {}
    wrong = list(manifest.checked(packed))
    yield from files.checked(packed)
    yield from wrong
    yield from files.pictures(packed, told)
    if told and not any(one.rule is Rule.MANIFEST_TYPE for one in wrong):
        yield from texts.formed(packed, told)


def _content(packed: Files, hub: str) -> Iterator[Violation]:
    told = manifest.parsed(packed)
    if told and not any(one.rule is Rule.MANIFEST_TYPE for one in manifest.checked(packed)):
        yield from texts.written(packed, told)
        yield from use.checked(packed, told)
    for file, data in packed.items():
        text = data.decode("utf-8-sig", "replace")
        if file.endswith(".js"):
            yield from javascript.checked(file, text, hub)
        elif file.endswith(".css"):
            yield from styles.checked(file, text)
