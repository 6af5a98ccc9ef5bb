"""`filter` of leads and contacts: followed when the account pays for it, ignored without a word when not."""

import dataclasses

import pytest

from demo.amocrm.model import WON
from demo.amocrm.stand_in import Options
from tests.demo.amocrm.conftest import PLENTY, Crm

PAID = dataclasses.replace(Options(), rate=PLENTY, account_rate=PLENTY, filters=True)


async def furnish(crm: Crm) -> tuple[list[int], dict[str, int]]:
    fields = {kind: (await crm.field("leads", kind))["id"] for kind in ("text", "numeric", "date_time", "checkbox")}
    select = await crm.field("leads", "select", enums=[{"value": "a", "sort": 1}, {"value": "b", "sort": 2}])
    fields |= {"select": select["id"], "enum a": select["enums"][0]["id"]}

    def values(text: str, numeric: str, moment: int, choice: str) -> list[object]:
        sent = {"text": text, "numeric": numeric, "date_time": moment, "checkbox": choice == "a", "select": choice}
        return [{"field_id": fields[kind], "values": [{"value": value}]} for kind, value in sent.items()]

    ids = []
    for number in range(4):
        crm.clocks.business += 10
        ids.append(await crm.lead(name=f"сделка {number}", price=100 * number))
    await crm.patch(f"leads/{ids[0]}", {"custom_fields_values": values("db_1:1", "1.5", 1000, "a")})
    await crm.patch(f"leads/{ids[1]}", {"custom_fields_values": values("db_1:2", "25", 2000, "b")})
    await crm.patch(f"leads/{ids[2]}", {"status_id": WON, "pipeline_id": crm.pipeline, "updated_by": 0})
    await crm.patch(f"leads/{ids[3]}", {"status_id": crm.stages[1]})
    return ids, fields


@pytest.mark.parametrize("options", [PAID], ids=["paid"])
async def test_a_paid_filter_is_followed(crm: Crm) -> None:
    ids, fields = await furnish(crm)
    account, first = crm.stand_in.account, crm.stand_in.account.leads[ids[0]]

    async def chosen(query: str) -> list[int]:
        said = await crm.get(f"leads?{query}&order[id]=asc")
        return [ids.index(lead["id"]) for lead in said.items("leads")] if said.status == 200 else []

    def value(kind: str, how: str) -> str:
        return f"filter[custom_fields_values][{fields[kind]}][{how}]"

    assert await chosen(f"filter[id][]={ids[1]}&filter[id][]={ids[3]}") == [1, 3]
    assert await chosen(f"filter[id][0]={ids[1]}") == [1]
    assert await chosen("filter[id][]=1") == []
    assert await chosen(f"filter[id]={ids[1]}") == [1]
    assert await chosen("filter[name]=сделка 2") == [2]
    assert await chosen("filter[name][]=сделка 2&filter[name][]=сделка 3") == [2, 3]
    assert await chosen("filter[price][from]=100&filter[price][to]=200") == [1, 2]
    assert await chosen(f"filter[created_at][from]={first.created_at + 5}") == [1, 2, 3]
    assert await chosen("filter[closed_at][from]=1") == [2]
    assert await chosen("filter[updated_by][]=0") == [2]
    assert await chosen(f"filter[pipeline_id][]={crm.pipeline}") == [0, 1, 2, 3]
    status = f"filter[statuses][0][pipeline_id]={crm.pipeline}&filter[statuses][0][status_id]"
    assert await chosen(f"{status}={WON}") == [2]
    other = f"filter[statuses][1][pipeline_id]={crm.pipeline}&filter[statuses][1][status_id]={crm.stages[1]}"
    assert await chosen(f"{status}={WON}&{other}") == [2, 3]
    assert await chosen(f"{value('text', '')}=db_1:2") == [1]
    assert await chosen(f"{value('numeric', 'from')}=2") == [1]
    assert await chosen(f"{value('date_time', 'from')}=500&{value('date_time', 'to')}=1500") == [0]
    assert await chosen(f"{value('select', '')}={fields['enum a']}") == [0]
    assert await chosen(f"{value('checkbox', '')}=1") == [0]
    assert await chosen(f"filter[responsible_user_id][]={next(iter(account.users))}&filter[price][from]=300") == [3]


async def test_an_unpaid_filter_is_ignored_and_still_checked(crm: Crm) -> None:
    ids, _ = await furnish(crm)

    said = await crm.get(f"leads?filter[id][]={ids[1]}&order[id]=asc")

    assert [lead["id"] for lead in said.items("leads")] == ids
    assert (await crm.get("leads?filter[id][]=one")).status == 400


@pytest.mark.parametrize("options", [PAID], ids=["paid"])
async def test_phones_are_not_among_the_fields_that_can_be_filtered(crm: Crm) -> None:
    await crm.contact()
    phone = next(iter(crm.stand_in.account.fields["contacts"]))

    assert (await crm.get(f"contacts?filter[custom_fields_values][{phone}][]=1")).status == 400
    assert (await crm.get("contacts?filter[custom_fields_values][1][]=1")).status == 400
    assert (await crm.get("contacts?filter[price][from]=1")).status == 400
    assert (await crm.get("contacts?filter[created_at][from]=1")).status == 200
