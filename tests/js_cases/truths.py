"""Truths, their views, and corrections of them with the server's answers, by core.annotation and app.api.wire."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from app.api.wire import segment_json
from core.annotation.changes import apply_change
from core.annotation.corrections import Offer, Operation, Request, plan
from core.annotation.labels import Category, LabelSet, distinct_colour
from core.annotation.mask import Mask
from core.annotation.truth import Decision, Progress, Segment, Source, Truth
from core.annotation.views import panoptic_view, semantic_view
from tests.js_cases.pixels import blob

LABELS = LabelSet.of(
    Category(number, f"category {number}", number % 2 == 0, distinct_colour(number)) for number in range(6)
)
# How many proposals and segments a correction of this kind takes; the same one twice in a row for either.
CORRECTIONS: tuple[tuple[Operation, dict[str, int]], ...] = (
    (Operation.ACCEPT, {"proposals": 3}),
    (Operation.REJECT, {"proposals": 2}),
    (Operation.DEFER, {"proposals": 1}),
    (Operation.RELABEL, {"proposals": 2, "segments": 2}),
    (Operation.MERGE, {"proposals": 1, "segments": 2}),
    (Operation.DELETE, {"segments": 3}),
    (Operation.REORDER, {"segments": 2}),
    (Operation.EDIT, {"segments": 1}),
    (Operation.EDIT, {"proposals": 1}),
    (Operation.FILL, {"segments": 1}),
    (Operation.SLICE, {"segments": 1}),
    (Operation.SPLIT, {"proposals": 1}),
    (Operation.DRAW, {}),
    (Operation.DONE, {}),
    (Operation.APPROVE, {}),
    (Operation.SEND_BACK, {}),
    (Operation.SKIP, {}),
    (Operation.DELETE_IMAGE, {}),
    (Operation.REOPEN, {}),
)
# Taken as accepted before, each by two segments, as after a slice.
ACCEPTED = (201, 202)


def truth(rng: np.random.Generator) -> Truth:
    """Eight segments, some of which share a proposal they are made of."""
    height, width = (int(side) for side in rng.integers(6, 24, 2))
    categories = [None, 99, *range(6)]
    segments = tuple(
        Segment(
            id=int(number),
            mask=Mask.from_array(blob(rng, height, width)),
            category_id=categories[rng.integers(len(categories))],
            order=order,
            source=Source.DRAWN,
            crowd=bool(rng.random() < 0.2),
            proposals=(ACCEPTED[order // 2 - 1],) if order in (2, 3, 4, 5) else (),
        )
        for order, number in enumerate(rng.permutation(np.arange(1, 9)), start=1)
    )
    decisions = dict.fromkeys(ACCEPTED, Decision.ACCEPTED)
    return Truth(height, width, revision=3, segments=segments, decisions=decisions, last_segment_id=8)


def view(rng: np.random.Generator, index: int) -> dict[str, Any]:
    """The semantic and the panoptic view of a truth."""
    made = truth(rng)
    return {
        "image": _image_json(made, {}),
        "categories": [{"id": item.id, "is_thing": item.is_thing} for item in LABELS],
        "semantic": semantic_view(made, LABELS).ravel().tolist(),
        "panoptic": panoptic_view(made, LABELS).ids.ravel().tolist(),
    }


def correction(rng: np.random.Generator, index: int) -> dict[str, Any]:
    """An image, a correction, the server's answer to it, and the image after it."""
    before = truth(rng)
    offers = _offers(rng, before)
    operation, chosen = CORRECTIONS[index % len(CORRECTIONS)]
    open_ids = [number for number in offers if number not in ACCEPTED]
    request = Request(
        operation,
        proposals=tuple(int(number) for number in rng.permutation(open_ids)[: chosen.get("proposals", 0)]),
        segments=tuple(int(number) for number in rng.permutation(np.arange(1, 9))[: chosen.get("segments", 0)]),
        category_id=int(rng.integers(6)) if operation in (Operation.RELABEL, Operation.DRAW) else None,
        to_top=bool(rng.random() < 0.5),
        done=bool(rng.random() < 0.5),
        crowd=operation is Operation.DRAW and bool(rng.random() < 0.5),
        comment="the fence is missing" if operation is Operation.SEND_BACK else None,
    )
    request = _with_masks(rng, request, before, offers)
    change = plan(before, request, offers)
    after = apply_change(before, change)
    return {
        "before": _image_json(before, offers),
        "request": _request_json(request),
        "answer": {
            "revision": after.revision,
            "segments": [segment_json(part.after) for part in change.segments if part.after is not None],
            "removed": [part.segment_id for part in change.segments if part.after is None],
            "decisions": {str(said.proposal_id): said.after.value for said in change.decisions},
            "state": _state(after),
            "done": after.done,
            "remark": _remark(request),
            "can_undo": True,
            "can_redo": False,
        },
        "after": _image_json(after, offers),
    }


