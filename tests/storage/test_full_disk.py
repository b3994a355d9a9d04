"""A disk that fills up at any point of a save: a clear error, nothing lost, and work goes on when there is room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.annotation.corrections import Operation, Request
from core.annotation.errors import StorageError
from core.annotation.mask import Mask
from storage.corrections import rebuild
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.small_disk import fill, small_disk
from tests.storage.stored_samples import HEIGHT, WIDTH, box_mask, correct, filled_image

DISK_BYTES = 1 << 20
PAGE_BYTES = 4096


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own with DISK_BYTES."""
    yield from small_disk(tmp_path, DISK_BYTES)


def many_masks() -> list[Mask]:
    """Masks of noise: their text is long, so that a save needs several new pages."""
    noise = np.random.default_rng(0)
    return [Mask.from_array(noise.random((HEIGHT, WIDTH)) < 0.5) for _ in range(60)]


@pytest.mark.parametrize("pages", range(10))
def test_a_save_on_a_full_disk_is_whole_or_refused_with_the_reason(disk: Path, pages: int) -> None:
    with Workspace.open(disk / "workspace") as workspace:
        with workspace.database.write() as session:
            image_id = filled_image(session)
            truth = correct(session, image_id, Request(Operation.DRAW, mask=box_mask(1)))
        ballast = fill(disk, leaving_bytes=pages * PAGE_BYTES)
        refused = 0
        for mask in many_masks():
            try:
                with workspace.database.write() as session:
                    later = correct(session, image_id, Request(Operation.DRAW, mask=mask))
                truth = later
            except StorageError as error:
                assert "disk is full" in str(error)  # noqa: PT017 — whether a save fails depends on the pages left
                refused += 1
        assert refused
        ballast.unlink()
        with workspace.database.write() as session:
            assert load_truth(session, image_id) == truth == rebuild(session, image_id, truth.revision)
            correct(session, image_id, Request(Operation.DONE))


@pytest.mark.parametrize("pages", [0, 1, 3, 10, 20])
def test_a_workspace_that_finds_no_room_is_made_when_there_is(disk: Path, pages: int) -> None:
    ballast = fill(disk, leaving_bytes=pages * PAGE_BYTES)
    with pytest.raises(StorageError, match="disk is full"):
        Workspace.open(disk / "workspace")
    ballast.unlink()
    with Workspace.open(disk / "workspace") as workspace, workspace.database.write() as session:
        filled_image(session)


def test_a_blob_that_finds_no_room_leaves_nothing(disk: Path) -> None:
    with Workspace.open(disk / "workspace") as workspace:
        ballast = fill(disk, leaving_bytes=2 * PAGE_BYTES)
        content = bytes(range(256)) * 100
        with pytest.raises(StorageError, match="disk is full"):
            workspace.blobs.put(content)
        assert [path for path in workspace.blobs.folder.rglob("*") if path.is_file()] == []
        ballast.unlink()
        assert workspace.blobs.read(workspace.blobs.put(content)) == content
