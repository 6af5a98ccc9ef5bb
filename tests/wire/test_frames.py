"""The frames: golden texts written by hand, round trips, and what is refused."""

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.anything import FRAMES
from wire.errors import MalformedFrame
from wire.frames import AnyFrame, Change, Hello, Push, decode, encode, signed_text

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
EVERY_T = {frame.model_fields["t"].default for frame in get_args(AnyFrame)}
CANARY = "Канарейкин"


def test_each_frame_has_a_golden_text_and_a_strategy() -> None:
    assert {path.stem for path in GOLDEN} == EVERY_T
    assert set(FRAMES) == EVERY_T


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_frame_is_read_and_written_as_it_stands(path: Path) -> None:
    text = path.read_text("utf-8")

    frame = decode(text)

    assert frame.t == path.stem
    assert json.loads(encode(frame)) == json.loads(text)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_frame_of_a_newer_peer_may_say_more(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))

    assert json.loads(encode(decode(json.dumps(golden | {"newer": 1})))) == golden


def test_a_frame_travels_without_needless_bytes() -> None:
    assert encode(decode('{ "t": "ack",  "lane": "live", "seq": 7 }')) == '{"t":"ack","lane":"live","seq":7}'
    assert "Ж" in encode(decode('{"t":"answer","id":1,"value":{"name":"\\u0416"}}'))


@pytest.mark.parametrize("t", sorted(FRAMES))
def test_any_frame_comes_back_as_it_was(t: str) -> None:
    @settings(max_examples=60)
    @given(FRAMES[t])
    def check(frame: AnyFrame) -> None:
        back = decode(encode(frame))

        assert back == frame
        assert back.model_fields_set - {"t"} == frame.model_fields_set - {"t"}
        assert encode(back) == encode(frame)

    check()


@given(st.text() | st.binary())
def test_whatever_comes_is_a_frame_or_malformed(text: str | bytes) -> None:
    try:
        decode(text)
    except MalformedFrame as error:
        assert error.close_code == 4400  # noqa: PT017 hypothesis: either is fine


MALFORMED = [
    ("", ()),
    ("null", ()),
    ("[]", ()),
    (f'"{CANARY}"', ()),
    ("{}", ()),
    (f'{{"t":"{CANARY}"}}', ()),
    ('{"t":["ack"]}', ()),
    ('{"t":"ack","lane":"live"}', ("seq",)),
    (f'{{"t":"ack","lane":"{CANARY}","seq":-1}}', ("lane", "seq")),
    ('{"t":"ack","lane":"live","seq":true}', ("seq",)),
    ('{"t":"ack","lane":"live","seq":1.0}', ("seq",)),
    ('{"t":"ack","lane":"live","seq":"1"}', ("seq",)),
    ('{"t":"ack","lane":"live","seq":99999999999999999999}', ("seq",)),
    ('{"t":"push","lane":"live","prev":0,"changes":[]}', ("changes",)),
    (
        f'{{"t":"push","lane":"live","prev":0,"changes":[{{"seq":1,"kind":"{CANARY}","key":"","read_at":"2026-11-23"}}]}}',
        ("changes", "changes.0.key", "changes.0.kind", "changes.0.read_at"),
    ),
    (
        '{"t":"push","lane":"live","prev":0,"changes":[{"seq":1,"kind":"visit","key":"1\\u0000","read_at":"2026-11-23T12:00:00Z"}]}',
        ("changes", "changes.0.key"),
    ),
    (
        '{"t":"push","lane":"live","prev":0,"changes":[{"seq":1,"kind":"visit","key":"1","read_at":"2026-11-23T12:00:00"}]}',
        ("changes", "changes.0.read_at"),
    ),
    ('{"t":"state","mis":"asleep","read_through":"soon"}', ("mis", "read_through")),
    (
        f'{{"t":"hello","lanes":{{"{CANARY}":[]}},"capabilities":{{"+79990001234":"{CANARY}"}},"generation":-1}}',
        ("agent", "capabilities.?", "database", "generation", "instance", "lanes.?.?", "signature", "software"),
    ),
    ('{"t":"ask","id":1,"ask":"card","deadline_ms":30001}', ("deadline_ms",)),
    ('{"t":"goaway","reason":"because"}', ("reason",)),
    ('{"t":"answer","id":1,"value":{"name":"\\ud800"}}', ()),
]


