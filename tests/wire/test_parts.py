"""An answer comes out of its parts as it went in, wherever it was cut."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.anything import objects
from wire.errors import MalformedFrame
from wire.frames import Answer, decode, encode
from wire.parts import MAX_ANSWER_BYTES, MAX_PARTS, PART_BYTES, TooLarge, cut, joined, written

wide = st.dictionaries(st.text('я🦷"\\a', min_size=1, max_size=9), st.text('я🦷"\\\x00a', max_size=40), max_size=8)


@given(objects | wide, st.integers(1, 60))
def test_whatever_is_cut_is_joined_again(value: dict[str, Any], size: int) -> None:
    parts = cut(7, value, size)

    travelled = [decode(encode(part)) for part in parts]

    assert all(isinstance(part, Answer) for part in travelled)
    assert joined([part for part in travelled if isinstance(part, Answer)]) == value
    assert [part.part for part in parts] == list(range(1, len(parts) + 1))
    if len(parts) > 1:
        assert all(0 < len(part.value["text"].encode()) <= max(size, 4) for part in parts)


def test_a_small_answer_is_one_frame_that_says_what_it_is() -> None:
    assert cut(7, {"a": 1}) == (Answer(id=7, value={"a": 1}),)


def of_bytes(count: int) -> dict[str, Any]:
    return {"a": "x" * (count - len(written({"a": ""})))}


@pytest.mark.parametrize(("count", "parts"), [(PART_BYTES, 1), (PART_BYTES + 1, 2), (MAX_ANSWER_BYTES, 32)])
def test_parts_are_as_few_as_may_be(count: int, parts: int) -> None:
    assert len(cut(7, of_bytes(count))) == parts <= MAX_PARTS


def test_the_largest_answer_of_any_letters_has_fewer_parts_than_are_refused() -> None:
    assert len(cut(7, {"a": "🦷" * ((MAX_ANSWER_BYTES - 8) // 4)})) < MAX_PARTS


def test_more_than_the_cap_is_not_cut() -> None:
    with pytest.raises(TooLarge):
        cut(7, of_bytes(MAX_ANSWER_BYTES + 1))


PARTS = cut(7, {"a": "яяя"}, 4)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        PARTS[:-1],
        PARTS[1:],
        [PARTS[1], PARTS[0], *PARTS[2:]],
        [*PARTS, PARTS[-1]],
        [PARTS[0].model_copy(update={"id": 8}), *PARTS[1:]],
        [PARTS[0].model_copy(update={"value": {}}), *PARTS[1:]],
        [PARTS[0].model_copy(update={"value": {"text": 1}}), *PARTS[1:]],
        [Answer(id=7, part=n, parts=2, value={"text": "["[: 2 - n] + "]"[: n - 1]}) for n in (1, 2)],
        [Answer(id=7, part=n, parts=2, value={"text": "[" * 100_000}) for n in (1, 2)],
    ],
)
def test_parts_that_are_no_answer_are_refused(parts: list[Answer]) -> None:
    with pytest.raises(MalformedFrame):
        joined(parts)
