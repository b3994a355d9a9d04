"""Bringing a database to the schema of this release."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from core.annotation.errors import StorageError
from storage.engine import make_engine, writing
from storage.errors import translated

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(path: Path) -> None:
    """Create the database at `path`, or bring an older one to this schema, in one transaction.

    Raises StorageError, leaving the file as it was, for a database of a newer release or of another program.
    """
    engine = make_engine(path, foreign_keys=False)
    try:
        with translated(path):
            with engine.begin() as connection:
                current = _revision(connection, path)
            if current != _scripts().get_current_head():
                with writing(engine).begin() as connection:
                    _migrate(connection, path)
    finally:
        engine.dispose()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def _revision(connection: Connection, path: Path) -> str | None:
    """The schema the database has, None when it is new."""
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None and inspect(connection).get_table_names():
        raise StorageError(f"{path} is a database of another program; choose another folder for the workspace")
    known = {script.revision for script in _scripts().walk_revisions()}
    if current is not None and current not in known:
        raise StorageError(
            f"{path} was written by a newer release (schema {current}, this release knows up to {max(known)}); "
            "update Maskwright to open it"
        )
    return current


def _migrate(connection: Connection, path: Path) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StorageError(
            f"{path} was not upgraded: {len(broken)} rows would refer to nothing, first {tuple(broken[0])}"
        )
