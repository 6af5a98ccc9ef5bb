"""What MIS_TEST_DSN says, and what is asked of the server that it names before anything is tested. Texts only: nothing is sent."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from agent.mis.port import MisConfig

ENV = "MIS_TEST_DSN"
SERVER = "sqlserver"
"""The tests that need it have this in their names."""
_PART = re.compile(r"\s*([^=;]+?)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)\s*(?:;|$)")
_SERVER = ("server", "addr", "address", "network address")
Encrypt = Literal["off", "optional", "mandatory", "strict"]


class NotUnderstood(Exception):
    """It does not say what we need."""


class NoLogin(Exception):
    """The suite reads through a login of its own that may only read, and may not make it."""

    def __init__(self) -> None:
        super().__init__(
            f"The login of {ENV} may make no logins: give it ALTER ANY LOGIN (role securityadmin), or name another one."
        )


def unrun(count: int) -> str:
    """What is said without it."""
    return f"{count} contract tests were not run against a SQL Server: set {ENV} to a connection string with create rights."


def parts(text: str) -> dict[str, str]:
    """Keyword, in small letters -> value, without its braces."""
    found: dict[str, str] = {}
    for match in _PART.finditer(text):
        name, value = match[1].strip().lower(), match[2].strip()
        found.setdefault(name, value[1:-1].replace("}}", "}") if value.startswith("{") else value)
    return found


def in_database(text: str, database: str) -> str:
    """The same connection string, into this database."""
    kept = "".join(
        f"{match[0].rstrip(';').strip()};"
        for match in _PART.finditer(text)
        if match[1].strip().lower() not in ("database", "initial catalog")
    )
    return f"{kept}DATABASE={database};"


def config(text: str, database: str, user: str, password: str) -> MisConfig:
    """How an agent would be configured for that server; it logs in as `user`."""
    known = parts(text)
    server = next((known[name] for name in _SERVER if name in known), None)
    if server is None:
        raise NotUnderstood(
            f"{ENV} must name SERVER=... (and DRIVER=...), as an agent's config does; a DSN=... alone hides it."
        )
    host, instance, port = _address(server, known)
    strict = known.get("encrypt", "").lower() == "strict"
    return MisConfig(
        timezone="Europe/Moscow",
        host=host,
        instance=instance,
        port=port,
        database=database,
        user=user,
        password=lambda: password,
        encrypt="strict" if strict else "optional",
        driver=known.get("driver"),
    )


def _address(server: str, known: Mapping[str, str]) -> tuple[str, str | None, int | None]:
    host, _, port = re.sub(r"^(tcp|np|lpc):", "", server, flags=re.IGNORECASE).partition(",")
    name, _, instance = host.partition("\\")
    number = port.strip() or known.get("port", "")
    return name.strip(), instance.strip() or None, int(number) if number else None


def database_made(name: str) -> Iterator[str]:
    """As the clinics' servers are: Russian, locking readers, and open behind the last guest."""
    yield f"CREATE DATABASE [{name}] COLLATE Cyrillic_General_CI_AS"
    yield f"ALTER DATABASE [{name}] SET READ_COMMITTED_SNAPSHOT OFF"
    yield f"ALTER DATABASE [{name}] SET AUTO_CLOSE OFF"
    yield f"ALTER DATABASE [{name}] SET RECOVERY SIMPLE"


def login_made(name: str, password: str) -> Iterator[str]:
    """A login that speaks Russian, as the vendor's does."""
    yield f"CREATE LOGIN [{name}] WITH PASSWORD = N'{password}', CHECK_POLICY = OFF, DEFAULT_LANGUAGE = [Russian]"


def rights_given(name: str) -> Iterator[str]:
    """In the database: to read, and nothing else."""
    yield f"CREATE USER [{name}] FOR LOGIN [{name}]"
    yield f"GRANT SELECT ON SCHEMA::dbo TO [{name}]"


def gone(name: str) -> Iterator[str]:
    """Nothing stays; whoever still reads is thrown out."""
    yield f"ALTER DATABASE [{name}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE"
    yield f"DROP DATABASE [{name}]"
    yield f"DROP LOGIN [{name}]"
