"""`ident-agent reconcile-money` as a person meets it who compares sums with IDENT's screen."""

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent import away, clock
from agent.__main__ import main
from agent.commands.reconcile_money import JOURNAL
from agent.mis import Door, MisConfig, open_mis
from agent.mis.reconcile import look
from demo.clinic.database import Database
from demo.clinic.make import create
from demo.clinic.purses import purses
from tests.agent.mis.clinic import NOW, Clinic
from tests.agent.processes import config

OK, CONFIG, OPERATOR = 0, 2, 3
DAY = timedelta(days=1)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """One who owes 40 of an order, has 30 left, is insured, and has an order without a bill."""
    made = Clinic(tmp_path / "clinic.db")
    made.patient(1001, CardNumber="17", InitialBalance=Decimal("-10.5"))
    made.patient(1002, surname="Синицын")
    made.put("Orders", 1, ID_Patients=1001, IsBillFormed=True, DateTimeBillFormed=NOW)
    made.put("Orders", 2, ID_Patients=1001, IsBillFormed=False)
    sums = {"Amount": 1200, "AmountWithDiscount": 1100, "InsuranceAmount": 100, "Debt": 40}
    cells: dict[str, Any] = {name: Decimal(value) for name, value in sums.items()}
    made.put("OrderPaymentsJournal", 1, IsBillFormed=True, DateTimeBill=NOW - DAY, **cells)
    made.put("ServiceItemPrices", 1, Price=Decimal(600))
    made.put("OrderServiceRelation", 1, ID_Orders=1, ID_ServicePrices=1, CountService=2, DiscountSum=Decimal(100))
    for key, payment in ((1, "1050"), (2, "-9.5")):
        made.put("PaymentsIn", key, ID_Patients=1001, Payment=Decimal(payment), DateTimePayment=NOW)
    yield made
    made.close()


