"""The demo's folder: remembered as it was left, held by one demo alone, and clear about what is wrong with it."""

import socket
from datetime import date
from pathlib import Path

import pytest

from demo.folder import Folder, FolderTrouble, Ports, Remembered, check_free

DAY = date(2026, 11, 24)


def begun(path: Path, *, installed: bool = False) -> Remembered:
    with Folder(path) as folder:
        what = folder.begin(seed=5, visits=120, day=DAY).model_copy(update={"installed": installed})
        folder.remember(what)
        return what


def test_the_next_start_finds_what_the_first_has_left(tmp_path: Path) -> None:
    what = begun(tmp_path / "a" / "demo", installed=True)

    with Folder(tmp_path / "a" / "demo") as folder:
        assert folder.remembered() == what
    assert len(set(what.ports.model_dump().values())) == 4


def test_a_new_folder_remembers_nothing(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder:
        assert folder.remembered() is None


def test_what_a_first_start_did_not_finish_is_begun_anew(tmp_path: Path) -> None:
    begun(tmp_path)
    (tmp_path / "clinic.db").write_text("half")
    (tmp_path / "keys" / "a").mkdir(parents=True)
    (tmp_path / "keys" / "a" / "b.key").write_text("old")

    begun(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.json", "lock"]


def test_a_folder_with_somebody_elses_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "диссертация.docx").write_text("важное")

    with Folder(tmp_path) as folder, pytest.raises(FolderTrouble, match=r"чужое \(диссертация\.docx\)"):
        folder.begin(seed=5, visits=120, day=DAY)
    assert (tmp_path / "диссертация.docx").read_text() == "важное"


def test_two_demos_do_not_play_in_one_folder(tmp_path: Path) -> None:
    what = begun(tmp_path)

    with Folder(tmp_path), pytest.raises(FolderTrouble, match=f"уже идёт: http://127.0.0.1:{what.ports.page}/"):
        Folder(tmp_path).__enter__()
    with Folder(tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "{}", "{", '{"seed": "x"}', "[]"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "demo.json").write_text(text)

    with Folder(tmp_path) as folder, pytest.raises(FolderTrouble, match=r"demo\.json испорчен: начните заново"):
        folder.remembered()


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("")

    with pytest.raises(FolderTrouble, match="не открывается"):
        Folder(tmp_path / "demo").__enter__()


def test_a_port_that_somebody_holds_is_named() -> None:
    with socket.socket() as taken, socket.socket() as free:
        for one in (taken, free):
            one.bind(("127.0.0.1", 0))
        taken.listen()
        port, other = taken.getsockname()[1], free.getsockname()[1]
        free.close()

        with pytest.raises(FolderTrouble, match=f"Порт {port} занят"):
            check_free(Ports(page=other, crm=other, hub=port, line=other))
        check_free(Ports(page=other, crm=other, hub=other, line=other))
