"""What `agent.toml` may say, as frozen values. Knows no secrets: those are kept apart, by `secret.py`."""

import os
import re
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from agent.address import WrongAddress, hub_address
from agent.away import QuietHours, quiet_hours
from agent.toml import ConfigError, Problem, read_toml, shown


@dataclass(frozen=True)
class Wants:
    """What a key wants, for people: what is expected, and a line to write."""

    expected: str
    write: str


def _hub(value: object) -> str:
    try:
        return hub_address(value if isinstance(value, str) else "")
    except WrongAddress as wrong:
        raise PydanticCustomError(f"address_{wrong.code}", "address") from None


def _zone(value: object) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (ValueError, KeyError, OSError):  # not found is a KeyError, a folder of zones an OSError
        raise PydanticCustomError("zone", "zone") from None


def _quiet_hours(value: object) -> QuietHours:
    try:
        return quiet_hours(str(value))
    except ValueError:
        raise PydanticCustomError("hours", "hours") from None


Name: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]


class Section(BaseModel):
    """A table of the file; a key that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Hub(Section):
    """Where the hub is."""

    url: Annotated[
        str,
        PlainValidator(_hub),
        Wants(
            "адрес хаба, начинается с https:// (http:// только на этом же компьютере)", 'url = "https://hub.example.ru"'
        ),
    ]


class Source(Section):
    """Where IDENT's database is: `host` with `instance` or `port`, or `url` of a demo clinic."""

    host: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\\/,\s]+$", max_length=255)] | None,
        Wants("имя или адрес компьютера с базой, без имени экземпляра", 'host = "localhost"'),
    ] = None
    instance: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\\/,\s]+$", max_length=128)] | None,
        Wants("имя экземпляра SQL Server, без имени компьютера", 'instance = "PZSQLSERVER"'),
    ] = None
    port: Annotated[
        Annotated[int, Field(ge=1, le=65535)] | None, Wants("целое число от 1 до 65535", "port = 50026")
    ] = None
    database: Annotated[Name, Wants("имя базы IDENT", 'database = "PZ"')] = "PZ"
    user: Annotated[Name, Wants("логин, который выдал Dent-IT", 'user = "readonly_user"')] = "readonly_user"
    encrypt: Annotated[
        Literal["off", "optional", "mandatory", "strict"],
        Wants("одно из: off, optional, mandatory, strict", 'encrypt = "optional"'),
    ] = "optional"
    driver: Annotated[
        Name | None,
        Wants("имя драйвера ODBC или, в Linux, путь к его файлу", 'driver = "FreeTDS" или удалите строку'),
    ] = None
    timezone: Annotated[
        str,
        PlainValidator(_zone),
        Wants("часовой пояс клиники по базе IANA", 'timezone = "Europe/Moscow"'),
    ]
    quiet_hours: Annotated[
        QuietHours,
        PlainValidator(_quiet_hours),
        Wants("часы от и до по часам клиники, через запятую", 'quiet_hours = "02:00-04:00"'),
    ] = ()
    url: Annotated[
        Annotated[str, StringConstraints(pattern=r"^sqlite:///.+")] | None,
        Wants("файл демонстрационной клиники", 'url = "sqlite:///clinic.db"'),
    ] = None

    @model_validator(mode="after")
    def _one_source(self) -> "Source":
        if (self.host is None) == (self.url is None):
            raise PydanticCustomError("one_source", "host or url")
        if self.instance is not None and self.port is not None:
            raise PydanticCustomError("instance_or_port", "instance or port")
        return self


class Scan(Section):
    """How often IDENT is read, and how much of the server that may take."""

    scan_every_seconds: Annotated[
        float, Field(ge=0.01, le=60), Wants("число секунд от 0.01 до 60", "scan_every_seconds = 0.5")
    ] = 0.5
    budget_percent_of_core: Annotated[
        float, Field(gt=0, le=100), Wants("доля одного ядра в процентах, до 100", "budget_percent_of_core = 2")
    ] = 2


