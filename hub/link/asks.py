"""The questions under way on one link: what goes next, whose answer came, and who waits no more. Knows nothing of sockets and of what
is asked."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from wire.errors import MalformedFrame
from wire.frames import Answer, Ask, Cancel, Fault
from wire.parts import MAX_ANSWER_BYTES, MAX_PARTS, joined

MAX_UNDER_WAY = 16
"""Asked and not answered; further questions wait within their deadline. The agent takes no more either."""

Topic: TypeAlias = Literal["card", "search"]


class LinkLost(Exception):
    """The link ended, or ends, before there was an answer."""


class Unanswered(Exception):
    """The agent says why there is no answer; `bad_answer`: what it sent is none."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


_Outcome: TypeAlias = tuple[Answer, ...] | LinkLost | Unanswered
"""A value even where it is an error: nobody may be left to hear of it."""


@dataclass(eq=False)
class _Question:
    topic: Topic
    args: dict[str, Any] = field(repr=False)
    deadline: float
    outcome: "asyncio.Future[_Outcome]"
    id: int | None = None
    """None until it is sent."""
    parts: list[Answer] = field(default_factory=list)
    characters: int = 0


class Asks:
    """Whoever asks waits in `ask`, the link's reader hands over what came to `take`, and its asker sends what `next` says."""

    def __init__(self) -> None:
        self._waiting: deque[_Question] = deque()
        self._under_way: dict[int, _Question] = {}
        self._cancelled: deque[int] = deque()
        self._last = 0
        self._something = asyncio.Event()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Nothing more is asked on this link."""
        return self._closed

    async def ask(self, topic: Topic, args: dict[str, Any], deadline: float) -> dict[str, Any]:
        """The value of the answer; raises `LinkLost`, `Unanswered`, and TimeoutError at `deadline`, a time of the loop. The agent is told
        when nobody waits any more, whatever the reason."""
        if self._closed:
            raise LinkLost
        question = _Question(topic, args, deadline, asyncio.get_running_loop().create_future())
        self._waiting.append(question)
        self._something.set()
        try:
            async with asyncio.timeout_at(deadline):
                outcome = await question.outcome
        finally:
            self._forget(question)
        if isinstance(outcome, Exception):
            raise outcome
        try:
            return joined(outcome)
        except MalformedFrame:
            raise Unanswered("bad_answer") from None

    def take(self, frame: Answer | Fault) -> None:
        """What came. Whatever nobody waits for is dropped."""
        question = self._under_way.get(frame.id)
        if question is None or question.outcome.done():
            return
        if isinstance(frame, Fault):
            self._answered(question, Unanswered(frame.code))
        elif not _continues(question, frame):
            question.outcome.set_result(Unanswered("bad_answer"))  # still under way: the rest of it is cancelled
        else:
            question.parts.append(frame)
            if frame.part == frame.parts:
                self._answered(question, tuple(question.parts))

    def close(self) -> None:
        """The link ends: whoever waits is told at once."""
        self._closed = True
        for question in (*self._waiting, *self._under_way.values()):
            if not question.outcome.done():
                question.outcome.set_result(LinkLost())
        self._waiting.clear()
        self._under_way.clear()
        self._cancelled.clear()
        self._something.set()

    async def next(self) -> Ask | Cancel | None:
        """What goes next, as soon as something may; None after the end."""
        while not self._closed:
            if self._cancelled:
                return Cancel(id=self._cancelled.popleft())
            if self._waiting and len(self._under_way) < MAX_UNDER_WAY:
                return self._asked(self._waiting.popleft())
            self._something.clear()
            await self._something.wait()
        return None

    def _asked(self, question: _Question) -> Ask:
        self._last += 1
        question.id = self._last
        self._under_way[question.id] = question
        left = question.deadline - asyncio.get_running_loop().time()
        return Ask(
            id=question.id, ask=question.topic, args=question.args, deadline_ms=min(max(round(left * 1000), 1), 30_000)
        )

    def _answered(self, question: _Question, outcome: _Outcome) -> None:
        question.outcome.set_result(outcome)
        if question.id is not None:
            del self._under_way[question.id]
        self._something.set()

    def _forget(self, question: _Question) -> None:
        if question.id is None:
            if question in self._waiting:
                self._waiting.remove(question)
        elif self._under_way.pop(question.id, None):
            self._cancelled.append(question.id)
            self._something.set()


def _continues(question: _Question, part: Answer) -> bool:
    """Whether it is the next part of this answer, and the answer no larger than any is."""
    number, parts = len(question.parts) + 1, question.parts[0].parts if question.parts else part.parts
    if part.parts > 1:
        text = part.value.get("text")
        question.characters += len(text) if isinstance(text, str) else MAX_ANSWER_BYTES + 1
    return (
        (part.part, part.parts) == (number, parts)
        and part.parts <= MAX_PARTS
        and question.characters <= MAX_ANSWER_BYTES
    )
