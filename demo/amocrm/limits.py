"""Requests in any second, for each integration and for the account, and what was counted. On machine time."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from demo.amocrm.model import Json


@dataclass
class Window:
    """Requests of the last second. Those that were refused do not stand in the way of later ones."""

    most: int
    let_in: deque[float] = field(default_factory=deque)
    arrived: deque[float] = field(default_factory=deque)
    busiest: int = 0
    requests: int = 0
    offences: int = 0

    def arrive(self, now: float) -> bool:
        """Count an arrival; says whether there is room for it."""
        for times in (self.let_in, self.arrived):
            while times and times[0] <= now - 1.0:
                times.popleft()
        self.arrived.append(now)
        self.requests += 1
        self.busiest = max(self.busiest, len(self.arrived))
        return len(self.let_in) < self.most

    def shape(self) -> Json:
        return {"requests": self.requests, "most_in_a_second": self.busiest, "offences": self.offences}


class Limits:
    """Sliding windows: at most `rate` in any second of one integration, at most `account_rate` of all together."""

    def __init__(self, rate: int, account_rate: int, steady: Callable[[], float]) -> None:
        self._rate, self._account_rate, self._steady = rate, account_rate, steady
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
        room = [window.arrive(now) for window in windows]
        if all(room):
            for window in windows:
                window.let_in.append(now)
            return True
        for window, has_room in zip(windows, room, strict=True):
            window.offences += not has_room
        return False

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
