"""The command line as a clinic's IT person meets it: exit codes, a line for each problem, Russian, and never a secret."""

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent import secret
from agent.__main__ import parser
from agent.away import Away
from agent.secret import PASSWORD
from demo.clinic.make import create
from tests.agent.hub_end import Hub, HubConnection, listening
from tests.agent.processes import config, run, running
from tests.agent.test_app import DEMO
from tests.agent.test_identity import Desk, accepted
from tests.agent.test_status import STATUS
from wire.frames import Ask, Fault, State

OK, CONFIG, OPERATOR = 0, 2, 3


@pytest.mark.parametrize(
    "command", ["run", "enroll", "secret", "check", "status", "pause", "deleted", "reconcile-money"]
)
def test_help_is_russian(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parser().parse_args([command, "--help"])
    said = capsys.readouterr()

    assert (end.value.code, said.err) == (OK, "")
    assert said.out.startswith("Как вызывать: ident-agent")
    for english in ("usage", "options", "positional", "show this"):
        assert english not in said.out


@pytest.mark.parametrize("arguments", [(), ("dance",), ("enroll",), ("secret", "get"), ("run", "--fast")])
def test_a_command_that_is_not_understood_says_where_to_look(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parser().parse_args(arguments)
    said = capsys.readouterr()

    assert (end.value.code, said.out) == (CONFIG, "")
    assert "ident-agent --help" in said.err


@pytest.mark.parametrize("env", [{"PYTHONIOENCODING": "cp866"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}], ids=["cp866", "C"])
async def test_its_words_are_utf8_whatever_the_console(env: dict[str, str]) -> None:
    end = await run("--help", env=env)

    assert "Агент читает базу IDENT" in end.out


@pytest.mark.parametrize("command", ["run", "check", "enroll https://hub.example.ru c0de"])
async def test_a_wrong_config_gives_a_line_for_each_problem_and_no_secret(tmp_path: Path, command: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(
        '[hub]\nurl = "https://me:geheim1@hub.example.ru"\n[mis]\npassword = "geheim2"\nport = 0\ntimezone = "Moscow"\n'
    )

    end = await run(*command.split(), "--config", path, given=b"geheim3\n")

    assert (end.code, end.out) == (CONFIG, "")
    assert [line.split(": ")[1] for line in end.err.splitlines()] == [
        "hub.url",
        "mis.port",
        "mis.timezone",
        "mis.password",
    ]
    assert "geheim" not in end.said


# secret set


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"geheim\n", "geheim"),
        (b"geheim\r\n", "geheim"),
        (b"\xef\xbb\xbfgeheim\r\n", "geheim"),
        ("пароль ж \n".encode(), "пароль ж "),
        (b"geheim", "geheim"),
    ],
    ids=["a line", "a Windows line", "PowerShell", "Russian, ends in a space", "no end"],
)
async def test_a_password_comes_through_a_pipe(tmp_path: Path, given: bytes, kept: str) -> None:
    end = await run("secret", "set", "--state", tmp_path / "state", given=given)

    assert (end.code, end.err) == (OK, "")
    assert secret.password(tmp_path / "state") == kept
    assert kept.strip() not in end.said
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state" / PASSWORD).stat().st_mode) == 0o600


@pytest.mark.parametrize("given", [b"", b"\n", "пароль\n".encode("cp866")], ids=["nothing", "an empty line", "cp866"])
async def test_what_is_no_password_is_refused(tmp_path: Path, given: bytes) -> None:
    end = await run("secret", "set", "--state", tmp_path, given=given)

    assert end.code == OPERATOR
    assert "ident-agent secret set" in end.err
    assert secret.password(tmp_path) is None


CLOSED = "import tempfile\ndef closed(*_, **__): raise PermissionError(13, 'Канарейкин')\ntempfile.mkstemp = closed"


@pytest.mark.parametrize("command", ["secret set", "enroll http://127.0.0.1:1 c0de"])
async def test_in_a_folder_that_is_closed_to_us_a_command_says_who_should_run_it(tmp_path: Path, command: str) -> None:
    end = await run(*command.split(), "--state", tmp_path, given=b"geheim\n", code=CLOSED)

    assert (end.code, end.out) == (OPERATOR, "")
    assert "запустите команду от имени службы или администратора" in end.err
    assert len(end.err.splitlines()) == 1


# enroll


async def test_an_address_that_is_none_says_what_one_looks_like(tmp_path: Path) -> None:
    end = await run("enroll", "https://hub..ru", "c0de", "--state", tmp_path)

    assert (end.code, end.out) == (OPERATOR, "")
    assert end.err.startswith("Адрес хаба не подходит: нужен вид https://hub.example.ru")


async def test_an_enrolment_says_who_we_are_now_and_not_the_code(tmp_path: Path) -> None:
    async with Desk(accepted()).open() as desk:
        end = await run("enroll", desk.url, "c0de-geheim", "--config", config(tmp_path, desk.url))

    assert (end.code, end.err) == (OK, "")
    assert "агент ag_7 зарегистрирован" in end.out
    assert "geheim" not in end.said


async def test_a_refused_enrolment_says_what_to_do(tmp_path: Path) -> None:
    end = await run("enroll", "http://127.0.0.1:1", "c0de", "--state", tmp_path)

    assert (end.code, end.out) == (OPERATOR, "")
    assert end.err == "Хаб не отвечает: проверьте адрес и выход в интернет, затем повторите с тем же кодом.\n"


# status


