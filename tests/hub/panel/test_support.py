"""The page that says whom to ask."""

import aiohttp
from aiohttp import web

from hub.app import listening
from hub.config import Address
from hub.panel import support

WHOM = "Орлова <b>Анна</b>, +7 999 000-00-01, help@example.ru"
PRIVACY = 'https://example.ru/privacy?a=1&b="2"'


async def test_the_widgets_support_link_leads_to_whom_this_hub_names() -> None:
    app = web.Application()
    app.router.add_routes([support.route(WHOM, PRIVACY)])
    async with listening(app, Address(host="127.0.0.1", port=0), "") as port, aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{port}/support") as answer:
            told, text = answer, await answer.text()

    assert (told.status, told.content_type) == (200, "text/html")
    assert "Орлова &lt;b&gt;Анна&lt;/b&gt;, +7 999 000-00-01, help@example.ru" in text
    assert 'href="https://example.ru/privacy?a=1&amp;b=&quot;2&quot;"' in text
    assert "интегратор" not in text


def test_who_named_nobody_sends_to_the_integrator_and_links_nothing() -> None:
    text = support.page(None, None)

    assert "звоните или пишите тому, кто подключал виджет" in text
    assert "href" not in text
