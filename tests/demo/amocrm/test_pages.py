"""The stand-in's pages from the server's side: who looks, what the widget's token says, what is served, and who may see which card."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import jwt
import pytest

from demo.amocrm import desk, front, seed
from demo.amocrm.app import serving
from demo.amocrm.archive import NotTaken, Widget, unpacked
from demo.amocrm.model import Json
from demo.amocrm.stand_in import StandIn
from tests.demo.amocrm.conftest import Clocks, Crm
from tests.widget.archives import good, packed

FILES = good() | {"templates/a.twig": b"{{ a }}"}
PEOPLE = {
    "users": [
        {"name": "Бесплатный", "email": "free@example.ru", "is_free": True},
        {"name": "Своё", "email": "own@example.ru", "view": "M"},
        {"name": "Ничего", "email": "none@example.ru", "view": "D"},
    ]
}


@pytest.fixture
def widget(tmp_path: Path) -> Widget:
    (tmp_path / "widget.zip").write_bytes(packed(FILES))
    return unpacked(tmp_path / "widget.zip")


@pytest.fixture
def people(stand_in: StandIn, tmp_path: Path) -> list[int]:
    """Ids of: admin, two operators, a free user, one who sees the own cards, one who sees none."""
    (tmp_path / "seed.json").write_text(json.dumps(PEOPLE), "utf-8")
    seed.add(stand_in.account, tmp_path / "seed.json")
    return list(stand_in.account.users)


@pytest.fixture
async def crm(stand_in: StandIn, clocks: Clocks, widget: Widget, people: list[int]) -> AsyncIterator[Crm]:
    async with serving(stand_in, widget=widget) as url, aiohttp.ClientSession() as session:
        yield Crm(session, url, stand_in.long_lived_token(url), stand_in, clocks)


async def data(
    crm: Crm, path: str, user_id: int | None = None, method: str = "GET", body: object = None
) -> tuple[int, Json]:
    """A request of the pages of that user."""
    cookies = {desk.COOKIE: str(user_id)} if user_id else {}
    url = f"{crm.url}/_stand-in/pages/{path}"
    async with aiohttp.ClientSession(cookies=cookies) as session, session.request(method, url, json=body) as answer:
        return answer.status, await answer.json(content_type=None)


async def token(crm: Crm, user_id: int | None = None, by: str = "XMLHttpRequest") -> tuple[int, Json]:
    uuid = crm.stand_in.integration.client_id
    cookies = {desk.COOKIE: str(user_id)} if user_id else {}
    url = f"{crm.url}/ajax/v2/integrations/{uuid}/disposable_token"
    sent = {"X-Requested-With": by}
    async with aiohttp.ClientSession(cookies=cookies, headers=sent) as session, session.get(url) as answer:
        return answer.status, await answer.json(content_type=None)


def opened(crm: Crm, said: Json) -> Json:
    claims: Json = jwt.decode(
        said["token"],
        crm.stand_in.integration.secret,
        algorithms=["HS256"],
        audience="http://127.0.0.1:8080",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    return claims


# The disposable token.


async def test_the_token_says_who_looks_and_for_how_long(crm: Crm, people: list[int]) -> None:
    status, said = await token(crm)
    claims = opened(crm, said)

    now = int(crm.clocks.machine)
    assert status == 200
    assert jwt.get_unverified_header(said["token"])["alg"] == "HS256"
    assert claims.keys() == {
        "iss",
        "aud",
        "jti",
        "iat",
        "nbf",
        "exp",
        "account_id",
        "subdomain",
        "client_uuid",
        "user_id",
    }
    assert (claims["iss"], claims["aud"]) == (crm.url, "http://127.0.0.1:8080")
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (now, now, now + 1800)
    assert (claims["account_id"], claims["subdomain"]) == (crm.stand_in.account.id, "example")
    assert claims["client_uuid"] == crm.stand_in.integration.client_id
    assert claims["user_id"] == people[1], "without a login the first operator looks"


async def test_another_user_logs_in_by_a_cookie(crm: Crm, people: list[int]) -> None:
    admin = people[0]
    async with crm.session.get(f"{crm.url}/_stand-in/login/{admin}?to=/leads/", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/leads/")
        assert answer.cookies[desk.COOKIE].value == str(admin)

    assert opened(crm, (await token(crm, admin))[1])["user_id"] == admin
    for wrong in ("1?to=/", f"{admin}?to=//elsewhere.example", f"{admin}?to=https://elsewhere.example"):
        async with crm.session.get(f"{crm.url}/_stand-in/login/{wrong}", allow_redirects=False) as answer:
            assert (answer.status, desk.COOKIE in answer.cookies) == (404, False)


async def test_every_token_is_another_one_and_can_be_expired(crm: Crm) -> None:
    first, second = [opened(crm, (await token(crm))[1]) for _ in range(2)]
    assert first["jti"] != second["jti"]

    said = await crm.ask("POST", "/_stand-in/token-life", {"seconds": -90}, token="")
    assert said.status == 204

    claims = opened(crm, (await token(crm))[1])
    assert claims["exp"] == int(crm.clocks.machine) - 90
    assert claims["exp"] - claims["iat"] == 1800


async def test_a_token_needs_the_pages_own_request(crm: Crm) -> None:
    assert (await token(crm, by="fetch"))[0] == 403
    said = await crm.ask("GET", "/ajax/v2/integrations/other/disposable_token", X_Requested_With="XMLHttpRequest")
    assert said.status == 404


# Files.


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("script.js", "text/javascript"),
        ("style.css", "text/css"),
        ("i18n/ru.json", "application/json"),
        ("images/logo.png", "image/png"),
        ("templates/a.twig", "text/plain"),
    ],
)
async def test_the_archive_is_served_with_its_types(crm: Crm, widget: Widget, name: str, kind: str) -> None:
    async with crm.session.get(f"{crm.url}{widget.path}/{name}?v=1.2.3") as answer:
        assert (answer.status, answer.content_type) == (200, kind)
        assert await answer.read() == FILES[name]
        assert answer.charset == (None if kind == "image/png" else "utf-8")


@pytest.mark.parametrize(
    "path",
    [
        "/upl/{code}/widget/missing.js",
        "/upl/other/widget/script.js",
        "/upl/{code}/widget/..%2f..%2fscript.js",
        "/upl/{code}/widget/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/upl/{code}/widget//etc/passwd",
        "/_stand-in/files/..%2ffront.py",
        "/_stand-in/files/package.json",
        "/_stand-in/files/node_modules%2ftwig%2ftwig.js",
        "/_stand-in/vendor/..%2f..%2findex.html",
    ],
)
async def test_nothing_else_is_served(crm: Crm, widget: Widget, path: str) -> None:
    raw = f"GET {path.format(code=widget.code)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    host, port = crm.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(raw.encode())
    status = (await reader.readline()).split()[1]
    writer.close()
    await writer.wait_closed()

    assert status in (b"404", b"401"), "401 is the API's answer to a path that is no page's"


async def test_the_same_archive_has_the_same_code_and_another_has_another(tmp_path: Path, widget: Widget) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/widget.zip").write_bytes(packed(FILES | {"script.js": b"define([], function () {});"}))

    assert unpacked(tmp_path / "widget.zip").code == widget.code
    assert unpacked(tmp_path / "other/widget.zip").code != widget.code


def test_what_amocrm_would_not_take_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "widget.zip").write_bytes(
        packed({name: data for name, data in FILES.items() if "logo_min" not in name})
    )

    with pytest.raises(NotTaken, match=r"images/logo_min: image\.missing: add it as png"):
        unpacked(tmp_path / "widget.zip")


async def test_the_process_ends_with_what_is_wrong_with_the_archive(tmp_path: Path) -> None:
    (tmp_path / "widget.zip").write_bytes(b"Rar!")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo.amocrm", "--port", "0", "--widget", str(tmp_path / "widget.zip"), stderr=-1
    )

    async with asyncio.timeout(20):
        _, said = await process.communicate()

    assert (process.returncode, said.decode()) == (1, "widget.zip: archive.zip: pack a plain zip without a password\n")


async def test_pages_that_are_not_set_up_end_the_process_with_what_to_do(
    tmp_path: Path, widget: Widget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "VENDOR", {"require.js": tmp_path / "require.js"})

    with pytest.raises(front.NotSetUp, match="make demo"):
        front.Front(StandIn(), widget)


@pytest.mark.e2e
async def test_the_process_serves_pages_when_it_is_given_a_widget(tmp_path: Path, widget: Widget) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo.amocrm", "--port", "0", "--widget", str(tmp_path / "widget.zip"), stdout=-1
    )
    assert process.stdout
    async with asyncio.timeout(20):
        told = json.loads(await process.stdout.readline())
    async with aiohttp.ClientSession() as session, session.get(f"{told['url']}/?theme=dark") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert answer.url.path.startswith("/leads/list/pipeline/")
        assert answer.url.query["theme"] == "dark"
    process.terminate()
    await process.communicate()

    assert process.returncode == 0


# Rights.


async def lead_of(crm: Crm, user_id: int) -> int:
    contact = {"name": "Пациент", "responsible_user_id": user_id}
    body = [{"name": "Сделка", "responsible_user_id": user_id, "_embedded": {"contacts": [contact]}}]
    made: int = (await crm.post("leads/complex", body)).body[0]["id"]
    return made


async def as_user(crm: Crm, user_id: int, path: str) -> tuple[int, str]:
    said = await crm.ask("GET", path, X_Context_User_ID=str(user_id))
    return said.status, said.type


async def test_who_sees_only_the_own_is_refused_the_others(crm: Crm, people: list[int]) -> None:
    operator, own, none = people[1], people[4], people[5]
    theirs, mine = await lead_of(crm, operator), await lead_of(crm, own)
    refused = (403, "application/problem+json")

    assert await as_user(crm, own, f"leads/{mine}") == (200, "application/hal+json")
    assert await as_user(crm, own, f"leads/{theirs}") == refused
    assert await as_user(crm, none, f"leads/{mine}") == refused
    assert (await as_user(crm, operator, f"leads/{mine}"))[0] == 200
    contact = crm.stand_in.account.leads[theirs].main_contact
    for path in (f"contacts/{contact}", f"leads/{theirs}/notes", f"contacts/{contact}/notes", f"leads/{theirs}/links"):
        assert await as_user(crm, own, path) == refused, path
    listed = (await crm.ask("GET", "leads", X_Context_User_ID=str(own))).items("leads")
    assert [lead["id"] for lead in listed] == [mine]
    named = (await crm.ask("GET", "contacts?query=Пациент", X_Context_User_ID=str(own))).items("contacts")
    assert [contact["responsible_user_id"] for contact in named] == [own]
    assert (await as_user(crm, none, "leads"))[0] == 204
    assert crm.stand_in.refused == [], "asking for a card that one may not see is nothing undocumented"


async def test_rights_are_told_by_their_letters(crm: Crm, people: list[int]) -> None:
    found = (await crm.get("users")).items("users")

    letters = [(user["rights"]["leads"]["view"], user["rights"]["contacts"]["add"]) for user in found]
    assert letters == [("A", "A"), ("A", "A"), ("A", "A"), ("D", "D"), ("M", "A"), ("D", "D")]


async def test_the_pages_show_each_user_what_this_user_may_see(crm: Crm, people: list[int]) -> None:
    operator, free, own = people[1], people[3], people[4]
    theirs, mine = await lead_of(crm, operator), await lead_of(crm, own)
    pipeline = crm.stand_in.account.main_pipeline().id

    async def on_board(user_id: int) -> list[int]:
        _, said = await data(crm, f"board/{pipeline}", user_id)
        return sorted(lead["id"] for column in said["columns"] for lead in column["leads"])

    assert await on_board(operator) == [theirs, mine]
    assert await on_board(own) == [mine]
    assert (await data(crm, f"leads/{theirs}", own))[0] == 403
    assert (await data(crm, f"leads/{theirs}", own, "PATCH", {"price": 1}))[0] == 403
    assert (await data(crm, f"leads/{theirs}", free))[0] == 200
    assert (await data(crm, f"leads/{theirs}", free, "PATCH", {"price": 1}))[0] == 403
    assert (await data(crm, "leads/1", operator))[0] == 404
    assert crm.stand_in.account.leads[theirs].price == 0


# What people do at the pages.


async def test_what_a_person_writes_is_written_as_that_person(crm: Crm, people: list[int]) -> None:
    operator = people[2]
    _, made = await data(crm, "leads", operator, "POST", {"name": "Имплант", "price": 9000})
    deal = crm.stand_in.account.leads[made["id"]]
    assert (deal.created_by, deal.responsible_user_id, deal.price) == (operator, operator, 9000)

    assert (await data(crm, f"leads/{deal.id}", people[1], "PATCH", {"price": 100}))[0] == 200
    assert (await data(crm, f"leads/{deal.id}/notes", people[1], "POST", {"text": "Перезвонить"}))[0] == 200
    _, card = await data(crm, f"leads/{deal.id}", operator)

    assert (card["price"], deal.updated_by) == (100, people[1])
    assert [line.get("text") for line in card["feed"] if line["kind"] == "note"] == ["Перезвонить"]
    assert (await data(crm, f"leads/{deal.id}", operator, "PATCH", {"price": "much"}))[0] == 400


async def test_only_an_admin_switches_the_widget(crm: Crm, people: list[int], widget: Widget) -> None:
    wanted = {"is_active": False, "settings": {"key": "1"}}

    assert (await data(crm, "widget", people[1], "PUT", wanted))[0] == 403
    assert (await data(crm, "widget", people[0], "PUT", wanted))[0] == 200

    assert (widget.is_active, widget.settings) == (False, {"key": "1"})
    _, start = await data(crm, "start")
    assert (start["widget"]["is_active"], start["user"]["id"]) == (False, people[1])


async def test_open_pages_hear_of_every_change(crm: Crm) -> None:
    async with crm.session.get(f"{crm.url}/_stand-in/live") as stream:
        assert stream.content_type == "text/event-stream"
        assert (await stream.content.readline(), await stream.content.readline()) == (b": open\n", b"\n")
        lead = await crm.lead()
        await crm.post(f"leads/{lead}/notes", [{"note_type": "common", "params": {"text": "x"}}])
        heard: list[Json] = []
        async with asyncio.timeout(5):
            while len(heard) < 2:
                line = await stream.content.readline()
                heard += [json.loads(line[5:])] if line.startswith(b"data:") else []

    assert heard == [{"entity": "leads", "id": lead}] * 2
