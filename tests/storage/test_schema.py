from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from core.annotation.errors import StorageError
from storage.addresses import sqlite_url
from storage.engine import Database
from storage.schema import HEAD, known_schemas, upgrade
from storage.tables import Base
from storage.workspace import Workspace


def test_models_and_migrations_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_models_and_migrations_name_the_same_constraints(database: Database) -> None:
    """`compare_metadata` does not look at these names, yet later migrations will ask for them."""
    inspector = inspect(database.engine)
    for table in Base.metadata.sorted_tables:
        assert inspector.get_pk_constraint(table.name)["name"] == table.primary_key.name
        assert {key["name"] for key in inspector.get_foreign_keys(table.name)} == {
            key.name for key in table.foreign_key_constraints
        }


def test_the_schema_of_this_release_is_the_last_migration() -> None:
    assert known_schemas()[0] == HEAD


def test_upgrading_is_quiet_and_done_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new.db"
    with caplog.at_level(logging.INFO):
        upgrade(sqlite_url(path))
        first = path.read_bytes()
        upgrade(sqlite_url(path))
    assert path.read_bytes() == first
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_a_database_of_a_newer_release_is_refused_unchanged(workspace: Workspace) -> None:
    path = workspace.database.path
    workspace.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"newer release \(schema 9999, .* update Maskwright"):
        Workspace.open(workspace.folder)
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "maskwright.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipe (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another program"):
        Workspace.open(tmp_path)
    assert path.read_bytes() == before


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new.db"

    def fail(*_: object) -> None:
        raise OSError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("alembic.operations.Operations.create_index", fail)
        with pytest.raises(StorageError, match="power cut"):
            upgrade(sqlite_url(path))
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()
    upgrade(sqlite_url(path))
