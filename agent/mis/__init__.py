"""The only code that knows IDENT: how to reach its database, what to ask it, and what its rows mean."""

from agent.mis.book import SHIPPED, Book
from agent.mis.door import Door
from agent.mis.opening import open_mis
from agent.mis.overrides import overrides_beside
from agent.mis.port import (
    Columns,
    Look,
    Mis,
    MisBusy,
    MisChanged,
    MisConfig,
    MisDown,
    MisError,
    MisRefused,
    Row,
    Server,
)

__all__ = [
    "open_mis",
    "Door",
    "Book",
    "SHIPPED",
    "overrides_beside",
    "Mis",
    "MisConfig",
    "Server",
    "Row",
    "Columns",
    "Look",
    "MisError",
    "MisDown",
    "MisBusy",
    "MisRefused",
    "MisChanged",
]
