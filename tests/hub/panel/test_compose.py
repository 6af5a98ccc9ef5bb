"""What the card shows, as tables: whose it is, its visits, money and relatives, and what is kept from whom. The golden answers are what
this composes."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.panel import compose_money
from hub.panel.compose import Facts, compose
from hub.panel.facts import Answers, Known, Subject, age_on
from hub.panel.model import Panel, PatientCard, Rights, Why
from hub.panel.reasons import REASONS
from hub.rules.confirmed import Confirmation
from hub.rules.explain import zone_name
from hub.rules.model import PatientKey
from hub.rules.visits import Record
from tests.hub.panel import people
from tests.hub.panel.people import (
    AFTER,
    ALL,
    ANNA,
    BILL,
    CANCELLED,
    DB,
    HERE,
    ILL,
    LINKED,
    MARIA,
    NEXT,
    NOW,
    PETR,
    SETTINGS,
    UNLINKED,
    VISITED,
    WHY,
    anna,
    answered,
    as_known,
    at,
    facts,
    known,
    maria,
    petr,
    silent,
    site,
    visit,
)
from wire import lookup
from wire.lookup import CardPatient
from wire.model import Balance, Checkup, Plan, Sums

GOLDEN = Path(__file__).parents[2] / "panel" / "golden"
NO_MONEY = Rights(search=True)


def golden(name: str) -> Panel:
    return Panel.model_validate_json((GOLDEN / f"{name}.json").read_text("utf-8"))


def panel(of: Facts) -> Panel:
    return compose(of).panel


def card(of: Facts) -> PatientCard:
    shown = panel(of).patient
    assert shown
    return shown


def of_visits(*visits: Any, now: datetime = NOW, **more: Any) -> PatientCard:
    """Of Пётр with these visits, answered live."""
    return card(facts(petr(*visits, more_past=False), now=now, read_at=now, **more))


# The golden answers


CANCELLED_TODAY = visit(
    "81234",
    at("11-24 17:00"),
    "cancelled",
    cancelled_at=at("11-24 12:30"),
    cancel_reason=ILL,
    booked_at=at("10-01 10:00"),
)
SLOW = site(mis="busy", read_through=at("11-24 12:38"))
ASKED = Why(text=REASONS["other_name_on_phone"].text, at=at("11-24 12:41:09"), rule="R11")
GOLDEN_FACTS = {
    "found": facts(petr(), anna(), maria(), why=WHY),
    "found_asked": facts(petr(), subject=UNLINKED, beside=Known(), why=ASKED, asks="person"),
    "found_amber": facts(petr(), anna(), maria(), here=SLOW, read_at=at("11-24 12:38")),
    "found_cancelled_today": facts(petr(CANCELLED, VISITED, CANCELLED_TODAY, do_not_message=True), rights=NO_MONEY),
    "several": facts(petr(), anna(), maria(), subject=replace(UNLINKED, typed_name=None, typed_phone=None)),
    "nobody": facts(subject=UNLINKED),
    "offline": silent(as_known(petr(), known()), as_known(anna()), why=WHY),
    "offline_unknown": silent(here=site(connected=False, read_through=None, left_at=at("11-23 20:05"))),
}


@pytest.mark.parametrize("name", GOLDEN_FACTS)
def test_the_golden_answers_are_what_is_composed(name: str) -> None:
    assert panel(GOLDEN_FACTS[name]).model_dump() == golden(name).model_dump()


# Whose card it is

TWO = (petr(), anna())
CHOSEN = replace(LINKED, chosen=True)
ARCHIVED = maria().model_copy(update={"archived": True})
LINK_GONE = replace(LINKED, wanted=PatientKey(DB, "9999"), chosen=True)
MERGED = Subject("contact:9", named=(PETR, ANNA))


@pytest.mark.parametrize(
    ("found", "state", "shown", "rest"),
    [
        (facts(*TWO), "found", PETR, [ANNA]),
        (facts(anna(), subject=UNLINKED), "found", ANNA, []),
        (facts(anna(), ARCHIVED, subject=UNLINKED), "found", ANNA, [MARIA]),
        (facts(ARCHIVED, subject=UNLINKED), "found", MARIA, []),
        (facts(*TWO, subject=UNLINKED), "several", None, [PETR, ANNA]),
        (facts(*TWO, ARCHIVED, subject=UNLINKED), "several", None, [PETR, ANNA, MARIA]),
        (facts(*TWO, subject=MERGED), "several", None, [PETR, ANNA]),
        (facts(subject=UNLINKED), "nobody", None, []),
        (facts(subject=LINK_GONE), "nobody", None, []),
        (facts(anna(), subject=LINK_GONE), "found", ANNA, []),
        (silent(as_known(petr()), as_known(anna())), "offline", PETR, [ANNA]),
        (silent(as_known(anna())), "offline", None, []),
        (silent(), "offline", None, []),
        (silent(subject=UNLINKED), "offline", None, []),
        (silent(as_known(anna()), subject=UNLINKED), "offline", ANNA, []),
        (silent(as_known(petr()), as_known(anna()), subject=UNLINKED), "several", None, [PETR, ANNA]),
    ],
)
def test_whose_card_it_is(found: Facts, state: str, shown: PatientKey | None, rest: list[PatientKey]) -> None:
    composed = compose(found)
    told = composed.panel

    assert told.state == state
    assert (told.patient.id if told.patient else None) == (str(shown) if shown else None)
    assert [one.id for one in (*told.others, *told.persons)] == [str(key) for key in rest]
    assert composed.patients == (*([shown] if shown else []), *rest)


def test_a_choice_is_said_and_can_be_taken_back() -> None:
    assert panel(facts(*TWO, subject=CHOSEN)).chosen
    assert not panel(facts(*TWO)).chosen
    assert not panel(facts(anna(), subject=LINK_GONE)).chosen  # it means nobody any more


def test_a_choice_is_asked_for_until_somebody_is_chosen() -> None:
    assert panel(facts(*TWO, asks="deal")).asked == "deal"
    assert panel(facts(*TWO, asks="deal", subject=CHOSEN)).asked is None
    assert (
        panel(facts(anna(), asks="person", subject=LINK_GONE)).asked == "person"
    )  # whoever was chosen is not there any more
    assert panel(silent(as_known(petr()), asks="person")).asked == "person"


def test_who_is_not_the_one_shows_a_name_an_age_and_a_day_and_nothing_else() -> None:
    rich = anna().model_copy(update={"bills": (BILL,), "card_number": "1188"})
    for found in (
        facts(petr(), rich, subject=UNLINKED),
        facts(maria(), rich, subject=replace(LINKED, wanted=MARIA), beside=Known()),
    ):
        told = panel(found).model_dump(mode="json")
        one = next(one for one in (*told["persons"], *told["others"]) if one["id"] == str(ANNA))
        assert one == {"id": str(ANNA), "name": "Петрова Анна Ильинична", "age": 12, "next_visit_on": "2026-12-05"}
        assert "1188" not in json.dumps(told)
        assert "12500.00" not in json.dumps(told)
        assert "Иванова" not in json.dumps(told)


def test_without_the_right_to_the_family_the_caller_can_still_be_chosen() -> None:
    told = panel(facts(petr(), anna(), rights=NO_MONEY))

    assert told.patient
    assert (told.patient.representatives, told.patient.family) == ((), ())
    assert [(one.name, one.next_visit_on) for one in told.others] == [("Петрова Анна Ильинична", "2026-12-05")]


def test_a_patient_without_a_name_can_be_chosen_too() -> None:
    nameless = anna().model_copy(update={"name": None, "birth_date": None})

    assert panel(facts(nameless, petr(), subject=UNLINKED)).persons[0].name == "Имя не указано"


# Visits

LATER_TODAY = visit("90", at("11-24 17:00"))
THERE = visit("91", at("11-24 12:00"), "arrived")
LATE = visit("92", at("11-24 12:20"))
MISSED = visit("93", at("11-23 12:00"))
DONE_TODAY = visit("94", at("11-24 09:00"), "fulfilled")
CANCELLED_BEFORE = visit(
    "95", at("12-01 09:00"), "cancelled", cancelled_at=at("11-22 12:00"), booked_at=at("10-01 10:00")
)
MOVED_FROM = visit("96", at("11-25 09:00"), "cancelled", cancelled_at=at("11-24 12:00"), booked_at=at("10-01 10:00"))
MOVED_TO = visit("97", at("11-26 09:00"), moved_from="96")
VISIT_ROWS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("the nearest future visit is next", (NEXT, AFTER), {"next": "81234 future", "future": "81234 81300"}),
    ("today comes before tomorrow", (NEXT, LATER_TODAY), {"next": "90 future", "future": "90 81234"}),
    ("who is here comes before who will be", (LATER_TODAY, THERE), {"next": "91 arrived", "future": "91 90"}),
    ("who is late may still come", (LATE, NEXT), {"next": "92 not_marked", "future": "92 81234"}),
    ("who did not come is past", (MISSED, VISITED), {"past": "93 80110", "last": "80110"}),
    (
        "who was treated today is past",
        (DONE_TODAY, NEXT),
        {"next": "81234 future", "last": "94", "past": "94", "future": "81234"},
    ),
    ("nothing is nothing", (), {}),
    (
        "a cancellation of today stands alone",
        (CANCELLED_TODAY, VISITED),
        {"today": "81234", "last": "80110", "past": "80110"},
    ),
    ("an older cancellation is past", (CANCELLED_BEFORE, VISITED), {"past": "95 80110", "last": "80110"}),
    (
        "what was moved is not cancelled",
        (MOVED_FROM, MOVED_TO),
        {"next": "97 moved", "future": "97", "past": "96", "statuses": "moved"},
    ),
]


@pytest.mark.parametrize(("visits", "expected"), [row[1:] for row in VISIT_ROWS], ids=[row[0] for row in VISIT_ROWS])
def test_which_visit_stands_where(visits: tuple[Any, ...], expected: dict[str, str]) -> None:
    found = card(facts(petr(more_past=False).model_copy(update={"visits": visits}), read_at=NOW))
    number = {one.id: one.id.removeprefix("db_1:") for one in (*found.future, *found.past)}
    told = {
        "next": f"{number[found.next_visit.id]} {found.next_visit.status}" if found.next_visit else "",
        "last": number[found.last_visit.id] if found.last_visit else "",
        "today": found.cancelled_today.id.removeprefix("db_1:") if found.cancelled_today else "",
        "future": " ".join(number[one.id] for one in found.future),
        "past": " ".join(number[one.id] for one in found.past),
    }
    if "statuses" in expected:
        told["statuses"] = " ".join(one.status for one in found.past)

    assert {name: text for name, text in told.items() if text} == expected


def test_a_visit_that_vanished_today_was_cancelled_in_ident() -> None:
    gone = known(visits=(Record(LATER_TODAY, at("11-24 12:00")), Record(NEXT, at("11-24 12:00"))))
    found = card(facts(petr(NEXT), beside=gone, read_at=NOW))

    assert found.cancelled_today
    assert (found.cancelled_today.id, found.cancelled_today.cancel_reason) == ("db_1:90", "удалён в IDENT")
    assert found.next_visit
    assert found.next_visit.id == str(PatientKey(DB, NEXT.id))  # what the clinic tells is there, whatever we remember


def test_only_so_many_past_visits_are_told() -> None:
    many = [visit(str(n), at("10-01 09:00") + timedelta(days=n), "fulfilled") for n in range(25)]
    found = of_visits(*many)

    assert [one.id for one in found.past] == [f"db_1:{n}" for n in range(24, 4, -1)]
    assert found.more_past
    assert not of_visits(*many[:20]).more_past


def test_while_the_clinic_is_away_nobody_says_that_somebody_did_not_come() -> None:
    """R13: a mark may have been made that we did not hear of."""
    before, since = visit("1", at("11-23 18:00")), visit("2", at("11-24 10:00"))
    found = card(silent(as_known(petr(before, since))))

    assert [(one.status, one.status_text) for one in found.past] == [
        ("not_marked", "неизвестно, не было связи"),
        ("not_marked", "не отмечен приход"),
    ]


def test_times_are_the_branchs_own_and_its_zone_is_named_where_it_differs() -> None:
    found = of_visits(NEXT, settings=people.routed("Asia/Yekaterinburg")).next_visit
    here = of_visits(NEXT, settings=people.routed("Europe/Simferopol")).next_visit

    assert found
    assert (found.start.isoformat(), found.zone_note) == ("2026-12-03T16:30:00+05:00", "МСК+2")
    assert found.branch == "Филиал на Ленина"
    assert here
    assert here.zone_note is None


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Moscow", "МСК"),
        ("Asia/Vladivostok", "МСК+7"),
        ("Europe/Kaliningrad", "МСК−1"),
        ("Asia/Kolkata", "МСК+2.5"),
    ],
)
def test_zones_are_named_as_russians_do(zone: str, expected: str) -> None:
    assert zone_name(ZoneInfo(zone), NOW) == expected


def test_a_confirmation_is_shown_on_its_visit_while_it_holds() -> None:
    confirmed = Confirmation(1, DB, NEXT.id, NEXT.start, BRANCH_ID, 7, "Орлова Анна, 24 ноя", NOW)

    def shown(confirmation: Confirmation) -> list[str | None]:
        return [one.confirmed for one in of_visits(NEXT, AFTER, confirmation=confirmation).future]

    assert shown(confirmed) == ["Орлова Анна, 24 ноя", None]
    assert shown(replace(confirmed, start=NEXT.start - timedelta(days=1))) == [None, None]
    assert shown(replace(confirmed, database="db_2")) == [None, None]


BRANCH_ID = "2"

# Money


def test_money_is_for_who_may_see_it() -> None:
    told = card(facts(petr(), rights=NO_MONEY))

    assert (told.balance, told.plan) == (None, None)
    assert "12500" not in told.model_dump_json()


@pytest.mark.parametrize(
    ("held", "debt", "advance"),
    [
        ({"debt": Decimal("12500"), "advance": Decimal("300.5")}, "12500.00", "300.50"),
        ({"debt": Decimal(0)}, "0.00", None),
        ({"net": Decimal("-700")}, "700.00", None),
        ({"net": Decimal("700")}, None, "700.00"),
        ({"net": Decimal(0)}, "0.00", "0.00"),
        ({"net": Decimal("5"), "debt": Decimal("10"), "advance": Decimal("15")}, "10.00", "15.00"),
    ],
)
def test_debt_and_advance_are_never_netted(held: dict[str, Decimal], debt: str | None, advance: str | None) -> None:
    told = card(facts(petr(), beside=known(balance=Balance(patient_id="4410", **held)))).balance

    assert told
    assert (told.debt, told.advance, told.verified) == (debt, advance, False)


@pytest.mark.parametrize(
    ("held", "confirmed", "net", "verified"),
    [
        ({"debt": Decimal(5), "advance": Decimal(1)}, {}, False, False),
        ({"debt": Decimal(5), "advance": Decimal(1)}, {"db_1": "journal"}, False, True),
        ({"debt": Decimal(5), "advance": Decimal(1)}, {"db_2": "journal"}, False, False),
        ({"debt": Decimal(5), "advance": Decimal(1)}, {"db_1": "net"}, False, False),
        ({"debt": Decimal(5)}, {"db_1": "journal"}, False, True),
        ({"net": Decimal(5)}, {}, True, False),
        ({"net": Decimal(5)}, {"db_1": "net"}, True, True),
        ({"net": Decimal(0)}, {"db_1": "net"}, True, True),
        ({"net": Decimal(5)}, {"db_1": "journal"}, True, False),
    ],
)
def test_sums_are_verified_where_the_clinic_confirmed_this_very_way(
    held: dict[str, Decimal], confirmed: dict[str, str], *, net: bool, verified: bool
) -> None:
    """After an update of IDENT the journal may be gone: what was compared then says nothing of the net."""
    settings = SETTINGS.model_copy(update={"money_verified": confirmed})
    found = facts(petr(), beside=known(balance=Balance(patient_id="4410", **held)))
    told = card(replace(found, settings=settings)).balance

    assert told
    assert (told.net, told.verified) == (net, verified)


def test_a_confirmation_says_nothing_of_what_is_only_unpaid_of_some_bills() -> None:
    settings = SETTINGS.model_copy(update={"money_verified": {"db_1": "journal"}})
    told = card(replace(facts(petr(), beside=Known()), settings=settings)).balance

    assert told
    assert (told.debt, told.net, told.verified) == ("12500.00", False, False)


OWES = {"sums": Sums(billed=Decimal(100), debt=Decimal(40))}


@pytest.mark.parametrize(
    ("found", "debt"),
    [
        (facts(petr(), beside=Known()), "12500.00"),
        (facts(petr(bills=(BILL, BILL)), beside=Known()), "25000.00"),
        (facts(petr(bills=()), beside=Known()), "0.00"),
        (facts(petr(bills=(BILL, lookup.Bill(date="2026-11-03"))), beside=Known()), None),
        (silent(as_known(petr(visit("1", at("10-01 09:00"), "fulfilled", **OWES), NEXT))), "40.00"),
    ],
)
def test_where_the_clinic_tells_no_balance_the_debt_is_what_is_unpaid(found: Facts, debt: str | None) -> None:
    told = card(found).balance

    assert told
    assert (told.debt, told.advance) == (debt, None)


def test_nothing_known_of_money_is_nothing_and_not_zero() -> None:
    unread = CardPatient(**{name: value for name, value in dict(petr()).items() if name != "bills"})

    assert card(facts(unread, beside=Known())).balance is None
    assert card(silent(as_known(petr()))).balance is None


BILLS: list[tuple[dict[str, Any], tuple[str, ...] | None]] = [
    (
        {"gross": 15000, "discount": 2500, "billed": 12500, "paid": 500, "debt": 12000},
        ("15000.00", "2500.00", "12500.00", "500.00", "12000.00"),
    ),
    ({"billed": 100, "paid": 40}, ("100.00", "0.00", "100.00", "40.00", "60.00")),
    ({"billed": 100, "debt": 0}, ("100.00", "0.00", "100.00", "100.00", "0.00")),
    ({"gross": 100, "discount": 10, "paid": 90}, ("100.00", "10.00", "90.00", "90.00", "0.00")),
    ({"gross": 100, "billed": 90, "paid": 120}, ("100.00", "10.00", "90.00", "120.00", "0.00")),
    ({"gross": 100, "billed": 90}, None),
    ({"paid": 5}, None),
    ({}, None),
]


@pytest.mark.parametrize(("sums", "expected"), BILLS)
def test_of_a_bill_is_told_what_can_be_computed(sums: dict[str, Any], expected: tuple[str, ...] | None) -> None:
    bill = lookup.Bill(date="2026-11-02", **{name: Decimal(sum_) for name, sum_ in sums.items()})
    balance = card(facts(petr(bills=(bill,)))).balance
    assert balance
    told = [(one.gross, one.discount, one.billed, one.paid, one.debt) for one in balance.bills]

    assert told == ([expected] if expected else [])


def test_bills_are_told_newest_first() -> None:
    older = BILL.model_copy(update={"date": "2026-10-01"})
    balance = card(facts(petr(bills=(older, BILL)))).balance

    assert balance
    assert [one.date for one in balance.bills] == ["2026-11-02", "2026-10-01"]


def test_active_plans_are_one_and_half_a_plan_is_none() -> None:
    one = known().plans[0]
    over, half = one.model_copy(update={"active": False}), Plan(id="3", patient_id="4410", agreed=Decimal(5))

    assert compose_money.plan([one, over]) == compose_money.plan([one])
    both = compose_money.plan([one, one])
    assert both
    assert (both.agreed, both.done, both.unscheduled) == ("120000.00", "25000.00", "95000.00")
    assert compose_money.plan([one, half]) is None
    assert compose_money.plan([over]) is None


# Relatives, checkups, ages


def test_relatives_are_for_who_may_see_them() -> None:
    told = card(facts(petr(), anna(), maria(), rights=replace_right(family=False)))

    assert (told.representatives, told.family) == ((), ())


def replace_right(**changed: bool) -> Rights:
    return ALL.model_copy(update=changed)


def test_a_representative_who_is_a_patient_stands_once() -> None:
    told = card(facts(petr(), anna(), maria()))
    alone = card(facts(petr(), anna()))
    nobody = card(facts(petr(representative=None), anna()))

    assert [(one.id, one.relation) for one in told.representatives] == [(str(MARIA), "представитель")]
    assert [(one.id, one.relation) for one in told.family] == [(str(ANNA), "на том же номере")]
    assert [(one.id, one.name) for one in alone.representatives] == [(None, "Петрова Мария Ивановна")]
    assert nobody.representatives == ()


def checkups(*due: tuple[str | None, bool]) -> Known:
    given = [Checkup(id=str(n), patient_id="4410", due_on=on, closed=closed) for n, (on, closed) in enumerate(due)]
    return known(checkups=tuple(given))


LAST_OF_AUGUST = visit("1", at("08-31 10:00"), "fulfilled")


@pytest.mark.parametrize(
    ("beside", "visits", "expected"),
    [
        (checkups(("2026-12-20", False), ("2026-12-01", False)), (VISITED,), ("2026-12-01", "ident")),
        (checkups(("2026-12-01", True), ("2026-12-20", False)), (VISITED,), ("2026-12-20", "ident")),
        (checkups((None, False)), (VISITED,), ("2027-05-02", "last_visit")),
        (checkups(), (VISITED, LAST_OF_AUGUST), ("2027-05-02", "last_visit")),
        (checkups(), (LAST_OF_AUGUST,), ("2027-02-28", "last_visit")),
        (checkups(), (NEXT,), None),
    ],
)
def test_r6_a_checkup_is_due_as_ident_says_or_half_a_year_after_the_last_visit(
    beside: Known, visits: tuple[Any, ...], expected: tuple[str, str] | None
) -> None:
    told = card(facts(petr(*visits), beside=beside)).checkup

    assert (told and (told.due_on, told.basis)) == expected


@pytest.mark.parametrize(
    ("born", "today", "age"),
    [
        ("2017-03-08", "2026-03-07", 8),
        ("2017-03-08", "2026-03-08", 9),
        ("2012-02-29", "2026-02-28", 13),
        ("2012-02-29", "2026-03-01", 14),
        ("2026-11-24", "2026-11-24", 0),
        ("2027-01-01", "2026-11-24", None),
        (None, "2026-11-24", None),
    ],
)
def test_ages_in_whole_years(born: str | None, today: str, age: int | None) -> None:
    assert age_on(born, date.fromisoformat(today)) == age


def test_r7_birthdays_are_by_the_day_in_the_clinic() -> None:
    """Late in the evening in Moscow it is the next day in Vladivostok."""
    born = petr().model_copy(update={"birth_date": "2017-11-25"})
    there = site(zone=ZoneInfo("Asia/Vladivostok"))

    assert card(facts(born, now=at("11-24 20:00"))).age == 8
    assert card(facts(born, now=at("11-24 20:00"), here=there)).age == 9


# Freshness and clocks


def test_now_is_business_time_in_the_zone_of_the_account() -> None:
    told = panel(facts(petr(), now=NOW.astimezone(ZoneInfo("UTC"))))

    assert told.now
    assert told.now.isoformat() == "2026-11-24T12:42:30+03:00"


def test_of_several_clinics_a_patient_has_the_freshness_of_his_own() -> None:
    sites = {DB: HERE, "db_2": site("На Мира", "db_2", connected=False)}
    one = facts(petr())
    both = replace(one, sites=sites, answers=Answers({DB: answered(petr()), "db_2": None}))
    nobody = replace(both, subject=UNLINKED, people=[])

    assert (panel(both).state, freshness_of(both)) == ("found", ("green", "На Ленина: IDENT 12:42, связь есть"))
    assert panel(nobody).state == "offline"  # who knows whom the other one would have named
    assert freshness_of(nobody)[0] == "red"


def freshness_of(found: Facts) -> tuple[str, str]:
    told = panel(found).freshness
    assert told
    return told.level, told.text


def test_nobody_is_not_said_for_sure_while_the_clinic_is_still_read() -> None:
    found = replace(facts(subject=UNLINKED), answers=Answers({DB: answered(partial=True)}))

    assert (panel(found).state, freshness_of(found)) == (
        "nobody",
        ("amber", "Клиника ещё загружается: кого-то может не хватать"),
    )


# Properties

moments = st.integers(0, 120 * 24 * 60).map(lambda minutes: at("10-01 00:00") + timedelta(minutes=minutes))
visits = st.lists(
    st.tuples(moments, st.sampled_from(("booked", "arrived", "started", "fulfilled", "cancelled")), moments),
    max_size=8,
)


@given(visits, moments)
def test_every_visit_stands_somewhere_and_only_once(drawn: list[tuple[datetime, str, datetime]], now: datetime) -> None:
    all_of_them = [visit(str(n), start, status, cancelled_at=then) for n, (start, status, then) in enumerate(drawn)]
    found = card(facts(petr(more_past=False).model_copy(update={"visits": tuple(all_of_them)}), now=now, read_at=now))
    told = [*found.future, *found.past, *([found.cancelled_today] if found.cancelled_today else [])]

    assert sorted(one.id for one in told) == sorted(f"db_1:{one.id}" for one in all_of_them)
    assert list(found.future) == sorted(found.future, key=lambda one: one.start)
    assert list(found.past) == sorted(found.past, key=lambda one: one.start, reverse=True)
    assert found.next_visit in (*found.future, None)
    assert found.last_visit is None or found.last_visit.status == "visited"
    assert (found.next_visit is None) == (not found.future)


@given(st.sets(st.sampled_from(("money", "family", "search"))), st.booleans())
def test_a_right_that_is_missing_hides_what_it_is_for(rights: set[str], away: bool) -> None:
    may = Rights(**dict.fromkeys(rights, True))
    found = (
        silent(as_known(petr(), known()), as_known(anna()), rights=may)
        if away
        else facts(petr(), anna(), maria(), rights=may)
    )
    told = card(found)

    assert (told.balance is not None, told.plan is not None) == ("money" in rights, "money" in rights)
    assert (bool(told.representatives), bool(told.family)) == ("family" in rights, "family" in rights)
