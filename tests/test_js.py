"""The page's modules: `node --test`, with cases made by the Python side so that both sides agree on them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco

from app.api.wire import segment_json
from core.annotation.changes import apply_change
from core.annotation.corrections import Offer, Operation, Request, plan
from core.annotation.labels import Category, LabelSet, distinct_colour
from core.annotation.mask import Mask
from core.annotation.truth import Segment, Source, Truth
from core.annotation.views import panoptic_view, semantic_view

TESTS = Path(__file__).parent / "js"
CASES = 60
LABELS = LabelSet.of(
    Category(number, f"category {number}", number % 2 == 0, distinct_colour(number)) for number in range(6)
)


def test_modules_of_the_page(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        reason = "node is not installed; the page's modules are tested with `node --test`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    fixtures = tmp_path / "fixtures.json"
    fixtures.write_text(json.dumps(_fixtures()))
    run = subprocess.run(
        [node, "--test", "--test-reporter=spec", *sorted(map(str, TESTS.glob("*.test.mjs")))],
        env={**os.environ, "MASKWRIGHT_JS_FIXTURES": str(fixtures)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]


def _fixtures() -> dict[str, Any]:
    rng = np.random.default_rng(7)
    return {
        "masks": [_mask_case(rng, index) for index in range(CASES)],
        "views": [_view_case(rng) for _ in range(CASES)],
        "corrections": [_correction_case(rng, operation) for operation in _ANY_TRUTH for _ in range(8)],
        "colours": [list(distinct_colour(index)) for index in range(40)],
    }


def _blob(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A random mask: noise, or an ellipse with a hole, never empty."""
    if rng.random() < 0.3:
        pixels = rng.random((height, width)) < rng.random()
    else:
        y, x = np.mgrid[:height, :width]
        reach = ((y - rng.uniform(0, height)) / rng.uniform(1, height)) ** 2
        reach = reach + ((x - rng.uniform(0, width)) / rng.uniform(1, width)) ** 2
        pixels = (reach < 1) & (reach > rng.uniform(0, 0.3))
    pixels[rng.integers(height), rng.integers(width)] = True
    return pixels


def _mask_case(rng: np.random.Generator, index: int) -> dict[str, Any]:
    height, width = (int(side) for side in rng.integers(1, 40, 2))
    special = [np.zeros((height, width), bool), np.ones((height, width), bool)]
    first = special[index] if index < len(special) else _blob(rng, height, width)
    pair = [coco.encode(np.asfortranarray(pixels, np.uint8)) for pixels in (first, _blob(rng, height, width))]
    union = coco.merge(pair)
    return {
        "height": height,
        "width": width,
        "counts": [rle["counts"].decode() for rle in pair],
        "pixels": first.ravel().astype(int).tolist(),
        "area": int(coco.area(pair[0])),
        "bbox": coco.toBbox(pair[0]).astype(int).tolist(),
        "union": union["counts"].decode(),
    }


def _truth(rng: np.random.Generator) -> Truth:
    height, width = (int(side) for side in rng.integers(6, 24, 2))
    ids = rng.permutation(np.arange(1, 9))
    categories = [None, 99, *range(6)]
    segments = tuple(
        Segment(
            id=int(number),
            mask=Mask.from_array(_blob(rng, height, width)),
            category_id=categories[rng.integers(len(categories))],
            order=order,
            source=Source.DRAWN,
            crowd=bool(rng.random() < 0.2),
        )
        for order, number in enumerate(ids, start=1)
    )
    return Truth(height, width, segments=segments, last_segment_id=8)


def _image_json(truth: Truth, offers: dict[int, Offer]) -> dict[str, Any]:
    return {
        "id": 1,
        "width": truth.width,
        "height": truth.height,
        "revision": truth.revision,
        "done": truth.done,
        "segments": [segment_json(segment) for segment in truth.segments],
        "proposals": [
            {
                "id": offer.id,
                "category_id": offer.category_id,
                "score": 0.9,
                "decision": truth.decision(offer.id).value,
                "area": offer.mask.area,
                "bbox": list(offer.mask.bbox),
                "counts": offer.mask.counts,
            }
            for offer in offers.values()
        ],
    }


def _view_case(rng: np.random.Generator) -> dict[str, Any]:
    truth = _truth(rng)
    return {
        "image": _image_json(truth, {}),
        "categories": [{"id": item.id, "is_thing": item.is_thing} for item in LABELS],
        "semantic": semantic_view(truth, LABELS).ravel().tolist(),
        "panoptic": panoptic_view(truth, LABELS).ids.ravel().tolist(),
    }


_ANY_TRUTH = {
    Operation.ACCEPT: {"proposals": 3},
    Operation.REJECT: {"proposals": 2},
    Operation.DEFER: {"proposals": 1},
    Operation.RELABEL: {"proposals": 2, "segments": 2},
    Operation.MERGE: {"proposals": 1, "segments": 2},
    Operation.DELETE: {"segments": 3},
    Operation.REORDER: {"segments": 2},
    Operation.DONE: {},
}


def _correction_case(rng: np.random.Generator, operation: Operation) -> dict[str, Any]:
    """An image, a correction, the server's answer to it, and the image after it."""
    truth = _truth(rng)
    offers = {
        number: Offer(
            number,
            Mask.from_array(_blob(rng, truth.height, truth.width)),
            None if rng.random() < 0.3 else int(rng.integers(6)),
        )
        for number in range(101, 107)
    }
    chosen = _ANY_TRUTH[operation]
    request = Request(
        operation,
        proposals=tuple(int(number) for number in rng.permutation(list(offers))[: chosen.get("proposals", 0)]),
        segments=tuple(int(number) for number in rng.permutation(np.arange(1, 9))[: chosen.get("segments", 0)]),
        category_id=int(rng.integers(6)) if operation is Operation.RELABEL else None,
        to_top=bool(rng.random() < 0.5),
    )
    change = plan(truth, request, offers)
    after = apply_change(truth, change)
    return {
        "before": _image_json(truth, offers),
        "request": {
            "operation": operation.value,
            "proposals": list(request.proposals),
            "segments": list(request.segments),
            "categoryId": request.category_id,
            "toTop": request.to_top,
            "done": request.done,
        },
        "answer": {
            "revision": after.revision,
            "segments": [segment_json(part.after) for part in change.segments if part.after is not None],
            "removed": [part.segment_id for part in change.segments if part.after is None],
            "decisions": {str(said.proposal_id): said.after.value for said in change.decisions},
            "done": after.done,
            "can_undo": True,
            "can_redo": False,
        },
        "after": _image_json(after, offers),
    }
