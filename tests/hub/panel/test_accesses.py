"""`ident-hub accesses` on a journal that holds, and on one that somebody changed."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.clock import machine_now
from hub.panel.journal import Journal
from hub.store.engine import open_store
from hub.store.vault import KeyFiles
from tests.hub.panel.serving import OTHER, install_two, visitor
from tests.hub.panel.tokens import ACCOUNT
from tests.hub.processes import Hub


async def _write(hub: Hub, keys: KeyFiles) -> None:
    async with open_store(f"sqlite:///{hub.folder / 'hub.db'}", keys) as store:
        await install_two(store)
        journal = Journal(store)
        for n in range(3):
            await journal.note(visitor(500 + n), "card", (f"deal:{n}", "db_1:4410"))
        await journal.note(visitor(900, OTHER), "search", ())


@pytest.fixture
def hub(
    tmp_path: Path, migrated_sqlite: bytes, master_key: bytes, keys: KeyFiles, monkeypatch: pytest.MonkeyPatch
) -> Hub:
    """A hub whose journal has three rows of one account, and one of another."""
    (tmp_path / "master.key").write_text(master_key.hex())
    (tmp_path / "hub.db").write_bytes(migrated_sqlite)
    made = Hub(tmp_path)
    asyncio.run(_write(made, keys))
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def said(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, list[str], str]]:
    """Exit code, lines and complaint of the command."""

    monkeypatch.setattr("wire.log.set_up", lambda _level: None)  # it would keep this test's standard error

    def run(*words: str) -> tuple[int, list[str], str]:
        code = main(["accesses", "--account", str(ACCOUNT), *words])
        printed = capsys.readouterr()
        return code, printed.out.splitlines(), printed.err

    return run


def test_the_journal_is_listed_by_ids_and_verified(said: Callable[..., tuple[int, list[str], str]]) -> None:
    code, lines, complaint = said()

    assert (code, complaint) == (0, "")
    assert [line.split()[0] for line in lines[:-1]] == ["1", "2", "3"]
    assert lines[1].endswith("501 card deal:1 db_1:4410")
    assert lines[-1] == "The journal holds: 3 rows."


def test_since_shows_the_newer_ones_and_verifies_all(hub: Hub, said: Callable[..., tuple[int, list[str], str]]) -> None:
    tomorrow = (machine_now() + timedelta(days=1)).date().isoformat()
    assert said("--since", tomorrow) == (0, ["The journal holds: 3 rows."], "")

    hub.sql("UPDATE accesses SET user_id = 7 WHERE n = 1 AND account_id = ?", ACCOUNT)
    assert said("--since", tomorrow)[0] == 1


def test_a_journal_that_was_changed_is_named_by_its_row(
    hub: Hub, said: Callable[..., tuple[int, list[str], str]]
) -> None:
    hub.sql("DELETE FROM accesses WHERE n = 2 AND account_id = ?", ACCOUNT)

    code, lines, complaint = said()

    assert code == 1
    assert len(lines) == 2
    assert f"account {ACCOUNT} is broken at row 3" in complaint
