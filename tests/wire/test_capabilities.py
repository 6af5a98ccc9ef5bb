"""What an agent cannot read is named in plain words."""

from wire.capabilities import WORDS, missed_of, off


def test_what_is_off_is_said_in_words() -> None:
    assert off({"visit.branch": False, "visit.source": True, "sums.billed": False}) == (
        "филиал приёма",
        WORDS["sums.billed"],
    )


def test_what_only_stands_in_for_another_is_missed_with_it() -> None:
    balance = {"balance.debt": True, "balance.advance": True, "balance.net": False}
    assert missed_of(balance) == ()
    assert missed_of({**balance, "balance.advance": False}) == ("balance.advance", "balance.net")


def test_a_newer_agent_may_know_more() -> None:
    assert off({"visit.colour": False}) == ()
    assert missed_of({"visit.colour": False}) == ("visit.colour",)


def test_words_are_short() -> None:
    assert max(map(len, WORDS.values())) < 70