def _offers(rng: np.random.Generator, made: Truth) -> dict[int, Offer]:
    return {
        number: Offer(
            number,
            Mask.from_array(blob(rng, made.height, made.width)),
            None if rng.random() < 0.3 else int(rng.integers(6)),
        )
        for number in (*range(101, 107), *ACCEPTED)
    }


def _with_masks(rng: np.random.Generator, request: Request, made: Truth, offers: dict[int, Offer]) -> Request:
    fresh = [Mask.from_array(blob(rng, made.height, made.width)) for _ in range(2)]
    match request.operation:
        case Operation.EDIT | Operation.FILL:
            return replace(request, mask=fresh[0])
        case Operation.DRAW:
            return replace(request, masks=tuple(fresh)) if rng.random() < 0.5 else replace(request, mask=fresh[0])
        case Operation.SLICE | Operation.SPLIT:
            whole = made.segment(request.segments[0]) if request.segments else offers[request.proposals[0]]
            return _with_parts(rng, request, whole.mask, made, offers)
    return request


def _with_parts(
    rng: np.random.Generator, request: Request, whole: Mask, made: Truth, offers: dict[int, Offer]
) -> Request:
    """Two or three parts of the mask, in no order; of a mask that is one pixel, another one's."""
    if whole.area < 3:
        largest = max(made.segments, key=lambda segment: segment.mask.area)
        return _with_parts(rng, replace(request, segments=(largest.id,), proposals=()), largest.mask, made, offers)
    places = rng.permutation(np.flatnonzero(whole.to_array().ravel()))
    parts = []
    for share in np.array_split(places, int(rng.integers(2, 4))):
        flat = np.zeros(whole.height * whole.width, bool)
        flat[share] = True
        parts.append(Mask.from_array(flat.reshape(whole.shape)))
    return replace(request, masks=tuple(parts))


def _request_json(request: Request) -> dict[str, Any]:
    return {
        "operation": request.operation.value,
        "proposals": list(request.proposals),
        "segments": list(request.segments),
        "categoryId": request.category_id,
        "toTop": request.to_top,
        "done": request.done,
        "mask": None if request.mask is None else request.mask.to_coco(),
        "masks": [mask.to_coco() for mask in request.masks] or None,
        "crowd": request.crowd,
        "comment": request.comment,
    }


def _image_json(made: Truth, offers: dict[int, Offer]) -> dict[str, Any]:
    return {
        "id": 1,
        "width": made.width,
        "height": made.height,
        "revision": made.revision,
        "state": _state(made),
        "done": made.done,
        "remark": None,
        "segments": [segment_json(segment) for segment in made.segments],
        "proposals": [
            {
                "id": offer.id,
                "category_id": offer.category_id,
                "score": 0.9,
                "decision": made.decision(offer.id).value,
                "area": offer.mask.area,
                "bbox": list(offer.mask.bbox),
                "counts": offer.mask.counts,
            }
            for offer in offers.values()
        ],
    }


def _state(made: Truth) -> str:
    """The image's state once it has a correction."""
    return "in_work" if made.progress is Progress.OPEN else made.progress.value


def _remark(request: Request) -> dict[str, str] | None:
    if request.operation is not Operation.SEND_BACK:
        return None
    return {"user": "ann", "text": request.comment or "", "at": "2030-01-02T03:04:05+00:00"}
