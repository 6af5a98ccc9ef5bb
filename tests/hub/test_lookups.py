"""A clinic is asked over a real socket: answers in parts, faults, silence, links that die under a question, and who leaves."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from agent import identity
from agent.link import Link
from agent.lookup import LookupFailed as AgentFailed
from agent.outbox import open_outbox
from agent.standing import Standing
from hub import agents
from hub.accounts import grant_agent
from hub.link.asks import MAX_UNDER_WAY
from hub.link.lookups import ClinicAway, ClinicFault, ClinicSilent, Lookups
from hub.metrics import REGISTRY
from hub.store.engine import Store
from tests.hub.linked import NOON, PATIENCE, Agent, Hub, Talk, eventually, serving
from tests.hub.pushes import visit
from wire.frames import Ack, Answer, Ask, Cancel, Fault
from wire.lookup import CardAnswer, CardQuestion, SearchQuestion
from wire.parts import cut

QUESTION = CardQuestion(phones=("+79990001234",))
READ_AT = NOON.isoformat()
NOBODY = {"patients": [], "read_at": READ_AT}
SHORT = 0.15


def one(name: str) -> dict[str, Any]:
    return {"patients": [{"id": "4410", "name": name}], "read_at": READ_AT}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the kind of database."""
    return sqlite_url


@pytest.fixture
async def hub(store: Store) -> AsyncIterator[Hub]:
    async with serving(store) as running:
        yield running


def lookups(hub: Hub, hold_seconds: float = PATIENCE) -> Lookups:
    return Lookups(hub.registry, hold_seconds)


def asking(
    tasks: asyncio.TaskGroup, by: Lookups, seconds: float = PATIENCE, question: CardQuestion = QUESTION
) -> "asyncio.Task[CardAnswer | str]":
    return tasks.create_task(card(by, seconds, question))


async def card(by: Lookups, seconds: float = PATIENCE, question: CardQuestion = QUESTION) -> CardAnswer | str:
    """The answer, or why there is none."""
    try:
        return await by.card(grant_agent(1), "db_1", question, seconds)
    except ClinicAway:
        return "away"
    except ClinicSilent:
        return "silent"
    except ClinicFault as fault:
        return fault.code


async def asked(talk: Talk) -> Ask:
    while not isinstance(frame := await talk.next(), Ask):
        assert isinstance(frame, Ack | Cancel), frame
    return frame


async def cancelled(talk: Talk) -> int:
    while not isinstance(frame := await talk.next(), Cancel):
        assert isinstance(frame, Ack), frame
    return frame.id


def names(answer: CardAnswer | str) -> list[str | None]:
    assert isinstance(answer, CardAnswer), answer
    return [patient.name for patient in answer.patients]


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("hub_lookups_total", {"ask": "card", "outcome": outcome}) or 0


async def gone(hub: Hub) -> None:
    """Until the hub knows that the link is lost."""

    async def look() -> bool:
        return not hub.registry.connected()

    await eventually(look)


async def drop(socket: ClientConnection) -> None:
    """As a cut cable: no goodbye."""
    socket.transport.abort()


async def test_a_card_is_asked_and_its_answer_read(hub: Hub) -> None:
    agent = await Agent(hub).enrol()
    async with agent.linked() as talk, asyncio.TaskGroup() as tasks:
        answer = asking(tasks, lookups(hub), seconds=3)
        ask = await asked(talk)
        assert (ask.ask, ask.args) == ("card", {"phones": ["+79990001234"]})
        assert 2000 < ask.deadline_ms <= 3000
        await talk.say(Answer(id=ask.id, value=one("Петров Пётр")))
        assert names(await answer) == ["Петров Пётр"]


async def test_a_search_is_asked_and_its_answer_read(hub: Hub) -> None:
    agent = await Agent(hub).enrol()
    async with agent.linked() as talk, asyncio.TaskGroup() as tasks:
        search = lookups(hub).search(grant_agent(1), "db_1", SearchQuestion(text="петров"), PATIENCE)
        answer = tasks.create_task(search)
        ask = await asked(talk)
        assert (ask.ask, ask.args) == ("search", {"text": "петров"})
        await talk.say(Answer(id=ask.id, value={"patients": [{"id": "4410", "next_visit_on": None}], "more": True}))
        assert [patient.id for patient in (await answer).patients] == ["4410"]


