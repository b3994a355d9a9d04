"""Photos in: files are checked, stored by content, and join the workspace; a bad one stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.settings import SAMPLES
from core.annotation.errors import PhotoError, StorageError
from core.annotation.splits import split_of
from core.formats.images.read import visible_files
from core.formats.photo import Photo, display_bytes, read_bytes, read_photo
from core.formats.unread import raw_photo
from storage.blob_places import Blobs
from storage.images import ImageRecord, NewImage, add_image
from storage.tables import ImageState
from storage.workspace import Workspace

Progress = Callable[[int, int], None]

# The formats that browsers show as they are.
MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WebP": "image/webp"}


@dataclass(frozen=True)
class PhotoFile:
    """A file to take in; `name` is the user's own name for it and is only ever shown."""

    path: Path
    name: str


@dataclass(frozen=True)
class Refused:
    """A file that did not go in, and why (the text starts with the file's name)."""

    name: str
    reason: str


@dataclass(frozen=True)
class Repeated:
    """A file with the very picture of one that stood before it; `first` is that one's name."""

    name: str
    first: str


@dataclass(frozen=True)
class IngestReport:
    """What became of each file: `known` were in the workspace already, or came in with an earlier one of the files,
    which `repeated` names."""

    added: tuple[ImageRecord, ...]
    known: tuple[ImageRecord, ...]
    refused: tuple[Refused, ...]
    repeated: tuple[Repeated, ...] = ()


def photo_files(folder: Path) -> list[PhotoFile]:
    """Every file below `folder` that is not hidden, by name; what is no photo is refused later, by name."""
    return [PhotoFile(folder / name, name) for name in visible_files(folder)]


def sample_photos() -> list[PhotoFile]:
    """The photos that come with Maskwright, for a workspace that has none yet."""
    return [file for file in photo_files(SAMPLES) if not file.name.endswith(".md")]


def add_photos(
    workspace: Workspace,
    files: Sequence[PhotoFile],
    *,
    progress: Progress = lambda finished, total: None,
) -> IngestReport:
    """Take the files in, one transaction each; `progress` is told (finished, total) after each."""
    added: list[ImageRecord] = []
    known: list[ImageRecord] = []
    refused: list[Refused] = []
    repeated: list[Repeated] = []
    names: dict[int, str] = {}
    for number, file in enumerate(files, start=1):
        try:
            record, is_new = _add(workspace, file)
            (added if is_new else known).append(record)
            if record.id in names:
                repeated.append(Repeated(file.name, names[record.id]))
            names.setdefault(record.id, file.name)
        except PhotoError as error:
            refused.append(Refused(file.name, str(error)))
        except StorageError as error:
            refused.append(Refused(file.name, f"{file.name}: {error}"))
        progress(number, len(files))
    return IngestReport(tuple(added), tuple(known), tuple(refused), tuple(repeated))


def _add(workspace: Workspace, file: PhotoFile) -> tuple[ImageRecord, bool]:
    original = read_bytes(file.path, name=file.name)
    image = store_photo(workspace.blobs, original, read_photo(original, name=file.name), name=file.name)
    with workspace.database.write() as session:
        return add_image(session, image)


def store_photo(blobs: Blobs, original: bytes, photo: Photo, *, name: str) -> NewImage:
    """Put a photo's bytes, and what a page shows of it where that is something else, to the blobs; the image to add.

    Raises PhotoError for a camera's raw photo, of which `photo` is a thumbnail.
    """
    if photo.file_format == "TIFF" and (reason := raw_photo(name)):
        raise PhotoError(f"{name}: {reason}")
    shown, shown_type = (original, MEDIA_TYPES[photo.file_format]) if photo.as_stored else display_bytes(photo)
    sha256 = blobs.put(original)
    return NewImage(
        sha256=sha256,
        display_sha256=sha256 if photo.as_stored else blobs.put(shown),
        display_type=shown_type,
        file_name=name,
        width=photo.width,
        height=photo.height,
        note=photo.note,
        split=split_of(sha256),
    )


def stored_photo(workspace: Workspace, image: ImageRecord) -> Photo:
    """The photo of a stored image, decoded from its original bytes as it was when it came in."""
    return read_photo(workspace.blobs.read(image.sha256), name=image.file_name)


def report_lines(report: IngestReport) -> Iterable[str]:
    """The report in words, a line each: the sum first, then what was refused and why."""
    yield f"{len(report.added)} added, {len(report.known)} already there, {len(report.refused)} refused"
    for record in report.added:
        if record.note:
            yield f"{record.file_name}: {record.note}"
    for record in report.known:
        if record.state is ImageState.DELETED:
            yield f"{record.file_name}: deleted here; find it among the deleted images and reopen it"
    for repeated in report.repeated:
        yield f"{repeated.name}: the same picture as {repeated.first}; the two are one image"
    for refused in report.refused:
        yield refused.reason
