"""A wrong file gives a line for each problem; a file as people write it is read."""

import sys
from pathlib import Path

import pytest

from agent.away import quiet_hours
from agent.config import Config, default_folder, load, state_folder
from agent.toml import ConfigError

GOOD = """
state_dir = "state"
[hub]
url = "https://hub.example.ru"
[mis]
host = "localhost"
instance = "PZSQLSERVER"
timezone = "Europe/Moscow"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agent.toml"


def lines(path: Path, text: str | bytes) -> list[str]:
    """What is said of a wrong file."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as wrong:
        load(path)
    return str(wrong.value).splitlines()


def good(path: Path, text: str | bytes) -> Config:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path)


def test_a_short_file_gets_the_defaults(path: Path) -> None:
    config = good(path, GOOD)

    assert (config.hub.url, config.mis.host, config.mis.instance) == (
        "https://hub.example.ru",
        "localhost",
        "PZSQLSERVER",
    )
    assert (config.mis.database, config.mis.user, config.mis.encrypt) == ("PZ", "readonly_user", "optional")
    assert (config.scan.scan_every_seconds, config.scan.budget_percent_of_core) == (0.5, 2)
    assert config.link.state_every_seconds == 10
    assert config.leave.fields == ("visit.comment:off", "visit.services:off")


def test_every_key_can_be_set(path: Path) -> None:
    config = good(
        path,
        """
[hub]
url = "http://127.0.0.1:8080/"
[mis]
host = "192.168.1.5"
port = 50026
database = "PZ_TEST"
user = "reader"
encrypt = "strict"
timezone = "Asia/Yekaterinburg"
[scan]
scan_every_seconds = 1
budget_percent_of_core = 5.5
[leave]
services = true
comments = true
[link]
state_every_seconds = 0.1
""",
    )

    assert config.hub.url == "http://127.0.0.1:8080"
    assert (config.mis.port, config.mis.database, config.mis.user, config.mis.encrypt) == (
        50026,
        "PZ_TEST",
        "reader",
        "strict",
    )
    assert (config.scan.scan_every_seconds, config.scan.budget_percent_of_core) == (1, 5.5)
    assert config.leave.fields == ("visit.comment", "visit.services")
    assert config.link.state_every_seconds == 0.1


def test_the_demo_clinic_is_a_file(path: Path) -> None:
    text = GOOD.replace('host = "localhost"\ninstance = "PZSQLSERVER"', 'url = "sqlite:////srv/clinic.db"')

    assert good(path, text).mis.url == "sqlite:////srv/clinic.db"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_notepads_ways_to_save_a_file_are_all_read(path: Path, encoding: str, ends: str) -> None:
    text = "# Клиника на Ленина\n" + GOOD

    assert good(path, text.replace("\n", ends).encode(encoding)).mis.host == "localhost"


