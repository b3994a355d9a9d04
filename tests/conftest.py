"""What all tests share: one thread for the numeric libraries, no event loop left running, and a PostgreSQL server for
those that ask for one.

The tests' tensors are tiny, and threads that wait for each other cost more.
"""

from __future__ import annotations

import os
from asyncio import events
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.storage.postgres import PostgresServer

os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: who waits for a server or a browser leaves a third of a core unused."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def no_running_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Playwright leaves its event loop marked as the running one between its calls; beside that no test of the same
    process could run a loop of its own.
    """
    if "browser" in request.fixturenames:
        yield
        return
    left = events._get_running_loop()
    events._set_running_loop(None)
    yield
    events._set_running_loop(left)


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
