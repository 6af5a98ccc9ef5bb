"""Where a demo lives. The live one's folder: what it remembers from one start to the next, and that only one demo plays in it. Starts
nothing."""

import contextlib
import fcntl
import os
import random
import shutil
import socket
from datetime import date
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

_FILE, _LOCK = "demo.json", "lock"
_MEMORY, _ROOM_BYTES = "/dev/shm", 2 * 1024**3  # noqa: S108 no name is chosen there, a folder is made
_BELOW_EPHEMERAL = range(18_000, 30_000)
"""Ports that no system hands out by itself: they are still free tomorrow."""


def in_memory() -> str | None:
    """Where files of a run that keeps nothing may lie: in memory where there is room, else None, where the system wants them. Each commit
    of a store waits for the disk, thousands of times in a run, and only a power cut could tell: what a killed process wrote the kernel
    keeps."""
    with contextlib.suppress(OSError):
        if "TMPDIR" not in os.environ and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES and os.access(_MEMORY, os.W_OK):
            return _MEMORY
    return None


class FolderTrouble(Exception):
    """The demo cannot play here; the text is one line for whoever started it."""


class Ports(BaseModel):
    """Where things are reached, the same at each start: bookmarks and the installed widget know them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: int
    crm: int
    hub: int
    line: int


class Remembered(BaseModel):
    """Which demo this is. `installed`: the hub knows amoCRM and the clinic; until then nothing here is worth keeping."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    visits: int
    day: date
    ports: Ports
    installed: bool = False


class Folder:
    """The folder, held by this process alone while it is open."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: IO[str] | None = None

    def __enter__(self) -> "Folder":
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = (self.path / _LOCK).open("a")
        except OSError as error:
            raise FolderTrouble(
                f"Папка {self.path} не открывается ({error.strerror}): укажите другую, --state ПАПКА."
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise FolderTrouble(self._plays_already()) from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock:
            self._lock.close()

    def remembered(self) -> Remembered | None:
        """What an earlier start left; None where this is the first."""
        try:
            return Remembered.model_validate_json((self.path / _FILE).read_bytes())
        except FileNotFoundError:
            return None
        except (ValidationError, OSError):
            raise FolderTrouble(f"Файл {self.path / _FILE} испорчен: начните заново, make demo-reset.") from None

    def remember(self, what: Remembered) -> None:
        """For the next start."""
        draft = self.path / f"{_FILE}.new"
        draft.write_text(what.model_dump_json(indent=1), "utf-8")
        draft.replace(self.path / _FILE)

    def begin(self, *, seed: int, visits: int, day: date) -> Remembered:
        """A new demo. What a start that never got through left behind goes; what is not ours is refused."""
        foreign = [path.name for path in self.path.iterdir() if not _is_ours(path)]
        if foreign:
            raise FolderTrouble(f"В папке {self.path} лежит чужое ({min(foreign)}): укажите пустую, --state ПАПКА.")
        for path in sorted(self.path.rglob("*"), reverse=True):
            if path.name != _LOCK:
                path.rmdir() if path.is_dir() else path.unlink()
        what = Remembered(seed=seed, visits=visits, day=day, ports=_free_ports())
        self.remember(what)
        return what

    def _plays_already(self) -> str:
        known = self.remembered()
        where = f": http://127.0.0.1:{known.ports.page}/" if known else ""
        return f"Демонстрация в папке {self.path} уже идёт{where}"


_OURS = (
    "clinic",
    "account.",
    "hub",
    "agent",
    "amocrm",
    "master.key",
    "keys",
    "client.secret",
    "clock",
    "widget.zip",
    "demo.json",
    _LOCK,
)


def _is_ours(path: Path) -> bool:
    return path.name.startswith(_OURS)


def check_free(ports: Ports) -> None:
    """Refuse to start beside somebody who holds one of our ports."""
    for port in (ports.page, ports.crm, ports.hub, ports.line):
        if not _is_free(port):
            raise FolderTrouble(
                f"Порт {port} занят другой программой: закройте её или начните заново, make demo-reset."
            )


def _free_ports() -> Ports:
    found: list[int] = []
    for port in random.sample(_BELOW_EPHEMERAL, k=200):
        if _is_free(port):
            found.append(port)
        if len(found) == len(Ports.model_fields):
            return Ports(page=found[0], crm=found[1], hub=found[2], line=found[3])
    raise FolderTrouble("На этом компьютере нет свободных портов от 18000 до 30000.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what has just ended does not count
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
