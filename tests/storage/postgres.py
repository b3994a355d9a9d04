"""A throw-away PostgreSQL server on loopback, and a fresh database of the present schema for each test."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from storage.schema import upgrade
from tests.serving import free_port

USER = "maskwright"
# Everyone else is let in without one.
GUARDED_USER, PASSWORD = "guarded", "p@ss:w/rd#1"
TEMPLATE, SHARED = "migrated", "shared"
# Debian keeps the server's programs off the PATH.
_DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_UNPRIVILEGED = ("postgres", "nobody")
# A sync would cost seconds, and a test's database need not outlive a power cut.
_OPTIONS = ("fsync=off", "full_page_writes=off", "unix_socket_directories=", "listen_addresses=127.0.0.1")
_START_TIMEOUT_S = 60
# A replica's role fires no triggers; to delete few rows is quicker than to truncate.
_EMPTY = b"""
    SET session_replication_role = replica;
    DO $$
    DECLARE name text;
    BEGIN
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
            EXECUTE format('DELETE FROM %I', name);
        END LOOP;
        FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
            EXECUTE format('ALTER SEQUENCE %I RESTART', name);
        END LOOP;
    END $$
"""

_numbers = itertools.count(1)


@dataclass
class PostgresServer:
    """A running server; `url` names one of its databases as `--database` takes it."""

    binaries: Path
    data: Path
    port: int
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        with self.connect(database) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host="127.0.0.1", port=self.port, user=USER, dbname=database, autocommit=True)

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The URL of a new database, a copy of `template`; it is dropped afterwards."""
        name = f"test_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def emptied(self) -> str:
        """The URL of the one database that tests share, of the present schema and without a row.

        To empty it takes a quarter of the time of a new one.
        """
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{SHARED}'")  # noqa: S608
        with self.connect(SHARED) as connection:
            connection.execute(_EMPTY)
        return self.url(SHARED)

    def start(self) -> None:
        """Again, at the same address."""
        self.process = _start(self.binaries, self.data, self.port)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server of its own, with an empty template of this schema. Skips without PostgreSQL, but fails on CI."""
    binaries = _binaries()
    if binaries is None:
        reason = "PostgreSQL's programs are not installed (apt-get install postgresql)"
        assert "CI" not in os.environ, reason
        pytest.skip(reason)
    home = Path(tempfile.mkdtemp(prefix="maskwright-postgres-"))
    data, port = home / "data", free_port()
    try:
        _give_away(home)
        initialise = [binaries / "initdb", "--no-sync", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", data]
        subprocess.run(initialise, check=True, capture_output=True, cwd=home, **_someone())
        entries = data / "pg_hba.conf"
        entries.write_text(f"host all {GUARDED_USER} 127.0.0.1/32 scram-sha-256\n" + entries.read_text())
        server = PostgresServer(binaries, data, port, _start(binaries, data, port))
        try:
            server.execute(f"CREATE DATABASE {TEMPLATE}")
            server.execute(f"CREATE ROLE {GUARDED_USER} LOGIN PASSWORD '{PASSWORD}'")
            upgrade(make_url(server.url(TEMPLATE)))
            server.execute(f"CREATE DATABASE {SHARED} TEMPLATE {TEMPLATE}")
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _binaries() -> Path | None:
    on_path = shutil.which("postgres")
    found = [Path(on_path).parent] if on_path else []
    return next((folder for folder in [*found, *_DEBIAN] if (folder / "initdb").exists()), None)


def _start(binaries: Path, data: Path, port: int) -> subprocess.Popen[bytes]:
    command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port)]
    for option in _OPTIONS:
        command += ["-c", option]
    with (data.parent / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=data.parent, **_someone())
    until = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user=USER, dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return process
    process.kill()
    raise AssertionError(f"PostgreSQL did not start:\n{(data.parent / 'log').read_text()}")


def _someone() -> dict[str, object]:
    """The server refuses to run as root; options of subprocess for another user then."""
    account = _account()
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _give_away(folder: Path) -> None:
    account = _account()
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)


def _account() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    known = {account.pw_name: account for account in pwd.getpwall()}
    return next(known[name] for name in _UNPRIVILEGED if name in known)
