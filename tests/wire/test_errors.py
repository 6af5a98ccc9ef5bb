"""Errors say what the caller should do, and hold nothing of a person."""

import pytest

from wire import errors
from wire.errors import InvalidChange, MalformedFrame, NeedsOperator, Park, Retry, UnexpectedFrame, place


@pytest.mark.parametrize(
    ("loc", "told"),
    [
        ((), ""),
        (("start",), "start"),
        (("changes", 0, "key"), "changes.0.key"),
        (("pass-begin", "seq"), "pass-begin.seq"),
        (("Канарейкин",), "?"),
        (("+79990001234",), "?"),
        (("79990001234",), "?"),
        (("sums", "petrov@example.ru", "x"), "sums.?.x"),
        (("x" * 41,), "?"),
    ],
)
def test_a_place_is_told_in_names_like_ours_only(loc: tuple[int | str, ...], told: str) -> None:
    assert place(loc) == told


def test_errors_are_told_from_their_fields() -> None:
    assert str(MalformedFrame()) == "malformed frame: not a JSON object with a known t"
    assert str(MalformedFrame(("lane", "seq"))) == "malformed frame: lane, seq"
    assert str(UnexpectedFrame("push", "greeted")) == "push may not come while greeted"
    assert str(InvalidChange("visit", ("start",))) == "invalid visit: start"
    assert str(NeedsOperator("Free the disk.")) == "Free the disk."


def test_loops_know_three_things_to_do() -> None:
    assert Retry().after is None
    assert Retry(3).after == 3
    assert NeedsOperator("Free the disk.").hint == "Free the disk."
    assert issubclass(InvalidChange, Park)


def test_the_peers_fault_has_a_close_code_of_its_own() -> None:
    codes = {cls.__name__: cls.close_code for cls in errors.LinkError.__subclasses__()}

    assert codes == {"MalformedFrame": 4400, "UnexpectedFrame": 4409, "LinkNotOpen": 1011}
