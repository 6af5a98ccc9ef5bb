"""What stands in amoCRM before the day: every kind of it, only where the end is certain, and by the seed alone."""

from collections import Counter, defaultdict
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from demo.clinic.database import Database
from demo.clinic.day import Player
from demo.clinic.facts import Facts, facts, phones_in
from demo.clinic.leads import LOST, NEW, WON, GivenDeal, given
from demo.clinic.make import OPENS, create
from demo.clinic.oracle import Expected, expected_of
from demo.clinic.rulebook import is_nobodys
from tests.demo.clinic.little import DAY, ZONE

pytestmark = pytest.mark.xdist_group("leads")  # one worker plays the day, not each
SEVEN, NIGHT = datetime.combine(DAY, OPENS, ZONE), datetime.combine(DAY, time(23), ZONE)


def played(path: Path, seed: int, visits: int) -> tuple[list[GivenDeal], Facts]:
    create(path, seed=seed, visits=visits, day=DAY, zone=str(ZONE))
    leads = given(path, seed)
    now = SEVEN
    with Player(path, seed) as player:
        while now < NIGHT:
            now = player.advance(min(now + timedelta(minutes=15), NIGHT)).reached
    with Database(path) as database:
        return leads, facts(database, ZONE)


def ends(known: Facts, leads: list[GivenDeal], *, punctual: bool = True) -> dict[str, Expected]:
    """As if the account had taken the leads."""
    stood = [
        GivenDeal(
            **{**vars(lead), "deal_id": None if lead.stage is None else 900 + n, "contact_id": 500 + lead.contact}
        )
        for n, lead in enumerate(leads)
    ]
    return expected_of(known, database="db_1", live_since=SEVEN, now=NIGHT, zone=ZONE, given=stood, punctual=punctual)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[GivenDeal], Facts]:
    return played(tmp_path_factory.mktemp("leads") / "clinic.db", 11, 1000)


def test_the_seed_decides_the_leads(tmp_path: Path) -> None:
    create(tmp_path / "clinic.db", seed=1, visits=100, day=DAY, zone=str(ZONE))

    assert given(tmp_path / "clinic.db", 1) == given(tmp_path / "clinic.db", 1)
    assert given(tmp_path / "clinic.db", 1) != given(tmp_path / "clinic.db", 2)


def test_every_kind_of_lead_is_there(big: tuple[list[GivenDeal], Facts]) -> None:
    leads, known = big
    cards = [card for states in known.patients.values() if (card := states[-1][1])]
    names, parents = {card.name for card in cards}, {card.parent for card in cards}

    assert 70 <= len({lead.contact for lead in leads}) <= 90
    assert {lead.stage for lead in leads} == {NEW, LOST, WON, None}
    assert any(is_nobodys(lead.contact_name) and lead.stage == NEW for lead in leads)
    assert any(lead.price and lead.stage == NEW for lead in leads)
    assert any(lead.contact_name in names and lead.stage == NEW for lead in leads)
    assert any(lead.contact_name in names and lead.stage is None for lead in leads)
    assert any(lead.contact_name in parents for lead in leads)
    assert any(lead.contact_name == "Случайный Прохожий" and lead.stage == NEW for lead in leads)
    assert any(lead.created_at and SEVEN - lead.created_at > timedelta(days=60) for lead in leads)
    assert max(Counter(lead.contact for lead in leads).values()) == 2


def test_what_becomes_of_them_is_as_various(big: tuple[list[GivenDeal], Facts]) -> None:
    leads, known = big
    found = ends(known, leads)
    deals = {id(e.deal): e.deal for e in found.values() if e.deal}.values()

    assert {e.reason for e in found.values() if e.outcome == "ask"} == {"other_name_on_phone", "several_candidates"}
    joined = [deal for deal in deals if deal.deal_id is not None]
    assert len(joined) > 30
    assert any(deal.main_contact is not None for deal in joined)
    assert any(deal.price in (5000, 12345, 40000) for deal in joined)
    assert any(deal.stage == WON and deal.fields["План"] in (5000, 12345, 40000) for deal in joined)
    assert any(deal.deal_id is None and deal.contact.contact_id is not None for deal in deals)


def test_new_patients_of_the_day_have_left_requests_too(big: tuple[list[GivenDeal], Facts]) -> None:
    leads, known = big
    firsts = [states[0] for states in known.patients.values() if states[0][0] > SEVEN]
    newcomers = {phone for _, card in firsts if card for phone in card.phones}

    assert any(phones_in(lead.phone)[0] in newcomers for lead in leads)


def test_nobody_who_was_here_has_a_lead(big: tuple[list[GivenDeal], Facts]) -> None:
    leads, known = big
    found = ends(known, leads)
    for lead in leads:
        for patient in known.with_phone(phones_in(lead.phone)[0], NIGHT):
            before = known.visits_of(patient.id, SEVEN)
            if any(str(visit.id) in found for visit in known.visits_of(patient.id, NIGHT)):
                assert not any(visit.appeared for visit in before)


def test_leads_on_one_phone_concern_one_patient(big: tuple[list[GivenDeal], Facts]) -> None:
    leads, known = big
    found = ends(known, leads)
    for lead in leads:
        bearers = known.with_phone(phones_in(lead.phone)[0], NIGHT)
        concerned = [p for p in bearers if any(str(v.id) in found for v in known.visits_of(p.id, NIGHT))]
        assert len(concerned) == 1


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))])
def test_the_end_does_not_depend_on_when_somebody_looked(tmp_path: Path, seed: int) -> None:
    """The hub looks after each call of the player, not at each minute: the day must come to the same."""
    leads, known = played(tmp_path / "clinic.db", seed, 150)

    assert ends(known, leads, punctual=False) == ends(known, leads)


def test_every_visit_stands_in_one_deal_of_its_patient(big: tuple[list[GivenDeal], Facts]) -> None:
    leads, known = big
    found = ends(known, leads)
    deals = list({id(e.deal): e.deal for e in found.values() if e.deal}.values())
    held = Counter(visit for deal in deals for visit in deal.visits)
    of_patient = defaultdict(list)
    for deal in deals:
        of_patient[deal.patient, deal.pipeline].append(deal)

    assert set(held.values()) == {1}
    assert held.keys() == {visit for visit, e in found.items() if e.deal and e.deal.visits}
    assert max(map(len, of_patient.values())) == 1
    assert {e.outcome for e in found.values()} == {"deal", "ask", "none"}
    assert "grace" not in {e.reason for e in found.values()}
