"""`ident-agent enroll`: make this agent known to a hub, once."""

import argparse

from agent.commands.places import folder_of
from agent.identity import enroll

NAME = "enroll"
HELP = "зарегистрировать агента на хабе по одноразовому коду от интегратора"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which hub, with which code."""
    group = parser.add_argument_group("что указать")
    group.add_argument("hub", metavar="ХАБ", help="адрес хаба, например https://hub.example.ru")
    group.add_argument("code", metavar="КОД", help="одноразовый код; потерялся ответ хаба — нужен новый")


def command(args: argparse.Namespace) -> bool:
    """Ask the hub, keep its answer."""
    who = enroll(folder_of(args), args.hub, args.code)
    print(f"Готово: агент {who.agent} зарегистрирован на {who.hub_url}, база {who.database}.")
    print("Если служба ident-agent уже запущена, перезапустите её.")
    return True
