"""Full-text search over the filled fields of contacts, as amoCRM's `query`: no phone filter, and no ranking."""

import re

_NOT_DIGIT = re.compile(r"\D+")
_PHONE_LIKE = re.compile(r"[\d\s()+\-.]*\d[\d\s()+\-.]*")
_GRAM = 10
"""A phone without its prefix: runs of so many digits lead straight to their contacts."""


class Search:
    """Texts of contacts, and their digits. A phone-like query looks for its digits, any other for all of its words."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._digits: dict[int, str] = {}
        self._grams: dict[str, set[int]] = {}  # also what stood there once: each hit is looked at again

    def put(self, contact_id: int, filled: list[str]) -> None:
        """What stands on a contact now."""
        self._texts[contact_id] = "\n".join(filled).casefold()
        self._digits[contact_id] = digits = "\n".join(_NOT_DIGIT.sub("", text) for text in filled)
        for gram in _grams(digits):
            self._grams.setdefault(gram, set()).add(contact_id)

    def find(self, text: str) -> list[int]:
        """Ids of the contacts found, in their order."""
        if _PHONE_LIKE.fullmatch(text):
            return self._with_digits(_NOT_DIGIT.sub("", text))
        words = text.casefold().split()
        return [contact_id for contact_id, text in self._texts.items() if all(word in text for word in words)]

    def _with_digits(self, digits: str) -> list[int]:
        among = self._grams.get(digits[:_GRAM], set()) if len(digits) >= _GRAM else self._digits.keys()
        return sorted(contact_id for contact_id in among if digits in self._digits[contact_id])


def _grams(digits: str) -> set[str]:
    """Every run of ten digits in one value."""
    return {run[start : start + _GRAM] for run in digits.split("\n") for start in range(max(len(run) - _GRAM + 1, 0))}
