"""`ident-hub agent`: a new one-time code for a clinic's agent; the end of an agent's right to speak; its return."""

import argparse
import asyncio

from hub.commands.tools import Commands, account_option, add_parser, ask_hub

_CODE = "agent code --account 31485922 --database db_1"
_REVOKE = "agent revoke ag_7QF3"
_RESUME = "agent resume ag_7QF3"


def add(commands: Commands) -> None:
    """The parsers."""
    group = add_parser(commands, "agent", "let agents in, and put them out", _CODE, _REVOKE, _RESUME).add_subparsers(
        metavar="VERB", required=True
    )
    code = add_parser(group, "code", "make a one-time code with which an agent enrols", _CODE)
    account_option(code, required=True)
    code.add_argument("--database", required=True, metavar="ID", help="as status shows it, e.g. db_1")
    code.set_defaults(act=make_code)
    revoke = add_parser(group, "revoke", "cut an agent off within a second, for good", _REVOKE)
    revoke.add_argument(
        "agent", metavar="AGENT", help="its id, as ident-agent check tells it in the clinic, e.g. ag_7QF3"
    )
    revoke.set_defaults(act=cut_off)
    resume = add_parser(group, "resume", "let a suspended agent speak again, once its twin is stopped", _RESUME)
    resume.add_argument("agent", metavar="AGENT", help="as status shows it, e.g. ag_7QF3")
    resume.set_defaults(act=let_speak)


def make_code(args: argparse.Namespace) -> None:
    """The code is the last word."""
    asked = {"account": args.account, "database": args.database}
    print(asyncio.run(ask_hub("agent-code", asked, args.account)))


def cut_off(args: argparse.Namespace) -> None:
    """Revoke it."""
    print(asyncio.run(ask_hub("agent-revoke", {"agent": args.agent})))


def let_speak(args: argparse.Namespace) -> None:
    """Resume it."""
    print(asyncio.run(ask_hub("agent-resume", {"agent": args.agent})))
