"""Proposals for all waiting images of a workspace."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from app.workflows.ingest import PhotoFile, add_photos
from app.workflows.propose_waiting import propose_waiting
from core.annotation.proposals import Proposal
from storage.images import list_images
from storage.proposals import load_proposals
from tests.made import photo_bytes, random_proposals
from tests.storage.new_workspaces import new_workspace


class Discs:
    """A model that finds three discs."""

    model_name = "discs"
    model_sha256 = "d" * 64

    def __init__(self, stop_at: int | None = None) -> None:
        self.asked = 0
        self.stop_at = stop_at

    def propose(self, image: npt.NDArray[np.uint8]) -> list[Proposal]:
        if self.asked == self.stop_at:
            raise KeyboardInterrupt
        self.asked += 1
        return random_proposals(3, *image.shape[:2])


@pytest.fixture
def workspace(tmp_path):
    with new_workspace(tmp_path / "workspace") as opened:
        for seed in range(4):
            path = tmp_path / f"{seed}.png"
            path.write_bytes(photo_bytes(40, 30, seed=seed))
            add_photos(opened, [PhotoFile(path, path.name)])
        yield opened


def proposed(workspace) -> list[int]:
    with workspace.database.read() as session:
        return [image.id for image in list_images(session, limit=9) if load_proposals(session, image.id)]


def test_every_waiting_image_is_answered_once(workspace):
    told = []
    assert propose_waiting(workspace, Discs(), progress=lambda *now: told.append(now)).answered == 4
    assert proposed(workspace) == [1, 2, 3, 4]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    again = Discs()
    assert propose_waiting(workspace, again).answered == 0
    assert again.asked == 0


def test_a_stopped_run_goes_on_where_it_was(workspace):
    with pytest.raises(KeyboardInterrupt):
        propose_waiting(workspace, Discs(stop_at=2))
    assert proposed(workspace) == [1, 2]
    assert propose_waiting(workspace, Discs()).answered == 2


def test_an_image_that_fails_is_named_and_the_rest_goes_on(workspace):
    with workspace.database.read() as session:
        sha256 = list_images(session, limit=9)[1].sha256
    workspace.blobs.delete(sha256)
    waited = propose_waiting(workspace, Discs())
    assert waited.answered == 3
    ((image_id, reason),) = waited.failed
    assert (image_id, "missing" in reason) == (2, True)
