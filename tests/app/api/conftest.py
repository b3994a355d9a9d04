"""The HTTP interface is the same on either database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.images import ImageRecord
from storage.workspace import Workspace
from tests.made import make_workspace


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both databases for what is told once; lists of bad requests never reach one, so that SQLite is enough, and a
    module that is about files says so by DATABASES."""
    if "furnished" in metafunc.fixturenames:
        listed = metafunc.definition.get_closest_marker("parametrize") is not None
        databases = getattr(metafunc.module, "DATABASES", ("sqlite", "postgresql"))
        metafunc.parametrize("furnished", databases[:1] if listed else databases, indirect=True)


@pytest.fixture
def furnished(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Workspace, ImageRecord]]:
    """A workspace with two photos of 120×90 and 20 proposals each, and the first of them."""
    url = str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else None
    workspace, images = make_workspace(tmp_path / "workspace", photos=2, database=url)
    yield workspace, images[0]
    workspace.close()
