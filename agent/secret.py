"""Keeps the agent's secrets in its state folder: sealed for this computer on Windows, readable by its user alone elsewhere."""

import base64
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from agent import dpapi, files
from wire.errors import NeedsOperator

PASSWORD = "mis-password"  # noqa: S105 a file's name
OUTBOX_KEY = "outbox-key"
KEY_BYTES = 32

_ENROLL = "возьмите у интегратора новый код и выполните ident-agent enroll"
_AGAIN: Mapping[str, str] = {
    PASSWORD: "выполните ident-agent secret set",
    OUTBOX_KEY: "удалите outbox.db и этот файл, агент передаст всё заново",
}

Change: TypeAlias = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Seal:
    """A way to keep bytes; its name stands in the file, so that a file from elsewhere is recognised."""

    name: str
    close: Change
    open: Change


PLAIN = Seal("plain", bytes, bytes)
DPAPI = Seal("dpapi", dpapi.protect, dpapi.unprotect)


def here(platform: str = sys.platform) -> Seal:
    """The seal of this computer."""
    return DPAPI if platform == "win32" else PLAIN


def sealed(secret: bytes, seal: Seal) -> str:
    """The secret as a line of text."""
    return f"{seal.name}:{base64.b64encode(seal.close(secret)).decode()}"


def unsealed(text: str, seal: Seal, what: str) -> bytes:
    """The secret again; `what` tells a person which file to make anew where that is impossible."""
    name, _, body = text.strip().partition(":")
    if name != seal.name:
        raise NeedsOperator(f"Файл {what} сделан на другой системе: {_AGAIN.get(what, _ENROLL)}.")
    try:
        return seal.open(base64.b64decode(body, validate=True))
    except (ValueError, OSError):  # binascii.Error is a ValueError, DPAPI's refusal an OSError
        raise NeedsOperator(
            f"Файл {what} испорчен или сделан на другом компьютере: {_AGAIN.get(what, _ENROLL)}."
        ) from None


def keep_password(folder: Path, password: str) -> None:
    """Keep the password of IDENT's login."""
    files.replace(folder / PASSWORD, sealed(password.encode(), here()).encode())


def password(folder: Path) -> str | None:
    """The password of IDENT's login; None where none was set."""
    text = files.read(folder / PASSWORD)
    return None if text is None else unsealed(_line(text), here(), PASSWORD).decode()


def outbox_key(folder: Path, outbox: Path) -> bytes:
    """The key that seals personal values in the outbox; made once."""
    text = files.read(folder / OUTBOX_KEY)
    if text is not None:
        return unsealed(_line(text), here(), OUTBOX_KEY)
    if outbox.exists():
        raise NeedsOperator(
            f"Нет файла {OUTBOX_KEY}, без него {outbox.name} не прочесть: верните его или {_AGAIN[OUTBOX_KEY]}."
        )
    key = os.urandom(KEY_BYTES)
    files.replace(folder / OUTBOX_KEY, sealed(key, here()).encode())
    return key


def _line(raw: bytes) -> str:
    return raw.decode("ascii", errors="replace")
