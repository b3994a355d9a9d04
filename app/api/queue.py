"""Which images there are: the list with its filters, where work goes on, tags, and the workspace in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.api.answers import FirstImageJson, ImagesJson, StatisticsJson, TagsJson
from app.api.errors import ABSENT, FAILED, REFUSED
from app.api.wire import MAX_ID, image_summary_json, statistics_json
from app.services import Services, services
from core.annotation.errors import MaskwrightError
from storage.images import ImageRecord, count_images, get_image, list_images
from storage.queue import EVERY_IMAGE, ImageFilter, Order, count_matching, first_open_image, list_page, passes
from storage.statistics import load_statistics
from storage.tables import UNLABELLED, ImageState
from storage.tags import MAX_TAG_LENGTH, MAX_TAGS, image_tags, set_tags

router = APIRouter(prefix="/api/v1", tags=["Images"])

Running = Annotated[Services, Depends(services)]
ImageId = Annotated[int, Path(ge=0, le=MAX_ID)]


def image_of(image_id: ImageId, running: Running) -> ImageRecord:
    """The image, read where waiting for the database holds nobody up."""
    with running.workspace.database.read() as session:
        return get_image(session, image_id)


TheImage = Annotated[ImageRecord, Depends(image_of)]

# Longer than any name that a person would type.
MAX_SEARCHED = 200
# No database takes a zero character in a text.
_TEXT = r"^[^\x00]*$"
_MAX_SPLIT_LENGTH = 32
# A tag is longer before its white space is left out and its letters are composed.
_MAX_SENT_TAG = 4 * MAX_TAG_LENGTH


def filter_of(
    state: Annotated[ImageState | None, Query(description="how far the work on it is")] = None,
    category_id: Annotated[
        int | None,
        Query(ge=UNLABELLED, le=MAX_ID, description="a segment of its truth has the category; −1: has none"),
    ] = None,
    min_score: Annotated[
        float | None, Query(ge=0, le=1, description="the best of the newest model's proposals has at least this score")
    ] = None,
    max_score: Annotated[float | None, Query(ge=0, le=1, description="… and at most this")] = None,
    split: Annotated[
        str | None, Query(max_length=_MAX_SPLIT_LENGTH, pattern=_TEXT, description="such as train or val")
    ] = None,
    text: Annotated[
        str | None, Query(max_length=MAX_SEARCHED, pattern=_TEXT, description="a part of its name, in any case")
    ] = None,
    tag: Annotated[str | None, Query(max_length=_MAX_SENT_TAG, pattern=_TEXT, description="it has this tag")] = None,
) -> ImageFilter:
    """What is asked of the images of a list; all of it must hold."""
    return ImageFilter(state, category_id, min_score, max_score, split, text, tag)


Wanted = Annotated[ImageFilter, Depends(filter_of)]
Ordered = Annotated[Order, Query(description="as images were added, or by name")]


@router.get("/images", summary="List images", responses=ABSENT | REFUSED)
def read_images(
    running: Running,
    wanted: Wanted,
    order: Ordered = Order.ADDED,
    after: Annotated[int | None, Query(ge=0, le=MAX_ID, description="go on after the image with this id")] = None,
    before: Annotated[int | None, Query(ge=0, le=MAX_ID, description="those that come before this image")] = None,
    around: Annotated[int | None, Query(ge=0, le=MAX_ID, description="as many before as after this image")] = None,
    offset: Annotated[
        int, Query(ge=0, le=2**31, description="start at this place of the whole list; use `after` to go through it")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> ImagesJson:
    """The images that pass the filter, in order, a page at a time; deleted ones only with `state=deleted`."""
    if sum(place is not None for place in (after, before, around)) > 1:
        raise MaskwrightError("after, before and around name three places; give one of them")
    if offset and (after is not None or before is not None or around is not None):
        raise MaskwrightError("offset goes with neither after, before nor around; go on with after=next_after")
    if offset and (wanted != EVERY_IMAGE or order is not Order.ADDED):
        raise MaskwrightError("offset goes with neither a filter nor an order; go on with after=next_after")
    with running.workspace.database.read() as session:
        total, done = count_images(session)
        matching = total if wanted == EVERY_IMAGE else count_matching(session, wanted)
        if offset:
            found = list_images(session, offset=offset, limit=limit + 1)
            page = _Page(found[:limit], more_before=True, more_after=len(found) > limit)
        else:
            page = _page(session, wanted, order, _Place(after, before, around), limit)
    images = page.images
    return {
        "total": total,
        "done": done,
        "matching": matching,
        "images": [image_summary_json(image) for image in images],
        "next_before": images[0].id if images and page.more_before else None,
        "next_after": images[-1].id if images and page.more_after else None,
    }


@dataclass(frozen=True)
class _Place:
    """Where a page of the list is taken; None each: at its beginning."""

    after: int | None
    before: int | None
    around: int | None


@dataclass(frozen=True)
class _Page:
    images: tuple[ImageRecord, ...]
    more_before: bool
    more_after: bool


def _page(session: Session, wanted: ImageFilter, order: Order, place: _Place, limit: int) -> _Page:
    if place.around is not None:
        return _page_around(session, wanted, order, place.around, limit)
    if place.before is not None:
        found = list_page(session, wanted, order=order, before=place.before, limit=limit + 1)
        return _Page(found[-limit:], more_before=len(found) > limit, more_after=True)
    found = list_page(session, wanted, order=order, after=place.after, limit=limit + 1)
    return _Page(found[:limit], more_before=place.after is not None, more_after=len(found) > limit)


def _page_around(session: Session, wanted: ImageFilter, order: Order, image_id: int, limit: int) -> _Page:
    """The image stands in the middle, if it passes; where one side is short, the page is. Raises NotFound."""
    image = get_image(session, image_id)
    half = limit // 2
    earlier = list_page(session, wanted, order=order, before=image_id, limit=half + 1)
    later = list_page(session, wanted, order=order, after=image_id, limit=limit - half)
    own = (image,) if passes(session, image_id, wanted) else ()
    after = later[: limit - half - 1]
    near = earlier[max(len(earlier) - half, 0) :]
    return _Page((*near, *own, *after), more_before=len(earlier) > half, more_after=len(later) > len(after))


@router.get("/images/first", summary="Find where work goes on", responses=REFUSED)
def read_first_image(running: Running, wanted: Wanted, order: Ordered = Order.ADDED) -> FirstImageJson:
    """The first image that is new, in work or sent back, and the first at all, of those that pass the filter."""
    with running.workspace.database.read() as session:
        first = list_page(session, wanted, order=order, limit=1)
        open_id = first_open_image(session, wanted, order=order)
        return {"open_id": open_id, "first_id": first[0].id if first else None}


class TagsBody(BaseModel):
    """The tags that an image is to have, instead of those it has."""

    model_config = ConfigDict(extra="forbid")

    tags: Annotated[list[Annotated[str, Field(max_length=_MAX_SENT_TAG)]], Field(max_length=4 * MAX_TAGS)]


@router.get("/images/{image_id}/tags", summary="Read an image's tags", responses=ABSENT | REFUSED)
def read_tags(image_id: ImageId, running: Running) -> TagsJson:
    """Words that people put on the image."""
    with running.workspace.database.read() as session:
        get_image(session, image_id)
        return {"tags": list(image_tags(session, image_id))}


@router.put("/images/{image_id}/tags", summary="Set an image's tags", responses=ABSENT | REFUSED | FAILED)
def put_tags(image_id: ImageId, body: TagsBody, running: Running) -> TagsJson:
    """Give the image these tags instead of those it has; the answer has them as they are kept."""
    with running.workspace.database.write() as session:
        return {"tags": list(set_tags(session, image_id, body.tags))}


@router.get("/statistics", summary="Read the workspace in numbers", responses=REFUSED)
def read_statistics(running: Running) -> StatisticsJson:
    """Images by state, split and tag; segments by category."""
    with running.workspace.database.read() as session:
        return statistics_json(load_statistics(session))
