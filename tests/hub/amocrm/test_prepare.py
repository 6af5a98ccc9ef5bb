"""The preparation of an account: listed first, made once, continued after a break, and never made twice."""

import pytest

from hub.accounts import Account
from hub.amocrm import prepare
from hub.amocrm.client import AmoCrm
from hub.amocrm.plan import Plan
from hub.amocrm.schema import CrmSchema
from hub.crm import AnswerLost
from hub.rules.fields import CONTACT_FIELDS, DEAL_FIELDS, ContactField, DealField, StatusText
from hub.rules.model import WON
from hub.rules.settings import Settings
from hub.store.engine import Store
from hub.store.tables import accounts
from tests.hub.amocrm.furnished import Furniture
from tests.hub.amocrm.server import EMPTY, Asked, Reply, Server, nginx
from wire.errors import NeedsOperator

ZONE = "Asia/Yekaterinburg"
COLOURS = {
    "#fffeb2", "#fffd7f", "#fff000", "#ffeab2", "#ffdc7f", "#ffce5a", "#ffdbdb", "#ffc8c8", "#ff8f92", "#d6eaff", "#c1e0ff",
    "#98cbff", "#ebffb1", "#deff81", "#87f2c0", "#f9deff", "#f3beff", "#ccc8f9", "#eb93ff", "#f2f3f4", "#e6e8ea",
}  # fmt: skip


@pytest.fixture
def furniture(server: Server) -> Furniture:
    return Furniture(server)


async def listed(crm: AmoCrm, known: CrmSchema | None = None) -> Plan:
    return await prepare.prepare(crm, "deal_per_inquiry", ZONE, known)


async def made(crm: AmoCrm, known: CrmSchema | None = None) -> tuple[CrmSchema, Settings]:
    return await prepare.apply(crm, await listed(crm, known))


async def test_what_would_be_made_is_listed_and_nothing_is_made(crm: AmoCrm, furniture: Furniture) -> None:
    lines = (await listed(crm)).lines()

    assert lines[:6] == [
        "+ pipeline Первичные: Новое обращение, Записан, Отменил — вернуть",
        "+ pipeline Повторные: Новое обращение, Записан, Отменил — вернуть, Был на приёме",
        "+ group IDENT of deals",
        "+ group IDENT of contacts",
        "+ deal field IDENT: приёмы (textarea, only we write it)",
        "+ deal field IDENT: пациент (text, only we write it)",
    ]
    assert "+ contact field Дата рождения (birthday)" in lines
    assert len(lines) == 4 + len(DEAL_FIELDS) + len(CONTACT_FIELDS)
    assert furniture.writes() == []


async def test_pipelines_are_made_as_the_rules_name_them(crm: AmoCrm, furniture: Furniture, server: Server) -> None:
    _, settings = await made(crm)

    [asked] = server.asked_for("POST /api/v4/leads/pipelines")
    assert [
        (
            item["name"],
            item["is_main"],
            item["is_unsorted_on"],
            [stage["name"] for stage in item["_embedded"]["statuses"]],
        )
        for item in asked.body
    ] == [
        ("Первичные", False, False, ["Новое обращение", "Записан", "Отменил — вернуть"]),
        ("Повторные", False, False, ["Новое обращение", "Записан", "Отменил — вернуть", "Был на приёме"]),
    ]
    stages = {
        (pipeline["name"], stage["name"]): stage["id"]
        for pipeline in furniture.pipelines
        for stage in pipeline["_embedded"]["statuses"]
    }
    primary, repeat = settings.pipelines["primary"], settings.pipelines["repeat"]
    assert {target: mapped.stage for target, mapped in primary.targets.items()} == {
        "booked": stages["Первичные", "Записан"],
        "cancelled": stages["Первичные", "Отменил — вернуть"],
        "visited": WON,
    }
    assert {target: mapped.stage for target, mapped in repeat.targets.items()} == {
        "booked": stages["Повторные", "Записан"],
        "cancelled": stages["Повторные", "Отменил — вернуть"],
        "visited": stages["Повторные", "Был на приёме"],
    }
    assert all(mapped.accepted == (mapped.stage,) for one in (primary, repeat) for mapped in one.targets.values())
    assert all(mapped.leaves == "any" for one in (primary, repeat) for mapped in one.targets.values())
    assert (primary.win_after_days, repeat.win_after_days) == (None, 30)
    assert (settings.zone, settings.preset) == (ZONE, "deal_per_inquiry")


async def test_the_colours_are_among_those_that_amocrm_takes(crm: AmoCrm, furniture: Furniture, server: Server) -> None:
    await made(crm)

    [asked] = server.asked_for("POST /api/v4/leads/pipelines")
    colours = {stage["color"] for item in asked.body for stage in item["_embedded"]["statuses"]}
    assert colours <= COLOURS


