"""What a test may ask to go wrong: the next answers of a route, or the account as a whole. Decides, breaks nothing itself."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from demo.amocrm.call import Answer
from demo.amocrm.model import Json

Kind: TypeAlias = Literal[
    "lost", "timeout", "429", "429_json", "429_empty", "402", "403_html", "500", "502", "503", "504"
]
Mode: TypeAlias = Literal["ok", "unpaid", "blocked"]
HTML = "text/html"


@dataclass
class Fault:
    """The next `count` requests of `route` get this answer; `apply` says whether they are carried out all the same."""

    route: str
    kind: Kind
    count: int
    apply: bool

    def shape(self) -> Json:
        return {"route": self.route, "kind": self.kind, "count": self.count, "apply": self.apply}


@dataclass
class Faults:
    """The faults that wait, first come first served."""

    mode: Mode = "ok"
    waiting: list[Fault] = field(default_factory=list)

    def add(self, route: str, kind: Kind, count: int = 1, *, apply: bool | None = None) -> None:
        """A lost answer is applied unless told otherwise; all other faults are not."""
        self.waiting.append(Fault(route, kind, count, (kind == "lost") if apply is None else apply))

    def take(self, route: str) -> Fault | None:
        """The fault that this request runs into."""
        for fault in self.waiting:
            if fault.route in (route, "*"):
                fault.count -= 1
                if fault.count == 0:
                    self.waiting.remove(fault)
                return fault
        return None

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
}
