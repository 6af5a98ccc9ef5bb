"""The stand-in as one object: takes requests, gives answers, keeps the list of what it refused; opens no socket."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from demo.amocrm import disposable, duplicates, hands, seed
from demo.amocrm.api import SUBDOMAIN, Api, name_of
from demo.amocrm.automation import DuplicateControl
from demo.amocrm.call import Answer
from demo.amocrm.faults import Between, Fault, Faults, Kind, Late, broken, html
from demo.amocrm.incoming import Incoming
from demo.amocrm.limits import Limits
from demo.amocrm.model import Contact, Json, Lead
from demo.amocrm.oauth import Grant, OAuth
from demo.amocrm.post import Post
from demo.amocrm.robots import Robots
from demo.amocrm.store import Account

_LONG_DAYS = 365
GONE = html(404, "404 Not Found")
"""What a host says whose account has another name now."""


@dataclass(frozen=True)
class Options:
    """How the account and its limits are."""

    redirect_uri: str = "http://127.0.0.1/oauth"
    rate: int = 7
    account_rate: int = 50
    filters: bool = False
    account_id: int = 31_000_001
    subdomain: str = "example"
    timezone: str = "Europe/Moscow"
    index_delay: float = 0.0
    webhooks: bool = True
    uninstall_uri: str = ""
    """Where amoCRM says that the integration was switched off; most integrations name none."""
    public: bool = False
    """Whether other accounts may install the integration; such a one has no long-lived tokens."""
    client: tuple[str, str] | None = None
    """Id and secret of a public integration that other accounts have, too; without it this account has its own."""


@dataclass(frozen=True)
class Reply:
    """The answer, and the fault that may keep it from arriving."""

    answer: Answer
    fault: Kind | None = None
    seconds: float = 0.0


@dataclass
class StandIn:
    """One account with one integration, the hub's; and the judge's, which stands outside limits, faults and counts."""

    options: Options = Options()
    business: Callable[[], int] = field(default=lambda: int(time.time()))
    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        chosen = self.options
        self.account = Account(
            chosen.account_id,
            chosen.subdomain,
            chosen.timezone,
            self.business,
            filters=chosen.filters,
            has_webhooks=chosen.webhooks,
            steady=lambda: self.moment(),
            index_delay=chosen.index_delay,
        )
        seed.begin(self.account)
        self.oauth = OAuth(chosen.account_id, self.wall)
        is_public = chosen.public or chosen.client is not None
        self.integration = self.oauth.register(chosen.redirect_uri, client=chosen.client, is_public=is_public)
        self.judge = self.oauth.register(chosen.redirect_uri, watched=False)
        self.api = Api(self.oauth)
        self.url = f"https://{chosen.subdomain}.amocrm.ru"
        """Where the account's pages are."""
        self.moved_to = ""
        """Its host since it was renamed, if it was."""
        self.post = Post(self.account, self.moment, lambda: self.url)
        self.robots = Robots(self.account, self.moment)
        self.account.listen(self.post.put)
        self.account.listen(self.robots.hear)
        self.limits = Limits(chosen.rate, chosen.account_rate, self.steady)
        self.faults = Faults()
        self.token_seconds = disposable.LIFE_SECONDS
        self._turned = 0.0

    # What a test does in process, and `control` over HTTP.

    def code(self, user_id: int | None = None) -> str:
        """An authorization code, as copied from the integration's modal."""
        return self.oauth.code(self.integration, user_id or seed.admin(self.account).id)

    def long_lived_token(self, base: str, user_id: int | None = None) -> str:
        """A long-lived token of the hub's integration."""
        who = user_id or seed.admin(self.account).id
        return self.oauth.long_lived(self.integration, who, base, days=_LONG_DAYS)

    def judge_token(self, base: str) -> str:
        """A long-lived token of an admin that nothing limits, breaks or counts."""
        return self.oauth.long_lived(self.judge, seed.admin(self.account).id, base, days=_LONG_DAYS)

    def disposable_token(self, base: str, user_id: int) -> str:
        """What `$authorizedAjax` of this user's page sends to the hub. `base` is scheme and host of the page."""
        account = self.account
        expires_at = int(self.wall()) + self.token_seconds
        return disposable.token(self.integration, account.id, account.subdomain, user_id, base, expires_at)

    @property
    def refused(self) -> list[Json]:
        """What clients asked for that is not documented."""
        return self.api.refused

    def moment(self) -> float:
        """The clock of what happens by itself later: the index, late requests, webhooks. A test may turn it."""
        return self.steady() + self._turned

    def turn(self, seconds: float) -> None:
        """Let so much time pass for what happens by itself; limits and tokens do not notice."""
        self._turned += seconds

    def rename(self, subdomain: str, host: str) -> None:
        """As an admin does in the settings: from now on the account is there, and its old host only tells where."""
        self.account.subdomain, self.moved_to = subdomain, host
        self.serve_at(self.url)

    def serve_at(self, url: str) -> None:
        """Whoever opens the socket says where it is. An account that was renamed is at its other host, behind the same port."""
        parts = urlsplit(url)
        host = self.moved_to or parts.hostname
        self.url = parts._replace(netloc=f"{host}:{parts.port}" if parts.port else f"{host}").geturl()

    def revoke(self) -> None:
        """As when an admin switches the hub's integration off."""
        self.oauth.revoke(self.integration)

    def counts(self) -> Json:
        """Requests of watched integrations by route and status, and the busiest second."""
        triggers = sum(note.triggers for kind in self.account.notes.values() for note in kind.values())
        known = {"leads": len(self.account.leads), "refused": len(self.refused), "notes_that_trigger": triggers}
        return {**self.limits.counts(), **known}

    def lift(self) -> None:
        """As support does for an account that was blocked."""
        self.faults.mode = "ok"
        self.limits.forgive()

    def edit_between(self, user_id: int, lead_id: int, body: Json) -> None:
        """Let this user edit the lead right after a client has read it the next time."""
        hands.check_lead(self.account, user_id, lead_id, body)
        self.faults.between.append(Between(lead_id, user_id, body))

    def control_duplicates(self, control: DuplicateControl) -> None:
        """As an admin does in the settings of a pipeline; raises where it cannot be meant so."""
        duplicates.check(self.account, control)
        self.account.duplicate_control[control.pipeline_id] = control

    def create_lead(self, user_id: int, body: Json) -> Lead:
        return hands.create_lead(self.account, user_id, body)

    def edit_lead(self, user_id: int, lead_id: int, body: Json) -> Lead:
        return hands.edit_lead(self.account, user_id, lead_id, body)

    def create_contact(self, user_id: int, body: Json) -> Contact:
        return hands.create_contact(self.account, user_id, body)

    def edit_contact(self, user_id: int, contact_id: int, body: Json) -> Contact:
        return hands.edit_contact(self.account, user_id, contact_id, body)

    def delete_lead(self, user_id: int, lead_id: int) -> Lead:
        return hands.delete_lead(self.account, user_id, lead_id)

    def merge_contacts(self, user_id: int, kept_id: int, other_ids: list[int]) -> Contact:
        return hands.merge_contacts(self.account, user_id, kept_id, other_ids)

    # What a client does.

    def receive(self, incoming: Incoming) -> Reply:
        """Answer a request of a client."""
        self.tick()
        if self.moved_to and incoming.base != self.url and name_of(incoming) != SUBDOMAIN:
            return Reply(GONE)
        grant = self.api.grant(incoming)
        if grant and not grant.integration.watched:
            return Reply(self._answered(incoming, grant))
        name = name_of(incoming)
        reply = self._watched(incoming, grant, name)
        self.limits.answered(name, 0 if reply.fault in ("lost", "timeout") else reply.answer.status)
        return reply

    def tick(self) -> None:
        """Do what has become due since somebody last looked."""
        for late in self.faults.now_due(self.moment()):
            with self.account.counting_from(late.ids):
                self._answered(late.incoming, late.grant)
        self.robots.work()

    def _watched(self, incoming: Incoming, grant: Grant | None, name: str) -> Reply:
        refusal = self.faults.refuses(writes=incoming.is_write) or self._limited(incoming, grant)
        if refusal:
            return Reply(refusal)
        fault = self.faults.take(name)
        reply = self._faulty(fault, incoming, grant) if fault else Reply(self._answered(incoming, grant))
        if incoming.method == "GET":
            for edit in self.faults.taken_between(_leads_in(reply.answer.body)):
                self.edit_lead(edit.user_id, edit.lead_id, edit.body)
        return reply

    def _limited(self, incoming: Incoming, grant: Grant | None) -> Answer | None:
        """What a client is told that asks too often, or for too much at once."""
        knobs = self.limits.knobs
        if grant and incoming.is_api and not self.limits.admit(grant.integration.client_id):
            if self.limits.have_had_enough():
                self.faults.mode = "blocked"
            return broken(knobs.body)
        if incoming.is_write and knobs.large_batch and self.limits.is_too_large(incoming.items()):
            if knobs.large_batch_applied:
                self._answered(incoming, grant)
            return broken("504")
        return None

    def _faulty(self, fault: Fault, incoming: Incoming, grant: Grant | None) -> Reply:
        if fault.kind in ("late", "late_lost"):
            return self._late(fault, incoming, grant)
        answer = self._answered(incoming, grant) if fault.apply else None
        if fault.kind == "drip":
            return Reply(answer or broken("500"), fault.kind, fault.seconds)
        return Reply(Answer(204) if fault.kind in ("lost", "timeout") else broken(fault.kind), fault.kind)

    def _late(self, fault: Fault, incoming: Incoming, grant: Grant | None) -> Reply:
        """Applied when its time has come. What is answered before that comes of trying it on a copy of the account."""
        answer, ids = Answer(204), dict[str, int]()
        is_lost = fault.kind == "late_lost" or not incoming.is_api
        if not is_lost:
            tried = self.account.copied()
            answer, ids = self.api.answered(tried, incoming, grant, incoming.base), dict(self.account.next_ids)
            self.account.keep_free(tried.next_ids)
        if answer.status < 400:
            self.faults.late.append(Late(self.moment() + fault.seconds, incoming, grant, ids))
        return Reply(answer, "lost" if is_lost else None)

    def _answered(self, incoming: Incoming, grant: Grant | None) -> Answer:
        return self.api.answered(self.account, incoming, grant, self.url if self.moved_to else incoming.base)


def _leads_in(body: Any) -> set[int]:
    """The leads that an answer shows, one or a list."""
    if not isinstance(body, dict):
        return set()
    listed = body["_embedded"].get("leads", []) if "_embedded" in body else []
    return {lead["id"] for lead in (body, *listed) if "status_id" in lead}