async def test_fields_are_made_in_our_group_and_people_may_edit_only_what_is_theirs(
    crm: AmoCrm, furniture: Furniture
) -> None:
    schema, _ = await made(crm)

    for entity, specs in (("leads", DEAL_FIELDS), ("contacts", CONTACT_FIELDS)):
        [group] = furniture.groups[entity]  # type: ignore[index]
        fields = furniture.fields[entity]  # type: ignore[index]
        assert group["name"] == "IDENT"
        assert [(f["name"], f["type"], f["is_api_only"], f["group_id"]) for f in fields] == [
            (spec.name, spec.type, not spec.people_edit, group["id"]) for spec in specs.values()
        ]
    assert schema.deal_fields[DealField.PATIENT_KEY].id == furniture.named("leads", "IDENT: пациент")["id"]
    assert schema.contact_fields[ContactField.PATIENT_KEY].id == furniture.named("contacts", "IDENT: пациент")["id"]
    assert schema.lacks() == ()


async def test_options_are_known_by_their_ids(crm: AmoCrm, furniture: Furniture) -> None:
    schema, _ = await made(crm)

    enums = furniture.named("leads", "Статус приёма")["enums"]
    assert schema.deal_fields[DealField.VISIT_STATUS].options == {enum["value"]: enum["id"] for enum in enums}
    assert [enum["value"] for enum in enums] == list(StatusText)


@pytest.mark.parametrize("remembers", [True, False])
async def test_a_second_run_makes_nothing(crm: AmoCrm, furniture: Furniture, remembers: bool) -> None:
    first = await made(crm)
    before = furniture.writes()

    assert (await listed(crm, first[0] if remembers else None)).lines() == []
    assert await made(crm, first[0] if remembers else None) == first
    assert furniture.writes() == before


@pytest.mark.parametrize("nth", range(1, 6))
@pytest.mark.parametrize("applied", [True, False])
async def test_a_run_that_broke_off_is_continued(
    crm: AmoCrm, server: Server, furniture: Furniture, nth: int, applied: bool
) -> None:
    """Each of the five writes in turn is applied without an answer, or lost on its way."""
    handlers, writes = dict(server.handlers), iter(range(1, 100))

    def breaking(asked: Asked) -> Reply:
        handler, breaks = handlers[asked.what], next(writes) == nth
        assert callable(handler)
        reply = EMPTY if breaks and not applied else handler(asked)
        assert isinstance(reply, Reply)
        return nginx(502) if breaks else reply

    for what in [name for name in handlers if name.startswith("POST")]:
        server.on(what, breaking)
    with pytest.raises(AnswerLost):
        await made(crm)
    server.handlers |= handlers
    schema, _ = await made(crm)

    assert schema.lacks() == ()
    assert [pipeline["name"] for pipeline in furniture.pipelines] == ["Воронка", "Первичные", "Повторные"]
    assert [len(groups) for groups in furniture.groups.values()] == [1, 1]
    assert [len(fields) for fields in furniture.fields.values()] == [len(DEAL_FIELDS), len(CONTACT_FIELDS)]


async def test_a_pipeline_of_that_name_is_taken_and_completed(crm: AmoCrm, furniture: Furniture) -> None:
    own = furniture.pipeline("первичные ", ["Новое обращение", "записан"])
    furniture.pipelines.append(own)
    furniture.accept_stages(own)

    assert "+ stage Отменил — вернуть in pipeline первичные " in (await listed(crm)).lines()
    schema, _ = await made(crm)

    assert schema.pipelines["primary"].id == own["id"]
    stages = own["_embedded"]["statuses"]
    assert [stage["name"] for stage in stages if stage["id"] not in (142, 143)] == [
        "Новое обращение",
        "записан",
        "Отменил — вернуть",
    ]


async def test_an_archived_pipeline_is_not_taken(crm: AmoCrm, furniture: Furniture) -> None:
    furniture.pipelines.append(furniture.pipeline("Первичные", ["Новое обращение"], is_archive=True))
    schema, _ = await made(crm)

    assert schema.pipelines["primary"].id == furniture.pipelines[-2]["id"]


async def test_what_an_admin_renamed_is_known_by_its_id(crm: AmoCrm, furniture: Furniture) -> None:
    schema, settings = await made(crm)
    for pipeline in furniture.pipelines:
        pipeline["name"] += " (2026)"
        for stage in pipeline["_embedded"]["statuses"]:
            stage["name"] += "!"
    for fields in furniture.fields.values():
        for field in fields:
            field["name"] = field["name"].upper() + "!"
            for enum in field["enums"] or ():
                enum["value"] += "!"

    assert (await listed(crm, schema)).lines() == []
    again, settings_again = await made(crm, schema)
    assert (again.model_copy(update={"stage_names": schema.stage_names}), settings_again) == (schema, settings)


