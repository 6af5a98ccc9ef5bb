"""The two ends of a link without sockets, for the property test: an agent around the real outbox, and a hub in memory or with its real
inbox. What lies between them is the test's to deliver, to lose and to repeat."""

import shutil
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import create_engine, insert, select

from agent.outbox import Outbox, Reading, open_outbox
from hub.accounts import grant_agent
from hub.clock import SystemClock
from hub.inbox import Inbox, Outrun, Received, record_place
from hub.inbox.intake import moved_on
from hub.link.admission import Known, resume
from hub.store import tables
from hub.store.engine import Store, open_store
from hub.store.schema import metadata
from hub.store.vault import KeyFiles
from tests.at_once import statements_at_once
from wire.frames import (
    LANES,
    Ack,
    Challenge,
    DatabaseName,
    Hello,
    Lane,
    LaneStart,
    PassBegin,
    PassEnd,
    Position,
    Push,
    Welcome,
)
from wire.lanes import START, Agreement, Verdict, agree, judge
from wire.model import Patient
from wire.session import Phase, Session, agent_session, hub_session

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FIELDS = ("patient.name",)


@dataclass
class Line:
    """One connection: what is under way each way, and how far either end thinks the conversation is."""

    to_hub: deque[str] = field(default_factory=deque)
    to_agent: deque[str] = field(default_factory=deque)
    agent: Session = field(default_factory=agent_session)
    hub: Session = field(default_factory=hub_session)


# The agent


class AgentEnd:
    """A process around an outbox file: it scans a clinic, pushes, and takes what the hub says."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "outbox.db"
        self.outbox: Outbox
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        self.outbox = await self._stack.enter_async_context(open_outbox(self.path, b"k" * 32, FIELDS))

    async def stop(self) -> None:
        await self._stack.aclose()

    async def save(self, name: str = "copy") -> None:
        """Copy the file, as a backup of the whole PC would."""
        await self.stop()
        shutil.copy(self.path, self.path.with_suffix(f".{name}"))
        await self.start()

    async def put_back(self, name: str = "copy") -> None:
        """Start from a copy; without one, from nothing."""
        await self.stop()
        for end in ("", "-wal", "-shm"):
            Path(f"{self.path}{end}").unlink(missing_ok=True)
        copy = self.path.with_suffix(f".{name}")
        if copy.exists():
            shutil.copy(copy, self.path)
        await self.start()

    async def scan(self, clinic: dict[str, int | None], lane: Lane = "live") -> None:
        """Read everything; the outbox knows what is new."""
        await self.outbox.record([_reading(key, version) for key, version in clinic.items()], lane=lane)

    async def whole_pass(self, clinic: dict[str, int | None]) -> None:
        """What follows a new generation."""
        await self.outbox.begin_pass("patient")
        await self.scan(clinic, "backfill")
        await self.outbox.end_pass("patient")

    async def hello(self) -> Hello:
        sent = await self.outbox.sent()
        return Hello(
            signature="",
            agent="ag_1",
            instance="i",
            software="test",
            database=DatabaseName(id="db_1", fingerprint=""),
            generation=await self.outbox.generation(),
            lanes={lane: sent[lane].named for lane in LANES},
        )


def _reading(key: str, version: int | None) -> Reading:
    return Reading("patient", key, NOON, None if version is None else Patient(id=key, name=f"v{version}"))


def _version(value: dict[str, Any]) -> int:
    return int(value["name"].removeprefix("v"))


# The hub


class HubStore(Protocol):
    """What of a hub is durable."""

    @property
    def generation(self) -> int: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def save(self, name: str = "copy") -> None: ...
    async def put_back(self, name: str = "copy") -> bool: ...
    async def resume(self, hello: Hello) -> Agreement: ...
    async def take(self, generation: int, received: Sequence[Received]) -> dict[Lane, Position]: ...
    async def state(self) -> dict[str, int]: ...


@dataclass
class _Memory:
    generation: int = 0
    positions: dict[Lane, Position] = field(default_factory=lambda: dict.fromkeys(LANES, START))
    arrival: int = 0
    begun: int | None = None
    records: dict[str, tuple[int | None, int]] = field(default_factory=dict)


class InMemory:
    """The promises of the inbox in forty lines: a transaction is an assignment."""

    def __init__(self, _folder: Path) -> None:
        self._held = _Memory()
        self._copies: dict[str, _Memory] = {}

    @property
    def generation(self) -> int:
        return self._held.generation

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def save(self, name: str = "copy") -> None:
        self._copies[name] = deepcopy(self._held)

    async def put_back(self, name: str = "copy") -> bool:
        self._held = deepcopy(self._copies.get(name, self._held))
        return name in self._copies

    async def resume(self, hello: Hello) -> Agreement:
        agreement = agree(self._held.positions, self._held.generation, hello.lanes, hello.generation)
        if agreement.fresh:
            self._held.generation, self._held.positions = agreement.generation, dict(agreement.positions)
            self._held.begun = None
        return agreement

    async def take(self, generation: int, received: Sequence[Received]) -> dict[Lane, Position]:
        if generation != self._held.generation:
            raise Outrun
        moved = moved_on(self._held.positions, received)
        for item in received:
            self._apply(item.frame)
        self._held.positions |= moved
        return moved

    def _apply(self, frame: Push | PassBegin | PassEnd) -> None:
        held = self._held
        if isinstance(frame, Push):
            for change in frame.changes:
                held.arrival += 1
                held.records[change.key] = (_version(change.value) if change.value else None, held.arrival)
        elif isinstance(frame, PassBegin):
            held.arrival += 1
            held.begun = held.arrival
        elif held.begun is not None:
            for key, (_, arrival) in list(held.records.items()):
                if arrival < held.begun:
                    held.records[key] = (None, arrival)
            held.begun = None

    async def state(self) -> dict[str, int]:
        return {key: version for key, (version, _) in self._held.records.items() if version is not None}


class OnSqlite:
    """The hub's own inbox and greeting."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / "hub.db"
        self._generations: dict[str, int] = {}
        self._account = grant_agent(1)
        self._stack = AsyncExitStack()
        self._store: Store
        self._inbox: Inbox
        self.generation = 0

    async def start(self) -> None:
        if not self._path.exists():
            _make(self._path)
        keys = KeyFiles(self._folder / "keys", b"m" * 32)
        self._stack.enter_context(statements_at_once())
        self._store = await self._stack.enter_async_context(open_store(f"sqlite:///{self._path}", keys))
        self._inbox = Inbox(self._store, SystemClock())

    async def stop(self) -> None:
        await self._stack.aclose()

    async def save(self, name: str = "copy") -> None:
        await self.stop()
        shutil.copy(self._path, self._path.with_suffix(f".{name}"))
        self._generations[name] = self.generation
        await self.start()

    async def put_back(self, name: str = "copy") -> bool:
        if name not in self._generations:
            return False
        await self.stop()
        for end in ("-wal", "-shm"):
            Path(f"{self._path}{end}").unlink(missing_ok=True)
        shutil.copy(self._path.with_suffix(f".{name}"), self._path)
        self.generation = self._generations[name]
        await self.start()
        return True

    async def resume(self, hello: Hello) -> Agreement:
        known = Known(self._account, "ag_1", "db_1", NOON)
        async with self._store.writing(self._account) as unit:
            agreement = await resume(unit, known, hello, NOON)
        self.generation = agreement.generation
        return agreement

    async def take(self, generation: int, received: Sequence[Received]) -> dict[Lane, Position]:
        return await self._inbox.take(self._account, "db_1", generation, received)

    async def state(self) -> dict[str, int]:
        async with self._store.reading(self._account) as unit:
            rows = await unit.execute(select(tables.records).where(tables.records.c.vanished_at.is_(None)))
            return {
                row.key: _version(
                    Patient.model_validate_json(
                        unit.vault.open(row.sealed_value, record_place("db_1", ("patient", row.key)))
                    ).dump()
                )
                for row in rows
            }


