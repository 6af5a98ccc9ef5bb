"""The day that is played: in order, never two states of one patient in one go, and to a clean end."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from demo.clinic.database import Database
from demo.clinic.day import Player
from demo.clinic.make import CLOSES, OPENS, create
from demo.clinic.plan import Event, planned
from tests.demo.clinic.little import DAY, ZONE

VISITS = 300
SEVEN, MIDNIGHT = datetime.combine(DAY, OPENS, ZONE), datetime.combine(DAY, time())
NIGHT = datetime.combine(DAY, time(23), ZONE)


def made(path: Path, visits: int = 40) -> Path:
    create(path, seed=3, visits=visits, day=DAY, zone=str(ZONE))
    return path


def plan_of(path: Path, seed: int) -> list[Event]:
    with Database(path) as database:
        return planned(database, seed)


def play(path: Path, tick: timedelta = timedelta(minutes=15)) -> list[int]:
    """The whole day; returns how many events each call played."""
    counts, now = [], SEVEN
    with Player(path, 5) as player:
        while now < NIGHT:
            done = player.advance(min(now + tick, NIGHT))
            assert done.reached > now or done.events
            counts.append(done.events)
            now = done.reached
        assert player.left() == 0
        assert player.next_at() is None
    return counts


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A whole day, played."""
    path = made(tmp_path_factory.mktemp("day") / "clinic.db", VISITS)
    play(path)
    with Database(path) as database:
        yield database


def test_the_seed_decides_the_day(tmp_path: Path) -> None:
    one, again, other = (plan_of(made(tmp_path / name), seed) for name, seed in (("a", 5), ("b", 5), ("c", 6)))

    assert one == again
    assert one != other


def test_a_plan_that_was_made_stays(tmp_path: Path) -> None:
    path = made(tmp_path / "clinic.db")

    assert plan_of(path, 5) == plan_of(path, 6)


def test_everything_that_may_happen_happens(evening: Database) -> None:
    acts = Counter(event.do for event in planned(evening, 5))

    assert acts.keys() == {
        "book", "move", "cancel", "transfer", "restore", "appear", "start", "end", "bill", "pay", "phone", "rename", "touch",
        "refuse", "agree", "merge", "checkup", "put off", "close checkup", "plan", "do planned", "backup", "roll back", "drop column",
    }  # fmt: skip
    assert acts["touch"] == 2


def test_events_are_in_order_and_within_the_opening_hours(evening: Database) -> None:
    times = [event.at for event in planned(evening, 5)]

    assert all(one < other for one, other in pairwise(times))
    assert SEVEN.replace(tzinfo=None) < times[0]
    assert times[-1] < datetime.combine(DAY, CLOSES)


def test_the_day_concerns_as_many_visits_as_were_asked_for(evening: Database) -> None:
    end = MIDNIGHT + timedelta(days=1)
    concerned = [
        row
        for row in evening.rows("Receptions")
        if row["ReceptionAdded"] >= MIDNIGHT or (MIDNIGHT <= row["PlanStart"] < end and not row["ReceptionCanceled"])
    ]

    assert VISITS <= len(concerned) < VISITS * 1.2


def lost_with_the_backup(plan: list[Event]) -> list[Event]:
    """What was done between a backup and the moment at which it was put back."""
    acts = [event.do for event in plan]
    return plan[acts.index("backup") : acts.index("roll back")]


def test_nobody_sits_in_a_chair_at_night(evening: Database) -> None:
    today = [row for row in evening.rows("Receptions") if MIDNIGHT <= row["PlanStart"] < MIDNIGHT + timedelta(days=1)]

    assert sum(row["ReceptionEnded"] is not None for row in today) > VISITS // 2
    assert all(row["ReceptionEnded"] for row in today if row["PatientAppeared"] or row["ReceptionStarted"])
    assert any(not row["PatientAppeared"] and not row["ReceptionCanceled"] for row in today)  # a no-show


