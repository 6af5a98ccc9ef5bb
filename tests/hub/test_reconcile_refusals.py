"""What amoCRM refused is tried again once its cause may be gone: under other settings at once, else once a day."""

from typing import Any

import pytest

from hub.links.refusals import forget_refusals
from hub.panel.settings_store import save_settings
from hub.rules.fields import ContactField, DealField
from hub.rules.model import Command, CreateContact, CreateDeal, PatchContact, PatchDeal
from hub.rules.settings import Settings
from hub.store.engine import Store
from tests.hub.clinic_day import NEW, PRESET, PRIMARY, Day, at, begun, patient, primary, stage, visit

REQUIRED = ("FieldRequired",)
ANOTHER_STAGE = 1005


@pytest.fixture
async def day(store: Store) -> Day:
    """A clinic that is followed since seven in the morning."""
    return await begun(store)


def refusing(day: Day, *kinds: type[Command]) -> None:
    """From now on amoCRM takes none of these; with no kind it takes all."""
    day.crm.refuse = lambda command: REQUIRED if isinstance(command, kinds) else None


def mapped(stage_id: int) -> Settings:
    """The settings with this stage for booked visits, as the next version."""
    value: dict[str, Any] = PRESET.model_dump(by_alias=True)
    value["pipelines"]["primary"]["targets"]["booked"]["stage"] = stage_id
    return Settings.model_validate(value | {"version": PRESET.version + 1})


async def save(day: Day, settings: Settings) -> None:
    async with day.store.writing(day.account) as unit:
        await save_settings(unit, settings, 7, day.clock.now())


async def test_a_deal_that_was_refused_is_made_once_another_stage_is_mapped(day: Day) -> None:
    refusing(day, CreateDeal)
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    assert await day.outcomes() == {"patient:4410": ("park", "FieldRequired")}
    refusing(day)

    await save(day, mapped(ANOTHER_STAGE))
    await day.settle()

    assert stage(day.deal) == (PRIMARY, ANOTHER_STAGE)
    assert await day.outcomes() == {}


async def test_a_change_that_was_refused_is_written_under_other_settings(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    refusing(day, PatchDeal, PatchContact)
    await day.tell(visit("81234", at(16)))
    await day.settle()
    assert {reason for _, reason in (await day.outcomes()).values()} == {"FieldRequired"}
    refusing(day)

    await save(day, mapped(ANOTHER_STAGE))
    await day.settle()

    assert day.deal.fields[DealField.VISIT_AT] == at(16)
    assert day.contact.fields[ContactField.NEXT_VISIT_AT] == at(16)
    assert await day.outcomes() == {}


async def test_a_refusal_is_tried_again_once_a_day(day: Day) -> None:
    refusing(day, CreateDeal)
    await day.tell(patient(), visit("81234", at(14, 30, day=5)))
    await day.go(at(23, 59))
    assert day.crm.count("create_deals") == 1

    await day.go(at(23, 59, day=2))
    assert day.crm.count("create_deals") == 3
    refusing(day)
    await day.go(at(0, day=3))

    assert await day.outcomes() == {}
    assert day.deal.fields[DealField.VISITS] == "db_1:81234"


async def test_refused_changes_are_tried_again_once_a_day(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30, day=5)))
    await day.settle()
    refusing(day, PatchDeal, PatchContact)
    await day.tell(visit("81234", at(16, day=5)))
    await day.go(at(23, 59))
    assert (day.crm.count("patch_deals"), day.crm.count("patch_contacts")) == (1, 1)

    refusing(day)
    await day.go(at(0, day=1))

    assert day.deal.fields[DealField.VISIT_AT] == at(16, day=5)
    assert day.contact.fields[ContactField.NEXT_VISIT_AT] == at(16, day=5)
    assert await day.outcomes() == {}


async def test_a_contact_that_was_refused_is_tried_again_once_a_day(day: Day) -> None:
    day.crm.lead(name="Петрова Мария", phone="+79990000101", stage=primary(NEW), created_at=at(7))
    refusing(day, CreateContact)
    await day.tell(patient(representative="Петрова Мария"), visit("81234", at(14, 30, day=5)))
    await day.go(at(23, 59))
    assert await day.outcomes() == {"contact:4410": ("park", "FieldRequired")}
    assert day.crm.count("create_contacts") == 1

    refusing(day)
    await day.go(at(0, day=1))

    assert len(day.deal.contact_ids) == 2
    assert await day.outcomes() == {}


async def test_whatever_was_refused_is_tried_again_once_the_account_was_prepared(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30)))
    await day.settle()
    refusing(day, CreateDeal, PatchDeal, PatchContact)
    another = patient("4411", name="Петрова Анна", phones=())
    await day.tell(visit("81234", at(16)), another, visit("81260", at(15), patient="4411"))
    await day.settle()
    assert len(await day.outcomes()) == 3
    refusing(day)

    async with day.store.writing(day.account) as unit:
        await forget_refusals(unit)
    await day.settle()

    first, second = day.deals
    assert first.fields[DealField.VISIT_AT] == at(16)
    assert second.name == "Петрова Анна"
    assert await day.outcomes() == {}


async def test_a_deal_that_is_gone_is_not_asked_for_every_day(day: Day) -> None:
    await day.tell(patient(), visit("81234", at(14, 30, day=5)))
    await day.settle()
    del day.crm.deal_cards[day.deal.id]
    await day.tell(visit("81234", at(16, day=5)))
    await day.settle()
    day.crm.forget_requests()

    await day.go(at(12, day=3))

    assert day.crm.requests == []
