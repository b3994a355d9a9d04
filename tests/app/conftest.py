from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.jobs import ProposalWorker
from app.server import build_app
from app.services import Services
from app.settings import ServerSettings
from storage.images import ImageRecord
from storage.workspace import Workspace
from tests.made import make_workspace


@pytest.fixture
def furnished(tmp_path) -> Iterator[tuple[Workspace, ImageRecord]]:
    """A workspace with two photos of 120×90 and 20 proposals each, and the first of them."""
    workspace, images = make_workspace(tmp_path / "workspace", photos=2)
    yield workspace, images[0]
    workspace.close()


@pytest.fixture
def client(furnished) -> Iterator[TestClient]:
    """The HTTP interface over that workspace, without a model and without the pages."""
    workspace, _ = furnished
    services = Services(workspace, ProposalWorker(workspace, None))
    app = build_app(services, ServerSettings(api_only=True, no_model=True))
    with TestClient(app, base_url="http://127.0.0.1:7860") as http:
        yield http
