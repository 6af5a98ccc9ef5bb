"""Where the widget's «Поддержка» leads: whom to ask, and what to have at hand. Says nothing of anybody."""

from html import escape

from aiohttp import web

_PAGE = """<!doctype html>
<html lang="ru"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Поддержка виджета IDENT</title>
<body style="font:16px/1.5 sans-serif;max-width:40em;margin:3em auto;padding:0 1em">
<h1>Поддержка</h1>
{whom}
<p>Перед звонком посмотрите: Настройки → IDENT: сделки и приёмы → «Связь». Там словами сказано, что с клиникой и что ждёт отправки.</p>
<p>Сообщите адрес аккаунта amoCRM, время и номер сделки. Имён и телефонов пациентов не присылайте.</p>
{privacy}</body></html>"""
_UNKNOWN = "<p>Клинику с amoCRM связывает интегратор: звоните или пишите тому, кто подключал виджет.</p>"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def route(whom: str | None = None, privacy_url: str | None = None) -> web.RouteDef:
    """Where it stands; `whom`: who answers and how to reach him."""
    text = page(whom, privacy_url)

    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html", headers=_HEADERS)

    return web.get("/support", show)


def page(whom: str | None, privacy_url: str | None) -> str:
    """The page, as this hub's owner named himself."""
    named = f"<p>На вопросы отвечает: <b>{escape(whom)}</b></p>" if whom else _UNKNOWN
    link = f'<p><a href="{escape(privacy_url)}">Как обрабатываются персональные данные</a></p>\n' if privacy_url else ""
    return _PAGE.format(whom=named, privacy=link)
