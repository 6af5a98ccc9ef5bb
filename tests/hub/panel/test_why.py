"""Why a deal stands where it stands, as the card says it."""

import ast
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

import hub
from hub.amocrm.schema import CrmSchema
from hub.links.choices import save_choice
from hub.panel.model import Why
from hub.panel.reasons import REASONS, REFUSED, reason_of
from hub.panel.why import BY_HAND, reasons_of
from hub.rules.model import PatientKey, Stage
from hub.rules.plan import Outcome
from hub.store.tables import accounts
from tests.hub.clinic_day import (
    BACK,
    BOOKED,
    DATABASE,
    NEW,
    PRIMARY,
    WON,
    ZONE,
    Day,
    a_sqlite_store,
    at,
    begun,
    patient,
    primary,
    visit,
)

KEY = PatientKey(DATABASE, "4410")
BOOKED_TEXT = "Записан на приём вт 24 ноя, 14:30. В IDENT 24 ноя, 08:00, Орлова Анна"
NAMES = CrmSchema(stage_names={PRIMARY: {NEW: "Новое обращение", BOOKED: "Записан", BACK: "Отменил — вернуть"}})


@pytest.fixture
async def day(tmp_path: Path, migrated_sqlite: bytes) -> AsyncIterator[Day]:
    """A clinic that is followed since seven; it is one minute past eight, and the account's stages are known by name."""
    async with a_sqlite_store(tmp_path, migrated_sqlite) as store:
        opened = await begun(store)
        opened.clock.moment = at(8, 1)
        async with store.writing(opened.account) as unit:
            await unit.execute(update(accounts).values(crm_schema=NAMES.model_dump_json()))
        yield opened


async def why(day: Day, deal_id: int | None = None, stands: Stage | None = None) -> Why | None:
    async with day.store.reading(day.account) as unit:
        return (await reasons_of(unit, deal_id or day.deals[0].id, day.settings, stands)).why


async def text(day: Day, **more: Any) -> str | None:
    found = await why(day, **more)
    return found.text if found else None


async def a_joined_lead(day: Day) -> None:
    day.crm.lead(name="Петров Пётр Ильич", phone="+79990000101", stage=primary(NEW))
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()


async def test_a_move_says_what_happened_when_by_which_rule_and_from_where(day: Day) -> None:
    await a_joined_lead(day)

    assert await why(day) == Why(text=BOOKED_TEXT, at=at(8, 1), rule="R10", stage_before="Новое обращение")


async def test_times_are_told_in_the_zone_of_the_clinic(day: Day) -> None:
    await a_joined_lead(day)
    found = await why(day)

    assert found
    assert found.at.utcoffset() == ZONE.utcoffset(found.at.replace(tzinfo=None))


async def test_a_stage_whose_name_nobody_knows_is_left_out(day: Day) -> None:
    async with day.store.writing(day.account) as unit:
        await unit.execute(update(accounts).values(crm_schema=None))
    await a_joined_lead(day)

    assert await why(day) == Why(text=BOOKED_TEXT, at=at(8, 1), rule="R10")


async def test_whoever_moved_it_since_it_is_said(day: Day) -> None:
    await a_joined_lead(day)

    assert await text(day, stands=primary(BOOKED)) == BOOKED_TEXT
    assert await text(day, stands=primary(BACK)) == f"{BOOKED_TEXT}. {BY_HAND}"

    day.crm.edit(day.deal.id, stage=primary(BACK))
    await day.tell(visit("81234", at(14, 30), sums=None), visit("81300", at(17)))
    await day.settle()

    assert await text(day) == f"{BOOKED_TEXT}. {BY_HAND}"


async def test_a_deal_that_nobody_of_ours_has_says_nothing(day: Day) -> None:
    lead = day.crm.lead(name="Кузнецова Ольга", phone="+79990000155", stage=primary(NEW))

    assert await why(day, lead) is None


