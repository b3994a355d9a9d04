"""The one way into the database: an engine whose transactions begin as told, and sessions that commit or roll back.

Python's sqlite3 begins transactions late and deferred; two writers then deadlock whatever the timeout. So
its own transactions are off (isolation_level None): a writer says BEGIN IMMEDIATE and waits its turn.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

from core.annotation.errors import StorageError
from storage.errors import translated

# Longer than any transaction of ours takes; past it something is wrong and the user should hear of it.
BUSY_TIMEOUT_MS = 10_000

_WRITES = "maskwright_writes"

# SQLite 3.7.0 to 3.51.2 can corrupt a WAL database that two connections use; these releases are fixed.
_WAL_FIXED_FROM = (3, 53, 0)
_WAL_BACKPORTS = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


def journal_mode(sqlite_version: tuple[int, ...]) -> str:
    """WAL where this SQLite is free of the WAL-reset fault, else the older and slower DELETE."""
    fixed = sqlite_version >= _WAL_FIXED_FROM or any(
        sqlite_version[:2] == backport[:2] and sqlite_version >= backport for backport in _WAL_BACKPORTS
    )
    return "wal" if fixed else "delete"


def make_engine(path: Path, *, foreign_keys: bool = True) -> Engine:
    """An engine on the SQLite file `path`; `foreign_keys` False is for migrations, which rebuild tables."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        json_serializer=lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False),
    )
    wanted_mode = journal_mode(sqlite3.sqlite_version_info)

    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        connection.execute("PRAGMA trusted_schema = OFF")
        # Without it INSERT OR REPLACE deletes rows of the log past its trigger.
        connection.execute("PRAGMA recursive_triggers = ON")
        (mode,) = connection.execute(f"PRAGMA journal_mode = {wanted_mode}").fetchone()
        if mode != wanted_mode:
            raise StorageError(
                f"{path} is in journal mode {mode} and not {wanted_mode}; close other programs that use it"
            )
        connection.execute("PRAGMA synchronous = FULL")

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        # Without query_only a write in a reading session would be rolled back without a word.
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine and pool, with transactions that begin as writers."""
    return engine.execution_options(**{_WRITES: True})


class Database:
    """Sessions on the database at `path`, which has the current schema (`storage.schema.upgrade`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = make_engine(path)
        self._writer = writing(self.engine)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose block is one transaction: committed at its end, rolled back when it raises.

        Other writers, of this process too, wait meanwhile: no slow work in the block, and no second
        `write` inside. Raises StorageError for the database's and the system's errors; nothing is saved then.
        """
        with translated(self.path), Session(self._writer) as session, session.begin():
            session.connection()
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database throughout and cannot write. Raises StorageError."""
        with translated(self.path), Session(self.engine) as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()
