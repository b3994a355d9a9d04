"""A backup is a workspace of its own, made while others write, and there whole or not at all."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import storage.backup
from core.annotation.corrections import Operation, Request
from core.annotation.errors import StorageError
from storage.backup import back_up
from storage.checking.check import check_workspace
from storage.corrections import rebuild
from storage.images import NewImage, add_image, list_images
from storage.models import list_models
from storage.persons import add_person, find_person, session_secret
from storage.runs import list_runs
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.small_disk import fill, small_disk
from tests.storage.golden_story import describe, tell
from tests.storage.new_workspaces import new_workspace
from tests.storage.postgres import PostgresServer
from tests.storage.stored_samples import HEIGHT, WIDTH, box_mask, correct, filled_image


def silent(_unit: str) -> Callable[[int, int], None]:
    return lambda finished, total: None


def add_photos(workspace: Workspace, count: int) -> list[str]:
    hashes = []
    for number in range(count):
        original, shown = (workspace.blobs.put(f"{kind} {number}".encode()) for kind in ("as it came", "as shown"))
        image = NewImage(original, shown, "image/png", f"{number}.png", WIDTH, HEIGHT)
        with workspace.database.write() as session:
            add_image(session, image)
        hashes += [original, shown]
    return hashes


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else None


@pytest.fixture
def full(tmp_path: Path, url: str | None) -> Iterator[Workspace]:
    """A workspace with a story, photos, a model and a run's files."""
    with new_workspace(tmp_path / "work", database=url) as workspace:
        with workspace.database.write() as session:
            tell(session)
        (workspace.models_folder / "run-2").mkdir()
        (workspace.models_folder / "run-2" / "model.safetensors").write_bytes(b"weights")
        (workspace.runs_folder / "2" / "checkpoints").mkdir(parents=True)
        (workspace.runs_folder / "2" / "checkpoints" / "last").write_bytes(b"state")
        (workspace.runs_folder / "2" / ".last.ab.part").write_bytes(b"half")
        yield workspace


def test_a_backup_says_all_that_the_workspace_says_and_outlives_it(full: Workspace, tmp_path: Path) -> None:
    before = describe(full)
    made = back_up(full, tmp_path / "safe" / "copy", progress=silent)
    images = len(before["images"])
    assert (made.images, len(made.troubles)) == (images, 2 * images)  # the story's images have no files
    with full.database.write() as session:
        filled_image(session, "later.jpg")
    for path in (full.models_folder / "run-2").iterdir():
        path.write_bytes(b"overwritten")
    with Workspace.open(tmp_path / "safe" / "copy", create=False) as copy:
        assert describe(copy) == before
        assert (copy.models_folder / "run-2" / "model.safetensors").read_bytes() == b"weights"
        assert [path.name for path in copy.runs_folder.rglob("*") if path.is_file()] == ["last"]
        with copy.database.write() as session:
            image_id = filled_image(session, "goes on.jpg")
            correct(session, image_id, Request(Operation.DONE))
            assert len(list_models(session)) == 1
            assert len(list_runs(session)) == 2
    assert [path.name for path in (tmp_path / "safe").iterdir()] == ["copy"]


def test_a_backup_has_the_people_and_not_the_secret_that_signs_their_sessions(full: Workspace, tmp_path: Path) -> None:
    with full.database.write() as session:
        add_person(session, "ann", "hash")
        secret = session_secret(session)
    back_up(full, tmp_path / "copy", progress=silent)
    with Workspace.open(tmp_path / "copy") as copy:
        assert secret.encode() not in copy.database.path.read_bytes()
        with copy.database.write() as session:
            assert find_person(session, "ann").password_hash == "hash"
            assert session_secret(session) != secret


def test_photos_are_copied_and_the_bad_ones_named(tmp_path: Path, url: str | None) -> None:
    with Workspace.open(tmp_path / "work", database=url, blobs=f"memory://{secrets.token_hex(6)}") as workspace:
        hashes = add_photos(workspace, 3)
        workspace.blobs.delete(hashes[1])
        made = back_up(workspace, tmp_path / "copy", progress=silent)
        assert made.images == 3
        (trouble,) = made.troubles
        assert trouble.startswith("0.png: ")
        assert hashes[1] in trouble
    with Workspace.open(tmp_path / "copy") as copy:
        assert set(copy.blobs.hashes()) == {*hashes} - {hashes[1]}


