"""A workspace of every released schema opens, says what it always said, and can be worked on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.annotation.corrections import Operation, Request
from core.annotation.splits import split_of
from storage.checking.people import check_people
from storage.corrections import history, rebuild
from storage.images import list_images
from storage.proposals import load_proposals
from storage.tables import ImageRow
from storage.truths import load_truth
from storage.workspace import DATABASE_NAME, Workspace
from tests.storage.golden_story import GOLDEN, describe
from tests.storage.stored_samples import MODEL, correct, recounted, stored_counts

# The first image's newest model found nothing; see the story.
NEWEST = {1: "b" * 64}
STORED = sorted(GOLDEN.glob("schema_*.db"))


def test_the_first_schema_is_among_the_stored_ones() -> None:
    assert GOLDEN / "schema_0001.db" in STORED


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)
def test_a_stored_database_upgrades_and_loses_nothing(stored: Path, tmp_path: Path) -> None:
    shutil.copy(stored, tmp_path / DATABASE_NAME)
    with Workspace.open(tmp_path, create=False) as workspace:
        assert describe(workspace) == json.loads(stored.with_suffix(".json").read_text("utf-8"))


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)
def test_work_goes_on_in_a_stored_database(stored: Path, tmp_path: Path) -> None:
    shutil.copy(stored, tmp_path / DATABASE_NAME)
    with Workspace.open(tmp_path) as workspace, workspace.database.write() as session:
        for image in list_images(session, limit=99):
            correct(session, image.id, Request(Operation.DONE), user="cleo", client="later")
            correct(session, image.id, Request(Operation.UNDO), user="cleo", client="later")
            truth = load_truth(session, image.id)
            assert rebuild(session, image.id, truth.revision) == truth
            assert len(history(session, image.id)) == truth.revision == image.revision + 2


@pytest.mark.parametrize("stored", [path for path in STORED if path.stem < "schema_0003"], ids=lambda path: path.stem)
def test_what_images_are_found_by_is_made_for_the_older_ones(stored: Path, tmp_path: Path) -> None:
    shutil.copy(stored, tmp_path / DATABASE_NAME)
    with Workspace.open(tmp_path) as workspace, workspace.database.read() as session:
        assert stored_counts(session) == recounted(session)
        assert list(check_people(workspace.database, repair=False)) == []
        for image in list_images(session, limit=4):
            row = session.get_one(ImageRow, image.id)
            assert (row.state, row.search_name) == (image.state, image.file_name.casefold())
            assert image.split == split_of(image.sha256)
            newest = [
                one for one in load_proposals(session, image.id) if one.model_sha256 == NEWEST.get(image.id, MODEL)
            ]
            assert image.best_score == max((one.score for one in newest), default=None)
