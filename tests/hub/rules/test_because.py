"""Every move explains itself: what happened in IDENT, when, who did it there, and why the stage was left alone."""

from datetime import timedelta
from typing import Any

import pytest

from hub.rules.because import because
from hub.rules.deals import abandoned, core, desired, new_deal
from hub.rules.model import LOST, WON, Deal, Explanation, Memory, Pending, SeenVisit, Stage, Written
from hub.rules.moves import Story
from hub.rules.settings import Budget, Pipeline
from hub.rules.stand import stand
from hub.rules.visits import VisitNow
from tests.hub.clinic_day import AGAIN_VISITED, BACK, BOOKED, NEW, PRESET, PRIMARY, REPEAT, at, visit
from tests.hub.rules.made import NOON, arrived, cancelled, deal, future, not_marked, now, scene, visited

FIRST, AGAIN = PRESET.pipelines["primary"], PRESET.pipelines["repeat"]
ORLOVA = {"id": "31", "name": "Орлова Анна"}
BY_ORLOVA = "В IDENT 24 ноя, 08:00, Орлова Анна"


def said(visits: list[VisitNow], pipeline: Pipeline = FIRST, stories: tuple[Story, ...] = (), **more: Any) -> str:
    return because(stand(visits, pipeline, NOON), stories, NOON, **more).text


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (future(), f"Записан на приём вт 24 ноя, 14:00. {BY_ORLOVA}"),
        (future(booked_at=None), "Записан на приём вт 24 ноя, 14:00. В IDENT Орлова Анна"),
        (future(booked_at=None, booked_by=None), "Записан на приём вт 24 ноя, 14:00"),
        (arrived(arrived_at=at(11, 40)), "Пришёл на приём вт 24 ноя, 11:45. В IDENT 24 ноя, 11:40"),
        (visited(), "Посетил приём вт 24 ноя, 09:00. В IDENT 24 ноя, 10:00"),
        (not_marked(), "Приход на приём вт 24 ноя, 11:00 не отмечен"),
        (
            cancelled(cancelled_by=ORLOVA, cancel_reason={"id": "4", "name": "Заболел"}),
            "Приём вт 24 ноя, 14:00 отменён, причина: Заболел. В IDENT 24 ноя, 09:00, Орлова Анна",
        ),
        (cancelled(), "Приём вт 24 ноя, 14:00 отменён. В IDENT 24 ноя, 09:00"),
        (now(visit("1", at(14)), vanished_at=at(9)), "Приём вт 24 ноя, 14:00 удалён. В IDENT 24 ноя, 09:00"),
    ],
)
def test_what_happened(shown: VisitNow, expected: str) -> None:
    assert said([shown]) == expected


def test_a_visit_that_goes_on_has_begun() -> None:
    begun = now(visit("1", at(11, 45), status="started", started_at=at(11, 50)))

    assert said([begun]) == "Идёт приём вт 24 ноя, 11:45. В IDENT 24 ноя, 11:50"


def test_won_with_nothing_ahead() -> None:
    over = now(visit("1", at(9, day=-40), status="fulfilled", ended_at=at(10, day=-40)))

    assert said([over], AGAIN).startswith("Последний приём чт 15 окт, 09:00, новых записей нет")


@pytest.mark.parametrize(
    ("story", "rule", "expected"),
    [
        (Story("booked", future()), "R10", f"Записан на приём вт 24 ноя, 14:00. {BY_ORLOVA}"),
        (
            Story("moved", future(), SeenVisit(start=at(10))),
            "R2",
            "Приём перенесён с вт 24 ноя, 10:00 на вт 24 ноя, 14:00",
        ),
        (
            Story("moved", future(), SeenVisit(start=at(14))),
            "R2",
            "Приём вт 24 ноя, 14:00 перенесён к другому врачу или в другой филиал",
        ),
        (Story("taken_back", future()), "R1", "Отмена снята: приём вт 24 ноя, 14:00"),
        (
            Story("moved", future("2"), SeenVisit(start=at(10))),
            "R10",
            f"Записан на приём вт 24 ноя, 14:00. {BY_ORLOVA}",
        ),
    ],
)
def test_what_happened_to_the_visit_that_is_shown(story: Story, rule: str, expected: str) -> None:
    told = because(stand([future()], FIRST, NOON), (story,), NOON)

    assert (told.text, told.rule) == (expected, rule)


