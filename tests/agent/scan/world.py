"""A clinic, a scan, an outbox and a hub that replays what it is sent, with everything that may go wrong between them."""

import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from agent.deleted import Word
from agent.mis.port import Columns, Look, Mis, MisDown, MisError, Param, Row, Server
from agent.mis.probe import examine
from agent.mis.reader import Reader
from agent.mis.sqlite import open_sqlite
from agent.outbox import Outbox, file, open_outbox, owners
from agent.outbox import outbox as outbox_module
from agent.scan import Pace, Scan
from agent.standing import Standing
from tests.agent.mis.clinic import NOW, Clinic
from wire.frames import LANES, Lane, LaneStart, PassBegin, PassEnd, Position, Push, Welcome, decode, encode
from wire.lanes import START, agree, chain, judge

KEY = b"k" * 32
FIELDS = ("visit.comment:off", "visit.services:off")
MOSCOW = ZoneInfo("Europe/Moscow")
RAM = "/dev/shm" if Path("/dev/shm").is_dir() else None
AT_ONCE = Pace(every_seconds=0, share=1, verify_every_seconds=0)


class Crash(BaseException):
    """The power went, just before something became durable."""


class Wire(Mis):
    """The clinic's database as the scan sees it: with transactions that are open, and a line that breaks."""

    def __init__(self, mis: Mis, clinic: Clinic) -> None:
        self._mis, self.clinic = mis, clinic
        self.open: dict[int, Callable[[], None]] = {}
        self.fails: Callable[[str], MisError | None] = lambda query: None
        self.after: dict[str, Callable[[], None]] = {}
        self.asked: list[tuple[str, tuple[Param, ...]]] = []
        self.tells_rowversions = True
        self.asking: tuple[Any, ...] = ()
        self.tried = 0
        """How often it failed."""
        self.is_inside = False
        self.is_called: str | None = None
        """Another name of the database."""
        self.sees: Columns | None = None
        """The columns of which the login is told; None: all."""

    async def server(self) -> Server:
        self._fail("server")
        self.is_inside = True
        server = await self._mis.server()
        if not self.tells_rowversions:
            return Server(server.now, None, None)
        if self.open:
            return replace(server, bound=min(self.open).to_bytes(8, "big"))
        return server

    async def look(self) -> Look:
        self._fail("look")
        look = await self._mis.look()
        return look if self.is_called is None else replace(look, name=self.is_called)

    async def columns(self) -> Columns:
        return await self._mis.columns() if self.sees is None else self.sees

    async def fetch(self, query: str, *params: Param) -> list[Row]:
        self.asking = params
        self._fail(query)
        self.asked.append((query, params))
        found = await self._mis.fetch(query, *params)
        if happening := self.after.pop(query, None):
            happening()
        return found

    async def leave(self) -> None:
        self.is_inside = False

    def begin(self, commit: Callable[[int], None]) -> int:
        """A transaction takes its rowversion; its row appears when it is committed."""
        version = self.clinic.rowversion()
        self.open[version] = lambda: commit(version)
        return version

    def commit(self, version: int) -> None:
        self.open.pop(version)()

    def _fail(self, query: str) -> None:
        if failure := self.fails(query):
            self.tried += 1
            raise failure


def wire_under(mis: Any) -> Wire:
    """What is asked in the end by whoever asks this."""
    return mis if isinstance(mis, Wire) else wire_under(mis._mis)


