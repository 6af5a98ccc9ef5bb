"""How personal values rest in the outbox: AES-GCM, bound to their entity; digests are keyed, so that nobody can try out guesses."""

import hmac
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Seal:
    """Seals and opens under one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(key)

    def seal(self, value: dict[str, Any], bound_to: str) -> bytes:
        """The value, readable only with the key and only in its own place."""
        nonce = secrets.token_bytes(_NONCE)
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return nonce + self._cipher.encrypt(nonce, body, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> dict[str, Any]:
        """The value that was sealed."""
        body = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
        value: dict[str, Any] = json.loads(body)
        return value

    def opens(self, sealed: bytes, bound_to: str) -> bool:
        """Whether this key sealed it."""
        try:
            self.open(sealed, bound_to)
        except InvalidTag:
            return False
        return True

    def mac(self, text: str) -> bytes:
        """A digest that tells nothing without the key."""
        return hmac.digest(self._key, text.encode(), "sha256")[:16]
