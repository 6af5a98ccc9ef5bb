"""A question is answered in time or not at all, leaves a line in the journal and nobody's name in the file."""

import asyncio
from pathlib import Path

import pytest

from agent.lookup.rate import PER_MINUTE, Rate
from agent.mis.port import MisBusy, MisChanged, MisDown, MisError, MisRefused
from agent.outbox import journal
from tests.agent.lookup.desk import Desk, ids, nothing
from tests.agent.mis.clinic import Clinic
from wire.frames import LaneStart, Welcome

ME = {"patient_ids": ["1001"]}


# In time


async def test_a_late_answer_is_a_fault(clinic: Clinic, here: Desk) -> None:
    async def never(_query: str) -> None:
        await asyncio.Event().wait()

    here.cards.before = never
    assert await here.fault("card", ME, deadline_ms=20) == "late"
    assert not here.cards.is_inside


async def test_who_waits_too_long_for_the_connection_is_late_too(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    await here.load()
    held, goes_on = asyncio.Event(), asyncio.Event()

    async def wait(_query: str) -> None:
        held.set()
        await goes_on.wait()

    here.cards.before = wait
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(here.card(ids=[1001]))
        await held.wait()
        assert await here.fault("card", ME, deadline_ms=20) == "late"
        assert await here.found("канарейкин") == {"1001"}  # a search has a connection of its own
        goes_on.set()
    assert ids(first.result()) == ["1001"]


async def test_a_cancelled_question_frees_the_connection_for_the_next(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    await here.load()
    held = asyncio.Event()

    async def wait(_query: str) -> None:
        held.set()
        await asyncio.Event().wait()

    here.cards.before = wait
    task = asyncio.get_running_loop().create_task(here.card(ids=[1001]))
    await held.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert not here.cards.is_inside

    here.cards.before = nothing
    assert ids(await here.card(ids=[1001])) == ["1001"]


async def test_many_questions_at_once_are_all_answered(clinic: Clinic, here: Desk) -> None:
    for key in range(1001, 1021):
        clinic.patient(key)
    await here.load()
    async with asyncio.TaskGroup() as tasks:
        asked = {key: tasks.create_task(here.card(ids=[key])) for key in range(1001, 1021)}
    assert {key: ids(task.result()) for key, task in asked.items()} == {key: [str(key)] for key in asked}


# What goes wrong


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MisDown("08001"), "mis_down"),
        (MisBusy("1222"), "busy"),
        (MisRefused("Проверьте логин.", "18456"), "mis_refused"),
        (MisChanged("Обновите агент.", code="207"), "mis_refused"),
    ],
)
async def test_a_database_that_does_not_answer_is_told_apart(
    clinic: Clinic, here: Desk, error: MisError, code: str
) -> None:
    clinic.patient(1001)
    await here.load()
    here.cards.fails = here.searches.fails = error
    assert await here.fault("card", ME) == code
    assert await here.fault("search", {"text": "канарейкин"}) == code
    assert not here.cards.is_inside

    here.cards.fails = here.searches.fails = None
    assert ids(await here.card(ids=[1001])) == ["1001"]
    assert await here.found("канарейкин") == {"1001"}


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"phones": [], "patient_ids": []},
        {"phones": ["89990000101"]},
        {"phones": "+79990000101"},
        {"phones": ["+79990000101"] * 21},
        {"patient_ids": [str(key) for key in range(21)]},
        {"patient_ids": [1001]},
        {"patient_ids": [""]},
        {"phones": [None]},
    ],
)
async def test_what_asks_for_nobody_or_everybody_is_no_question(here: Desk, args: dict[str, object]) -> None:
    assert await here.fault("card", args) == "bad_question"
    assert here.cards.asked == []


