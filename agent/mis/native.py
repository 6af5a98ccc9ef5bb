"""What is decided about a SQL Server: our own statements, what an error means, and whether a database may be entered. Pure: errors
come as the driver's arguments, states as numbers; words of the server's are never read."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, TypeAlias

from agent.mis.drivers import no_driver
from agent.mis.port import MisBusy, MisChanged, MisDown, MisError, MisRefused

STAY_OUT_SECONDS = 60.0
"""After we were thrown out or found the door closed: a RESTORE or an update of IDENT must never find our seat taken."""

FIRST_STATEMENTS = (
    "SET LANGUAGE us_english",
    "SET DATEFORMAT ymd",
    "SET LOCK_TIMEOUT 200",
    "SET DEADLOCK_PRIORITY LOW",
)
"""The login speaks Russian: to it '2025-01-02' is the first of February. Each alone: one that is refused takes no other with it."""
LOOK = "SELECT state, user_access, is_auto_close_on FROM sys.databases WHERE name = ?"
NAMES = "SELECT @@SERVERNAME, d.name, d.create_date FROM sys.databases AS d WHERE d.name = DB_NAME()"
LISTED = "SELECT TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'dbo'"
INDEXES = (
    "SELECT t.name, n.name FROM sys.indexes AS i "
    "INNER JOIN sys.tables AS t ON t.object_id = i.object_id AND t.schema_id = SCHEMA_ID('dbo') "
    "INNER JOIN sys.index_columns AS c ON c.object_id = i.object_id AND c.index_id = i.index_id "
    "INNER JOIN sys.columns AS n ON n.object_id = c.object_id AND n.column_id = c.column_id "
    "WHERE i.is_disabled = 0 AND i.is_hypothetical = 0 AND i.has_filter = 0 AND i.type IN (1, 2) AND c.key_ordinal = 1"
)
"""Each table with the column that one of its indexes begins with."""
OUT = "master"

Where: TypeAlias = Literal["knocking", "outside", "inside"]
"""Where our connection stood: not logged in, in `master`, or in the clinic's database."""


@dataclass(frozen=True)
class Database:
    """One row of `sys.databases`, as numbers."""

    state: int
    user_access: int
    auto_close: bool


_ONLINE = _MULTI_USER = 0
_OTHERS_WORK = {1, 2, 7}
"""Restoring, recovering, copying: it comes back by itself."""


_NUMBER = re.compile(r"\((-?\d+)\)(?= \(SQL|;|$)")
"""pyodbc tells the native number in the text only, behind the server's words: `... (1222) (SQLExecDirectW)`."""

_NO_LOGIN = "Сервер не принял логин: проверьте user в разделе [mis] и задайте пароль командой ident-agent secret set."
_NO_DATABASE = (
    "База не найдена или закрыта для логина: проверьте database в разделе [mis] и права, которые выдал Dent-IT."
)
_NO_RIGHTS = "Логину закрыто чтение таблицы: попросите Dent-IT дать право SELECT на таблицы базы IDENT."
_LOST = "В базе IDENT изменились таблицы: если IDENT недавно обновился, обновите агент."
_NO_TLS = {
    True: 'Сервер базы не договорился о шифровании: задайте encrypt = "optional" в разделе [mis]; если так уже стоит, сервер стар: '
    "установите его обновление с TLS 1.2 или драйвер SQL Server Native Client 11 на этот компьютер.",
    False: 'Сервер базы не договорился о шифровании: задайте encrypt = "optional" в разделе [mis]; если так уже стоит, сервер стар: '
    'установите FreeTDS (apt-get install tdsodbc) и задайте driver = "FreeTDS" и encrypt = "off".',
}

_LOGIN = {18452, 18456, 18470, 18486, 18487, 18488}
_DATABASE = {911, 916, 4060, 4064}
_CLOSED = {904, 922, 924, 927, 952, 983}
_GONE = {926, 942, 945}
"""Offline, suspect, without its files: nobody merely works on it."""
_RIGHTS = {229, 230, 297, 300}
_TABLES = {207, 208}
_HELD = {1204, 1205, 1222, 3617}
_THROWN_OUT = {233, 596, 6005, 10053, 10054, 17142, 20004, 20006, 20017, 20047}
"""From 20000 on: FreeTDS's own."""
_BROKEN = ("08S01", "08003", "08007", "01002", "HYT01")
_TLS = {-2146893019, -2146893018, -2146893007, -1, 20}
"""Schannel's, OpenSSL's, and what Microsoft's drivers say of a server that speaks no TLS."""
_HANG_UP = {"08001 104", "08001 10054", "08S01 104", "08S01 10054", "08001 0"}
"""Whoever hears no TLS that he knows hangs up; so do others. The last one is all that FreeTDS tells of a login that failed."""


