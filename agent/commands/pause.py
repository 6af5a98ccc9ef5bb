"""`ident-agent pause 1h`: ask the running agent to stay out of IDENT's database for a while."""

import argparse

from agent import away, clock
from agent.commands.places import folder_of
from wire.errors import NeedsOperator

NAME = "pause"
HELP = "не заходить в базу IDENT какое-то время: pause 1h, pause 30m; вернуться раньше: pause off"
_WRONG = "Срок паузы не понят: напишите, например, ident-agent pause 1h или ident-agent pause 30m, не больше 24h."
_CLOSED = "Папка состояния закрыта для записи: запустите команду от имени службы или администратора."


def arguments(parser: argparse.ArgumentParser) -> None:
    """For how long."""
    group = parser.add_argument_group("что указать")
    group.add_argument("length", metavar="СРОК", help="1h, 30m, не больше 24h; off заканчивает паузу")


def command(args: argparse.Namespace) -> bool:
    """Leave word for the agent; it looks several times a second."""
    folder = folder_of(args)
    try:
        if args.length == "off":
            print(_ended(was_paused=away.resume(folder)))
            return True
        lasts = away.length(args.length)
        if lasts is None:
            raise NeedsOperator(_WRONG)
        until = clock.now() + lasts
        away.pause(folder, until)
    except OSError:
        raise NeedsOperator(_CLOSED) from None
    print(f"Готово: агент не заходит в базу IDENT до {until.astimezone():%d.%m.%Y %H:%M}.")
    print("Вышел ли он уже, покажет ident-agent status; вернуться раньше: ident-agent pause off.")
    return True


def _ended(*, was_paused: bool) -> str:
    return "Готово: пауза закончена, агент снова читает базу IDENT." if was_paused else "Паузы нет."
