"""Sealed values, and the keys that open them."""

import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from hub.store.vault import KeyFiles, master_key
from wire.errors import NeedsOperator

NAME = "Канарейкин"


def test_a_sealed_value_opens_at_its_place(keys: KeyFiles) -> None:
    vault = keys.account(31)
    sealed = vault.seal(NAME, "records:db_1:patient:7")

    assert vault.open(sealed, "records:db_1:patient:7") == NAME
    assert NAME.encode() not in sealed


def test_a_sealed_value_opens_at_no_other_place(keys: KeyFiles) -> None:
    sealed = keys.account(31).seal(NAME, "records:db_1:patient:7")

    with pytest.raises(NeedsOperator):
        keys.account(31).open(sealed, "records:db_1:patient:8")


def test_a_sealed_value_opens_for_no_other_account(keys: KeyFiles) -> None:
    sealed = keys.account(31).seal(NAME, "here")

    with pytest.raises(NeedsOperator):
        keys.account(32).open(sealed, "here")


def test_the_same_value_is_sealed_differently_each_time(keys: KeyFiles) -> None:
    vault = keys.account(31)

    assert vault.seal(NAME, "here") != vault.seal(NAME, "here")


def test_a_changed_value_does_not_open(keys: KeyFiles) -> None:
    sealed = bytearray(keys.account(31).seal(NAME, "here"))
    sealed[-1] ^= 1

    with pytest.raises(NeedsOperator):
        keys.account(31).open(bytes(sealed), "here")


def test_phones_match_within_an_account_and_not_across(keys: KeyFiles) -> None:
    one, other = keys.account(31), keys.account(32)

    assert one.mac("+79990001234") == one.mac("+79990001234")
    assert one.mac("+79990001234") != one.mac("+79990001235")
    assert one.mac("+79990001234") != other.mac("+79990001234")


def test_an_erased_key_makes_values_unreadable(keys: KeyFiles, tmp_path: Path, master_key: bytes) -> None:
    sealed = keys.account(31).seal(NAME, "here")
    kept = keys.account(32).seal(NAME, "here")

    keys.erase(31)

    for reader in (keys, KeyFiles(tmp_path / "keys", master_key)):
        with pytest.raises(NeedsOperator):
            reader.account(31).open(sealed, "here")
        assert reader.account(32).open(kept, "here") == NAME


def test_keys_are_of_no_use_without_the_master_key(keys: KeyFiles, tmp_path: Path) -> None:
    keys.account(31)

    with pytest.raises(NeedsOperator):
        KeyFiles(tmp_path / "keys", secrets.token_bytes(32)).account(31)


def test_key_files_are_for_the_hub_alone(keys: KeyFiles, tmp_path: Path) -> None:
    keys.account(31)

    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()] == [0o600]


def test_two_processes_that_make_the_same_key_agree(tmp_path: Path, master_key: bytes) -> None:
    """Many processes wait for a sign, then all make the same account's key at the same moment."""
    program = (
        "import sys; from pathlib import Path; from hub.store.vault import KeyFiles\n"
        "keys = KeyFiles(Path(sys.argv[1]), bytes.fromhex(sys.argv[2])); print('waiting', flush=True); sys.stdin.readline()\n"
        "print(' '.join(keys.account(n).mac('x') for n in range(20)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "keys"), master_key.hex()]
    racing = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in racing:
        assert process.stdout
        assert process.stdout.readline() == "waiting\n"
    said = []
    for process in racing:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in racing:
        output, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
        said.append(output)

    assert len(set(said)) == 1


@pytest.mark.parametrize("text", ["", "abc", "00" * 31, "zz" * 32])
def test_a_wrong_master_key_names_the_way_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "master.key").write_text(text)

    with pytest.raises(NeedsOperator, match="ident-hub key"):
        master_key(tmp_path / "master.key")


def test_a_master_key_is_read(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text("ab" * 32 + "\n")

    assert master_key(tmp_path / "master.key") == bytes.fromhex("ab" * 32)
