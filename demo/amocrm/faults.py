"""What a test may ask to go wrong: the next answers of a route, or the account as a whole. Decides, breaks nothing itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from demo.amocrm.call import Answer
from demo.amocrm.incoming import Incoming
from demo.amocrm.model import Json
from demo.amocrm.oauth import Grant

Kind: TypeAlias = Literal[
    "lost", "timeout", "drip", "late", "late_lost",
    "429", "429_json", "429_empty", "402", "403_html", "500", "502", "503", "504", "200_html",
]  # fmt: skip
"""lost: no answer. drip: the answer comes in drops. late: answered now, applied later; late_lost: not even answered."""
Mode: TypeAlias = Literal["ok", "unpaid", "blocked"]
HTML = "text/html"
SECONDS = 20.0
_CARRIED_OUT = ("lost", "drip", "late", "late_lost")


@dataclass
class Fault:
    """The next `count` requests of `route` get this answer; `apply` says whether they are carried out all the same."""

    route: str
    kind: Kind
    count: int
    apply: bool
    seconds: float = SECONDS
    """How long a drip takes, or how much later a late request is applied."""

    def shape(self) -> Json:
        return {
            "route": self.route,
            "kind": self.kind,
            "count": self.count,
            "apply": self.apply,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class Late:
    """A request that is applied when its time has come; with the ids that its answer has promised."""

    due: float
    incoming: Incoming
    grant: Grant | None
    ids: Mapping[str, int]


@dataclass(frozen=True)
class Between:
    """After the next time that a client reads this lead, somebody edits it."""

    lead_id: int
    user_id: int
    body: Json


@dataclass
class Faults:
    """The faults that wait, first come first served."""

    mode: Mode = "ok"
    waiting: list[Fault] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    between: list[Between] = field(default_factory=list)

    def add(
        self, route: str, kind: Kind, count: int = 1, *, apply: bool | None = None, seconds: float = SECONDS
    ) -> None:
        """What breaks the way of an answer is applied unless told otherwise; what breaks the answer itself is not."""
        self.waiting.append(Fault(route, kind, count, (kind in _CARRIED_OUT) if apply is None else apply, seconds))

    def take(self, route: str) -> Fault | None:
        """The fault that this request runs into."""
        for fault in self.waiting:
            if fault.route in (route, "*"):
                fault.count -= 1
                if fault.count == 0:
                    self.waiting.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Nothing more goes wrong; what was asked for late still comes."""
        self.waiting.clear()
        self.between.clear()

    def now_due(self, moment: float) -> list[Late]:
        """Take the late requests whose time has come, in their order."""
        due = sorted((late for late in self.late if late.due <= moment), key=lambda late: late.due)
        self.late = [late for late in self.late if late.due > moment]
        return due

    def taken_between(self, lead_ids: set[int]) -> list[Between]:
        """Take the edits that wait for one of these leads to be read."""
        taken = [edit for edit in self.between if edit.lead_id in lead_ids]
        self.between = [edit for edit in self.between if edit.lead_id not in lead_ids]
        return taken

    def refuses(self, *, writes: bool) -> Answer | None:
        """What the account as a whole answers."""
        if self.mode == "blocked":
            return broken("403_html")
        return broken("402") if self.mode == "unpaid" and writes else None


def broken(kind: Kind) -> Answer:
    """The answer of a fault that has one."""
    return _ANSWERS[kind]


def html(status: int, title: str) -> Answer:
    """What the web server in front of amoCRM says by itself: no JSON."""
    body = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
    return Answer(status, f"{body}<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n", HTML)


_PROBLEM = "application/problem+json"
_ANSWERS: dict[Kind, Answer] = {
    "429": html(429, "429 Too Many Requests"),
    "429_json": Answer(
        429,
        {"title": "Too Many Requests", "type": "https://httpstatus.es/429", "status": 429, "retry_after": 300},
        _PROBLEM,
    ),
    "429_empty": Answer(429),
    "402": Answer(
        402, {"title": "Payment Required", "type": "https://httpstatus.es/402", "status": 402, "detail": ""}, _PROBLEM
    ),
    "403_html": html(403, "403 Forbidden"),
    "500": html(500, "500 Internal Server Error"),
    "502": html(502, "502 Bad Gateway"),
    "503": html(503, "503 Service Temporarily Unavailable"),
    "504": html(504, "504 Gateway Time-out"),
    "200_html": html(200, "amoCRM"),
}
