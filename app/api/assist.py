"""Help while drawing under /api/v1/images/…/assist: nothing here is saved, a correction does that."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from app.api.answers import LabelScoresJson, MaskJson, PathJson, WandJson, WarmJson
from app.api.errors import ABSENT, BUSY, FAILED, REFUSED
from app.api.queue import Running, TheImage
from app.api.waiting import while_wanted
from app.api.wire import SCORE_DIGITS, MaskBody
from core.annotation.errors import MaskwrightError
from core.annotation.labels import LabelSet
from core.annotation.mask import Mask
from storage.categories import load_label_set
from storage.images import ImageRecord

router = APIRouter(prefix="/api/v1", tags=["Help while drawing"])

# No photo has a side of more pixels.
MAX_SIDE = 2**31
# Names that nobody would read.
MOST_LABELS = 10

_Place = Annotated[int, Field(ge=-MAX_SIDE, le=MAX_SIDE)]


def label_set_of(running: Running) -> LabelSet:
    """The label set, read where waiting for the database holds nobody up."""
    with running.workspace.database.read() as session:
        return load_label_set(session)


TheLabelSet = Annotated[LabelSet, Depends(label_set_of)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PixelBody(_Body):
    """A pixel of the photo."""

    x: Annotated[_Place, Field(description="column, from 0")]
    y: Annotated[_Place, Field(description="row, from 0")]


class EndsBody(_Body):
    """Where a line begins and ends: x and y of places where four pixels meet, from 0 to the photo's sides."""

    start: tuple[_Place, _Place]
    end: tuple[_Place, _Place]


class GivenMaskBody(_Body):
    """A mask of the image."""

    mask: MaskBody


class CutBody(_Body):
    """A mask whose border is to be moved to the colours' own, or a box around a thing."""

    mask: MaskBody | None = None
    box: Annotated[
        tuple[_Place, _Place, _Place, _Place] | None, Field(description="x, y, width and height in pixels")
    ] = None


@router.post("/images/{image_id}/assist/warm", summary="Get ready to help", responses=ABSENT | REFUSED | FAILED)
async def warm(request: Request, image: TheImage, running: Running) -> WarmJson:
    """Look at the photo when nothing else is asked, so that what is asked next is answered at once."""
    return {"by_model": await while_wanted(request, running.assistant.warm(image))}


@router.post("/images/{image_id}/assist/wand", summary="Find what looks alike", responses=ABSENT | REFUSED | FAILED)
async def wand(request: Request, image: TheImage, body: PixelBody, running: Running) -> WandJson:
    """How unlike a pixel all others are; a region is what hangs together with it within a tolerance."""
    found = await while_wanted(request, running.assistant.wand(image, (body.x, body.y)))
    height, width = found.distances.values.shape
    return {
        "width": width,
        "height": height,
        "distances": base64.b64encode(found.distances.values.tobytes()).decode(),
        "tolerance": found.distances.tolerance,
        "by_model": found.by_model,
    }


@router.post("/images/{image_id}/assist/path", summary="Follow an edge", responses=ABSENT | REFUSED | FAILED)
async def path(request: Request, image: TheImage, body: EndsBody, running: Running) -> PathJson:
    """A line between two places along the photo's edges; later ends of lines from the same start cost little."""
    return {"corners": await while_wanted(request, running.assistant.edge_path(image, body.start, body.end))}


@router.post("/images/{image_id}/assist/cut", summary="Cut out by colour", responses=ABSENT | REFUSED | BUSY | FAILED)
async def cut(request: Request, image: TheImage, body: CutBody, running: Running) -> MaskJson:
    """A mask with its border where the colours part, or the thing that stands out in a box (GrabCut)."""
    if (body.mask is None) == (body.box is None):
        raise MaskwrightError("send either a mask to refine or a box to cut a thing out of")
    if body.box is not None:
        found = await while_wanted(request, running.assistant.cut_out(image, body.box))
    else:
        assert body.mask is not None
        mask = await _mask_of(body.mask, image)
        found = await while_wanted(request, running.assistant.refined(image, mask))
    return {"size": found.shape, "counts": found.counts}


@router.post("/images/{image_id}/assist/labels", summary="Suggest labels", responses=ABSENT | REFUSED | FAILED)
async def labels(
    request: Request, image: TheImage, label_set: TheLabelSet, body: GivenMaskBody, running: Running
) -> LabelScoresJson:
    """What the model in use calls a mask, among the label set's categories; at most ten."""
    mask = await _mask_of(body.mask, image)
    scores = await while_wanted(request, running.assistant.label_scores(image, mask))
    named = [(category, one.score) for one in scores if (category := label_set.named(one.name)) is not None]
    return {
        "labels": [
            {"category_id": category.id, "name": category.name, "score": round(score, SCORE_DIGITS)}
            for category, score in named[:MOST_LABELS]
        ]
    }


async def _mask_of(body: MaskBody, image: ImageRecord) -> Mask:
    """Read beside the event loop: a large mask takes a tenth of a second."""
    return await run_in_threadpool(Mask.from_coco, body.model_dump(), size=(image.height, image.width))
