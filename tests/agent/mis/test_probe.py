"""What is missing switches off only what it feeds, and says so in plain words."""

import pytest

from agent.mis.feeds import FEEDS
from agent.mis.port import MisChanged
from agent.mis.probe import examine
from agent.mis.rows import COMMENT
from agent.mis.statements import names
from tests.agent.mis.golden import every_column
from tests.agent.mis.test_statements import less
from wire.capabilities import WORDS
from wire.model import Balance, Checkup, Patient, Plan, Sums, Value, Visit


def test_a_whole_database_offers_everything() -> None:
    offer = examine(every_column())
    assert all(offer.capabilities.values())
    assert offer.queries == set(names())
    assert offer.off == ()


def test_a_lost_table_is_named_with_what_it_fed() -> None:
    offer = examine(less("OrderPaymentsJournal"))
    assert [name for name, there in offer.capabilities.items() if not there] == [
        "sums.billed",
        "balance.debt",
        "balance.advance",
    ]
    assert offer.capabilities["balance.net"]
    assert {"orders_of_visits", "orders_of_patients"} <= offer.queries
    assert len(offer.off) == 3
    assert offer.off[0].startswith(
        "Выключено: счета в карточке, «Выставлено», «Оплачено» и «Долг по сделке». В базе IDENT не най"
    )
    assert "OrderPaymentsJournal.Debt" in offer.off[0]


def test_without_rowversions_the_statements_that_compare_them_are_off() -> None:
    offer = examine(less("Receptions.RowVersion"))
    assert not offer.capabilities["visit.versions"]
    assert {name for name in names() if name not in offer.queries} == {
        name for name in names() if name.startswith(("visit_versions", "visits_since"))
    }


def test_one_of_several_columns_is_enough() -> None:
    assert examine(less("OwnCompanies.BranchName")).capabilities["visit.branch"]
    assert not examine(less("OwnCompanies.BranchName", "OwnCompanies.Name")).capabilities["visit.branch"]


REQUIRED = (
    "Receptions",
    "Receptions.ID",
    "Receptions.ID_Patients",
    "Receptions.PlanStart",
    "Receptions.PlanEnd",
    "Receptions.PatientAppeared",
    "Receptions.ReceptionStarted",
    "Receptions.ReceptionEnded",
    "Receptions.ReceptionCanceled",
    "Patients",
    "Patients.ID_Persons",
    "Persons",
    "Persons.ID",
    "Persons.Surname",
    "Persons.Name",
    "Persons.Patronymic",
)


@pytest.mark.parametrize("lost", REQUIRED)
def test_without_the_least_there_is_nothing(lost: str) -> None:
    with pytest.raises(MisChanged) as raised:
        examine(less(lost))
    assert lost in raised.value.hint


def test_one_column_of_phones_is_enough() -> None:
    assert not examine(less("Persons.Phone")).capabilities["patient.phone"]
    assert not examine(less("Persons.MobilePhone")).capabilities["patient.mobile_phone"]
    with pytest.raises(MisChanged):
        examine(less("Persons.Phone", "Persons.MobilePhone"))


def test_capabilities_are_named_after_the_fields_that_they_feed() -> None:
    forms: dict[str, type[Value]] = {
        "visit": Visit,
        "patient": Patient,
        "sums": Sums,
        "balance": Balance,
        "checkup": Checkup,
        "plan": Plan,
    }
    others = {"visit.versions", "patient.mobile_phone", "patient.phone", "database.known"}
    others |= {f"{kind}.changes" for kind in ("patient", "sums", "checkup", "plan")}
    assert {feed.name for feed in FEEDS} | {"server.bound"} == set(WORDS)
    for feed in FEEDS:
        kind, field = feed.name.split(".")
        assert feed.name in others or field in forms[kind].model_fields
    assert COMMENT in {feed.name for feed in FEEDS}
