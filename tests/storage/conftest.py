"""Every repository test runs against each kind of database that a workspace may have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import storage.sqlite
from storage.engine import Database
from storage.workspace import Workspace
from tests.storage.new_workspaces import new_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with new_workspace(tmp_path / "workspace") as opened:
        yield opened


@pytest.fixture(params=["delete", "wal", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A new database: PostgreSQL's, or SQLite's in each of its journal modes, whichever this SQLite would be given."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    monkeypatch.setattr(storage.sqlite, "journal_mode", lambda _version: request.param)
    with new_workspace(tmp_path / request.param, database=url) as opened:
        yield opened.database


@pytest.fixture(params=["delete", "wal"])
def sqlite_database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """For what is SQLite's alone."""
    monkeypatch.setattr(storage.sqlite, "journal_mode", lambda _version: request.param)
    with new_workspace(tmp_path / request.param) as opened:
        yield opened.database
