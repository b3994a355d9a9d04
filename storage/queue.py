"""Which images a person works through: those that pass a filter, in the order they were added or of their names.

Pages go on after an image and not from an offset, so that the last is as near as the first. Every condition stands in
an index that is in the order of the list; `tests/storage/test_query_plans.py` holds that no filter reads whole rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage.errors import NotFound
from storage.images import DELETED_IDS, SELECT_IMAGES, ImageRecord, image_records, search_text
from storage.tables import ImageCategoryRow, ImageRow, ImageState, ImageTagRow
from storage.tags import plain_tag

_Key = InstrumentedAttribute[int]


class Order(StrEnum):
    """How a list goes: as images were added, or by name, neither case nor Unicode form counting. Numbers in names are
    text like the rest: img10 comes before img2, and after img02."""

    ADDED = "added"
    NAME = "name"


@dataclass(frozen=True)
class ImageFilter:
    """What is asked of images; None asks nothing, but that deleted ones pass only where their state is asked for.
    All that is asked must hold.

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
# What still asks for work; an image that was sent back does.
OPEN_STATES = (ImageState.NEW, ImageState.IN_WORK, ImageState.SENT_BACK)

# Each from an end of the index; both ends at once would be a walk from one to the other.
_ENDS = select(
    select(func.min(ImageRow.id)).scalar_subquery(),
    select(func.max(ImageRow.id)).scalar_subquery(),
)
_STORED = select(func.count()).select_from(ImageRow)
_DELETED = select(func.count()).where(ImageRow.state == ImageState.DELETED)
_DELETED_UP_TO = _DELETED.where(ImageRow.id <= bindparam("image"))
_BY_NAME = (ImageRow.search_name, ImageRow.id)


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
    session: Session,
    wanted: ImageFilter = EVERY_IMAGE,
    *,
    order: Order = Order.ADDED,
    after: int | None = None,
    before: int | None = None,
    limit: int,
) -> tuple[ImageRecord, ...]:
    """At most `limit` images that pass, in order: the first, those that come after the image `after`, or the last
    ones that come before the image `before`; one of both at most.

    Raises NotFound for an image that there is not, where its name says where to go on.
    """
    listed = _listed(session, wanted, order, after if before is None else before)
    following = listed.all if after is None else listed.later
    chosen = following if before is None else listed.earlier
    in_order = (ImageRow.id,) if order is Order.ADDED else _BY_NAME
    return image_records(session, SELECT_IMAGES.where(ImageRow.id.in_(chosen.limit(limit))).order_by(*in_order))


def passes(session: Session, image_id: int, wanted: ImageFilter = EVERY_IMAGE) -> bool:
    """Whether there is such an image and it passes."""
    matching = _matching_by_name(wanted).where(ImageRow.id == image_id)
    return session.scalar(matching) is not None


def count_matching(session: Session, wanted: ImageFilter = EVERY_IMAGE) -> int:
    """How many images pass."""
    return _count_there(session, wanted)


def neighbours(
    session: Session, image_id: int, wanted: ImageFilter = EVERY_IMAGE, *, order: Order = Order.ADDED
) -> Neighbours:
    """What stands before and after the image among those that pass; it need not pass itself. Raises NotFound."""
    if session.scalar(select(ImageRow.id).where(ImageRow.id == image_id)) is None:
        raise _not_found(image_id)
    listed = _listed(session, wanted, order, image_id)
    total = _count_there(session, wanted)
    return Neighbours(
        previous_id=session.scalar(listed.earlier.limit(1)),
        next_id=session.scalar(listed.later.limit(1)),
        position=_position(session, image_id, wanted, order, total),
        total=total,
    )


def first_open_image(session: Session, wanted: ImageFilter = EVERY_IMAGE, *, order: Order = Order.ADDED) -> int | None:
    """The id of the first image that passes and still asks for work, or None."""
    states = OPEN_STATES if wanted.state is None else tuple({wanted.state}.intersection(OPEN_STATES))
    firsts = []
    for state in states:
        listed = _listed(session, replace(wanted, state=state), order, None)
        firsts.append(session.scalar(listed.all.limit(1)))
    found = [first for first in firsts if first is not None]
    if order is Order.ADDED or len(found) < 2:
        return min(found, default=None)
    return session.scalar(select(ImageRow.id).where(ImageRow.id.in_(found)).order_by(*_BY_NAME).limit(1))


