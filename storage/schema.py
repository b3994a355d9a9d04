"""Bringing a database to the schema of this release."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, inspect

from core.annotation.errors import StorageError
from storage.addresses import is_sqlite, shown
from storage.engine import make_engine
from storage.errors import translated
from storage.transactions import writing

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(url: URL, *, create: bool = True) -> None:
    """Bring the database to this schema in one transaction; `create` gives a new one its tables.

    Servers that start at once migrate once. Raises StorageError, leaving the database as it was, for one of a newer
    release or of another program, and for a new one without `create`.
    """
    name = shown(url)
    engine = make_engine(url, migrating=True)
    try:
        with translated(name):
            with engine.begin() as connection:
                current = _revision(connection, name)
            if current is None and not create:
                raise StorageError(f"{name} holds no workspace; name the database of this one, or put a backup there")
            if current != _scripts().get_current_head():
                with writing(engine).begin() as connection:
                    _migrate(connection, name)
    finally:
        engine.dispose()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def _revision(connection: Connection, name: str) -> str | None:
    """The schema the database has, None when it is new."""
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None and inspect(connection).get_table_names():
        raise StorageError(f"{name} is a database of another program; choose another for the workspace")
    known = {script.revision for script in _scripts().walk_revisions()}
    if current is not None and current not in known:
        raise StorageError(
            f"{name} was written by a newer release (schema {current}, this release knows up to {max(known)}); "
            "update Maskwright to open it"
        )
    return current


def _migrate(connection: Connection, name: str) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if is_sqlite(connection.engine.url):
        _check_references(connection, name)


def _check_references(connection: Connection, name: str) -> None:
    """What SQLite does not look at while foreign keys are off; PostgreSQL never lets go of them."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise StorageError(
            f"{name} was not upgraded: {len(broken)} rows would refer to nothing, first {tuple(broken[0])}"
        )