class Leave(Section):
    """What may leave the clinic beyond what deals need."""

    services: Annotated[bool, Wants("true или false", "services = false")] = False
    comments: Annotated[bool, Wants("true или false", "comments = false")] = False

    @property
    def fields(self) -> tuple[str, ...]:
        """As `hello` and the digests name them; `:off` marks what may not leave."""
        switches = {"visit.comment": self.comments, "visit.services": self.services}
        return tuple(name if on else f"{name}:off" for name, on in switches.items())


class Link(Section):
    """The connection to the hub."""

    state_every_seconds: Annotated[
        float, Field(ge=0.05, le=60), Wants("число секунд от 0.05 до 60", "state_every_seconds = 10")
    ] = 10


class Config(Section):
    """The whole file."""

    state_dir: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None,
        Wants("папка состояния агента, в одинарных кавычках", r"state_dir = 'C:\ProgramData\IdentLink'"),
    ] = None
    hub: Annotated[Hub, Wants("раздел с адресом хаба", '[hub] и строку url = "https://hub.example.ru"')]
    mis: Annotated[
        Source, Wants("раздел с базой IDENT", '[mis] и строки host = "localhost", timezone = "Europe/Moscow"')
    ]
    scan: Annotated[Scan, Wants("раздел", "[scan]")] = Scan()
    leave: Annotated[Leave, Wants("раздел", "[leave]")] = Leave()
    link: Annotated[Link, Wants("раздел", "[link]")] = Link()


def default_folder() -> Path:
    """Where the state lies when nobody says."""
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "IdentLink"
    return Path("/var/lib/ident-link")


def default_path() -> Path:
    """Where the config lies when nobody says."""
    return default_folder() / "agent.toml" if sys.platform == "win32" else Path("/etc/ident-link/agent.toml")


def state_folder(config: Config, path: Path) -> Path:
    """The state folder; a relative one lies beside the config: a service's working folder is anybody's guess."""
    return default_folder() if config.state_dir is None else path.absolute().parent / config.state_dir


def load(path: Path) -> Config:
    """Read the file; raises `ConfigError` with every problem in it."""
    data = read_toml(path)
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise ConfigError(path, tuple(_problem(e["type"], e["loc"], e.get("input")) for e in found)) from None


_SECTION_PROBLEMS = {
    "one_source": (
        "нет ни host, ни url, или есть оба",
        "что-то одно",
        'host = "localhost" (url только для демонстрации)',
    ),
    "instance_or_port": (
        "есть и instance, и port",
        "что-то одно",
        'instance = "PZSQLSERVER" или port = 50026, а другую строку удалите',
    ),
}
_SECRET = re.compile("pass|pwd|secret|token|парол", re.IGNORECASE)


def _problem(kind: str, loc: tuple[int | str, ...], value: object) -> Problem:
    key = ".".join(map(str, loc))
    if kind in _SECTION_PROBLEMS:
        return Problem(key, *_SECTION_PROBLEMS[kind])
    section = _section(loc[:-1])
    wants = _wants(section, str(loc[-1]))
    if wants is None:
        return _unknown(key, str(loc[-1]), sorted(section.model_fields))
    return Problem(key, "ничего нет" if kind == "missing" else shown(value), wants.expected, wants.write)


def _unknown(key: str, name: str, known: list[str]) -> Problem:
    """The value is not shown: it may be a password."""
    if _SECRET.search(name):
        return Problem(key, "пароль в файле", "пароль отдельно", "ident-agent secret set, а эту строку удалите")
    close = get_close_matches(name, known, n=1)
    return Problem(
        key,
        "неизвестный ключ",
        f"один из: {', '.join(known)}",
        close[0] if close else "известный ключ или удалите строку",
    )


def _section(loc: tuple[int | str, ...]) -> type[Section]:
    found = Config.model_fields[str(loc[0])].annotation if loc else Config
    return found if isinstance(found, type) and issubclass(found, Section) else Config


def _wants(section: type[Section], name: str) -> Wants | None:
    field = section.model_fields.get(name)
    return next((m for m in field.metadata if isinstance(m, Wants)), None) if field else None
