"""Phones, in one place: whatever people type becomes E.164, or nothing."""

import phonenumbers

_VALID = phonenumbers.Leniency.VALID


def phones_in(text: str | None, region: str = "RU") -> tuple[str, ...]:
    """All numbers in a free text such as «8 (999) 000-01-01, мама 9990000102», each once, in their order."""
    if not text:
        return ()
    found = [match.number for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=_VALID)]
    return tuple(dict.fromkeys(_e164(number) for number in found))


def phone(text: str | None, region: str = "RU") -> str | None:
    """The one number that the text holds; None where there is none or more than one."""
    found = phones_in(text, region)
    return found[0] if len(found) == 1 else None


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
