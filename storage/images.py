"""The photos of a workspace, in the order they were added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from storage.errors import NotFound
from storage.tables import ImageRow, SegmentRow


class ImageState(StrEnum):
    """How far the work on an image is."""

    NEW = "new"
    IN_WORK = "in_work"
    DONE = "done"


@dataclass(frozen=True)
class NewImage:
    """An image to add. `sha256` names the file as it came, `display_sha256` its upright 8-bit RGB form.

    width, height: of the display form, in pixels. `display_type` is its media type. `note` says what
    the reading changed, such as a first frame taken; empty for nothing.
    """

    sha256: str
    display_sha256: str
    display_type: str
    file_name: str
    width: int
    height: int
    note: str = ""


@dataclass(frozen=True)
class ImageRecord:
    """A stored image; the fields of NewImage, and where the work on it stands."""

    id: int
    sha256: str
    display_sha256: str
    display_type: str
    file_name: str
    width: int
    height: int
    revision: int
    done: bool
    added_at: datetime
    note: str

    @property
    def state(self) -> ImageState:
        if self.done:
            return ImageState.DONE
        return ImageState.IN_WORK if self.revision else ImageState.NEW


@dataclass(frozen=True)
class Neighbours:
    """Where an image stands: the ids before and after it, and its `position` from 1 of `total`."""

    previous_id: int | None
    next_id: int | None
    position: int
    total: int


def add_image(session: Session, image: NewImage) -> tuple[ImageRecord, bool]:
    """Add the image, or find the one with the same `sha256`; the flag says whether it was added."""
    known = session.scalar(select(ImageRow).where(ImageRow.sha256 == image.sha256))
    if known is not None:
        return _record(known), False
    row = ImageRow(
        sha256=image.sha256,
        display_sha256=image.display_sha256,
        display_type=image.display_type,
        file_name=image.file_name,
        width=image.width,
        height=image.height,
        revision=0,
        done=False,
        last_segment_id=0,
        added_at=datetime.now(UTC),
        note=image.note,
    )
    session.add(row)
    session.flush()
    return _record(row), True


def get_image(session: Session, image_id: int) -> ImageRecord:
    """The image with this id. Raises NotFound."""
    row = session.get(ImageRow, image_id)
    if row is None:
        raise NotFound(f"the workspace has no image {image_id}; choose one of its list")
    return _record(row)


def list_images(session: Session, *, offset: int = 0, limit: int) -> tuple[ImageRecord, ...]:
    """At most `limit` images from the `offset`-th (from 0) on, in order."""
    rows = session.scalars(select(ImageRow).order_by(ImageRow.id).offset(offset).limit(limit))
    return tuple(map(_record, rows))


def labelled_images(session: Session) -> tuple[ImageRecord, ...]:
    """The images that are done or have a segment, in order."""
    has_segment = select(SegmentRow.image_id).where(SegmentRow.image_id == ImageRow.id).exists()
    rows = session.scalars(select(ImageRow).where(or_(ImageRow.done, has_segment)).order_by(ImageRow.id))
    return tuple(map(_record, rows))


def count_images(session: Session) -> tuple[int, int]:
    """(all, done)."""
    total = session.scalar(select(func.count()).select_from(ImageRow)) or 0
    done = session.scalar(select(func.count()).select_from(ImageRow).where(ImageRow.done)) or 0
    return total, done


def neighbours(session: Session, image_id: int) -> Neighbours:
    """What stands before and after the image. Raises NotFound."""
    get_image(session, image_id)
    before = select(func.max(ImageRow.id), func.count()).where(ImageRow.id < image_id)
    after = select(func.min(ImageRow.id), func.count()).where(ImageRow.id > image_id)
    previous_id, count_before = session.execute(before).one()
    next_id, count_after = session.execute(after).one()
    return Neighbours(previous_id, next_id, count_before + 1, count_before + 1 + count_after)


def first_open_image(session: Session) -> int | None:
    """The id of the first image that is not done, or None."""
    return session.scalar(select(func.min(ImageRow.id)).where(~ImageRow.done))


def _record(row: ImageRow) -> ImageRecord:
    return ImageRecord(
        id=row.id,
        sha256=row.sha256,
        display_sha256=row.display_sha256,
        display_type=row.display_type,
        file_name=row.file_name,
        width=row.width,
        height=row.height,
        revision=row.revision,
        done=row.done,
        added_at=row.added_at,
        note=row.note,
    )