def number(text: str) -> int | None:
    """The server's own number of the error; the first, where several are told."""
    found = _NUMBER.search(text)
    return int(found[1]) if found else None


def told(args: tuple[object, ...], *, where: Where, windows: bool) -> MisError:
    """What a driver's error means."""
    state, native = (str(args[0]) if args else "")[:5], number(str(args[1])) if len(args) > 1 else None
    code = state if native is None else f"{state} {native}"
    return (
        _of_the_driver(state, native, code, where, windows=windows)
        or _of_our_rights(state, native, code)
        or _of_others(state, native, code, where)
        or MisDown(code)
    )


def _of_the_driver(state: str, native: int | None, code: str, where: Where, *, windows: bool) -> MisError | None:
    """Nobody was reached, for a reason that stays."""
    if state in ("IM002", "IM003", "IM004", "01000"):
        return MisRefused(no_driver(windows=windows), code)
    if native in _TLS and where == "knocking" and state.startswith("08"):
        return MisRefused(_NO_TLS[windows], code)
    return None


def _of_our_rights(state: str, native: int | None, code: str) -> MisError | None:
    """It would not."""
    if native in _LOGIN or (native is None and state == "28000"):
        return MisRefused(_NO_LOGIN, code)
    if native in _DATABASE:
        return MisRefused(_NO_DATABASE, code)
    if native in _RIGHTS:
        return MisRefused(_NO_RIGHTS, code)
    if native in _TABLES or state in ("42S02", "42S22"):
        return MisChanged(_LOST, code=code)
    return None


def _of_others(state: str, native: int | None, code: str, where: Where) -> MisError | None:
    """It could not: others hold what we want, want to be alone with it, or cut the line."""
    if native in _CLOSED:
        return MisBusy(code, STAY_OUT_SECONDS)
    if native in _GONE:
        return MisDown(code, STAY_OUT_SECONDS)
    if native in _HELD or state in ("HY008", "40001"):
        return MisBusy(code)
    if state == "HYT00" and where != "knocking":  # a statement took too long; at the door nobody answers
        return MisBusy(code)
    if native in _THROWN_OUT or state in _BROKEN:
        return MisDown(code, STAY_OUT_SECONDS if where == "inside" else None)
    return None


def way_out(code: str, *, windows: bool) -> str | None:
    """What helps where a login may have failed because of TLS: its error says so no clearer than this."""
    return _NO_TLS[windows] if code in _HANG_UP else None


def is_refusal(args: tuple[object, ...]) -> bool:
    """Whether the server understood and would not, or did not know what was asked: only what that feeds is off."""
    if not args or not str(args[0]).startswith("42"):
        return False
    meaning = told(args, where="inside", windows=False)
    return not isinstance(meaning, MisBusy) and not (isinstance(meaning, MisDown) and meaning.after)


def entry(database: Database | None) -> MisError | None:
    """Why the database may not be entered now; None where it may, or where the server does not say how it stands."""
    if database is None:
        return None
    if database.state in _OTHERS_WORK:
        return MisBusy(f"state {database.state}", STAY_OUT_SECONDS)
    if database.state != _ONLINE:
        return MisDown(f"state {database.state}", STAY_OUT_SECONDS)
    if database.user_access != _MULTI_USER:
        return MisBusy(f"access {database.user_access}", STAY_OUT_SECONDS)
    return None


def use(name: str) -> str:
    """Step into a database."""
    return f"USE {quoted(name)}"


def peek(table: str, columns: Sequence[str]) -> str:
    """Whether these columns may be read; nothing is."""
    return f"SELECT TOP 0 {', '.join(map(quoted, columns))} FROM dbo.{quoted(table)}"  # noqa: S608 our own names


def quoted(name: str) -> str:
    """A name as an identifier."""
    return "[" + name.replace("]", "]]") + "]"


def digest(listed: Iterable[tuple[str, str]]) -> str:
    """Of tables and columns, in whatever order they came."""
    names = sorted(f"{table.lower()}.{column.lower()}" for table, column in listed)
    return blake2b("\n".join(names).encode(), digest_size=8).hexdigest()
