"""What the widget decides without a browser: dates, sums and counts as people read them, and steps of a draft of the settings. One Node
process runs all cases."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

WIDGET = Path(__file__).parents[2] / "widget"
NOW = "2026-11-24T12:42:30+03:00"
_RUN = """
const fs = require('fs'), path = require('path');
const made = {};
function load(name) {
  if (!made[name]) {
    const text = fs.readFileSync(path.join(process.argv[1], name), 'utf8');
    let told;
    new Function('define', text)((needs, make) => { told = make(...needs.map((need) => load(need.replace('./', '')))); });
    made[name] = told;
  }
  return made[name];
}
const cases = JSON.parse(fs.readFileSync(0, 'utf8'));
console.log(JSON.stringify(cases.map(([file, name, args]) => load(file)[name](...args))));
if (Object.keys(Object.prototype).length || Object.keys(Object).length) { throw new Error('what all objects share was changed'); }
"""


def run(*cases: tuple[str, str, list[Any]]) -> list[Any]:
    """What functions of the widget's modules answer."""
    node = ["node", "-e", _RUN, str(WIDGET)]
    told = subprocess.run(node, input=json.dumps(cases), capture_output=True, text=True, check=True, timeout=20)
    answers: list[Any] = json.loads(told.stdout)
    return answers


FORMATS: list[tuple[str, list[Any], Any]] = [
    ("moment", ["2026-12-03T14:30:00+03:00", NOW], "чт 3 дек, 14:30"),
    ("moment", ["2027-01-09T09:05:00+03:00", NOW], "сб 9 янв 2027, 09:05"),
    (
        "moment",
        ["2026-11-24T23:30:00+07:00", NOW],
        "вт 24 ноя, 23:30",
    ),  # the branch's wall clock, wherever the operator sits
    ("day", ["2026-12-20", NOW], "вс 20 дек"),
    ("distance", ["2026-11-24T17:00:00+03:00", NOW], "сегодня"),
    ("distance", ["2026-11-25T00:10:00+03:00", NOW], "завтра"),
    ("distance", ["2026-11-26", NOW], "послезавтра"),
    ("distance", ["2026-11-23T23:59:00+03:00", NOW], "вчера"),
    ("distance", ["2026-12-03T14:30:00+03:00", NOW], "через 9 дней"),
    ("distance", ["2026-12-15T14:30:00+03:00", NOW], "через 21 день"),
    ("distance", ["2026-11-02T11:00:00+03:00", NOW], "22 дня назад"),
    ("distance", ["2026-11-25T01:00:00+10:00", "2026-11-24T17:30:00+03:00"], "сегодня"),  # there it is tomorrow already
    ("isPast", ["2026-11-23", NOW], True),
    ("isPast", ["2026-11-24", NOW], False),
    ("money", ["12500.00"], "12 500 ₽"),
    ("money", ["1234567.50"], "1 234 567,50 ₽"),
    ("money", ["-500.00"], "-500 ₽"),
    ("money", ["0.00"], "0 ₽"),
    ("age", [1], "1 год"),
    ("age", [3], "3 года"),
    ("age", [12], "12 лет"),
    ("age", [111], "111 лет"),
    ("age", [0], "0 лет"),
    ("age", [None], None),
    ("phone", ["+79990000101"], "+7 999 000-01-01"),
    ("phone", ["+4930901820"], "+4930901820"),
    ("initials", ["Иванова Мария Петровна"], "Иванова М. П."),
    ("initials", ["Иванова"], "Иванова"),
]


def test_dates_sums_and_counts_read_as_people_write_them() -> None:
    told = run(*(("format.js", name, args) for name, args, _ in FORMATS))

    said = [one.replace("\xa0", " ").replace("\u2011", "-") if isinstance(one, str) else one for one in told]
    assert said == [expected for *_, expected in FORMATS]


