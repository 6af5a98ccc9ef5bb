"""The hub's questions on one connection: many under way, each answered in parts, whoever is ready first."""

import asyncio
from collections import deque
from typing import Any, Protocol

from agent.lookup import LookupFailed
from wire.frames import Answer, Ask, Fault
from wire.parts import cut

MAX_UNDER_WAY = 16
"""Asked and not answered to the last part."""
MAX_REFUSALS = 64
"""Waiting to be sent; a hub that asks on regardless does not hear of each."""


class Lookup(Protocol):
    """Who knows the answers."""

    async def answer(self, ask: Ask) -> dict[str, Any]:
        """The answer's value; raises `LookupFailed`."""
        ...


class Questions:
    """Takes what the hub asks, and has what goes next."""

    def __init__(self, lookup: Lookup | None, tasks: asyncio.TaskGroup, wake: asyncio.Event) -> None:
        self._lookup, self._tasks, self._wake = lookup, tasks, wake
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._ready: deque[deque[Answer | Fault]] = deque()
        self._refusals: deque[Fault] = deque(maxlen=MAX_REFUSALS)

    def take(self, ask: Ask) -> None:
        """Begin to look, where that is possible."""
        if self._lookup is None:
            self._refusals.append(Fault(id=ask.id, code="not_supported"))
        elif ask.id in self._under_way:  # answers to both could not be told apart
            self._refusals.append(Fault(id=ask.id, code="bad_question"))
        elif len(self._under_way) >= MAX_UNDER_WAY:
            self._refusals.append(Fault(id=ask.id, code="busy"))
        else:
            looking = self._look(ask, self._lookup)
            self._under_way[ask.id] = self._tasks.create_task(looking, name="link.question")

    def cancel(self, question: int) -> None:
        """Nobody waits for it any more: stop looking, and send no more of it."""
        task = self._under_way.pop(question, None)
        if task is not None:
            task.cancel()
            self._ready = deque(frames for frames in self._ready if frames[0].id != question)

    def next(self) -> Answer | Fault | None:
        """What goes next: a part of each answer in turn, so that a small one does not wait for a large one."""
        if self._refusals:
            return self._refusals.popleft()
        if not self._ready:
            return None
        frames = self._ready.popleft()
        frame = frames.popleft()
        if frames:
            self._ready.append(frames)
        else:
            del self._under_way[frame.id]
        return frame

    async def _look(self, ask: Ask, lookup: Lookup) -> None:
        frames: tuple[Answer | Fault, ...]
        try:
            frames = cut(ask.id, await lookup.answer(ask))
        except LookupFailed as failed:
            frames = (Fault(id=ask.id, code=failed.code),)
        self._ready.append(deque(frames))
        self._wake.set()
