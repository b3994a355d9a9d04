"""The photos that the rows name are there and whole, and nothing lies about that no row names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.checking.findings import Finding
from storage.errors import DamagedBlob, NotFound
from storage.images import count_images
from storage.tables import ImageRow
from storage.workspace import Workspace

# An import under way puts photos long before their rows; no import takes longer.
YOUNG_S = 24 * 3600
_AT_ONCE = 500
_ADVICE = "put the file back from a backup, or add the photo again"


def check_photos(workspace: Workspace, *, progress: Callable[[int, int], None]) -> Iterator[Finding]:
    """Every image's files, by their hashes; progress: called with (images looked at, images in all)."""
    looked_at, last = 0, None
    while True:
        columns = ImageRow.id, ImageRow.sha256, ImageRow.display_sha256, ImageRow.file_name
        chosen = select(*columns).order_by(ImageRow.id).limit(_AT_ONCE)
        with workspace.database.read() as session:
            total, _ = count_images(session)
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
    advice = "run the check again with --repair to delete it"
    for sha256 in _unnamed(workspace):
        if _is_old(workspace.blobs.changed_at(sha256)):
            if repair:
                workspace.blobs.delete(sha256)
            yield Finding("photo", sha256, "no image has it", advice, repair)
    for draft in _drafts(workspace.folder):
        if repair:
            draft.unlink(missing_ok=True)
        yield Finding("file", str(draft), "it was left half written", advice, repair)


def _unnamed(workspace: Workspace) -> Iterator[str]:
    """The blobs are listed before the rows are asked for, so that no photo added meanwhile is among them."""
    names = workspace.blobs.hashes()
    while some := list(islice(names, _AT_ONCE)):
        with workspace.database.read() as session:
            named = _named(session, some)
        yield from (name for name in some if name not in named)


def _named(session: Session, hashes: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for column in (ImageRow.sha256, ImageRow.display_sha256):
        found.update(session.scalars(select(column).where(column.in_(hashes))))
    return found


def _drafts(folder: Path) -> Iterator[Path]:
    for path in folder.rglob(".*.part"):
        try:
            if path.is_file() and not path.is_symlink() and _is_old(path.stat().st_mtime):
                yield path
        except FileNotFoundError:
            continue


def _is_old(changed_at: float | None) -> bool:
    return changed_at is not None and time.time() - changed_at > YOUNG_S
