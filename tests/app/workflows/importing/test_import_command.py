"""`launch.py import` as a person uses it."""

from __future__ import annotations

import json
import zipfile

import pytest

from app.cli import main
from storage.categories import add_category, load_label_set
from storage.images import count_images, list_images
from storage.workspace import Workspace
from tests.app.workflows.importing.made_sets import write_coco, write_photo


@pytest.fixture
def run(tmp_path, capsys):
    """Runs an import into the workspace; gives the exit status and what was printed."""

    def run_import(*arguments: object) -> tuple[int, str, str]:
        status = main(["import", "--workspace", str(tmp_path / "workspace"), *map(str, arguments)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run_import


@pytest.fixture
def coco(tmp_path):
    return write_coco(tmp_path / "set")


def opened(tmp_path):
    return Workspace.open(tmp_path / "workspace", create=False)


def test_a_set_comes_into_a_new_workspace_without_samples(run, coco, tmp_path):
    status, out, _ = run("--format", "coco", coco, "--report", tmp_path / "report.json")
    assert (status, out) == (0, "2 images added, 2 images labelled with 6 segments\n")
    with opened(tmp_path) as workspace, workspace.database.read() as session:
        assert count_images(session) == (2, 2)
        assert [(one.id, one.name) for one in load_label_set(session)] == [(1, "cat"), (2, "dog")]
        assert [image.source_id for image in list_images(session, limit=9)] == [1_000, 1_001]
    assert json.loads((tmp_path / "report.json").read_text())["segments"] == 6
    assert not list((tmp_path / "workspace" / "imports").iterdir())


def test_the_same_again_adds_nothing(run, coco):
    run("--format", "coco", coco)
    assert run("--format", "coco", coco)[:2] == (0, "nothing new: 2 images were here already\n")


def test_clashes_are_listed_with_a_remedy_that_works(run, coco, tmp_path):
    with Workspace.open(tmp_path / "workspace") as workspace, workspace.database.write() as session:
        add_category(session, name="my cat", is_thing=True)
    status, out, error = run("--format", "coco", coco)
    assert (status, out) == (2, "")
    assert "category 1 'cat' has the id of 'my cat' here; --map cat=cat settles it" in error
    with opened(tmp_path) as workspace, workspace.database.read() as session:
        assert count_images(session) == (0, 0)
    assert run("--format", "coco", coco, "--map", "cat=cat", "--map", "2=my cat")[0] == 0
    with opened(tmp_path) as workspace, workspace.database.read() as session:
        assert [(one.id, one.name) for one in load_label_set(session)] == [(1, "my cat"), (2, "cat")]


def test_new_ids_settle_all_clashes(run, coco, tmp_path):
    with Workspace.open(tmp_path / "workspace") as workspace, workspace.database.write() as session:
        for name in ("a", "b"):
            add_category(session, name=name, is_thing=True)
    status, out, _ = run("--format", "coco", coco, "--new-ids")
    assert status == 0
    assert "category 1 'cat': gets the id 3, the next free one" in out


def test_bad_items_are_listed_and_the_rest_goes_in(run, coco):
    (coco.parent / "images" / "photo_00001.png").unlink()
    status, out, _ = run("--format", "coco", coco)
    assert status == 1
    assert out.startswith("1 image added")
    assert "photo_00001.png" in out


def test_a_zip_of_the_set_is_the_set_with_a_folder_around_it_or_not(run, coco, tmp_path):
    for top in ("", "my set/"):
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
            for file in sorted(coco.parent.rglob("*.*")):
                archive.write(file, top + file.relative_to(coco.parent).as_posix())
        status, out, _ = run("--format", "coco", tmp_path / "set.zip")
        assert status == 0
    assert out == "nothing new: 2 images were here already\n"


def test_messages_about_a_zip_name_the_zip(run, tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    status, _, error = run("--format", "coco", tmp_path / "set.zip")
    assert status == 2
    assert "unpacked" not in error


def test_photos_may_lie_apart(run, coco, tmp_path):
    (coco.parent / "images").rename(tmp_path / "elsewhere")
    assert run("--format", "coco", coco, "--images", tmp_path / "elsewhere")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--format", "coco", "no-such-set"], "no-such-set does not exist"),
        (["--format", "coco", ".", "--images", "no-such-photos"], "no-such-photos is no folder"),
        (["--format", "coco", ".", "--map", "cat"], "is no OLD=NEW"),
        (["--format", "coco", ".", "--map", "a=b", "--map", "a=c"], "two new names"),
    ],
)
def test_what_cannot_be_is_said_before_a_workspace_is_made(run, tmp_path, monkeypatch, arguments, reason):
    monkeypatch.chdir(tmp_path)
    status, _, error = run(*arguments)
    assert (status, len(error.splitlines())) == (2, 1)
    assert reason in error
    assert not (tmp_path / "workspace").exists()


def test_a_mapping_of_nothing_is_an_error(run, coco):
    assert "the set has no category 'boat' to map" in run("--format", "coco", coco, "--map", "boat=cat")[2]


def test_plain_photos_wait_to_be_labelled(run, tmp_path):
    write_photo(tmp_path / "photos" / "deep", "a.png")
    assert run("--format", "images", tmp_path / "photos")[:2] == (0, "1 image added\n")
    with opened(tmp_path) as workspace, workspace.database.read() as session:
        assert list_images(session, limit=1)[0].state.value == "new"


def test_a_report_that_cannot_be_written_stops_the_import_before_it(run, coco, tmp_path):
    for place in (tmp_path / "no" / "report.json", tmp_path):
        status, out, error = run("--format", "coco", coco, "--report", place)
        assert (status, out) == (2, "")
        assert "the report cannot be written" in error
    with opened(tmp_path) as workspace, workspace.database.read() as session:
        assert count_images(session) == (0, 0)


def test_a_file_beside_the_only_folder_of_a_zip_hides_no_set(run, coco, tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("README.txt", "read me")
        for file in sorted(coco.parent.rglob("*.*")):
            archive.write(file, "ds/" + file.relative_to(coco.parent).as_posix())
    assert run("--format", "coco", tmp_path / "set.zip")[0] == 0
