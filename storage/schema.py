"""Bringing a database to the schema of this release."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, column, inspect, select, table

from core.annotation.errors import StorageError
from storage.addresses import is_sqlite, shown
from storage.engine import make_engine
from storage.errors import translated
from storage.transactions import writing

if TYPE_CHECKING:
    from alembic.config import Config

# The schema of this release. Named here, so that a database that has it opens without loading Alembic.
HEAD = "0004"
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
            if current != HEAD:
                with writing(engine).begin() as connection:
                    _migrate(connection, name)
    finally:
        engine.dispose()


def _revision(connection: Connection, name: str) -> str | None:
    """The schema the database has, None when it is new."""
    tables = inspect(connection).get_table_names()
    current: str | None = None
    if "alembic_version" in tables:
        current = connection.scalar(select(column("version_num")).select_from(table("alembic_version")))
    if current is None and tables:
        raise StorageError(f"{name} is a database of another program; choose another for the workspace")
    if current is not None and current != HEAD and current not in known_schemas():
        raise StorageError(
            f"{name} was written by a newer release (schema {current}, this release knows up to {HEAD}); "
            "update Maskwright to open it"
        )
    return current


def known_schemas() -> tuple[str, ...]:
    """All schemas there were, the newest first."""
    from alembic.script import ScriptDirectory

    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def _migrate(connection: Connection, name: str) -> None:
    from alembic import command

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
