"""Each request as amoCRM documents it, and what each documented (or seen) answer means."""

import json
from typing import Any

import pytest

from hub.amocrm import answers, api
from hub.amocrm.answers import Answer, TooMuch
from hub.amocrm.api import Request
from hub.crm import AnswerLost, CrmBlocked, CrmBusy, CrmDown, CrmRejected, CrmUnauthorised, CrmUnpaid
from wire.errors import NeedsOperator

HAL, PROBLEM, HTML = "application/hal+json", "application/problem+json", "text/html; charset=utf-8"
NGINX = b"<html><head><title>429 Too Many Requests</title></head><body><center>nginx</center></body></html>"
UNAUTHORISED = {"title": "Unauthorized", "type": "https://httpstatus.es/401", "status": 401, "detail": "…"}
FORBIDDEN = {"title": "Forbidden", "type": "https://httpstatus.es/403", "status": 403, "detail": "…"}
NOT_FOUND = {"title": "Not Found", "type": "https://httpstatus.es/404", "status": 404, "detail": "…"}
REFUSED = {
    "validation-errors": [
        {
            "request_id": "1",
            "errors": [
                {"code": "NotSupportedChoice", "path": "custom_fields_values.0.field_id", "detail": "Канарейкин"},
                {"code": "FieldMissing", "path": "price", "detail": "+79990001234"},
            ],
        }
    ],
    "title": "Bad Request",
    "status": 400,
    "detail": "Request validation failed",
}
REFUSED_TOO = {
    "errors": [{"request_id": "0", "errors": {"code": "EntityNotFound", "path": "id", "detail": "…"}}],
    "title": "Bad Request",
    "detail": "Invalid request items",
}

READ = api.lead(7)
LIST = api.leads([1, 2])
CREATE = api.create_leads([{}, {}])
PATCH = api.patch("leads", [{}, {}])
PATCH_ONE = api.patch("leads", [{}])


def problem(status: int, body: Any) -> Answer:
    return Answer(status, PROBLEM, json.dumps(body).encode())


def html(status: int, retry_after: str | None = None) -> Answer:
    return Answer(status, HTML, NGINX, retry_after)


SUCCESSES = [
    (READ, Answer(200, HAL, b'{"id": 7}'), {"id": 7}),
    (CREATE, Answer(200, HAL, b"[]"), []),
    (api.create_groups("leads", []), Answer(201, HAL, b"{}"), {}),
    (READ, Answer(204), None),
    (LIST, Answer(204), None),
    (READ, problem(404, NOT_FOUND), None),
]


@pytest.mark.parametrize(("request_", "answer", "value"), SUCCESSES)
def test_a_success_is_its_json_and_what_is_not_there_is_none(request_: Request, answer: Answer, value: Any) -> None:
    assert answers.decipher(request_, answer) == value


FAILURES: list[tuple[Request, Answer, type[Exception]]] = [
    (READ, problem(401, UNAUTHORISED), CrmUnauthorised),
    (READ, html(401), CrmUnauthorised),
    (READ, problem(402, {}), CrmUnpaid),
    (PATCH, html(402), CrmUnpaid),
    (READ, html(403), CrmBlocked),
    (CREATE, Answer(403), CrmBlocked),
    (READ, Answer(403, PROBLEM, b"not really json"), CrmBlocked),
    (READ, problem(403, FORBIDDEN), NeedsOperator),
    (READ, html(404), CrmUnauthorised),
    (PATCH, problem(404, NOT_FOUND), CrmRejected),
    (PATCH, problem(405, {"status": 405}), CrmRejected),
    (CREATE, problem(400, REFUSED), CrmRejected),
    (PATCH, problem(422, {"status": 422}), CrmRejected),
    (READ, html(429), CrmBusy),
    (CREATE, Answer(429), CrmBusy),
    (PATCH, problem(429, {"retry_after": 300}), CrmBusy),
    (READ, html(500), CrmDown),
    (LIST, html(503), CrmDown),
    (CREATE, html(500), AnswerLost),
    (CREATE, html(502), AnswerLost),
    (PATCH, html(500), AnswerLost),
    (CREATE, html(504), AnswerLost),
    (PATCH_ONE, html(504), AnswerLost),
    (READ, html(504), CrmDown),
    (PATCH, html(504), TooMuch),
    (LIST, html(504), TooMuch),
    (READ, Answer(301, HTML), CrmUnauthorised),
    (CREATE, Answer(302, HTML), CrmUnauthorised),
]


