"""How an answer travels in parts, so that beats and pushes go between them, and how the parts become an answer again. Pure.

An answer that fits into one part is the `value` of one frame. A larger one is written as JSON, the text is cut anywhere between two
characters, and each frame carries `{"text": piece}`; the pieces together, in the order of `part`, are the JSON of the value.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wire.errors import MalformedFrame
from wire.frames import Answer

PART_BYTES = 32 << 10
MAX_ANSWER_BYTES = 1 << 20
MAX_PARTS = 2 * MAX_ANSWER_BYTES // PART_BYTES
"""More than any answer has: whoever gathers parts refuses more."""
_CHARACTER_BYTES = 4


class TooLarge(Exception):
    """An answer of more than `MAX_ANSWER_BYTES` is not sent."""


def written(value: Mapping[str, Any]) -> bytes:
    """The value as it is counted and cut."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def cut(answer: int, value: dict[str, Any], part_bytes: int = PART_BYTES) -> tuple[Answer, ...]:
    """The frames of one answer; `answer` is the id of the question."""
    body, part_bytes = written(value), max(part_bytes, _CHARACTER_BYTES)
    if len(body) > MAX_ANSWER_BYTES:
        raise TooLarge
    if len(body) <= part_bytes:
        return (Answer(id=answer, value=value),)
    pieces = list(_pieces(body, part_bytes))
    return tuple(
        Answer(id=answer, part=number, parts=len(pieces), value={"text": piece})
        for number, piece in enumerate(pieces, start=1)
    )


def joined(parts: Sequence[Answer]) -> dict[str, Any]:
    """The value of all the frames of one answer, in the order in which they came; raises `MalformedFrame` where they are no answer."""
    numbers = [(part.id, part.part, part.parts) for part in parts]
    if not parts or numbers != [(parts[0].id, number, len(parts)) for number in range(1, len(parts) + 1)]:
        raise MalformedFrame(("part",))
    if len(parts) == 1:
        return parts[0].value
    pieces = [part.value.get("text") for part in parts]
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedFrame(("value",)) from None
    if not isinstance(value, dict):
        raise MalformedFrame(("value",))
    return value


def _pieces(body: bytes, size: int) -> Iterator[str]:
    """At most `size` bytes each, cut between characters."""
    start = 0
    while start < len(body):
        end = min(start + size, len(body))
        while end < len(body) and body[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        yield body[start:end].decode()
        start = end
