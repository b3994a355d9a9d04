"""The photos of a workspace, in the order they were added."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.annotation.truth import Progress
from storage.errors import NotFound
from storage.tables import ImageCategoryRow, ImageRow, ImageState

# What an index of PostgreSQL takes with room to spare; the end of a longer name is searched.
_SEARCHED_LENGTH = 500


@dataclass(frozen=True)
class NewImage:
    """An image to add. `sha256` names the file as it came, `display_sha256` its upright 8-bit RGB form.

    width, height: of the display form, in pixels. `display_type` is its media type. `note` says what
    the reading changed, such as a first frame taken; empty for nothing. `source_id` is the id that the image
    had in its data set; `split` the part it belongs to (core.annotation.splits).
    """

    sha256: str
    display_sha256: str
    display_type: str
    file_name: str
    width: int
    height: int
    note: str = ""
    split: str = "train"
    source_id: int | None = None


@dataclass(frozen=True)
class ImageRecord:
    """A stored image; the fields of NewImage, and where the work on it stands.

    `best_score`: the highest of the newest model's proposals; None without any.
    """

    id: int
    sha256: str
    display_sha256: str
    display_type: str
    file_name: str
    width: int
    height: int
    revision: int
    state: ImageState
    added_at: datetime
    note: str
    split: str = "train"
    source_id: int | None = None
    best_score: float | None = None

    @property
    def done(self) -> bool:
        """Done or approved."""
        return progress_of(self.state).is_done


# Rows of plain columns cost a fifth of mapped objects, which counts where there are many.
SELECT_IMAGES: Select[Any] = select(*(getattr(ImageRow, each.name) for each in fields(ImageRecord)))


# Few, if any: leaving these ids out costs a list less than reading each image's state.
_DELETED = aliased(ImageRow)
DELETED_IDS = select(_DELETED.id).where(_DELETED.state == ImageState.DELETED)


def state_of(revision: int, progress: Progress) -> ImageState:
    """The state of an image at this revision."""
    if progress is Progress.OPEN:
        return ImageState.IN_WORK if revision else ImageState.NEW
    return ImageState(progress.value)


def progress_of(state: ImageState) -> Progress:
    """What people say of an image in this state."""
    return Progress.OPEN if state in (ImageState.NEW, ImageState.IN_WORK) else Progress(state.value)


def search_text(text: str) -> str:
    """The text as names are searched: neither case nor the way a letter is written in Unicode counts."""
    return unicodedata.normalize("NFKC", text).casefold()


def new_image_values(
    image: NewImage, *, revision: int = 0, progress: Progress = Progress.OPEN, last_segment_id: int = 0
) -> dict[str, Any]:
    """The columns of a new image's row, added now; an imported one comes with a revision and truth."""
    return {
        **vars(image),
        "revision": revision,
        "done": progress.is_done,
        "state": state_of(revision, progress),
        "last_segment_id": last_segment_id,
        "added_at": datetime.now(UTC),
        "search_name": search_text(image.file_name)[-_SEARCHED_LENGTH:],
        "best_score": None,
    }


def add_image(session: Session, image: NewImage) -> tuple[ImageRecord, bool]:
    """Add the image, or find the one with the same `sha256`; the flag says whether it was added."""
    known = session.scalar(select(ImageRow).where(ImageRow.sha256 == image.sha256))
    if known is not None:
        return _record(known), False
    row = ImageRow(**new_image_values(image))
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
    """At most `limit` images from the `offset`-th (from 0) on, in order; deleted ones are not counted."""
    there = SELECT_IMAGES.where(ImageRow.id.not_in(DELETED_IDS))
    return image_records(session, there.order_by(ImageRow.id).offset(offset).limit(limit))


def labelled_images(session: Session) -> tuple[ImageRecord, ...]:
    """The images that are done or have a segment, in order, without skipped and deleted ones."""
    left_out = ImageRow.state.in_((ImageState.SKIPPED, ImageState.DELETED))
    has_segment = select(ImageCategoryRow.image_id).where(ImageCategoryRow.image_id == ImageRow.id).exists()
    return image_records(session, SELECT_IMAGES.where(or_(ImageRow.done, has_segment), ~left_out).order_by(ImageRow.id))


def hashes_in_use(session: Session, hashes: Sequence[str]) -> set[str]:
    """Those of the blobs' hashes that an image has, as its file or as what is shown of it."""
    found: set[str] = set()
    for column in (ImageRow.sha256, ImageRow.display_sha256):
        found.update(session.scalars(select(column).where(column.in_(hashes))))
    return found


def count_images(session: Session) -> tuple[int, int]:
    """(all, done), approved ones among the done, without deleted ones."""
    total = count_stored_images(session)
    deleted = session.scalar(select(func.count()).where(ImageRow.state == ImageState.DELETED)) or 0
    done = session.scalar(select(func.count()).select_from(ImageRow).where(ImageRow.done)) or 0
    return total - deleted, done


def count_stored_images(session: Session) -> int:
    """All that there are, deleted ones too."""
    return session.scalar(select(func.count()).select_from(ImageRow)) or 0


def image_records(session: Session, query: Select[Any]) -> tuple[ImageRecord, ...]:
    """The images of a query made of SELECT_IMAGES."""
    return tuple(ImageRecord(*values) for values in session.execute(query))


def _record(row: ImageRow) -> ImageRecord:
    return ImageRecord(*(getattr(row, each.name) for each in fields(ImageRecord)))
