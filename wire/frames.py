"""The frames of `ident-link.v1`: JSON text, one object each, told apart by `t`. docs/protocol.md tells the story."""

import json
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from wire.errors import MalformedFrame, place
from wire.model import Id, Kind

PROTOCOL = "ident-link.v1"
MAX_FRAME_BYTES = 1 << 20
MAX_PUSH_BYTES = 64 << 10

Lane: TypeAlias = Literal["live", "backfill"]
LANES: tuple[Lane, ...] = ("live", "backfill")
Seq: TypeAlias = Annotated[int, Field(strict=True, ge=0, lt=1 << 62)]
Generation: TypeAlias = Annotated[int, Field(strict=True, ge=0, lt=1 << 31)]
Depth: TypeAlias = Annotated[int, Field(strict=True, ge=0, lt=1 << 30)]
Computer: TypeAlias = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{0,64}$", repr=False)]
"""The name of a PC; "" where it is not told. People are shown it, no log is."""
Digest: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$|^$")]


class Frame(BaseModel):
    """A frame ignores fields it does not know: a newer hub may say more than an older agent understands."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Position(Frame):
    """How far a lane is: the seq of a push's last entry and the chained digest over all pushes up to it."""

    seq: Seq
    digest: Digest = ""


class LaneStart(Frame):
    """From where a lane goes on: the hub's durable seq."""

    seq: Seq


class DatabaseName(Frame):
    """Which database the agent reads, by the hub's id and by its fingerprint; "" while the agent could not read that yet."""

    id: Id
    fingerprint: Annotated[str, Field(pattern=r"^[\x20-\x7e]{0,128}$")]


class Challenge(Frame):
    """hub -> agent, first: a nonce to sign, and the hub's time."""

    t: Literal["challenge"] = "challenge"
    nonce: str
    hub: Id
    time: AwareDatetime


class Hello(Frame):
    """agent -> hub. `signature` is Ed25519 over `signed_text()`; `lanes` names, for each lane, the last acked push and every
    push that is not acked yet; `instance` is random at each start, `computer` is what the clinic calls the agent's; `fields` are those
    that may leave, `name:off` those that may not."""

    t: Literal["hello"] = "hello"
    signature: str
    agent: Id
    instance: Id
    computer: Computer = ""
    protocol: str = PROTOCOL
    software: str
    database: DatabaseName
    generation: Generation
    lanes: dict[Lane, tuple[Position, ...]]
    capabilities: dict[str, bool] = Field(default_factory=dict)
    fields: tuple[str, ...] = ()


class Welcome(Frame):
    """hub -> agent: the link is open. `credit` bounds the bytes of unacked pushes."""

    t: Literal["welcome"] = "welcome"
    generation: Generation
    lanes: dict[Lane, LaneStart]
    credit: int = 131072
    beat_seconds: float = 2


class Change(Frame):
    """The state of one entity as it was read, or that it vanished. `value` is read by `wire.model.entity`."""

    seq: Seq
    kind: Kind
    key: Id
    read_at: AwareDatetime
    op: Literal["upsert", "vanished"] = "upsert"
    value: dict[str, Any] | None = Field(None, repr=False)


def _grows(seqs: tuple[int, ...]) -> None:
    if any(following <= seq for seq, following in pairwise(seqs)):
        raise ValueError("each seq is greater than the one before it")