def test_a_workspace_moves_to_a_server_and_back(
    full: Workspace, url: str | None, postgres: PostgresServer, tmp_path: Path
) -> None:
    before = describe(full)
    with postgres.database() as target:
        back_up(full, tmp_path / "moved", database=target, progress=silent)
        assert sorted(path.name for path in (tmp_path / "moved").iterdir()) == [
            "blobs",
            "models",
            "runs",
            "workspace.json",
        ]
        with Workspace.open(tmp_path / "moved", database=target, create=False) as moved:
            assert describe(moved) == before
            assert moved.id == full.id
            with moved.database.write() as session:
                image_id = filled_image(session, "new rows get new numbers.jpg")
                correct(session, image_id, Request(Operation.DRAW, mask=box_mask(3), category_id=1))
            later = describe(moved)
            back_up(moved, tmp_path / "back", progress=silent)
        with pytest.raises(StorageError, match="holds a workspace already; name an empty database"):
            back_up(full, tmp_path / "again", database=target, progress=silent)
        assert not (tmp_path / "again").exists()
    with Workspace.open(tmp_path / "back") as back:
        assert describe(back) == later


@pytest.mark.parametrize("pages", [1, 1_000])
def test_a_backup_made_while_others_write_is_of_one_moment(
    tmp_path: Path, pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a page a step the copy begins again at every write, so that it ends in one step."""
    monkeypatch.setattr(storage.backup, "_PAGES_AT_ONCE", pages)
    ended = threading.Event()
    with new_workspace(tmp_path / "work") as workspace:
        with workspace.database.write() as session:
            image_id = filled_image(session)

        def work() -> None:
            for number in itertools.count():
                if ended.is_set():
                    return
                with workspace.database.write() as session:
                    correct(session, image_id, Request(Operation.DRAW, mask=box_mask(number % 100)))

        writer = threading.Thread(target=work)
        writer.start()
        try:
            for number in range(3):
                back_up(workspace, tmp_path / f"copy {number}", progress=silent)
        finally:
            ended.set()
            writer.join()
    for number in range(3):
        with Workspace.open(tmp_path / f"copy {number}") as copy, copy.database.read() as session:
            truth = load_truth(session, image_id)
            assert truth == rebuild(session, image_id, truth.revision)
        with Workspace.open(tmp_path / f"copy {number}") as copy:
            found = {finding.what for finding in check_workspace(copy, progress=silent)}
            assert found <= {"photo"}


@pytest.mark.parametrize("stage", ["pages", "images", "files"])
def test_a_backup_that_is_stopped_leaves_nothing(tmp_path: Path, stage: str) -> None:
    def stop(unit: str) -> Callable[[int, int], None]:
        def report(finished: int, total: int) -> None:
            if unit == stage:
                raise KeyboardInterrupt

        return report

    with new_workspace(tmp_path / "work") as workspace:
        add_photos(workspace, 2)
        (workspace.models_folder / "weights").write_bytes(b"weights")
        with pytest.raises(KeyboardInterrupt):
            back_up(workspace, tmp_path / "copy", progress=stop)
        assert [path.name for path in tmp_path.iterdir()] == ["work"]
        back_up(workspace, tmp_path / "copy", progress=silent)


def test_a_backup_goes_to_a_new_or_an_empty_folder_elsewhere(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("years of work")
    (tmp_path / "file").write_text("a list")
    for out in (tmp_path / "full", tmp_path / "file"):
        with pytest.raises(StorageError, match="is there already; name a new or an empty folder"):
            back_up(workspace, out, progress=silent)
    for out in (workspace.folder, workspace.folder / "models" / "copy"):
        with pytest.raises(StorageError, match="is in the workspace itself"):
            back_up(workspace, out, progress=silent)
    (tmp_path / "empty").mkdir()
    back_up(workspace, tmp_path / "empty", progress=silent)
    with Workspace.open(tmp_path / "empty", create=False) as copy:
        assert copy.id == workspace.id


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    yield from small_disk(tmp_path, 1 << 20)


def test_a_disk_that_fills_up_leaves_no_backup(disk: Path, tmp_path: Path) -> None:
    with new_workspace(tmp_path / "work") as workspace:
        add_photos(workspace, 1)
        for free_bytes in (0, 40_000, 120_000):
            ballast = fill(disk, leaving_bytes=free_bytes)
            with pytest.raises(StorageError, match="disk is full"):
                back_up(workspace, disk / "copy", progress=silent)
            ballast.unlink()
            assert list(disk.iterdir()) == []
        back_up(workspace, disk / "copy", progress=silent)
        with Workspace.open(disk / "copy", create=False) as copy, copy.database.read() as session:
            assert len(list_images(session, limit=9)) == 1