@pytest.mark.parametrize(("request_", "answer", "error"), FAILURES)
def test_a_failure_is_the_class_that_says_what_to_do(request_: Request, answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        answers.decipher(request_, answer)

    assert type(raised.value) is error


def test_rights_that_lack_are_told_apart_from_a_blocked_account() -> None:
    with pytest.raises(NeedsOperator) as lacking:
        answers.decipher(READ, problem(403, FORBIDDEN))
    with pytest.raises(CrmBlocked) as blocked:
        answers.decipher(READ, html(403))

    assert "administrator" in lacking.value.hint
    assert "support" in blocked.value.hint


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (problem(429, {"retry_after": 300}), 300.0),
        (html(429, "5"), 5.0),
        (Answer(429, PROBLEM, b'{"retry_after": 2}', "7"), 2.0),
        (html(429, "Wed, 21 Oct 2026 07:28:00 GMT"), None),
        (html(429, "-1"), None),
        (html(429, "nan"), None),
        (html(429, "86400"), 3600.0),
        (Answer(429), None),
    ],
)
def test_the_wait_is_read_from_body_or_header(answer: Answer, seconds: float | None) -> None:
    with pytest.raises(CrmBusy) as busy:
        answers.decipher(READ, answer)

    assert busy.value.after == seconds


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (REFUSED, {1: ("NotSupportedChoice custom_fields_values.0.field_id", "FieldMissing price")}),
        (REFUSED_TOO, {0: ("EntityNotFound id",)}),
        ({"status": 400, "detail": "The body should hold 50 items or less"}, {answers.WHOLE: ("400",)}),
        ({"errors": [{"request_id": "9", "errors": [{"code": "Odd"}]}]}, {answers.WHOLE: ("Odd",)}),
        ({"errors": [{"request_id": "0", "errors": [{"code": "Имя занято: Канарейкин"}]}]}, {0: ("400",)}),
        ({"errors": "Канарейкин"}, {answers.WHOLE: ("400",)}),
        ([], {answers.WHOLE: ("400",)}),
    ],
)
def test_refusals_name_codes_and_paths_by_item_and_never_a_foreign_text(body: Any, codes: dict[int, Any]) -> None:
    with pytest.raises(CrmRejected) as rejected:
        answers.decipher(CREATE, problem(400, body))

    assert rejected.value.codes == codes
    assert "Канарейкин" not in str(rejected.value)
    assert "+7999" not in str(rejected.value)


def test_a_lone_item_is_the_one_that_was_refused() -> None:
    with pytest.raises(CrmRejected) as rejected:
        answers.decipher(PATCH_ONE, problem(400, {"status": 400}))

    assert rejected.value.codes == {0: ("400",)}


def test_a_success_that_is_no_json_is_not_read_as_empty() -> None:
    with pytest.raises(ValueError):
        answers.decipher(READ, Answer(200, HTML, b"<html>please confirm that you are human</html>"))


REQUESTS: list[tuple[Request, str, str, list[tuple[str, str]]]] = [
    (api.lead(7), "GET", "/api/v4/leads/7", [("with", "contacts,is_price_modified_by_robot")]),
    (api.contact(7), "GET", "/api/v4/contacts/7", [("with", "leads")]),
    (
        api.leads([3, 5]),
        "GET",
        "/api/v4/leads",
        [
            ("with", "contacts,is_price_modified_by_robot"),
            ("filter[id][]", "3"),
            ("filter[id][]", "5"),
            ("limit", "250"),
        ],
    ),
    (
        api.contacts_like("9990000101"),
        "GET",
        "/api/v4/contacts",
        [("query", "9990000101"), ("with", "leads"), ("limit", "250")],
    ),
    (
        api.leads_newest_first(),
        "GET",
        "/api/v4/leads",
        [("with", "contacts,is_price_modified_by_robot"), ("order[created_at]", "desc"), ("limit", "250")],
    ),
    (
        api.contacts_last_changed_first(),
        "GET",
        "/api/v4/contacts",
        [("with", "leads"), ("order[updated_at]", "desc"), ("limit", "250")],
    ),
    (api.notes(7), "GET", "/api/v4/leads/7/notes", [("order[id]", "desc"), ("limit", "250")]),
    (api.create_leads([]), "POST", "/api/v4/leads/complex", []),
    (api.create_contacts([]), "POST", "/api/v4/contacts", []),
    (api.add_notes([]), "POST", "/api/v4/leads/notes", []),
    (api.link_contacts([]), "POST", "/api/v4/leads/link", []),
    (api.patch("contacts", []), "PATCH", "/api/v4/contacts", []),
    (api.account(), "GET", "/api/v4/account", [("with", "is_api_filter_enabled")]),
    (api.create_stages(4, []), "POST", "/api/v4/leads/pipelines/4/statuses", []),
    (api.create_groups("contacts", []), "POST", "/api/v4/contacts/custom_fields/groups", []),
    (api.patch_field("leads", 9, {}), "PATCH", "/api/v4/leads/custom_fields/9", []),
]


