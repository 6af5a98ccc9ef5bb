"""The access journal: durable before the answer, in one chain, and whatever is done to it afterwards is found."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import OperationalError

from hub.accounts import grant_operation
from hub.clock import machine_now
from hub.panel.journal import Access, Entry, Journal, chained, read
from hub.store.engine import Store, Unit
from hub.store.panel_tables import accesses
from tests.hub.panel.serving import OTHER, install_two, visitor
from tests.hub.panel.tokens import ACCOUNT, USER

SUBJECTS = ("deal:15198335", "db_1:4410")


@pytest.fixture
async def both(store: Store) -> Store:
    """The store on each kind of database, with two accounts."""
    await install_two(store)
    return store


async def entries(store: Store, account_id: int = ACCOUNT) -> list[Entry]:
    async with store.reading(grant_operation(account_id)) as unit:
        return [entry async for entry in read(unit)]


async def note(store: Store, count: int = 1) -> None:
    journal = Journal(store)
    for number in range(count):
        await journal.note(visitor(), "card", (f"deal:{number}",))


async def test_a_note_stands_when_it_returns(both: Store) -> None:
    began = machine_now()
    await Journal(both).note(visitor(), "card", SUBJECTS)

    (entry,) = await entries(both)

    assert entry.holds
    assert (entry.n, entry.access.user_id, entry.access.action, entry.access.subjects) == (1, USER, "card", SUBJECTS)
    assert abs(entry.access.at - began).total_seconds() < 60


async def test_accounts_have_journals_of_their_own(both: Store) -> None:
    journal = Journal(both)
    for who in (visitor(), visitor(account_id=OTHER), visitor()):
        await journal.note(who, "card", SUBJECTS)

    assert [entry.n for entry in await entries(both)] == [1, 2]
    assert [(entry.n, entry.holds) for entry in await entries(both, OTHER)] == [(1, True)]


async def test_many_at_once_make_one_chain_and_few_commits(both: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = count_units(both, monkeypatch)
    async with asyncio.TaskGroup() as tasks:
        journal = Journal(both)
        for number in range(50):
            tasks.create_task(journal.note(visitor(number + 1), "card", SUBJECTS))

    found = await entries(both)
    assert [entry.n for entry in found] == list(range(1, 51))
    assert {entry.access.user_id for entry in found} == set(range(1, 51))
    assert all(entry.holds for entry in found)
    assert len(commits) == 2  # the first one went alone, the others while it was under way


def count_units(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    units: list[int] = []
    writing = store.writing

    @asynccontextmanager
    async def counted(account: Any) -> AsyncIterator[Unit]:
        units.append(account.id)
        async with writing(account) as unit:
            yield unit

    monkeypatch.setattr(store, "writing", counted)
    return units


async def test_two_processes_continue_one_chain(both: Store) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(10):
            tasks.create_task(Journal(both).note(visitor(number + 1), "card", SUBJECTS))

    assert [(entry.n, entry.holds) for entry in await entries(both)] == [(n, True) for n in range(1, 11)]


async def test_whoever_wrote_last_need_not_be_this_process(both: Store) -> None:
    one, other = Journal(both), Journal(both)
    for number, journal in enumerate((one, one, other, one, other, other, one)):
        await journal.note(visitor(number + 1), "card", SUBJECTS)

    found = await entries(both)

    assert [(entry.access.user_id, entry.holds) for entry in found] == [(n, True) for n in range(1, 8)]


async def test_rows_that_are_cut_off_while_the_hub_runs_leave_a_gap(both: Store) -> None:
    journal = Journal(both)
    for _ in range(2):
        await journal.note(visitor(), "card", SUBJECTS)
    await tamper(both, delete(accesses).where(ROW))
    await journal.note(visitor(), "card", SUBJECTS)

    assert [(entry.n, entry.holds) for entry in await entries(both)] == [(1, True), (3, False)]


def break_commits(store: Store, monkeypatch: pytest.MonkeyPatch, error: Callable[[], BaseException]) -> None:
    """The transaction dies at its very end, with all its rows written."""
    writing = store.writing

    @asynccontextmanager
    async def broken(account: Any) -> AsyncIterator[Unit]:
        async with writing(account) as unit:
            yield unit
            raise error()

    monkeypatch.setattr(store, "writing", broken)


async def test_without_a_commit_there_is_no_answer(both: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(both)
    failed: list[int] = []

    async def answer(user_id: int) -> None:
        try:
            await journal.note(visitor(user_id), "card", SUBJECTS)
        except OperationalError:
            failed.append(user_id)

    with monkeypatch.context() as broken:
        break_commits(both, broken, lambda: OperationalError("COMMIT", {}, OSError()))
        async with asyncio.TaskGroup() as tasks:
            for number in (1, 2, 3):
                tasks.create_task(answer(number))
    assert sorted(failed) == [1, 2, 3]
    assert await entries(both) == []

    await journal.note(visitor(), "card", SUBJECTS)
    assert [entry.holds for entry in await entries(both)] == [True]


async def test_when_the_one_who_commits_for_others_leaves_they_are_noted_all_the_same(
    both: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, groups = Journal(both), count_units(both, monkeypatch)
    begun, go = asyncio.Event(), asyncio.Event()
    counted = both.writing

    @asynccontextmanager
    async def slow(account: Any) -> AsyncIterator[Unit]:
        async with counted(account) as unit:
            yield unit
            begun.set()
            await go.wait()

    monkeypatch.setattr(both, "writing", slow)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(journal.note(visitor(1), "card", SUBJECTS))
        await begun.wait()
        second = tasks.create_task(journal.note(visitor(2), "card", SUBJECTS))
        third = tasks.create_task(journal.note(visitor(3), "card", SUBJECTS))
        await asyncio.sleep(0)
        go.set()
        while len(groups) < 2:  # noqa: ASYNC110 the second one begins to commit for both
            await asyncio.sleep(0)
        begun.clear()
        go.clear()
        await begun.wait()
        second.cancel()
        await asyncio.sleep(0)
        go.set()

    assert third.done()
    assert not third.cancelled()
    assert [(entry.access.user_id, entry.holds) for entry in await entries(both)] == [(1, True), (3, True)]


async def test_whoever_leaves_before_the_turn_is_not_noted(both: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(both)
    async with asyncio.TaskGroup() as tasks:
        async with both.writing(grant_operation(ACCOUNT)):  # the store is busy for a while
            tasks.create_task(journal.note(visitor(1), "card", SUBJECTS))
            left = tasks.create_task(journal.note(visitor(2), "card", SUBJECTS))
            await asyncio.sleep(0)
            left.cancel()
            await asyncio.sleep(0)

    assert [entry.access.user_id for entry in await entries(both)] == [1]


async def tamper(store: Store, statement: Any) -> None:
    async with store.writing(grant_operation(ACCOUNT)) as unit:
        await unit.execute(statement)


ROW = (accesses.c.account_id == ACCOUNT) & (accesses.c.n == 2)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        (update(accesses).where(ROW).values(user_id=USER + 1), 2),
        (update(accesses).where(ROW).values(action="search"), 2),
        (update(accesses).where(ROW).values(subjects='["deal:9"]'), 2),
        (update(accesses).where(ROW).values(subjects="nothing"), 2),
        (update(accesses).where(ROW).values(at=machine_now()), 2),
        (update(accesses).where(ROW).values(digest="0" * 64), 2),
        (update(accesses).where(ROW).values(n=7), 3),
        (delete(accesses).where(ROW), 3),
        (delete(accesses).where(accesses.c.n < 3), 3),
    ],
)
async def test_whatever_is_done_to_a_row_is_found(both: Store, statement: Any, broken: int) -> None:
    await note(both, 4)
    assert all(entry.holds for entry in await entries(both))

    await tamper(both, statement.execution_options())

    assert next(entry.n for entry in await entries(both) if not entry.holds) == broken


async def test_a_row_that_is_chained_again_breaks_the_next_one(both: Store) -> None:
    """Whoever knows how the digest is made would have to make all that follow."""
    await note(both, 3)
    first = (await entries(both))[0]
    async with both.reading(grant_operation(ACCOUNT)) as unit:
        before = (await unit.execute(select(accesses.c.digest).where(accesses.c.n == 1))).scalar_one()
    forged = Access(first.access.at, 999, "card", ("deal:1",))
    values = {"at": forged.at, "user_id": 999, "subjects": json.dumps(forged.subjects)}

    await tamper(both, update(accesses).where(ROW).values(digest=chained(before, ACCOUNT, 2, forged), **values))

    assert [(entry.n, entry.holds) for entry in await entries(both)] == [(1, True), (2, True), (3, False)]


async def test_a_row_of_another_account_does_not_fit(both: Store) -> None:
    await note(both, 1)
    async with both.writing(grant_operation(OTHER)) as unit:
        row = (await unit.execute(select(accesses))).one()
        await unit.execute(insert(accesses).values(**{**row._mapping, "account_id": OTHER}))

    assert [entry.holds for entry in await entries(both, OTHER)] == [False]


async def test_a_long_journal_is_read_to_its_end(both: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.panel.journal._PAGE", 3)
    await note(both, 7)

    found = await entries(both)

    assert [(entry.n, entry.holds) for entry in found] == [(n, True) for n in range(1, 8)]
    async with both.reading(grant_operation(ACCOUNT)) as unit:
        assert (await unit.execute(select(func.count()).select_from(accesses))).scalar_one() == 7
