"""Phones: whatever people type becomes E.164, or nothing. Numbers here are made up."""

import pytest

from wire.phone import phone, phones_in


@pytest.mark.parametrize(
    "typed",
    [
        "+79990000101",
        "+7 999 000-01-01",
        "+7 (999) 000 01 01",
        "+7(999)000-01-01",
        "8 999 000 01 01",
        "89990000101",
        "8(999)0000101",
        "8-999-000-01-01",
        "9990000101",
        "999 000-01-01",
        "(999) 000-01-01",
        " 8 999 0000101 ",
        "8\u00a0999\u00a0000-01-01",
        "8 999 000‑01‑01",
        "тел. 8 (999) 000-01-01 мама",
        "8 999 000 01 01 (Мария Ивановна)",
        "+7 999 000-01-01, звонить после 18",
    ],
)
def test_a_number_is_read_however_it_is_typed(typed: str) -> None:
    assert phone(typed) == "+79990000101"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("8 (999) 000-01-01, мама 9990000102", ("+79990000101", "+79990000102")),
        ("89990000101 89990000102", ("+79990000101", "+79990000102")),
        ("+79990000101; +79990000102", ("+79990000101", "+79990000102")),
        ("+79990000101/+79990000102", ("+79990000101", "+79990000102")),
        ("8 999 000 01 01\n8 999 000 01 02", ("+79990000101", "+79990000102")),
        ("8 999 000-01-01, +7 (999) 000-01-01", ("+79990000101",)),
        ("папа 8 999 000 01 02, мама 8 999 000 01 01", ("+79990000102", "+79990000101")),
    ],
)
def test_a_text_may_hold_several_each_once_in_their_order(text: str, numbers: tuple[str, ...]) -> None:
    assert phones_in(text) == numbers


def test_of_several_none_is_the_one() -> None:
    assert phone("8 999 000 01 01, 8 999 000 01 02") is None


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+375 29 123-45-67", "+375291234567"),
        ("+49 30 901820", "+4930901820"),
        ("+7 701 000 0101", "+77010000101"),
    ],
)
def test_a_foreign_number_is_read_with_its_country(typed: str, number: str) -> None:
    assert phone(typed) == number


@pytest.mark.parametrize(
    "typed",
    [
        None,
        "",
        " ",
        "нет",
        "не звонить",
        "12345",
        "000",
        "01.02.2017",
        "1187",
        "8 999",
        "+7 000 000 00 00",
        "89990000101234567",
    ],
)
def test_what_is_no_number_is_none(typed: str | None) -> None:
    assert phone(typed) is None
    assert phones_in(typed) == ()