def test_patients_who_were_never_there_are_added(evening: Database) -> None:
    plan = planned(evening, 5)
    doubles = {event.values["dead"] for event in plan if event.do == "merge"}
    newcomers = [e for e in plan if "new" in e.values and e.values["patient"] not in doubles]

    assert len(newcomers) >= VISITS * 8 // 100
    persons = {row["ID"]: row for row in evening.rows("Persons")}
    cards = {row["ID_Persons"] for row in evening.rows("Patients")}
    for event in newcomers:
        assert persons[event.values["patient"]]["Surname"] == event.values["new"]["name"][0]
        assert event.values["patient"] in cards


def test_moves_are_made_in_each_way(evening: Database) -> None:
    plan = planned(evening, 5)
    rows = {row["ID"]: row for row in evening.rows("Receptions")}
    chained = [row for row in rows.values() if row["ID_ReceptionsTransferFrom"] and row["ReceptionAdded"] > MIDNIGHT]
    gaps = [row["ReceptionAdded"] - rows[row["ID_ReceptionsTransferFrom"]]["ReceptionCanceled"] for row in chained]

    assert timedelta() in gaps  # at once
    assert any(timedelta() < gap < timedelta(minutes=1) for gap in gaps)  # some seconds later
    again = Counter(_rebooked(plan, rows))
    assert again["soon"]
    assert again["late"]


def _rebooked(plan: list[Event], rows: dict[int, Any]) -> Iterator[str]:
    """New visits of the day without a chain whose patient had cancelled another before."""
    for event in plan:
        if event.do == "book" and "moved_from" not in event.values:
            cancels = [e.at for e in plan if e.do == "cancel" and e.who == event.who and e.at < event.at]
            if cancels:
                yield "soon" if event.at - cancels[-1] <= timedelta(minutes=15) else "late"


def test_a_visit_is_taken_back_only_while_it_is_still_to_come(tmp_path: Path) -> None:
    for number in range(6):
        path = made(tmp_path / f"{number}.db", VISITS)
        plan = plan_of(path, number)
        with Database(path) as database:
            starts = {row["ID"]: row["PlanStart"] for row in database.rows("Receptions")}
        backs = [event for event in plan if event.do == "restore"]
        assert backs
        assert all(event.at < starts[event.values["visit"]] for event in backs)


def test_some_patients_come_twice(evening: Database) -> None:
    ended = Counter(
        row["ID_Patients"] for row in evening.rows("Receptions") if (row["ReceptionEnded"] or MIDNIGHT) > MIDNIGHT
    )
    del ended[None]

    assert max(ended.values()) >= 2


def test_the_player_stops_before_a_patient_is_touched_a_second_time(tmp_path: Path) -> None:
    path = made(tmp_path / "clinic.db", 120)
    plan = plan_of(path, 5)
    counts = play(path, timedelta(hours=16))

    played, stops = 0, 0
    for count in counts:
        whos = [who for event in plan[played : played + count] for who in event.whom]
        assert len(whos) == len(set(whos))
        played += count
        stops += played < len(plan) and bool(plan[played].whom & set(whos))
    assert played == len(plan)
    assert stops > 10


def test_a_stop_reaches_the_time_of_what_waits(tmp_path: Path) -> None:
    path = made(tmp_path / "clinic.db", 120)
    with Player(path, 5) as player:
        done = player.advance(NIGHT)
        assert done.events
        assert done.reached == player.next_at() == player.now() < NIGHT


def test_the_clock_reaches_the_time_that_was_asked_for(tmp_path: Path) -> None:
    path = made(tmp_path / "clinic.db")
    with Player(path, 5) as player:
        first = player.next_at()
        assert first is not None
        done = player.advance(SEVEN + timedelta(minutes=1))

        assert (done.reached, done.events) == (SEVEN + timedelta(minutes=1), 0)
        assert player.advance(SEVEN - timedelta(hours=3)).reached == player.now() == SEVEN + timedelta(minutes=1)


