"""The database as a whole: its pages, its references, and the numbers that follow from other rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import CompoundSelect, Select, case, delete, func, insert, literal, or_, select, text, update
from sqlalchemy.orm import Session

from storage.addresses import is_sqlite
from storage.checking.findings import FROM_BACKUP, Finding
from storage.engine import Database
from storage.exports import DONE_STATES
from storage.images import DELETED_IDS
from storage.tables import UNLABELLED, CategoryCountRow, ImageCategoryRow, ImageRow, ImageState, SegmentRow

# A damaged database has thousands; the first say what there is to know.
_MOST_SAID = 100
_REPAIR = "run the check again with --repair"


def check_pages(database: Database) -> Iterator[Finding]:
    """SQLite's own checks of its file and of references; PostgreSQL keeps both itself."""
    if not is_sqlite(database.url):
        return
    with database.read() as session:
        for (said,) in session.execute(text(f"PRAGMA integrity_check({_MOST_SAID})")):
            if said != "ok":
                yield Finding("database", database.name, said, FROM_BACKUP)
        broken = session.execute(text("PRAGMA foreign_key_check")).fetchmany(_MOST_SAID)
    for table, row, referred, _ in broken:
        yield Finding("database", f"{table} row {row}", f"it refers to a row of {referred} that is gone", FROM_BACKUP)


def check_states(database: Database, *, repair: bool) -> Iterator[Finding]:
    """The done mark of images follows from their state, and which open ones are new from their revision."""
    open_ = ImageRow.state.in_((ImageState.NEW, ImageState.IN_WORK))
    is_done = ImageRow.state.in_(DONE_STATES)
    by_revision = case(
        (ImageRow.revision > 0, literal(ImageState.IN_WORK, ImageRow.state.type)),
        else_=literal(ImageState.NEW, ImageRow.state.type),
    )
    follows = case((open_, by_revision), else_=ImageRow.state)
    wrong = or_(ImageRow.state != follows, ImageRow.done != is_done)
    with database.read() as session:
        number = session.scalar(select(func.count()).select_from(ImageRow).where(wrong)) or 0
    if not number:
        return
    if repair:
        with database.write() as session:
            session.execute(update(ImageRow).where(wrong).values(state=follows, done=is_done))
    yield Finding("state", f"of {number} images", "it does not go with their done mark and revision", _REPAIR, repair)


def check_counts(database: Database, *, repair: bool) -> Iterator[Finding]:
    """The counts of segments by image and category are those of the segments."""
    with database.read() as session:
        wrong = _wrong_counts(session)
    if not wrong:
        return
    if repair:
        with database.write() as session:
            recount(session)
    yield Finding("counts", f"of {wrong} images and categories", "they differ from the segments", _REPAIR, repair)


def recount(session: Session) -> None:
    """Count all segments anew."""
    for row in (CategoryCountRow, ImageCategoryRow):
        session.execute(delete(row))
    by_image, by_category = _counted(), _summed()
    session.execute(
        insert(ImageCategoryRow).from_select([column.name for column in by_image.selected_columns], by_image)
    )
    session.execute(
        insert(CategoryCountRow).from_select([column.name for column in by_category.selected_columns], by_category)
    )


def _wrong_counts(session: Session) -> int:
    row = ImageCategoryRow
    stored = select(row.image_id, row.category_id, row.state, row.segments)
    wrong = _differences(session, _counted(), stored)
    sums = select(CategoryCountRow.category_id, CategoryCountRow.segments, CategoryCountRow.images).where(
        or_(CategoryCountRow.segments != 0, CategoryCountRow.images != 0)
    )
    return wrong + _differences(session, _summed(), sums)


def _differences(session: Session, one: Select[*tuple[Any, ...]], other: Select[*tuple[Any, ...]]) -> int:
    differing: list[CompoundSelect[*tuple[Any, ...]]] = [one.except_(other), other.except_(one)]
    return max(session.scalar(select(func.count()).select_from(rows.subquery())) or 0 for rows in differing)


def _counted() -> Select[*tuple[Any, ...]]:
    category = func.coalesce(SegmentRow.category_id, UNLABELLED)
    return (
        select(SegmentRow.image_id, category.label("category_id"), ImageRow.state, func.count().label("segments"))
        .join(ImageRow, ImageRow.id == SegmentRow.image_id)
        .group_by(SegmentRow.image_id, category, ImageRow.state)
    )


def _summed() -> Select[*tuple[Any, ...]]:
    category = func.coalesce(SegmentRow.category_id, UNLABELLED)
    images = func.count(SegmentRow.image_id.distinct())
    return (
        select(category.label("category_id"), func.count().label("segments"), images.label("images"))
        .where(SegmentRow.image_id.not_in(DELETED_IDS))
        .group_by(category)
    )
