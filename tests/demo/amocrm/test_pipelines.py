"""Pipelines and their statuses."""

from typing import Any

import pytest

from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import Crm

STAGES = [{"name": "Записан", "sort": 20, "color": "#98cbff"}, {"name": "Отменил", "sort": 30, "color": "#ffc8c8"}]


def body(**changes: Any) -> Json:
    return {
        "name": "Повторные",
        "sort": 2,
        "is_main": False,
        "is_unsorted_on": True,
        "_embedded": {"statuses": STAGES},
        **changes,
    }


async def test_the_main_pipeline_has_unsorted_first_and_142_and_143_last(crm: Crm) -> None:
    said = await crm.get("leads/pipelines")

    [main] = said.items("pipelines")
    statuses = main["_embedded"]["statuses"]
    assert said.body["_total_items"] == 1
    assert main["is_main"]
    assert main["is_unsorted_on"]
    assert [statuses[0][name] for name in ("name", "type", "color")] == ["Неразобранное", 1, "#c1c1c1"]
    assert [(s["id"], s["sort"], s["color"], s["is_editable"]) for s in statuses[-2:]] == [
        (142, 10000, "#CCFF66", False),
        (143, 11000, "#D5D8DB", False),
    ]
    assert {s["type"] for s in statuses[1:]} == {0}


async def test_a_pipeline_is_created_with_its_stages(crm: Crm) -> None:
    renamed = [*STAGES, {"id": 142, "name": "Был на приёме"}]

    said = await crm.post("leads/pipelines", [body(_embedded={"statuses": renamed})])

    made = said.items("pipelines")[0]
    assert [s["name"] for s in made["_embedded"]["statuses"]] == [
        "Неразобранное", "Записан", "Отменил", "Был на приёме", "Закрыто и не реализовано",
    ]  # fmt: skip
    assert made["request_id"] == "0"
    read = (await crm.get(f"leads/pipelines/{made['id']}")).body
    assert read == {name: value for name, value in made.items() if name != "request_id"}
    assert (await crm.get("leads/pipelines/1")).status == 404
    main = (await crm.get(f"leads/pipelines/{crm.pipeline}/statuses/142")).body
    assert main["name"] == "Успешно реализовано"


async def test_a_new_main_pipeline_takes_the_place_of_the_old(crm: Crm) -> None:
    await crm.post("leads/pipelines", [body(is_main=True, is_unsorted_on=False)])

    listed = (await crm.get("leads/pipelines")).items("pipelines")

    assert [pipeline["is_main"] for pipeline in listed] == [False, True]
    assert all(status["type"] == 0 for status in listed[1]["_embedded"]["statuses"])
    lead = (await crm.get(f"leads/{await crm.lead()}")).body
    assert lead["pipeline_id"] == listed[1]["id"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        *(
            (({name: ...}), ("FieldMissing", name))
            for name in ("name", "sort", "is_main", "is_unsorted_on", "_embedded")
        ),
        ({"is_main": 1}, ("InvalidType", "is_main")),
        ({"_embedded": {"statuses": []}}, ("FieldMissing", "_embedded.statuses")),
        ({"_embedded": {"statuses": [{"name": "a", "sort": 1}]}}, ("FieldMissing", "_embedded.statuses.0.color")),
        (
            {"_embedded": {"statuses": [{"name": "a", "color": "#fffeb2"}]}},
            ("FieldMissing", "_embedded.statuses.0.sort"),
        ),
        (
            {"_embedded": {"statuses": [{"name": "a", "sort": 1, "color": "#123456"}]}},
            ("NotSupportedChoice", "_embedded.statuses.0.color"),
        ),
        (
            {"_embedded": {"statuses": [*STAGES, {"id": 143, "name": "a", "sort": 1}]}},
            ("NotExpected", "_embedded.statuses.2.sort"),
        ),
        ({"_embedded": {"statuses": [{"id": 144, "name": "a"}]}}, ("NotSupportedChoice", "_embedded.statuses.0.id")),
        ({"_embedded": {"statuses": STAGES * 51}}, ("TooMany", "_embedded.statuses")),
    ],
)
async def test_a_wrong_pipeline_is_refused_by_key(crm: Crm, changes: Json, problem: tuple[str, str]) -> None:
    sent = {name: value for name, value in body(**changes).items() if value is not ...}

    assert (await crm.post("leads/pipelines", [sent])).problems() == [problem]
    assert len(crm.stand_in.account.pipelines) == 1


