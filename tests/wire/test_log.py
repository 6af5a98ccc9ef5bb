"""A log line says what happened by its name and by fields of a closed list; it cannot hold a person."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from wire import log

CANARY = "Канарейкин"
PERSONAL = re.compile(r"phone|name|birth|comment|address|mail|text|body|value|patient|card", re.IGNORECASE)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Everything that a process would write, as it is set up."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    before = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in log.QUIET}
    log.set_up("DEBUG")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = before[0], before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


logger = logging.getLogger("a.test")


def test_an_event_is_one_json_line(lines: Any) -> None:
    log.info(logger, "outbox.pushed", seq=7, count=2, lane="live")

    (line,) = lines()
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "a.test",
        "event": "outbox.pushed",
        "seq": 7,
        "count": 2,
        "lane": "live",
    }


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_each_level_is_told(lines: Any, level: str) -> None:
    getattr(log, level)(logger, "outbox.pushed")

    assert lines()[0]["level"] == level


def test_no_field_is_named_like_a_person() -> None:
    assert [name for name in log.Fields.__annotations__ if PERSONAL.search(name)] == []


def test_a_foreign_line_is_told_without_its_contents(lines: Any) -> None:
    logging.getLogger("foreign").error("could not convert %s", CANARY)

    (line,) = lines()
    assert line["event"] == "foreign.logged"
    assert CANARY not in json.dumps(line, ensure_ascii=False)


def test_an_exception_is_told_by_its_type_and_places(lines: Any) -> None:
    try:
        int(CANARY)
    except ValueError:
        logging.getLogger("foreign").exception("failed")

    (line,) = lines()
    assert line["exception"] == "ValueError"
    assert re.fullmatch(r"test_log\.py:\d+ test_an_exception_is_told_by_its_type_and_places", line["trace"][-1])
    assert CANARY not in json.dumps(line, ensure_ascii=False)


def test_loggers_that_print_contents_are_quiet(lines: Any) -> None:
    for name in log.QUIET:
        logging.getLogger(name).info("contents")

    assert lines() == []


def test_text_stays_readable(lines: Any) -> None:
    log.error(logger, "agent.refused", hint="Возьмите новый код")

    assert lines()[0]["hint"] == "Возьмите новый код"