@pytest.mark.parametrize(("text", "places"), MALFORMED)
def test_a_malformed_frame_is_told_by_its_places_only(text: str, places: tuple[str, ...]) -> None:
    with pytest.raises(MalformedFrame) as refused:
        decode(text)

    assert refused.value.places == places
    told = f"{refused.value!s} {refused.value!r}"
    assert CANARY not in told
    assert "79990001234" not in told
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(("prev", "seqs"), [(0, [0]), (5, [5]), (5, [4]), (5, [6, 6]), (5, [7, 6]), (148, [1])])
def test_a_push_whose_seq_does_not_grow_is_malformed(prev: int, seqs: list[int]) -> None:
    changes = [{"seq": seq, "kind": "visit", "key": "1", "read_at": "2026-11-23T12:00:00Z"} for seq in seqs]

    with pytest.raises(MalformedFrame):
        decode(json.dumps({"t": "push", "lane": "live", "prev": prev, "changes": changes}))


@pytest.mark.parametrize("t", ["pass-begin", "pass-end"])
def test_a_mark_takes_a_seq_of_its_own(t: str) -> None:
    mark = {"t": t, "lane": "backfill", "prev": 5, "generation": 1, "kind": "visit"}

    assert decode(json.dumps(mark | {"seq": 6})).t == t
    with pytest.raises(MalformedFrame):
        decode(json.dumps(mark | {"seq": 5}))


def test_the_seq_of_a_push_is_its_last() -> None:
    push = decode((Path(__file__).parent / "golden" / "push.json").read_text("utf-8"))

    assert isinstance(push, Push)
    assert push.seq == 152


def test_absent_and_empty_survive_the_way_of_a_value() -> None:
    change = {"seq": 1, "kind": "visit", "key": "1", "read_at": "2026-11-23T12:00:00Z", "value": {"comment": None}}
    text = json.dumps({"t": "push", "lane": "live", "prev": 0, "changes": [change]})

    assert json.loads(encode(decode(text)))["changes"][0]["value"] == {"comment": None}


def test_a_frame_shows_no_person() -> None:
    push = decode(
        json.dumps(
            {
                "t": "push", "lane": "live", "prev": 0,
                "changes": [{"seq": 1, "kind": "patient", "key": "1", "read_at": "2026-11-23T12:00:00Z", "value": {"name": CANARY}}],
            }
        )
    )  # fmt: skip
    ask = decode(json.dumps({"t": "ask", "id": 1, "ask": "search", "args": {"name": CANARY}, "deadline_ms": 1}))
    answer = decode(json.dumps({"t": "answer", "id": 1, "value": {"name": CANARY}}))

    for frame in (push, ask, answer):
        assert CANARY in encode(frame)
        assert CANARY not in repr(frame)
        assert CANARY not in str(frame)


def test_frames_are_frozen() -> None:
    hello = decode((Path(__file__).parent / "golden" / "hello.json").read_text("utf-8"))

    assert isinstance(hello, Hello)
    with pytest.raises(ValueError, match="frozen"):
        hello.agent = "other"  # type: ignore[misc]


def test_what_is_signed_names_the_protocol_the_nonce_the_hub_and_the_agent() -> None:
    assert signed_text("n", "hub_1", "ag_1") == b"ident-link.v1\nn\nhub_1\nag_1"


def test_an_upsert_is_the_usual_change() -> None:
    change = Change.model_validate({"seq": 1, "kind": "visit", "key": "1", "read_at": "2026-11-23T12:00:00Z"})

    assert change.op == "upsert"
