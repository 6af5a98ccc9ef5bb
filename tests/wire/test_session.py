"""Which frame may come and go when: every pair of phase and frame, at both ends."""

import itertools
from typing import TypeAlias, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.anything import FRAMES
from wire.errors import LinkNotOpen, MalformedFrame, UnexpectedFrame
from wire.frames import (
    Ack,
    Answer,
    AnyFrame,
    Ask,
    Cancel,
    Challenge,
    DatabaseName,
    Fault,
    Goaway,
    Hello,
    LaneStart,
    PassBegin,
    PassEnd,
    Push,
    Resend,
    State,
    Welcome,
    decode,
    encode,
)
from wire.session import Phase, Session, agent_session, hub_session

NOON = "2026-11-23T12:00:00Z"
CHALLENGE = decode(f'{{"t":"challenge","nonce":"n","hub":"hub_1","time":"{NOON}"}}')
HELLO = Hello(
    signature="s",
    agent="ag_1",
    instance="i",
    software="1",
    database=DatabaseName(id="db_1", fingerprint=""),
    generation=0,
    lanes={},
)
WELCOME = Welcome(generation=1, lanes={"live": LaneStart(seq=0)})
PUSH = decode(
    f'{{"t":"push","lane":"live","prev":0,"changes":[{{"seq":1,"kind":"visit","key":"1","read_at":"{NOON}"}}]}}'
)
EXAMPLES: dict[type[AnyFrame], AnyFrame] = {
    Challenge: CHALLENGE,
    Hello: HELLO,
    Welcome: WELCOME,
    Push: PUSH,
    PassBegin: PassBegin(lane="backfill", prev=0, seq=1, generation=1, kind="visit"),
    PassEnd: PassEnd(lane="backfill", prev=0, seq=1, generation=1, kind="visit"),
    Ack: Ack(lane="live", seq=1),
    State: State(mis="ok"),
    Resend: Resend(kind="visit"),
    Ask: Ask(id=1, ask="card", deadline_ms=1),
    Answer: Answer(id=1, value={}),
    Cancel: Cancel(id=1),
    Fault: Fault(id=1, code="busy"),
    Goaway: Goaway(),
}

Table: TypeAlias = dict[tuple[Phase, type[AnyFrame]], Phase]


def whenever(phase: Phase, *frames: type[AnyFrame]) -> Table:
    """Frames that leave the phase as it is."""
    return {(phase, frame): phase for frame in frames}


TO_AGENT: Table = {
    (Phase.NEW, Challenge): Phase.CHALLENGED,
    (Phase.CHALLENGED, Goaway): Phase.REFUSED,
    (Phase.GREETED, Welcome): Phase.OPEN,
    (Phase.GREETED, Goaway): Phase.REFUSED,
    **whenever(Phase.OPEN, Ack, Ask, Cancel, Resend),
    (Phase.OPEN, Goaway): Phase.LEAVING,
    **whenever(Phase.LEAVING, Ack, Cancel),
}
TO_HUB: Table = {
    (Phase.CHALLENGED, Hello): Phase.GREETED,
    **whenever(Phase.OPEN, Push, PassBegin, PassEnd, State, Answer, Fault),
    **whenever(Phase.LEAVING, Push, PassBegin, PassEnd, State, Answer, Fault),
}
"""The protocol, written down a second time: docs/protocol.md says the same."""

PAIRS = list(itertools.product(Phase, EXAMPLES))
IDS = [f"{phase.name.lower()}-{EXAMPLES[frame].t}" for phase, frame in PAIRS]


def at(session: Session, phase: Phase) -> Session:
    session.phase = phase
    return session


def test_every_frame_has_an_example() -> None:
    assert set(EXAMPLES) == set(get_args(AnyFrame))


