"""How names in the CRM compare with names in the clinic (R9, R11): a phone is a hint, a name decides. Pure text."""

import re

_PHONE_LIKE = re.compile(r"[\d\s()+.\-]*\d[\d\s()+.\-]*")
_FORMS = frozenset({"заявка с сайта", "новая заявка", "без имени", "имя не указано"})
_NUMBERED_FORM = "заявка №"


def plain(name: str | None) -> str:
    """As names are compared: without case, ё = е, without spaces at the ends and doubled ones."""
    return " ".join((name or "").casefold().replace("ё", "е").split())


def is_blank(name: str | None) -> bool:
    """Nobody's name: empty, phone-like, or put there by a form."""
    text = plain(name)
    return not text or bool(_PHONE_LIKE.fullmatch(text)) or text in _FORMS or text.startswith(_NUMBERED_FORM)


def same_name(one: str | None, other: str | None) -> bool:
    """Both say the same, and something."""
    return bool(plain(one)) and plain(one) == plain(other)
