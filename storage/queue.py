"""Which images a person works through: those that pass a filter, in the order they were added.

Pages go on after an id and not from an offset, so that the last is as near as the first. Every condition stands in an
index that is in the order of the list; `tests/storage/test_query_plans.py` holds that no filter reads whole rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage.errors import NotFound
from storage.images import SELECT_IMAGES, ImageRecord, image_records, search_text
from storage.tables import ImageCategoryRow, ImageRow, ImageState, ImageTagRow
from storage.tags import plain_tag

_Key = InstrumentedAttribute[int]


@dataclass(frozen=True)
class ImageFilter:
    """What is asked of images; None asks nothing. All that is asked must hold.

    category_id: a segment of it is in the image's truth (storage.tables.UNLABELLED: one without a category).
    min_score, max_score: the best score of the newest model's proposals, both ends included; an image without
    proposals has none. text: a part of the file's name, case and Unicode form aside. tag: one of
    its tags, as `plain_tag` makes it alike.
    """

    state: ImageState | None = None
    category_id: int | None = None
    min_score: float | None = None
    max_score: float | None = None
    split: str | None = None
    text: str | None = None
    tag: str | None = None


EVERY_IMAGE = ImageFilter()

# Each from an end of the index; both ends at once would be a walk from one to the other.
_ENDS = select(
    select(func.min(ImageRow.id)).scalar_subquery(),
    select(func.max(ImageRow.id)).scalar_subquery(),
)


@dataclass(frozen=True)
class Neighbours:
    """Where an image stands in a list: the ids before and after it, and how many of the `total` come up to it.

    `position` counts the image itself if it passes the filter, and so goes from 1 in the list of all images.
    """

    previous_id: int | None
    next_id: int | None
    position: int
    total: int


def list_page(
    session: Session, wanted: ImageFilter = EVERY_IMAGE, *, after: int | None = None, limit: int
) -> tuple[ImageRecord, ...]:
    """At most `limit` images that pass, in order: the first, or those that come after the image `after`."""
    matching, key = _matching(wanted)
    if after is not None:
        matching = matching.where(key > after)
    chosen = matching.order_by(key).limit(limit)
    return image_records(session, SELECT_IMAGES.where(ImageRow.id.in_(chosen)).order_by(ImageRow.id))


def count_matching(session: Session, wanted: ImageFilter = EVERY_IMAGE) -> int:
    """How many images pass."""
    matching, _ = _matching(wanted)
    return _count(session, matching)


def neighbours(session: Session, image_id: int, wanted: ImageFilter = EVERY_IMAGE) -> Neighbours:
    """What stands before and after the image among those that pass; it need not pass itself. Raises NotFound."""
    if session.scalar(select(ImageRow.id).where(ImageRow.id == image_id)) is None:
        raise NotFound(f"the workspace has no image {image_id}; choose one of its list")
    matching, key = _matching(wanted)
    before, total = matching.where(key < image_id), _count(session, matching)
    return Neighbours(
        previous_id=session.scalar(before.order_by(key.desc()).limit(1)),
        next_id=session.scalar(matching.where(key > image_id).order_by(key).limit(1)),
        position=_position(session, image_id, wanted, total),
        total=total,
    )


def first_open_image(session: Session, wanted: ImageFilter = EVERY_IMAGE) -> int | None:
    """The id of the first image that passes and is not done, or None."""
    if wanted.state is ImageState.DONE:
        return None
    open_states = (ImageState.NEW, ImageState.IN_WORK) if wanted.state is None else (wanted.state,)
    firsts = []
    for state in open_states:
        matching, key = _matching(replace(wanted, state=state))
        firsts.append(session.scalar(matching.order_by(key).limit(1)))
    return min((first for first in firsts if first is not None), default=None)


def _position(session: Session, image_id: int, wanted: ImageFilter, total: int) -> int:
    """How many images pass up to this one. Ids of all images seldom have gaps, and then nothing is counted."""
    if wanted == EVERY_IMAGE:
        first, last = session.execute(_ENDS).one()
        if last - first + 1 == total:
            return int(image_id - first + 1)
    matching, key = _matching(wanted)
    return _count(session, matching.where(key <= image_id))


def _matching(wanted: ImageFilter) -> tuple[Select[int], _Key]:
    """A select of the ids that pass, and its column: that of the table whose index is likely to name the fewest."""
    asked_of_image = _of_image(wanted)
    asked: list[tuple[_Key, list[ColumnElement[bool]]]] = []
    if wanted.category_id is not None:
        asked.append((ImageCategoryRow.image_id, _of_category(wanted)))
    if wanted.tag is not None:
        asked.append((ImageTagRow.image_id, [ImageTagRow.tag == plain_tag(wanted.tag)]))
    if asked_of_image or not asked:
        asked.append((ImageRow.id, asked_of_image))
    (key, conditions), *others = asked
    matching = select(key).where(*conditions)
    for other, its_conditions in others:
        matching = matching.join(other.class_, other == key).where(*its_conditions)
    return matching, key


def _of_category(wanted: ImageFilter) -> list[ColumnElement[bool]]:
    conditions = [ImageCategoryRow.category_id == wanted.category_id]
    if wanted.state is not None:
        conditions.append(ImageCategoryRow.state == wanted.state)
    return conditions


def _of_image(wanted: ImageFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.state is not None and wanted.category_id is None:
        conditions.append(ImageRow.state == wanted.state)
    if wanted.split is not None:
        conditions.append(ImageRow.split == wanted.split)
    if wanted.min_score is not None:
        conditions.append(ImageRow.best_score >= wanted.min_score)
    if wanted.max_score is not None:
        conditions.append(ImageRow.best_score <= wanted.max_score)
    if wanted.text:
        conditions.append(ImageRow.search_name.contains(search_text(wanted.text), autoescape=True))
    return conditions


def _count(session: Session, matching: Select[int]) -> int:
    return session.scalar(matching.with_only_columns(func.count(), maintain_column_froms=True)) or 0
