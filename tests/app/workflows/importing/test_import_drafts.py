"""What an import is working on, and what a killed one leaves."""

from __future__ import annotations

import subprocess

import pytest

from app.workflows.importing.drafts import draft_folder
from app.workflows.processes import name_process
from tests.storage.new_workspaces import new_workspace


@pytest.fixture
def workspace(tmp_path):
    with new_workspace(tmp_path / "workspace") as opened:
        yield opened


def test_a_draft_is_gone_at_the_end_whatever_happens(workspace):
    def fail() -> None:
        with draft_folder(workspace) as folder:
            (folder / "file").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not list((workspace.folder / "imports").iterdir())


def test_what_a_killed_process_left_is_swept_and_what_others_work_on_is_not(workspace):
    imports = workspace.folder / "imports"
    with subprocess.Popen(["sleep", "60"]) as process:
        ended = name_process(process.pid)
        process.kill()
    with draft_folder(workspace) as mine:
        machine = mine.name.split("-")[0]
        assert str(name_process().pid) in mine.name
    left = imports / f"{machine}-{ended.pid}-{ended.started}-{'0' * 12}"
    elsewhere = imports / left.name.replace(machine, "0" * 8, 1)
    strange = imports / "notes of a person"
    for folder in (left, elsewhere, strange):
        folder.mkdir()
    with draft_folder(workspace) as first, draft_folder(workspace) as second:
        assert set(imports.iterdir()) == {first, second, elsewhere, strange}
