"""When a webhook is sent, sent again, and sent no more: on a clock that is turned, with nobody dialled."""

from dataclasses import dataclass, field

import pytest

from demo.amocrm.automation import Webhook
from demo.amocrm.model import Lead
from demo.amocrm.post import Knobs, Post
from demo.amocrm.store import Account

MINUTE = 60.0


@dataclass
class Ground:
    """One webhook, and a clock."""

    account: Account = field(default_factory=lambda: Account(1, "example", "Europe/Moscow", lambda: 0, filters=False))
    moment: float = 0.0

    def __post_init__(self) -> None:
        self.post = Post(self.account, lambda: self.moment, lambda: "https://example.amocrm.ru")
        self.account.listen(self.post.put)
        self.hook()

    def hook(self, *settings: str) -> Webhook:
        number = len(self.account.webhooks) + 1
        hook = Webhook(number, f"http://127.0.0.1/{number}", list(settings or ("add_lead",)), 0, 1, 0, 0)
        self.account.webhooks[number] = hook
        return hook

    def happen(self, *lead_ids: int) -> None:
        for lead_id in lead_ids or (1,):
            self.account.announce("add_lead", Lead(lead_id, "", 0, 0, 0, 0, 0))

    def delivered(self, code: int = 200) -> list[int]:
        """Ids of the leads that are told of now, each answered with this code."""
        told = []
        while due := self.post.due():
            for delivery in due:
                told.append(int(delivery.body.split("%5Bid%5D=")[1].split("&")[0]))
                self.post.answered(delivery, code)
        return told


def attempts(codes: list[int]) -> list[int]:
    """In which minutes a delivery is tried whose attempts are answered so, the last code again and again."""
    ground, tried = Ground(), list[int]()
    ground.happen()
    for minute in range(24 * 60):
        ground.moment = minute * MINUTE
        if due := ground.post.due():
            ground.post.answered(due[0], codes[min(len(tried), len(codes) - 1)])
            tried.append(minute)
    return tried


@pytest.mark.parametrize(
    ("codes", "minutes"),
    [
        ([200], [0]),
        ([100], [0]),
        ([299], [0]),
        ([300], [0, 5, 20]),
        ([404], [0, 5, 20]),
        ([0], [0, 5, 20]),
        ([99], [0, 5, 20]),
        ([499], [0, 5, 20, 35, 95]),
        ([500], [0, 5, 20, 35, 95]),
        ([599], [0, 5, 20, 35, 95]),
        ([600], [0, 5, 20]),
        ([500, 200], [0, 5]),
        ([404, 500, 499, 204], [0, 5, 20, 35]),
        ([500, 500, 404], [0, 5, 20]),
        ([500, 500, 500, 302], [0, 5, 20, 35]),
    ],
)
def test_attempts_follow_the_documented_ladder(codes: list[int], minutes: list[int]) -> None:
    assert attempts(codes) == minutes


def test_what_is_told_again_is_what_was_told_first() -> None:
    ground = Ground()
    ground.happen(7)
    lead = Lead(8, "", 0, 0, 0, 0, 0, price=1)
    ground.account.announce("add_lead", lead)
    [first] = ground.post.due()
    ground.post.answered(first, 500)
    [second] = ground.post.due()
    told = second.body
    ground.post.answered(second, 500)
    lead.price = 2

    ground.moment = 5 * MINUTE

    assert [delivery.body for delivery in ground.post.due()] == [first.body]
    ground.post.answered(first, 200)
    assert [delivery.body for delivery in ground.post.due()] == [told]


def test_a_later_signal_does_not_wait_for_an_earlier_one_that_failed() -> None:
    ground = Ground()
    ground.happen(1)
    assert ground.delivered(500) == [1]
    ground.happen(2)
    assert ground.delivered() == [2]

    ground.moment = 5 * MINUTE

    assert ground.delivered() == [1]


def test_over_a_hundred_bad_answers_within_two_hours_disable_it() -> None:
    ground = Ground()
    hook = ground.account.webhooks[1]
    for number in range(100):
        ground.happen(number)
    assert len(ground.delivered(404)) == 100
    assert not hook.disabled
    ground.happen(100)
    assert ground.delivered(200) == [100]
    assert not hook.disabled

    ground.happen(101)
    assert ground.delivered(404) == [101]

    assert hook.disabled
    assert ground.post.shape()["waiting"] == []
    ground.happen(102)
    ground.moment = 100 * MINUTE
    assert ground.delivered() == []


def test_bad_answers_of_long_ago_do_not_count() -> None:
    ground = Ground()
    for number in range(100):
        ground.happen(number)
    ground.delivered(302)
    ground.moment = 119 * MINUTE
    assert not ground.account.webhooks[1].disabled
    for delivery in list(ground.post.due()):
        ground.post.answered(delivery, 200)

    ground.moment = 120 * MINUTE
    ground.happen(100)
    assert 100 in ground.delivered(200)
    ground.happen(101)
    [last] = ground.post.due()
    ground.post.answered(last, 404)

    assert not ground.account.webhooks[1].disabled


def test_only_a_person_enables_it_again_and_the_count_begins_anew() -> None:
    ground = Ground()
    for number in range(101):
        ground.happen(number)
    ground.delivered(404)
    assert ground.account.webhooks[1].disabled

    ground.post.enable(1)

    ground.happen(7)
    assert ground.delivered(404) == [7]
    assert not ground.account.webhooks[1].disabled


def test_the_next_deliveries_are_lost_doubled_or_turned_round() -> None:
    ground = Ground()
    ground.post.knobs = Knobs(lose=2)
    ground.happen(1, 2, 3)
    assert ground.delivered() == [3]
    ground.post.knobs = Knobs(duplicate=1)
    ground.happen(4, 5)
    assert ground.delivered() == [4, 4, 5]
    ground.post.knobs = Knobs(reverse=3)
    ground.happen(6, 7)
    assert ground.delivered() == []
    ground.happen(8, 9)
    assert ground.delivered() == [8, 7, 6, 9]
    assert ground.post.knobs == Knobs()


def test_each_hears_what_it_has_asked_for_and_nobody_waits_for_another() -> None:
    ground = Ground()
    ground.hook("add_lead", "update_lead")
    ground.hook("update_lead")

    ground.happen(1)
    ground.account.announce("update_lead", Lead(1, "", 0, 0, 0, 0, 0))

    assert [(one.webhook_id, one.setting) for one in ground.post.due()] == [
        (1, "add_lead"), (2, "add_lead"), (3, "update_lead"),
    ]  # fmt: skip


def test_who_unsubscribed_hears_no_more() -> None:
    ground = Ground()
    ground.happen(1)
    [delivery] = ground.post.due()
    ground.post.answered(delivery, 500)

    del ground.account.webhooks[1]

    ground.moment = 5 * MINUTE
    assert ground.post.due() == []
    assert ground.post.shape()["waiting"] == []


def test_an_account_without_the_plan_tells_nobody() -> None:
    ground = Ground()
    ground.account.has_webhooks = False

    ground.happen(1)

    assert ground.delivered() == []
