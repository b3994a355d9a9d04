"""The photos that the rows name are there and whole, and nothing lies about that no row names."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy import select

from storage.checking.findings import Finding
from storage.errors import DamagedBlob, NotFound, translated
from storage.images import count_stored_images, hashes_in_use
from storage.tables import ImageRow
from storage.workspace import Workspace

# An import under way puts photos long before their rows; no import takes longer.
YOUNG_S = 24 * 3600
_AT_ONCE = 500
_DELETE = "run the check again with --repair to delete it"
_WAIT = "an import may be at work; --repair deletes it once it is a day old"
_ADVICE = "put the file back from a backup, or add the photo again"


def check_photos(workspace: Workspace, *, progress: Callable[[int, int], None]) -> Iterator[Finding]:
    """Every image's files, by their hashes; progress: called with (images looked at, images in all)."""
    looked_at, last = 0, None
    while True:
        columns = ImageRow.id, ImageRow.sha256, ImageRow.display_sha256, ImageRow.file_name
        chosen = select(*columns).order_by(ImageRow.id).limit(_AT_ONCE)
        with workspace.database.read() as session:
            total = count_stored_images(session)
            images = session.execute(chosen if last is None else chosen.where(ImageRow.id > last)).all()
        if not images:
            return
        for image in images:
            for sha256 in dict.fromkeys((image.sha256, image.display_sha256)):
                try:
                    workspace.blobs.read(sha256)
                except (NotFound, DamagedBlob) as error:
                    why = "missing" if isinstance(error, NotFound) else "damaged: its bytes no longer have its hash"
                    yield Finding("photo", f"{sha256} of image {image.id} ({image.file_name})", why, _ADVICE)
            looked_at += 1
            progress(looked_at, max(total, looked_at))
        last = images[-1].id


def check_leftovers(workspace: Workspace, *, repair: bool) -> Iterator[Finding]:
    """Photos without an image, and drafts of processes that were killed; those of the last day may still be wanted."""
    for sha256 in _unnamed(workspace):
        old = _is_old(workspace.blobs.changed_at(sha256))
        if repair and old:
            workspace.blobs.delete(sha256)
        yield Finding("photo", sha256, "no image has it", _DELETE if old else _WAIT, repair and old)
    for folder, changed_at in _import_drafts(workspace.imports_folder):
        old = _is_old(changed_at)
        if repair and old:
            with translated(folder):
                shutil.rmtree(folder)
        advice = _DELETE if old else _WAIT
        yield Finding("folder", str(folder), "an import has not ended in it", advice, repair and old)
    for draft in _drafts(workspace.folder):
        if repair:
            draft.unlink(missing_ok=True)
        yield Finding("file", str(draft), "it was left half written", _DELETE, repair)


def _unnamed(workspace: Workspace) -> Iterator[str]:
    """The blobs are listed before the rows are asked for, so that no photo added meanwhile is among them."""
    names = workspace.blobs.hashes()
    while some := list(islice(names, _AT_ONCE)):
        with workspace.database.read() as session:
            named = hashes_in_use(session, some)
        yield from (name for name in some if name not in named)


def _import_drafts(parent: Path) -> Iterator[tuple[Path, float]]:
    """An import at work may end, and its folder be gone, while they are listed."""
    for folder in sorted(parent.glob("*/")):
        try:
            yield folder, folder.stat().st_mtime
        except FileNotFoundError:
            continue


def _drafts(folder: Path) -> Iterator[Path]:
    for path in folder.rglob(".*.part"):
        try:
            if path.is_file() and not path.is_symlink() and _is_old(path.stat().st_mtime):
                yield path
        except FileNotFoundError:
            continue


def _is_old(changed_at: float | None) -> bool:
    return changed_at is not None and time.time() - changed_at > YOUNG_S
