"""Whether this is still the database that was read before. A database keeps its oldest visits when it is moved, copied or put back from a
backup; another clinic's has other ones. What is remembered lies in the outbox; a generation does not end it."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agent.mis.port import Look, MisRefused
from agent.mis.signs import Signs
from agent.outbox import Outbox
from wire import log
from wire.fingerprint import fingerprint

logger = logging.getLogger(__name__)

_ANOTHER = (
    "Это другая база IDENT, не та, что раньше: агент ничего из неё не берёт, и ничего не потеряно. Если настройки указывают не "
    "туда, исправьте host, instance, port или database в разделе [mis]. Если клиника начала новую базу, возьмите у интегратора "
    "код для неё и выполните ident-agent enroll."
)


@dataclass(frozen=True)
class Remembered:
    """A database as it was seen: what it is called, when it was made, and its oldest visits with the times at which they were booked."""

    server: str | None
    name: str | None
    created: str | None
    oldest: Mapping[int, str]

    def is_called_as(self, other: "Remembered") -> bool:
        """A renamed server keeps its databases, a restored one its name."""
        same_name = (self.server, self.name) == (other.server, other.name)
        return same_name or (self.created is not None and self.created == other.created)


def is_another(before: Remembered, called: Remembered, booked: Mapping[int, str]) -> bool:
    """Whether what answers under these names is another database; `booked` are the times of the remembered visits that are there
    now. Where none of them is, or none was known, the names decide."""
    agree = sum(booked.get(key) == moment for key, moment in before.oldest.items())
    differ = sum(key in booked and booked[key] != moment for key, moment in before.oldest.items())
    return differ > agree if agree or differ else not before.is_called_as(called)


class Recognition:
    """Asked before anything is read, and whenever we come back."""

    def __init__(self, signs: Signs, outbox: Outbox) -> None:
        self._signs, self._outbox = signs, outbox

    async def check(self, look: Look) -> bool:
        """Whether the database moved or was put back under us; raises `MisRefused` where it is another one."""
        text = await self._outbox.database()
        before = None if text is None else _read(text)
        created = None if look.created is None else look.created.isoformat()
        seen = Remembered(look.server, look.name, created, _texts(await self._signs.oldest()))
        if before is None:
            await self._remember(seen)
            return False
        booked = _texts(await self._signs.booked(before.oldest))
        if is_another(before, seen, booked):
            raise MisRefused(_ANOTHER, "another_database")
        kept = before.oldest if booked and len(before.oldest) >= len(seen.oldest) else seen.oldest or before.oldest
        await self._remember(Remembered(seen.server, seen.name, seen.created, kept), before)
        moved = (seen.server, seen.name, seen.created) != (before.server, before.name, before.created)
        if moved:
            log.warning(logger, "database.moved")
        return moved

    async def _remember(self, seen: Remembered, before: Remembered | None = None) -> None:
        if seen != before:
            oldest = [(key, datetime.fromisoformat(moment)) for key, moment in sorted(seen.oldest.items())]
            await self._outbox.remember_database(_written(seen), fingerprint(oldest))


def _texts(booked: Mapping[int, datetime]) -> dict[int, str]:
    return {key: moment.isoformat() for key, moment in booked.items()}


def _written(seen: Remembered) -> str:
    return json.dumps([seen.server, seen.name, seen.created, list(seen.oldest.items())], ensure_ascii=False)


def _read(text: str) -> Remembered:
    server, name, created, oldest = json.loads(text)
    return Remembered(server, name, created, dict(oldest))
