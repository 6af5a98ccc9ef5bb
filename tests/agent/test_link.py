"""The link against a real socket: what arrives, what is sent again, and when it leaves."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import cast

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedOK
from websockets.http11 import Response

from agent.link.conversation import Conversation
from agent.link.credit import Credit
from agent.link.ending import OTHER_HUB, SUPERSEDED, SUSPENDED, UNKNOWN
from agent.link.line import Line, dial
from agent.link.times import Times
from agent.outbox import Outbox
from agent.standing import Standing
from tests.agent.hub_end import (
    NOON,
    Hub,
    HubConnection,
    huge,
    is_empty,
    keys,
    link_to,
    listening,
    long,
    owes,
    record,
    running,
    until,
)
from wire.frames import Ask, Cancel, Challenge, Fault, Goaway, Resend, State
from wire.lanes import chain
from wire.session import Phase, agent_session

# What arrives


async def test_what_was_recorded_arrives_and_is_forgotten_once_it_is_acked(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        hello = await hub.greet()
        push = await hub.push()
        assert (hello.agent, hello.generation, hello.fields) == ("ag_1", 1, ("visit.comment:off",))
        assert keys(push) == ["7", "8"]
        await hub.ack(push)

    await record(outbox, "7", "8")
    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done()
        await until(lambda: is_empty(outbox))


async def test_a_push_is_remembered_before_it_is_sent(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await hub.gone()
        assert not any('"t":"push"' in text for text in hub.texts)

    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(outbox, "pushed", full)
    await record(outbox, "7")
    hub = Hub(script)
    async with listening(hub):
        with pytest.raises(ExceptionGroup) as failed:  # and an error that nobody expected ends the agent
            await link_to(hub, outbox).run()
        await hub.done()

    assert failed.group_contains(OSError)


async def test_what_is_remembered_is_the_text_as_it_was_sent(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet()
        push = await hub.push()
        last = (await outbox.sent())["live"].last
        assert (last.seq, last.digest) == (push.seq, chain("", hub.texts[-1]))

    await record(outbox, "7")
    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done()


async def test_a_change_recorded_while_the_link_is_open_goes_at_once(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await hub.next(State)
        await record(outbox, "9")
        assert keys(await hub.push()) == ["9"]

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done()


async def test_live_goes_before_backfill(outbox: Outbox) -> None:
    pushed: list[list[str]] = []

    async def script(hub: HubConnection) -> None:
        await hub.greet(credit=8192)
        while sum(map(len, pushed)) < 61:
            push = await hub.push()
            pushed.append(keys(push))
            if len(pushed) == 1:
                await record(outbox, "late", lane="live")
            await hub.ack(push)

    await outbox.record([long(str(number)) for number in range(60)], lane="backfill")
    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done()

    assert len(pushed) > 3
    assert pushed[1] == ["late"]  # the first filled the credit
    assert [key for batch in pushed for key in batch if key != "late"] == [str(number) for number in range(60)]


# What was lost on the way


async def test_a_push_that_was_cut_off_goes_again(outbox: Outbox) -> None:
    async def cut(hub: HubConnection) -> None:
        await hub.greet()
        await hub.push()
        hub.drop()

    async def again(hub: HubConnection) -> None:
        hello = await hub.greet()
        assert [position.seq for position in hello.lanes["live"]] == [0, 2]
        push = await hub.push()
        assert (push.prev, keys(push)) == (0, ["7", "8"])
        await hub.ack(push)

    await record(outbox, "7", "8")
    hub = Hub(cut, again)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done(2)
        await until(lambda: is_empty(outbox))


async def test_a_push_whose_ack_was_lost_does_not_go_again(outbox: Outbox) -> None:
    async def no_ack(hub: HubConnection) -> None:
        await hub.greet()
        await hub.push()
        hub.drop()

    async def holds_it(hub: HubConnection) -> None:
        await hub.greet(live=2)
        assert isinstance(await hub.frame(), State)
        await record(outbox, "9")
        push = await hub.push()
        assert (push.prev, keys(push)) == (2, ["9"])

    await record(outbox, "7", "8")
    hub = Hub(no_ack, holds_it)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done(2)


async def test_a_new_generation_empties_the_outbox_for_a_full_pass(outbox: Outbox) -> None:
    async def fresh(hub: HubConnection) -> None:
        await hub.greet(generation=2)

    await record(outbox, "7")
    hub = Hub(fresh)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done()
        await until(lambda: is_generation(outbox, 2))
        assert await is_empty(outbox)


@pytest.mark.parametrize("broken", [{"generation": 0}, {"live": 5}], ids=["an older generation", "a seq never sent"])
async def test_a_welcome_that_cannot_be_true_is_left(outbox: Outbox, broken: dict[str, int]) -> None:
    codes: list[int] = []

    async def script(hub: HubConnection) -> None:
        await hub.greet(**broken)
        codes.append(await hub.gone())

    await record(outbox, "7")
    hub = Hub(script)
    async with listening(hub):
        await link_to(hub, outbox).step()
        await hub.done()

    assert codes == [4409]
    assert not await is_empty(outbox)


# How much may be under way


async def test_no_more_than_the_credit_is_under_way(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet(credit=16_384)
        first = await hub.push()
        await hub.pushes_now()
        assert 8_192 <= sum(len(text.encode()) for text in hub.texts if '"t":"push"' in text) <= 16_384
        await hub.ack(first)
        await hub.push()

    await outbox.record([long(str(number)) for number in range(200)], lane="backfill")
    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done()


async def test_a_change_that_is_larger_than_the_credit_goes_alone(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet(credit=12_000)
        first = await hub.push()
        await outbox.record([huge("2")], lane="live")
        assert await hub.pushes_now() == []
        await hub.ack(first)
        assert keys(await hub.push()) == ["2"]

    await outbox.record([owes("1")], lane="live")
    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done()


async def test_a_push_holds_at_most_64_kib(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet(credit=1 << 20)
        count = 0
        while count < 400:
            push = await hub.push()
            count += len(push.changes)
            assert len(hub.texts[-1].encode()) <= 65_536

    await outbox.record([long(str(number)) for number in range(400)], lane="backfill")
    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done()


# Life


async def test_a_half_open_line_is_found_within_the_silence_allowed(outbox: Outbox) -> None:
    async def deaf(hub: HubConnection) -> None:
        await hub.greet()
        hub.ws.transport.pause_reading()  # the socket stays open, nothing is answered any more

    unit = 0.1
    hub = Hub(deaf)
    async with listening(hub):
        link = link_to(hub, outbox, unit=unit)
        step = asyncio.get_running_loop().create_task(link.step())
        await hub.done()
        begun = asyncio.get_running_loop().time()
        ending = await step
        took = asyncio.get_running_loop().time() - begun

    assert ending.code == "silent"
    assert 3 * unit <= took <= 10 * unit  # 5, of which a beat may have been heard in between


async def test_a_line_that_broke_under_its_load_is_loaded_less_the_next_time(outbox: Outbox) -> None:
    async def deaf(hub: HubConnection) -> None:
        await hub.greet(credit=65_536)
        hub.ws.transport.pause_reading()

    async def slow(hub: HubConnection) -> None:
        await hub.greet(credit=65_536)
        await hub.push()
        await hub.pushes_now()
        assert sum(len(text.encode()) for text in hub.texts if '"t":"push"' in text) <= 32_768

    await outbox.record([long(str(number)) for number in range(200)], lane="backfill")
    hub = Hub(deaf, slow)
    async with listening(hub), running(link_to(hub, outbox, unit=0.1)):
        await hub.done(2)


async def test_any_received_byte_counts_as_life(outbox: Outbox) -> None:
    unit = 0.1

    async def slow(hub: HubConnection) -> None:
        await hub.greet()
        hub.ws.transport.pause_reading()  # so no ping is answered
        frame = b'{"t":"cancel","id":1}'
        for byte in bytes([0x81, len(frame)]) + frame:
            hub.ws.transport.write(bytes([byte]))
            await asyncio.sleep(unit)

    hub = Hub(slow)
    async with listening(hub):
        link = link_to(hub, outbox, unit=unit)
        step = asyncio.get_running_loop().create_task(link.step())
        await hub.done()

        assert not step.done()
        assert (await step).code == "silent"


async def test_a_beat_keeps_a_line_where_nothing_else_happens(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet(beat=2)
        async with asyncio.timeout(12 * 0.1):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(11 * 0.1):
                    await hub.next(Fault)

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, unit=0.1)):
        await hub.done()

    assert len(hub.connections) == 1


# What is told


async def test_the_first_state_tells_everything(outbox: Outbox) -> None:
    told: list[State] = []

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        told.append(await hub.next(State))

    standing = Standing()
    standing.mis("ok")
    standing.capabilities({"order_journal": True})
    standing.skipped({"visit.start": 2})
    await outbox.record([], lane="live", read_through=NOON, verified_through=NOON - timedelta(minutes=9))
    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, standing)):
        await hub.done()

    (state,) = told
    assert (state.mis, state.capabilities, state.skipped) == ("ok", {"order_journal": True}, {"visit.start": 2})
    assert (state.read_through, state.verified_through) == (NOON, NOON - timedelta(minutes=9))
    assert (state.clock_offset_seconds, state.outbox.live) == (0.0, 0)


async def test_a_change_of_the_mis_is_told_at_once(outbox: Outbox) -> None:
    standing = Standing()

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        assert (await hub.next(State)).mis == "down"
        standing.mis("refused", "Проверьте пароль.")
        assert (await hub.next(State)).mis == "refused"

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, standing)):
        await hub.done()


async def test_an_emptied_outbox_is_told_at_once(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await hub.next(State)
        later = NOON + timedelta(minutes=1)
        await outbox.record([owes("7")], lane="live", read_through=later)
        await hub.ack(await hub.push())
        state = await hub.next(State)
        assert (state.outbox.live, state.read_through) == (0, later)

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, state_every=3600)):
        await hub.done()


async def test_a_state_comes_now_and_then_without_a_change(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await hub.next(State)
        await outbox.record([], lane="live", read_through=NOON)
        await hub.next(State, lambda state: state.read_through == NOON)

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, state_every=0.05)):
        await hub.done()


async def test_read_through_alone_is_not_told_before_its_time(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await hub.next(State)
        for minute in range(5):
            await outbox.record([], lane="live", read_through=NOON + timedelta(minutes=minute))
        await hub.send(Ask(id=5, ask="card", deadline_ms=1000))
        assert isinstance(await hub.frame(), Fault)

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox, state_every=3600)):
        await hub.done()


# What is asked


async def test_questions_are_answered_with_a_fault_for_now(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await hub.send(Ask(id=77, ask="card", args={}, deadline_ms=3000))
        await hub.send(Cancel(id=76))
        fault = await hub.next(Fault)
        assert (fault.id, fault.code) == (77, "not_supported")

    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done()


async def test_a_resend_makes_the_next_reading_go_again(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await hub.ack(await hub.push())
        await hub.send(Resend(kind="balance", keys=("7",)))
        await hub.send(Ask(id=1, ask="card", deadline_ms=1000))
        await hub.next(Fault)  # the resend was taken in before
        await record(outbox, "7", "8")
        assert keys(await hub.push()) == ["7"]

    await record(outbox, "7", "8")
    hub = Hub(script)
    async with listening(hub), running(link_to(hub, outbox)):
        await hub.done()


# When it leaves


async def test_a_goaway_is_followed_by_a_new_connection_after_the_given_time(outbox: Outbox) -> None:
    async def restart(hub: HubConnection) -> None:
        await hub.greet()
        await hub.send(Goaway(after_seconds=3, reason="restart"))
        assert await hub.gone() == 1000

    hub = Hub(restart)
    async with listening(hub):
        link = link_to(hub, outbox, unit=0.5, luck=0.9)
        ending = await link.step()
        await hub.done()

    assert ending.code == "goaway"
    assert link.pause(ending) == 3 * 0.5


@pytest.mark.parametrize("how", ["goaway", "close", "at once"])
async def test_a_superseded_agent_says_what_to_do_and_comes_back_in_five_minutes(outbox: Outbox, how: str) -> None:
    async def script(hub: HubConnection) -> None:
        if how == "at once":
            await hub.challenge()
            await hub.ws.close(4408)
            return
        await hub.greet()
        await (hub.send(Goaway(reason="superseded")) if how == "goaway" else hub.ws.close(4408))

    hub = Hub(script)
    async with listening(hub):
        link = link_to(hub, outbox, luck=0.9)
        pause = link.pause(await link.step())

    assert (pause, link.stand.phase, link.stand.hint) == (300, "waiting", SUPERSEDED)


async def test_a_superseded_agent_says_on_which_computer_the_other_one_runs_and_stays_itself(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    instances = []

    async def superseded(hub: HubConnection) -> None:
        instances.append((await hub.greet()).instance)
        await hub.send(Goaway(reason="superseded", computer="ПК-2"))

    hub = Hub(superseded, superseded)
    async with listening(hub):
        link = link_to(hub, outbox)
        for _ in range(2):
            link.pause(await link.step())

    assert "на компьютере ПК-2" in (link.stand.hint or "")
    assert instances[0] == instances[1]  # or the hub would take it for a restart
    logged = "".join(str(vars(record)) for record in caplog.records)
    assert SUPERSEDED in logged
    assert "ПК-2" not in logged


@pytest.mark.parametrize(("code", "hint"), [(4401, UNKNOWN), (4403, SUSPENDED)])
async def test_a_revoked_or_suspended_agent_says_so_and_retries_slowly(outbox: Outbox, code: int, hint: str) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.challenge()
        await hub.ws.close(code)

    hub = Hub(script)
    async with listening(hub):
        link = link_to(hub, outbox, luck=0.5)
        pause = link.pause(await link.step())

    assert (pause, link.stand.phase, link.stand.hint) == (300, "waiting", hint)


@pytest.mark.parametrize(
    ("status", "slow", "hint"),
    [(401, True, UNKNOWN), (403, True, SUSPENDED), (408, False, None), (429, False, None), (503, False, None)],
)
async def test_no_http_status_ends_the_agent(outbox: Outbox, status: int, slow: bool, hint: str | None) -> None:
    hub = Hub(refuse=lambda: Response(status, HTTPStatus(status).phrase, Headers()))
    async with listening(hub):
        link = link_to(hub, outbox, luck=0.5)
        pause = link.pause(await link.step())

    assert pause == (300 if slow else 0.5)
    assert hint is None or link.stand.hint == hint


async def test_a_hub_that_cannot_be_reached_is_tried_again_with_growing_jitter(outbox: Outbox) -> None:
    hub = Hub()
    async with listening(hub):
        pass  # its port is closed now
    link = link_to(hub, outbox, luck=0.5)

    pauses = [link.pause(await link.step()) for _ in range(9)]

    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


async def test_a_stable_connection_makes_the_next_pause_short_again(outbox: Outbox) -> None:
    unit = 0.005  # a stable minute is 0.3 s

    async def stable(hub: HubConnection) -> None:
        await hub.greet(beat=1)
        await asyncio.sleep(61 * unit)
        await hub.ws.close()

    async def short(hub: HubConnection) -> None:
        await hub.greet(beat=1)
        await hub.ws.close()

    hub = Hub(short, short, stable)
    async with listening(hub):
        link = link_to(hub, outbox, unit=unit, luck=0.5)
        link._times = replace(link._times, silence=5, opening=5)
        pauses = [link.pause(await link.step()) / unit for _ in range(3)]

    assert pauses == [0.5, 1, 0.5]


async def test_a_connection_without_our_protocol_is_left(outbox: Outbox) -> None:
    hub = Hub()
    async with listening(hub, protocol=None):
        ending = await link_to(hub, outbox).step()

    assert ending.code == "no_protocol"


async def test_nothing_is_signed_for_another_hub(outbox: Outbox) -> None:
    async def script(hub: HubConnection) -> None:
        await hub.send(Challenge(nonce="n1", hub="hub_2", time=NOON))
        await hub.gone()
        assert hub.texts == []

    hub = Hub(script)
    async with listening(hub):
        ending = await link_to(hub, outbox).step()
        await hub.done()

    assert ending.hint == OTHER_HUB


async def test_a_hub_that_breaks_the_rules_is_left_with_a_code(outbox: Outbox) -> None:
    codes: list[int] = []

    async def malformed(hub: HubConnection) -> None:
        await hub.greet()
        await hub.ws.send('{"t":"nonsense"}')
        codes.append(await hub.gone())

    async def unexpected(hub: HubConnection) -> None:
        await hub.ws.send('{"t":"ack","lane":"live","seq":1}')
        codes.append(await hub.gone())

    hub = Hub(malformed, unexpected)
    async with listening(hub):
        link = link_to(hub, outbox)
        for _ in range(2):
            await link.step()
        await hub.done(2)

    assert codes == [4400, 4409]


async def test_it_counts_as_connected_only_after_the_welcome(outbox: Outbox) -> None:
    seen: list[str] = []

    async def script(hub: HubConnection) -> None:
        await hub.challenge()
        seen.append(link.stand.phase)
        await hub.ws.close()

    async def welcomes(hub: HubConnection) -> None:
        await hub.greet()
        await hub.next(State)
        seen.append(link.stand.phase)

    hub = Hub(script, welcomes)
    async with listening(hub):
        link = link_to(hub, outbox)
        async with running(link):
            await hub.done(2)

    assert seen == ["dialling", "open"]
    assert link.stand.since == NOON


async def test_cancelling_says_goodbye(outbox: Outbox) -> None:
    codes: list[int] = []

    async def script(hub: HubConnection) -> None:
        await hub.greet()
        await hub.next(State)
        codes.append(await hub.gone())

    hub = Hub(script)
    async with listening(hub):
        async with running(link_to(hub, outbox)):
            await until(lambda: was_greeted(hub))
        await hub.done()

    assert codes == [1001]


async def test_leaving_does_not_wait_until_a_full_buffer_was_written() -> None:
    async def deaf(hub: HubConnection) -> None:
        hub.ws.transport.pause_reading()

    hub = Hub(deaf)
    async with listening(hub):
        line = await dial(hub.url, "1.0.0", Times())
        await hub.done()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(send_for_ever(line), 0.3)

        async with asyncio.timeout(3):
            await line.leave(1001, patience=0.1)

    assert line.transport.is_closing()


# Helpers


async def send_for_ever(line: Line) -> None:
    while True:
        await line.send("x" * 65_536)


async def is_generation(outbox: Outbox, number: int) -> bool:
    return await outbox.generation() == number


async def was_greeted(hub: Hub) -> bool:
    return bool(hub.connections) and len(hub.connections[0].texts) > 1


# When it is told to stop


class FakeLine:
    """A line that ends when a test says so."""

    close_code = 1001

    def __init__(self) -> None:
        self.ends, self.reads = asyncio.Event(), asyncio.Event()
        self.heard_at = asyncio.get_running_loop().time()
        self.left = False
        self.as_it_ends: Callable[[], object] = lambda: None

    async def recv(self) -> str:
        self.reads.set()
        await self.ends.wait()
        raise ConnectionClosedOK(None, None)

    async def send(self, text: str) -> None:
        """Nobody hears it."""

    async def ping(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.as_it_ends()

    async def leave(self, code: int, patience: float) -> None:
        self.left = True


@pytest.mark.parametrize("stops", ["never", "with the end", "as the rest ends"])
async def test_an_order_to_stop_that_meets_the_end_of_the_link_is_obeyed(outbox: Outbox, stops: str) -> None:
    line, session = FakeLine(), agent_session()
    session.phase = Phase.OPEN
    conversation = Conversation(
        cast(Line, line),
        session,
        Credit(131072, 1),
        outbox=outbox,
        standing=Standing(),
        lookup=None,
        offset=0,
        state_every=60,
        times=Times(),
        beat=60,
    )
    async with asyncio.TaskGroup() as tasks:
        talk = tasks.create_task(conversation.run())
        await line.reads.wait()
        if stops == "as the rest ends":
            line.as_it_ends = talk.cancel
        line.ends.set()
        if stops == "with the end":
            talk.cancel()

    assert (talk.cancelled(), line.left) == (stops != "never", stops == "never")
