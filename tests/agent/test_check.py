"""Each check says ok, or what to do."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent import check
from agent.away import Away
from agent.check import Finding
from agent.mis import SHIPPED, MisBusy, MisDown, MisError, MisRefused, Server
from agent.web import Answer, NoAnswer, Stage
from tests.agent.hub_end import NOON
from tests.agent.test_status import STATUS

HUB = "https://hub.example.ru"


def answering(answer: Answer | Stage) -> Callable[[str], Answer]:
    def ask(url: str) -> Answer:
        assert url == f"{HUB}/agent/v1"
        if isinstance(answer, str):
            raise NoAnswer(answer)
        return answer

    return ask


def levels(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.name, finding.level) for finding in findings]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(400, b"", NOON), [("Хаб", "ok"), ("Часы", "ok")]),
        (Answer(426, b"", None), [("Хаб", "ok")]),
        (Answer(404, b"", NOON), [("Хаб", "wrong")]),
        (Answer(503, b"", NOON), [("Хаб", "mind")]),
        (Answer(400, b"", NOON - timedelta(minutes=5)), [("Хаб", "ok"), ("Часы", "mind")]),
        ("connect", [("Хаб", "wrong")]),
        ("certificate", [("Хаб", "wrong")]),
        ("answer", [("Хаб", "wrong")]),
    ],
)
def test_the_hub_is_asked_without_dialling_it(answer: Answer | Stage, expected: list[tuple[str, str]]) -> None:
    assert levels(check.hub(HUB, lambda: NOON, answering(answer))) == expected


@pytest.mark.parametrize(
    ("off", "words"),
    [(0, "идут верно"), (59, "идут верно"), (-59, "идут верно"), (61, "спешат на 61"), (-90, "отстают на 90")],
)
def test_the_clock_is_compared_with_the_hubs(off: float, words: str) -> None:
    assert words in check.clock(NOON, NOON + timedelta(seconds=off)).text


@pytest.mark.parametrize(
    ("zone", "level"), [("Europe/Moscow", "ok"), ("Asia/Yekaterinburg", "wrong"), ("Europe/Kaliningrad", "wrong")]
)
def test_a_wrong_zone_shows_in_the_servers_clock(zone: str, level: str) -> None:
    server = Server(now=datetime(2026, 11, 23, 15, 4), bound=None, last=None)  # noqa: DTZ001 Moscow's wall clock at noon UTC

    assert check.zone(server, zone, NOON).level == level


@pytest.mark.parametrize(("free", "level"), [(10 << 30, "ok"), (500 << 20, "mind"), (10 << 20, "wrong")])
def test_a_full_disk_is_told(free: int, level: str) -> None:
    assert check.disk(free).level == level


def test_a_good_folder_is_ok(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    before = list(tmp_path.iterdir())

    assert {level for _, level in levels(check.folder(tmp_path))} <= {"ok", "mind"}  # mind: this machine's disk
    assert check.writable(tmp_path).level == "ok"
    assert list(tmp_path.iterdir()) == before


def test_a_folder_that_others_can_read_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    assert any("chmod 700" in finding.text for finding in check.folder(tmp_path))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert levels(check.folder(tmp_path / "none")) == [("Папка состояния", "wrong")]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    assert check.writable(tmp_path / "none").level == "wrong"


@pytest.mark.parametrize(
    ("error", "level", "words"),
    [
        (MisBusy("state 1", 60), "mind", "подождёт"),
        (MisDown("08001 53"), "wrong", "host, instance или port"),
        (MisDown("08001 10054"), "wrong", "encrypt"),
        (MisDown("late"), "wrong", "SQL Server запущен"),
        (MisRefused("Сделайте то-то.", "28000 18456"), "wrong", "Сделайте то-то."),
    ],
)
def test_a_database_that_does_not_answer_is_told_with_what_to_do(error: MisError, level: str, words: str) -> None:
    finding = check._trouble("База IDENT", error)
    assert finding.level == level
    assert words in finding.text


def test_only_a_server_that_hung_up_is_suspected_of_its_encryption() -> None:
    assert "encrypt" not in check._trouble("База IDENT", MisDown("08001 53")).text


def test_while_somebody_wishes_us_away_the_database_is_not_tried() -> None:
    finding = check.away(Away("pause", NOON))
    assert (finding.name, finding.level) == ("База IDENT", "mind")
    assert "ident-agent pause off" in finding.text


def test_what_the_running_agent_says_is_repeated(tmp_path: Path) -> None:
    assert levels(check.at_work(tmp_path, NOON)) == [("Работа", "mind")]

    (tmp_path / "status.json").write_text(STATUS.model_dump_json())
    assert levels(check.at_work(tmp_path, NOON)) == [("Работа", "ok")]

    (tmp_path / "status.json").write_text(STATUS.model_copy(update={"hints": ("Проверьте пароль.",)}).model_dump_json())
    assert [finding.text for finding in check.at_work(tmp_path, NOON)] == ["Проверьте пароль."]


def test_statements_that_an_integrator_put_in_place_of_ours_are_named(tmp_path: Path) -> None:
    config, folder = tmp_path / "agent.toml", tmp_path / "queries"
    assert check.overrides(config) == (SHIPPED, [])
    folder.mkdir()
    (folder / "visit_newest.sql").write_text("SELECT MAX(x.ID) AS Newest FROM dbo.Receptions AS x")
    book, (finding,) = check.overrides(config)
    assert list(book.overrides) == ["visit_newest"]
    assert (finding.level, finding.text) == ("mind", "вместо запросов агента работают: visit_newest.")
    (folder / "visit_newest.sql").write_text("SELECT 1 DELETE FROM t")
    book, (finding,) = check.overrides(config)
    assert (book, finding.level) == (SHIPPED, "wrong")
    assert "visit_newest.sql" in finding.text
