"""Opens the data set at a path, be it a folder, a file or a zip."""

from __future__ import annotations

from pathlib import Path

from app.workflows.importing.requests import ImportRequest
from core.annotation.errors import FormatError
from core.formats.archives import is_archive, unpack
from core.formats.imported import DataSet, Reader
from core.formats.registry import reader_of


def open_data_set(request: ImportRequest, folder: Path) -> DataSet:
    """The data set that is asked for; a zip is unpacked into `folder`. Raises FormatError."""
    read = reader_of(request.format)
    request.check()
    if not is_archive(request.path):
        return read(request.path, request.images)
    unpacked = folder / "unpacked"
    unpack(request.path, unpacked)
    return _open_unpacked(read, unpacked, request)


def _open_unpacked(read: Reader, unpacked: Path, request: ImportRequest) -> DataSet:
    """The set lies in the zip's root, or in its only folder. Messages name the zip, not where it was unpacked."""
    inner = list(unpacked.iterdir())
    folders = [path for path in inner if path.is_dir()]
    reasons = []
    for folder in [unpacked, *(folders if len(folders) == 1 else [])]:
        try:
            return read(folder, request.images)
        except FormatError as error:
            reasons.append(str(error).replace(str(folder), str(request.path)))
    # A folder beside files may be a part of the set, such as its photos.
    raise FormatError(reasons[-1] if len(inner) == 1 else reasons[0])
