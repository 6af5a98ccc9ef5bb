"""The page on which an admin lets an integration into an account, `/oauth`: what it is asked with, how it looks. Gives out nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from demo.amocrm.errors import Denied, Refused
from demo.amocrm.model import User
from demo.amocrm.stand_in import StandIn

_KNOWN = {"client_id", "state", "mode"}


@dataclass(frozen=True)
class Asked:
    """`mode=post_message` is for a button on somebody's site: not built."""

    state: str | None

    @property
    def query(self) -> str:
        return urlencode({} if self.state is None else {"state": self.state})


def asked(stand_in: StandIn, user: User, query: Mapping[str, str]) -> Asked:
    """What the integration asks with; raises where amoCRM would not show the page."""
    if unknown := sorted(query.keys() - _KNOWN):
        raise Refused(400, f"Not documented: {', '.join(unknown)}")
    if query.get("client_id") != stand_in.integration.client_id:
        raise Refused(404, "No such integration.")
    if query.get("mode", "popup") != "popup":
        raise Refused(400, "mode should be popup; post_message is not built.")
    if not user.is_admin:
        raise Denied
    return Asked(query.get("state"))


def page(stand_in: StandIn, wanted: Asked) -> str:
    """Two buttons."""
    query = escape(wanted.query)
    name = escape(stand_in.account.subdomain)
    return f"""<!doctype html><html lang="ru"><meta charset="utf-8"><title>Доступ к аккаунту</title>
<link rel="stylesheet" href="/_stand-in/files/base.css"><link rel="stylesheet" href="/_stand-in/files/market.css">
<main class="consent"><h1>Дать интеграции доступ к аккаунту «{name}»?</h1>
<p>Она прочитает и изменит сделки, контакты и задачи от имени администратора.</p>
<form method="post" action="/oauth?{query}"><button class="button button_main" name="allow" value="yes">Разрешить</button>
<button class="button" name="allow" value="no">Отказать</button></form></main></html>"""
