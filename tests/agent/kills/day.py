"""A clinic's day around one death: the agent dies at an await, the clinic goes on, the agent is started again; the hub never dies."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from tests.agent.hub_end import NOON, Hub, HubConnection, listening
from tests.agent.kills.awaits import KILLED
from tests.agent.mis.clinic import Backup
from tests.agent.processes import config
from tests.agent.scan.world import MOSCOW, World
from wire.frames import Ack, Answer, AnyFrame, Ask, Challenge, Fault, Hello, PassBegin, PassEnd, Push, Resend, State

PATIENCE = 20.0
Wanted: TypeAlias = Callable[[World], Awaitable[bool]]


class Receiving(Hub):
    """A hub that keeps what it is sent as the scan's world does, over a real socket."""

    def __init__(self, here: World) -> None:
        super().__init__()
        self.here = here
        self.verified: datetime | None = None
        """What the agent said last: up to when a whole pass saw everything."""
        self.answered = 0
        self.backup: Backup = {}
        """Of the clinic's database."""

    async def serve(self, ws: ServerConnection) -> None:
        connection = HubConnection(ws, self.public)
        self.connections.append(connection)
        with suppress(ConnectionClosed):
            await connection.send(Challenge(nonce="n", hub="hub_1", time=NOON))
            hello = await connection.next(Hello)
            await connection.send(self.here.hub.greet(dict(hello.lanes), hello.generation))
            while True:
                frame = await connection.frame()
                if isinstance(frame, Push | PassBegin | PassEnd):
                    ack = self.here.hub.receive(connection.texts[-1])
                    assert ack is not None, "what came does not build on what is held"
                    await connection.send(Ack(lane=ack[0], seq=ack[1]))
                elif isinstance(frame, State):
                    self.verified = frame.verified_through
                elif isinstance(frame, Answer | Fault):
                    self.answered += 1

    async def say(self, frame: AnyFrame) -> None:
        """Tell the agent, if it hears."""
        with suppress(ConnectionClosed):
            await self.connections[-1].send(frame)


class Victim:
    """A process that forks an agent for each life."""

    def __init__(self, process: Process, folder: Path, hub: str) -> None:
        self._process, self._folder, self._hub = process, folder, hub
        self._pid = 0
        self.died = False

    async def live(self, number: int = -1, after: int = 1) -> None:
        """Start; it dies when it comes to this await for the `after`-th time."""
        assert self._process.stdin is not None
        self.died = False
        self._process.stdin.write(f"{number} {after} {self._folder} {self._hub}\n".encode())
        self._pid = int((await self._line()).split()[1])

    async def end(self) -> None:
        """Kill it, where it did not die."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        while await self._line() != b"ended\n":
            pass

    async def until(self, happened: Callable[[], Awaitable[bool]]) -> bool:
        """Wait until it happened, or until it died: then False."""
        loop = asyncio.get_running_loop()
        late = loop.time() + PATIENCE
        while not self.died and not await happened():
            assert loop.time() < late, "the hub does not come to hold what stands in the clinic"
            with suppress(TimeoutError):
                assert await asyncio.wait_for(self._line(), 0.02) == KILLED, "it ended of itself"
                self.died = True
        return not self.died

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, "the process that forks is gone"
        return line


async def is_whole(here: World) -> bool:
    """Whether the hub holds what stands in the clinic."""
    return await here.truth() == here.hub.values


async def dies(victim: Victim, here: World, hub: Receiving, number: int, after: int) -> bool:
    """One agent's life up to this await, what the clinic does meanwhile, and the life of the next. Whether the first one died."""
    await victim.live(number, after)
    for act in (nothing, books, loses_the_line, deletes, puts_back, asks_again, takes_back, asks_a_card):
        if not await victim.until(partial(await act(here, hub) or is_whole, here)):
            break
    died = victim.died
    await victim.end()
    here.clinic.visit(20 + number % 3, 2, 5)
    here.clinic.put("Receptions", 3, PatientAppeared=here.clinic.now)
    here.clinic.delete("Receptions", 4)
    await victim.live()
    assert await victim.until(lambda: is_whole(here))
    await victim.end()
    return died


async def nothing(_here: World, _hub: Receiving) -> None:
    """The first load."""


async def books(here: World, hub: Receiving) -> None:
    """A visit, a cancellation, a patient's new card number."""
    hub.backup = here.clinic.backup()
    here.clinic.visit(11, 1, 3)
    here.clinic.put("Receptions", 1, ReceptionCanceled=here.clinic.now)
    here.clinic.put("Patients", 2, CardNumber="77")


async def loses_the_line(here: World, hub: Receiving) -> None:
    """Something is to be said when it is back."""
    hub.connections[-1].drop()
    here.clinic.visit(12, 2, 4)


async def asks_a_card(_here: World, hub: Receiving) -> Wanted:
    """An operator opens a card while the scan goes on."""
    await hub.say(Ask(id=1, ask="card", args={"phones": ["+79990000002"]}, deadline_ms=5000))

    async def is_answered(_: World) -> bool:
        return hub.answered > 0

    return is_answered


async def deletes(here: World, _hub: Receiving) -> None:
    """Only a pass finds it."""
    here.clinic.delete("Receptions", 2)


async def puts_back(here: World, hub: Receiving) -> None:
    """The morning's backup, with one booking on top."""
    here.clinic.put_back(hub.backup)
    here.clinic.visit(11, 1, 3)


async def asks_again(_here: World, hub: Receiving) -> None:
    """As after an upgrade of the hub that keeps more of a visit."""
    await hub.say(Resend(kind="visit", keys=[]))


async def takes_back(here: World, hub: Receiving) -> Wanted:
    """The visit takes place after all; and a whole pass sees everything."""
    here.clinic.put("Receptions", 1, ReceptionCanceled=None)
    since = here.clinic.pass_time(60).replace(tzinfo=MOSCOW)

    async def is_verified(_: World) -> bool:
        return hub.verified is not None and hub.verified >= since and await is_whole(here)

    return is_verified


@asynccontextmanager
async def clinic_and_hub(folder: Path) -> AsyncIterator[tuple[World, Receiving, str]]:
    """A small clinic, a hub that knows its agent, and the hub's address."""
    here = World(folder)
    for key in range(1, 4):
        here.clinic.patient(key, f"Канарейкин {key}")
    for key in range(1, 8):
        here.clinic.visit(key, key % 3 + 1, key - 2)
        here.clinic.put("Orders", key, ID_Receptions=key, ID_Patients=key % 3 + 1)
    hub = Receiving(here)
    try:
        async with listening(hub):
            address = hub.enroll(folder / "state")
            config(folder, address)
            yield here, hub, address
    finally:
        here.clinic.close()


@asynccontextmanager
async def victims() -> AsyncIterator[Process]:
    """The process that forks."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.agent.kills.victim"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        start_new_session=True,  # it and what it forked end together
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
