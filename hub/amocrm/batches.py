"""How batches are cut, and what of one is tried again when amoCRM refused it."""

from collections.abc import Sequence
from typing import TypeVar

from hub.amocrm.answers import WHOLE
from hub.crm import CrmRejected

T = TypeVar("T")


def cut(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Parts of that size, the last one shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def halves(items: Sequence[T]) -> list[Sequence[T]]:
    """Two, or the one item."""
    return cut(items, -(-len(items) // 2))


def without(part: Sequence[int], rejected: CrmRejected, refused: dict[int, tuple[str, ...]]) -> list[Sequence[int]]:
    """What to try again of a batch that was refused; those that were named are added to `refused`."""
    if WHOLE in rejected.codes:
        return halves(part)
    refused |= {part[item]: codes for item, codes in rejected.codes.items()}
    rest = [place for item, place in enumerate(part) if item not in rejected.codes]
    return [rest] if rest else []