async def test_a_newer_hub_may_ask_more_than_we_understand(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    await here.load()
    assert await here.fault("card", {**ME, "newer": True}) == ""


async def test_the_clinic_answers_only_so_many_questions_a_minute(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    await here.load()
    codes = []
    for _ in range(PER_MINUTE["search"] + 1):
        codes.append(await here.fault("search", {"text": "канарейкин"}))
        here.seconds -= 60  # the desk lets a minute pass
    assert codes == [""] * PER_MINUTE["search"] + ["busy"]
    assert await here.fault("card", ME) == ""

    here.seconds += 60
    assert await here.fault("search", {"text": "канарейкин"}) == ""


def test_a_rate_counts_any_minute() -> None:
    rate = Rate(2)
    assert [rate.allows(at) for at in (0, 30, 59, 60, 61, 89, 90)] == [True, True, False, True, False, False, True]


async def test_the_connection_is_left_after_each_question(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    await here.load()
    await here.card(ids=[1001])
    await here.search("канарейкин")
    assert not here.cards.is_inside
    assert not here.searches.is_inside


# What stays behind


async def test_each_answer_is_in_the_journal_by_ids_alone(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    clinic.patient(1002)
    await here.load()
    await here.card("+79990001001", "+79990001002")
    await here.search("канарейкин пётр")
    await here.card("+79990009999")
    await here.fault("card", {})

    noted = await here.outbox.journal.last(9)
    assert [(each.question, each.ask, sorted(each.patients)) for each in noted] == [
        (3, "card", []),
        (2, "search", ["1001", "1002"]),
        (1, "card", ["1001", "1002"]),
    ]


async def test_what_cannot_be_noted_is_not_told(clinic: Clinic, here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.patient(1001)
    await here.load()

    async def full(_asked: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(here.outbox.journal, "note", full)
    with pytest.raises(OSError, match="No space"):
        await here.card(ids=[1001])


async def test_the_journal_does_not_grow_for_ever(clinic: Clinic, here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "KEPT", 3)
    clinic.patient(1001)
    await here.load()
    for _ in range(7):
        await here.card(ids=[1001])
    assert [each.question for each in await here.outbox.journal.last(99)] == [7, 6, 5]


async def test_the_file_holds_nobody_in_the_clear(clinic: Clinic, here: Desk, tmp_path: Path) -> None:
    clinic.patient(1001, CardNumber="К-778899", ParentSNP="Канарейкина Зоя")
    clinic.put("Persons", 1001, MobilePhone="8 (999) 000-12-34", Phone="+7 999 000 56 78")
    clinic.visit(1)
    await here.load()
    await here.card("+79990001234")
    await here.search("канарейкин 1234")
    await here.search("К-778899")

    held = b"".join(path.read_bytes() for path in tmp_path.glob("outbox.db*"))
    assert b"CREATE TABLE" in held
    assert b"1001" in held
    for secret in ("Канарейк", "канарейк", "кан", "Пётр", "петр", "9990001234", "0005678", "778899", "Зоя"):
        assert secret.encode() not in held, secret


# The index through the outbox's own turns


async def test_a_new_generation_finds_whom_the_old_one_found(clinic: Clinic, here: Desk) -> None:
    clinic.patient(1001)
    clinic.patient(1002)
    clinic.visit(1)
    await here.load()
    await here.outbox.resumed(Welcome(generation=2, lanes={"live": LaneStart(seq=0), "backfill": LaneStart(seq=0)}))
    clinic.delete("Patients", 1002)

    (patient,) = (await here.card("+79990001001")).patients
    assert [visit.id for visit in patient.visits] == ["1"]  # by the clinic's database: the outbox has forgotten it
    await here.load()

    assert await here.outbox.index.having([["phone +79990001001"]], 9) == [1001]
    assert await here.outbox.index.having([["phone +79990001002"]], 9) == []  # gone in between


async def test_no_other_database_is_asked_than_the_one_that_the_scan_knows(clinic: Clinic, here: Desk) -> None:
    """Its patients are other people under the same ids."""
    clinic.patient(1001)
    await here.load()
    here.standing.mis("refused", "Это другая база.")
    assert await here.fault("card", ME) == "mis_refused"
    here.standing.mis("ok")
    assert await here.fault("card", ME) == ""
    here.standing.mis("busy", is_known=False)  # it was away, and the scan has not looked again
    assert await here.fault("card", ME) == "busy"
    here.standing.mis("down", is_known=False)
    assert await here.fault("card", ME) == "mis_down"
    here.standing.mis("ok")
    here.standing.capabilities({})
    assert await here.fault("card", ME) == "mis_down"
    assert "look" not in here.cards.asked
