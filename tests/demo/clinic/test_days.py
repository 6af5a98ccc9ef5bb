"""Days go on without end in one file, each from where the one before has left the clinic."""

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from demo.clinic.database import Database
from demo.clinic.day import Player
from demo.clinic.days import NotOver, plan_day
from demo.clinic.facts import phones_in
from demo.clinic.make import create
from demo.clinic.plan import planned
from tests.demo.clinic.little import DAY, ZONE

VISITS = 80
MORNING = datetime.combine(DAY, time(9), ZONE)


def made(path: Path) -> Path:
    create(path, seed=3, visits=VISITS, day=DAY, zone=str(ZONE))
    return path


def play_to(player: Player, to: datetime) -> None:
    while player.advance(to).reached < to:
        pass


def do_of(path: Path) -> list[tuple[str, str]]:
    with Database(path) as database:
        return [(event.at.date().isoformat(), event.do) for event in planned(database, 0)]


@pytest.fixture(scope="module")
def three_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = made(tmp_path_factory.mktemp("days") / "clinic.db")
    with Player(path, 5, endless=True) as player:
        for day in range(3):
            play_to(player, MORNING + timedelta(days=day))
            play_to(player, datetime.combine(DAY + timedelta(days=day), time(22), ZONE))
        play_to(player, MORNING + timedelta(days=3))
    return path


def test_each_day_has_calls_cancellations_moves_and_visits_of_its_own(three_days: Path) -> None:
    for day in range(3):
        done = [do for on, do in do_of(three_days) if on == (DAY + timedelta(days=day)).isoformat()]

        assert done.count("book") > VISITS // 4
        assert {"cancel", "appear", "start", "end", "bill", "pay"} <= set(done)
        assert {"move", "transfer"} & set(done)


def test_days_follow_each_other_in_one_file_and_ids_only_grow(three_days: Path) -> None:
    with Database(three_days) as database:
        events = planned(database, 0)
        added = [event.values["visit"] for event in events if event.do in ("book", "transfer")]
        people = [event.values["patient"] for event in events if "new" in event.values]
        numbers = [
            p for row in database.rows("Persons") for p in (*phones_in(row["MobilePhone"]), *phones_in(row["Phone"]))
        ]

    assert [event.at for event in events] == sorted(event.at for event in events)
    assert added == sorted(set(added))
    assert people == sorted(set(people))
    assert len([number for number in numbers if numbers.count(number) > 4]) == 0


def test_a_newcomer_of_a_later_day_has_a_number_that_nobody_had(three_days: Path) -> None:
    with Database(three_days) as database:
        events = planned(database, 0)
    doubles = {event.values["dead"] for event in events if event.do == "merge"}
    new = [e.values["new"] for e in events if "new" in e.values and e.values["patient"] not in doubles]
    given = [phone for person in new if not person["parent"] for phone in phones_in(person["mobile"])]

    assert len(given) == len(set(given)) > VISITS // 5


def test_the_same_seed_plays_the_same_days(three_days: Path, tmp_path: Path) -> None:
    path = made(tmp_path / "again.db")
    with Player(path, 5, endless=True) as player:
        play_to(player, MORNING)
        play_to(player, MORNING + timedelta(days=1))

    again = do_of(path)
    assert again == do_of(three_days)[: len(again)]


def test_the_clock_never_goes_back_over_a_night(tmp_path: Path) -> None:
    with Player(made(tmp_path / "clinic.db"), 5, endless=True) as player:
        now = player.now()
        while now < MORNING + timedelta(days=2):
            player.advance(MORNING + timedelta(days=2))
            assert player.now() >= now
            now = player.now()


def test_another_player_goes_on_in_the_middle_of_a_later_day(tmp_path: Path) -> None:
    path = made(tmp_path / "clinic.db")
    with Player(path, 5, endless=True) as player:
        play_to(player, MORNING + timedelta(days=1))
        stood = player.left(), player.now(), player.last()
    with Player(path, 5, endless=True) as player:
        assert (player.left(), player.now(), player.last()) == stood
        assert player.left() > 0


def test_days_that_nobody_saw_stay_empty(tmp_path: Path) -> None:
    path = made(tmp_path / "clinic.db")
    with Player(path, 5, endless=True) as player:
        play_to(player, MORNING)
        play_to(player, MORNING + timedelta(days=4))

    assert {on for on, _ in do_of(path)} == {DAY.isoformat(), (DAY + timedelta(days=4)).isoformat()}


def test_a_day_is_not_planned_while_another_goes_on(tmp_path: Path) -> None:
    path = made(tmp_path / "clinic.db")
    with Player(path, 5, endless=True) as player:
        play_to(player, MORNING)
    with Database(path) as database, pytest.raises(NotOver):
        plan_day(database, 5, DAY + timedelta(days=1))
