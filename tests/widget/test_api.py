"""What the widget sends to the hub, and what it makes of whatever comes back: in Node, where a test plays amoCRM's page."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

API = Path(__file__).parents[2] / "widget" / "api.js"
REQUESTS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "panel" / "requests.json").read_text("utf-8"))
HUB = "https://hub.example.ru"
_RUN = """
const fs = require('fs');
const { hub, calls, page } = JSON.parse(fs.readFileSync(0, 'utf8'));
const sent = [];
const pages = {
  answers: (body) => () => Promise.resolve(body),
  throws: () => () => { throw new Error('amoCRM is not itself today'); },
  silent: () => () => undefined,
  fails: (failed) => () => Promise.reject(failed),
};
const widget = { $authorizedAjax: (asked) => { sent.push(asked); return pages[page[0]](page[1])(asked); } };
let api;
const define = (needs, make) => { api = make().create(widget); };
new Function('define', fs.readFileSync(process.argv[1], 'utf8').replaceAll('@HUB@', hub))(define);
Promise.all(calls.map(([name, args]) => api[name](...args))).then((told) => {
  console.log(JSON.stringify({ told: told, sent: sent.map((one) => [one.method, one.type, one.url, one.data || null]) }));
});
"""


def run(calls: list[tuple[str, list[Any]]], page: tuple[str, Any]) -> Any:
    """What was sent, and what each call answers; the process ends by itself, so no timer is left."""
    given = json.dumps({"hub": HUB, "calls": calls, "page": page})
    node = ["node", "-e", _RUN, str(API)]
    told = subprocess.run(node, input=given, capture_output=True, text=True, check=True, timeout=8)
    return json.loads(told.stdout)


def test_each_call_makes_the_agreed_request() -> None:
    told = run(
        [(one["call"], one["args"]) for one in REQUESTS], ("answers", {"url": f"{HUB}/panel/v1/stream?ticket=1"})
    )

    assert [(kind, url, data and json.loads(data)) for kind, _, url, data in told["sent"]] == [
        (one["method"], HUB + one["path"], one.get("body")) for one in REQUESTS
    ]
    assert all(method == kind for method, kind, *_ in told["sent"]), "jQuery before 1.9 reads `type`"
    assert [answer["ok"] for answer in told["told"]] == [True] * len(REQUESTS)


def test_nobodys_name_or_phone_stands_in_an_address() -> None:
    told = run([("search", ["Канарейкин +79990001234"])], ("answers", {}))

    assert told["sent"] == [
        [
            "POST",
            "POST",
            f"{HUB}/panel/v1/search",
            json.dumps({"text": "Канарейкин +79990001234"}, ensure_ascii=False).replace(": ", ":"),
        ]
    ]


NO_ANSWER = {"ok": False, "status": 0, "reason": None, "body": None}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (("throws", None), NO_ANSWER),
        (("silent", None), NO_ANSWER),
        (("fails", None), NO_ANSWER),
        (("answers", None), NO_ANSWER),
        (("answers", "<html>"), NO_ANSWER),
        (("fails", {"status": 503, "responseJSON": {"code": "busy", "reason": "Подождите."}}),
         {"ok": False, "status": 503, "reason": "Подождите.", "body": {"code": "busy", "reason": "Подождите."}}),
        (("fails", {"status": 502}), {"ok": False, "status": 502, "reason": None, "body": None}),
    ],
)  # fmt: skip
def test_whatever_goes_wrong_is_an_answer_that_failed_and_never_an_exception(page: Any, expected: Any) -> None:
    assert run([("card", ["deals", 7, []])], page)["told"] == [expected]


@pytest.mark.parametrize(
    ("url", "is_heard"),
    [
        (f"{HUB}/panel/v1/stream?ticket=1", True),
        ("https://other.example.ru/panel/v1/stream?ticket=1", False),
        (f"{HUB}.other.ru/panel/v1/stream?ticket=1", False),
        (f"{HUB}@other.ru/panel/v1/stream?ticket=1", False),
        ("//other.example.ru/panel/v1/stream?ticket=1", False),
        ("/panel/v1/stream?ticket=1", False),
        ("javascript:alert(1)", False),
        (None, False),
    ],
)
def test_a_stream_is_the_hubs_own_or_none(url: str | None, is_heard: bool) -> None:
    (told,) = run([("stream", ["deals", 7])], ("answers", {"url": url}))["told"]

    assert told["ok"] is is_heard