def test_another_player_goes_on_where_the_first_one_was(tmp_path: Path) -> None:
    whole, parts = made(tmp_path / "whole.db"), made(tmp_path / "parts.db")
    play(whole)
    now = SEVEN
    while now < NIGHT:
        with Player(parts, 5) as player:
            now = player.advance(min(now + timedelta(minutes=15), NIGHT)).reached

    with Database(whole) as one, Database(parts) as other:
        for table in ("Receptions", "Persons", "Orders", "OrderPaymentsJournal", "PaymentsIn"):
            assert list(one.rows(table)) == list(other.rows(table))


def test_an_update_of_the_program_stops_nothing(tmp_path: Path) -> None:
    path = made(tmp_path / "clinic.db")
    plan = plan_of(path, 5)
    index = next(n for n, event in enumerate(plan) if event.do == "touch")
    at = plan[index].at.replace(tzinfo=ZONE)

    with Player(path, 5) as player:
        while player.now() < at - timedelta(seconds=1):
            player.advance(at - timedelta(seconds=1))
        done = player.advance(at)

    assert done.events == 1
    assert done.reached == at


def test_the_wall_clock_is_the_clinics(tmp_path: Path) -> None:
    create(tmp_path / "far.db", seed=3, visits=10, day=date(2026, 11, 24), zone="Asia/Vladivostok")
    with Player(tmp_path / "far.db", 5) as player:
        assert player.now().isoformat() == "2026-11-24T07:00:00+10:00"


def test_how_far_an_advance_would_go_is_known_before(tmp_path: Path) -> None:
    now = SEVEN
    with Player(made(tmp_path / "clinic.db", 120), 5) as player:
        while now < NIGHT:
            stop = player.stop(min(now + timedelta(minutes=15), NIGHT))
            now = player.advance(min(now + timedelta(minutes=15), NIGHT)).reached
            assert now == stop


def test_what_was_booked_before_a_backup_was_put_back_is_lost_and_its_keys_are_given_out_again(
    evening: Database,
) -> None:
    plan = planned(evening, 5)
    books = [event for event in plan if event.do in ("book", "transfer")]
    lost = [event for event in lost_with_the_backup(plan) if event in books]
    rows = {row["ID"]: row for row in evening.rows("Receptions")}
    again = {event.values["visit"]: event for event in books if event.at > lost[-1].at}

    assert lost
    for event in lost:
        other = again[event.values["visit"]]
        assert rows[other.values["visit"]]["ReceptionAdded"] == other.at


def test_nothing_is_done_to_a_visit_that_was_lost(evening: Database) -> None:
    """Whoever has its key now was booked later."""
    plan = planned(evening, 5)
    booked = {event.values["visit"]: event for event in plan if event.do in ("book", "transfer")}
    back = next(event.at for event in plan if event.do == "roll back")
    later = [event for event in plan if event.at > back and event.values.get("visit") in booked]

    assert later
    assert all(event.at >= booked[event.values["visit"]].at for event in later)
    assert all(event.values["patient"] == booked[event.values["visit"]].values["patient"] for event in later)


def test_a_column_that_was_dropped_reads_as_empty_and_what_stood_in_it_is_kept(evening: Database) -> None:
    assert all(row["CardNumber"] is None for row in evening.rows("Patients"))
    kept = evening.execute("SELECT COUNT(*) FROM _lost WHERE of = 'Patients.CardNumber' AND value IS NOT NULL")

    assert kept[0][0] > VISITS // 2


def test_cards_of_one_person_are_made_one(evening: Database) -> None:
    plan = planned(evening, 5)
    merges = [event for event in plan if event.do == "merge"]
    cards = {row["ID_Persons"]: row for row in evening.rows("Patients")}

    assert merges
    for event in merges:
        theirs = [row["ID_Patients"] for row in evening.rows("Receptions")]
        assert event.values["dead"] not in theirs
        assert (event.values["dead"] in cards) == bool(event.values["archives"])
        assert event.who == f"patient {event.values['patient']} {event.values['dead']}"
