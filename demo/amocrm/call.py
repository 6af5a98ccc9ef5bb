"""One request as handlers see it, the answer that they give, and the table entry of a route; knows no HTTP server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from demo.amocrm.errors import Denied, Refused
from demo.amocrm.model import Card, Json, Task, User
from demo.amocrm.query import NOTHING, Query, Spec
from demo.amocrm.store import Account

Kind = TypeVar("Kind", bound=Card)
Own = TypeVar("Own", bound=Card | Task)

HAL = "application/hal+json"


@dataclass(frozen=True)
class Answer:
    """A status and a body; None is no body at all."""

    status: int = 200
    body: Any = None
    type: str = HAL


EMPTY = Answer(204)
"""What amoCRM says for a list, a page or a card that is not there."""


@dataclass(frozen=True)
class Call:
    """A request whose token, route and query are known to be good."""

    account: Account
    actor: User
    base: str
    path: str
    ids: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    query: Query = field(default_factory=Query)
    body: Any = None

    def href(self, path: str) -> Json:
        """A link to a path of the API."""
        return {"href": f"{self.base}/api/v4/{path}"}

    def itself(self, path: str) -> Json:
        """The `_links` of one model."""
        return {"self": self.href(path)}

    def seen(self, cards: Mapping[int, Kind]) -> Kind | None:
        """The card that the path names, if there is one; raises when the actor may not see it."""
        card = cards.get(self.ids[0])
        return self.mine(card)

    def sees(self, card: Card | Task) -> bool:
        """Whether the actor may."""
        return self.account.sees(self.actor, card)

    def mine(self, card: Own | None) -> Own | None:
        """What the actor may see and write; raises at what is not the actor's."""
        if card is not None and not self.sees(card):
            raise Denied
        return card

    def adding(self) -> None:
        """Raise where the actor may make no cards."""
        if not self.actor.is_admin and self.actor.view == "D":
            raise Denied

    def here(self, page: int | None = None) -> Json:
        """A link to this request, or to another page of it."""
        pairs = list(self.query.pairs)
        if page is not None:
            pairs = [(key, value) for key, value in pairs if key not in ("page", "limit")]
            pairs += [("page", str(page)), ("limit", str(self.query.limit))]
        return {"href": f"{self.base}{self.path}" + (f"?{urlencode(pairs)}" if pairs else "")}


@dataclass(frozen=True)
class Route:
    """One documented method and path; `{}` in the path stands for a number, `{word}` for a name."""

    method: str
    path: str
    handle: Callable[[Call], Answer]
    query: Spec = NOTHING
    admin: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} /api/v4/{self.path}"

    def match(self, parts: list[str]) -> tuple[tuple[int, ...], tuple[str, ...]] | None:
        """The numbers and words of a path that fits this route."""
        pattern = self.path.split("/")
        if len(pattern) != len(parts):
            return None
        numbers: list[int] = []
        words: list[str] = []
        for wanted, got in zip(pattern, parts, strict=True):
            if wanted == "{}" and got.isascii() and got.isdigit():
                numbers.append(int(got))
            elif wanted == "{word}":
                words.append(got)
            elif wanted != got:
                return None
        return tuple(numbers), tuple(words)


def found(routes: list[Route], method: str, path: str) -> tuple[Route, tuple[int, ...], tuple[str, ...]]:
    """The route of a request; a path or a method that is not documented is refused."""
    parts = path.removeprefix("/api/v4/").split("/")
    matches = [(route, match) for route in routes if (match := route.match(parts)) is not None]
    if not matches:
        raise Refused(404, "No such route in the stand-in: not documented, or not built")
    for route, (numbers, words) in matches:
        if route.method == method:
            return route, numbers, words
    raise Refused(405, f"{method} is not documented for this route, or not built")


def total(call: Call, name: str, items: list[Json], *, status: int = 200) -> Answer:
    """A list that amoCRM gives whole, with its count."""
    if not items and status == 200:
        return EMPTY
    body = {"_total_items": len(items), "_links": {"self": call.here()}, "_embedded": {name: items}}
    return Answer(status, body)


def written(call: Call, name: str, items: list[Json]) -> Answer:
    """What a batch gives back."""
    return Answer(200, {"_links": {"self": call.here()}, "_embedded": {name: items}})


def page(call: Call, name: str, items: list[Any], shape: Callable[[Any], Json], *, totals: bool = False) -> Answer:
    """One page of a list; past its end there is nothing."""
    number, limit = call.query.page, call.query.limit
    chunk = items[(number - 1) * limit : number * limit]
    if not chunk:
        return EMPTY
    last = -(-len(items) // limit)
    links = {"self": call.here(number)}
    if number < last:
        links["next"] = call.here(number + 1)
    if number > 1:
        links |= {"first": call.here(1), "prev": call.here(number - 1)}
    body: Json = {"_page": number, "_links": links, "_embedded": {name: [shape(item) for item in chunk]}}
    if totals:
        links["last"] = call.here(last)
        body = {"_total_items": len(items), "_page_count": last, **body}
    return Answer(200, body)
