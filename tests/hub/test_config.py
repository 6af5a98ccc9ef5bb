"""The hub's environment, as a table."""

import subprocess
import sys
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.config import Address, ConfigError, HubConfig, load

GOOD = {
    "HUB_PUBLIC_URL": "https://hub.example.ru",
    "HUB_MASTER_KEY_FILE": "/etc/ident-hub/master.key",
    "HUB_KEYS_DIR": "/var/lib/ident-hub/keys",
}


def problems(**changed: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(GOOD | changed)
    return str(refused.value).splitlines()


def test_what_is_not_set_has_a_default() -> None:
    config = load(GOOD)

    assert config == HubConfig(
        public_url="https://hub.example.ru",
        master_key_file=Path("/etc/ident-hub/master.key"),
        keys_dir=Path("/var/lib/ident-hub/keys"),
        listen=Address(host="127.0.0.1", port=8080),
        ops_listen=Address(host="127.0.0.1", port=9464),
        database_url="sqlite:///hub.db",
        amocrm_hosts=(),
        amocrm_rate=7,
        business_clock=None,
    )


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("HUB_LISTEN", "0.0.0.0:80", Address(host="0.0.0.0", port=80)),  # noqa: S104 what an operator may write
        ("HUB_LISTEN", "127.0.0.1:0", Address(host="127.0.0.1", port=0)),
        ("HUB_OPS_LISTEN", "[::1]:9000", Address(host="::1", port=9000)),
        ("HUB_PUBLIC_URL", "https://hub.example.ru/", "https://hub.example.ru"),
        ("HUB_PUBLIC_URL", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("HUB_DATABASE_URL", "postgresql://hub:word@db/hub", "postgresql://hub:word@db/hub"),
        ("HUB_AMOCRM_HOSTS", "127.0.0.1:8090, localhost:8091", ("127.0.0.1:8090", "localhost:8091")),
        ("HUB_AMOCRM_RATE", "3", 3),
        ("HUB_BUSINESS_CLOCK", "/run/clock", Path("/run/clock")),
        ("HUB_BUSINESS_CLOCK", "", None),
        ("HUB_SUPPORT", " Орлова Анна, +7 999 000-00-01 ", "Орлова Анна, +7 999 000-00-01"),
        ("HUB_SUPPORT", "", None),
        ("HUB_PRIVACY_URL", "https://example.ru/privacy?a=1", "https://example.ru/privacy?a=1"),
    ],
)
def test_a_setting_is_read(name: str, value: str, read: object) -> None:
    assert getattr(load(GOOD | {name: value}), name.removeprefix("HUB_").lower()) == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_LISTEN", "8080"),
        ("HUB_LISTEN", ":8080"),
        ("HUB_LISTEN", "127.0.0.1:70000"),
        ("HUB_PUBLIC_URL", "hub.example.ru"),
        ("HUB_PUBLIC_URL", "http://hub.example.ru"),
        ("HUB_PUBLIC_URL", "https://hub.example.ru/path"),
        ("HUB_DATABASE_URL", "mysql://db/hub"),
        ("HUB_DATABASE_URL", "sqlite://"),
        ("HUB_AMOCRM_HOSTS", "example.amocrm.ru"),
        ("HUB_AMOCRM_HOSTS", "127.0.0.1:80,10.0.0.1:80"),
        ("HUB_AMOCRM_RATE", "0"),
        ("HUB_AMOCRM_RATE", "fast"),
        ("HUB_AMOCRM_RATE", "8"),
        ("HUB_SUPPORT", "о" * 301),
        ("HUB_PRIVACY_URL", "http://example.ru/privacy"),
        ("HUB_PRIVACY_URL", "javascript:alert(1)"),
        ("HUB_PRIVACY_URL", "https:///privacy"),
    ],
)
def test_a_wrong_setting_is_one_line_that_says_what_to_write(name: str, value: str) -> None:
    (line,) = problems(**{name: value})

    assert line.startswith(f"{name} is {value}; write ")


def test_whom_to_call_is_one_line() -> None:
    assert problems(HUB_SUPPORT="Орлова\nАнна")[0].startswith("HUB_SUPPORT is Орлова")
    assert problems(HUB_SUPPORT="  ")[0].startswith("HUB_SUPPORT is ")


def test_a_stand_in_may_be_asked_faster_than_amocrm() -> None:
    config = load(GOOD | {"HUB_AMOCRM_HOSTS": "127.0.0.1:8090", "HUB_AMOCRM_RATE": "200"})

    assert config.amocrm_rate == 200


def test_every_problem_is_named_at_once() -> None:
    lines = problems(HUB_PUBLIC_URL="", HUB_LISTEN="x", HUB_LISTENS="y", HUB_COLOUR="blue")

    assert [line.split(" ")[0] for line in lines] == ["HUB_PUBLIC_URL", "HUB_LISTEN", "HUB_LISTENS", "HUB_COLOUR"]
    assert lines[0].startswith("HUB_PUBLIC_URL is not set; write ")
    assert lines[2] == "HUB_LISTENS is not known; write HUB_LISTEN"
    assert "leave it out" in lines[3]


def test_a_password_is_never_shown() -> None:
    (line,) = problems(HUB_DATABASE_URL="mysql://hub:s3/c@ret@db/hub")

    assert "s3" not in line
    assert "ret" not in line


def test_run_helps_with_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])

    told = capsys.readouterr().out
    assert all(f"  HUB_{field.upper()}: write " in told for field in HubConfig.model_fields)
    assert "default 127.0.0.1:8080" in told


def test_a_wrong_environment_ends_the_process_with_2_and_one_line_a_problem() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "hub", "run"], env={"HUB_LISTEN": "x"}, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 2
    assert [line.split(" ")[0] for line in ended.stderr.splitlines()] == [
        "HUB_PUBLIC_URL",
        "HUB_MASTER_KEY_FILE",
        "HUB_KEYS_DIR",
        "HUB_LISTEN",
    ]