async def test_stages_are_known_by_the_names_that_people_read(crm: AmoCrm, furniture: Furniture) -> None:
    before, _ = await made(crm)
    pipeline = next(p for p in furniture.pipelines if p["id"] == before.pipelines["primary"].id)
    booked = before.pipelines["primary"].stages["booked"]
    assert before.stage_name(pipeline["id"], booked) == "Записан"
    for stage in pipeline["_embedded"]["statuses"]:
        stage["name"] += "!"

    again, _ = await made(crm, before)

    assert again.stage_name(pipeline["id"], booked) == "Записан!"
    assert again.stage_name(pipeline["id"], 7) is None


def test_what_was_stored_before_stages_had_names_is_read() -> None:
    old = '{"zone":"Europe/Moscow","pipelines":{"primary":{"id":101,"stages":{"booked":1002}}}}'

    assert CrmSchema.model_validate_json(old).stage_name(101, 1002) is None


async def test_a_field_of_that_name_elsewhere_is_not_taken(crm: AmoCrm, furniture: Furniture) -> None:
    theirs = furniture.field("leads", name="Врач", type="text", group_id="default")
    schema, _ = await made(crm)

    assert schema.deal_fields[DealField.PRACTITIONER].id != theirs["id"]


async def test_a_field_of_another_type_is_not_taken(crm: AmoCrm, furniture: Furniture) -> None:
    furniture.groups["leads"].append({"id": "leads_1", "name": "IDENT"})
    theirs = furniture.field("leads", name="План", type="text", group_id="leads_1")
    schema, _ = await made(crm)

    assert schema.deal_fields[DealField.PLANNED].id != theirs["id"]


async def test_a_field_that_an_admin_deleted_is_made_again(crm: AmoCrm, furniture: Furniture) -> None:
    schema, _ = await made(crm)
    furniture.fields["leads"].remove(furniture.named("leads", "План"))

    assert (await listed(crm, schema)).lines() == ["+ deal field План (numeric, only we write it)"]
    again, _ = await made(crm, schema)
    assert again.deal_fields[DealField.PLANNED].id == furniture.named("leads", "План")["id"]


async def test_options_that_lack_are_added_and_the_others_keep_their_ids(crm: AmoCrm, furniture: Furniture) -> None:
    schema, _ = await made(crm)
    field = furniture.named("leads", "Статус приёма")
    field["enums"] = [enum for enum in field["enums"] if enum["value"] != StatusText.ARRIVED]

    assert (await listed(crm, schema)).lines() == ["+ options of Статус приёма: пришёл"]
    again, _ = await made(crm, schema)
    before, after = schema.deal_fields[DealField.VISIT_STATUS], again.deal_fields[DealField.VISIT_STATUS]
    assert {text: id_ for text, id_ in after.options.items() if text != StatusText.ARRIVED} == {
        text: id_ for text, id_ in before.options.items() if text != StatusText.ARRIVED
    }
    assert StatusText.ARRIVED in after.options


async def test_a_field_that_someone_made_required_or_hid_is_warned_of(crm: AmoCrm, furniture: Furniture) -> None:
    schema, _ = await made(crm)
    furniture.named("leads", "План")["is_required"] = True
    furniture.named("leads", "Врач")["required_statuses"] = [{"pipeline_id": 1, "status_id": 2}]
    furniture.named("contacts", "Долг")["hidden_statuses"] = [{"pipeline_id": 1, "status_id": 2}]

    assert (await listed(crm, schema)).lines() == [
        "! the deal field Врач is required: make it optional in amoCRM",
        "! the deal field План is required: make it optional in amoCRM",
        "! the contact field Долг is hidden in some stages: show it there",
    ]
    assert (await listed(crm, schema)).empty


async def test_an_account_that_says_yes_and_does_nothing_is_told(
    crm: AmoCrm, server: Server, furniture: Furniture
) -> None:
    server.on("POST /api/v4/contacts/custom_fields", Reply(201, {"_embedded": {"custom_fields": []}}))

    with pytest.raises(NeedsOperator) as raised:
        await made(crm)
    assert "contact field IDENT: пациент" in raised.value.hint


@pytest.mark.parametrize("filter_enabled", [True, False])
async def test_whether_filters_work_is_asked(crm: AmoCrm, server: Server, filter_enabled: bool) -> None:
    Furniture(server, filter_enabled=filter_enabled)
    schema, _ = await made(crm)

    assert schema.filter_enabled is filter_enabled


async def test_what_was_made_is_kept_and_settings_of_admins_stay(
    crm: AmoCrm, furniture: Furniture, lite: Store, account: Account
) -> None:
    schema, settings = await made(crm)
    async with lite.writing(account) as unit:
        await unit.execute(accounts.update().values(settings=None, crm_schema=None))
        assert await prepare.known_schema(unit) is None
        await prepare.keep(unit, schema, settings)
        await prepare.keep(unit, schema, settings.model_copy(update={"paused": True}))
        assert await prepare.known_schema(unit) == schema
        kept = (await unit.execute(accounts.select())).one().settings

    assert Settings.model_validate_json(kept) == settings
