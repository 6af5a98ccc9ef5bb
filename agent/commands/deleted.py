"""`ident-agent deleted yes`: believe that rows which went away all at once are deleted."""

import argparse

from agent.commands.places import folder_of
from agent.deleted import Word
from agent.status import last_status
from wire.errors import NeedsOperator

NAME = "deleted"
HELP = (
    "подтвердить, что записи, которые разом пропали из базы IDENT, правда удалены: deleted yes; передумать: deleted no"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Yes or no."""
    group = parser.add_argument_group("что указать")
    group.add_argument(
        "answer", choices=("yes", "no"), metavar="ОТВЕТ", help="yes: агент поверит один раз; no: не верить"
    )


def command(args: argparse.Namespace) -> bool:
    """Leave word for the agent, which looks again at once; no word where it asks nothing."""
    folder = folder_of(args)
    word, status = Word(folder), last_status(folder)
    try:
        if args.answer == "no":
            word.take_back()
        elif status is not None and status.doubted == {}:
            print(_NOTHING)
            return True
        else:
            word.give()
    except OSError:
        raise NeedsOperator(
            "Папка состояния закрыта для записи: запустите команду от имени службы или администратора."
        ) from None
    print(_DONE[args.answer])
    return True


_NOTHING = (
    "Подтверждать нечего: сейчас агент не сомневается ни в каких записях, и ничего не изменилось. Если он только что запущен, он сверит "
    "базу и спросит, если записей не хватает: вопрос покажет ident-agent status."
)
_DONE = {
    "yes": "Готово: агент сверит базу ещё раз и поверит, что пропавшие записи удалены. Слово действует на одну сверку, не дольше суток.",
    "no": "Готово: агент не считает пропавшие записи удалёнными.",
}
