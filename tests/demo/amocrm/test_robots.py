"""Robots of the digital pipeline: what stands at a deal after a client has written it."""

import pytest

from demo.amocrm.automation import Robot
from demo.amocrm.errors import Refused
from demo.amocrm.model import Json
from tests.demo.amocrm.conftest import Crm


def robot(crm: Crm, stage: int, body: Json, seconds: float = 0.0) -> None:
    crm.stand_in.robots.add(Robot(crm.pipeline, crm.stages[stage], body, seconds))


async def test_a_robot_moves_a_deal_on_after_our_move_was_answered(crm: Crm) -> None:
    robot(crm, 1, {"status_id": crm.stages[2]})
    lead = await crm.lead(status_id=crm.stages[0])

    assert (await crm.patch(f"leads/{lead}", {"status_id": crm.stages[1]})).status == 200

    read = (await crm.get(f"leads/{lead}")).body
    assert (read["status_id"], read["updated_by"]) == (crm.stages[2], 0)
    moves = (await crm.get("events?filter[type]=lead_status_changed")).items("events")
    assert [(move["created_by"], move["value_after"][0]["lead_status"]["id"]) for move in moves] == [
        (0, crm.stages[2]), (next(iter(crm.stand_in.account.users)), crm.stages[1]),
    ]  # fmt: skip


async def test_a_robot_sets_a_field_of_a_deal_that_is_made_on_its_stage(crm: Crm) -> None:
    field = await crm.field("leads", "text")
    robot(crm, 0, {"price": 500, "custom_fields_values": [{"field_id": field["id"], "values": [{"value": "робот"}]}]})

    [made] = (await crm.post("leads/complex", [{"name": "Заявка"}])).body

    read = (await crm.get(f"leads/{made['id']}?with=is_price_modified_by_robot")).body
    assert (read["price"], read["is_price_modified_by_robot"]) == (500, True)
    assert read["custom_fields_values"][0]["values"] == [{"value": "робот"}]


async def test_a_robot_may_take_its_time_and_finds_the_deal_wherever_it_is(crm: Crm) -> None:
    robot(crm, 0, {"status_id": crm.stages[1]}, seconds=300)
    lead = await crm.lead()
    await crm.patch(f"leads/{lead}", {"status_id": crm.stages[2]})

    crm.stand_in.turn(299)
    assert (await crm.get(f"leads/{lead}")).body["status_id"] == crm.stages[2]
    crm.stand_in.turn(1)
    assert (await crm.get(f"leads/{lead}")).body["status_id"] == crm.stages[1]


async def test_robots_hand_a_deal_from_one_to_the_other(crm: Crm) -> None:
    robot(crm, 0, {"status_id": crm.stages[1]})
    robot(crm, 1, {"status_id": 143, "pipeline_id": crm.pipeline})
    lead = await crm.lead()

    assert (await crm.get(f"leads/{lead}")).body["status_id"] == 143


async def test_robots_cannot_be_set_up_in_a_circle(crm: Crm) -> None:
    robot(crm, 0, {"status_id": crm.stages[1]})
    robot(crm, 1, {"status_id": crm.stages[2]})

    for stage, to in ((2, 0), (2, 1), (2, 2)):
        with pytest.raises(Refused, match="circle"):
            robot(crm, stage, {"status_id": crm.stages[to]})
    robot(crm, 2, {"price": 1})
    assert len(crm.stand_in.robots.known) == 3


@pytest.mark.parametrize("body", [{"status_id": 1}, {"surprise": 1}, {"responsible_user_id": 1}], ids=str)
async def test_a_robot_that_would_be_refused_is_refused(crm: Crm, body: Json) -> None:
    with pytest.raises(Refused):
        robot(crm, 0, body)
    with pytest.raises(Refused):
        crm.stand_in.robots.add(Robot(crm.pipeline, 1, {}))


async def test_a_deal_that_is_gone_when_its_robot_comes_is_left_alone(crm: Crm) -> None:
    robot(crm, 0, {"price": 1}, seconds=60)
    lead = await crm.lead()
    crm.stand_in.delete_lead(0, lead)

    crm.stand_in.turn(60)

    assert (await crm.get(f"leads/{lead}")).status == 204
    assert crm.stand_in.account.deleted_leads[lead].price == 0


async def test_a_persons_move_starts_robots_too(crm: Crm) -> None:
    lead = await crm.lead()
    robot(crm, 1, {"price": 7})
    crm.stand_in.edit_lead(max(crm.stand_in.account.users), lead, {"status_id": crm.stages[1]})

    assert (await crm.get(f"leads/{lead}")).body["price"] == 7


async def test_robots_have_a_knob(crm: Crm) -> None:
    body = {"pipeline_id": crm.pipeline, "status_id": crm.stages[0], "body": {"price": 3}, "seconds": 5}
    assert (await crm.ask("POST", "/_stand-in/robots", body)).status == 204
    assert (await crm.ask("GET", "/_stand-in/robots")).body == {"robots": [{**body, "seconds": 5.0}]}
    lead = await crm.lead()

    assert (await crm.ask("POST", "/_stand-in/robots/clear", {})).status == 204
    crm.stand_in.turn(5)

    assert (await crm.get(f"leads/{lead}")).body["price"] == 0
    assert (await crm.ask("POST", "/_stand-in/robots", {**body, "seconds": -1})).status == 400
    assert (await crm.ask("POST", "/_stand-in/robots", {**body, "body": {"status_id": 1}})).status == 400
