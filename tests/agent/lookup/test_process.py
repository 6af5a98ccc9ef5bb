"""The agent as a real process, asked by a hub beside its first load."""

from datetime import date
from itertools import count
from pathlib import Path

from demo.clinic.make import create
from tests.agent.hub_end import Hub, HubConnection, listening
from tests.agent.processes import config, ended, running
from wire.frames import Ack, Answer, Ask, PassBegin, PassEnd, Push, State
from wire.lookup import CardAnswer, CardQuestion, SearchAnswer, SearchQuestion
from wire.parts import joined


async def test_a_running_agent_answers_a_card_and_a_search_and_logs_nobody(tmp_path: Path) -> None:
    create(tmp_path / "clinic.db", seed=1, visits=20, day=date(2026, 11, 24), zone="Europe/Moscow")
    card, found = CardQuestion(phones=("+79990001234",)), SearchQuestion(text="канарейкин 1234")

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        numbers = count(1)
        cards: list[CardAnswer] = []
        while not cards or cards[-1].partial:
            match frame := await hub.frame():
                case Push() | PassBegin() | PassEnd():
                    await hub.send(Ack(lane=frame.lane, seq=frame.seq))
                case State():
                    await hub.send(Ask(id=next(numbers), ask="card", args=card.dump(), deadline_ms=5000))
                case Answer():
                    cards.append(CardAnswer.model_validate(joined([frame])))
        assert [patient.name for patient in cards[-1].patients] == ["Канарейкин Кеша Клеткович"]
        await hub.send(Ask(id=0, ask="search", args=found.dump(), deadline_ms=5000))
        answer = await hub.next(Answer, lambda answer: answer.id == 0)
        told = SearchAnswer.model_validate(joined([answer]))
        assert [patient.id for patient in told.patients] == [patient.id for patient in cards[-1].patients]

    hub = Hub(script)
    async with listening(hub):
        address = hub.enroll(tmp_path / "state")
        async with running("run", "--config", config(tmp_path, address)) as process:
            await hub.done()
            process.terminate()
            end = await ended(process)

    assert end.code == 0, end.err
    held = b"".join(path.read_bytes() for path in (tmp_path / "state").glob("outbox.db*"))
    assert not [secret for secret in ("Канарейкин", "канарейкин", "9990001234") if secret in end.said]
    assert not [secret for secret in ("Канарейкин", "канарейкин", "9990001234") if secret.encode() in held]
