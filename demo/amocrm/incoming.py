"""A request as it came, and what its body says; knows no route and no account."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from demo.amocrm.errors import Refused


@dataclass(frozen=True)
class Incoming:
    """Method, path and query string, headers and body; `base` is scheme and host that it was sent to."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base: str

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def is_write(self) -> bool:
        return self.is_api and self.method != "GET"

    @property
    def is_json(self) -> bool:
        return self.headers.get("Content-Type", "").split(";")[0].strip() == "application/json"

    def json(self) -> Any:
        """The body; a GET has none, a DELETE may have one."""
        if self.method == "GET":
            if self.body:
                raise Refused(400, "Not documented: a body of a GET.")
            return None
        if self.method == "DELETE" and not self.body:
            return None
        if not self.is_json:
            raise Refused(400, "Content-Type should be application/json.")
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(400, "The body should be JSON.") from None

    def items(self) -> int:
        """How many items a batch holds; 0 where it is none."""
        try:
            body = self.json()
        except Refused:
            return 0
        return len(body) if isinstance(body, list) else 0

    def token_fields(self) -> Mapping[str, object]:
        """amoCRM documents JSON, its own library sends a form."""
        if not self.is_json:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        given = self.json()
        if not isinstance(given, dict):
            raise Refused(400, "The body should be an object.")
        return given
