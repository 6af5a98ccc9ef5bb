"""Where the widget's «Поддержка» leads: whom to ask, and what to have at hand. Says nothing of anybody."""

from aiohttp import web

_PAGE = """<!doctype html>
<html lang="ru"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Поддержка виджета IDENT</title>
<body style="font:16px/1.5 sans-serif;max-width:40em;margin:3em auto;padding:0 1em">
<h1>Поддержка</h1>
<p>Клинику с amoCRM связывает интегратор: звоните или пишите тому, кто подключал виджет.</p>
<p>Перед звонком посмотрите: Настройки → IDENT: сделки и приёмы → «Связь». Там словами сказано, что с клиникой и что ждёт отправки.</p>
<p>Сообщите интегратору адрес аккаунта amoCRM, время и номер сделки. Имён и телефонов пациентов не присылайте.</p>
</body></html>"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def route() -> web.RouteDef:
    """Where it stands."""
    return web.get("/support", _show)


async def _show(_request: web.Request) -> web.Response:
    return web.Response(text=_PAGE, content_type="text/html", headers=_HEADERS)
