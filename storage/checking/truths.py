"""Each image's masks lie within it, and its state is the one that its log makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from core.annotation.errors import MaskError, MaskwrightError
from core.annotation.mask import Mask
from storage.checking.findings import FROM_BACKUP, Finding
from storage.corrections import rebuild
from storage.engine import Database
from storage.images import count_images
from storage.masks import mask_values
from storage.tables import CorrectionRow, ImageRow, ProposalRow, SegmentRow
from storage.truths import load_truth

# A reading session keeps SQLite's writers waiting, so that each is short.
_IMAGES_AT_ONCE = 50
_DERIVED = ("area", "bbox_x", "bbox_y", "bbox_width", "bbox_height")

_Row = Row[*tuple[Any, ...]]
_Wrong = tuple[type[SegmentRow] | type[ProposalRow], _Row, dict[str, object]]


def check_truths(database: Database, *, repair: bool, progress: Callable[[int, int], None]) -> Iterator[Finding]:
    """Every image, in order; progress: called with (images looked at, images in all)."""
    looked_at, last = 0, None
    while True:
        wrong: list[_Wrong] = []
        findings: list[Finding] = []
        with database.read() as session:
            images = _next_images(session, last)
            total, _ = count_images(session)
            for image in images:
                findings += _check_masks(session, image, wrong)
                findings += _check_log(session, image)
        yield from findings
        yield from _derive(database, wrong, repair=repair)
        if not images:
            return
        last = images[-1].id
        looked_at += len(images)
        progress(looked_at, max(total, looked_at))


def _next_images(session: Session, last: int | None) -> list[_Row]:
    columns = ImageRow.id, ImageRow.height, ImageRow.width, ImageRow.revision, ImageRow.file_name
    chosen = select(*columns).order_by(ImageRow.id).limit(_IMAGES_AT_ONCE)
    return list(session.execute(chosen if last is None else chosen.where(ImageRow.id > last)).all())


def _check_masks(session: Session, image: _Row, wrong: list[_Wrong]) -> Iterator[Finding]:
    for table in (SegmentRow, ProposalRow):
        columns = [getattr(table, name) for name in ("image_id", "id", "counts", *_DERIVED)]
        for row in session.execute(select(*columns).where(table.image_id == image.id)):
            try:
                mask = Mask.from_coco({"size": [image.height, image.width], "counts": row.counts})
            except MaskError as error:
                yield Finding("mask", _named(table, row), str(error), FROM_BACKUP)
                continue
            derived = {name: value for name, value in mask_values(mask).items() if name in _DERIVED}
            if derived != {name: row._mapping[name] for name in _DERIVED}:
                wrong.append((table, row, derived))


def _derive(database: Database, wrong: list[_Wrong], *, repair: bool) -> Iterator[Finding]:
    """Write the area and box of masks anew, where the mask is still the one that was looked at."""
    if repair and wrong:
        with database.write() as session:
            for table, row, derived in wrong:
                same = table.image_id == row.image_id, table.id == row.id, table.counts == row.counts
                session.execute(update(table).where(*same).values(derived))
    for table, row, _ in wrong:
        advice = "run the check again with --repair"
        yield Finding("mask", _named(table, row), "its area or box is not the mask's", advice, repair)


def _named(table: type[SegmentRow] | type[ProposalRow], row: _Row) -> str:
    return f"of {table.__tablename__} {row.id} of image {row.image_id}"


def _check_log(session: Session, image: _Row) -> Iterator[Finding]:
    lines = session.scalar(select(func.count()).where(CorrectionRow.image_id == image.id))
    why = None
    if lines != image.revision:
        why = f"the image is at revision {image.revision}, its log has {lines} corrections"
    else:
        try:
            if rebuild(session, image.id, image.revision) != load_truth(session, image.id):
                why = "its segments, decisions or done mark are not those that its log makes"
        except (MaskwrightError, KeyError, TypeError, ValueError) as error:
            why = f"its log cannot be replayed: {error}"
    if why is not None:
        yield Finding("truth", f"of image {image.id} ({image.file_name})", why, FROM_BACKUP)
