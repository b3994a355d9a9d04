"""An import beside people who work, and on a disk that fills up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.workflows.importing import import_data
from core.annotation.errors import StorageError
from storage.images import count_images, list_images
from storage.workspace import Workspace
from tests.app.workflows.importing.annotator import CAT, import_beside_an_annotator, photos
from tests.app.workflows.importing.made_sets import data_set, plan_of, read_image
from tests.small_disk import fill, small_disk


def test_a_person_who_draws_meanwhile_loses_nothing(tmp_path):
    import_beside_an_annotator(tmp_path, 10, 20)


@pytest.mark.long
def test_an_import_of_5000_segments_shuts_nobody_out_till_its_end(tmp_path):
    # One who had to wait for all of it would save one at the most.
    assert len(import_beside_an_annotator(tmp_path, 50, 100)) > 2


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    yield from small_disk(tmp_path, 2 << 20)


@pytest.mark.parametrize("left_kib", [0, 40, 200])
def test_a_full_disk_stops_an_import_with_the_reason_and_the_workspace_as_it_was(disk, tmp_path, left_kib):
    images = [read_image(path, segments=40) for path in photos(tmp_path / "set", 20)]
    with Workspace.open(disk / "workspace") as workspace:
        # Before the disk is full: a set is planned when there is room for a folder.
        plan = plan_of(workspace, data_set([CAT], images), disk / "workspace" / "imports")
        ballast = fill(disk, leaving_bytes=left_kib << 10)
        with pytest.raises(StorageError, match="disk is full"):
            import_data(workspace, plan)
        ballast.unlink()
        with workspace.database.read() as session:
            assert count_images(session) == (0, 0)
        assert import_data(workspace, plan).labelled == 20
        with workspace.database.read() as session:
            assert all(image.done for image in list_images(session, limit=99))
