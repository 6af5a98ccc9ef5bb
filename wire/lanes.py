"""Where the two ends of a lane stand, and how they find together again. Pure; both ends keep these values durably.

Each push carries `prev`, the seq of the push before it, and both ends chain a digest over the texts of the pushes.
So a pair (seq, digest) names one history and no other. On connecting, the agent names the last pair that was acked and
each pair sent since; the hub looks for its own durable pair among them. Where it is none of them, one end was put
back to an older copy: a new generation starts at seq 0, and the agent sends everything again, bracketed by a full pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

from wire.errors import UnexpectedFrame
from wire.frames import LANES, Lane, Position

START = Position(seq=0, digest="")


def chain(digest: str, text: str) -> str:
    """The digest after a push (or mark) that was sent as `text`."""
    return sha256(f"{digest}\n{text}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Sent:
    """One lane as the agent knows it: the last acked position and each one sent since, oldest first."""

    acked: Position = START
    unacked: tuple[Position, ...] = ()

    @property
    def last(self) -> Position:
        """The position that the next push builds on."""
        return self.unacked[-1] if self.unacked else self.acked

    @property
    def named(self) -> tuple[Position, ...]:
        """What `hello` says of this lane."""
        return (self.acked, *self.unacked)

    def pushed(self, seq: int, text: str) -> "Sent":
        """After sending a push that ends at `seq`."""
        return Sent(self.acked, (*self.unacked, Position(seq=seq, digest=chain(self.last.digest, text))))

    def after_ack(self, seq: int) -> "Sent":
        """After an ack of `seq`: everything up to it is durable. An ack of what was never sent changes nothing."""
        for index, position in enumerate(self.unacked):
            if position.seq == seq:
                return Sent(position, self.unacked[index + 1 :])
        return self

    def resumed(self, seq: int) -> "Sent":
        """After `welcome`: the hub holds `seq`; what was sent beyond it was lost and goes again."""
        for position in self.named:
            if position.seq == seq:
                return Sent(position)
        raise UnexpectedFrame("welcome", "the lane never stood at its seq")


class Verdict(Enum):
    """What the hub does with a push."""

    APPLY = "apply"
    REPEAT = "repeat"
    GAP = "gap"


def judge(received: int, prev: int, seq: int) -> Verdict:
    """A push builds on what was received before it, or it is a repeat of that, or one between was lost."""
    if prev == received:
        return Verdict.APPLY
    return Verdict.REPEAT if seq <= received else Verdict.GAP


@dataclass(frozen=True)
class Agreement:
    """What `welcome` says: go on in this generation, or start a new one."""

    generation: int
    positions: Mapping[Lane, Position]
    fresh: bool


def agree(
    held: Mapping[Lane, Position],
    held_generation: int,
    named: Mapping[Lane, tuple[Position, ...]],
    named_generation: int,
) -> Agreement:
    """Find the hub's durable pairs among those that the agent named. `held_generation` is 0 for a database never seen."""
    positions = {lane: held.get(lane, START) for lane in LANES}
    same = held_generation == named_generation > 0
    if same and all(positions[lane] in named.get(lane, (START,)) for lane in LANES):
        return Agreement(held_generation, positions, fresh=False)
    return Agreement(max(held_generation, named_generation) + 1, dict.fromkeys(LANES, START), fresh=True)