async def test_a_good_status_is_shown(tmp_path: Path) -> None:
    fresh = STATUS.model_copy(update={"at": datetime.now(UTC) + timedelta(seconds=10)})  # noqa: TID251 of this machine
    (tmp_path / "status.json").write_text(fresh.model_dump_json())

    end = await run("status", "--state", tmp_path)

    assert (end.code, end.err) == (OK, "")
    assert "Связь с хабом: есть" in end.out


async def test_a_database_that_does_not_answer_needs_a_person(tmp_path: Path) -> None:
    now = datetime.now(UTC)  # noqa: TID251 of this machine
    down = STATUS.model_copy(update={"at": now + timedelta(seconds=10), "mis": "down"})
    (tmp_path / "status.json").write_text(down.model_dump_json())
    alone = await run("status", "--state", tmp_path)
    away = down.model_copy(update={"away": Away("pause", now + timedelta(hours=1))})
    (tmp_path / "status.json").write_text(away.model_dump_json())
    paused = await run("status", "--state", tmp_path)

    assert (alone.code, paused.code) == (OPERATOR, OK)
    assert "SQL Server запущен" in alone.out
    assert "Сделайте" not in paused.out


async def test_the_status_of_an_agent_that_does_not_run_needs_a_person(tmp_path: Path) -> None:
    never = await run("status", "--state", tmp_path)
    (tmp_path / "status.json").write_text(STATUS.model_dump_json())
    gone = await run("status", "--state", tmp_path)

    assert (never.code, gone.code) == (OPERATOR, OPERATOR)
    assert "ещё не запускался" in never.out
    assert gone.out.startswith("Агент не работает")


# pause


async def test_a_running_agent_leaves_the_database_for_a_pause_and_comes_back(tmp_path: Path) -> None:
    create(tmp_path / "clinic.db", seed=1, visits=20, day=DEMO, zone="Europe/Moscow")
    moods: asyncio.Queue[str] = asyncio.Queue()
    faults: list[str] = []

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        for mood in ("ok", "busy", "ok"):
            while (await hub.next(State)).mis != mood:
                pass
            if mood == "busy":
                await hub.send(Ask(id=1, ask="card", args={"phones": ["+79990001234"]}, deadline_ms=5000))
                faults.append((await hub.next(Fault)).code)
            moods.put_nowait(mood)

    async with listening(hub := Hub(script)):
        path = config(tmp_path, hub.enroll(tmp_path / "state"))
        async with running("run", "--config", path):
            await moods.get()
            begins = await run("pause", "1h", "--config", path)
            await moods.get()
            shown, tried = await run("status", "--config", path), await run("check", "--config", path)
            ends = await run("pause", "off", "--config", path)
            await moods.get()
            await hub.done()

    assert [end.code for end in (begins, shown, tried, ends)] == [OK] * 4
    assert faults == ["busy"]
    assert "не заходит" in begins.out
    assert "закончить раньше: ident-agent pause off" in shown.out
    assert "База IDENT: не проверяется до" in tried.out


async def test_a_pause_that_is_none_says_what_to_write(tmp_path: Path) -> None:
    end = await run("pause", "forever", "--state", tmp_path)

    assert (end.code, end.out) == (OPERATOR, "")
    assert "ident-agent pause 1h" in end.err
    assert (await run("pause", "off", "--state", tmp_path)).out == "Паузы нет.\n"


# check


async def test_a_check_disturbs_no_running_agent(tmp_path: Path) -> None:
    create(tmp_path / "clinic.db", seed=1, visits=20, day=DEMO, zone="Europe/Moscow")

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await hub.next(State, lambda state: state.mis == "ok")

    async with listening(hub := Hub(script)):
        path = config(tmp_path, hub.enroll(tmp_path / "state"))
        async with running("run", "--config", path) as agent:
            await hub.done()
            end = await run("check", "--config", path)
            still_runs = agent.returncode is None and hub.connections[0].ws.close_code is None

    assert (end.code, end.err) == (OK, "")
    names = [line[9:].split(":")[0] for line in end.out.splitlines()]
    assert list(dict.fromkeys(names)) == [
        "Настройки", "Папка состояния", "Место на диске", "База IDENT", "Права и таблицы", "Хаб", "Часы", "Регистрация", "Работа",
    ]  # fmt: skip
    assert "ОШИБКА" not in end.out
    assert end.out.endswith("Работа: агент запущен\n")
    assert still_runs
    assert len(hub.connections) == 1  # a dial of its own would have cut off the agent


async def test_a_check_changes_nothing(tmp_path: Path) -> None:
    create(tmp_path / "clinic.db", seed=1, visits=20, day=DEMO, zone="Europe/Moscow")
    async with listening(hub := Hub()):
        path = config(tmp_path, hub.enroll(tmp_path / "state"))
        before = contents(tmp_path / "state")
        end = await run("check", "--config", path)

    assert end.code == OK
    assert contents(tmp_path / "state") == before


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_a_check_of_nothing_says_what_to_do_first(tmp_path: Path) -> None:
    end = await run("check", "--config", config(tmp_path, "http://127.0.0.1:1"))

    assert (end.code, end.err) == (OPERATOR, "")
    wrong = [line.split(": ")[0].removeprefix("ОШИБКА").strip() for line in end.out.splitlines() if "ОШИБКА" in line]
    assert wrong == ["Папка состояния", "База IDENT", "Хаб", "Регистрация"]


async def test_a_check_without_odbc_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    secret.keep_password(tmp_path / "state", "geheim")
    path = config(tmp_path, "http://127.0.0.1:1", mis='host = "127.0.0.1"\nport = 1')

    end = await run("check", "--config", path, code="import sys\nsys.modules['pyodbc'] = None")

    assert end.code == OPERATOR
    assert "unixodbc" in end.out
    assert "geheim" not in end.said
