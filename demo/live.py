"""`python -m demo`: the composition of the live demo: opens it, starts every loop, ends it on Ctrl-C."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Never
from zoneinfo import ZoneInfo

from demo.bar.app import Bar, serving
from demo.clinic.leads import PRIMARY
from demo.folder import Folder, FolderTrouble, Remembered
from demo.install import ZONE
from demo.opening import opened
from demo.people.crew import PEOPLE_SECONDS, Crew
from demo.processes import ProcessFailed
from demo.product import Product, new_seed
from demo.show import LOOK_SECONDS, TURN_SECONDS, Show
from hub.clock import machine_now

VISITS = 120
"""A day of this clinic: something happens all the time, and all of it stands in amoCRM within half a minute at its real limit."""
DONE, FAILED, HINDERED = 0, 1, 2
_LINKED_SECONDS = 30.0


def live(path: Path) -> int:
    """Play until Ctrl-C; returns the exit code."""
    try:
        with Folder(path) as folder:
            asyncio.run(_until_stopped(folder))
    except FolderTrouble as trouble:
        say(str(trouble))
        return HINDERED
    except ProcessFailed as failure:
        say(failure.line())
        return FAILED
    except BaseExceptionGroup as group:
        say(_failed_in(group).line())
        return FAILED
    return DONE


def say(text: str) -> None:
    """Tell the person who runs it."""
    print(text, flush=True)


async def _until_stopped(folder: Folder) -> None:
    with _stopped_by_signals(), contextlib.suppress(asyncio.CancelledError):
        await _play(folder)
    say("Остановлено. Следующий запуск продолжит с этого места; начать заново: make demo-reset")


async def _play(folder: Folder) -> None:
    begun, what = time.monotonic(), _remembered(folder)
    say(
        f"Демонстрация IDENT и amoCRM{'' if what.installed else ', первый запуск'}. Всё, что сыграно, лежит в {folder.path}"
    )
    async with opened(folder, what, say) as (product, line):
        show = Show(product, line, await _clock(product))
        async with serving(Bar(show, await _first_page(product)), what.ports.page) as url:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_forever(show.turn, TURN_SECONDS))
                tasks.create_task(_forever(show.look, LOOK_SECONDS))
                tasks.create_task(_forever(Crew(show, what.seed).step, PEOPLE_SECONDS))
                await _linked(show)
                say(
                    f"Готово за {time.monotonic() - begun:.0f} с. Откройте в браузере:\n\n    {url}\n\nCtrl-C завершает всё."
                )


def _remembered(folder: Folder) -> Remembered:
    """The demo that stands in the folder, or a new one that begins on today's date."""
    what = folder.remembered()
    if what is None or not what.installed:
        what = folder.begin(seed=new_seed(), visits=VISITS, day=machine_now().astimezone(ZoneInfo(ZONE)).date())
    return what


async def _clock(product: Product) -> datetime:
    """Where the clinic's day stands; all other clocks follow it."""
    async with product.session.get(product.clinic_url) as answer:
        now = datetime.fromisoformat((await answer.json())["now"]).astimezone(ZoneInfo(ZONE))
    product.set_clock(now)
    return now


async def _first_page(product: Product) -> str:
    """The list of new patients' deals; an installation makes its pipelines in its own time."""
    async with asyncio.timeout(_LINKED_SECONDS):
        while True:
            for pipeline in await _pipelines(product):
                if pipeline["name"] == PRIMARY:
                    return f"{product.crm['url']}/leads/list/pipeline/{pipeline['id']}?widgets=first"
            await asyncio.sleep(0.1)


async def _pipelines(product: Product) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {product.crm['token']}"}
    async with product.session.get(f"{product.crm['url']}/api/v4/leads/pipelines", headers=headers) as answer:
        pipelines: list[dict[str, Any]] = (await answer.json(content_type=None))["_embedded"]["pipelines"]
        return pipelines


async def _linked(show: Show) -> None:
    """Until the clinic stands in the hub; whoever waits longer than usual sees on the page why."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINKED_SECONDS):
            await show.linked.wait()


async def _forever(step: Callable[[], Awaitable[None]], seconds: float) -> Never:
    while True:
        await step()
        await asyncio.sleep(seconds)


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """The first signal cancels the calling task; others come while it ends, and change nothing."""
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping and me is not None:
            stopping = True
            say("Останавливаю…")
            me.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    yield


def _failed_in(group: BaseExceptionGroup[BaseException]) -> ProcessFailed:
    """The process that failed; anything else is a bug, and is raised."""
    found = group.subgroup(ProcessFailed)
    while found is not None:
        first = found.exceptions[0]
        if isinstance(first, ProcessFailed):
            return first
        found = first
    raise group
