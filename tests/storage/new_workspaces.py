"""New workspaces, without the cost of bringing each one's database from the first schema to the present one."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from storage.addresses import sqlite_url
from storage.schema import upgrade
from storage.workspace import DATABASE_NAME, Workspace


def new_workspace(folder: Path, *, database: str | None = None) -> Workspace:
    """An open workspace without anything, in a folder that is absent or empty."""
    if database is None:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / DATABASE_NAME).open("xb") as file:
            file.write(_empty_database())
    return Workspace.open(folder, database=database)


@functools.cache
def _empty_database() -> bytes:
    """A file of SQLite with the present schema and no row."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / DATABASE_NAME
        upgrade(sqlite_url(path))
        return path.read_bytes()
