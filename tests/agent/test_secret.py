"""Secrets rest sealed; what another computer sealed is recognised. DPAPI itself runs on Windows only and was not run here."""

import base64
import stat
from pathlib import Path

import pytest

from agent import secret
from agent.secret import DPAPI, OUTBOX_KEY, PASSWORD, PLAIN, Seal, SealedElsewhere, here, sealed, unsealed
from wire.errors import NeedsOperator

BACKWARDS = Seal("backwards", lambda data: data[::-1], lambda data: data[::-1])


def refuses(_data: bytes) -> bytes:
    raise OSError("another computer")


def test_windows_seals_with_dpapi_and_others_keep_a_file_of_their_own() -> None:
    assert (here("win32"), here("linux"), here("darwin")) == (DPAPI, PLAIN, PLAIN)


def test_a_sealed_secret_opens_again() -> None:
    text = sealed("пароль".encode(), BACKWARDS)

    assert text.startswith("backwards:")
    assert unsealed(text, BACKWARDS).decode() == "пароль"


@pytest.mark.parametrize(
    ("text", "seal"),
    [
        (sealed(b"x", BACKWARDS), PLAIN),
        (sealed(b"x", PLAIN), Seal("plain", bytes, refuses)),
        ("plain:&&&", PLAIN),
        ("", PLAIN),
    ],
    ids=["another system", "another computer", "broken", "empty"],
)
def test_a_secret_from_elsewhere_is_recognised(text: str, seal: Seal) -> None:
    with pytest.raises(SealedElsewhere):
        unsealed(text, seal)


def test_dpapi_is_refused_where_there_is_none() -> None:
    with pytest.raises(OSError, match="Windows"):
        DPAPI.close(b"x")


def test_the_password_is_kept_for_us_alone(tmp_path: Path) -> None:
    secret.keep_password(tmp_path, "geheim ж")

    assert secret.password(tmp_path) == "geheim ж"
    assert stat.S_IMODE((tmp_path / PASSWORD).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [PASSWORD]


def test_a_new_password_replaces_the_old(tmp_path: Path) -> None:
    secret.keep_password(tmp_path, "old")
    secret.keep_password(tmp_path, "new")

    assert secret.password(tmp_path) == "new"


def test_no_password_is_none(tmp_path: Path) -> None:
    assert secret.password(tmp_path) is None


def test_a_password_from_another_computer_is_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / PASSWORD).write_text("dpapi:" + base64.b64encode(b"x").decode())

    with pytest.raises(NeedsOperator, match="ident-agent secret set"):
        secret.password(tmp_path)


def test_the_outbox_key_is_made_once(tmp_path: Path) -> None:
    key = secret.outbox_key(tmp_path)

    assert len(key) == 32
    assert secret.outbox_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / OUTBOX_KEY).stat().st_mode) == 0o600


def test_an_outbox_key_from_another_computer_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / OUTBOX_KEY).write_text("dpapi:" + base64.b64encode(b"x" * 32).decode())

    assert secret.outbox_key(tmp_path) == secret.outbox_key(tmp_path)
