"""Full-text search over the filled fields of one kind of card, as amoCRM's `query`: no phone filter, and no ranking."""

import re
from collections import deque
from collections.abc import Callable

_NOT_DIGIT = re.compile(r"\D+")
_PHONE_LIKE = re.compile(r"[\d\s()+\-.]*\d[\d\s()+\-.]*")
_GRAM = 10
"""A phone without its prefix: runs of so many digits lead straight to their cards."""


class Search:
    """Texts of cards, and their digits. A phone-like query looks for its digits, any other for all of its words."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._texts: dict[int, str] = {}
        self._digits: dict[int, str] = {}
        self._grams: dict[str, set[int]] = {}  # also what stood there once: each hit is looked at again
        self._waiting: deque[tuple[float, int, list[str]]] = deque()

    def put(self, card_id: int, filled: list[str]) -> None:
        """What stands on a card now; it is found when the index has caught up."""
        self._waiting.append((self._now(), card_id, filled))

    def find(self, text: str, *, delay: float) -> list[int]:
        """Ids of the cards found, in their order, as an index knows them that is so many seconds behind."""
        while self._waiting and self._waiting[0][0] + delay <= self._now():
            _, card_id, filled = self._waiting.popleft()
            self._take_in(card_id, filled)
        if _PHONE_LIKE.fullmatch(text):
            return self._with_digits(_NOT_DIGIT.sub("", text))
        words = text.casefold().split()
        return sorted(card_id for card_id, text in self._texts.items() if all(word in text for word in words))

    def _take_in(self, card_id: int, filled: list[str]) -> None:
        self._texts[card_id] = "\n".join(filled).casefold()
        self._digits[card_id] = digits = "\n".join(_NOT_DIGIT.sub("", text) for text in filled)
        for gram in _grams(digits):
            self._grams.setdefault(gram, set()).add(card_id)

    def _with_digits(self, digits: str) -> list[int]:
        among = self._grams.get(digits[:_GRAM], set()) if len(digits) >= _GRAM else self._digits.keys()
        return sorted(card_id for card_id in among if digits in self._digits[card_id])


def _grams(digits: str) -> set[str]:
    """Every run of ten digits in one value."""
    return {run[start : start + _GRAM] for run in digits.split("\n") for start in range(max(len(run) - _GRAM + 1, 0))}
