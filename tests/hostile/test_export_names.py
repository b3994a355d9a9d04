"""File names that try to leave the export's folder end up as plain names inside it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from app.workflows.correct import Submission, correct
from app.workflows.exporting import export_workspace
from app.workflows.ingest import PhotoFile, add_photos
from core.annotation.corrections import Operation, Request
from core.annotation.mask import Mask
from storage.categories import add_category
from storage.workspace import Workspace
from tests.storage.new_workspaces import new_workspace

ESCAPES = [
    "../escape.png",
    "../../escape.png",
    "../" * 30 + "tmp/escape.png",
    "/tmp/escape.png",  # noqa: S108
    "/etc/cron.d/escape",
    "//server/share/escape.png",
    "..\\escape.png",
    "..\\..\\escape.png",
    "C:\\Windows\\escape.png",
    "C:escape.png",
    "\\\\?\\C:\\escape.png",
    "\\\\server\\share\\escape.png",
    "..",
    ".",
    "...",
    "./..",
    "",
    " ",
    "/",
    "\\",
    "~/escape.png",
    "~root",
    "$HOME/escape.png",
    "%2e%2e%2fescape.png",
    "..%2fescape.png",
    "..%c0%afescape.png",
    "\u2024\u2024/escape.png",
    "\uff0e\uff0e\uff0fescape.png",
    "..\u2215escape.png",
    "file:///etc/passwd",
    "http://example.org/escape.png",
    "escape.png\n../other.png",
    "escape.png\0.txt",
    "\r\nescape.png",
    "escape\x1b]0;title\x07.png",
    "-rf *",
    "--output=/etc/passwd.png",
    "; rm -rf ~;.png",
    "$(touch escape).png",
    "`touch escape`.png",
    "|touch escape",
    "CON",
    "nul.png",
    "LPT1.txt.png",
    "COM¹.png",
    ".htaccess",
    ".ssh/authorized_keys",
    ".git/config",
    "export-report.json",
    "instances.json",
    "../instances.json",
    "a" * 5000 + ".png",
    "ü" * 300 + ".png",
    "../" + "b" * 400,
    "\u202egnp.exe",
    "name:stream.png",
    "name.png.",
    "name.png ",
    "NAME.PNG",
    "Name.png",
]


def test_no_name_leaves_the_folder(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with new_workspace(inner / "workspace") as workspace:
        _fill(workspace, inner)
        before = {path for path in tmp_path.rglob("*") if (inner / "workspace") not in path.parents}
        for format_name in ("coco", "coco-panoptic", "semantic-png"):
            report = export_workspace(workspace, format_name, inner / format_name)
            assert report.images == len(ESCAPES)
            images = list((inner / format_name / "images").iterdir())
            assert len({path.stem.casefold() for path in images}) == len(ESCAPES)
            assert all(path.is_file() and not path.name.startswith(".") for path in images)
            assert all(len(path.name.encode()) <= 150 for path in images)
        assert len(list((inner / "semantic-png" / "masks").iterdir())) == len(ESCAPES)
        after = {path for path in tmp_path.rglob("*") if (inner / "workspace") not in path.parents}
    assert {path.relative_to(inner).parts[0] for path in after - before} == {"coco", "coco-panoptic", "semantic-png"}


def _fill(workspace: Workspace, folder: Path) -> None:
    """A photo of each name, with one segment."""
    files = []
    for index, name in enumerate(ESCAPES):
        out = BytesIO()
        Image.fromarray(np.full((4, 5, 3), index, np.uint8)).save(out, "PNG")
        (folder / f"{index}.bin").write_bytes(out.getvalue())
        files.append(PhotoFile(folder / f"{index}.bin", name))
    added = add_photos(workspace, files).added
    assert [record.file_name for record in added] == ESCAPES
    with workspace.database.write() as session:
        category = add_category(session, name="thing", is_thing=True)
    request = Request(Operation.DRAW, category_id=category.id, mask=Mask.from_array(np.ones((4, 5), bool)))
    for record in added:
        correct(workspace, Submission(record.id, "test", record.id, "a", 0, request))
