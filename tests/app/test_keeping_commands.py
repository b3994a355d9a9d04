"""backup and check, as people call them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import update

from app.cli import main
from app.settings import DATABASE_VARIABLE
from app.workflows.processes import environment_of
from storage.models import NewModel, add_model
from storage.runs import NewRun, ProcessName, add_run
from storage.snapshots import SnapshotImage, add_snapshot
from storage.tables import ImageCategoryRow, Part, SegmentRow
from storage.workspace import Workspace
from tests.made import make_workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    workspace, _ = make_workspace(tmp_path / "work", photos=2)
    workspace.close()
    return tmp_path / "work"


def test_a_backup_is_checked_like_the_workspace(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", "--workspace", str(folder), str(tmp_path / "copy")]) == 0
    assert main(["check", "--workspace", str(tmp_path / "copy")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [f"2 images are in {tmp_path / 'copy'}", f"{tmp_path / 'copy'} is whole"]


def test_a_backup_that_lacks_a_photo_says_so(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(folder) as workspace:
        workspace.blobs.delete(next(workspace.blobs.hashes()))
    assert main(["backup", "--workspace", str(folder), str(tmp_path / "copy")]) == 1
    said = capsys.readouterr()
    assert "but 1 photos are missing or damaged" in said.out
    assert ".png: " in said.err
    assert main(["check", "--workspace", str(folder)]) == 1
    assert "1 findings" in capsys.readouterr().out


def test_what_can_be_repaired_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(folder) as workspace, workspace.database.write() as session:
        session.add(ImageCategoryRow(image_id=1, category_id=3, state="new", segments=4))
        session.execute(update(SegmentRow).values(area=1))
    assert main(["check", "--workspace", str(folder)]) == 1
    assert "run the check again with --repair" in capsys.readouterr().out
    assert main(["check", "--workspace", str(folder), "--repair"]) == 1
    assert "; repaired" in capsys.readouterr().out
    assert main(["check", "--workspace", str(folder)]) == 0


def test_a_model_whose_files_are_gone_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(folder) as workspace, workspace.database.write() as session:
        snapshot = add_snapshot(session, [SnapshotImage(1, 0, Part.LEARN)])
        process = ProcessName(1, f"{time.time()}")
        run = add_run(session, NewRun(snapshot.id, "a" * 64, "base", {}), process=process)
        add_model(session, NewModel("run-1", "c" * 64, "a" * 64, "base", snapshot.id, run.id, {}))
    assert main(["check", "--workspace", str(folder)]) == 1
    assert "model run-1: the files of run-1 are missing" in capsys.readouterr().out


def test_a_database_that_cannot_be_opened_is_a_finding_and_no_folder_an_error(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "maskwright.db").write_bytes(b"no database" * 999)
    assert main(["check", "--workspace", str(folder)]) == 1
    assert "it is no SQLite database; put a backup copy in its place" in capsys.readouterr().out
    assert main(["check", "--workspace", str(tmp_path / "absent")]) == 2
    assert "is no workspace" in capsys.readouterr().err


def test_commands_find_a_servers_database_by_option_or_environment(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work, moved = tmp_path / "work", tmp_path / "moved"
    Workspace.open(work).close()
    assert main(["backup", "--workspace", str(work), "--to-database", postgres_url, str(moved)]) == 0
    assert main(["check", "--workspace", str(moved), "--database", postgres_url]) == 0
    monkeypatch.setenv(DATABASE_VARIABLE, postgres_url)
    assert main(["check", "--workspace", str(moved)]) == 0
    assert main(["check", "--workspace", str(work)]) == 1
    assert "keeps its database in its folder; leave out --database" in capsys.readouterr().out


def test_a_runs_process_is_told_the_database_and_no_other_learns_it(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Workspace.open(tmp_path / "served", database=postgres_url) as workspace:
        assert environment_of(workspace)[DATABASE_VARIABLE] == postgres_url
    monkeypatch.setenv(DATABASE_VARIABLE, postgres_url)
    with Workspace.open(tmp_path / "own") as workspace:
        assert DATABASE_VARIABLE not in environment_of(workspace)
