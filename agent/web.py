"""One HTTP request to a hub, for the command line: no redirects, no proxy to this machine itself. Knows no meanings."""

import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from agent.address import is_loopback

MAX_ANSWER_BYTES = 64 << 10

Stage: TypeAlias = Literal["connect", "certificate", "answer"]


@dataclass(frozen=True)
class Answer:
    """What came back: any status is an answer."""

    status: int
    body: bytes
    time: datetime | None


class NoAnswer(Exception):
    """Nothing came back; `stage` is how far it got. After `answer` the hub may have acted."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.stage = stage


class _AsItIs(urllib.request.HTTPErrorProcessor):
    """Any status is an answer. Redirects are not followed: one would carry a one-time code to somebody else."""

    def http_response(self, request: urllib.request.Request, response: HTTPResponse) -> HTTPResponse:  # noqa: ARG002
        return response

    https_response = http_response


def ask(url: str, body: bytes | None = None, timeout: float = 10) -> Answer:
    """GET, or POST of a JSON body; raises `NoAnswer`."""
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310 agent.address allows http(s) only
    try:
        with _opener(url).open(request, timeout=timeout) as response:
            body = response.read(MAX_ANSWER_BYTES)
            if response.length and len(body) < MAX_ANSWER_BYTES:
                raise IncompleteRead(body, response.length)  # read(n) itself takes half an answer for a whole one
            return _answer(response.status, response.headers, body)
    except urllib.error.URLError as error:
        stage: Stage = "certificate" if isinstance(error.reason, ssl.SSLCertVerificationError) else "connect"
        raise NoAnswer(stage) from None
    except (OSError, HTTPException):  # urllib wraps what fails before the request is sent, and only that
        raise NoAnswer("answer") from None


def _opener(url: str) -> urllib.request.OpenerDirector:
    host = urlsplit(url).hostname or ""
    handlers: list[urllib.request.BaseHandler] = [_AsItIs()]
    if is_loopback(host):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _answer(status: int, headers: Message, body: bytes) -> Answer:
    try:
        time = parsedate_to_datetime(headers["Date"]) if headers["Date"] else None
    except ValueError:
        time = None
    return Answer(status, body, time)
