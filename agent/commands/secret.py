"""`ident-agent secret set`: keep the password of IDENT's login, apart from the config."""

import argparse
import getpass
import sys

from agent import secret
from agent.commands.places import folder_of
from wire.errors import NeedsOperator

NAME = "secret"
HELP = "сохранить пароль к базе IDENT (secret set)"
_NO_PASSWORD = "Пароль не введён: выполните ident-agent secret set ещё раз."  # noqa: S105 a sentence


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to do; there is one thing so far, and its name says that it writes."""
    group = parser.add_argument_group("что указать")
    group.add_argument(
        "verb", choices=["set"], metavar="set", help="сохранить; пароль вводится с клавиатуры или через |"
    )


def command(args: argparse.Namespace) -> bool:
    """Read it without showing it, keep it."""
    folder = folder_of(args)
    password = getpass.getpass("Пароль логина базы IDENT (не виден при вводе): ") if sys.stdin.isatty() else _piped()
    if not password:
        raise NeedsOperator(_NO_PASSWORD)
    secret.keep_password(folder, password)
    print("Готово: пароль сохранён. Проверьте его: ident-agent check.")
    return True


def _piped() -> str:
    """The first line. PowerShell may put a BOM before it; nothing else of it is changed: a password may end in a space."""
    raw = sys.stdin.buffer.readline()
    try:
        return raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise NeedsOperator(
            "Пароль пришёл не в UTF-8: выполните ident-agent secret set и введите его с клавиатуры."
        ) from None
