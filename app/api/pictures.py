"""Small pictures of an image's photo, for lists and for the first look."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, Response

from app.api.errors import ABSENT, PICTURE, REFUSED
from app.api.queue import Running, TheImage
from app.api.routes import PHOTO_HEADERS
from app.api.waiting import while_wanted
from app.api.wire import version_of
from app.services import Services
from app.workflows.previews import PREVIEW_EDGES_PX, THUMBNAIL_PX, picture_type
from storage.images import ImageRecord

router = APIRouter(prefix="/api/v1", tags=["Labelling"])


class Edge(IntEnum):
    """How long the longer side of a preview is at most, in pixels."""

    LAPTOP = PREVIEW_EDGES_PX[0]
    USUAL = PREVIEW_EDGES_PX[1]
    LARGE = PREVIEW_EDGES_PX[2]


@router.get(
    "/images/{image_id}/thumbnail",
    summary="Read an image's thumbnail",
    response_class=FileResponse,
    dependencies=[Depends(version_of)],
    responses=PICTURE | ABSENT | REFUSED,
)
async def read_thumbnail(request: Request, image: TheImage, running: Running) -> Response:
    """The photo with its longer side at most 256 pixels; a photo that is no larger comes as it is."""
    return await _picture(request, running, image, THUMBNAIL_PX)


@router.get(
    "/images/{image_id}/preview",
    summary="Read an image's preview",
    response_class=FileResponse,
    dependencies=[Depends(version_of)],
    responses=PICTURE | ABSENT | REFUSED,
)
async def read_preview(
    request: Request,
    image: TheImage,
    running: Running,
    edge: Annotated[Edge, Query(description="the longer side is at most this many pixels")] = Edge.LAPTOP,
) -> Response:
    """The photo at a screen's size; one that is no larger comes as it is."""
    return await _picture(request, running, image, edge)


async def _picture(request: Request, running: Services, image: ImageRecord, side_px: int) -> Response:
    picture = await while_wanted(request, running.pictures.picture(image, side_px))
    media_type = picture_type(image, side_px)
    if isinstance(picture, Path):
        return FileResponse(picture, media_type=media_type, headers=PHOTO_HEADERS)
    return Response(picture, media_type=media_type, headers=PHOTO_HEADERS)
