"""Whatever the line does, and whichever end dies or is put back to an older copy: the hub holds states that the clinic had, never goes
back, and comes to hold what the clinic holds, without being told everything again for no reason.

Random steps alone seldom complete an exchange, and what only shows after many exchanges stays hidden; so there is one composite rule,
`deliver_everything`. Proven by breaking the code: see the commit that brought this file."""

import tempfile
from collections import deque
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.inbox import Received
from tests.at_once import LoopAtOnce
from tests.wire.link_ends import AgentEnd, HubEnd, InMemory, Line, OnSqlite, dialled
from wire.errors import LinkError
from wire.frames import LANES, Ack, Challenge, Hello, Lane, PassBegin, PassEnd, Push, Welcome
from wire.session import Phase

T = TypeVar("T")

KEYS = ("1", "2", "3", "4")
STAYS = "0"
"""A key that is never removed: a table that became empty would wait for a person."""
ROUNDS = 400
"""Enough to settle whatever these machines can leave behind; a loop that needs more does not end."""

ACTIONS = ("agent hears", "hub hears", "hub commits", "push live", "push backfill")
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where files cost nothing: what is durable is not in question here, only in what order things become so."""

lanes = st.sampled_from(LANES)
mishaps = st.sampled_from(["drop", "lose", "repeat", "kill the agent", "kill the hub"])


class LinkMachine(RuleBasedStateMachine):
    """A clinic that is edited, an agent, a hub, and a line that can do anything but invent frames."""

    store: ClassVar[type[InMemory | OnSqlite]] = InMemory

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self._loop = LoopAtOnce()
        folder = Path(self._folder.name)
        self.agent, self.hub = AgentEnd(folder), HubEnd(type(self).store(folder))
        self.line: Line | None = None
        self.clinic: dict[str, int | None] = {STAYS: 0}
        self.history: dict[str, list[int | None]] = {STAYS: [None, 0]}
        self.versions = 0
        self.seen: dict[str, int] = {}
        self.seen_in: dict[str, dict[str, int]] = {}
        self.cause = "first contact"
        self.greatest = 0
        self.started = False

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)  # a Runner would set its signal handlers for each step

    @initialize()
    def start(self) -> None:
        self.run(self.agent.start())
        self.run(self.hub.store.start())
        self.started = True

    def teardown(self) -> None:
        try:
            if self.started:
                self.deliver_everything()
                self.run(self.agent.stop())
                self.run(self.hub.store.stop())
        finally:
            self._loop.close()
            self._folder.cleanup()

    # The clinic

    @rule(edits=st.lists(st.tuples(st.sampled_from((STAYS, *KEYS)), st.booleans()), min_size=1, max_size=3))
    def edit(self, edits: list[tuple[str, bool]]) -> None:
        for key, removed in edits:
            self.versions += 1
            self._put(key, None if removed and key != STAYS else self.versions)

    def _put(self, key: str, version: int | None) -> None:
        self.clinic[key] = version
        self.history.setdefault(key, [None]).append(version)

    @rule(lane=lanes)
    def scan(self, lane: Lane) -> None:
        self.run(self.agent.scan(self.clinic, lane))

    # The agent

    async def _agent_hears(self, line: Line) -> None:
        try:
            frame = line.agent.receive(line.to_agent.popleft())
            match frame:
                case Challenge():
                    line.to_hub.append(line.agent.send(await self.agent.hello()))
                case Welcome():
                    if await self.agent.outbox.resumed(frame):
                        await self.agent.whole_pass(self.clinic)
                case Ack():
                    await self.agent.outbox.acked(frame.lane, frame.seq)
        except LinkError:
            self.line = None

    async def _push(self, line: Line, lane: Lane, limit: int = 1) -> bool:
        frame = await self.agent.outbox.batch(lane, limit)
        if frame is None:
            return False
        text = line.agent.send(frame)
        await self.agent.outbox.pushed(lane, frame.seq, text)
        line.to_hub.append(text)
        return True

    # The hub

    async def _hub_hears(self, line: Line) -> None:
        text = line.to_hub.popleft()
        try:
            frame = line.hub.receive(text)
        except LinkError:
            self.line = None
            return
        match frame:
            case Hello():
                await self._greet(line, frame)
            case Push() | PassBegin() | PassEnd():
                if not self.hub.take(line, Received(frame, text)):
                    self.line = None

    async def _greet(self, line: Line, hello: Hello) -> None:
        same = hello.generation == self.hub.store.generation > 0
        agreement = await self.hub.greet(line, hello)
        assert agreement.generation >= max(hello.generation, self.greatest if not self.cause else 0)
        if agreement.fresh:
            assert self.cause or not same, "everything is told again without a cause"
            assert agreement.generation > hello.generation
        self.greatest = agreement.generation
        self.cause = ""

    # Accidents

    @rule(of_agent=st.booleans())
    def back_up(self, of_agent: bool) -> None:
        self.line = None
        if of_agent:
            self.run(self.agent.save())
        else:
            self.hub.die()
            self.run(self.hub.store.save())
            self.seen_in["copy"] = dict(self.seen)

    @rule(of_agent=st.booleans())
    def put_back(self, of_agent: bool) -> None:
        """To the copy; an agent without a copy starts from nothing."""
        self.line = None
        if of_agent:
            self.run(self.agent.put_back())
            self.cause = "an older outbox"
        else:
            self.hub.die()
            if self.run(self.hub.store.put_back()):
                self.seen = dict(self.seen_in["copy"])
                self.cause = "an older hub"

    @rule(key=st.sampled_from(KEYS))
    def live_through_two_histories(self, key: str) -> None:
        """Both ends are put back to one moment and go on; then the agent is put back to where it stood in the other history: the same
        generation, the same seqs, and even the same last push."""
        self.deliver_everything()
        self.run(self._save("fork"))
        self.edit([(STAYS, False), (key, False)])
        first = self.clinic[STAYS]
        self.deliver_everything()
        self.run(self.agent.save("first history"))
        self.line = None
        self.hub.die()
        self.run(self.agent.put_back("fork"))
        self.run(self.hub.store.put_back("fork"))
        self.seen, self.cause = dict(self.seen_in["fork"]), "an older hub"
        self.edit([(STAYS, False)])
        self.deliver_everything()
        self.line = None
        self.run(self.agent.put_back("first history"))
        self.cause = "an older outbox"
        self._put(STAYS, first)  # what this outbox believes to be told
        self.deliver_everything()

    @rule(
        keys=st.lists(st.sampled_from(KEYS), min_size=2, max_size=2, unique=True),
        lane=lanes,
        removed=st.booleans(),
        order=st.permutations(ACTIONS),
        rounds=st.integers(1, 12),
    )
    def fall_back_and_edit_amid_the_pass(
        self, keys: list[str], lane: Lane, removed: bool, order: tuple[str, ...], rounds: int
    ) -> None:
        """The agent is put back to when something waited that is no longer true; and while everything is told again, the clinic goes on."""
        waits, other = keys
        self.edit([(waits, False), (other, False)])
        self.deliver_everything()
        self.edit([(waits, False)])
        self.scan(lane)
        self.run(self.agent.save("waiting"))
        self.edit([(waits, removed)])
        self.deliver_everything()
        self.line = None
        self.run(self.agent.put_back("waiting"))
        self.cause = "an older outbox"
        self.edit([(other, removed)])
        self.work(order, rounds)
        self.edit([(waits, False)])
        self.scan(lane)
        self.work(order, rounds)

    async def _save(self, name: str) -> None:
        self.line = None
        self.hub.die()
        await self.agent.save(name)
        await self.hub.store.save(name)
        self.seen_in[name] = dict(self.seen)

    # What must hold

    @invariant()
    def the_hub_holds_what_the_clinic_held_and_never_goes_back(self) -> None:
        if not self.started:
            return
        held = self.run(self.hub.store.state())
        for key, states in self.history.items():
            since = self.seen.get(key, 0)
            later = [index for index in range(since, len(states)) if states[index] == held.get(key)]
            assert later, f"{key}: {held.get(key)} after {states[: since + 1]}"
            self.seen[key] = later[0]

    # What goes on

    @rule(order=st.permutations(ACTIONS), rounds=st.integers(1, 15))
    def work(self, order: tuple[str, ...], rounds: int) -> None:
        """A good line for a while. The order of preference makes what is under way: who prefers to push fills the line, a hub that
        rather hears than commits fills its mailbox."""
        for _ in range(rounds):
            self.run(self._round(order))
            self.the_hub_holds_what_the_clinic_held_and_never_goes_back()

    @rule(mishap=mishaps, by_agent=st.booleans(), which=st.integers(0, 3))
    def mishap(self, mishap: str, by_agent: bool, which: int) -> None:
        """All that is under way is lost, or an ack, or a frame comes twice; or an end dies. A single frame of the agent is never lost: a
        pass-end would tell what a lost live push does not."""
        queue = (self.line.to_hub if by_agent else self.line.to_agent) if self.line else deque[str]()
        if mishap == "lose" and queue and not by_agent:
            del queue[which % len(queue)]
        elif mishap == "repeat" and queue:
            queue.insert(which % len(queue), queue[which % len(queue)])
        elif mishap == "drop":
            self.line = None  # what the hub received before, it may still commit
        elif mishap.startswith("kill"):
            self.run(self._kill(of_agent=mishap == "kill the agent"))

    @rule(mishap=mishaps, lane=lanes, which=st.integers(0, 3), heard=st.integers(0, 4))
    def mishap_amid_pushes(self, mishap: str, lane: Lane, which: int, heard: int) -> None:
        """The same where it hurts: several pushes are under way, some are heard, and none is committed yet."""
        self.deliver_everything()
        self.edit([(STAYS, False), *[(key, False) for key in KEYS[:3]]])
        self.scan(lane)
        self._do(f"push {lane}", 4)
        if mishap == "repeat":
            self.mishap(mishap, True, which)
        self._do("hub hears", heard)
        self._do("agent hears", heard)
        self.mishap(mishap, False, which)

    def _do(self, action: str, times: int) -> None:
        for _ in range(times):
            if self.line:
                self.run(self._done(action, self.line))

    async def _kill(self, *, of_agent: bool) -> None:
        """What was not durable is gone."""
        self.line = None
        if of_agent:
            await self.agent.stop()
            await self.agent.start()
        else:
            self.hub.die()
            await self.hub.store.stop()
            await self.hub.store.start()

    @rule()
    def deliver_everything(self) -> None:
        """Let it all settle on a good line: then the hub holds what the clinic holds."""
        self.run(self.agent.scan(self.clinic))
        for _ in range(ROUNDS):
            if self.run(self._round(ACTIONS)):
                break
            self.the_hub_holds_what_the_clinic_held_and_never_goes_back()
        else:
            raise AssertionError("it never settles")
        assert self.run(self.hub.store.state()) == {
            key: version for key, version in self.clinic.items() if version is not None
        }

    async def _round(self, order: Sequence[str]) -> bool:
        """The first thing that can be done; True where nothing is left to do."""
        line = self.line = self.line or dialled()
        for action in order:
            if await self._done(action, line):
                return False
        depth = await self.agent.outbox.depth()
        idle = line.agent.phase is line.hub.phase is Phase.OPEN and depth.live + depth.backfill == 0
        if not idle:
            self.line = None  # something was lost, and nobody speaks: silence ends such a connection
        return idle

    async def _done(self, action: str, line: Line) -> bool:
        if action == "agent hears" and line.to_agent:
            await self._agent_hears(line)
        elif action == "hub hears" and line.to_hub:
            await self._hub_hears(line)
        elif action == "hub commits" and self.hub.mailbox:
            await self.hub.commit()
        elif action.startswith("push") and line.agent.phase is Phase.OPEN:
            return await self._push(line, "live" if action == "push live" else "backfill")
        else:
            return False
        return True


class SqliteMachine(LinkMachine):
    """The same with the hub's real inbox."""

    store = OnSqlite


class LongMachine(LinkMachine):
    """The same for `make test-long`."""


class LongSqliteMachine(SqliteMachine):
    """The same for `make test-long`."""


def _played(examples: int, steps: int) -> settings:
    return settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck))


TestLinkInMemory = LinkMachine.TestCase
TestLinkInMemory.settings = _played(30, steps=30)
TestLinkOnSqlite = SqliteMachine.TestCase
TestLinkOnSqlite.settings = _played(10, steps=20)
TestLongLinkInMemory = pytest.mark.long(pytest.mark.timeout(3600)(LongMachine.TestCase))
TestLongLinkInMemory.settings = _played(1000, steps=60)
TestLongLinkOnSqlite = pytest.mark.long(pytest.mark.timeout(3600)(LongSqliteMachine.TestCase))
TestLongLinkOnSqlite.settings = _played(200, steps=40)