async def test_a_large_answer_comes_in_parts_between_pushes_and_other_answers(hub: Hub) -> None:
    agent = await Agent(hub).enrol()
    patients = [{"id": str(n), "name": f"{'ж' * 400} {n}"} for n in range(200)]
    async with agent.linked() as talk, asyncio.TaskGroup() as tasks:
        large, small = asking(tasks, lookups(hub)), asking(tasks, lookups(hub))
        first, second = await asked(talk), await asked(talk)
        parts = cut(first.id, {"patients": patients, "read_at": READ_AT})
        assert len(parts) > 4
        seq = 0
        for number, part in enumerate(parts):
            await talk.say(part)
            seq = await talk.push("live", visit(str(number)))
            if number == 1:
                await talk.say(Answer(id=second.id, value=NOBODY))
        assert names(await small) == []
        assert len(names(await large)) == 200
        await talk.acked(seq)


NO_ANSWERS = {
    "a patient without id": {"patients": [{"name": "Канарейкин"}], "read_at": READ_AT},
    "a field that nobody knows": {**NOBODY, "secret": 1},
    "no time": {"patients": []},
    "nothing": {},
}


@pytest.mark.parametrize("value", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
async def test_an_answer_that_cannot_be_read_is_a_fault_and_counted(hub: Hub, value: dict[str, Any]) -> None:
    agent, before = await Agent(hub).enrol(), counted("bad_answer")
    async with agent.linked() as talk, asyncio.TaskGroup() as tasks:
        answer = asking(tasks, lookups(hub))
        await talk.say(Answer(id=(await asked(talk)).id, value=value))
        assert await answer == "bad_answer"
        answer = asking(tasks, lookups(hub))  # the link goes on
        await talk.say(Answer(id=(await asked(talk)).id, value=NOBODY))
        assert names(await answer) == []
    assert counted("bad_answer") == before + 1


@pytest.mark.parametrize(
    ("code", "means"),
    [
        ("mis_down", "mis_down"),
        ("mis_refused", "mis_refused"),
        ("busy", "busy"),
        ("not_supported", "not_supported"),
        ("bad_question", "bad_question"),
        ("late", "silent"),
    ],
)
async def test_a_fault_says_why(hub: Hub, code: Any, means: str) -> None:
    agent = await Agent(hub).enrol()
    async with agent.linked() as talk, asyncio.TaskGroup() as tasks:
        answer = asking(tasks, lookups(hub))
        await talk.say(Fault(id=(await asked(talk)).id, code=code))
        assert await answer == means


async def test_a_silent_clinic_is_given_up_at_the_deadline_and_its_late_answer_dropped(hub: Hub) -> None:
    agent = await Agent(hub).enrol()
    async with agent.linked() as talk, asyncio.TaskGroup() as tasks:
        answer = asking(tasks, lookups(hub), seconds=SHORT)
        ask = await asked(talk)
        assert await answer == "silent"
        assert await cancelled(talk) == ask.id
        await talk.say(Answer(id=ask.id, value=one("Поздний")))
        answer = asking(tasks, lookups(hub))
        await talk.say(Answer(id=(await asked(talk)).id, value=one("Новый")))
        assert names(await answer) == ["Новый"]


async def test_whoever_leaves_cancels_the_question_in_the_clinic(hub: Hub) -> None:
    agent = await Agent(hub).enrol()
    async with agent.linked() as talk, asyncio.TaskGroup() as tasks:
        answer = asking(tasks, lookups(hub))
        ask = await asked(talk)
        answer.cancel()
        assert await cancelled(talk) == ask.id


async def test_at_most_sixteen_questions_are_under_way_on_a_link(hub: Hub) -> None:
    agent = await Agent(hub).enrol()
    async with agent.linked() as talk, asyncio.TaskGroup() as tasks:
        by = lookups(hub)
        answers = [asking(tasks, by) for _ in range(MAX_UNDER_WAY)]
        asks = [await asked(talk) for _ in answers]
        assert await card(by, SHORT) == "silent"  # it waited its turn, and was never sent
        further = asking(tasks, by)
        await talk.say(Fault(id=asks[0].id, code="mis_down"))
        asks[0] = await asked(talk)
        assert asks[0].id == MAX_UNDER_WAY + 1
        for ask in asks:
            await talk.say(Answer(id=ask.id, value=NOBODY))
        assert names(await further) == []
        assert await answers[0] == "mis_down"


async def test_a_question_whose_link_died_is_asked_again_on_the_next(hub: Hub) -> None:
    agent = await Agent(hub).enrol()
    async with asyncio.TaskGroup() as tasks:
        async with agent.linked() as talk:
            answers = [asking(tasks, lookups(hub)) for _ in range(3)]
            for _ in answers:
                await asked(talk)
            await drop(talk.socket)
        await gone(hub)
        answers.append(asking(tasks, lookups(hub)))  # in the gap
        async with agent.linked() as talk:
            for _ in answers:
                await talk.say(Answer(id=(await asked(talk)).id, value=one("Дождался")))
            assert [names(await answer) for answer in answers] == [["Дождался"]] * 4


async def test_a_question_follows_the_link_that_took_over(hub: Hub) -> None:
    agent = await Agent(hub).enrol()
    async with asyncio.TaskGroup() as tasks, agent.linked() as talk:
        answer = asking(tasks, lookups(hub))
        await asked(talk)
        async with agent.linked() as following:
            await following.say(Answer(id=(await asked(following)).id, value=NOBODY))
            assert names(await answer) == []


async def test_a_clinic_that_does_not_come_back_is_away_when_the_hold_is_over(hub: Hub) -> None:
    agent = await Agent(hub).enrol()
    async with asyncio.TaskGroup() as tasks:
        async with agent.linked() as talk:
            answer = asking(tasks, lookups(hub, SHORT))
            await asked(talk)
            await drop(talk.socket)
        assert await answer == "away"


async def test_a_clinic_that_is_away_for_long_is_away_at_once(hub: Hub) -> None:
    agent, loop = await Agent(hub).enrol(), asyncio.get_running_loop()
    async with agent.linked() as talk:
        await drop(talk.socket)
    await gone(hub)
    assert await card(lookups(hub, SHORT)) == "away"

    since = loop.time()
    assert await card(lookups(hub, SHORT)) == "away"
    assert loop.time() - since < SHORT / 2


async def test_the_hold_never_outlasts_the_deadline(hub: Hub) -> None:
    loop = asyncio.get_running_loop()
    since = loop.time()
    assert await card(lookups(hub), SHORT) == "away"
    assert loop.time() - since < PATIENCE / 2


async def test_a_hub_that_has_just_started_waits_for_its_agents(hub: Hub) -> None:
    agent = await Agent(hub).enrol()
    async with asyncio.TaskGroup() as tasks:
        answer = asking(tasks, lookups(hub))
        await asyncio.sleep(0)
        async with agent.linked() as talk:
            await talk.say(Answer(id=(await asked(talk)).id, value=NOBODY))
            assert names(await answer) == []


async def test_an_account_reaches_no_database_of_another(hub: Hub) -> None:
    agent = await Agent(hub).enrol()
    async with agent.linked():
        with pytest.raises(ClinicAway):
            await lookups(hub, 0).card(grant_agent(2), "db_1", QUESTION, PATIENCE)


# With the agent's real end


class Reception:
    """Knows one patient by phone; whoever asks for somebody else waits."""

    def __init__(self) -> None:
        self.left = asyncio.Event()

    async def answer(self, ask: Ask) -> dict[str, Any]:
        question = CardQuestion.model_validate(ask.args)
        if question.phones == QUESTION.phones:
            return {**one("я" * 400), "patients": [{"id": str(n), "name": "я" * 400} for n in range(100)]}
        if question.patient_ids:
            raise AgentFailed("mis_down")
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
        raise AssertionError


@asynccontextmanager
async def a_real_agent(hub: Hub, folder: Path, reception: Reception) -> AsyncIterator[None]:
    async with hub.store.writing(hub.account) as unit:
        code = await agents.new_code(unit, "db_1")
    who = await asyncio.to_thread(identity.enroll, folder, hub.address, code)
    async with open_outbox(folder / "outbox.db", secrets.token_bytes(32), ()) as outbox, asyncio.TaskGroup() as tasks:
        link = Link(
            who,
            outbox,
            Standing(),
            lookup=reception,
            state_every=1,
            fields=(),
            software="1",
            unit=0.2,
            luck=lambda: 0.05,
        )
        running = tasks.create_task(link.run())
        await eventually(outbox.generation)
        try:
            yield
        finally:
            running.cancel()


async def test_the_real_agent_answers_in_parts_faults_and_is_told_to_stop(hub: Hub, tmp_path: Path) -> None:
    reception, by = Reception(), lookups(hub)
    async with a_real_agent(hub, tmp_path, reception), asyncio.TaskGroup() as tasks:
        assert len(names(await card(by))) == 100
        assert await card(by, question=CardQuestion(patient_ids=("4410",))) == "mis_down"
        waits = asking(tasks, by, question=CardQuestion(phones=("+79990000199",)))
        assert len(names(await card(by))) == 100
        waits.cancel()
        async with asyncio.timeout(PATIENCE):
            await reception.left.wait()
