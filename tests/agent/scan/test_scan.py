"""The scan, story by story: what was done in the clinic, and what the hub then holds."""
# ruff: noqa: DTZ001 - IDENT's times have no zone

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from agent.deleted import Word
from agent.mis.port import MisBusy, MisDown, MisRefused
from agent.mis.reader import KINDS, LOCKS
from agent.scan import Pace, decide
from agent.scan.patience import Patience
from tests.agent.mis.clinic import NOW
from tests.agent.scan.world import MOSCOW, LiveOnly, World, world


@pytest.fixture
async def here(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A clinic of three patients and four visits; only hints betray what changes after the first load. Each is looked for at each step."""
    monkeypatch.setattr(decide, "HINTED_ROWS", 10_000)
    async with world(LiveOnly) as here:
        furnish(here)
        yield here


def furnish(here: World) -> None:
    for key in (1001, 1002, 1003):
        here.clinic.patient(key)
    for key, (patient, day) in enumerate([(1001, -400), (1001, 0), (1002, 0.1), (None, 30)], start=1):
        here.clinic.visit(key, patient, day)
    here.clinic.pass_time(3600)  # nothing of it is news


async def changed(here: World) -> list[str]:
    """What one step finds, as the hub was told it."""
    before = len(here.hub.told)
    await here.step()
    await here.deliver()
    await here.check()
    return here.hub.told[before:]


def stands(here: World) -> str:
    return here.standing.now.mis


def bill(here: World, visit: int, debt: str = "100", audit: bool = True) -> None:
    figures: dict[str, Any] = {
        "Amount": Decimal(100),
        "AmountWithDiscount": Decimal(100),
        "InsuranceAmount": Decimal(),
        "Debt": Decimal(debt),
    }
    here.clinic.put("Orders", visit, ID_Receptions=visit, ID_Patients=1001, IsBillFormed=True, audit=audit)
    here.clinic.put("OrderPaymentsJournal", visit, ID_Patients=1001, IsBillFormed=True, **figures)


async def test_the_first_load_brings_everything_between_brackets(here: World) -> None:
    await here.load()

    patients = [f"backfill upsert patient {key}" for key in (1001, 1002, 1003)]
    visits = [f"backfill upsert visit {key}" for key in (1, 2, 3, 4)]
    begins, ends = ([f"{mark} {kind}" for kind in KINDS] for mark in ("begin", "end"))
    assert here.hub.told == [*begins, *patients, *visits, *ends]
    await here.check()


async def test_nothing_is_called_read_before_all_of_it_was(here: World) -> None:
    while not await here.is_loaded():
        assert await here.outbox.times() == (None, None)
        await here.step()
    assert (await here.outbox.times())[0] is None
    await here.step()
    through, verified = await here.outbox.times()
    assert through == here.clinic.now.replace(tzinfo=MOSCOW)
    assert verified is not None


async def test_an_empty_clinic_is_loaded_too() -> None:
    async with world() as here:
        await here.load()
        assert here.hub.told == [f"{mark} {kind}" for mark in ("begin", "end") for kind in KINDS]


async def test_a_visit_booked_during_the_first_load_does_not_wait_behind_it(here: World) -> None:
    await here.step()  # patients
    here.clinic.visit(5, 1002)
    await here.step()

    first = await here.outbox.batch("live")
    assert first is None, "the begin goes first"
    for _ in KINDS:
        await here.push("backfill")
    await here.push("live")
    assert here.hub.told == [*(f"begin {kind}" for kind in KINDS), "live upsert visit 5"]
    await here.load()
    await here.check()


async def test_a_visit_that_changes_before_the_load_comes_to_it_is_live(here: World) -> None:
    await here.step()
    here.clinic.visit(2, 1001, 3)
    await here.step()

    await here.load()
    assert "live upsert visit 2" in here.hub.told
    assert "backfill upsert visit 2" not in here.hub.told
    await here.check()


async def test_a_load_goes_on_where_it_was_broken_off(here: World) -> None:
    await here.step()
    await here.restart()
    await here.load()
    assert here.hub.told.count("begin visit") == 1
    await here.check()


async def test_a_quiet_clinic_is_not_read(here: World) -> None:
    await here.load()
    await here.step(3)
    here.mis.asked.clear()
    await here.step()
    assert {query for query, _ in here.mis.asked} & {"visit_versions", "visits_by_key", "visits_page"} == set()
    assert not here.mis.is_inside


async def test_what_is_booked_changed_or_cancelled_arrives_with_its_patient(here: World) -> None:
    await here.load()
    await here.step()
    here.clinic.patient(1004)
    here.clinic.visit(5, 1004)
    here.clinic.visit(2, 1001, 3)
    here.clinic.put("Receptions", 1, ReceptionCanceled=NOW)

    told = await changed(here)
    assert told[0] == "live upsert patient 1004"
    assert sorted(told[1:]) == [f"live upsert visit {key}" for key in (1, 2, 5)]


async def test_a_row_that_is_committed_late_is_seen(here: World) -> None:
    """Its rowversion is lower than others that were read long before."""
    await here.load()
    await here.step()
    version = here.mis.begin(lambda v: here.clinic.visit(5, 1001, version=v))
    here.clinic.visit(6, 1002)
    assert await changed(here) == ["live upsert visit 6"]
    here.mis.commit(version)
    assert await changed(here) == ["live upsert visit 5"]


async def test_what_is_committed_beside_an_open_transaction_is_seen(here: World) -> None:
    """Both transactions have taken their numbers, so neither the bound nor the last one moves."""
    await here.load()
    here.mis.begin(lambda v: here.clinic.visit(5, 1001, version=v))
    second = here.mis.begin(lambda v: here.clinic.visit(6, 1002, version=v))
    assert await changed(here) == []
    here.mis.commit(second)
    assert await changed(here) == ["live upsert visit 6"]


async def test_what_is_committed_while_rows_are_read_is_seen_by_the_next_step(here: World) -> None:
    """The bound is asked for before the rows."""
    await here.load()
    here.clinic.visit(5, 1001)
    here.mis.after["visit_versions"] = lambda: here.clinic.visit(6, 1002)
    await here.step()
    assert await changed(here) == ["live upsert visit 5", "live upsert visit 6"]


async def test_a_touched_table_sends_nothing(here: World) -> None:
    await here.load()
    await here.step()
    here.clinic.touch_all()
    assert await changed(here) == []
    here.mis.asked.clear()
    await here.step()
    assert "visits_by_key" not in {query for query, _ in here.mis.asked}, "the new rowversions are known"


async def test_a_touched_table_is_read_bit_by_bit(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "AT_ONCE", 2)
    await here.load()
    await here.step()
    through = (await here.outbox.times())[0]
    here.clinic.touch_all()
    here.clinic.visit(5, 1001)
    before = here.hub.told.copy()
    await here.step()
    assert (await here.outbox.times())[0] == through, "not all of it was read"
    await here.deliver()
    assert here.hub.told == [*before, "live upsert visit 5"], "what is new comes first"
    await here.step(3)
    assert (await here.outbox.times())[0] == here.clinic.now.replace(tzinfo=MOSCOW)


async def test_a_row_that_somebody_locks_hides_nothing_beside_it(here: World) -> None:
    await here.load()
    await here.step()
    through = (await here.outbox.times())[0]
    here.clinic.visit(5, 1001)
    here.mis.fails = lambda query: MisBusy("42000 1222") if query == "visit_versions" else None
    assert await changed(here) == ["live upsert visit 5"]
    assert (await here.outbox.times())[0] == through, "the locked row may have changed"
    here.mis.asked.clear()
    await here.step()
    assert "visit_versions/unlocked" in {query for query, _ in here.mis.asked}, "it is looked for until it is free"


async def test_when_all_is_locked_it_says_busy_and_loses_nothing(here: World) -> None:
    await here.load()
    here.clinic.visit(5, 1001)
    here.mis.fails = lambda query: MisBusy("42000 1222") if query == "visits_by_key" else None
    await here.step()
    assert stands(here) == "busy"
    here.mis.fails = lambda query: None
    assert await changed(here) == ["live upsert visit 5"]
    assert stands(here) == "ok"


def holds(*queries: str) -> Callable[[str], MisBusy | None]:
    """Somebody holds what these ask for."""
    return lambda query: MisBusy("42000 1222") if query in queries else None


async def test_who_holds_an_order_hides_no_visit_and_no_sum_is_made_up_of_the_rest(here: World) -> None:
    bill(here, 2)
    await here.load()
    await here.step()
    through = (await here.outbox.times())[0]
    here.clinic.put("Receptions", 2, PatientAppeared=NOW)
    here.clinic.visit(5, 1002)
    here.mis.fails = holds("orders_of_visits/keys", "orders_changed", "orders_of_patients/keys")
    await here.step()
    await here.deliver()
    assert here.hub.values["visit", "2"]["status"] == "arrived"
    assert "sums" not in here.hub.values["visit", "2"]
    assert ("visit", "5") in here.hub.values
    assert (stands(here), (await here.outbox.times())[0]) == ("busy", through)
    here.mis.fails = holds()
    await changed(here)
    assert here.hub.values["visit", "2"]["sums"]["debt"] == "100.00"
    assert (stands(here), (await here.outbox.times())[0]) == ("ok", here.clinic.now.replace(tzinfo=MOSCOW))


async def test_what_a_hint_led_to_is_led_to_again_when_somebody_held_it(here: World) -> None:
    await here.load()
    await here.step()
    here.clinic.patient(1003, "Воробьёв")
    here.clinic.put("PaymentsIn", 1, ID_Patients=1002, Payment=Decimal(5))
    here.mis.fails = holds("patients_by_key")
    await here.step(3)
    here.mis.fails = holds()
    told = await changed(here)
    assert "live upsert patient 1003" in told
    assert here.hub.values["balance", "1002"]["advance"] == "5.00"


async def test_one_held_visit_hides_none_beside_it(here: World) -> None:
    await here.load()
    for key in range(5, 15):
        here.clinic.visit(key, 1001)

    def fails(query: str) -> MisBusy | None:
        return MisBusy("42000 1222") if query == "visits_by_key" and 9 in here.mis.asking[0] else None

    here.mis.fails = fails
    await here.step()
    await here.deliver()
    assert {("visit", str(key)) for key in range(5, 15)} - here.hub.values.keys() == {("visit", "9")}
    here.mis.fails = holds()
    assert await changed(here) == ["live upsert visit 9"]


async def test_a_step_does_not_wait_for_many_locks(here: World) -> None:
    await here.load()
    for key in range(5, 60):
        here.clinic.visit(key, 1001)
    here.mis.fails = holds("visits_by_key")
    here.mis.tried = 0
    await here.step()
    assert stands(here) == "busy"
    assert here.mis.tried <= LOCKS + 1


async def test_a_bill_arrives_though_its_visit_was_not_touched(here: World) -> None:
    await here.load()
    await here.step()
    bill(here, 2)
    assert await changed(here) == ["live upsert visit 2", "live upsert balance 1001"]
    assert here.hub.values["visit", "2"]["sums"]["debt"] == "100.00"
    assert await changed(here) == []


async def twenty_bills(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of old visits, all told. From now on a step follows a few changes only."""
    for key in range(11, 31):
        here.clinic.visit(key, 1001, -400)
        bill(here, key, audit=False)
    await here.load()
    await here.step()
    monkeypatch.setattr(decide, "LED_AT_ONCE", 4)


async def test_a_table_that_was_stamped_is_followed_bit_by_bit_beside_what_happens(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await twenty_bills(here, monkeypatch)
    through, moment = (await here.outbox.times())[0], here.clinic.now
    for key in range(11, 31):
        bill(here, key, debt="7", audit=False)
        here.clinic.put("Orders", key, DateTimeChanged=moment)
    here.clinic.visit(31, 1002)
    here.mis.asked.clear()
    await here.step()
    await here.deliver()
    read = [params for query, params in here.mis.asked if query == "visits_by_key"]
    assert read == [((28, 29, 30, 31),)], "some, the newest first, and what changed by itself"
    assert here.hub.values["visit", "30"]["sums"]["debt"] == "7.00"
    assert (await here.outbox.times())[0] == through, "not all of it was read"

    here.clinic.pass_time(36_000)
    await here.restart()  # nothing was remembered of how far that was followed
    await here.step(10)
    await here.deliver()
    await here.check()
    assert await here.is_read()


async def test_who_holds_one_row_of_a_stamped_table_hides_none_beside_it(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await twenty_bills(here, monkeypatch)
    for key in range(11, 31):
        bill(here, key, debt="7")

    def fails(query: str) -> MisBusy | None:
        return MisBusy("42000 1222") if query == "visits_by_key" and 30 in here.mis.asking[0] else None

    here.mis.fails = fails
    await here.step(10)
    await here.deliver()
    assert {key for key in range(11, 31) if here.hub.values["visit", str(key)]["sums"]["debt"] != "7.00"} == {30}
    here.mis.fails = holds()
    await here.step(10)
    await changed(here)
    assert await here.is_read()


async def test_a_line_of_an_order_arrives_though_nothing_else_was_touched(here: World) -> None:
    here.clinic.put("Orders", 2, ID_Receptions=2, ID_Patients=1001)
    here.clinic.put("ServiceItemPrices", 9, Price=Decimal("450.40"))
    await here.load()
    await here.step()
    here.clinic.put("OrderServiceRelation", 1, ID_Orders=2, ID_ServicePrices=9, CountService=2)
    assert await changed(here) == ["live upsert visit 2"]
    assert here.hub.values["visit", "2"]["sums"]["planned"] == "900.80"


async def test_a_payment_leads_to_the_bills_of_its_patient(here: World) -> None:
    """The journal says how much is owed, and has neither rowversion nor changed-time."""
    bill(here, 1, audit=False)
    await here.load()
    await here.step()
    here.clinic.put("OrderPaymentsJournal", 1, Debt=Decimal(40), audit=False)
    here.clinic.put("PaymentsIn", 1, ID_Patients=1001, Payment=Decimal(60))
    assert await changed(here) == ["live upsert visit 1", "live upsert balance 1001"]
    assert here.hub.values["balance", "1001"] == {"patient_id": "1001", "debt": "40.00", "advance": "0.00"}


async def test_money_that_belongs_to_no_visit_arrives_too(here: World) -> None:
    """An advance, a sale at the desk and a refund: nothing about any visit changes."""
    await here.load()
    await here.step()
    here.clinic.put("PaymentsIn", 1, ID_Patients=1003, Payment=Decimal("500.50"))
    assert await changed(here) == ["live upsert balance 1003"]
    assert here.hub.values["balance", "1003"] == {"patient_id": "1003", "debt": "0.00", "advance": "500.50"}
    here.clinic.put("OrderPaymentsJournal", 9, IsBillFormed=True, AmountWithDiscount=Decimal(200), Debt=Decimal(50))
    here.clinic.put("Orders", 9, ID_Patients=1003, IsBillFormed=True)
    assert await changed(here) == ["live upsert balance 1003"]
    assert here.hub.values["balance", "1003"] == {"patient_id": "1003", "debt": "50.00", "advance": "350.50"}
    here.clinic.put("PaymentsIn", 2, ID_Patients=1003, Payment=Decimal("-350.50"))
    assert await changed(here) == ["live upsert balance 1003"]
    assert here.hub.values["balance", "1003"] == {"patient_id": "1003", "debt": "50.00", "advance": "0.00"}


async def test_who_has_no_money_has_no_balance_and_who_has_none_any_more_loses_it() -> None:
    async with world() as here:
        furnish(here)
        here.clinic.put("PaymentsIn", 1, ID_Patients=1003, Payment=Decimal(5))
        await here.load()
        assert [key for kind, key in here.hub.values if kind == "balance"] == ["1003"]
        here.clinic.delete("PaymentsIn", 1)
        here.clinic.put("PaymentsIn", 2, ID_Patients=1002, Payment=Decimal(5), audit=False)
        await here.verify()
        await here.check()
        assert [key for kind, key in here.hub.values if kind == "balance"] == ["1002"]


async def test_an_annulled_bill_takes_the_balance_away_at_once(here: World) -> None:
    bill(here, 2)
    await here.load()
    await here.step()
    assert here.hub.values["balance", "1001"]["debt"] == "100.00"
    here.clinic.put("OrderPaymentsJournal", 2, IsBillFormed=False, Debt=Decimal())
    here.clinic.put("Orders", 2, IsBillFormed=False)
    assert "live vanished balance 1001" in await changed(here)
    assert await changed(here) == []
    here.clinic.put("OrderPaymentsJournal", 2, IsBillFormed=True, Debt=Decimal(100))
    here.clinic.put("Orders", 2, IsBillFormed=True)
    assert "live upsert balance 1001" in await changed(here)


async def test_a_held_order_takes_no_balance_away(here: World) -> None:
    bill(here, 2)
    await here.load()
    await here.step()
    here.clinic.put("Orders", 2, IsBillFormed=False)
    here.mis.fails = holds("orders_of_patients", "orders_of_patients/keys")
    await here.step(2)
    await here.deliver()
    assert ("balance", "1001") in here.hub.values


async def test_where_money_cannot_be_read_balances_stay_as_they_were_told() -> None:
    async with world() as here:
        furnish(here)
        bill(here, 1)
        await here.load()
        told = here.hub.values["balance", "1001"]
        here.clinic.drop("OrderPaymentsJournal")
        here.clinic.drop("PaymentsIn")
        await here.verify()
        assert here.hub.values["balance", "1001"] == told
        assert stands(here) == "ok"
        assert not here.standing.now.capabilities["balance.debt"]
        assert not here.standing.now.capabilities["balance.net"]


async def test_a_checkup_arrives_and_is_closed(here: World) -> None:
    here.clinic.put("CRMJobTypes", 6, Name="Профосмотр")
    await here.load()
    await here.step()
    here.clinic.put("DelayAppointments", 1, ID_ScheduledReceptions=9, DateTimeDelay=datetime(2027, 1, 20))
    here.clinic.put("ScheduledReceptions", 9, ID_Patients=1001, ID_CRMJobTypes=6)
    assert await changed(here) == ["live upsert checkup 9"]
    due = {"id": "9", "patient_id": "1001", "due_on": "2027-01-20", "closed": False, "branch": None}
    assert here.hub.values["checkup", "9"] == due
    here.clinic.put("ScheduledReceptions", 9, ID_ReceptionsClose=2)
    assert await changed(here) == ["live upsert checkup 9"]
    assert here.hub.values["checkup", "9"] == {**due, "closed": True}


async def test_other_tasks_are_nobodys_checkup(here: World) -> None:
    here.clinic.put("CRMJobTypes", 3, Name="Лист ожидания")
    here.clinic.put("ScheduledReceptions", 8, ID_Patients=1001, ID_CRMJobTypes=3)
    here.clinic.put("ScheduledReceptions", 9, ID_Patients=1001)
    await here.load()
    await here.check()
    assert "checkup" not in {kind for kind, _ in here.hub.values}


def plan_of(here: World, *services: int) -> None:
    """Plan 3 of somebody, with services at 500 each, of which the first costs 100 less."""
    here.clinic.put("ServiceItemPrices", 9, Price=Decimal(500))
    here.clinic.put("TreatmentPlans", 3, ID_Patients=1001, IsActive=True)
    for key in services:
        discount = Decimal(100 if key == services[0] else 0)
        here.clinic.put(
            "TreatmentPlanElementRelations", key, ID_TreatmentPlans=3, ID_ServicePrices=9, DiscountSum=discount
        )


async def test_a_plan_arrives_grows_is_done_and_given_up(here: World) -> None:
    await here.load()
    await here.step()
    whole = {"id": "3", "patient_id": "1001", "active": True}
    plan_of(here, 1, 2)
    assert await changed(here) == ["live upsert plan 3"]
    assert here.hub.values["plan", "3"] == {**whole, "agreed": "900.00", "done": "0.00", "unscheduled": "900.00"}
    here.clinic.put("TreatmentPlanElementRelations", 4, ID_TreatmentPlans=3, ID_ServicePrices=9)
    assert await changed(here) == ["live upsert plan 3"]
    here.clinic.put("Orders", 1, ID_Patients=1001, IsBillFormed=False)
    here.clinic.put(
        "OrderServiceRelation", 1, ID_Orders=1, ID_TreatmentPlans=3, ID_TreatmentPlanElementRelations=1, CountService=1
    )
    assert "live upsert plan 3" in await changed(here)
    assert here.hub.values["plan", "3"] == {**whole, "agreed": "1400.00", "done": "400.00", "unscheduled": "1000.00"}
    here.clinic.put("TreatmentPlans", 3, IsActive=False)
    assert await changed(here) == ["live upsert plan 3"]
    assert here.hub.values["plan", "3"]["active"] is False


async def test_a_service_that_was_taken_out_and_a_plan_that_is_gone_are_found_by_the_pass() -> None:
    async with world() as here:
        furnish(here)
        plan_of(here, 1, 2)
        here.clinic.put(
            "TreatmentPlans", 2, ID_Patients=1002, IsActive=False
        )  # a table that is empty all at once is doubted
        await here.load()
        here.clinic.delete("TreatmentPlanElementRelations", 1)
        await here.verify()
        assert here.hub.values["plan", "3"]["agreed"] == "500.00"
        here.clinic.delete("TreatmentPlans", 3)
        await here.verify()
        assert ("plan", "3") not in here.hub.values
        await here.check()


@pytest.mark.parametrize(
    ("lost", "known"),
    [
        ("TreatmentPlans", None),
        ("TreatmentPlanElementRelations", None),
        ("TreatmentPlans.IsActive", None),
        ("OrderServiceRelation", {"agreed"}),
        ("OrderServiceRelation.ID_TreatmentPlanElementRelations", {"agreed"}),
        ("OrderServiceRelation.ID_TreatmentPlans", {"agreed", "done", "unscheduled"}),
        ("TreatmentPlanElementRelations.DateTimeChanged", {"agreed", "done", "unscheduled"}),
    ],
)
async def test_a_lost_table_or_column_of_plans_stops_nothing_else(lost: str, known: set[str] | None) -> None:
    async with world() as here:
        furnish(here)
        plan_of(here, 1, 2)
        here.clinic.drop(*lost.split("."))
        await here.load()
        await here.verify()
        told = here.hub.values.get(("plan", "3"))
        assert (told.keys() - {"id", "patient_id", "active"} if told else None) == known
        assert stands(here) == "ok"
        assert ("visit", "1") in here.hub.values
        await here.check()


async def test_a_patients_card_arrives_though_no_visit_was_touched(here: World) -> None:
    await here.load()
    await here.step()
    here.clinic.patient(1003, "Воробьёв")
    assert await changed(here) == ["live upsert patient 1003"]


async def test_a_new_patient_without_a_changed_time_arrives(here: World) -> None:
    await here.load()
    await here.step()
    here.clinic.put("Persons", 1004, Surname="Чижов")
    here.clinic.put("Patients", 1004, audit=False)
    assert await changed(here) == ["live upsert patient 1004"]


async def test_a_hint_is_remembered_over_a_restart(here: World) -> None:
    await here.load()
    await here.step()
    await here.stop()
    bill(here, 1)
    here.clinic.pass_time(36_000)
    await here.start()
    assert await changed(here) == ["live upsert visit 1", "live upsert balance 1001"]


async def test_a_clock_that_was_put_back_hides_nothing(here: World) -> None:
    await here.load()
    await here.step()
    here.clinic.pass_time(-7200)
    await here.step()
    bill(here, 1)
    assert await changed(here) == ["live upsert visit 1", "live upsert balance 1001"]


async def test_every_step_says_how_far_it_read(here: World) -> None:
    await here.load()
    for _ in range(3):
        begun = here.clinic.pass_time(10)
        here.mis.after["orders_changed"] = lambda: here.clinic.visit(2, 1001, 5)
        await here.step()
        assert (await here.outbox.times())[0] == begun.replace(tzinfo=MOSCOW)


# What nothing betrays


async def test_the_pass_finds_what_nothing_betrayed() -> None:
    async with world() as here:
        furnish(here)
        await here.load()
        here.clinic.put("Persons", 1003, Surname="Воробьёв")
        bill(here, 1, audit=False)
        await here.verify()
        await here.check()
        assert sorted(here.hub.told[-3:]) == [
            f"live upsert {key}" for key in ("balance 1001", "patient 1003", "visit 1")
        ]


async def test_the_round_finds_a_silent_change_of_a_near_visit_without_a_pass() -> None:
    async with world(pace=Pace(0, 1, verify_every_seconds=1e9)) as here:
        furnish(here)
        await here.load()
        here.clinic.put("Persons", 1002, MobilePhone="+7 999 000 55 55")
        bill(here, 2, audit=False)
        await here.step(2)
        await here.deliver()
        await here.check()


async def test_what_vanished_is_told_at_the_end_of_its_table() -> None:
    async with world() as here:
        furnish(here)
        await here.load()
        here.clinic.delete("Receptions", 4)
        here.clinic.delete("Patients", 1003)
        await here.verify()
        await here.check()
        assert sorted(here.hub.told[-2:]) == ["live vanished patient 1003", "live vanished visit 4"]


async def test_a_suspect_is_read_once_more_before_it_is_believed() -> None:
    async with world() as here:
        furnish(here)
        await here.load()
        here.clinic.delete("Receptions", 4)
        here.mis.after["visits_page"] = lambda: here.clinic.visit(4, 1001, 30)
        await here.verify()
        await here.check()
        assert "live vanished visit 4" not in here.hub.told


async def test_when_much_vanishes_nothing_is_deleted_and_a_person_is_asked() -> None:
    async with world() as here:
        furnish(here)
        for key in range(5, 40):
            here.clinic.visit(key)
        await here.load()
        held, verified = here.hub.values.copy(), (await here.outbox.times())[1]
        for key in range(5, 30):
            here.clinic.delete("Receptions", key)
        await here.step(20)
        await here.deliver()
        assert here.hub.values == held
        assert (await here.outbox.times())[1] == verified, "that is no whole pass"
        assert "приёмов — 25" in (here.standing.now.hint or "")
        assert stands(here) == "ok"


async def test_a_person_says_that_they_are_deleted_indeed_and_is_believed_once() -> None:
    async with world(pace=Pace(0, 1, verify_every_seconds=1e9)) as here:
        furnish(here)
        for key in range(5, 65):
            here.clinic.visit(key)
        await here.load()
        word = Word(here.clinic.path.parent)
        for first in (5, 35):
            for key in range(first, first + 30):
                here.clinic.delete("Receptions", key)
            here.scan._verify_due = 0
            await here.step(20)
            await here.deliver()
            assert ("visit", str(first)) in here.hub.values
            assert "ident-agent deleted yes" in (here.standing.now.hint or "")
            word.give()
            await here.step(20)
            await here.deliver()
            await here.check()
            assert here.standing.now.hint is None
            assert not word.holds()


async def test_a_word_that_nobody_asked_for_believes_nothing_of_another_day() -> None:
    async with world() as here:
        furnish(here)
        for key in range(5, 65):
            here.clinic.visit(key)
        await here.load()
        Word(here.clinic.path.parent).give()
        await here.verify()
        assert not Word(here.clinic.path.parent).holds()
        for key in range(5, 65):
            here.clinic.delete("Receptions", key)
        await here.step(20)
        await here.deliver()
        assert ("visit", "5") in here.hub.values
        assert here.standing.now.doubted == {"visit": 60}


async def test_a_table_that_is_empty_all_at_once_is_doubted() -> None:
    async with world() as here:
        furnish(here)
        await here.load()
        here.clinic.delete("Receptions")
        await here.step(20)
        await here.deliver()
        assert ("visit", "1") in here.hub.values
        assert here.standing.now.hint
        for key in (1, 2, 3, 4):
            here.clinic.visit(key)
        await here.verify()
        assert here.standing.now.hint is None
        await here.check()


# When the database is not as it should be


async def test_a_database_that_does_not_answer_is_tried_again(here: World) -> None:
    await here.load()
    here.is_down(down=True)
    here.clinic.visit(5, 1001)
    waits = [await here.scan.step() for _ in range(12)]
    assert stands(here) == "down"
    assert waits == sorted(waits)
    assert waits[-1] <= 30
    here.is_down(down=False)
    assert await changed(here) == ["live upsert visit 5"]
    assert stands(here) == "ok"


async def test_whoever_was_thrown_out_stays_out_for_as_long_as_it_says(here: World) -> None:
    here.mis.fails = lambda query: MisBusy("42000 927", 60)
    assert await here.scan.step() == 60


async def test_a_refusal_is_shown_and_tried_again_later(here: World) -> None:
    here.mis.fails = lambda query: MisRefused("Сделайте что-нибудь.", "28000 18456")
    assert await here.scan.step() == 60
    assert (here.standing.now.mis, here.standing.now.hint) == ("refused", "Сделайте что-нибудь.")
    here.mis.fails = lambda query: None
    await here.load()
    assert (here.standing.now.mis, here.standing.now.hint) == ("ok", None)


async def test_a_column_that_is_lost_switches_off_only_what_it_feeds() -> None:
    async with world() as here:
        furnish(here)
        await here.load()
        assert here.standing.now.capabilities["visit.moved_from"]
        here.clinic.drop("Receptions", "ID_ReceptionsTransferFrom")
        before = len(here.hub.told)
        await here.verify()
        assert stands(here) == "ok"
        assert not here.standing.now.capabilities["visit.moved_from"]
        assert "moved_from" not in here.hub.values["visit", "1"]
        assert {line.split()[0] for line in here.hub.told[before:]} == {"backfill"}, (
            "nothing of it happened in the clinic"
        )
        await here.check()


async def test_a_column_that_is_lost_under_way_costs_one_step(here: World) -> None:
    await here.load()
    here.clinic.drop("Receptions", "Comment")
    here.clinic.visit(5, 1001)
    await here.step()
    assert stands(here) == "refused"
    assert await changed(here) == ["live upsert visit 5"]
    assert stands(here) == "ok"


async def test_hints_of_a_large_table_come_now_and_then(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "HINTED_ROWS", 1000)
    await here.load()
    here.clinic.put("Orders", 10**6, ID_Receptions=1)
    await here.step(4)
    here.mis.asked.clear()
    await here.step(8)
    assert [query for query, _ in here.mis.asked].count("orders_changed") == 2


async def test_a_column_that_nothing_can_do_without_stops_everything(here: World) -> None:
    await here.load()
    here.clinic.drop("Receptions", "PlanStart")
    here.clinic.put("Receptions", 1, ReceptionCanceled=NOW)
    await here.step(2)
    assert stands(here) == "refused"
    assert "Receptions.PlanStart" in (here.standing.now.hint or "")


async def test_without_rowversions_the_tail_the_round_and_the_pass_carry_on() -> None:
    async with world() as here:
        furnish(here)
        here.clinic.drop("Receptions", "RowVersion")
        await here.load()
        await here.step(4)
        through = (await here.outbox.times())[0]
        assert through is not None
        here.clinic._db.execute("UPDATE Receptions SET PatientAppeared = PlanStart WHERE ID = 2")
        here.clinic._db.execute(
            "INSERT INTO Receptions (ID, PlanStart, PlanEnd) SELECT 5, PlanStart, PlanEnd FROM Receptions LIMIT 1"
        )
        await here.step(4)
        await here.deliver()
        await here.check()


async def test_without_the_servers_bound_everything_is_compared_at_every_step(here: World) -> None:
    here.mis.tells_rowversions = False
    await here.load()
    version = here.mis.begin(lambda v: here.clinic.visit(5, 1001, version=v))
    here.clinic.visit(6, 1001)
    assert await changed(here) == ["live upsert visit 6"]
    here.mis.commit(version)
    assert await changed(here) == ["live upsert visit 5"]
    assert here.standing.now.capabilities["server.bound"] is False


async def test_a_row_that_cannot_be_told_is_counted_and_not_read_again_and_again(here: World) -> None:
    here.clinic.visit(5, 1001, PlanEnd=datetime(2026, 11, 1))
    here.clinic.patient(1004, " ", CardNumber="1")
    here.clinic.put("Persons", 1004, Name=None, MobilePhone=None)
    await here.load()
    await here.step(2)
    assert here.standing.now.skipped == {"ends_before_start": 1, "nameless": 1}
    here.clinic.visit(6, 1002)
    await here.step()
    here.mis.asked.clear()
    here.clinic.visit(7, 1002)
    await here.step()
    assert [params for query, params in here.mis.asked if query == "visits_by_key"] == [((7,),)]
    here.clinic.visit(5, 1001)
    assert "live upsert visit 5" in await changed(here)
    assert here.standing.now.skipped == {"nameless": 1}


async def test_a_visit_that_is_near_is_looked_at_however_old_its_key(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide, "RANGE", 2)
    monkeypatch.setattr(decide, "LEAST_RANGE", 1)
    for key in (7, 8, 9):
        here.clinic.visit(key, 1002, -30)
    await here.load()
    await here.step()
    here.clinic.visit(2, 1001, 5)
    here.clinic.visit(9, 1002, -31)
    assert await changed(here) == ["live upsert visit 2", "live upsert visit 9"]
    assert ("visit_versions_by_key", ((2, 3, 4),)) in here.mis.asked


async def test_a_new_generation_reads_everything_again(here: World) -> None:
    await here.load()
    held = here.hub.values.copy()
    here.hub.held = {}
    here.hub.generation = 7
    here.clinic.delete("Receptions", 1)
    assert await here.connect()
    await here.load()
    assert here.hub.generation == 8
    assert held.keys() - here.hub.values.keys() == {("visit", "1")}, "what the pass did not bring has vanished"
    await here.check()


async def test_a_generation_that_begins_while_a_page_is_read_throws_the_page_away(here: World) -> None:
    await here.step()
    generation = await here.outbox.generation()
    here.hub.generation, here.hub.held = 5, {}

    real = here.outbox.generation

    async def generation_before() -> int:
        return generation

    await here.connect()
    here.outbox.generation = generation_before  # type: ignore[method-assign]
    assert await here.scan.step() == 0
    assert await here.outbox.cursor("load") is None
    here.outbox.generation = real  # type: ignore[method-assign]
    await here.load()
    await here.check()


# How much of the server it takes


async def test_pages_take_no_more_than_their_share() -> None:
    async with world(pace=Pace(0.5, share=0.02, verify_every_seconds=0)) as here:
        furnish(here)

        def page_takes(seconds: float) -> None:
            here.machine_time += seconds

        here.mis.after["patients_page"] = lambda: page_takes(0.04)
        await here.step()
        pages = {"patients_page", "visits_page"}
        for late, page in ((0.15, False), (0.02, True)):
            here.mis.asked.clear()
            here.machine_time += late
            await here.step()
            assert bool(pages & {query for query, _ in here.mis.asked}) is page, "the first load may take a fifth"


async def test_a_pass_begins_no_more_often_than_it_should() -> None:
    async with world(pace=Pace(0.5, share=1, verify_every_seconds=900)) as here:
        furnish(here)
        await here.load()
        verified = (await here.outbox.times())[1]
        here.clinic.pass_time(60)
        here.machine_time += 899
        await here.step(10)
        assert (await here.outbox.times())[1] == verified
        here.machine_time += 1
        await here.step(10)
        assert (await here.outbox.times())[1] == here.clinic.now.replace(tzinfo=MOSCOW)


@pytest.mark.parametrize(("error", "longest"), [(MisDown("08001 53"), 30), (MisBusy("42000 1222"), 5)])
async def test_who_does_not_answer_is_asked_more_and_more_seldom_however_long_it_takes(
    here: World, error: MisDown, longest: float
) -> None:
    here.scan._pace, here.scan._patience = Pace(every_seconds=0.5), Patience(0.5)
    here.mis.fails = lambda query: error
    waits = [await here.scan.step() for _ in range(1100)]  # a night
    assert waits[:3] == [1, 2, 4]
    assert set(waits[8:]) == {longest}
    here.mis.fails = lambda query: None
    assert await here.scan.step() == 0.5
