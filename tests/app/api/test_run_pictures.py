"""The pictures of runs over HTTP: those that a run has drawn, and nothing else of the workspace."""

import pytest
from PIL import Image

from app.workflows.learning.requests import RunRequest
from app.workflows.learning.runs import prepare_run, run_folder
from core.annotation.corrections import Operation, Request
from core.annotation.mask import Mask
from tests.app.workflows.learning.corrected import do
from tests.made import disc


@pytest.fixture
def run_id(furnished):
    """A run that was recorded and has not begun."""
    workspace, image = furnished
    mask = Mask.from_array(disc(image.height, image.width, 30, 30, 12))
    do(workspace, image.id, Request(Operation.DRAW, category_id=1, mask=mask))
    do(workspace, image.id, Request(Operation.DONE))
    return prepare_run(workspace, RunRequest())


def test_a_picture_that_was_drawn_is_served_and_may_be_kept(client, furnished, run_id):
    workspace, _ = furnished
    path = run_folder(workspace, run_id) / "before.jpg"
    Image.new("RGB", (30, 20)).save(path)
    answer = client.get(f"/api/v1/runs/{run_id}/pictures/before.jpg?v=1")
    assert (answer.status_code, answer.content) == (200, path.read_bytes())
    assert answer.headers["content-type"] == "image/jpeg"
    assert "max-age" in answer.headers["cache-control"]


def test_one_that_is_not_drawn_yet_and_one_of_no_run_are_404_with_the_reason(client, run_id):
    absent = client.get(f"/api/v1/runs/{run_id}/pictures/after.jpg")
    assert absent.status_code == 404
    assert "has no after.jpg yet" in absent.json()["error"]
    assert client.get("/api/v1/runs/999/pictures/after.jpg").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "{run}/pictures/run.json",
        "{run}/pictures/..%2F..%2Fworkspace.db",
        "{run}/pictures/..%2Fbefore.jpg",
        "{run}/pictures/before.jpg%00",
        "..%2F1/pictures/before.jpg",
        "-1/pictures/before.jpg",
        "99999999999999999999/pictures/before.jpg",
    ],
)
def test_nothing_else_of_the_workspace_is_served(client, run_id, address):
    answer = client.get(f"/api/v1/runs/{address.format(run=run_id)}")
    assert answer.status_code in (404, 422)
    assert answer.json()["error"]
