"""The outbox's SQLite file: how it is opened, and what it is made of. Everything in it can be read again from the clinic's
database, so a file that cannot be used is put aside or emptied, and the hub begins a new generation."""

import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag

from agent import files
from agent.outbox.seal import Seal
from wire import log

logger = logging.getLogger(__name__)

_FULL = "Освободите место на диске с папкой агента: служба начнёт снова сама, ничего не потеряно."
SCHEMA_VERSION = 4
_SCHEMA = """
-- One row for each dirty entity, and the marks of full passes. AUTOINCREMENT: a seq is never given out twice, even after
-- the newest row was acked and deleted; the hub would take a second row under an old seq for a repeat.
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    lane TEXT NOT NULL,
    entry TEXT NOT NULL,      -- change | pass-begin | pass-end
    kind TEXT NOT NULL,
    key TEXT,                 -- of a change
    read_at TEXT,             -- of a change
    sealed BLOB,              -- of a change: the value; null: vanished
    queued_at REAL NOT NULL   -- machine time
);
CREATE UNIQUE INDEX entries_one_of_each_key ON entries (kind, key) WHERE key IS NOT NULL;
CREATE INDEX entries_in_order ON entries (lane, seq);

-- What was recorded of each entity last, whether it still waits or not.
CREATE TABLE known (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,     -- empty: whatever is read next is sent
    form BLOB NOT NULL,       -- of what the digest was made, beside the values; empty: as the digest
    hint TEXT NOT NULL,
    start INTEGER,            -- of a visit, Unix time: which visits are near
    owner TEXT,               -- of a visit, its patient
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX known_in_order ON known (kind, CAST(key AS INTEGER));
CREATE INDEX known_by_start ON known (kind, start);
CREATE INDEX known_by_owner ON known (kind, owner, start);

-- By what patients are found: keyed digests, and for each patient all of his, to take them away again.
CREATE TABLE tokens (token BLOB NOT NULL, patient TEXT NOT NULL, PRIMARY KEY (token, patient)) WITHOUT ROWID;
CREATE TABLE indexed (patient TEXT PRIMARY KEY, tokens BLOB NOT NULL) WITHOUT ROWID;

-- Whose each row is, where the clinic's database has no index that says so: keys only.
CREATE TABLE relations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    through INTEGER           -- up to which key all rows were learnt; null: not all yet
);
CREATE TABLE belongs (
    relation INTEGER NOT NULL, key INTEGER NOT NULL, owner INTEGER NOT NULL, PRIMARY KEY (relation, key)
) WITHOUT ROWID;
CREATE INDEX belongs_by_owner ON belongs (relation, owner);

-- Which questions of the hub were answered: ids only.
CREATE TABLE asked (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, question TEXT NOT NULL, ask TEXT NOT NULL, patients TEXT NOT NULL
);

CREATE TABLE cursors (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE positions (
    lane TEXT NOT NULL, seq INTEGER NOT NULL, digest TEXT NOT NULL, acked INTEGER NOT NULL, PRIMARY KEY (lane, seq)
) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
"""


def connect(path: Path, seal: Seal) -> sqlite3.Connection:
    """Open the file, made or emptied where it has to be; raises `NeedsOperator` where it is not ours."""
    try:
        return _usable(path, seal)
    except sqlite3.DatabaseError as error:
        if isinstance(
            error, sqlite3.OperationalError
        ):  # a full disk, missing rights: putting the file aside would not help
            raise
    abandon(path)
    return _usable(path, seal)


def abandon(path: Path) -> None:
    """Remove a file that cannot be used; nobody may have it open. Whoever dies here left a file that is found broken again, or its log
    alone, which SQLite removes beside an empty file."""
    log.error(logger, "outbox.abandoned", reason="unreadable")
    for file in _files(path):
        file.unlink(missing_ok=True)


def is_damage(error: BaseException) -> bool:
    """Whether the file is broken: SQLite says so, or a value in it does not open under the key that it was opened with. Among several
    errors one is enough."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(is_damage, error.exceptions))
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without what SQLite adds to it
    return isinstance(error, InvalidTag) or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _files(path: Path) -> list[Path]:
    return [Path(f"{path}{end}") for end in ("", "-wal", "-shm")]


def _usable(path: Path, seal: Seal) -> sqlite3.Connection:
    for each in (path.parent, *_files(path)):  # SQLite itself says no more than that it cannot open something
        if each.exists() and not os.access(each, os.R_OK | os.W_OK):
            raise files.closed(each, errno.EACCES)
    path.touch(mode=0o600)
    db = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        if not _is_ours(db, seal):
            _make_anew(db, seal)
    except BaseException:
        db.close()
        raise
    return db


def _is_ours(db: sqlite3.Connection, seal: Seal) -> bool:
    """Of this schema and sealed with this key."""
    if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
        return False
    proof = get(db, "proof")
    return isinstance(proof, bytes) and seal.opens(proof, "proof")


def _make_anew(db: sqlite3.Connection, seal: Seal) -> None:
    tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall()
    if tables:
        log.warning(logger, "outbox.emptied", reason="another key or version")
    with transaction(db):
        for (table,) in tables:
            db.execute(f'DROP TABLE "{table}"')
        for statement in _SCHEMA.split(";\n"):
            db.execute(statement)
        put(db, "proof", seal.seal({}, "proof"))
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. IMMEDIATE: a transaction that reads first and writes later could be refused at once."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException as error:
        if db.in_transaction:  # where the disk is full, SQLite has rolled back already
            db.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            log.error(logger, "disk.filled", hint=_FULL)
        raise


def get(db: sqlite3.Connection, name: str) -> object:
    """One of the outbox's own few values."""
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def put(db: sqlite3.Connection, name: str, value: str | int | bytes) -> None:
    """Set one of them."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
