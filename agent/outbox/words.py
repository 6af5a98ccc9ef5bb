"""How names, phones and card numbers are folded so that what an operator types finds them. Pure."""

import re
import unicodedata
from collections.abc import Iterator

from wire.model import Patient

LEAST = 3
"""The shortest beginning of a name that is kept; a shorter word can only narrow down."""
LONGEST = 8
"""The longest one; what is typed beyond it is compared with the name itself."""
TAIL = 4
"""So many last digits of a phone find it."""

_NAME = re.compile(r"[^\W\d_]+")


def folded(text: str) -> str:
    """Without case, and with one letter for ё and е."""
    return unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")


def names_in(text: str) -> tuple[str, ...]:
    """The folded words of letters; a hyphen parts two."""
    return tuple(_NAME.findall(folded(text)))


def plain(text: str) -> str:
    """Letters and digits alone: a card number however it was typed."""
    return "".join(letter for letter in folded(text) if letter.isalnum())


def phone_token(phone: str) -> str:
    """A whole phone, E.164."""
    return f"phone {phone}"


def tail_token(digits: str) -> str:
    """A phone by its last digits."""
    return f"tail {digits[-TAIL:]}"


def name_token(word: str) -> str:
    """A folded name by its beginning; the word has at least `LEAST` letters."""
    return f"name {word[:LONGEST]}"


def card_token(number: str) -> str:
    """A card number."""
    return f"card {plain(number)}"


def tokens_of(patient: Patient) -> Iterator[str]:
    """By what the patient is found."""
    for phone in patient.phones:
        yield phone_token(phone)
        yield tail_token(phone)
    for word in names_in(patient.name or ""):
        yield from (name_token(word[:length]) for length in range(LEAST, min(len(word), LONGEST) + 1))
    if plain(patient.card_number or ""):
        yield card_token(patient.card_number or "")