def test_the_hint_of_the_right_to_the_family_promises_no_more_than_it_hides() -> None:
    """What stays without it: tests/hub/panel/test_compose.py."""
    hints = [
        json.loads((WIDGET / "i18n" / f"{name}.json").read_text("utf-8"))["settings"]["right_family_hint"]
        for name in ("ru", "en")
    ]

    assert "видны и без этого права" in hints[0]
    assert "seen without this right" in hints[1]


CHOICES: dict[str, Any] = {
    "pipelines": [
        {"id": 101, "name": "Первичные", "stages": [{"id": 1, "name": "Записан"}, {"id": 2, "name": "Думает"}]},
        {"id": 103, "name": "Север", "stages": [{"id": 7, "name": "Записан"}, {"id": 142, "name": "Успешно"}]},
    ],
    "targets": [{"key": "booked", "name": "Записан"}],
    "groups": [{"id": 5, "name": "Ресепшен"}],
    "roles": [],
    "databases": [{"id": "db_1", "name": "PZ", "zone": "Asia/Omsk"}],
    "branches": [{"database": "db_1", "branch": "2", "name": "На Ленина"}],
}
PRIMARY = {
    "pipeline_id": 101,
    "budget": {"basis": "bills", "people_win": True},
    "targets": {
        "booked": {"stage": 1, "accepted": [1, 2], "from": "any"},
        "visited": {"stage": 142, "accepted": [142], "from": [1, 2]},
    },
}
SETTINGS: dict[str, Any] = {
    "version": 7,
    "zone": "Europe/Moscow",
    "pipelines": {"primary": PRIMARY, "repeat": PRIMARY | {"pipeline_id": 102}},
    "branches": [],
    "rights": {"money": ["admin", "group:5"], "family": ["all"], "search": ["all"]},
}


def draft(name: str, *args: Any) -> Any:
    return run(("settings_draft.js", name, list(args)))[0]


def test_another_stage_takes_the_place_of_the_former_one_and_leaves_the_other_accepted_ones() -> None:
    to_second = draft("toStage", SETTINGS, "primary", "booked", 2)
    to_none = draft("toStage", SETTINGS, "primary", "booked", None)
    first_time = draft("toStage", SETTINGS, "primary", "arrived", 2)

    assert to_second["pipelines"]["primary"]["targets"]["booked"] == {"stage": 2, "accepted": [2], "from": "any"}
    assert to_none["pipelines"]["primary"]["targets"]["booked"] == {"stage": None, "accepted": [2], "from": "any"}
    assert first_time["pipelines"]["primary"]["targets"]["arrived"] == {"stage": 2, "accepted": [2], "from": "any"}


def test_another_pipeline_keeps_the_stages_that_have_the_same_names_there() -> None:
    moved = draft("toPipeline", SETTINGS, CHOICES, "primary", 103)["pipelines"]["primary"]

    assert moved["pipeline_id"] == 103
    assert moved["targets"]["booked"] == {"stage": 7, "accepted": [7], "from": "any"}
    assert moved["targets"]["visited"] == {"stage": 142, "accepted": [142], "from": [7]}


def test_one_more_pipeline_takes_the_place_of_none() -> None:
    added = draft("withPipeline", SETTINGS, CHOICES, 103)
    elsewhere = draft("toPipeline", added, CHOICES, "pipeline_103", 101)
    both = draft("withPipeline", elsewhere, CHOICES, 103)["pipelines"]

    assert {name: one["pipeline_id"] for name, one in both.items()} == {
        "primary": 101,
        "repeat": 102,
        "pipeline_103": 101,
        "pipeline_103_2": 103,
    }
    assert both["pipeline_103_2"]["targets"]["booked"]["stage"] == 7


