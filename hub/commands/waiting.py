"""`ident-hub parked` and `ident-hub asks`: what waits for a person, by id and reason; never a name."""

import argparse
import asyncio

from sqlalchemy import ColumnElement, Select, select, true

from hub.commands.tools import Commands, account_option, add_parser, ask_hub, open_hub
from hub.config import load
from hub.store.tables import outcomes, parked


def add(commands: Commands) -> None:
    """The parsers."""
    changes = add_parser(
        commands, "parked", "list what could not be read or delivered", "parked", "parked --account 31485922"
    )
    account_option(changes)
    changes.set_defaults(act=show_parked)
    _add_patient(commands)
    questions = add_parser(
        commands, "asks", "list what a person in the clinic has to choose", "asks", "asks --account 31485922"
    )
    account_option(questions)
    questions.set_defaults(act=show_asks)


def _add_patient(commands: Commands) -> None:
    patient = add_parser(
        commands, "patient", "say whose a card is whose name and birth date changed together", *_SAME_OR_ANOTHER
    )
    patient.add_argument("who", choices=("same", "another"))
    patient.add_argument("patient", metavar="PATIENT", help="as parked shows it, e.g. 4410")
    account_option(patient, required=True)
    patient.add_argument("--database", required=True, metavar="ID", help="as status shows it, e.g. db_1")
    patient.set_defaults(act=settle_patient)


_SAME_OR_ANOTHER = (
    "patient same 4410 --account 31485922 --database db_1",
    "patient another 4410 --account 31485922 --database db_1",
)


def settle_patient(args: argparse.Namespace) -> None:
    """The change is taken: the same person keeps contact and deals, another one begins without."""
    asked = {
        "account": args.account,
        "database": args.database,
        "patient": args.patient,
        "is_another": args.who == "another",
    }
    print(asyncio.run(ask_hub("patient-settle", asked, args.account)))


def show_parked(args: argparse.Namespace) -> None:
    """Changes that could not be read, then what amoCRM refused."""
    changes = select(
        parked.c.account_id, parked.c.database, (parked.c.kind + ":" + parked.c.key).label("subject"), parked.c.reason
    )
    _show(changes.where(_of(args, parked.c.account_id)), _outcomes(args, "park"))


def show_asks(args: argparse.Namespace) -> None:
    """What the rules ask."""
    _show(_outcomes(args, "ask"))


def _outcomes(args: argparse.Namespace, outcome: str) -> Select[tuple[int, str, str, str]]:
    listed = select(outcomes.c.account_id, outcomes.c.database, outcomes.c.subject, outcomes.c.reason)
    return listed.where(outcomes.c.outcome == outcome, _of(args, outcomes.c.account_id))


def _of(args: argparse.Namespace, column: ColumnElement[int]) -> ColumnElement[bool]:
    return true() if args.account is None else column == args.account


def _show(*statements: Select[tuple[int, str, str, str]]) -> None:
    rows = asyncio.run(_read(statements))
    for account, database, subject, reason in sorted(rows):
        print(f"{account} {database} {subject} {reason}")
    if not rows:
        print("Nothing waits.")


async def _read(statements: tuple[Select[tuple[int, str, str, str]], ...]) -> list[tuple[int, str, str, str]]:
    async with open_hub(load()) as store, store.hub_reading() as connection:
        found = [(await connection.execute(statement)).all() for statement in statements]
    return [(row.account_id, row.database, row.subject, row.reason) for rows in found for row in rows]
