"""The account's outgoing webhooks: who is to be told what and when, again after a bad answer, and who is told no more. Dials nobody."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from demo.amocrm import forms
from demo.amocrm.automation import Signal, Webhook
from demo.amocrm.model import Json
from demo.amocrm.store import Account

MINUTE = 60.0
LADDER = (5 * MINUTE, 15 * MINUTE, 15 * MINUTE, 60 * MINUTE)
"""How long after a bad answer the next attempt comes; the last two only after the codes of a server that is in trouble."""
_FOR_ANY = 2
MOST_BAD, BAD_WITHIN = 100, 120 * MINUTE
"""More bad answers than this within that time, the last one of them, and the webhook is disabled."""
_REMEMBERED = 1000


@dataclass
class Knobs:
    """What goes wrong on the way: so many of the next deliveries."""

    lose: int = 0
    """Never go out."""
    duplicate: int = 0
    """Go out twice."""
    reverse: int = 0
    """Wait for each other, and go out the last one first."""


@dataclass
class Delivery:
    """One webhook's telling of one signal; `attempt` is the one that comes next."""

    number: int
    webhook_id: int
    destination: str
    setting: str
    body: str
    due: float
    attempt: int = 1

    def shape(self, **more: float) -> Json:
        """What a test is told of it: never the body."""
        return {"webhook_id": self.webhook_id, "setting": self.setting, "attempt": self.attempt, **more}


class Post:
    """What waits and what was sent, of one account. `moment` is a clock that a test may turn."""

    def __init__(self, account: Account, moment: Callable[[], float], url: Callable[[], str]) -> None:
        self._account, self._moment, self._url = account, moment, url
        self.knobs = Knobs()
        self._waiting: list[Delivery] = []
        self._held: list[Delivery] = []
        self._bad: dict[int, deque[float]] = {}
        self._sent: deque[Json] = deque(maxlen=_REMEMBERED)
        self._number = 0

    def put(self, signal: Signal) -> None:
        """Tell those who have asked for it; what they hear is how things are now."""
        hooks = [hook for hook in self._account.webhooks.values() if signal.setting in hook.settings]
        listening = [hook for hook in hooks if not hook.disabled and self._account.has_webhooks]
        body = forms.encoded(self._account, self._url(), signal) if listening else ""
        for hook in listening:
            self._hand_over(hook, signal.setting, body)

    def _hand_over(self, hook: Webhook, setting: str, body: str) -> None:
        if self.knobs.lose:
            self.knobs.lose -= 1
            return
        times = 1
        if self.knobs.duplicate:
            self.knobs.duplicate -= 1
            times = 2
        new = [Delivery(0, hook.id, hook.destination, setting, body, self._moment()) for _ in range(times)]
        if self.knobs.reverse:
            self._held += new
            self.knobs.reverse -= 1
            new = [] if self.knobs.reverse else self._held[::-1]
            self._held = self._held if self.knobs.reverse else []
        for delivery in new:
            self._number += 1
            delivery.number = self._number
            self._waiting.append(delivery)

    def due(self) -> list[Delivery]:
        """What is to be sent now: of each webhook the one whose turn it is."""
        self._waiting = [one for one in self._waiting if one.webhook_id in self._account.webhooks]
        first: dict[int, Delivery] = {}
        for delivery in sorted(self._waiting, key=lambda one: (one.due, one.number)):
            if delivery.due <= self._moment():
                first.setdefault(delivery.webhook_id, delivery)
        return list(first.values())

    def answered(self, delivery: Delivery, code: int) -> None:
        """What came back: a status, 0 where nobody answered, 499 where the answer took too long."""
        self._sent.append(delivery.shape(code=code))
        if delivery in self._waiting:
            self._waiting.remove(delivery)
        hook = self._account.webhooks.get(delivery.webhook_id)
        if hook is None or 100 <= code < 300:
            return
        if self._has_had_enough(hook):
            hook.disabled = True
            self._waiting = [other for other in self._waiting if other.webhook_id != hook.id]
        elif delivery.attempt <= len(LADDER) and (delivery.attempt <= _FOR_ANY or code == 499 or 500 <= code < 600):
            delivery.due = self._moment() + LADDER[delivery.attempt - 1]
            delivery.attempt += 1
            self._waiting.append(delivery)

    def _has_had_enough(self, hook: Webhook) -> bool:
        """Count a bad answer; says whether it was one too many."""
        bad = self._bad.setdefault(hook.id, deque())
        bad.append(self._moment())
        while bad[0] <= self._moment() - BAD_WITHIN:
            bad.popleft()
        return len(bad) > MOST_BAD

    def enable(self, webhook_id: int) -> None:
        """As an admin does by hand; the count of bad answers begins anew."""
        self._account.webhooks[webhook_id].disabled = False
        self._bad.pop(webhook_id, None)

    def shape(self) -> Json:
        """All that a test may want to know."""
        moment = self._moment()
        hooks = self._account.webhooks.values()
        return {
            "webhooks": [{"id": hook.id, "settings": hook.settings, "disabled": hook.disabled} for hook in hooks],
            "waiting": [one.shape(seconds=max(one.due - moment, 0.0)) for one in self._waiting],
            "sent": list(self._sent),
        }
