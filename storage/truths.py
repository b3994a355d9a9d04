"""An image's present truth, read from the state tables."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from core.annotation.mask import Mask
from core.annotation.truth import Decision, Segment, Truth
from storage.errors import NotFound
from storage.images import progress_of
from storage.tables import UNLABELLED, ImageCategoryRow, ImageRow, ProposalRow, SegmentRow

# Built once: each correction asks them, and waits for building a statement longer than for the database.
_IMAGE = select(ImageRow.height, ImageRow.width, ImageRow.revision, ImageRow.state, ImageRow.last_segment_id).where(
    ImageRow.id == bindparam("image")
)
_SEGMENTS = (
    select(
        SegmentRow.id,
        SegmentRow.counts,
        SegmentRow.category_id,
        SegmentRow.order,
        SegmentRow.source,
        SegmentRow.crowd,
        SegmentRow.proposals,
    )
    .where(SegmentRow.image_id == bindparam("image"))
    .order_by(SegmentRow.order, SegmentRow.id)
)
_DECISIONS = (
    select(ProposalRow.id, ProposalRow.decision)
    .where(ProposalRow.image_id == bindparam("image"), ProposalRow.decision != Decision.UNDECIDED)
    .order_by(ProposalRow.id)
)


def load_truth(session: Session, image_id: int) -> Truth:
    """The image's truth at its present revision; masks of proposals are not read. Raises NotFound."""
    image = session.execute(_IMAGE, {"image": image_id}).one_or_none()
    if image is None:
        raise NotFound(f"the workspace has no image {image_id}; choose one of its list")
    height, width, revision, state, last_segment_id = image
    return Truth(
        height=height,
        width=width,
        revision=revision,
        segments=_load_segments(session, image_id, height, width),
        decisions=_load_decisions(session, image_id),
        progress=progress_of(state),
        last_segment_id=last_segment_id,
    )


def count_segments_by_image(session: Session) -> tuple[tuple[int, int | None, int], ...]:
    """(image id, category id, segments) of the present truth, None for unlabelled ones; crowds are not counted."""
    counted = ImageCategoryRow
    rows = session.execute(
        select(counted.image_id, counted.category_id, counted.segments).order_by(counted.image_id, counted.category_id)
    )
    crowds = _count_crowds(session)
    found = ((image_id, _named(category_id), segments) for image_id, category_id, segments in rows)
    plain = ((image_id, named, segments - crowds.get((image_id, named), 0)) for image_id, named, segments in found)
    return tuple(count for count in plain if count[2])


def _named(category_id: int) -> int | None:
    return None if category_id == UNLABELLED else category_id


def _count_crowds(session: Session) -> dict[tuple[int, int | None], int]:
    rows = session.execute(
        select(SegmentRow.image_id, SegmentRow.category_id, func.count())
        .where(SegmentRow.crowd)
        .group_by(SegmentRow.image_id, SegmentRow.category_id)
    )
    return {(image_id, category_id): crowds for image_id, category_id, crowds in rows}


def _load_segments(session: Session, image_id: int, height: int, width: int) -> tuple[Segment, ...]:
    rows = session.execute(_SEGMENTS, {"image": image_id})
    return tuple(
        Segment(number, Mask(height, width, counts), category_id, order, source, crowd, tuple(proposals))
        for number, counts, category_id, order, source, crowd, proposals in rows
    )


def _load_decisions(session: Session, image_id: int) -> dict[int, Decision]:
    return dict(session.execute(_DECISIONS, {"image": image_id}).all())
