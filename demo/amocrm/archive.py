"""An uploaded widget.zip: its files by name, its code, its texts; refuses one that is not in amoCRM's format; knows no HTTP and runs
nothing of it."""

import hashlib
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from demo.amocrm.model import Json
from widget.rules import Violation, at_upload

_FALLBACK = "ru"


class NotTaken(Exception):
    """amoCRM would not take this archive."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(violations)
        self.violations = violations

    def __str__(self) -> str:
        return "\n".join(map(str, self.violations))


@dataclass
class Widget:
    """A widget in the account. `settings` are what the modal saved."""

    code: str
    files: dict[str, bytes]
    manifest: Json
    is_active: bool = True
    settings: Json = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where its files are served."""
        return f"/upl/{self.code}/widget"

    @property
    def version(self) -> str:
        version: str = self.manifest["widget"]["version"]
        return version

    def texts(self, language: str) -> Json:
        """What `self.langs` holds."""
        data = self.files.get(f"i18n/{language}.json") or self.files[f"i18n/{_FALLBACK}.json"]
        texts: Json = json.loads(data)
        return texts


def unpacked(archive: Path) -> Widget:
    """Read an archive; raises `NotTaken`. amoCRM makes the code at the first upload, so nobody can know it before: here it follows
    from the bytes."""
    if violations := at_upload(archive.read_bytes(), archive.name):
        raise NotTaken(violations)
    with zipfile.ZipFile(archive) as packed:
        files = {name: packed.read(name) for name in packed.namelist() if not name.endswith("/")}
    code = "w" + hashlib.sha256(archive.read_bytes()).hexdigest()[:15]
    return Widget(code, files, json.loads(files["manifest.json"]))