def explained(
    visits: list[VisitNow], there: Deal, memory: Memory | None = None, pipeline: Pipeline | None = FIRST
) -> Explanation | None:
    held = memory or Memory()
    found = core(scene(), visits, pipeline, held)
    return desired(scene(), found, there, pipeline, held).memory.written.why


def test_a_move_names_the_stage_before() -> None:
    why = explained([future()], deal(Stage(PRIMARY, NEW)))

    assert why == Explanation(
        text=f"Записан на приём вт 24 ноя, 14:00. {BY_ORLOVA}",
        rule="R10",
        at=NOON,
        left_pipeline_id=PRIMARY,
        left_stage_id=NEW,
    )


@pytest.mark.parametrize(
    ("there", "pipeline", "expected"),
    [
        (Stage(PRIMARY, BOOKED), FIRST, None),
        (Stage(PRIMARY, LOST), FIRST, "Сделка закрыта, этап не меняем"),
        (Stage(900, 1), None, "Воронка не настроена, этап не меняем"),
        (Stage(PRIMARY, NEW), Pipeline(pipeline_id=PRIMARY), "Этап для этого не назначен, сделка осталась на месте"),
        (
            Stage(PRIMARY, NEW),
            Pipeline.model_validate({"pipeline_id": PRIMARY, "targets": {"booked": {"stage": BOOKED, "from": [BACK]}}}),
            "Из этого этапа правила сделку не двигают",
        ),
    ],
)
def test_a_deal_that_is_left_where_it_stands_says_why(
    there: Stage, pipeline: Pipeline | None, expected: str | None
) -> None:
    why = explained([future()], deal(there), pipeline=pipeline)

    assert why
    assert why.left_stage_id is None
    assert why.text == ". ".join(filter(None, [f"Записан на приём вт 24 ноя, 14:00. {BY_ORLOVA}", expected]))


def test_a_new_deal_says_why_it_was_made() -> None:
    found = core(scene(), [future()], FIRST, Memory())
    made = new_deal(scene(), found, Stage(PRIMARY, BOOKED), Budget())

    assert made.memory.written.why == because(found.stand, (), NOON)


def test_the_last_explanation_stays_while_there_is_nothing_new() -> None:
    first = core(scene(), [future()], FIRST, Memory())
    memory = desired(scene(), first, deal(Stage(PRIMARY, NEW)), FIRST, Memory()).memory

    assert explained([future()], deal(Stage(PRIMARY, BACK)), memory) == memory.written.why
    assert explained([future(), future("2", start=at(18))], deal(Stage(PRIMARY, BOOKED)), memory) == memory.written.why


def test_a_move_to_another_time_is_explained_although_the_stage_stays() -> None:
    first = core(scene(), [future()], FIRST, Memory())
    memory = desired(scene(), first, deal(Stage(PRIMARY, NEW)), FIRST, Memory()).memory

    why = explained([future(start=at(16))], deal(Stage(PRIMARY, BOOKED)), memory)

    assert why
    assert (why.text, why.rule) == ("Приём перенесён с вт 24 ноя, 14:00 на вт 24 ноя, 16:00", "R2")


def test_after_a_lost_answer_the_stage_before_is_still_known() -> None:
    there = deal(Stage(PRIMARY, NEW))
    found = core(scene(), [future()], FIRST, Memory())
    written = desired(scene(), found, there, FIRST, Memory()).memory.written
    memory = Memory(pending=Pending(written=written, stage_id=BOOKED))

    why = explained([future()], deal(Stage(PRIMARY, BOOKED)), memory)

    assert why == written.why
    assert why
    assert why.left_stage_id == NEW


def test_a_double_that_is_closed_says_why() -> None:
    there = deal(Stage(PRIMARY, BOOKED))
    memory = Memory(created_by_us=True, written=Written(pipeline_id=PRIMARY, stage_id=BOOKED))

    why = abandoned(there, memory, NOON + timedelta(hours=1), visits_elsewhere=True).memory.written.why

    assert why
    assert "закрыта как дубль" in why.text
    assert (why.rule, why.left_stage_id, why.at) == ("R11", BOOKED, at(13))


def test_a_deal_that_was_won_at_once_is_not_said_to_be_left_alone() -> None:
    why = explained([visited()], deal(Stage(PRIMARY, WON)))
    again = explained([visited()], deal(Stage(REPEAT, AGAIN_VISITED)), pipeline=AGAIN)

    assert [told.text if told else None for told in (why, again)] == [
        "Посетил приём вт 24 ноя, 09:00. В IDENT 24 ноя, 10:00"
    ] * 2
