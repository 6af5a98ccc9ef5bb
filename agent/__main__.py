"""The command line: reads it, runs the command, turns how it ended into an exit code."""

import argparse
import io
import logging
import sys
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import NoReturn

from agent.app import hint_in
from agent.commands import check, deleted, enroll, pause, reconcile_money, run, secret, status
from agent.commands.places import add_places
from agent.toml import ConfigError
from wire import log
from wire.errors import NeedsOperator

logger = logging.getLogger("agent")

OK, CONFIG, OPERATOR = 0, 2, 3  # 1 is Python's own, for an error that nobody caught
COMMANDS = (run, enroll, secret, check, status, pause, deleted, reconcile_money)
EPILOG = "Код возврата: 0 всё в порядке, 1 неожиданная ошибка, 2 ошибка в настройках или в команде, 3 нужны действия человека."


class _Russian(argparse.HelpFormatter):
    """argparse speaks English only where nobody translates it."""

    def add_usage(self, usage, actions, groups, prefix=None) -> None:  # type: ignore[no-untyped-def]  # argparse's own private types
        super().add_usage(usage, actions, groups, "Как вызывать: " if prefix is None else prefix)


class _Parser(argparse.ArgumentParser):
    def __init__(self, **options: object) -> None:
        super().__init__(add_help=False, formatter_class=_Russian, **options)  # type: ignore[arg-type]  # passed on as they came
        self.add_argument_group("справка").add_argument("-h", "--help", action="help", help="показать эту справку")

    def error(self, message: str) -> NoReturn:  # noqa: ARG002 its text is English
        self.print_usage(sys.stderr)
        self.exit(CONFIG, "Команда не понята: посмотрите ident-agent --help.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    _speak_utf8()
    sys.excepthook, threading.excepthook = _failed, _failed_in_thread
    args = parser().parse_args(argv)
    code = OK
    try:
        code = OK if args.command(args) else OPERATOR
    except* ConfigError as group:
        for error in group.exceptions:
            print(error, file=sys.stderr)
        code = CONFIG
    except* NeedsOperator as group:
        print(hint_in(group), file=sys.stderr)
        code = OPERATOR
    return code


def parser() -> argparse.ArgumentParser:
    """What can be typed."""
    whole = _Parser(
        prog="ident-agent", description="Агент читает базу IDENT в клинике и передаёт изменения хабу.", epilog=EPILOG
    )
    commands = whole.add_subparsers(title="команды", metavar="КОМАНДА", required=True)
    for module in COMMANDS:
        its = commands.add_parser(
            module.NAME, help=module.HELP, description=f"{module.HELP[0].upper()}{module.HELP[1:]}."
        )
        module.arguments(its)
        add_places(its)
        its.set_defaults(command=module.command)
    return whole


def _speak_utf8() -> None:
    """Whatever the console's code page: a text that is not shown well is better than a command that fails."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _failed(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """What nobody expected: places and types only. The text of an exception may quote a row."""
    if isinstance(error, KeyboardInterrupt):
        return  # Ctrl+C in a command
    log.set_up()
    for leaf in _leaves(error):
        logger.error("agent.failed", exc_info=leaf, extra={"fields": {}})


def _failed_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _failed(args.exc_type, args.exc_value, args.exc_traceback)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


if __name__ == "__main__":
    sys.exit(main())
