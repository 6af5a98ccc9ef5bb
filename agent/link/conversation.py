"""One open connection: reads, writes, beats and listens for silence until it ends. Nothing here outlives it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from websockets.exceptions import ConnectionClosed

from agent.link.credit import Credit
from agent.link.ending import SILENT, Ending, of_close, of_goaway, of_misunderstanding
from agent.link.greeting import Ended
from agent.link.line import Line
from agent.link.questions import Lookup, Questions
from agent.link.times import Times
from agent.outbox import Outbox
from agent.standing import Stand, Standing
from wire.errors import LinkError
from wire.frames import LANES, Ack, AnyFrame, Ask, Cancel, Goaway, Lane, Resend, State
from wire.model import Kind
from wire.session import Session


class _Over(Exception):
    """The link has ended, so its other tasks may."""


class Conversation:
    """What is under way on one connection."""

    def __init__(
        self,
        line: Line,
        session: Session,
        credit: Credit,
        *,
        outbox: Outbox,
        standing: Standing,
        lookup: Lookup | None,
        offset: float,
        state_every: float,
        times: Times,
        beat: float,
    ) -> None:
        self._line, self._session, self._outbox, self._standing = line, session, outbox, standing
        self._credit, self._offset, self._state_every, self._times, self._beat = (
            credit,
            offset,
            state_every,
            times,
            beat,
        )
        self._wake = asyncio.Event()
        self._over = asyncio.Event()
        self._ending: Ending | None = None
        self._acks: dict[Lane, int] = {}
        self._resends: dict[Kind, set[str]] = {}
        self._tasks = asyncio.TaskGroup()
        self._questions = Questions(lookup, self._tasks, self._wake)
        self._answered = False
        """Whether an answer went last: a push may go before the next one."""
        self._told: Stand | None = None
        self._told_at = float("-inf")
        self._moved = True
        """Whether something was sent or acked since the last state: the hub wants to hear when nothing waits any more."""

    async def run(self) -> Ending:
        """Until it ends; the line is closed then."""
        try:
            async with self._tasks as tasks:
                tasks.create_task(self._until_over(self._listen), name="link.listen")
                tasks.create_task(self._until_over(self._read), name="link.read")
                tasks.create_task(self._until_over(self._write), name="link.write")
                tasks.create_task(self._until_over(self._ping), name="link.ping")
                for changed in (self._outbox.changed, self._standing.changed):
                    tasks.create_task(self._forward(changed), name="link.forward")
                await self._over.wait()
                raise _Over  # noqa: TRY301 nothing else ends a group
        except* _Over:
            pass
        if (task := asyncio.current_task()) and task.cancelling():
            raise asyncio.CancelledError  # told to stop while the tasks ended: the group keeps that to itself
        ending = self._ending or of_close(self._line.close_code)
        await self._line.leave(ending.close, self._times.closing)
        return ending

    async def _until_over(self, work: Callable[[], Awaitable[NoReturn]]) -> None:
        """The link's end fails no task: a group that cancels itself for one cannot be told (Python 3.11) from one that was cancelled."""
        try:
            await work()
        except Ended as error:
            self._ending = self._ending or error.ending
        except ConnectionClosed:
            pass  # its code says why
        self._over.set()

    # Life

    async def _listen(self) -> NoReturn:
        """The end of silence: whatever came last, came too long ago."""
        loop = asyncio.get_running_loop()
        while True:
            left = self._line.heard_at + self._times.silence - loop.time()
            if left <= 0:
                self._line.abort()
                raise Ended(SILENT)
            await asyncio.sleep(left)

    async def _ping(self) -> NoReturn:
        while True:
            await self._line.ping()
            await asyncio.sleep(self._beat)

    async def _forward(self, changed: asyncio.Event) -> NoReturn:
        while True:
            await changed.wait()
            changed.clear()
            self._wake.set()

    # Reading: never waits for anything but the line, or silence would be seen where there is none

    async def _read(self) -> NoReturn:
        while True:
            text = await self._line.recv()
            try:
                self._take(self._session.receive(text))
            except LinkError as error:
                raise Ended(of_misunderstanding(error)) from None
            self._wake.set()

    def _take(self, frame: AnyFrame) -> None:
        match frame:
            case Ack():
                self._acks[frame.lane] = max(frame.seq, self._acks.get(frame.lane, 0))
            case Resend():
                self._ask_again(frame)
            case Ask():
                self._questions.take(frame)
            case Cancel():
                self._questions.cancel(frame.id)
            case Goaway():
                raise Ended(of_goaway(frame))

    def _ask_again(self, frame: Resend) -> None:
        everything = not frame.keys or self._resends.get(frame.kind) == set()
        self._resends[frame.kind] = set() if everything else self._resends.get(frame.kind, set()) | set(frame.keys)

    # Writing: one thing at a time, the most urgent first

    async def _write(self) -> NoReturn:
        while True:
            self._wake.clear()
            if not await self.step():
                await self._wait()

    async def step(self) -> bool:
        """Take in what the hub said, then send the most urgent thing; False where nothing is left to send."""
        await self._settle()
        passes, self._answered = self._answered, False  # a long answer must not hold up what changed
        if not passes and await self._answer():
            return True
        return await self._tell_if_due() or await self._push() or await self._tell_if_emptied() or passes

    async def _wait(self) -> None:
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(0.0, self._told_at + self._state_every - now)):
                await self._wake.wait()
        except TimeoutError:
            pass  # a state is due

    async def _settle(self) -> None:
        acks, self._acks = self._acks, {}
        for lane, seq in acks.items():
            await self._outbox.acked(lane, seq)
            self._credit.acked(lane, seq, asyncio.get_running_loop().time())
            self._moved = True
        resends, self._resends = self._resends, {}
        for kind, keys in resends.items():
            await self._outbox.forget(kind, keys)

    async def _answer(self) -> bool:
        frame = self._questions.next()
        if frame is None:
            return False
        self._answered = True
        await self._send(frame)
        return True

    async def _tell_if_due(self) -> bool:
        due = asyncio.get_running_loop().time() - self._told_at >= self._state_every
        return (due or self._standing.now != self._told) and await self._tell(always=True)

    async def _tell_if_emptied(self) -> bool:
        """A listener learns of an emptied outbox at once; that nothing happened, only now and then."""
        return self._moved and not self._credit.under_way and await self._tell(always=False)

    async def _tell(self, *, always: bool) -> bool:
        stand, snapshot = self._standing.now, await self._outbox.snapshot()
        waits = snapshot.depth.live + snapshot.depth.backfill
        if waits and not always:
            return False
        self._moved = waits > 0
        self._told, self._told_at = stand, asyncio.get_running_loop().time()
        await self._send(
            State(
                mis=stand.mis,
                read_through=snapshot.read_through,
                verified_through=snapshot.verified_through,
                outbox=snapshot.depth,
                clock_offset_seconds=self._offset,
                capabilities=dict(stand.capabilities),
                skipped=dict(stand.skipped),
            )
        )
        return True

    async def _push(self) -> bool:
        """Live before backfill, always; True where something went."""
        for lane in LANES:
            room = self._credit.room()
            frame = await self._outbox.batch(lane, room) if room else None
            if frame is None:
                continue
            text = self._session.send(frame)
            size = len(text.encode())
            if not self._credit.allows(size):
                return False  # it goes when the next ack came
            await self._outbox.pushed(lane, frame.seq, text)
            self._credit.sent(lane, frame.seq, size, asyncio.get_running_loop().time())
            self._moved = True
            await self._line.send(text)
            return True
        return False

    async def _send(self, frame: AnyFrame) -> None:
        await self._line.send(self._session.send(frame))
