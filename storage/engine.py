"""The one way into the database: sessions that read one state, or write and commit or roll back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session

from storage.addresses import is_sqlite, shown, sqlite_url
from storage.errors import translated
from storage.postgresql import postgresql_engine
from storage.sqlite import sqlite_engine
from storage.transactions import writing


def make_engine(url: URL, *, migrating: bool = False) -> Engine:
    """An engine on either database; `migrating` lets SQLite rebuild tables that others refer to."""
    return sqlite_engine(url, foreign_keys=not migrating) if is_sqlite(url) else postgresql_engine(url)


class Database:
    """Sessions on the database at `url` or in the SQLite file `url`; it has the current schema (`storage.schema`).

    `name` is how messages name it: without a password.
    """

    def __init__(self, url: URL | Path) -> None:
        self.url = sqlite_url(url) if isinstance(url, Path) else url
        self.name = shown(self.url)
        self.engine = make_engine(self.url)
        self._writer = writing(self.engine)

    @property
    def path(self) -> Path:
        """SQLite's file; a database on a server has none."""
        assert is_sqlite(self.url), f"{self.name} is no file"
        return Path(self.url.database or "")

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose block is one transaction: committed at its end, rolled back when it raises.

        Other writers, of this process too, wait meanwhile: no slow work in the block, and no second
        `write` inside. Raises StorageError for the database's and the system's errors; nothing is saved then,
        but where its message says that a server's answer never came.
        """
        with translated(self.name), Session(self._writer) as session, session.begin():
            session.connection()
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database throughout and cannot write. Raises StorageError."""
        with translated(self.name), Session(self.engine) as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()
