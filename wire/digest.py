"""The digest of an entity as it would be sent: equal digests, nothing to send."""

import json
from collections.abc import Iterable
from hashlib import sha256

from wire.model import MODEL_VERSION, Entity


def digest(entity: Entity, fields: Iterable[str]) -> str:
    """Covers the value, the model's version and the list of fields that may leave: a change of any of them sends again."""
    body = json.dumps(entity.dump(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(f"{MODEL_VERSION}\n{','.join(fields)}\n{body}".encode()).hexdigest()[:32]
