"""What all tests share: one thread for the numeric libraries, and a PostgreSQL server for those that ask for one.

The tests' tensors are tiny, and threads that wait for each other cost more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.storage.postgres import PostgresServer

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A throw-away server; skips where PostgreSQL is not installed, but on CI."""
    from tests.storage.postgres import running_server

    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The URL of a database of the present schema, without a row; tests have it one after the other."""
    return postgres.emptied()


@pytest.fixture
def new_postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """As `postgres_url`, for a test that changes the database itself or needs a second one."""
    with postgres.database() as url:
        yield url