@pytest.mark.parametrize(("request_", "method", "path", "query"), REQUESTS)
def test_requests_go_where_amocrm_documents_them(
    request_: Request, method: str, path: str, query: list[tuple[str, str]]
) -> None:
    assert (request_.method, request_.path, list(request_.query)) == (method, path, query)


def test_an_empty_list_is_no_json_at_all() -> None:
    assert answers.embedded(None, "leads") == []


@pytest.mark.parametrize("value", [[], {}, {"_embedded": {"contacts": []}}, {"_embedded": {"leads": [1]}}, "x"])
def test_a_list_of_another_shape_is_not_read_as_empty(value: Any) -> None:
    with pytest.raises(ValueError):
        answers.embedded(value, "leads")


BASE = "https://example.amocrm.ru"


def page(href: str) -> dict[str, Any]:
    return {"_page": 1, "_links": {"self": {"href": "…"}, "next": {"href": href}}, "_embedded": {"leads": []}}


def test_the_next_page_is_what_amocrm_links_to() -> None:
    following = answers.next_page(LIST, page(f"{BASE}/api/v4/leads?with=contacts&page=2&filter%5Bid%5D%5B%5D=3"), BASE)

    assert following == Request("GET", "/api/v4/leads", (("with", "contacts"), ("page", "2"), ("filter[id][]", "3")))


@pytest.mark.parametrize("value", [None, {}, {"_links": {}}, {"_links": {"self": {"href": "x"}}}])
def test_a_list_ends_where_no_next_page_is_linked(value: Any) -> None:
    assert answers.next_page(LIST, value, BASE) is None


@pytest.mark.parametrize(
    "href",
    [
        "https://evil.example/api/v4/leads?page=2",
        "https://other.amocrm.ru/api/v4/leads?page=2",
        "http://example.amocrm.ru/api/v4/leads?page=2",
        f"{BASE}/api/v4/users?page=2",
        f"{BASE}/api/v4/leads?{'&'.join(f'{name}={value}' for name, value in LIST.query)}",
    ],
)
def test_a_next_page_elsewhere_is_not_followed(href: str) -> None:
    with pytest.raises(ValueError):
        answers.next_page(LIST, page(href), BASE)


@pytest.mark.parametrize(
    ("answered", "ids"),
    [
        ([{"id": 1, "request_id": "0"}, {"id": 2, "request_id": "1"}], [1, 2]),
        ([{"id": 2, "request_id": "1"}, {"id": 1, "request_id": "0"}], [1, 2]),
        ([{"id": 2, "request_id": ["1"]}, {"id": 1, "request_id": ["0"]}], [1, 2]),
        ([{"id": 1}, {"id": 2}], [1, 2]),
        ([{"id": 1, "request_id": "a"}, {"id": 2, "request_id": "b"}], [1, 2]),
    ],
)
def test_a_batch_is_answered_in_the_order_of_the_question(answered: list[dict[str, Any]], ids: list[int]) -> None:
    assert [item["id"] for item in answers.in_order(answered, 2)] == ids


def test_a_batch_that_is_answered_in_part_is_not_believed() -> None:
    with pytest.raises(ValueError):
        answers.in_order([{"id": 1, "request_id": "0"}], 2)