@pytest.fixture
def asks(clinic: Clinic, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> "Asks":
    for whose in (sys, threading):  # put back afterwards: main takes them
        monkeypatch.setattr(whose, "excepthook", whose.excepthook)
    return Asks(config(tmp_path, "http://127.0.0.1:1"), capsys)


class Asks:
    """A person at the clinic's computer."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path, self.capsys = path, capsys
        self.folder = path.parent / "state"

    def __call__(self, *patients: str) -> tuple[int, str, str]:
        code = main(["reconcile-money", *patients, "--config", str(self.path)])
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def journal(self) -> list[dict[str, object]]:
        path = self.folder / JOURNAL
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def about(out: str, patient: int) -> list[str]:
    """What was printed of one patient."""
    parts = [part.splitlines() for part in out.split("\n\n")]
    return next(part for part in parts if part[0].startswith(f"Пациент {patient}:"))


BY_JOURNAL = """\
Пациент 1001: Канарейкин Пётр, карта 17
  Наряды                            Сумма     Со скидкой      Страховая           Долг  Доля пациента
    № 1 23.11.2026               1 200,00       1 100,00         100,00          40,00       1 000,00
    № 2                                 —              —              —              —              —  счёт не выставлен, не считается
  Оплаты                            Сумма
    № 1 24.11.2026               1 050,00
    № 2 24.11.2026                  -9,50  возврат
  Расчёт
      начальный баланс (InitialBalance)                        -10,50
    + оплаты: 2                                              1 040,50
    - доля пациента в счетах: 1                              1 000,00
    = баланс                                                    30,00
      долг, как в карточке                                      40,00
      аванс, как в карточке                                     70,00"""

BY_LINES = """\
Пациент 1001: Канарейкин Пётр, карта 17
  Наряды                            Строк    Сумма строк  Доля пациента
    № 1 24.11.2026                      1       1 100,00       1 100,00
    № 2                                 0           0,00              —  счёт не выставлен, не считается
  Оплаты                            Сумма
    № 1 24.11.2026               1 050,00
    № 2 24.11.2026                  -9,50  возврат
  Расчёт
      начальный баланс (InitialBalance)                        -10,50
    + оплаты: 2                                              1 040,50
    - доля пациента в счетах: 1                              1 100,00
    = баланс                                                   -70,00
      баланс одним итогом, как в карточке                      -70,00"""


def test_every_term_stands_beside_the_figures(asks: Asks) -> None:
    code, out, err = asks("1002", "1001", "1002")

    assert (code, err) == (OK, "")
    assert about(out, 1001) == BY_JOURNAL.splitlines()
    assert about(out, 1002)[1:3] == ["  Наряды: нет", "  Оплаты: нет"]
    assert [line.split(":")[0] for line in out.splitlines() if line.startswith("Пациент")] == [
        "Пациент 1002",
        "Пациент 1001",
    ]
    assert "по журналу счетов" in out
    assert "Сверка сумм и отмечает" in out


def test_without_the_journal_it_says_that_only_the_net_is_known_and_why(asks: Asks, clinic: Clinic) -> None:
    clinic.drop("OrderPaymentsJournal")
    code, out, _ = asks("1001")

    assert code == OK
    assert about(out, 1001) == BY_LINES.splitlines()
    assert "одним итогом" in out
    assert "Выключено: аванс пациента. В базе IDENT не найдено или закрыто для чтения: OrderPaymentsJournal" in out


UNKNOWN = [
    ({"ID_Companies": 3}, "страховая, возврат или отложенная скидка: сумма неизвестна"),
    ({"ID_Returns": 3}, "страховая, возврат или отложенная скидка: сумма неизвестна"),
    ({"ID_ServicePrices": 77}, "у строки нет цены: сумма неизвестна"),
    ({"IsWarranty": True}, "есть гарантия: её строки не считаются"),
]


@pytest.mark.parametrize(("cells", "why"), UNKNOWN)
def test_a_bill_that_is_not_known_says_why(asks: Asks, clinic: Clinic, cells: dict[str, Any], why: str) -> None:
    clinic.drop("OrderPaymentsJournal")
    clinic.put("OrderServiceRelation", 1, **cells)
    told = about(asks("1001")[1], 1001)

    assert told[2].endswith(why)
    assert told[-1].endswith("нет данных") is (cells != {"IsWarranty": True})


@pytest.mark.parametrize(
    ("lost", "why"), [("PaymentsIn", "  Оплаты: не читаются"), ("Orders", "Выключено: долг пациента")]
)
def test_what_cannot_be_read_is_said(asks: Asks, clinic: Clinic, lost: str, why: str) -> None:
    clinic.drop(lost)
    code, out, err = asks("1001")

    assert why in out + err
    assert code == (OK if lost == "PaymentsIn" else OPERATOR)


def test_who_asked_of_whom_stands_in_a_journal_before_anything_is_shown(asks: Asks) -> None:
    asks("1001", "1002")
    (line,) = asks.journal()
    (asks.folder / JOURNAL).unlink()
    (asks.folder / JOURNAL).mkdir()
    code, out, err = asks("1001")

    assert (line["ask"], line["patients"]) == ("reconcile-money", ["1001", "1002"])
    assert line["who"]
    assert datetime.fromisoformat(str(line["at"])).tzinfo is not None
    assert "Канарейкин" not in json.dumps(line, ensure_ascii=False)
    assert (code, out) == (OPERATOR, "")
    assert "Кто смотрел суммы" in err


def test_whoever_is_not_there_is_named_by_number(asks: Asks) -> None:
    code, out, _ = asks("9999", "1001")

    assert code == OPERATOR
    assert "нет пациентов с номерами: 9999" in out
    assert about(out, 1001)


@pytest.mark.parametrize("patients", [(), ("Канарейкин",), ("1001;",), ("-5",), ("1" * 12,)])
def test_what_is_no_number_is_not_understood(asks: Asks, patients: Sequence[str]) -> None:
    with pytest.raises(SystemExit) as end:
        asks(*patients)

    assert end.value.code == CONFIG
    assert asks.journal() == []


def test_a_number_of_another_clinics_database_is_refused(asks: Asks) -> None:
    code, out, err = asks("db_2:1001")

    assert (code, out) == (OPERATOR, "")
    assert "db_2" in err
    assert asks.journal() == []


def test_during_a_pause_nobody_goes_in(asks: Asks) -> None:
    asks("1001")
    away.pause(asks.folder, clock.now() + timedelta(hours=1))
    code, out, err = asks("1001")

    assert (code, out) == (OPERATOR, "")
    assert "pause off" in err


def test_a_database_that_does_not_answer_says_what_to_try(asks: Asks, clinic: Clinic) -> None:
    clinic.close()
    clinic.path.unlink()
    code, out, err = asks("1001")

    assert (code, out) == (OPERATOR, "")
    assert "ident-agent check" in err


async def test_the_figures_are_those_of_every_patient_by_the_clinics_own_reckoning(tmp_path: Path) -> None:
    create(tmp_path / "whole.db", seed=5, visits=120, day=date(2026, 11, 24), zone="Europe/Moscow")
    with Database(tmp_path / "whole.db") as database:
        own = purses(database)
    where = MisConfig(timezone="Europe/Moscow", url=f"sqlite:///{tmp_path / 'whole.db'}")
    async with open_mis(where, Door()) as mis:
        looked = await look(mis, sorted(own), ZoneInfo("Europe/Moscow"))

    assert [int(each.patient.id) for each in looked.found] == sorted(own)
    for each in looked.found:
        purse, terms = own[int(each.patient.id)], each.terms
        assert (each.figures.get("debt"), each.figures.get("advance")) == (purse.debt, purse.advance)
        if purse.debt is not None:
            assert terms.opening is not None
            assert terms.payments is not None
            assert terms.bills is not None
            assert terms.net == terms.opening + terms.payments - terms.bills
