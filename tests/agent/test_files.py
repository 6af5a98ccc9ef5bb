"""The state folder is ours alone, and a file in it is the old or the new one."""

import os
import pwd
import stat
import tempfile
from pathlib import Path

import pytest

from agent import files
from agent.lock import only_one
from wire.errors import NeedsOperator


def test_the_folder_is_made_for_us_alone(tmp_path: Path) -> None:
    folder = files.open_folder(tmp_path / "a" / "state")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    assert stat.S_IMODE(files.open_folder(tmp_path).stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(NeedsOperator, match="state_dir"):
        files.open_folder(tmp_path / "file")


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.replace(tmp_path / "f", b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        files.replace(tmp_path / "f", b"new")

    assert files.read(tmp_path / "f") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_line_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"theirs\n")
    (tmp_path / "journal").symlink_to(tmp_path / "other")

    with pytest.raises(OSError):
        files.append(tmp_path / "journal", b"ours")

    assert (tmp_path / "other").read_bytes() == b"theirs\n"


def test_a_durable_write_syncs_the_file_and_then_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(stat.S_ISDIR(os.fstat(handle).st_mode)))

    files.replace(tmp_path / "f", b"x")
    assert synced == [False, True]

    files.replace(tmp_path / "f", b"y", durable=False)
    assert synced == [False, True]


def test_two_agents_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.lock.PAUSE_SECONDS", 0)

    with only_one(tmp_path):
        with pytest.raises(NeedsOperator, match="уже запущен"), only_one(tmp_path):
            pass

    with only_one(tmp_path):  # free again
        pass


def closed(*_: object, **__: object) -> int:
    raise PermissionError(13, "Permission denied")


def test_a_file_that_may_not_be_written_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "mkstemp", closed)

    with pytest.raises(NeedsOperator, match=r"f недоступен \(ошибка 13\): запустите команду от имени службы"):
        files.keep(tmp_path / "f", b"new")


def test_a_lock_that_is_closed_to_us_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", closed)

    with pytest.raises(NeedsOperator, match=r"agent\.lock недоступен"), only_one(tmp_path):
        pass


def test_root_runs_no_agent_in_anothers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What he made there would be closed to the service."""
    owner = next(entry for entry in pwd.getpwall() if entry.pw_uid)
    if os.geteuid() == 0:
        os.chown(tmp_path, owner.pw_uid, -1)
        name = owner.pw_name
    else:
        name = pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    with pytest.raises(NeedsOperator, match=f"runuser -u {name} -- ident-agent run"):
        files.refuse_root(tmp_path)


def test_a_folder_is_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.refuse_root(tmp_path)  # root's own, where root runs this

    monkeypatch.setattr(os, "geteuid", lambda: 1001)
    files.refuse_root(tmp_path)
