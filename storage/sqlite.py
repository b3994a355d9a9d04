"""SQLite's engine: transactions that begin as told, and the rules of saving on every connection.

Python's sqlite3 begins transactions late and deferred; two writers then deadlock whatever the timeout. So
its own transactions are off (isolation_level None): a writer says BEGIN IMMEDIATE and waits its turn.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from core.annotation.errors import StorageError
from storage.transactions import BUSY_TIMEOUT_MS, begins_writing, to_json

# SQLite 3.7.0 to 3.51.2 can corrupt a WAL database that two connections use; these releases are fixed.
_WAL_FIXED_FROM = (3, 53, 0)
_WAL_BACKPORTS = ((3, 44, 6), (3, 50, 7), (3, 51, 3))

# What the list of 100,000 images is read from stays in memory between questions; each connection has its own.
CACHE_KIB = 8_000


def journal_mode(sqlite_version: tuple[int, ...]) -> str:
    """WAL where this SQLite is free of the WAL-reset fault, else the older and slower DELETE."""
    fixed = sqlite_version >= _WAL_FIXED_FROM or any(
        sqlite_version[:2] == backport[:2] and sqlite_version >= backport for backport in _WAL_BACKPORTS
    )
    return "wal" if fixed else "delete"


def sqlite_engine(url: URL, *, foreign_keys: bool = True) -> Engine:
    """An engine on the file of `url`; `foreign_keys` False is for migrations, which rebuild tables."""
    engine = create_engine(url, json_serializer=to_json)
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
                f"{url.database} is in journal mode {mode} and not {wanted_mode}; close other programs that use it"
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")

    def begin(connection: Connection) -> None:
        writes = begins_writing(connection)
        # Without query_only a write in a reading session would be rolled back without a word.
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine
