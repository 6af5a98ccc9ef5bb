"""Every log line of ours has a literal event in the form noun.past_participle, and fields by name only. What the fields may be is
checked by mypy against `wire.log.Fields`; that an event is a literal, mypy does not check."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("wire", "agent", "hub", "demo")
LEVELS = {"debug", "info", "warning", "error"}
EVENT = re.compile(r"[a-z_]+\.[a-z_]+")
IRREGULAR = {
    "sent", "lost", "begun", "cut", "read", "broken", "heard", "known", "kept", "taken", "put", "left", "stuck", "outrun",
    "found", "told", "gone", "held", "met", "spent", "shown", "written", "torn", "woken", "set", "hidden", "made", "built",
}  # fmt: skip
FIELDS = set(re.findall(r"^    (\w+): ", (ROOT / "wire" / "log.py").read_text("utf-8"), re.MULTILINE))


def problems(source: str) -> list[str]:
    """What is wrong with the log calls of a module, by line."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _level(node.func)]
    return [f"{call.lineno}: {problem}" for call in calls for problem in _wrong(call)]


def _level(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr in LEVELS
        and isinstance(function.value, ast.Name)
        and function.value.id in ("log", "logger", "logging")
    )


def _wrong(call: ast.Call) -> list[str]:
    assert isinstance(call.func, ast.Attribute)
    assert isinstance(call.func.value, ast.Name)
    if call.func.value.id != "log":
        return [] if _is_last_resort(call) else ["write through wire.log"]
    if len(call.args) != 2:
        return ["give a logger and an event, and the rest by name"]
    event = call.args[1]
    if not isinstance(event, ast.Constant) or not isinstance(event.value, str):
        return ["name the event by a literal"]
    unknown = [f"{word.arg} is no field" for word in call.keywords if word.arg and word.arg not in FIELDS]
    return unknown + ([] if _is_event(event.value) else [f"{event.value} is no noun.past_participle"])


def _is_last_resort(call: ast.Call) -> bool:
    """The hook for what nobody expected: an event and a traceback, which our formatter tells by types and places."""
    words = {word.arg: ast.unparse(word.value) for word in call.keywords}
    event = call.args[0] if len(call.args) == 1 else None
    if not isinstance(event, ast.Constant) or not _is_event(str(event.value)):
        return False
    return set(words) == {"exc_info", "extra"} and words["extra"] == "{'fields': {}}"


def _is_event(event: str) -> bool:
    verb = event.partition(".")[2].split("_")[0].removeprefix("un")
    return bool(EVENT.fullmatch(event)) and (verb.endswith("ed") or verb in IRREGULAR)


MODULES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if path != ROOT / "wire" / "log.py"  # it hands on what it was given
]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_log_lines_cannot_hold_a_person(path: Path) -> None:
    assert problems(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('log.info(logger, "outbox.pushed", seq=1)', []),
        ('log.info(logger, "link.opened", **names)', []),
        ('log.info(logger, "outbox.pushed", phone=1)', ["1: phone is no field"]),
        ('log.info(logger, f"outbox.{word}")', ["1: name the event by a literal"]),
        ('log.info(logger, "pushed " + name)', ["1: name the event by a literal"]),
        ('log.info(logger, "outbox.pushed", 1)', ["1: give a logger and an event, and the rest by name"]),
        ('log.info(logger, "Outbox pushed")', ["1: Outbox pushed is no noun.past_participle"]),
        ('log.info(logger, "outbox.push")', ["1: outbox.push is no noun.past_participle"]),
        ('logger.info("pushed %s", name)', ["1: write through wire.log"]),
        ('logging.error("x")', ["1: write through wire.log"]),
        ('logger.error("agent.failed", exc_info=error, extra={"fields": {}})', []),
        (
            'logger.error("agent.failed", exc_info=error, extra={"fields": {"name": name}})',
            ["1: write through wire.log"],
        ),
        ('logger.error(str(error), exc_info=error, extra={"fields": {}})', ["1: write through wire.log"]),
    ],
)
def test_the_check_finds_what_is_wrong(line: str, expected: list[str]) -> None:
    assert problems(line) == expected
