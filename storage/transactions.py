"""What both databases' engines agree on: who writes, how long a writer waits, and how JSON is written."""

from __future__ import annotations

import json

from sqlalchemy import Connection, Engine

from core.annotation.errors import StorageError

# Longer than any transaction of ours takes; past it something is wrong and the user should hear of it.
BUSY_TIMEOUT_MS = 10_000

_WRITES = "maskwright_writes"


def writing(engine: Engine) -> Engine:
    """The same engine and pool, with transactions that begin as writers."""
    return engine.execution_options(**{_WRITES: True})


def begins_writing(connection: Connection) -> bool:
    """Whether the connection's transactions begin as writers (`writing`)."""
    return bool(connection.get_execution_options().get(_WRITES, False))


def to_json(value: object) -> str:
    """Compact JSON. Raises StorageError for a number that JSON cannot hold, which reading would stumble over."""
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise StorageError(f"what was to be saved holds a number that is none: {error}") from error
