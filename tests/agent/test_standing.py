"""The standing tells its one reader of each difference, once."""

from agent.standing import Stand, Standing


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
    standing.mis("ok")
    assert standing.now.hint is None
