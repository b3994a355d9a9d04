"""Every repository test runs against each kind of database that a workspace may have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import storage.engine
from storage.engine import Database
from storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace") as opened:
        yield opened


@pytest.fixture(params=["delete", "wal"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A new database in each of SQLite's journal modes, whichever this SQLite would be given."""
    monkeypatch.setattr(storage.engine, "journal_mode", lambda _version: request.param)
    with Workspace.open(tmp_path / request.param) as opened:
        yield opened.database
