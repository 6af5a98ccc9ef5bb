"""Encryption at rest: one key an account, wrapped by the hub's master key, kept as a file and never as a row.

Deleting the file of an account makes everything sealed with it unreadable for good, backups of the database included."""

import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wire.errors import NeedsOperator

_NONCE = 12


class Vault:
    """Seals and opens values; `place` (a column and its row) is bound in, so that a sealed value opens only where it was sealed."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self._mac_key = hmac.digest(key, b"mac", "sha256")

    def seal(self, value: str | bytes, place: str) -> bytes:
        """AES-256-GCM: 12 bytes of nonce, then the sealed text."""
        data = value.encode() if isinstance(value, str) else value
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._aead.encrypt(nonce, data, place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """The text that was sealed at this place."""
        try:
            return self._aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode()).decode()
        except InvalidTag:
            raise NeedsOperator(
                "A sealed value does not open: put back the key files of HUB_KEYS_DIR that belong to this database."
            ) from None

    def mac(self, text: str) -> str:
        """What stands in the clear for matching, e.g. of a phone in E.164."""
        return hmac.new(self._mac_key, text.encode(), sha256).hexdigest()


class KeyFiles:
    """The folder of wrapped keys, `HUB_KEYS_DIR`, shared by the hub's nodes."""

    def __init__(self, folder: Path, master_key: bytes) -> None:
        self._folder, self._master = folder, Vault(master_key)
        self._open: dict[str, Vault] = {}

    def hub(self) -> Vault:
        """For what belongs to no account: the secrets of integrations."""
        return self._vault("hub")

    def hub_id(self) -> str:
        """Names this hub to its agents: the same on all its nodes and after any move, and no other hub's."""
        return f"hub_{self.hub().mac('hub id')[:16]}"

    def account(self, account_id: int) -> Vault:
        """The vault of one account; its key is made on first use."""
        return self._vault(f"account-{account_id}")

    def erase(self, account_id: int) -> None:
        """Forget an account's key: everything sealed with it is gone."""
        self._open.pop(f"account-{account_id}", None)
        (self._folder / f"account-{account_id}.key").unlink(missing_ok=True)

    def _vault(self, name: str) -> Vault:
        if name not in self._open:
            self._open[name] = Vault(self._key(name))
        return self._open[name]

    def _key(self, name: str) -> bytes:
        path = self._folder / f"{name}.key"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path, self._master.seal(secrets.token_hex(32), name))
        return bytes.fromhex(self._master.open(path.read_bytes(), name))


def _write_once(path: Path, data: bytes) -> None:
    """Another node may make the same key at the same moment: whoever links first wins, both read the same file."""
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def master_key(path: Path) -> bytes:
    """Read the master key: 32 bytes as 64 hex digits. Never made silently, so that a lost one is noticed."""
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != 32:
        raise NeedsOperator(
            f"Put 64 hex digits into {path} (ident-hub key {path} makes them), readable by the hub only."
        )
    return key
