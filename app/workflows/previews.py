"""Small pictures of the workspace's photos, made once and kept in its `previews` folder.

They are named by the photo's content, so they never grow old, and the whole folder may be deleted at any time.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from pathlib import Path

from core.annotation.files import write_atomically
from core.formats.previews import preview_bytes, previews_bytes
from storage.blobs import check_name
from storage.images import ImageRecord
from storage.workspace import Workspace

log = logging.getLogger(__name__)

# Sharp in a list on a screen with two pixels to a point.
THUMBNAIL_PX = 256
# A laptop's window, the usual screen, and a large one.
PREVIEW_EDGES_PX = (1280, 1920, 2560)
SIDES_PX = (THUMBNAIL_PX, *PREVIEW_EDGES_PX)
FOLDER = "previews"
# Pictures can be made again: the last gigabyte of the disk is left to work that cannot.
_LEAST_FREE_BYTES = 2**30


def small_picture(workspace: Workspace, image: ImageRecord, side_px: int) -> Path | bytes:
    """A JPEG of the photo whose longer side is at most `side_px`, one of the sizes above: its file, or its bytes where
    the folder takes no file. A photo that is not larger is its own picture, of type `display_type`.

    Raises NotFound without the photo's blob, PhotoError when it is damaged.
    """
    kept = kept_picture(workspace, image, side_px)
    return _made(workspace, image, side_px) if kept is None else kept


def kept_picture(workspace: Workspace, image: ImageRecord, side_px: int) -> Path | None:
    """`small_picture`'s file if it is there without making it."""
    if max(image.width, image.height) <= side_px:
        return workspace.blobs.existing_path(image.display_sha256)
    path = _place(workspace, image, side_px)
    return path if path.is_file() else None


def make_pictures(workspace: Workspace, image: ImageRecord, sides_px: Iterable[int]) -> None:
    """Make those of `small_picture`'s files that are not there yet, all of the photo decoded once.

    Raises StorageError without the photo's blob, PhotoError when it is damaged, OSError where the folder takes no file
    or hardly any room is left.
    """
    smaller = (side_px for side_px in sides_px if side_px < max(image.width, image.height))
    places = {side_px: _place(workspace, image, side_px) for side_px in smaller}
    absent = [side_px for side_px, path in places.items() if not path.is_file()]
    if not absent:
        return
    if shutil.disk_usage(workspace.folder).free < _LEAST_FREE_BYTES:
        raise OSError(f"{workspace.folder} has hardly any room left")
    photo = workspace.blobs.read(image.display_sha256)
    for side_px, content in previews_bytes(photo, absent, name=image.file_name).items():
        _keep(places[side_px], content)


def _place(workspace: Workspace, image: ImageRecord, side_px: int) -> Path:
    sha256 = check_name(image.display_sha256)
    return workspace.folder / FOLDER / sha256[:2] / f"{sha256}-{side_px}.jpg"


def _made(workspace: Workspace, image: ImageRecord, side_px: int) -> Path | bytes:
    path = _place(workspace, image, side_px)
    photo = workspace.blobs.existing_path(image.display_sha256).read_bytes()
    content = preview_bytes(photo, side_px, name=image.file_name)
    try:
        _keep(path, content)
    except OSError as error:
        log.warning("a preview was not kept: %s", error)
        return content
    return path


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(path) as file:
        file.write(content)


def picture_type(image: ImageRecord, side_px: int) -> str:
    """The media type of `small_picture`."""
    return image.display_type if max(image.width, image.height) <= side_px else "image/jpeg"