@pytest.mark.parametrize(
    ("key", "line", "found", "write"),
    [
        ("hub.url", 'url = "http://hub.example.ru"', "«http://hub.example.ru»", 'url = "https://hub.example.ru"'),
        ("hub.url", 'url = "ftp://hub.example.ru"', "«ftp://hub.example.ru»", 'url = "https://hub.example.ru"'),
        ("hub.url", 'url = "https://hub.example.ru/agent"', "«https://hub.example.ru/agent»", 'url = "https://hub.example.ru"'),
        ("hub.url", 'url = "https://me:geheim@hub.example.ru"', "«https://…@hub.example.ru»", 'url = "https://hub.example.ru"'),
        ("hub.url", "url = 5", "5", 'url = "https://hub.example.ru"'),
        ("mis.host", r"host = 'PC\SQL'", r"«PC\SQL»", 'host = "localhost"'),
        ("mis.host", 'host = ""', "«»", 'host = "localhost"'),
        ("mis.host", "host = true", "true", 'host = "localhost"'),
        ("mis.host", 'host = "localhost,1433"', "«localhost,1433»", 'host = "localhost"'),
        ("mis.instance", r"instance = 'PC\SQL'", r"«PC\SQL»", 'instance = "PZSQLSERVER"'),
        ("mis.port", 'port = "abc"', "«abc»", "port = 50026"),
        ("mis.port", "port = 0", "0", "port = 50026"),
        ("mis.port", "port = 70000", "70000", "port = 50026"),
        ("mis.database", 'database = ""', "«»", 'database = "PZ"'),
        ("mis.user", "user = 7", "7", 'user = "readonly_user"'),
        ("mis.encrypt", 'encrypt = "none"', "«none»", 'encrypt = "optional"'),
        ("mis.driver", 'driver = ""', "«»", 'driver = "FreeTDS"'),
        ("mis.quiet_hours", 'quiet_hours = "2-4"', "«2-4»", 'quiet_hours = "02:00-04:00"'),
        ("mis.quiet_hours", 'quiet_hours = "02:00-25:00"', "«02:00-25:00»", 'quiet_hours = "02:00-04:00"'),
        ("mis.quiet_hours", 'quiet_hours = "02:00-02:00"', "«02:00-02:00»", 'quiet_hours = "02:00-04:00"'),
        ("mis.quiet_hours", 'quiet_hours = ["02:00-04:00"]', "список", 'quiet_hours = "02:00-04:00"'),
        ("mis.timezone", 'timezone = "Moscow"', "«Moscow»", 'timezone = "Europe/Moscow"'),
        ("mis.timezone", 'timezone = "Europe"', "«Europe»", 'timezone = "Europe/Moscow"'),
        ("mis.timezone", 'timezone = "../etc"', "«../etc»", 'timezone = "Europe/Moscow"'),
        ("mis.timezone", "timezone = 3", "3", 'timezone = "Europe/Moscow"'),
        ("mis.url", 'url = "mssql://sa:geheim@pc/PZ"', "«mssql://…@pc/PZ»", 'url = "sqlite:///clinic.db"'),
        ("scan.scan_every_seconds", "scan_every_seconds = 0", "0", "scan_every_seconds = 0.5"),
        ("scan.scan_every_seconds", 'scan_every_seconds = "often"', "«often»", "scan_every_seconds = 0.5"),
        ("scan.budget_percent_of_core", "budget_percent_of_core = 200", "200", "budget_percent_of_core = 2"),
        ("leave.services", "services = 5", "5", "services = false"),
        ("leave.comments", 'comments = "maybe"', "«maybe»", "comments = false"),
        ("link.state_every_seconds", "state_every_seconds = -1", "-1", "state_every_seconds = 10"),
        ("link.state_every_seconds", "state_every_seconds = [1]", "список", "state_every_seconds = 10"),
        ("hub", "hub = 5", "5", "[hub]"),
        ("state_dir", "state_dir = 5", "5", r"state_dir = 'C:\ProgramData\IdentLink'"),
    ],
)  # fmt: skip
def test_each_wrong_key_gives_its_line(path: Path, key: str, line: str, found: str, write: str) -> None:
    (said,) = lines(path, with_line(key, line))

    assert said.startswith(f"agent.toml: {key}: сейчас {found}; ожидается: ")
    assert f"напишите: {write}" in said
    assert "geheim" not in said


def with_line(key: str, line: str) -> str:
    """The good file with this line in its section instead of what stands there."""
    section, _, name = key.rpartition(".")
    if key == "hub":
        return line + GOOD.replace('[hub]\nurl = "https://hub.example.ru"', "")
    kept = [old for old in GOOD.splitlines() if old.partition(" =")[0] != name or (name == "url" and section == "mis")]
    if name == "port":
        kept = [old for old in kept if not old.startswith("instance")]
    if not section:
        return "\n".join([line, *kept])
    place = kept.index(f"[{section}]") + 1 if f"[{section}]" in kept else len(kept)
    head = [] if f"[{section}]" in kept else [f"[{section}]"]
    return "\n".join([*kept[:place], *head, line, *kept[place:]])


def test_each_problem_has_a_line_of_its_own(path: Path) -> None:
    said = lines(path, '[mis]\nport = "abc"\nencrypt = "none"\n')

    assert [line.split(": ")[1] for line in said] == ["hub", "mis.port", "mis.encrypt", "mis.timezone"]


def test_an_unknown_key_is_named_with_the_one_that_was_meant(path: Path) -> None:
    (said,) = lines(path, GOOD + 'prot = "geheim"\n')

    assert "mis.prot: сейчас неизвестный ключ" in said
    assert said.endswith("напишите: port")
    assert "geheim" not in said


@pytest.mark.parametrize("key", ["password", "Password", "pwd", "пароль", "secret"])
def test_a_password_in_the_file_is_refused_and_never_shown(path: Path, key: str) -> None:
    (said,) = lines(path, GOOD + f'"{key}" = "geheim"\n')

    assert "ident-agent secret set" in said
    assert "geheim" not in said


