"""What people read."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from hub.rules.explain import branch_time, note
from hub.rules.model import SeenVisit
from hub.rules.moves import Story
from tests.hub.clinic_day import ZONE, at, visit
from tests.hub.rules.made import NOON, cancelled, future, now


@pytest.mark.parametrize(
    ("moment", "zone", "text"),
    [
        (at(14, 30), ZONE, "вт 24 ноя, 14:30"),
        (at(22, 5), ZoneInfo("Asia/Vladivostok"), "ср 25 ноя, 05:05"),
        (datetime(2026, 5, 3, 9, 0, tzinfo=ZONE), ZONE, "вс 3 мая, 09:00"),
    ],
)
def test_a_time_is_that_of_the_branchs_wall_clock(moment: datetime, zone: ZoneInfo, text: str) -> None:
    assert branch_time(moment, zone) == text


@pytest.mark.parametrize(
    ("zone", "home", "text"),
    [
        ("Asia/Yekaterinburg", "Europe/Moscow", "вт 24 ноя, 16:30 МСК+2"),
        ("Europe/Moscow", "Asia/Yekaterinburg", "вт 24 ноя, 14:30 МСК"),
        ("Europe/Kaliningrad", "Europe/Moscow", "вт 24 ноя, 13:30 МСК−1"),
        ("Europe/Kirov", "Europe/Moscow", "вт 24 ноя, 14:30"),
    ],
)
def test_a_clock_that_is_not_the_accounts_is_named(zone: str, home: str, text: str) -> None:
    assert branch_time(at(14, 30), ZoneInfo(zone), ZoneInfo(home)) == text


def test_a_note_from_another_zone_names_it() -> None:
    there = replace(future("1"), zone=ZoneInfo("Asia/Yekaterinburg"), home=ZONE)

    told = note([Story("booked", there)], NOON)

    assert told is not None
    assert "вт 24 ноя, 16:00 МСК+2" in told
    assert told.endswith("IDENT, вт 24 ноя, 14:00 МСК+2")


WHERE = "врач Иванова Мария Петровна, филиал На Ленина"


@pytest.mark.parametrize(
    ("story", "text"),
    [
        (Story("booked", future("1")), f"Записан на приём: вт 24 ноя, 14:00, {WHERE}"),
        (
            Story("moved", future("1"), SeenVisit(start=at(9, day=-1))),
            f"Приём перенесён: с пн 23 ноя, 09:00 на вт 24 ноя, 14:00, {WHERE}",
        ),
        (
            Story("moved", future("1"), SeenVisit(start=at(14), practitioner="9")),
            f"Приём перенесён: вт 24 ноя, 14:00, теперь {WHERE}",
        ),
        (
            Story(
                "cancelled",
                cancelled(
                    "1", cancel_reason={"id": "4", "name": "Заболел"}, cancelled_by={"id": "3", "name": "Орлова"}
                ),
            ),
            f"Приём отменён: вт 24 ноя, 14:00, {WHERE}; причина: Заболел; отменил(а): Орлова",
        ),
        (
            Story("cancelled", now(visit("1", at(14)), vanished_at=at(11))),
            f"Приём отменён: вт 24 ноя, 14:00, {WHERE}; причина: удалён в IDENT",
        ),
        (Story("taken_back", future("1", practitioner=None, branch=None)), "Отмена снята: вт 24 ноя, 14:00"),
    ],
)
def test_a_note_tells_what_happened_in_ident(story: Story, text: str) -> None:
    assert note([story], NOON) == f"{text}\nIDENT, вт 24 ноя, 12:00"


def test_what_came_together_stands_in_one_note() -> None:
    text = note([Story("cancelled", cancelled("1")), Story("booked", future("2"))], NOON)

    assert text is not None
    assert [line.split(":")[0] for line in text.splitlines()[:2]] == ["Приём отменён", "Записан на приём"]


def test_nothing_happened_nothing_is_told() -> None:
    assert note([], NOON) is None


def test_a_branch_that_calls_itself_one_is_not_called_so_twice() -> None:
    named = visit("1", at(14), branch={"id": "2", "name": "Филиал на Садовой"})

    text = note([Story("booked", now(named))], NOON)

    assert text is not None
    assert text.splitlines()[0].endswith(", Филиал на Садовой")
