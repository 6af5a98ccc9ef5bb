"""Which hosts may be an amoCRM account: a host name arrives from outside and decides where secrets are sent. Pure."""

import re
from collections.abc import Iterable

from hub.config import is_loopback
from wire.errors import NeedsOperator

_AMOCRM = re.compile(r"[a-z0-9][a-z0-9-]*\.(amocrm\.ru|amocrm\.com|kommo\.com)")


class Hosts:
    """amoCRM's own hosts, by https; and the loopback hosts of stand-ins that the configuration names, by http."""

    def __init__(self, stand_ins: Iterable[str] = ()) -> None:
        self._stand_ins = frozenset(host.lower() for host in stand_ins)
        if outside := [host for host in self._stand_ins if not is_loopback(host)]:
            raise ValueError(f"{', '.join(sorted(outside))}: a stand-in may only stand on this machine")

    def known(self, host: str) -> str | None:
        """The host in its one form, or None where it is no host of amoCRM."""
        name = host.strip().lower()
        return name if name in self._stand_ins or _AMOCRM.fullmatch(name) else None

    def base(self, host: str) -> str:
        """Where the requests of an account go, e.g. `https://example.amocrm.ru`."""
        name = self.known(host)
        if name is None:
            raise NeedsOperator(
                "Give the account's host as in the browser's address bar, for example example.amocrm.ru."
            )
        return f"{'http' if name in self._stand_ins else 'https'}://{name}"
