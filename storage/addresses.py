"""Where a workspace's database is: a SQLite file in its folder, or a PostgreSQL server's database."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from core.annotation.errors import StorageError

_DRIVER = "postgresql+psycopg"
# psycopg is the driver for each: psycopg2 does not know it, and a bare name is what servers' documentation shows.
_POSTGRESQL = frozenset({"postgres", "postgresql", _DRIVER})


def sqlite_url(path: Path) -> URL:
    """The address of a SQLite file."""
    return URL.create("sqlite", database=str(path))


def postgresql_url(address: str) -> URL:
    """The address that a person gave, for psycopg. Raises StorageError, without the address where it may hold a
    password."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise StorageError(
            "the database's address cannot be read; it looks like postgresql+psycopg://USER:PASSWORD@HOST:5432/NAME, "
            "with @ : / # in the password written as %40 %3A %2F %23"
        ) from error
    if url.drivername not in _POSTGRESQL:
        raise StorageError(
            f"a workspace's database is PostgreSQL (postgresql+psycopg://…) or, without an address, SQLite in its "
            f"folder; got {url.drivername}://…"
        )
    if not url.database:
        raise StorageError(f"{shown(url)} names no database; put its name at the end, as in …/maskwright")
    if find_spec("psycopg") is None:
        raise StorageError('a PostgreSQL database needs psycopg; install it: pip install "psycopg[binary]"')
    return url.set(drivername=_DRIVER)


def is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def shown(url: URL) -> str:
    """The address for a person's eyes: a SQLite file's path, a server's without the password and the options."""
    if is_sqlite(url):
        return url.database or ""
    return URL.create(
        url.drivername, username=url.username, host=url.host, port=url.port, database=url.database
    ).render_as_string()


def secret(url: URL) -> str:
    """The whole address, password and all, for a process of ours and never for a log."""
    return url.render_as_string(hide_password=False)