async def test_stages_are_added_to_a_pipeline(crm: Crm) -> None:
    path = f"leads/pipelines/{crm.pipeline}/statuses"
    before = len((await crm.get(path)).items("statuses"))

    said = await crm.post(path, STAGES)

    assert [(s["name"], s["request_id"], s["pipeline_id"]) for s in said.items("statuses")] == [
        ("Записан", "0", crm.pipeline),
        ("Отменил", "1", crm.pipeline),
    ]
    assert len((await crm.get(path)).items("statuses")) == before + 2
    lead = await crm.lead(status_id=said.items("statuses")[1]["id"])
    assert lead
    assert (await crm.post("leads/pipelines/1/statuses", STAGES)).status == 404
    assert (await crm.post(path, [{"name": "a", "sort": 1, "color": "fffeb2"}])).problems() == [
        ("NotSupportedChoice", "color")
    ]
    assert (await crm.post(path, STAGES * 50)).status == 400


async def test_at_most_50_pipelines(crm: Crm) -> None:
    assert (await crm.post("leads/pipelines", [body()] * 49)).status == 200

    assert (await crm.post("leads/pipelines", [body()])).status == 400


async def spare(crm: Crm) -> tuple[int, list[int]]:
    """Another pipeline, and its own stages."""
    body = {"name": "Запасная", "sort": 2, "is_main": False, "is_unsorted_on": False}
    stages = [{"name": f"Этап {n}", "sort": 20 + n, "color": "#fffeb2"} for n in range(2)]
    said = await crm.post("leads/pipelines", [{**body, "_embedded": {"statuses": stages}}])
    [made] = said.items("pipelines")
    return made["id"], [status["id"] for status in made["_embedded"]["statuses"] if status["is_editable"]]


async def test_a_pipeline_is_changed_and_becomes_the_main_one(crm: Crm) -> None:
    other, _ = await spare(crm)

    said = await crm.patch(f"leads/pipelines/{other}", {"name": "Главная", "sort": 1, "is_main": True})

    assert (said.body["name"], said.body["is_main"]) == ("Главная", True)
    assert [one["is_main"] for one in (await crm.get("leads/pipelines")).items("pipelines")].count(True) == 1
    for body, path in (({"is_main": False}, "is_main"), ({"is_unsorted_on": True}, "is_unsorted_on")):
        assert (await crm.patch(f"leads/pipelines/{other}", body)).problems() == [("NotExpected", path)]


async def test_a_pipeline_goes_when_it_is_empty_and_not_the_main_one(crm: Crm) -> None:
    other, stages = await spare(crm)
    lead = await crm.lead(pipeline_id=other, status_id=stages[0])

    assert (await crm.ask("DELETE", f"leads/pipelines/{crm.pipeline}")).status == 400
    assert (await crm.ask("DELETE", f"leads/pipelines/{other}")).status == 400
    await crm.patch(f"leads/{lead}", {"pipeline_id": crm.pipeline, "status_id": crm.stages[0]})
    assert (await crm.ask("DELETE", f"leads/pipelines/{other}")).status == 204
    assert (await crm.get(f"leads/pipelines/{other}")).status == 404


async def test_leads_of_a_deleted_stage_go_to_the_first_one(crm: Crm) -> None:
    other, stages = await spare(crm)
    lead = await crm.lead(pipeline_id=other, status_id=stages[1])
    path = f"leads/pipelines/{other}/statuses"

    assert (await crm.patch(f"{path}/{stages[1]}", {"name": "Приём", "sort": 50})).body["name"] == "Приём"
    assert (await crm.ask("DELETE", f"{path}/{stages[1]}")).status == 204

    assert (await crm.get(f"leads/{lead}")).body["status_id"] == stages[0]
    assert (await crm.ask("DELETE", f"{path}/{stages[0]}")).status == 400
    assert (await crm.ask("DELETE", f"{path}/142")).status == 400
    assert (await crm.patch(f"{path}/142", {"name": "Оплачено"})).body["name"] == "Оплачено"
    assert (await crm.patch(f"{path}/142", {"sort": 1})).problems() == [("NotExpected", "sort")]


async def test_unsorted_is_not_edited(crm: Crm) -> None:
    unsorted = next(s.id for s in crm.stand_in.account.main_pipeline().statuses.values() if s.type == 1)
    path = f"leads/pipelines/{crm.pipeline}/statuses/{unsorted}"

    assert (await crm.patch(path, {"name": "Входящие"})).problems() == [("NotExpected", "name")]
    assert (await crm.ask("DELETE", path)).status == 400
