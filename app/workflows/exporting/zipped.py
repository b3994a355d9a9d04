"""An export as one zip file, for a download: the same bytes for the same export."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from app.workflows.exporting.choice import Choice
from app.workflows.exporting.report import ExportReport
from app.workflows.exporting.writing import export_workspace
from core.annotation.errors import FormatError
from core.annotation.files import write_atomically
from core.formats.places import PHOTO_SUFFIXES
from storage.errors import translated
from storage.workspace import Workspace

# The first moment that a zip can name.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o644 << 16
_COPIED_BYTES = 1 << 20


def export_zip(
    workspace: Workspace,
    format: str,
    target: Path,
    *,
    choice: Choice = Choice(),  # noqa: B008 — frozen
    photos: bool = True,
    progress: Callable[[int, int], None] = lambda finished, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ExportReport:
    """Export as `export_workspace` does, into the zip file `target`; the folder is made beside it and goes again."""
    with translated(target), tempfile.TemporaryDirectory(prefix=f".{target.stem}.", dir=target.parent) as parent:
        folder = Path(parent) / target.stem
        report = export_workspace(
            workspace, format, folder, choice=choice, photos=photos, progress=progress, cancelled=cancelled
        )
        with write_atomically(target) as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                if cancelled():
                    raise FormatError("the export was stopped; nothing was written")
                _add(archive, path, path.relative_to(folder).as_posix())
                # Not the folder and the zip whole at once: a disk holds the data set little more than once.
                path.unlink()
    return report


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.external_attr = _PLAIN_FILE
    # Photos and masks are compressed already.
    packed = path.suffix.lower() not in PHOTO_SUFFIXES
    entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    entry.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(entry, "w") as target:
        while piece := source.read(_COPIED_BYTES):
            target.write(piece)