async def test_a_candidate_says_that_it_waits_for_a_choice(day: Day) -> None:
    lead = day.crm.lead(name="Кузнецова Ольга", phone="+79990000101", stage=primary(NEW))
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()

    expected = REASONS["other_name_on_phone"].text
    assert await why(day, lead) == Why(text=expected, at=at(8, 1), rule="R11")
    assert await why(day, int(str(lead)[:-1])) is None  # ids are compared as a whole


async def test_the_chosen_patients_skips_are_said(day: Day) -> None:
    lead = day.crm.lead(name="Кузнецова Ольга", phone="+79990000155", stage=primary(NEW))
    async with day.store.writing(day.account) as unit:
        await save_choice(unit, lead, KEY, 77, at(8))
    await day.tell(patient(staff=True), visit("81234", at(14, 30)), visit("81300", at(16)))
    await day.settle()

    assert await text(day, deal_id=lead) == REASONS["staff"].text


async def test_what_amocrm_refuses_is_said_without_its_words(day: Day) -> None:
    await a_joined_lead(day)
    day.crm.refuse = lambda _: ("NotSupportedChoice price",)
    await day.tell(visit("81234", at(17)))
    await day.settle()

    assert await text(day) == f"{BOOKED_TEXT}. {REFUSED.text}"


async def test_a_quarrel_with_a_robot_is_said(day: Day) -> None:
    await a_joined_lead(day)
    for number, start in enumerate((at(15), at(16), at(17)), 1):
        day.crm.edit(day.deal.id, stage=primary(NEW))
        status: dict[str, Any] = {"status": "cancelled", "cancelled_at": at(7)} if number % 2 else {}
        await day.tell(visit("81234", start, **status))
        await day.settle()

    assert (await text(day) or "").endswith(REASONS["robot_quarrel"].text)


async def test_a_deal_that_was_won_says_so(day: Day) -> None:
    await a_joined_lead(day)
    day.clock.moment = at(16)
    await day.tell(visit("81234", at(14, 30), status="fulfilled", ended_at=at(15, 20)))
    await day.settle()

    assert day.deal.stage == primary(WON)
    assert await why(day) == Why(
        text="Посетил приём вт 24 ноя, 14:30. В IDENT 24 ноя, 15:20", at=at(16), rule="R10", stage_before="Записан"
    )


# The table of reasons


def _codes(file: Path) -> Iterator[str]:
    """What this file gives as a reason: Outcome(kind, "code"), Ask("code"), ContactWrite(reason=NAME), the answers of R24."""
    tree = ast.parse(file.read_text("utf-8"))
    names = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            place = {"Outcome": 1, "Ask": 0, "put_aside": 2, "_put_aside": 2}.get(node.func.id)
            given = [*node.args[place : place + 1]] if place is not None else []
            given += [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
            yield from filter(None, (_code(value, names) for value in given))
        if file.name == "skips.py" and isinstance(node, ast.Return):
            yield from filter(None, (_code(part, {}) for part in ast.walk(node)))


def _code(value: ast.AST, names: dict[str, str]) -> str | None:
    if isinstance(value, ast.Name):
        return names.get(value.id)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def given_codes() -> set[str]:
    root = Path(hub.__file__).parent
    files = [*sorted((root / "rules").glob("*.py")), *sorted((root / "reconcile").glob("*.py"))]
    sql = {"no_patient"}  # counted by a statement
    return sql | {"robot_quarrel"} | {code for file in files for code in _codes(file)}


def test_every_code_that_the_rules_and_the_delivery_give_has_a_sentence() -> None:
    assert given_codes() == set(REASONS)


@pytest.mark.parametrize("reason", [*REASONS.values(), REFUSED])
def test_sentences_are_short_and_joined_by_us(reason: Any) -> None:
    assert 10 < len(reason.text) <= 110
    assert not reason.text.endswith(".")
    assert reason.text[0].isupper() or reason.text.startswith("amoCRM")


def test_codes_of_amocrm_are_not_shown() -> None:
    assert reason_of(Outcome("park", "NotSupportedChoice price, InvalidField")) == REFUSED
