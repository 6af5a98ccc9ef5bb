"""The composition of the panel: who answers at which address."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True)
class Service:
    """What the panel serves; `close` ends its open streams at once."""

    routes: tuple[web.RouteDef, ...]
    close: Callable[[], None]
