"""The standing tells its one reader of each difference, once."""

from datetime import UTC, datetime

from agent.away import Away
from agent.standing import Stand, Standing

PAUSE = Away("pause", datetime(2026, 11, 24, tzinfo=UTC))


def test_a_difference_is_told_and_a_repetition_is_not() -> None:
    standing = Standing()
    standing.mis("ok")
    assert standing.changed.is_set()
    standing.changed.clear()
    standing.mis("ok")
    assert not standing.changed.is_set()
    standing.mis("ok", "Сделайте что-нибудь.")
    assert standing.changed.is_set()


def test_each_part_leaves_the_others() -> None:
    standing = Standing()
    standing.capabilities({"visit.branch": False})
    standing.skipped({"nameless": 2})
    standing.mis("busy")
    assert standing.now == Stand("busy", {"visit.branch": False}, {"nameless": 2})
    standing.mis("busy", away=PAUSE)
    assert standing.now == Stand("busy", {"visit.branch": False}, {"nameless": 2}, away=PAUSE)
    standing.mis("ok")
    assert standing.now == Stand("ok", {"visit.branch": False}, {"nameless": 2})
