"""Where the two ends of a lane stand, and how they find together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import UnexpectedFrame
from wire.frames import Lane, Position
from wire.lanes import START, Sent, Verdict, agree, chain, judge

A, B, C = "a" * 32, "b" * 32, "c" * 32


def position(seq: int, digest: str) -> Position:
    return Position(seq=seq, digest=digest)


# The chain


def test_a_chained_digest_names_the_whole_history() -> None:
    histories = [[], ["x"], ["y"], ["x", "y"], ["y", "x"], ["xy"], ["x", "y", ""], ["x\ny"], ["Ж"]]
    digests = []
    for texts in histories:
        digest = ""
        for text in texts:
            digest = chain(digest, text)
        digests.append(digest)

    assert len(set(digests)) == len(histories)


def test_a_chained_digest_is_what_it_was_in_every_release() -> None:
    assert chain("", "push") == "dc9a42ba21b63124e60de1ebb44e65e0"
    assert chain(chain("", "push"), "push") == "ad205254a7bf4eab492ec2dff2e6780a"


# Sent


def test_pushes_build_on_each_other_until_they_are_acked() -> None:
    sent = Sent().pushed(3, "one").pushed(7, "two")

    first = chain("", "one")
    assert sent.named == (START, position(3, first), position(7, chain(first, "two")))
    assert sent.last == sent.named[-1]
    assert sent.after_ack(3).named == sent.named[1:]
    assert sent.after_ack(7).named == sent.named[2:]
    assert sent.after_ack(7).last.seq == 7


@pytest.mark.parametrize("seq", [0, 2, 4, 8])
def test_an_ack_of_what_was_never_sent_changes_nothing(seq: int) -> None:
    sent = Sent().pushed(3, "one").pushed(7, "two")

    assert sent.after_ack(seq) == sent


def test_an_ack_that_comes_twice_changes_nothing() -> None:
    sent = Sent().pushed(3, "one").pushed(7, "two").after_ack(7)

    assert sent.after_ack(7) == sent.after_ack(3) == sent


@pytest.mark.parametrize(("seq", "lost"), [(0, 2), (3, 1), (7, 0)])
def test_after_a_welcome_the_lost_pushes_are_as_never_sent(seq: int, lost: int) -> None:
    sent = Sent().pushed(3, "one").pushed(7, "two")

    resumed = sent.resumed(seq)

    assert resumed.named == (sent.named[2 - lost],)
    assert resumed.last.seq == seq


def test_a_welcome_at_a_seq_where_the_lane_never_stood_is_refused() -> None:
    with pytest.raises(UnexpectedFrame):
        Sent().pushed(3, "one").resumed(4)


@given(st.lists(st.tuples(st.integers(1, 9), st.text()), max_size=8), st.data())
def test_what_is_acked_in_steps_is_acked_at_once(pushes: list[tuple[int, str]], data: st.DataObject) -> None:
    sent, seq = Sent(), 0
    for gap, text in pushes:
        seq += gap
        sent = sent.pushed(seq, text)
    acks = sorted(data.draw(st.lists(st.sampled_from([p.seq for p in sent.named]))))
    stepwise = sent
    for ack in acks:
        stepwise = stepwise.after_ack(ack)

    assert stepwise == (sent.after_ack(acks[-1]) if acks else sent)
    assert stepwise.named == sent.named[len(sent.named) - len(stepwise.named) :]


# The hub's judgement


@pytest.mark.parametrize(
    ("received", "prev", "seq", "verdict"),
    [
        (0, 0, 1, Verdict.APPLY),
        (150, 150, 152, Verdict.APPLY),
        (150, 148, 150, Verdict.REPEAT),
        (150, 0, 3, Verdict.REPEAT),
        (150, 152, 153, Verdict.GAP),
        (0, 150, 152, Verdict.GAP),
        (150, 148, 152, Verdict.GAP),
    ],
)
def test_a_push_builds_on_what_came_or_repeats_it_or_shows_a_gap(
    received: int, prev: int, seq: int, verdict: Verdict
) -> None:
    assert judge(received, prev, seq) is verdict


# How they find together

LIVE = (position(148, A), position(150, B), position(152, C))
HELD: dict[Lane, Position] = {"live": position(150, B), "backfill": position(90, A)}


def test_ends_that_know_each_other_go_on() -> None:
    agreement = agree(HELD, 3, {"live": LIVE, "backfill": (position(90, A),)}, 3)

    assert (agreement.generation, agreement.fresh) == (3, False)
    assert agreement.positions == HELD


@pytest.mark.parametrize("durable", LIVE)
def test_any_named_pair_is_a_place_to_go_on_from(durable: Position) -> None:
    agreement = agree({"live": durable}, 3, {"live": LIVE}, 3)

    assert not agreement.fresh
    assert agreement.positions == {"live": durable, "backfill": START}


@pytest.mark.parametrize(
    ("held", "held_generation", "named", "named_generation", "generation"),
    [
        pytest.param({}, 0, {}, 0, 1, id="first contact"),
        pytest.param(HELD, 3, {}, 0, 4, id="a new outbox"),
        pytest.param({}, 0, {"live": LIVE}, 3, 4, id="a new hub"),
        pytest.param(HELD, 3, {"live": LIVE[:1], "backfill": (position(90, A),)}, 3, 4, id="an older outbox"),
        pytest.param(HELD, 3, {"live": LIVE[2:], "backfill": (position(90, A),)}, 3, 4, id="an older hub"),
        pytest.param(HELD, 3, {"live": (position(150, C),), "backfill": (position(90, A),)}, 3, 4, id="another history"),
        pytest.param(HELD, 3, {"live": LIVE, "backfill": (START,)}, 3, 4, id="one lane is enough"),
        pytest.param(HELD, 3, {"live": LIVE}, 3, 4, id="a lane that is not named stands at its start"),
        pytest.param(HELD, 2, {"live": LIVE, "backfill": (position(90, A),)}, 3, 4, id="an older generation in the hub"),
        pytest.param(HELD, 5, {"live": LIVE, "backfill": (position(90, A),)}, 3, 6, id="an older generation in the agent"),
        pytest.param({}, 1, {"live": (position(7, A),)}, 1, 2, id="the start is named only while nothing was acked"),
    ],
)  # fmt: skip
def test_ends_that_do_not_know_each_other_begin_a_generation_above_both(
    held: dict[Lane, Position],
    held_generation: int,
    named: dict[Lane, tuple[Position, ...]],
    named_generation: int,
    generation: int,
) -> None:
    agreement = agree(held, held_generation, named, named_generation)

    assert (agreement.generation, agreement.fresh) == (generation, True)
    assert agreement.positions == {"live": START, "backfill": START}
