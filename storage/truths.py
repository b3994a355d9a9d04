"""An image's present truth, read from the state tables."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.annotation.mask import Mask
from core.annotation.truth import Decision, Segment, Truth
from storage.errors import NotFound
from storage.tables import ImageRow, ProposalRow, SegmentRow


def load_truth(session: Session, image_id: int) -> Truth:
    """The image's truth at its present revision; masks of proposals are not read. Raises NotFound."""
    image = session.execute(
        select(ImageRow.height, ImageRow.width, ImageRow.revision, ImageRow.done, ImageRow.last_segment_id).where(
            ImageRow.id == image_id
        )
    ).one_or_none()
    if image is None:
        raise NotFound(f"the workspace has no image {image_id}; choose one of its list")
    height, width, revision, done, last_segment_id = image
    return Truth(
        height=height,
        width=width,
        revision=revision,
        segments=_load_segments(session, image_id, height, width),
        decisions=_load_decisions(session, image_id),
        done=done,
        last_segment_id=last_segment_id,
    )


def count_segments_by_image(session: Session) -> tuple[tuple[int, int | None, int], ...]:
    """(image id, category id, segments) of the present truth, None for unlabelled ones; crowds are not counted."""
    rows = session.execute(
        select(SegmentRow.image_id, SegmentRow.category_id, func.count())
        .where(~SegmentRow.crowd)
        .group_by(SegmentRow.image_id, SegmentRow.category_id)
        .order_by(SegmentRow.image_id, SegmentRow.category_id)
    )
    return tuple((image_id, category_id, count) for image_id, category_id, count in rows)


def _load_segments(session: Session, image_id: int, height: int, width: int) -> tuple[Segment, ...]:
    rows = session.execute(
        select(
            SegmentRow.id,
            SegmentRow.counts,
            SegmentRow.category_id,
            SegmentRow.order,
            SegmentRow.source,
            SegmentRow.crowd,
            SegmentRow.proposals,
        )
        .where(SegmentRow.image_id == image_id)
        .order_by(SegmentRow.order, SegmentRow.id)
    )
    return tuple(
        Segment(number, Mask(height, width, counts), category_id, order, source, crowd, tuple(proposals))
        for number, counts, category_id, order, source, crowd, proposals in rows
    )


def _load_decisions(session: Session, image_id: int) -> dict[int, Decision]:
    rows = session.execute(
        select(ProposalRow.id, ProposalRow.decision)
        .where(ProposalRow.image_id == image_id, ProposalRow.decision != Decision.UNDECIDED)
        .order_by(ProposalRow.id)
    )
    return dict(rows.all())
