"""What the rest of the agent may ask of a clinic's database, and how it may fail. Knows no driver.

MisError
  MisDown      it did not answer; it will be tried again        Retry
    MisBusy    it answered, but somebody holds what we want     Retry
      MisAway  we were not there: somebody wishes that we stay out
  MisRefused   login or rights                                  NeedsOperator
  MisChanged   a table or column that we need is not there      NeedsOperator
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias

from agent.away import Away
from wire.errors import NeedsOperator, Retry

Cell: TypeAlias = int | str | bytes | Decimal | datetime | date | None
Row: TypeAlias = Mapping[str, Cell]
"""Column name -> value. A column that the login cannot read is not in it; NULL is None. Times are naive wall clock."""

Param: TypeAlias = int | bytes | datetime | tuple[int, ...]
"""A tuple fills `IN (?)`."""

Columns: TypeAlias = Mapping[str, frozenset[str]]
"""Table -> its readable columns."""


@dataclass(frozen=True)
class MisConfig:
    """Where the clinic's database is: `host` with `instance` or `port`, or the `url` of a demo clinic (sqlite:///file)."""

    timezone: str
    host: str | None = None
    instance: str | None = None
    port: int | None = None
    database: str = "PZ"
    user: str = "readonly_user"
    password: Callable[[], str] = lambda: ""
    encrypt: Literal["off", "optional", "mandatory", "strict"] = "optional"
    driver: str | None = None
    """A driver's registered name or, outside Windows, its file; None takes the best one that is there."""
    url: str | None = None


@dataclass(frozen=True)
class Server:
    """The database server's own view: its wall clock, the lowest rowversion that may still be committed, and the last one given
    out. What it refused to tell is None."""

    now: datetime
    bound: bytes | None
    last: bytes | None

    @property
    def open_transaction(self) -> bool:
        """Whether rowversions were given out that may not be committed yet."""
        return self.bound is not None and self.last is not None and self.bound <= self.last


@dataclass(frozen=True)
class Look:
    """By what a database is told from others and its shape from what it was: `created` is when it was made, or put there by a restore;
    `shape` a digest of all tables and columns that the login is shown; `indexed` are the columns by which an index finds rows, in small
    letters: `receptions.rowversion`. What the server refused to tell is None."""

    server: str | None
    name: str | None
    created: datetime | None
    shape: str
    indexed: frozenset[str] = frozenset()


class MisError(Exception):
    """The clinic's database. `code` is an SQLSTATE or a native number: never the server's own text, which may quote rows."""

    code = ""


class MisDown(MisError, Retry):
    """It did not answer; it will be tried again."""

    def __init__(self, code: str = "", after: float | None = None) -> None:
        Retry.__init__(self, after)
        self.code = code

    def __str__(self) -> str:
        return f"no answer ({self.code})"


class MisBusy(MisDown):
    """It answered, but what we want is held by others (a lock, a deadlock, a restore)."""

    def __str__(self) -> str:
        return f"busy ({self.code})"

    @property
    def is_lock(self) -> bool:
        """Whether somebody merely holds a row: what is beside it can be read."""
        return type(self) is MisBusy and self.after is None


class MisAway(MisBusy):
    """Nothing was asked: a pause, or quiet hours."""

    def __init__(self, away: Away) -> None:
        MisBusy.__init__(self, away.why)
        self.away = away


class MisRefused(MisError, NeedsOperator):
    """It let us not in, or not look."""

    def __init__(self, hint: str, code: str = "") -> None:
        NeedsOperator.__init__(self, hint)
        self.code = code

    def __str__(self) -> str:
        return f"refused ({self.code}): {self.hint}"


class MisChanged(MisError, NeedsOperator):
    """What we cannot do without is not there: `missing` names tables and columns."""

    def __init__(self, hint: str, missing: tuple[str, ...] = (), code: str = "") -> None:
        NeedsOperator.__init__(self, hint)
        self.missing, self.code = missing, code

    def __str__(self) -> str:
        return f"changed ({self.code}): {self.hint}"


class Answers(Protocol):
    """Whoever can be asked our statements."""

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        """Run `queries/<query>.sql`."""
        ...


class Mis(Protocol):
    """A clinic's database, open for reading."""

    async def server(self) -> Server:
        """The server's clock and rowversions, asked in a statement of its own."""
        ...

    async def look(self) -> Look:
        """Which database this is, and whether its shape changed; cheap enough for once a minute."""
        ...

    async def columns(self) -> Columns:
        """What the login can read; later statements leave out what it cannot."""
        ...

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        """Run `queries/<query>.sql`."""
        ...

    async def leave(self) -> None:
        """Nothing is asked until the next step: stand out of the way of whoever wants the database for himself."""
        ...