class Hub:
    """Applies what it is sent, in the order of arrival, and keeps it."""

    def __init__(self) -> None:
        self.generation = 0
        self.held: dict[Lane, Position] = {}
        self.values: dict[tuple[str, str], dict[str, Any]] = {}
        self.arrived: dict[tuple[str, str], int] = {}
        self.told: list[str] = []
        self._arrivals = 0
        self._begun: dict[str, int] = {}

    def receive(self, text: str) -> tuple[Lane, int] | None:
        """The ack; None where the frame does not build on what is held."""
        frame = decode(text)
        assert isinstance(frame, Push | PassBegin | PassEnd)
        at = self.held.get(frame.lane, START)
        seq = frame.seq
        if judge(at.seq, frame.prev, seq).value == "gap":
            return None
        if judge(at.seq, frame.prev, seq).value == "apply":
            self._apply(frame)
            self.held[frame.lane] = Position(seq=seq, digest=chain(at.digest, text))
        return frame.lane, seq

    def greet(self, named: dict[Lane, tuple[Position, ...]], generation: int) -> Welcome:
        """Where to go on from."""
        agreement = agree(self.held, self.generation, named, generation)
        self.generation, self.held = agreement.generation, dict(agreement.positions)
        return Welcome(generation=agreement.generation, lanes={n: LaneStart(seq=p.seq) for n, p in self.held.items()})

    def copy(self) -> "Hub":
        """As a dump of its database would bring it back."""
        other = type(self)()
        other.generation, other.held, other.values = self.generation, dict(self.held), dict(self.values)
        other.arrived, other._arrivals, other._begun = dict(self.arrived), self._arrivals, dict(self._begun)
        return other

    def _apply(self, frame: Push | PassBegin | PassEnd) -> None:
        self._arrivals += 1
        match frame:
            case Push():
                for change in frame.changes:
                    self.told.append(f"{frame.lane} {change.op} {change.kind} {change.key}")
                    self.arrived[change.kind, change.key] = self._arrivals
                    if change.value is None:
                        self.values.pop((change.kind, change.key), None)
                    else:
                        self.values[change.kind, change.key] = change.value
            case PassBegin():
                self.told.append(f"begin {frame.kind}")
                self._begun[frame.kind] = self._arrivals
            case PassEnd():
                self.told.append(f"end {frame.kind}")
                begun = self._begun.pop(frame.kind)
                for place in [p for p in self.values if p[0] == frame.kind and self.arrived[p] < begun]:
                    del self.values[place]


