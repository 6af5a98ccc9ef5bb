"""Log lines that cannot hold a person: a literal event name, and fields from a closed list.

Adding a name to `Fields` is the decision that it is no personal data. Call as
`info(logger, "outbox.pushed", seq=seq, count=n)`; tests/test_log_calls.py checks that event names are literals.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import LiteralString, TypedDict, Unpack

QUIET = ("websockets", "aiohttp.access", "aiosqlite", "sqlalchemy", "alembic", "asyncio")
"""Foreign loggers that print contents at DEBUG or INFO; kept at WARNING."""


class Fields(TypedDict, total=False):
    """What a log line may say."""

    account: int
    agent: str
    attempt: int
    backfill: int
    branch: str
    capability: str
    client: str
    close_code: int
    code: str
    column: str
    contact: int
    count: int
    database: str
    deal: int
    depth: int
    error: str
    field: str
    generation: int
    hint: str
    host: str
    instance: str
    kind: str
    lane: str
    level: str
    live: int
    path: str
    phase: str
    port: int
    protocol: str
    query: str
    reason: str
    rule: str
    seconds: float
    seq: int
    sqlstate: str
    status: int
    table: str
    target: str
    version: str
    visit: str


def debug(logger: logging.Logger, event: LiteralString, **fields: Unpack[Fields]) -> None:
    """What only a developer wants to see."""
    logger.debug(event, extra={"fields": fields})


def info(logger: logging.Logger, event: LiteralString, **fields: Unpack[Fields]) -> None:
    """A change of state."""
    logger.info(event, extra={"fields": fields})


def warning(logger: logging.Logger, event: LiteralString, **fields: Unpack[Fields]) -> None:
    """It will be tried again by itself, but an operator may wonder."""
    logger.warning(event, extra={"fields": fields})


def error(logger: logging.Logger, event: LiteralString, **fields: Unpack[Fields]) -> None:
    """A person is needed."""
    logger.error(event, extra={"fields": fields})


def defect(logger: logging.Logger, event: LiteralString, mistake: Exception, **fields: Unpack[Fields]) -> None:
    """A fence caught a mistake of ours: said with the exception's class and places, never with its text."""
    logger.error(event, exc_info=mistake, extra={"fields": fields})


class JsonLines(logging.Formatter):
    """One JSON object a line. A traceback shows places and types only: an exception's text may be foreign."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.msg if hasattr(record, "fields") else "foreign.logged",
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__qualname__
            line["trace"] = _places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def _places(trace: object) -> list[str]:
    places: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code  # type: ignore[attr-defined]
        file = re.split(r"[\\/]", code.co_filename)[-1]  # the folders may name a person
        places.append(f"{file}:{trace.tb_lineno} {code.co_name}")  # type: ignore[attr-defined]
        trace = trace.tb_next  # type: ignore[attr-defined]
    return places


def set_up(level: str = "INFO") -> None:
    """Send the process's log to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