@pytest.mark.parametrize(
    "line",
    [r'host = "PC\SQL"', r'host = "PC\new"', r'host = "PC\Users"', r'database = "\temp"'],
    ids=["no escape", "an escape by accident", "half an escape", "a tabulator by accident"],
)
def test_a_backslash_in_double_quotes_is_explained(path: Path, line: str) -> None:
    name = line.split()[0]
    text = "\n".join(line if old.startswith(name) else old for old in GOOD.splitlines())
    text = text if line in text else f"{text}\n{line}"

    (said,) = lines(path, text)

    assert name in said
    assert r"обратная черта \ в двойных кавычках" in said
    assert r"одинарных кавычках или двойная черта \\" in said


def test_a_backslash_in_the_state_folder_is_explained_too(path: Path) -> None:
    (said,) = lines(path, GOOD.replace('state_dir = "state"', r'state_dir = "C:\Users\ident"'))

    assert "строка 2, state_dir" in said
    assert r"state_dir = 'C:\IdentLink'" in said


def test_a_single_quoted_path_is_taken_as_it_stands(path: Path) -> None:
    config = good(path, GOOD.replace('state_dir = "state"', r"state_dir = 'C:\new\temp'"))

    assert config.state_dir == r"C:\new\temp"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[hub\nurl = 1", "строка 1: сейчас не TOML"),
        (GOOD + "\npassword = geheim\n", "строка 10, password: сейчас не TOML"),
        (GOOD + '\nhost = "other"\n', "строка 10, host: сейчас не TOML"),
        ("", "hub: сейчас ничего нет"),
        ("Клиника".encode("cp1251"), "файл: сейчас другая кодировка; ожидается: UTF-8"),
    ],
    ids=["broken", "no quotes", "twice", "empty", "ANSI"],
)
def test_a_file_that_is_no_toml_is_told_with_its_place(path: Path, text: str | bytes, said: str) -> None:
    first = lines(path, text)[0]

    assert said in first
    assert "geheim" not in first


def test_a_missing_file_is_told(path: Path) -> None:
    with pytest.raises(ConfigError, match="файл: сейчас его нет"):
        load(path)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('port = 1433\n', "есть и instance, и port"),
        ('url = "sqlite:///clinic.db"\n', "нет ни host, ни url, или есть оба"),
    ],
)  # fmt: skip
def test_two_ways_to_name_one_thing_are_refused(path: Path, more: str, said: str) -> None:
    (line,) = lines(path, GOOD + more)

    assert f"mis: сейчас {said}" in line


def test_a_source_must_be_named(path: Path) -> None:
    (line,) = lines(path, GOOD.replace('host = "localhost"\ninstance = "PZSQLSERVER"\n', ""))

    assert "нет ни host, ни url" in line


def test_a_relative_state_folder_lies_beside_the_config(path: Path) -> None:
    assert state_folder(good(path, GOOD), path) == path.parent / "state"


def test_without_a_word_the_state_lies_where_the_system_keeps_state(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = good(path, GOOD.replace('state_dir = "state"', ""))
    assert state_folder(config, path) == Path("/var/lib/ident-link")

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("PROGRAMDATA", r"D:\ProgramData")
    assert str(default_folder()) in (r"D:\ProgramData/IdentLink", r"D:\ProgramData\IdentLink")


def test_the_example_file_is_right_and_names_every_key() -> None:
    example = Path(__file__).parent.parent.parent / "deploy" / "agent" / "agent.toml"
    text = example.read_text("utf-8")

    assert load(example).hub.url == "https://hub.example.ru"
    for field in Config.model_fields.values():
        keys = getattr(field.annotation, "model_fields", {})
        assert [key for key in keys if f"{key} = " not in text] == []


def test_the_service_does_not_start_again_what_only_a_person_can_mend() -> None:
    unit = Path(__file__).parent.parent.parent / "deploy" / "agent" / "ident-agent.service"
    lines = unit.read_text("utf-8").splitlines()

    assert {"Restart=always", "RestartPreventExitStatus=2 3", "StateDirectoryMode=0700"} <= set(lines)


def test_hours_and_driver_are_read(path: Path) -> None:
    mis = good(path, GOOD + 'quiet_hours = "23:30-05:00, 13:00-13:15"\ndriver = "FreeTDS"\nencrypt = "off"\n').mis

    assert mis.quiet_hours == quiet_hours("23:30-05:00,13:00-13:15")
    assert (mis.driver, mis.encrypt) == ("FreeTDS", "off")
    assert good(path, GOOD).mis.quiet_hours == ()
