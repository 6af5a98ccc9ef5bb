"""Which ODBC driver to take, and how to write a connection string that says to it what we mean. Pure: nothing is opened here."""

import re
from collections.abc import Collection, Mapping, Sequence

from agent.mis.port import MisConfig, MisRefused

APPLICATION = "IDENT Link"
FREETDS = "FreeTDS"
OLDEST = "SQL Server"
"""What every Windows brings along."""
_WINDOWS = (
    "ODBC Driver 18 for SQL Server",
    "ODBC Driver 17 for SQL Server",
    "ODBC Driver 13.1 for SQL Server",
    "ODBC Driver 13 for SQL Server",
    "SQL Server Native Client 11.0",
    OLDEST,
)
_MICROSOFT = _WINDOWS[:4]

_STRICT = 'Для encrypt = "strict" установите Microsoft ODBC Driver 18 for SQL Server.'
_NO_SUCH = (
    "Драйвера из строки driver раздела [mis] на этом компьютере нет: исправьте её или удалите, агент выберет сам."
)
_UNSAYABLE = (
    "Драйвер FreeTDS не передаёт пароль или имя, где есть «};»: попросите Dent-IT сменить пароль или установите "
    "Microsoft ODBC Driver 18 for SQL Server."
)


def no_driver(*, windows: bool) -> str:
    """What to install."""
    if windows:
        return "Установите Microsoft ODBC Driver 18 for SQL Server (msodbcsql.msi) и запустите агент снова."
    return "Установите драйвер базы: apt-get install unixodbc tdsodbc (или Microsoft ODBC Driver 18), и запустите агент снова."


def choose(installed: Collection[str], files: Sequence[str], *, windows: bool, wanted: str | None = None) -> str:
    """The driver to take of those that are registered and, outside Windows, of those that lie somewhere as files; `wanted` is what
    the config says."""
    names = {name.lower(): name for name in installed}
    if wanted is not None:
        return _wanted(wanted, names, files, windows=windows)
    found = [names[name.lower()] for name in (_WINDOWS if windows else _MICROSOFT) if name.lower() in names]
    if not windows:  # there a file may be named
        registered = [names[FREETDS.lower()]] if FREETDS.lower() in names else []
        ours = [file for file in files if not is_freetds(file)]
        found += [*ours, *registered, *(file for file in files if is_freetds(file))]
    if not found:
        raise MisRefused(no_driver(windows=windows), "IM002")
    return found[0]


def _wanted(wanted: str, names: Mapping[str, str], files: Sequence[str], *, windows: bool) -> str:
    if "/" in wanted and not windows:
        return wanted
    if wanted.lower() in names:
        return names[wanted.lower()]
    free = [file for file in files if is_freetds(file)]
    if is_freetds(wanted) and free and not windows:
        return free[0]
    raise MisRefused(_NO_SUCH, "IM002")


def is_freetds(driver: str) -> bool:
    """By its name or by its file's."""
    return driver.lower() == FREETDS.lower() or "tdsodbc" in driver.rsplit("/", 1)[-1].lower()


def connection_string(config: MisConfig, driver: str, password: str) -> str:
    """To `master`: whoever stands in the database itself is in the way of a restore. It ends in a semicolon: FreeTDS takes the brace
    of the last value for a part of it otherwise."""
    parts = {
        "DRIVER": driver,
        **_server(config, driver),
        "DATABASE": "master",
        "UID": config.user,
        "PWD": password,
        "APP": APPLICATION,
        **_encryption(config, driver),
    }
    return "".join(f"{name}={braced(value, driver)};" for name, value in parts.items())


def braced(value: str, driver: str) -> str:
    """In braces, where nothing but their end means anything. FreeTDS knows no doubled brace: to it the end is `};` and nothing else."""
    if not is_freetds(driver):
        return "{" + value.replace("}", "}}") + "}"
    if "};" in value:
        raise MisRefused(_UNSAYABLE, "driver")
    return "{" + value + "}"


def _server(config: MisConfig, driver: str) -> dict[str, str]:
    host = config.host or ""
    if config.port is not None:
        return {"SERVER": host, "PORT": str(config.port)} if is_freetds(driver) else {"SERVER": f"{host},{config.port}"}
    return {"SERVER": host if config.instance is None else f"{host}\\{config.instance}"}


_FREETDS_WORDS = {"off": "off", "optional": "request", "mandatory": "require"}
_WORDS = {"off": "no", "optional": "no", "mandatory": "yes", "strict": "strict"}
_STRICT_SINCE = 18


def _encryption(config: MisConfig, driver: str) -> dict[str, str]:
    """Microsoft's drivers encrypt the login in any case; with `mandatory` and `strict` they also check the certificate. FreeTDS makes
    no handshake at all with `off`, and trusts any certificate."""
    if config.encrypt == "strict" and _version(driver) < _STRICT_SINCE:
        raise MisRefused(_STRICT, "driver")
    if is_freetds(driver):
        return {"Encryption": _FREETDS_WORDS[config.encrypt]}
    encrypt = {"Encrypt": _WORDS[config.encrypt]}
    if driver == OLDEST:  # it does not know the second word
        return encrypt
    return {**encrypt, "TrustServerCertificate": "yes" if config.encrypt in ("off", "optional") else "no"}


def _version(driver: str) -> int:
    """Of Microsoft's own drivers; 0 for all others."""
    found = re.search(r"(?:ODBC Driver |msodbcsql-?)(\d+)", driver, re.IGNORECASE)
    return int(found[1]) if found else 0
