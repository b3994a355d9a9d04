"""What exports read: which images, at which revisions, and their truth a few images at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from core.annotation.mask import Mask
from core.annotation.truth import Segment, Truth
from storage.corrections import rebuild
from storage.images import progress_of
from storage.tables import ImageCategoryRow, ImageRow, ImageState, SegmentRow

# Those whose segments are all of their truth; and those that an export takes which asks for no state.
DONE_STATES = frozenset({ImageState.DONE, ImageState.APPROVED})
WORKED_STATES = frozenset(ImageState) - {ImageState.SKIPPED, ImageState.DELETED}
_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class ExportRow:
    """What an export asks of every image before it reads any truth. `chosen`: the choice takes it."""

    id: int
    file_name: str
    display_type: str
    sha256: str
    split: str
    source_id: int | None
    revision: int
    chosen: bool


@dataclass(frozen=True)
class ExportedImage:
    """An image with its truth at the revision that was asked for; of the decisions about proposals it has none.

    `display_sha256` and `display_type` are of the photo as its masks fit it; `as_added`: its file is just that.
    """

    file_name: str
    display_sha256: str
    display_type: str
    as_added: bool
    truth: Truth


def export_rows(
    session: Session, *, states: Collection[ImageState], category_ids: Collection[int] | None
) -> Iterator[ExportRow]:
    """Every image, in order; see `truth_chosen` for the choice."""
    row = ImageRow
    query = (
        select(
            row.id,
            row.file_name,
            row.display_type,
            row.sha256,
            row.split,
            row.source_id,
            row.revision,
            truth_chosen(states=states, category_ids=category_ids),
        )
        .order_by(row.id)
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    for values in session.execute(query):
        yield ExportRow(*values)


def truth_chosen(*, states: Collection[ImageState], category_ids: Collection[int] | None) -> ColumnElement[bool]:
    """Whether an image is in one of the states, and is done or has a segment; with `category_ids` one of these."""
    present = ImageCategoryRow.image_id == ImageRow.id
    has_segment = select(ImageCategoryRow.image_id).where(present).exists()
    wanted = and_(ImageRow.state.in_(states), or_(ImageRow.state.in_(DONE_STATES), has_segment))
    if category_ids is None:
        return wanted
    named = select(ImageCategoryRow.image_id).where(present, ImageCategoryRow.category_id.in_(category_ids)).exists()
    return and_(wanted, named)


def segment_ids_differ(
    session: Session, *, states: Collection[ImageState], category_ids: Collection[int] | None, split: str | None
) -> bool:
    """Whether no two segments of the chosen images, those of a split where one is named, have the same id."""
    in_split = true() if split is None else ImageRow.split == split
    chosen = select(ImageRow.id).where(truth_chosen(states=states, category_ids=category_ids), in_split)
    twice = (
        select(SegmentRow.id)
        .where(SegmentRow.image_id.in_(chosen))
        .group_by(SegmentRow.id)
        .having(func.count() > 1)
        .limit(1)
    )
    return session.execute(twice).first() is None


def load_for_export(session: Session, revisions: Mapping[int, int]) -> dict[int, ExportedImage]:
    """The images with these ids, each with its truth at the revision that goes with it: a few, all are in memory."""
    segments = _segments(session, revisions)
    rows = session.execute(
        select(
            ImageRow.id,
            ImageRow.file_name,
            ImageRow.display_sha256,
            ImageRow.display_type,
            ImageRow.sha256,
            ImageRow.height,
            ImageRow.width,
            ImageRow.revision,
            ImageRow.state,
            ImageRow.last_segment_id,
        ).where(ImageRow.id.in_(revisions))
    )
    found = {}
    for number, name, display_sha256, display_type, sha256, height, width, revision, state, last in rows:
        if revision == revisions[number]:
            truth = Truth(
                height,
                width,
                revision,
                tuple(segments.get(number, ())),
                progress=progress_of(state),
                last_segment_id=last,
            )
        else:
            truth = rebuild(session, number, revisions[number])
        found[number] = ExportedImage(name, display_sha256, display_type, display_sha256 == sha256, truth)
    return found


def _segments(session: Session, image_ids: Collection[int]) -> dict[int, list[Segment]]:
    row = SegmentRow
    rows = session.execute(
        select(
            row.image_id,
            ImageRow.height,
            ImageRow.width,
            row.id,
            row.counts,
            row.category_id,
            row.order,
            row.source,
            row.crowd,
            row.proposals,
            row.area,
            row.bbox_x,
            row.bbox_y,
            row.bbox_width,
            row.bbox_height,
        )
        .join(ImageRow, ImageRow.id == row.image_id)
        .where(row.image_id.in_(image_ids))
        .order_by(row.image_id, row.order, row.id)
    )
    found: dict[int, list[Segment]] = {}
    for image_id, height, width, number, counts, category_id, order, source, crowd, proposals, area, *box in rows:
        mask = Mask.measured(height, width, counts, area=area, bbox=tuple(box))
        segment = Segment(number, mask, category_id, order, source, crowd, tuple(proposals))
        found.setdefault(image_id, []).append(segment)
    return found
