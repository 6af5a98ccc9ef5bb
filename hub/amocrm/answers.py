"""What amoCRM's answers mean: a success, nothing found, or an error that says what to do; lists and their pages. Knows no network, no
clock and no account. Pages of www.amocrm.ru/developers/content: error-codes, limitations."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hub.amocrm.api import Json, Request
from hub.crm import AnswerLost, CrmBlocked, CrmBusy, CrmDown, CrmRejected, CrmUnauthorised, CrmUnpaid
from wire.errors import NeedsOperator, Retry

WHOLE = -1
"""Stands in `CrmRejected.codes` for a batch that was refused as a whole. Never leaves the client."""

_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
_MAX_WAIT_SECONDS = 3600.0

INSTALL_AGAIN = "Install the integration in the account again: amoCRM takes none of its tokens any more."
PAY = "Pay for the amoCRM account: its subscription ended, amoCRM takes no writes until then."
ASK_SUPPORT = (
    "Ask amoCRM's support to unblock the account (every request is refused), then install the integration again."
)
GRANT_RIGHTS = "Install the integration again as an administrator of the account: its user may not do what is needed."
MOVED = "Install the integration again: the account does not answer at its address any more."


class TooMuch(Retry):
    """504 to a request that can be divided: ask again for half of it. Never leaves the client."""


@dataclass(frozen=True)
class Answer:
    """What came back, unread."""

    status: int
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)
    retry_after: str | None = None

    def json(self) -> Any:
        """The body as JSON data, whatever its type says; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def decipher(request: Request, answer: Answer) -> Any:
    """The JSON of a success, None where nothing was found, else the error that says what to do. ValueError: no JSON."""
    if answer.status in (200, 201, 202):
        return json.loads(answer.body)
    if answer.status == 204 or (answer.status == 404 and not request.writes and _is_problem(answer)):
        return None
    raise _error(request, answer)


def unknown_outcome(request: Request, after: float | None = None) -> Retry:
    """No answer, or none that can be read: a write may have been applied."""
    return AnswerLost(after) if request.writes else CrmDown(after)


def _error(request: Request, answer: Answer) -> Exception:
    if answer.status in _BY_STATUS:
        error, hint = _BY_STATUS[answer.status]
        return error(hint)
    if answer.status == 403:
        return NeedsOperator(GRANT_RIGHTS) if _is_problem(answer) else CrmBlocked(ASK_SUPPORT)
    if answer.status == 429:
        return CrmBusy(seconds_to_wait(answer))
    if answer.status == 504 and request.divisible:
        return TooMuch(seconds_to_wait(answer))
    if answer.status >= 500:
        return unknown_outcome(request, seconds_to_wait(answer))
    if answer.status < 400 or (answer.status == 404 and not _is_problem(answer)):
        return CrmUnauthorised(MOVED)
    return CrmRejected(_codes(request, answer))


_BY_STATUS: dict[int, tuple[type[NeedsOperator], str]] = {
    401: (CrmUnauthorised, INSTALL_AGAIN),
    402: (CrmUnpaid, PAY),
}


def _is_problem(answer: Answer) -> bool:
    """An answer of the API itself; what a proxy in front of it says is HTML or nothing."""
    return "json" in answer.content_type and isinstance(answer.json(), dict)


def seconds_to_wait(answer: Answer) -> float | None:
    """How long the answer asks us to wait: in the body or in the header; no official page names the header."""
    body = answer.json()
    asked = body.get("retry_after") if isinstance(body, dict) else None
    try:
        seconds = float(str(answer.retry_after if asked is None else asked))
    except ValueError:
        return None
    return min(seconds, _MAX_WAIT_SECONDS) if seconds >= 0 else None


def _codes(request: Request, answer: Answer) -> dict[int, tuple[str, ...]]:
    """What was refused, by the item's place; under `WHOLE` what cannot be laid at one item's door."""
    body = answer.json()
    count = len(request.body) if isinstance(request.body, list) else 1
    codes: dict[int, tuple[str, ...]] = {}
    for refused in _refused_items(body if isinstance(body, dict) else {}):
        place = _placed(str(refused.get("request_id", "")), count)
        codes[place] = codes.get(place, ()) + _named(refused.get("errors"), answer.status)
    return codes or {_placed("", count): (str(answer.status),)}


def _placed(request_id: str, count: int) -> int:
    if request_id.isascii() and request_id.isdigit() and int(request_id) < count:
        return int(request_id)
    return 0 if count == 1 else WHOLE


def _refused_items(body: Json) -> list[Json]:
    listed = body.get("validation-errors") or body.get("errors")
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _named(errors: Any, status: int) -> tuple[str, ...]:
    """Codes and paths only: `detail` is a foreign text."""
    listed = errors if isinstance(errors, list) else [errors]
    said = (" ".join(_plain(e.get("code"), e.get("path"))) for e in listed if isinstance(e, dict))
    return tuple(text for text in said if text) or (str(status),)


def _plain(*words: Any) -> list[str]:
    return [word for word in words if isinstance(word, str) and _CODE.fullmatch(word)]


# Lists


def embedded(value: Any, name: str) -> list[Json]:
    """The entities of a list; an empty one is no JSON at all. ValueError: the answer is not as documented."""
    if value is None:
        return []
    found = value.get("_embedded", {}).get(name) if isinstance(value, dict) else None
    return objects(found)


def objects(value: Any) -> list[Json]:
    """A bare array of objects."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError("not a list of objects")
    return value


def next_page(request: Request, value: Any, base: str) -> Request | None:
    """The request of `_links.next`, on the account's own host and path; there is no other way to know that a list goes on."""
    href = ((value or {}).get("_links") or {}).get("next", {}).get("href")
    if href is None:
        return None
    link, home = urlsplit(href), urlsplit(base)
    query = tuple(parse_qsl(link.query, keep_blank_values=True))
    if (link.scheme, link.netloc, link.path) != (home.scheme, home.netloc, request.path) or query == request.query:
        raise ValueError("the next page lies elsewhere, or is this one again")
    return Request("GET", request.path, query)


def in_order(items: Iterable[Json], count: int) -> list[Json]:
    """The items of a batch's answer in the order of the question: by `request_id` where it is our place, else as they came."""
    answered = list(items)
    if len(answered) != count:
        raise ValueError("not one answer for each item")
    by_place = {_place(item.get("request_id")): item for item in answered}
    wanted = [str(place) for place in range(count)]
    return [by_place[place] for place in wanted] if by_place.keys() == set(wanted) else answered


def _place(request_id: Any) -> str:
    """/leads/complex answers with a list of one."""
    return str(request_id[0] if isinstance(request_id, list) and request_id else request_id)