class World:
    """All of it. `scan_form` may be another scan; tests break it on purpose."""

    def __init__(self, folder: Path, scan_form: type[Scan] = Scan, pace: Pace = AT_ONCE) -> None:
        self.clinic = Clinic(folder / "clinic.db")
        self.hub = Hub()
        self.dump: Hub | None = None
        self.standing = Standing()
        self._path, self._scan_form, self._pace = folder / "outbox.db", scan_form, pace
        self._stack = AsyncExitStack()
        self.fields = FIELDS
        self.machine_time = 0.0

    async def start(self) -> None:
        """The computer in the clinic is switched on."""
        self._stack = AsyncExitStack()
        mis = await self._stack.enter_async_context(open_sqlite(self.clinic.path))
        self.outbox = await self._stack.enter_async_context(open_outbox(self._path, KEY, self.fields))
        transactions = getattr(self, "mis", None)
        self.mis = Wire(mis, self.clinic)
        if transactions is not None:
            self.mis.open = transactions.open
        self.scan = self._scan_form(
            self.mis,
            self.outbox,
            self.standing,
            zone=MOSCOW,
            fields=self.fields,
            word=Word(self._path.parent),
            pace=self._pace,
            clock=lambda: self.machine_time,
        )
        await self.connect()

    async def stop(self) -> None:
        """It is switched off."""
        await self._stack.aclose()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def connect(self) -> bool:
        """The link is open again; whether that began a new generation."""
        named = {lane: sent.named for lane, sent in (await self.outbox.sent()).items()}
        return await self.outbox.resumed(self.hub.greet(named, await self.outbox.generation()))

    async def step(self, times: int = 1) -> None:
        for _ in range(times):
            await self.scan.step()

    async def push(self, lane: Lane, *, loses: str = "") -> bool:
        """Send the next of a lane; the line may lose the `push` or the `ack`. Whether there was something."""
        frame = await self.outbox.batch(lane, 2000)
        if frame is None:
            return False
        text = encode(frame)
        await self.outbox.pushed(lane, frame.seq, text)
        ack = None if loses == "push" else self.hub.receive(text)
        if loses:
            await self.connect()
        elif ack is not None:
            await self.outbox.acked(*ack)
        return True

    async def deliver(self) -> None:
        """Everything that waits; each round takes something of it."""
        waits = await self.outbox.depth()
        for _ in range(100 + waits.live + waits.backfill):
            sent = [await self.push(lane) for lane in LANES]
            if not any(sent):
                depth = await self.outbox.depth()
                assert (depth.live, depth.backfill) == (0, 0), "something waits that cannot go"
                return
        raise AssertionError("it never ends")

    async def is_loaded(self) -> bool:
        return await self.outbox.cursor("load") == "done"

    async def is_read(self) -> bool:
        """Whether the agent says that it has read all there is."""
        return (await self.outbox.times())[0] == self.clinic.now.replace(tzinfo=MOSCOW)

    async def load(self, steps: int = 200) -> None:
        """Until the first load is with the hub."""
        for _ in range(steps):
            await self.step()
            if await self.is_loaded():
                await self.deliver()
                return
        raise AssertionError("the first load never ends")

    async def verify(self, steps: int = 400) -> None:
        """Until a whole pass that begins now is with the hub."""
        begins = self.clinic.pass_time(60).replace(tzinfo=MOSCOW)
        for _ in range(steps):
            await self.step()
            await self.deliver()
            verified = (await self.outbox.times())[1]
            if await self.is_loaded() and verified is not None and verified >= begins:
                return
        raise AssertionError("the pass never ends")

    async def truth(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Everything as whoever reads all of it now would tell it."""
        async with open_sqlite(self.clinic.path) as mis:
            reader = Reader(mis, MOSCOW, self.fields)
            found: dict[tuple[str, str], dict[str, Any]] = {}
            reader.offer = examine(await mis.columns())
            for kind in reader.kinds:
                after, ended = 0, False
                while not ended:
                    page = await reader.page(kind, after)
                    found.update({(f.kind, f.key): json.loads(json.dumps(f.entity.dump())) for f in page.found})
                    after, ended = page.last, page.is_end
        return found

    async def check(self) -> None:
        """The hub holds what stands in the clinic."""
        truth = await self.truth()
        wrong = sorted(
            place for place in truth.keys() | self.hub.values.keys() if truth.get(place) != self.hub.values.get(place)
        )
        assert not wrong, f"the hub is wrong about {wrong}"

    async def crash(self, at: int) -> None:
        """The power goes at the n-th thing from now on that would become durable; then everything starts again."""
        with _crashing(at), contextlib.suppress(Crash):
            for _ in range(at):
                await self.step()
                for lane in LANES:
                    await self.push(lane)
        await self.restart()

    def is_down(self, *, down: bool) -> None:
        """SQL Server stopped, or came back."""
        self.mis.fails = (lambda query: MisDown("08001 53")) if down else (lambda query: None)


@contextlib.contextmanager
def _crashing(at: int) -> Iterator[None]:
    real, left = file.transaction, [at]

    @contextlib.contextmanager
    def transaction(db: Any) -> Iterator[None]:
        with real(db):
            yield
            left[0] -= 1
            if left[0] <= 0:
                raise Crash

    with patch.object(outbox_module, "transaction", transaction), patch.object(owners, "transaction", transaction):
        yield


@asynccontextmanager
async def world(scan_form: type[Scan] = Scan, pace: Pace = AT_ONCE, start: bool = True) -> AsyncIterator[World]:
    """A world of its own, in memory."""
    with tempfile.TemporaryDirectory(dir=RAM) as folder:
        made = World(Path(folder), scan_form, pace)
        if start:
            await made.start()
        try:
            yield made
        finally:
            await made.stop()
            made.clinic.close()


class LiveOnly(Scan):
    """No page after the first load: whatever arrives was betrayed by a hint."""

    async def _page(self, *args: Any, loading: bool) -> None:
        if loading:
            await super()._page(*args, loading=loading)


__all__ = ["NOW", "LiveOnly", "Outbox", "World", "timedelta", "world"]
