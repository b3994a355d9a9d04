"""A snapshot's images as training sees them: each with its truth at the revision that the snapshot names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.orm import Session

from core.annotation.labels import LabelSet
from core.annotation.mask import Mask
from core.annotation.truth import Decision, Truth
from core.training.data.images import LabelledImage, Labels
from core.training.data.segments import from_segments
from storage.corrections import rebuild
from storage.engine import Database
from storage.errors import NotFound
from storage.images import ImageRecord, get_image
from storage.proposals import get_proposals
from storage.snapshots import Snapshot, SnapshotImage
from storage.workspace import Workspace


@dataclass(frozen=True)
class SnapshotReader:
    """Reads an image's labels from the log when they are needed; small enough to travel to a worker process."""

    database: URL
    image_id: int
    revision: int
    label_set: LabelSet

    def __call__(self) -> Labels:
        """The labels at the revision; complete when the image was done then, else with the masks rejected until then.

        Raises StorageError.
        """
        with _open(self.database).read() as session:
            truth = rebuild(session, self.image_id, self.revision)
            rejected = () if truth.done else _rejected(session, self.image_id, truth)
        labels = from_segments(truth.segments, self.label_set, complete=truth.done)
        return replace(labels, rejected=rejected)


def _rejected(session: Session, image_id: int, truth: Truth) -> tuple[Mask, ...]:
    numbers = [number for number, decision in truth.decisions.items() if decision is Decision.REJECTED]
    return tuple(proposal.mask for proposal in get_proposals(session, image_id, numbers))


@lru_cache(maxsize=1)
def _open(url: URL) -> Database:
    """One connection pool a process, kept for its life."""
    return Database(url)


def labelled(workspace: Workspace, snapshot: Snapshot, images: Iterable[SnapshotImage]) -> list[LabelledImage]:
    """The images, their photos named as the person named them. Raises NotFound when a photo is missing."""
    found = []
    with workspace.database.read() as session:
        for image in images:
            record = get_image(session, image.image_id)
            path = _photo(workspace, record)
            reader = SnapshotReader(workspace.database.url, image.image_id, image.revision, snapshot.label_set)
            found.append(LabelledImage(path, (reader,), title=record.file_name))
    return found


def _photo(workspace: Workspace, record: ImageRecord) -> Path:
    try:
        return workspace.blobs.existing_path(record.sha256)
    except NotFound as error:
        raise NotFound(f"{record.file_name}: the photo {error}") from error
