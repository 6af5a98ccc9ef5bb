"""How names compare."""

import pytest

from hub.rules.names import is_blank, same_name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Семёнов Пётр", " семенов  петр ", True),
        ("Семёнов Пётр", "Семёнов Павел", False),
        ("", "", False),
        (None, None, False),
    ],
)
def test_names_compare_as_people_read_them(one: str | None, other: str | None, same: bool) -> None:
    assert same_name(one, other) is same


@pytest.mark.parametrize(
    ("name", "blank"),
    [
        ("", True),
        ("  ", True),
        ("+7 (999) 000-01-01", True),
        ("8.999.000.01.01", True),
        ("Заявка с сайта", True),
        ("НОВАЯ ЗАЯВКА", True),
        ("Заявка № 118 (виджет)", True),
        ("Без имени", True),
        ("Имя не указано", True),
        ("Заявка от Ольги", False),
        ("Петров 2", False),
        ("-", False),
    ],
)
def test_what_is_nobodys_name(name: str, blank: bool) -> None:
    assert is_blank(name) is blank
