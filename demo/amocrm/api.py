"""The API of an account: which routes there are, who calls, what was refused as not documented; knows no limits and no faults."""

import re

from demo.amocrm import (
    catalogs,
    companies,
    contacts,
    directory,
    events,
    fields,
    leads,
    leads_complex,
    links,
    notes,
    pipelines,
    query,
    sources,
    tasks,
    unsorted_api,
    webhooks,
)
from demo.amocrm.call import Answer, Call, found
from demo.amocrm.errors import Denied, Refused, unauthorised
from demo.amocrm.incoming import Incoming
from demo.amocrm.model import Json, User
from demo.amocrm.oauth import Grant, OAuth, OAuthRefused
from demo.amocrm.store import Account

_MODULES = (
    directory,
    events,
    leads,
    leads_complex,
    unsorted_api,
    links,
    contacts,
    companies,
    fields,
    pipelines,
    notes,
    tasks,
    sources,
    catalogs,
    webhooks,
)
ROUTES = [route for module in _MODULES for route in module.ROUTES]
TOKEN = "POST /oauth2/access_token"
SUBDOMAIN = "GET /oauth2/account/current/subdomain"
UNKNOWN = "unknown"
_RECORDED = (400, 403, 404, 405)
_JSON = "application/json"
_PROBLEM = "application/problem+json"


class Api:
    """Answers requests out of an account, whichever it is given."""

    def __init__(self, oauth: OAuth) -> None:
        self._oauth = oauth
        self.refused: list[Json] = []
        """Names of parameters and keys, never their values."""

    def grant(self, incoming: Incoming) -> Grant | None:
        """What stands behind the request's token, if it is good."""
        scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
        return self._oauth.grant_of(token) if scheme == "Bearer" else None

    def answered(self, account: Account, incoming: Incoming, grant: Grant | None, url: str) -> Answer:
        """Do what is asked, or say why not. `url` is where the account is: not where it is asked for, if it was renamed."""
        try:
            return self._answer(account, incoming, grant, url)
        except OAuthRefused as no:
            return Answer(no.status, no.body(), _JSON)
        except Refused as no:
            if no.status in _RECORDED and not isinstance(no, Denied) and not _is_about_the_gone(account, incoming, no):
                self._record(incoming, no)
            return Answer(no.status, no.body(), _PROBLEM)

    def _answer(self, account: Account, incoming: Incoming, grant: Grant | None, url: str) -> Answer:
        name = f"{incoming.method} {incoming.path}"
        if name in (TOKEN, SUBDOMAIN) and incoming.query:
            raise Refused(400, "Not documented: parameters in the query string.")
        if name == TOKEN:
            return Answer(200, self._oauth.exchange(incoming.token_fields(), incoming.base), _JSON)
        if name == SUBDOMAIN:
            return self._subdomain(account, incoming, url)
        if grant is None and incoming.is_api:
            raise unauthorised()
        route, numbers, words = found(ROUTES, incoming.method, incoming.path)
        if grant is None:
            raise unauthorised()
        actor = _actor(account, incoming, grant)
        if route.admin and not actor.is_admin:
            raise Refused(403, "Only an admin may do this.")
        asked = query.read(route.query, incoming.query)
        body = incoming.json()
        with account.through_the_api():
            return route.handle(Call(account, actor, incoming.base, incoming.path, numbers, words, asked, body))

    def _subdomain(self, account: Account, incoming: Incoming, url: str) -> Answer:
        if self._oauth.grant_of(incoming.headers.get("X-Refresh-Token", ""), "refresh") is None:
            raise unauthorised()
        domain = url.split("://", 1)[-1]
        body = {"id": account.id, "subdomain": account.subdomain, "domain": domain, "top_level_domain": "ru"}
        return Answer(200, body)

    def _record(self, incoming: Incoming, no: Refused) -> None:
        self.refused.append(
            {
                "method": incoming.method,
                "path": incoming.path,
                "status": no.status,
                "detail": no.detail,
                "errors": [problem.shape() for problem in no.problems],
            }
        )


def name_of(incoming: Incoming) -> str:
    """The route by which a request is counted and broken."""
    name = f"{incoming.method} {incoming.path}"
    if name in (TOKEN, SUBDOMAIN):
        return name
    try:
        return found(ROUTES, incoming.method, incoming.path)[0].name
    except Refused:
        return UNKNOWN


def _is_about_the_gone(account: Account, incoming: Incoming, no: Refused) -> bool:
    """Whether no choice was wrong but a card that a person has deleted or merged meanwhile."""
    if not no.problems or any(problem.code != "NotSupportedChoice" for problem in no.problems):
        return False
    named = re.findall(r"\d+", f"{incoming.path} {incoming.body.decode(errors='replace')}")
    return not account.gone.isdisjoint(map(int, named))


def _actor(account: Account, incoming: Incoming, grant: Grant) -> User:
    """Who acts: the user of the token, or the one that an admin's call names."""
    user = account.users[grant.user_id]
    named = incoming.headers.get("X-Context-User-ID")
    if named is None:
        return user
    other = account.users.get(int(named)) if named.isascii() and named.isdigit() else None
    if not user.is_admin or other is None or other.is_free or not other.is_active:
        raise unauthorised()
    return other
