"""A person's word that rows are deleted holds for a day, and only where it can be read."""

from argparse import Namespace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.commands.deleted import command
from agent.deleted import NAME, Word
from agent.status import NAME as STATUS_NAME
from tests.agent.hub_end import NOON
from tests.agent.test_status import STATUS


def test_it_holds_for_a_day_and_can_be_taken_back(tmp_path: Path) -> None:
    at = [NOON]
    word = Word(tmp_path, lambda: at[0])
    assert not word.holds()
    word.give()
    at[0] += timedelta(hours=23, minutes=59)
    assert word.holds()
    at[0] += timedelta(minutes=1)
    assert not word.holds()
    at[0] = NOON - timedelta(days=400)
    assert not word.holds(), "a clock that was far ahead when it was given"
    word.take_back()
    word.take_back()
    at[0] = NOON
    assert not word.holds()


@pytest.mark.parametrize("data", [b"", b"{}", b"yes", b'{"until": 5}', b'{"until": "2026-11-24T12:00"}', b"\xff"])
def test_what_cannot_be_read_says_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / NAME).write_bytes(data)
    assert not Word(tmp_path, lambda: NOON).holds()


def test_the_command_gives_it_and_takes_it_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for answer, holds in (("yes", True), ("no", False)):
        assert command(Namespace(answer=answer, state=tmp_path, config=None))
        assert Word(tmp_path).holds() is holds
    assert "на одну сверку" in capsys.readouterr().out


@pytest.mark.parametrize(("doubted", "holds"), [({}, False), ({"visit": 60}, True), (None, True)])
def test_where_nothing_is_doubted_no_word_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], doubted: dict[str, int] | None, holds: bool
) -> None:
    """None: an older agent wrote it, and does not say."""
    status = STATUS.model_copy(update={"doubted": doubted})
    (tmp_path / STATUS_NAME).write_text(status.model_dump_json())
    assert command(Namespace(answer="yes", state=tmp_path, config=None))
    assert Word(tmp_path).holds() is holds
    assert ("Подтверждать нечего" in capsys.readouterr().out) is not holds
