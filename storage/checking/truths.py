"""Each image's masks lie within it, its state is what its log makes, and what its segments are made of is accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from core.annotation.errors import MaskError, MaskwrightError
from core.annotation.mask import Mask
from core.annotation.truth import Decision, Progress, Truth
from storage.checking.findings import FROM_BACKUP, Finding
from storage.corrections import rebuild
from storage.counts import change_counts
from storage.engine import Database
from storage.images import count_stored_images, state_of
from storage.masks import mask_values
from storage.tables import CorrectionRow, ImageRow, ProposalRow, SegmentRow
from storage.truths import load_truth

# A reading session keeps SQLite's writers waiting, so that each is short.
_IMAGES_AT_ONCE = 50
_DERIVED = ("area", "bbox_x", "bbox_y", "bbox_width", "bbox_height")

_Row = Row[*tuple[Any, ...]]
_Misjudged = tuple[_Row, Progress]
_Wrong = tuple[type[SegmentRow] | type[ProposalRow], _Row, dict[str, object]]


def check_truths(database: Database, *, repair: bool, progress: Callable[[int, int], None]) -> Iterator[Finding]:
    """Every image, in order; progress: called with (images looked at, images in all)."""
    looked_at, last = 0, None
    while True:
        wrong: list[_Wrong] = []
        misjudged: list[_Misjudged] = []
        findings: list[Finding] = []
        with database.read() as session:
            images = _next_images(session, last)
            total = count_stored_images(session)
            for image in images:
                findings += _check_masks(session, image, wrong)
                findings += _check_log(session, image, misjudged)
        yield from findings
        yield from _derive(database, wrong, repair=repair)
        yield from _judge(database, misjudged, repair=repair)
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


def _judge(database: Database, misjudged: list[_Misjudged], *, repair: bool) -> Iterator[Finding]:
    """Write the states of images anew, as their logs make them, where the log is still the one that was looked at."""
    if repair and misjudged:
        with database.write() as session:
            for image, progress in misjudged:
                same = ImageRow.id == image.id, ImageRow.revision == image.revision
                state = state_of(image.revision, progress)
                session.execute(update(ImageRow).where(*same).values(state=state, done=progress.is_done))
            change_counts(session, {image.id: {} for image, _ in misjudged})
    for image, _ in misjudged:
        advice = "run the check again with --repair"
        yield Finding(
            "state", f"of image {image.id} ({image.file_name})", "it is not what its log makes", advice, repair
        )


def _named(table: type[SegmentRow] | type[ProposalRow], row: _Row) -> str:
    return f"of {table.__tablename__} {row.id} of image {row.image_id}"


def _check_log(session: Session, image: _Row, misjudged: list[_Misjudged]) -> Iterator[Finding]:
    lines = session.scalar(select(func.count()).where(CorrectionRow.image_id == image.id))
    why = None
    if lines != image.revision:
        why = f"the image is at revision {image.revision}, its log has {lines} corrections"
    else:
        try:
            made, stored = rebuild(session, image.id, image.revision), load_truth(session, image.id)
            if replace(made, progress=stored.progress) != stored:
                why = "its segments or decisions are not those that its log makes"
            else:
                yield from _check_decisions(image, stored)
                if made != stored:
                    misjudged.append((image, made.progress))
        except (MaskwrightError, KeyError, TypeError, ValueError) as error:
            why = f"its log cannot be replayed: {error}"
    if why is not None:
        yield Finding("truth", f"of image {image.id} ({image.file_name})", why, FROM_BACKUP)


def _check_decisions(image: _Row, truth: Truth) -> Iterator[Finding]:
    """What segments are made of is accepted."""
    for segment in truth.segments:
        for number in segment.proposals:
            if truth.decision(number) is not Decision.ACCEPTED:
                where = f"of segment {segment.id} of image {image.id} ({image.file_name})"
                why = f"it is made of proposal {number}, which is {truth.decision(number)}"
                yield Finding("truth", where, why, "delete the segment, then accept the proposal")
