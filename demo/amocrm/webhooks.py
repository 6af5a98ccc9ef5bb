"""Subscriptions to webhooks: `/webhooks` as documented. Sends nothing."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from demo.amocrm.automation import Webhook
from demo.amocrm.bodies import Part
from demo.amocrm.call import EMPTY, Answer, Call, Route, total
from demo.amocrm.checks import Checks, single
from demo.amocrm.errors import Denied, Refused
from demo.amocrm.model import Json
from demo.amocrm.query import Spec
from demo.amocrm.store import Account

MOST = 100
_ALL = ("lead", "contact", "company", "customer", "task")
_CARDS = ("lead", "contact", "company")
SETTINGS = (
    *(f"{action}_{kind}" for action in ("add", "update", "delete", "responsible") for kind in _ALL),
    *(f"restore_{kind}" for kind in _CARDS),
    "status_lead",
    *(f"note_{kind}" for kind in (*_CARDS, "customer")),
    *("add_talk", "update_talk", "add_chat_template_review", "add_message", "add_outgoing_message"),
)
"""All that is documented. Of customers, talks, messages and restored cards nothing ever happens here."""


class WebhookBody(Part):
    destination: str
    settings: Annotated[list[str], Field(min_length=1)]
    sort: int = 0


class WebhookRef(Part):
    destination: str


def _check(account: Account, body: WebhookBody, checks: Checks) -> WebhookBody:
    checks.choice("destination", _is_address(body.destination), "http or https, and a host without Cyrillic letters.")
    for number, name in enumerate(body.settings):
        checks.choice(f"settings.{number}", name in SETTINGS)
    if len(account.webhooks) >= MOST and _at(account, body.destination) is None:
        checks.refuse("TooMany", "destination", f"An account has {MOST} webhooks or less.")
    return body


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme in ("http", "https") and bool(host) and host.isascii() and "xn--" not in host


def _at(account: Account, destination: str) -> Webhook | None:
    return next((hook for hook in account.webhooks.values() if hook.destination == destination), None)


def _shape(call: Call, hook: Webhook) -> Json:
    return {
        "id": hook.id,
        "destination": hook.destination,
        "created_at": hook.created_at,
        "updated_at": hook.updated_at,
        "account_id": call.account.id,
        "created_by": hook.created_by,
        "sort": hook.sort,
        "disabled": hook.disabled,
        "settings": hook.settings,
    }


def _list(call: Call) -> Answer:
    _paid(call)
    wanted = call.query.wanted().get("destination")
    found = [hook for hook in call.account.webhooks.values() if wanted is None or hook.destination in wanted]
    found.sort(key=lambda hook: (hook.sort, hook.id))
    return total(call, "webhooks", [_shape(call, hook) for hook in found])


def _subscribe(call: Call) -> Answer:
    """The same destination again is an update; a webhook that was disabled stays so until a person enables it."""
    _paid(call)
    account, now = call.account, call.account.now()
    body = single(call.body, WebhookBody, lambda item, checks: _check(account, item, checks))
    hook = _at(account, body.destination)
    if hook is None:
        hook = Webhook(account.next_id("webhook"), body.destination, [], 0, call.actor.id, now, now)
        account.webhooks[hook.id] = hook
    hook.settings, hook.updated_at = list(dict.fromkeys(body.settings)), now
    hook.sort = body.given("sort").get("sort", hook.sort)
    return Answer(201, _shape(call, hook))


def _unsubscribe(call: Call) -> Answer:
    _paid(call)
    destination = single(call.body, WebhookRef, lambda item, _: item.destination)
    hook = _at(call.account, destination)
    if hook is None:
        raise Refused(404, "No such webhook.")
    del call.account.webhooks[hook.id]
    return EMPTY


def _paid(call: Call) -> None:
    """Webhooks come with the dearer plans; what the cheap one answers is not documented."""
    if not call.account.has_webhooks:
        raise Denied("Webhooks need another plan.")


ROUTES = [
    Route("GET", "webhooks", _list, Spec(filters=(r"filter\[destination\]",)), admin=True),
    Route("POST", "webhooks", _subscribe, admin=True),
    Route("DELETE", "webhooks", _unsubscribe, admin=True),
]
