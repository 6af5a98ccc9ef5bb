"""Keeps the agent's secrets in its state folder: sealed for this computer on Windows, readable by its user alone elsewhere."""

import base64
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from agent import dpapi, files
from wire import log
from wire.errors import NeedsOperator

logger = logging.getLogger(__name__)

PASSWORD = "mis-password"  # noqa: S105 a file's name
OUTBOX_KEY = "outbox-key"
KEY_BYTES = 32

Change: TypeAlias = Callable[[bytes], bytes]


class SealedElsewhere(Exception):
    """The file is broken, or another computer sealed it."""


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


def unsealed(text: str, seal: Seal) -> bytes:
    """The secret again; raises `SealedElsewhere`."""
    name, _, body = text.strip().partition(":")
    try:
        if name == seal.name:
            return seal.open(base64.b64decode(body, validate=True))
    except (ValueError, OSError):  # binascii.Error is a ValueError, DPAPI's refusal an OSError
        pass
    raise SealedElsewhere


def keep_password(folder: Path, password: str) -> None:
    """Keep the password of IDENT's login."""
    files.keep(folder / PASSWORD, sealed(password.encode(), here()).encode())


def password(folder: Path) -> str | None:
    """The password of IDENT's login; None where none was set."""
    text = files.read(folder / PASSWORD)
    try:
        return None if text is None else unsealed(_line(text), here()).decode()
    except SealedElsewhere:
        raise NeedsOperator(
            "Сохранённый пароль к базе не читается на этом компьютере: выполните ident-agent secret set."
        ) from None


def outbox_key(folder: Path) -> bytes:
    """The key that seals personal values in the outbox; made once. One that is lost or came from another computer is made
    anew: the outbox then empties itself, and everything is read and sent again."""
    text = files.read(folder / OUTBOX_KEY)
    try:
        if text is not None:
            return unsealed(_line(text), here())
    except SealedElsewhere:
        log.warning(logger, "outbox.locked", reason="its key is from elsewhere, a new one is made")
    key = os.urandom(KEY_BYTES)
    files.keep(folder / OUTBOX_KEY, sealed(key, here()).encode())
    return key


def _line(raw: bytes) -> str:
    return raw.decode("ascii", errors="replace")
