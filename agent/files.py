"""Files of the state folder: a power cut leaves the old or the new one, nobody else may read them. Knows no contents."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from wire.errors import NeedsOperator


def open_folder(folder: Path) -> Path:
    """Make the state folder, for us alone."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32" and folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise NeedsOperator(
            f"Папка состояния {folder} недоступна (ошибка {error.errno}): дайте службе права на неё "
            "или укажите другую в state_dir."
        ) from None
    return folder


def refuse_root(folder: Path) -> None:
    """What root's agent makes in a service's folder stays root's, and the service could not start any more. Raises `NeedsOperator`."""
    if sys.platform != "win32" and os.geteuid() == 0 and folder.stat().st_uid != 0:
        name = _name(folder.stat().st_uid)
        raise NeedsOperator(
            f"Папка состояния {folder} принадлежит пользователю {name}, и агент работает только от его имени: "
            f"runuser -u {name} -- ident-agent run."
        )


@contextlib.contextmanager
def ours(path: Path) -> Iterator[None]:
    """What the block does to this file needs rights: raises `NeedsOperator` where we have none."""
    try:
        yield
    except PermissionError as error:
        raise closed(path, error.errno) from None


def closed(path: Path, number: int | None) -> NeedsOperator:
    """What to do about a file that is not open to us."""
    return NeedsOperator(
        f"Файл {path} недоступен (ошибка {number}): запустите команду от имени службы или администратора. "
        f"Если её запустила сама служба, отдайте ей папку {path.parent} со всеми файлами."
    )


def keep(path: Path, data: bytes) -> None:
    """`replace`, where a person can do something about a closed folder."""
    with ours(path):
        replace(path, data)


def replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put `data` in the place of the file at once. Not durable: what a power cut may take, such as a status."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 from the first byte on
    try:
        with os.fdopen(handle, "wb") as file:
            _give(handle, path.parent)
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise
    if durable:
        _settle(path.parent)


def append(path: Path, line: bytes) -> None:
    """Write one line more; durable when it returns. Never through a link: root would write, and give away, what it points to."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(handle, "ab") as file:
        _give(handle, path.parent)
        file.write(line + b"\n")
        file.flush()
        os.fsync(handle)


def read(path: Path) -> bytes | None:
    """What the file holds; None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise closed(path, error.errno) from None


def _name(user: int) -> str:
    if sys.platform != "win32":
        import pwd

        with contextlib.suppress(KeyError):
            return pwd.getpwuid(user).pw_name
    return str(user)


def _give(handle: int, folder: Path) -> None:
    """What the administrator writes belongs to whom the folder belongs: the service reads it."""
    if sys.platform != "win32" and os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _settle(folder: Path) -> None:
    """The new name survives a power cut only once its folder was written; Windows knows no such call."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
