"""Which images there are: the list with its filters, where work goes on, tags, and the workspace in numbers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.answers import FirstImageJson, ImagesJson, StatisticsJson, TagsJson
from app.api.errors import ABSENT, FAILED, REFUSED
from app.api.wire import MAX_ID, image_summary_json, statistics_json
from app.services import Services, services
from core.annotation.errors import MaskwrightError
from storage.images import count_images, get_image, list_images
from storage.queue import EVERY_IMAGE, ImageFilter, count_matching, first_open_image, list_page
from storage.statistics import load_statistics
from storage.tables import UNLABELLED, ImageState
from storage.tags import MAX_TAG_LENGTH, MAX_TAGS, image_tags, set_tags

router = APIRouter(prefix="/api/v1", tags=["Images"])

Running = Annotated[Services, Depends(services)]
ImageId = Annotated[int, Path(ge=0, le=MAX_ID)]

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


@router.get("/images", summary="List images", responses=REFUSED)
def read_images(
    running: Running,
    wanted: Wanted,
    after: Annotated[int | None, Query(ge=0, le=MAX_ID, description="go on after the image with this id")] = None,
    offset: Annotated[
        int, Query(ge=0, le=2**31, description="start at this place of the whole list; use `after` to go through it")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> ImagesJson:
    """The images that pass the filter, in the order they were added, a page at a time."""
    if offset and (after is not None or wanted != EVERY_IMAGE):
        raise MaskwrightError("offset goes with neither after nor a filter; go on with after=next_after")
    with running.workspace.database.read() as session:
        total, done = count_images(session)
        matching = total if wanted == EVERY_IMAGE else count_matching(session, wanted)
        found = (
            list_images(session, offset=offset, limit=limit + 1)
            if offset
            else list_page(session, wanted, after=after, limit=limit + 1)
        )
    images = found[:limit]
    return {
        "total": total,
        "done": done,
        "matching": matching,
        "images": [image_summary_json(image) for image in images],
        "next_after": images[-1].id if len(found) > limit else None,
    }


@router.get("/images/first", summary="Find where work goes on", responses=REFUSED)
def read_first_image(running: Running, wanted: Wanted) -> FirstImageJson:
    """The first image that is not done, and the first at all, of those that pass the filter."""
    with running.workspace.database.read() as session:
        first = list_page(session, wanted, limit=1)
        return {"open_id": first_open_image(session, wanted), "first_id": first[0].id if first else None}


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