class Push(Frame):
    """agent -> hub: changes in the order of their seq; applied only if `prev` is the seq the hub holds of this lane."""

    t: Literal["push"] = "push"
    lane: Lane
    prev: Seq
    changes: tuple[Change, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _seq_grows(self) -> Self:
        """A seq that was used before (a counter that began anew) would be acked for what it is not."""
        _grows((self.prev, *(change.seq for change in self.changes)))
        return self

    @property
    def seq(self) -> int:
        """The position of the lane after this push."""
        return self.changes[-1].seq


class Mark(Frame):
    """A bracket of a full pass; it takes a seq in its lane and is acked like a push."""

    lane: Lane
    prev: Seq
    seq: Seq
    generation: Generation
    kind: Kind

    @model_validator(mode="after")
    def _seq_grows(self) -> Self:
        _grows((self.prev, self.seq))
        return self


class PassBegin(Mark):
    """agent -> hub: a full pass over one kind begins."""

    t: Literal["pass-begin"] = "pass-begin"


class PassEnd(Mark):
    """agent -> hub: it ended; keys of this kind that came in neither lane since its begin have vanished."""

    t: Literal["pass-end"] = "pass-end"


class Ack(Frame):
    """hub -> agent: all of the lane up to `seq` is durable."""

    t: Literal["ack"] = "ack"
    lane: Lane
    seq: Seq


class OutboxDepth(Frame):
    """How much waits in the clinic; `oldest_seconds` is the age of the oldest entry."""

    live: Depth = 0
    backfill: Depth = 0
    oldest_seconds: float = 0


class State(Frame):
    """agent -> hub, every 10 s and on change. Both times are the clinic server's own: everything committed before `read_through` was
    read; the last whole pass began at `verified_through`. With an empty outbox all of it is durable in the hub."""

    t: Literal["state"] = "state"
    mis: Literal["ok", "down", "refused", "busy"]
    read_through: AwareDatetime | None = None
    verified_through: AwareDatetime | None = None
    outbox: OutboxDepth = OutboxDepth()
    clock_offset_seconds: float | None = None
    capabilities: dict[str, bool] = Field(default_factory=dict)
    skipped: dict[str, int] = Field(default_factory=dict)


class Resend(Frame):
    """hub -> agent: send these again as they stand (all of the kind where `keys` is empty)."""

    t: Literal["resend"] = "resend"
    kind: Kind
    keys: tuple[Id, ...] = ()


class Ask(Frame):
    """hub -> agent: a question of an operator."""

    t: Literal["ask"] = "ask"
    id: int
    ask: Literal["card", "search"]
    args: dict[str, Any] = Field(default_factory=dict, repr=False)
    deadline_ms: int = Field(gt=0, le=30_000)


class Answer(Frame):
    """agent -> hub: one part of the answer."""

    t: Literal["answer"] = "answer"
    id: int
    part: int = 1
    parts: int = 1
    value: dict[str, Any] = Field(repr=False)


class Cancel(Frame):
    """hub -> agent: nobody waits for this answer any more."""

    t: Literal["cancel"] = "cancel"
    id: int


class Fault(Frame):
    """agent -> hub: there is no answer; `code` says why."""

    t: Literal["fault"] = "fault"
    id: int
    code: Literal["mis_down", "mis_refused", "busy", "late", "not_supported", "bad_question"]


class Goaway(Frame):
    """hub -> agent: reconnect after so many seconds. `computer`: where the agent runs that took the place of this one."""

    t: Literal["goaway"] = "goaway"
    after_seconds: float = 0
    reason: Literal["restart", "superseded", "revoked", "suspended"] = "restart"
    computer: Computer = ""


AnyFrame: TypeAlias = (
    Challenge
    | Hello
    | Welcome
    | Push
    | PassBegin
    | PassEnd
    | Ack
    | State
    | Resend
    | Ask
    | Answer
    | Cancel
    | Fault
    | Goaway
)
_ADAPTER: TypeAdapter[AnyFrame] = TypeAdapter(Annotated[AnyFrame, Field(discriminator="t")])


def encode(frame: AnyFrame) -> str:
    """The frame as it travels: compact JSON, `t` and every field that was set."""
    data = {"t": frame.t, **frame.model_dump(mode="json", exclude_unset=True)}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def decode(text: str | bytes) -> AnyFrame:
    """Read a frame; raises `MalformedFrame` with the names of the bad fields only."""
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        places = sorted({place(e["loc"][1:]) for e in error.errors(include_input=False)} - {""})
        raise MalformedFrame(tuple(places)) from None


def signed_text(nonce: str, hub: str, agent: str) -> bytes:
    """What an agent signs to prove who it is; no clock takes part."""
    return f"{PROTOCOL}\n{nonce}\n{hub}\n{agent}".encode()