def test_everybody_leaves_nobody_to_name_beside() -> None:
    everybody = draft("toWhom", SETTINGS, "money", "all", True)
    one_group = draft("toWhom", SETTINGS, "family", "group:5", True)
    no_admins = draft("toWhom", SETTINGS, "money", "admin", False)

    assert everybody["rights"]["money"] == ["all"]
    assert one_group["rights"]["family"] == ["group:5"]
    assert no_admins["rights"]["money"] == ["group:5"]


def test_a_branch_that_nobody_set_has_the_route_of_all_and_its_clinics_zone() -> None:
    (one,) = draft("branches", SETTINGS, CHOICES)
    settings = draft("toRoute", SETTINGS, one["route"] | {"zone": "Asia/Tomsk"})
    (again,) = draft("branches", settings, CHOICES)

    assert (one["isSet"], one["route"]["zone"], one["route"]["pipelines"]["repeat"]) == (False, "Asia/Omsk", "repeat")
    assert (again["isSet"], again["route"]["zone"]) == (True, "Asia/Tomsk")


NAMES = ("__proto__", "constructor", "toString")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_all_objects_know_is_a_name_like_others(name: str) -> None:
    """Node ends with an error where what all objects share was changed: it is looked at after each call."""
    words = json.loads((WIDGET / "i18n" / "ru.json").read_text("utf-8"))["settings"]
    choices = CHOICES | {"targets": [{"key": name, "name": "Пришёл"}]}
    before: dict[str, Any] = SETTINGS | {"pipelines": SETTINGS["pipelines"] | {name: PRIMARY}}
    here = draft("toStage", SETTINGS, "primary", name, 2)
    there = draft("toStage", before, name, "booked", 2)
    moved = draft("toPipeline", here, CHOICES, "primary", 103)
    fresh = draft("put", {}, [name, "polluted"], 1)
    told = run(
        ("settings_changes.js", "list", [before, there, CHOICES, words]),
        ("settings_changes.js", "list", [SETTINGS, here, choices, words]),
    )

    assert here["pipelines"]["primary"]["targets"][name] == {"stage": 2, "accepted": [2], "from": "any"}
    assert there["pipelines"][name]["targets"]["booked"]["stage"] == 2
    assert name in moved["pipelines"]["primary"]["targets"]
    assert fresh == {name: {"polluted": 1}}
    assert draft("get", SETTINGS, ["pipelines", name]) is None
    assert told == [["Первичные, Записан: Думает"], ["Первичные, Пришёл: Думает"]]


def test_rights_that_a_newer_hub_knows_are_kept_and_named_as_far_as_they_are_known() -> None:
    words = json.loads((WIDGET / "i18n" / "ru.json").read_text("utf-8"))["settings"]
    newer = SETTINGS | {"rights": {"money": ["team:4"], "search": ["all"], "export": ["admin"]}}
    after = draft("toWhom", newer, "money", "constructor:1", True)

    assert draft("rights", newer) == ["money", "search"]
    assert after["rights"] == newer["rights"] | {"money": ["team:4", "constructor:1"]}
    assert run(("settings_changes.js", "list", [newer, after, CHOICES, words]))[0] == [
        "Деньги: Другие «team:4», Другие «constructor:1»"
    ]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["paused"], False, []),
        (["pipelines", "primary", "targets", "booked", "stage"], 2, ["Первичные, Записан: Думает"]),
        (["pipelines", "primary", "targets", "booked", "stage"], None, ["Первичные, Записан: Не двигать"]),
        (["pipelines", "primary", "budget", "basis"], "plan", ["Первичные: Считать по — плану лечения"]),
        (["rights", "money"], ["group:5"], ["Деньги: Группа «Ресепшен»"]),
    ],
)
def test_what_would_change_is_said_in_words(path: list[str], value: object, said: list[str]) -> None:
    words = json.loads((WIDGET / "i18n" / "ru.json").read_text("utf-8"))["settings"]
    after = draft("put", SETTINGS, path, value)

    assert run(("settings_changes.js", "list", [SETTINGS, after, CHOICES, words]))[0] == said
