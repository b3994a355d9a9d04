from __future__ import annotations

from pathlib import Path

import pytest

from core.annotation.errors import StorageError
from storage.images import add_image, count_images
from storage.workspace import Workspace
from tests.storage.stored_samples import new_image


def test_a_new_workspace_has_its_parts_and_an_id_that_stays(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "wörk space%20"
    with Workspace.open(folder) as workspace:
        assert sorted(path.name for path in folder.iterdir()) == ["blobs", "maskwright.db", "models", "runs"]
        assert (workspace.folder, workspace.models_folder, workspace.runs_folder) == (
            folder,
            folder / "models",
            folder / "runs",
        )
    with Workspace.open(folder, create=False) as again:
        assert again.id == workspace.id
    with Workspace.open(tmp_path / "other") as other:
        assert other.id != workspace.id


def test_two_may_have_the_same_workspace_open(tmp_path: Path) -> None:
    with Workspace.open(tmp_path) as first, Workspace.open(tmp_path) as second:
        with first.database.write() as session:
            add_image(session, new_image())
        with second.database.read() as session:
            assert count_images(session) == (1, 0)
        blob = first.blobs.put(b"photo")
        assert second.blobs.read(blob) == b"photo"


def test_a_folder_with_other_files_is_refused_unchanged(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(StorageError, match="has other files and is no workspace; name an empty or a new folder"):
        Workspace.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_nothing_is_made_when_only_an_existing_workspace_will_do(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(StorageError, match=r"is no workspace: it has no maskwright\.db"):
            Workspace.open(folder, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(b"x")
    with pytest.raises(StorageError, match="is a file; name a folder"):
        Workspace.open(file)


def test_a_workspace_whose_making_was_cut_short_opens(tmp_path: Path) -> None:
    (tmp_path / "maskwright.db").touch()
    with Workspace.open(tmp_path) as workspace:
        assert workspace.blobs.folder.is_dir()