@pytest.mark.parametrize(("phase", "frame"), PAIRS, ids=IDS)
def test_an_agent_takes_what_the_table_allows_and_nothing_else(phase: Phase, frame: type[AnyFrame]) -> None:
    check_receive(at(agent_session(), phase), frame, TO_AGENT.get((phase, frame)))


@pytest.mark.parametrize(("phase", "frame"), PAIRS, ids=IDS)
def test_a_hub_takes_what_the_table_allows_and_nothing_else(phase: Phase, frame: type[AnyFrame]) -> None:
    check_receive(at(hub_session(), phase), frame, TO_HUB.get((phase, frame)))


@pytest.mark.parametrize(("phase", "frame"), PAIRS, ids=IDS)
def test_an_agent_sends_what_the_table_allows_and_nothing_else(phase: Phase, frame: type[AnyFrame]) -> None:
    check_send(at(agent_session(), phase), frame, TO_HUB.get((phase, frame)))


@pytest.mark.parametrize(("phase", "frame"), PAIRS, ids=IDS)
def test_a_hub_sends_what_the_table_allows_and_nothing_else(phase: Phase, frame: type[AnyFrame]) -> None:
    check_send(at(hub_session(), phase), frame, TO_AGENT.get((phase, frame)))


def check_receive(session: Session, frame: type[AnyFrame], following: Phase | None) -> None:
    before, text = session.phase, encode(EXAMPLES[frame])
    if following is not None:
        assert session.receive(text) == EXAMPLES[frame]
        assert session.phase is following
        return
    with pytest.raises(UnexpectedFrame) as refused:
        session.receive(text)
    assert session.phase is before
    assert str(refused.value) == f"{EXAMPLES[frame].t} may not come while {before.name.lower()}"


def check_send(session: Session, frame: type[AnyFrame], following: Phase | None) -> None:
    before = session.phase
    if following is not None:
        assert session.send(EXAMPLES[frame]) == encode(EXAMPLES[frame])
        assert session.phase is following
        return
    with pytest.raises(LinkNotOpen) as refused:
        session.send(EXAMPLES[frame])
    assert session.phase is before
    assert str(refused.value) == f"{EXAMPLES[frame].t} may not be sent while {before.name.lower()}"


@pytest.mark.parametrize("phase", Phase)
def test_what_is_malformed_leaves_the_phase(phase: Phase) -> None:
    session = at(hub_session(), phase)

    with pytest.raises(MalformedFrame):
        session.receive("{}")

    assert session.phase is phase


@given(st.lists(st.tuples(st.booleans(), st.one_of(*FRAMES.values())), max_size=12))
def test_two_ends_that_obey_their_own_table_never_surprise_each_other(said: list[tuple[bool, AnyFrame]]) -> None:
    """In step: whatever one end may send, the other may receive, and both stand in the same phase."""
    agent, hub = agent_session(), hub_session()
    opening = [(False, CHALLENGE), (True, HELLO), (False, WELCOME)]
    for by_agent, frame in [*opening, *said]:
        sender, receiver = (agent, hub) if by_agent else (hub, agent)
        try:
            text = sender.send(frame)
        except LinkNotOpen:
            continue
        receiver.receive(text)
        assert agent.phase is hub.phase


def test_what_was_under_way_when_the_hub_said_goodbye_may_still_come() -> None:
    agent, hub = at(agent_session(), Phase.OPEN), at(hub_session(), Phase.OPEN)
    under_way = [agent.send(PUSH), agent.send(State(mis="ok"))]
    goodbye = hub.send(Goaway())
    for text in under_way:
        hub.receive(text)
    agent.receive(goodbye)
    agent.receive(hub.send(Ack(lane="live", seq=1)))

    assert agent.phase is hub.phase is Phase.LEAVING


def test_a_refused_agent_may_say_nothing_any_more() -> None:
    agent = at(agent_session(), Phase.GREETED)
    agent.receive(encode(Goaway(reason="suspended")))

    with pytest.raises(LinkNotOpen):
        agent.send(PUSH)