@dataclass(frozen=True)
class _Listed:
    """Ids of images in order: all of them, those after an image, and those before it, the nearest first."""

    all: Select[int]
    later: Select[int]
    earlier: Select[int]


def _listed(session: Session, wanted: ImageFilter, order: Order, image_id: int | None) -> _Listed:
    if order is Order.NAME:
        matching = _matching_by_name(wanted)
        columns: tuple[InstrumentedAttribute[Any], ...] = _BY_NAME
        here: tuple[object, ...] = () if image_id is None else (_search_name(session, image_id), image_id)
    else:
        matching, key = _matching(wanted)
        columns, here = (key,), () if image_id is None else (image_id,)
        if wanted.state is None:
            matching = matching.where(key.not_in(DELETED_IDS))
    every = matching.order_by(*columns)
    if not here:
        return _Listed(every, every, every)
    earlier = matching.where(tuple_(*columns) < here).order_by(*(column.desc() for column in columns))
    return _Listed(every, every.where(tuple_(*columns) > here), earlier)


def _search_name(session: Session, image_id: int) -> str:
    found = session.scalar(select(ImageRow.search_name).where(ImageRow.id == image_id))
    if found is None:
        raise _not_found(image_id)
    return found


def _not_found(image_id: int) -> NotFound:
    return NotFound(f"the workspace has no image {image_id}; choose one of its list")


def _position(session: Session, image_id: int, wanted: ImageFilter, order: Order, total: int) -> int:
    """How many images pass up to this one. Ids of all images seldom have gaps, and then only deleted ones are
    counted."""
    if order is Order.NAME:
        up_to = tuple_(*_BY_NAME) <= tuple_(_search_name(session, image_id), image_id)
        return _count(session, _matching_by_name(wanted).where(up_to))
    if wanted == EVERY_IMAGE:
        first, last = session.execute(_ENDS).one()
        if last - first + 1 == total:
            return int(image_id - first + 1)
        if last - first + 1 == session.scalar(_STORED):
            return int(image_id - first + 1 - session.execute(_DELETED_UP_TO, {"image": image_id}).scalar_one())
    return _count_there(session, wanted, up_to=image_id)


def _count_there(session: Session, wanted: ImageFilter, *, up_to: int | None = None) -> int:
    """How many pass, those up to an id alone where one is named. Deleted ones, few if any, are counted apart: that
    costs nothing, where leaving each out would."""
    matching, key = _matching(wanted)
    number = _count(session, matching if up_to is None else matching.where(key <= up_to))
    if wanted == EVERY_IMAGE and up_to is None:
        number -= session.execute(_DELETED).scalar_one()
    elif wanted.state is None and number:
        number -= _count_there(session, replace(wanted, state=ImageState.DELETED), up_to=up_to)
    return number


def _matching_by_name(wanted: ImageFilter) -> Select[int]:
    """A select of the ids that pass from the images' index by name."""
    conditions = _of_image(replace(wanted, category_id=None))
    if wanted.state is None:
        conditions.append(ImageRow.state != ImageState.DELETED)
    if wanted.category_id is not None:
        conditions.append(ImageRow.id.in_(select(ImageCategoryRow.image_id).where(*_of_category(wanted))))
    if wanted.tag is not None:
        tagged = select(ImageTagRow.image_id).where(ImageTagRow.tag == plain_tag(wanted.tag))
        conditions.append(ImageRow.id.in_(tagged))
    return select(ImageRow.id).where(*conditions)


def _matching(wanted: ImageFilter) -> tuple[Select[int], _Key]:
    """A select of the ids that pass, deleted ones too where no state is asked for, and its column: that of the table
    whose index is likely to name the fewest."""
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
