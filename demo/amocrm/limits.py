"""Requests in any second, for each integration and for the account, and what was counted. On machine time."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from demo.amocrm.model import Json

TooMany: TypeAlias = Literal["429", "429_json", "429_empty"]
"""What the answer to one request too many looks like: a page of the web server, JSON, or nothing."""


@dataclass
class Knobs:
    """What else stands in a client's way."""

    others: int = 0
    """Requests a second that integrations of other vendors take from the account's share."""
    body: TooMany = "429"
    block_after: int = 0
    """After so many offences the account is blocked, until support lifts it; 0 is never."""
    large_batch: int = 0
    """A write of more items than this runs into 504; 0 is none."""
    large_batch_applied: bool = False
    """Whether it was carried out all the same."""


@dataclass
class Window:
    """Requests of the last second. Those that were refused do not stand in the way of later ones."""

    most: int
    let_in: deque[float] = field(default_factory=deque)
    arrived: deque[float] = field(default_factory=deque)
    busiest: int = 0
    requests: int = 0
    offences: int = 0

    def arrive(self, now: float, taken: int = 0) -> bool:
        """Count an arrival; says whether there is room for it beside what others have taken."""
        for times in (self.let_in, self.arrived):
            while times and times[0] <= now - 1.0:
                times.popleft()
        self.arrived.append(now)
        self.requests += 1
        self.busiest = max(self.busiest, len(self.arrived))
        return len(self.let_in) + taken < self.most

    def shape(self) -> Json:
        return {"requests": self.requests, "most_in_a_second": self.busiest, "offences": self.offences}


class Limits:
    """Sliding windows: at most `rate` in any second of one integration, at most `account_rate` of all together."""

    def __init__(self, rate: int, account_rate: int, steady: Callable[[], float]) -> None:
        self._rate, self._account_rate, self._steady = rate, account_rate, steady
        self.knobs = Knobs()
        self._since_lifted = 0
        self.reset()

    def reset(self) -> None:
        """Forget what was counted."""
        self._integrations: dict[str, Window] = {}
        self._account = Window(self._account_rate)
        self._answers: Counter[tuple[str, int]] = Counter()

    def admit(self, client_id: str) -> bool:
        """Count a request; False where amoCRM would answer 429."""
        now = self._steady()
        own = self._integrations.setdefault(client_id, Window(self._rate))
        windows = (own, self._account)
        room = [own.arrive(now), self._account.arrive(now, self.knobs.others)]
        if all(room):
            for window in windows:
                window.let_in.append(now)
            return True
        self._since_lifted += 1
        for window, has_room in zip(windows, room, strict=True):
            window.offences += not has_room
        return False

    def have_had_enough(self) -> bool:
        """Whether there were so many offences that the account is blocked."""
        return 0 < self.knobs.block_after <= self._since_lifted

    def forgive(self) -> None:
        """As support does when it lifts a block: the offences count from the beginning."""
        self._since_lifted = 0

    def is_too_large(self, items: int) -> bool:
        """Whether a write of so many items takes amoCRM longer than its web server waits."""
        return 0 < self.knobs.large_batch < items

    def answered(self, route: str, status: int) -> None:
        """Count an answer. Status 0: the answer was lost on the way."""
        self._answers[route, status] += 1

    def counts(self) -> Json:
        """Everything that was counted."""
        by_route: dict[str, dict[str, int]] = {}
        for (route, status), number in sorted(self._answers.items()):
            by_route.setdefault(route, {})[str(status)] = number
        windows = self._integrations.values()
        return {
            "requests": sum(self._answers.values()),
            "most_in_a_second": max((window.busiest for window in windows), default=0),
            "offences": sum(window.offences for window in windows) + self._account.offences,
            "by_route": by_route,
            "by_integration": {name: window.shape() for name, window in self._integrations.items()},
            "account": self._account.shape(),
        }
