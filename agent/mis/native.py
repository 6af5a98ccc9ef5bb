"""What is decided about a SQL Server: which driver to take, how to write the connection string, what an error means, and whether a
database may be entered. Pure: errors come as the driver's arguments, states as numbers; words of the server's are never read."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from agent.mis.port import MisBusy, MisChanged, MisConfig, MisDown, MisError, MisRefused

APPLICATION = "IDENT Link"
STAY_OUT_SECONDS = 60.0
"""After we were thrown out or found the door closed: a RESTORE or an update of IDENT must never find our seat taken."""

FIRST_STATEMENT = "SET LANGUAGE us_english; SET DATEFORMAT ymd; SET LOCK_TIMEOUT 200; SET DEADLOCK_PRIORITY LOW"
"""The login speaks Russian: to it '2025-01-02' is the first of February."""

FREETDS = "FreeTDS"
_WINDOWS = (
    "ODBC Driver 18 for SQL Server",
    "ODBC Driver 17 for SQL Server",
    "ODBC Driver 13.1 for SQL Server",
    "ODBC Driver 13 for SQL Server",
    "SQL Server Native Client 11.0",
    "SQL Server",
)
_ELSEWHERE = (*_WINDOWS[:4], FREETDS)


@dataclass(frozen=True)
class Database:
    """One row of `sys.databases`, as numbers."""

    state: int
    user_access: int
    auto_close: bool


def driver(installed: Collection[str], *, windows: bool, bundled: str | None = None) -> str:
    """The driver to take; `bundled` is the path of one that came as a Python package (only outside Windows may a path be named)."""
    wanted = _WINDOWS if windows else _ELSEWHERE
    names = {name.lower(): name for name in installed}
    found = [names[name.lower()] for name in wanted if name.lower() in names]
    if bundled is not None and not windows and found[:1] in ([], [FREETDS]):
        return bundled
    if not found:
        raise MisRefused(no_driver(windows=windows), "IM002")
    return found[0]


def no_driver(*, windows: bool) -> str:
    """What to install."""
    if windows:
        return "Установите Microsoft ODBC Driver 18 for SQL Server (msodbcsql.msi) и запустите агент снова."
    return "Установите драйвер базы: apt-get install unixodbc tdsodbc (или Microsoft ODBC Driver 18), и запустите агент снова."


def connection_string(config: MisConfig, driver: str, password: str) -> str:
    """To `master`: whoever stands in the database itself is in the way of a restore."""
    server = config.host or ""
    if config.port is not None:
        server += f",{config.port}"
    elif config.instance is not None:
        server += f"\\{config.instance}"
    parts = {
        "DATABASE": "master",
        "UID": config.user,
        "PWD": password,
        "APP": APPLICATION,
        **_encryption(config, driver),
    }
    if _is_freetds(driver) and config.port is not None:
        parts = {"SERVER": config.host or "", "PORT": str(config.port), **parts}
    else:
        parts = {"SERVER": server, **parts}
    return ";".join(f"{name}={_braced(value)}" for name, value in {"DRIVER": driver, **parts}.items())


def _encryption(config: MisConfig, driver: str) -> dict[str, str]:
    """`optional` encrypts the login alone and trusts any certificate; `mandatory` and `strict` check it."""
    speaks_strict = " 18" in driver or "/" in driver
    if config.encrypt == "strict" and not speaks_strict:
        raise MisRefused('Для encrypt = "strict" установите Microsoft ODBC Driver 18 for SQL Server.', "driver")
    if _is_freetds(driver):
        return {"Encryption": "request" if config.encrypt == "optional" else "require"}
    encrypt = {"optional": "no", "mandatory": "yes", "strict": "strict"}[config.encrypt]
    if driver == "SQL Server":  # the oldest one does not know the second word
        return {"Encrypt": encrypt}
    return {"Encrypt": encrypt, "TrustServerCertificate": "yes" if config.encrypt == "optional" else "no"}


def _is_freetds(driver: str) -> bool:
    return driver.lower() == FREETDS.lower()


def _braced(value: str) -> str:
    """In braces, where nothing but the closing brace means anything."""
    return "{" + value.replace("}", "}}") + "}"


_NUMBER = re.compile(r"\((-?\d+)\)(?= \(SQL|;|$)")
"""pyodbc tells the native number in the text only, behind the server's words: `... (1222) (SQLExecDirectW)`."""

