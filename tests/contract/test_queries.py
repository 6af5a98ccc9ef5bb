"""Every statement of the agent answers what it means, whatever the server; what it means is told by Python over the clinic's rows."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from sqlglot import exp

from agent.mis.book import SHIPPED
from agent.mis.port import Mis
from agent.mis.probe import examine
from agent.mis.statements import names
from demo.clinic.database import Database
from demo.clinic.make import create
from demo.clinic.schema import TABLES
from tests.agent.mis.golden import every_form
from tests.contract.mssql import SqlServer
from tests.contract.places import place
from tests.contract.reference import answer, samples

one_loop = pytest.mark.asyncio(loop_scope="module")

Tables: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contract") / "clinic.db"
    create(path, seed=3, visits=40, day=date(2026, 11, 24), zone="Europe/Moscow")
    return path


@pytest.fixture(scope="module")
def tables(made: Path) -> Tables:
    with Database(made) as database:
        return {name: list(database.rows(name)) for name in TABLES}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mis(made: Path, backend: SqlServer | None) -> AsyncIterator[Mis]:
    with place(made, backend) as there:
        async with there.open() as mis:
            yield mis


def comparable(rows: Sequence[Mapping[str, Any]], *, ordered: bool) -> list[Any]:
    """Each server gives out rowversions of its own; rows that nobody orders come in any order."""
    told = [{name: len(cell) if isinstance(cell, bytes) else cell for name, cell in row.items()} for row in rows]
    return told if ordered else sorted(told, key=lambda row: repr(sorted(row.items())))


@one_loop
@pytest.mark.parametrize("name", every_form())
async def test_a_statement_answers_what_it_means(name: str, mis: Mis, tables: Tables) -> None:
    tree = SHIPPED.query(name).tree
    order = tree.args.get("order")
    ordered = order is not None and order.find(exp.Column).name != "RowVersion"  # of one transaction they may be alike
    for params in samples(tree, tables):
        wanted = comparable(answer(tree, params, tables), ordered=ordered)

        found = comparable(await mis.fetch(name, *params), ordered=ordered)

        assert found == wanted
        assert [[type(cell) for cell in row.values()] for row in found] == [
            [type(cell) for cell in row.values()] for row in wanted
        ]


@pytest.mark.parametrize("name", every_form())
def test_the_clinic_holds_something_for_each_statement_to_find(name: str, tables: Tables) -> None:
    tree = SHIPPED.query(name).tree
    assert any(answer(tree, params, tables) for params in samples(tree, tables))


@one_loop
async def test_a_whole_clinic_offers_everything(mis: Mis) -> None:
    offer = examine(await mis.columns())

    assert offer.off == ()
    assert offer.queries == set(names())


@one_loop
async def test_any_number_of_keys_is_asked_for(mis: Mis, tables: Tables) -> None:
    keys = tuple(row["ID"] for row in tables["Receptions"])
    for count in (1, 2, 5, 6, 50, 51, 140, 200):
        assert len(await mis.fetch("visits_by_key", keys[:count])) == min(count, len(keys))
