"""Data sets that tabs have looked into: few at a time, and their files go with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.pages.data_plans import MOST_PLANS, Plans, gathered, open_plan
from app.pages.data_words import folder_here, held_by, plan_shown
from app.workflows.importing import ImportRequest
from core.annotation.errors import FormatError
from core.formats.capabilities import CAPABILITIES
from storage.workspace import Workspace
from tests.made import make_workspace, photo_bytes


@pytest.fixture
def opened(tmp_path):
    """A workspace, and what opens a plan of two uploaded photos in it."""
    files = []
    for number in range(2):
        files.append(tmp_path / f"upload-{number}" / f"photo-{number}.png")
        files[-1].parent.mkdir()
        files[-1].write_bytes(photo_bytes(20, 20, seed=number))
    workspace, _ = make_workspace(tmp_path / "workspace", photos=0)

    def look():
        return open_plan(workspace, lambda folder: ImportRequest("images", gathered(list(map(str, files)), folder)))

    with workspace:
        yield workspace, look


def left(workspace: Workspace) -> list[Path]:
    return list((workspace.folder / "imports").iterdir())


def test_uploaded_files_are_gathered_and_go_with_their_plan(opened):
    workspace, look = opened
    plan = look()
    assert plan.data_set.count == 2
    assert "2 images, 0 categories." in plan_shown(plan)
    assert left(workspace)
    plan.close()
    assert not left(workspace)


def test_the_oldest_plan_makes_room_and_says_so(opened):
    workspace, look = opened
    plans = Plans()
    keys = [plans.keep(look()) for _ in range(MOST_PLANS + 1)]
    with pytest.raises(FormatError, match="look into it again"):
        plans.take(keys[0])
    plan = plans.take(keys[-1])
    plans.put_back(keys[-1], plan)
    for key in keys:
        plans.drop(key)
    assert not left(workspace)


def test_a_data_set_that_cannot_be_opened_leaves_nothing(opened):
    workspace, _ = opened
    with pytest.raises(FormatError):
        open_plan(workspace, lambda folder: ImportRequest("coco", workspace.folder / "nowhere"))
    assert not left(workspace)


def test_two_uploads_of_one_name_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "photo.png").write_bytes(b"x")
    with pytest.raises(FormatError, match=r"'photo.png'; send the data set as a zip"):
        gathered([str(tmp_path / "a" / "photo.png"), str(tmp_path / "b" / "photo.png")], tmp_path / "files")


@pytest.mark.parametrize("typed", ["", "  ", "data/set", "../up", None])
def test_a_place_on_this_machine_is_told_from_its_root(typed):
    with pytest.raises(FormatError, match="from the root"):
        folder_here(typed)


def test_every_format_says_what_it_holds():
    said = {name: held_by(name) for name in CAPABILITIES}
    assert "crowds" in said["coco"].partition("Does not hold")[0]
    assert "categories without single segments" in said["ade20k"]
    assert "exact pixels" in said["yolo"].partition("Does not hold")[2]