_NO_LOGIN = "Сервер не принял логин: проверьте user в разделе [mis] и задайте пароль командой ident-agent secret set."
_NO_DATABASE = (
    "База не найдена или закрыта для логина: проверьте database в разделе [mis] и права, которые выдал Dent-IT."
)
_NO_RIGHTS = "Логину закрыто чтение таблицы: попросите Dent-IT дать право SELECT на таблицы базы IDENT."
_LOST = "В базе IDENT изменились таблицы: если IDENT недавно обновился, обновите агент."
_NO_TLS = (
    'Сервер базы не договорился о шифровании: задайте encrypt = "optional" в разделе [mis]; если сервер старый, '
    "установите ODBC Driver 17 или SQL Server Native Client 11."
)

_LOGIN = {18452, 18456, 18470, 18486, 18487, 18488}
_DATABASE = {911, 916, 4060, 4064}
_CLOSED = {904, 922, 924, 927, 942, 952, 983}
_RIGHTS = {229, 230, 297, 300}
_TABLES = {207, 208}
_HELD = {1204, 1205, 1222, 3617}
_THROWN_OUT = {233, 596, 6005, 10053, 10054, 17142}
_TLS = {-2146893019, -2146893018, -2146893007}


def number(text: str) -> int | None:
    """The server's own number of the error; the first, where several are told."""
    found = _NUMBER.search(text)
    return int(found[1]) if found else None


def told(args: tuple[object, ...], *, inside: bool, windows: bool) -> MisError:
    """What a driver's error means. `inside`: the connection had worked before."""
    state, native = (str(args[0]) if args else "")[:5], number(str(args[1])) if len(args) > 1 else None
    code = state if native is None else f"{state} {native}"
    stay_out = STAY_OUT_SECONDS if inside else None
    if native in _LOGIN or (native is None and state == "28000"):
        return MisRefused(_NO_LOGIN, code)
    if native in _DATABASE:
        return MisRefused(_NO_DATABASE, code)
    if native in _CLOSED:
        return MisBusy(code, STAY_OUT_SECONDS)
    if native in _RIGHTS:
        return MisRefused(_NO_RIGHTS, code)
    if native in _TABLES or state in ("42S02", "42S22"):
        return MisChanged(_LOST, code=code)
    if native in _HELD or state in ("HY008", "40001"):
        return MisBusy(code)
    if native in _TLS:
        return MisRefused(_NO_TLS, code)
    if state in ("IM002", "IM003", "IM004", "01000"):
        return MisRefused(no_driver(windows=windows), code)
    if native in _THROWN_OUT or state in ("08S01", "08003", "01002"):
        return MisDown(code, stay_out)
    return MisDown(code)


def is_refusal(args: tuple[object, ...]) -> bool:
    """Whether the server understood and would not, or did not know what was asked: only what that feeds is off."""
    understood = bool(args) and str(args[0]).startswith("42")
    return understood and not isinstance(told(args, inside=False, windows=False), MisBusy)


def entry(database: Database | None) -> MisError | None:
    """Why the database may not be entered now; None where it may."""
    if database is None:
        return MisRefused(_NO_DATABASE, "911")
    if database.state != 0:  # ONLINE
        return MisBusy(f"state {database.state}", STAY_OUT_SECONDS)
    if database.user_access != 0:  # MULTI_USER
        return MisBusy(f"access {database.user_access}", STAY_OUT_SECONDS)
    return None


def quoted(name: str) -> str:
    """A name as an identifier."""
    return "[" + name.replace("]", "]]") + "]"