def _make(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(insert(tables.accounts).values(id=1, host="a.amocrm.ru", created_at=NOON))
        connection.execute(
            insert(tables.databases).values(account_id=1, id="db_1", name="Демо", zone="Europe/Moscow", generation=0)
        )
    engine.dispose()


class HubEnd:
    """A process around a durable store: the link that speaks, and what it received and has not yet committed."""

    def __init__(self, store: HubStore) -> None:
        self.store = store
        self.line: Line | None = None
        self._generation = 0
        self._received: dict[Lane, int] = {}
        self._durable: dict[Lane, int] = {}
        self.mailbox: list[Received] = []

    def die(self) -> None:
        """What was not durable is gone."""
        self.line, self.mailbox = None, []

    async def greet(self, line: Line, hello: Hello) -> Agreement:
        """A new link takes over once the old one has committed what it received."""
        await self.commit()
        agreement = await self.store.resume(hello)
        self.line, self._generation = line, agreement.generation
        self._received = {lane: position.seq for lane, position in agreement.positions.items()}
        self._durable = dict(self._received)
        starts = {lane: LaneStart(seq=seq) for lane, seq in self._received.items()}
        line.to_agent.append(line.hub.send(Welcome(generation=agreement.generation, lanes=starts)))
        return agreement

    def take(self, line: Line, received: Received) -> bool:
        """Whether the link lives on."""
        frame = received.frame
        match judge(self._received[frame.lane], frame.prev, frame.seq):
            case Verdict.APPLY:
                self._received[frame.lane] = frame.seq
                self.mailbox.append(received)
            case Verdict.REPEAT:
                self._ack(line, frame.lane)
            case Verdict.GAP:
                return False
        return True

    async def commit(self) -> None:
        """All that waits, together; then the acks."""
        if not self.mailbox:
            return
        mail, self.mailbox = self.mailbox, []
        moved = await self.store.take(self._generation, mail)
        self._durable |= {lane: position.seq for lane, position in moved.items()}
        for lane in moved:
            if self.line is not None and self.line.hub.phase is Phase.OPEN:
                self._ack(self.line, lane)

    def _ack(self, line: Line, lane: Lane) -> None:
        if self._durable[lane]:
            line.to_agent.append(line.hub.send(Ack(lane=lane, seq=self._durable[lane])))


def dialled() -> Line:
    """A new connection: the hub speaks first."""
    line = Line()
    line.to_agent.append(line.hub.send(Challenge(nonce="n", hub="hub_1", time=NOON)))
    return line
