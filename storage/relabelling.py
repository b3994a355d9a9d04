"""One category's segments become another's, on all images at once: what merging two categories does, and its undo.

Each image gets a line of its log, so that its truth at every revision still follows from that; undo on an image leaves
these lines out, as the label set's own undo takes them back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar, cast

from sqlalchemy import ColumnElement, Table, bindparam, insert, select, tuple_, update
from sqlalchemy.orm import Session

from core.annotation.changes import Change, SegmentChange, change_from_json, change_to_json
from core.annotation.corrections import Operation
from core.annotation.mask import Mask
from core.annotation.truth import Segment
from storage.corrections import LABEL_SET_CLIENT
from storage.counts import change_counts
from storage.person_counts import count_corrections
from storage.tables import CorrectionRow, ImageCategoryRow, ImageRow, SegmentRow

# Each holds masks in memory, twice as text; a statement takes several times as many parameters.
_IMAGES_AT_ONCE = 200

_APPEND = insert(cast(Table, CorrectionRow.__table__))
_IMAGE = cast(Table, ImageRow.__table__)
_SEGMENT = cast(Table, SegmentRow.__table__)
_LABEL = (
    update(_SEGMENT)
    .where(_SEGMENT.c.image_id == bindparam("image"), _SEGMENT.c.id == bindparam("number"))
    .values(category_id=bindparam("category"))
)

Revisions = tuple[tuple[int, int], ...]


def relabel_everywhere(session: Session, *, user: str, client: str, from_id: int, to_id: int) -> Revisions:
    """Give every segment of one category the other, on deleted images too; (image id, its new revision) of each image.

    `client` names the step for ever. Both categories are in the label set.
    """
    log = _Log(session, user, client)
    counted = ImageCategoryRow
    image_ids = session.scalars(
        select(counted.image_id).where(counted.category_id == from_id).order_by(counted.image_id)
    ).all()
    for some in _slices(image_ids):
        labelled = SegmentRow.image_id.in_(some), SegmentRow.category_id == from_id
        log.append(
            {
                image_id: Change(tuple(SegmentChange(one, replace(one, category_id=to_id)) for one in segments))
                for image_id, segments in _segments(session, *labelled).items()
            }
        )
    return log.revisions


def unrelabel(session: Session, *, user: str, client: str, images: Iterable[tuple[int, int]]) -> tuple[Revisions, int]:
    """Take back what `relabel_everywhere` did to these images, by the revisions that it gave, where the segments are as
    it left them; (image id, new revision) of what was taken back, and how many segments were not.

    `client` names the step for ever. The category is in the label set again.
    """
    log, left = _Log(session, user, client), 0
    row = CorrectionRow
    for some in _slices(tuple(images)):
        steps = session.execute(
            select(row.image_id, row.change).where(tuple_(row.image_id, row.revision).in_(some)).order_by(row.image_id)
        )
        undoing = {image_id: change_from_json(change).inverse() for image_id, change in steps}
        present = _segments(session, SegmentRow.image_id.in_(list(undoing)))
        changes = {}
        for image_id, change in undoing.items():
            here = {segment.id: segment for segment in present.get(image_id, ())}
            parts = tuple(part for part in change.segments if here.get(part.segment_id) == part.before)
            left += len(change.segments) - len(parts)
            if parts:
                changes[image_id] = Change(parts)
        log.append(changes)
    return log.revisions, left


class _Log:
    """Writes changes of labels, a line and the new state an image, and knows the revisions that they made."""

    def __init__(self, session: Session, user: str, client: str) -> None:
        self._session, self._user, self._client = session, user, f"{LABEL_SET_CLIENT}{client}"
        self._now = datetime.now(UTC)
        self._made: list[tuple[int, int]] = []

    @property
    def revisions(self) -> Revisions:
        return tuple(self._made)

    def append(self, changes: Mapping[int, Change]) -> None:
        """By image id; each changes labels alone."""
        if not changes:
            return
        chosen = ImageRow.id.in_(list(changes))
        lines = []
        for image_id, revision in self._session.execute(select(ImageRow.id, ImageRow.revision).where(chosen)):
            lines.append(self._line(image_id, revision, changes[image_id]))
            self._made.append((image_id, revision + 1))
        self._session.execute(_APPEND, lines)
        self._session.execute(_LABEL, list(_labels(changes)))
        self._session.execute(
            update(_IMAGE).where(_IMAGE.c.id.in_(list(changes))).values(revision=_IMAGE.c.revision + 1)
        )
        change_counts(self._session, {image_id: change.labels_gained() for image_id, change in changes.items()})
        count_corrections(
            self._session, self._user, Operation.RELABEL, corrections=len(lines), segments=0, at=self._now
        )

    def _line(self, image_id: int, revision: int, change: Change) -> dict[str, object]:
        return {
            "image_id": image_id,
            "revision": revision + 1,
            "base_revision": revision,
            "user": self._user,
            "client": self._client,
            "seq": len(self._made),
            "created_at": self._now,
            "operation": Operation.RELABEL,
            "evidence": [],
            "change": change_to_json(change),
        }


def _labels(changes: Mapping[int, Change]) -> Iterator[dict[str, object]]:
    for image_id, change in changes.items():
        for part in change.segments:
            assert part.after is not None, "a change of labels removes nothing"
            yield {"image": image_id, "number": part.after.id, "category": part.after.category_id}


def _segments(session: Session, *conditions: ColumnElement[bool]) -> dict[int, list[Segment]]:
    """By image, in the order of their ids."""
    row = SegmentRow
    columns = row.id, row.counts, row.category_id, row.order, row.source, row.crowd, row.proposals
    rows = session.execute(
        select(row.image_id, ImageRow.height, ImageRow.width, *columns)
        .join(ImageRow, ImageRow.id == row.image_id)
        .where(*conditions)
        .order_by(row.image_id, row.id)
    )
    found: dict[int, list[Segment]] = {}
    for image_id, height, width, number, counts, category_id, order, source, crowd, proposals in rows:
        mask = Mask(height, width, counts)
        segment = Segment(number, mask, category_id, order, source, crowd, tuple(proposals))
        found.setdefault(image_id, []).append(segment)
    return found


_Item = TypeVar("_Item")


def _slices(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + _IMAGES_AT_ONCE] for start in range(0, len(items), _IMAGES_AT_ONCE))
