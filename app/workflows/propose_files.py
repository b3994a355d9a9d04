"""Proposals of image files as JSON, without a workspace."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.models import open_predictor
from core.annotation.errors import FormatError, MaskwrightError
from core.annotation.files import write_atomically
from core.annotation.labels import LabelSet
from core.annotation.proposals import REGION, Proposal
from core.formats.photo import read_photo
from core.inference.predictor import Predictor

Progress = Callable[[int, int], None]


def propose_files(
    paths: Sequence[str],
    *,
    model: str,
    out: Path,
    device: str | None = None,
    precision: str = "auto",
    limit: int = 100,
    progress: Progress | None = None,
) -> int:
    """Write the proposals of each image file to `out`, best first; returns how many files failed.

    out: one JSON list with an item a file, in the order given: {"file_name": as given, "height", "width",
    "proposals": [{"segmentation": COCO RLE, "score", "category_id", "category", "bbox": [x, y, w, h],
    "area"}]}, or {"file_name", "error"}. Category and id are null for a mask without a better name than
    "region"; there are at most `limit` an image. `out` is replaced whole at the end, or left as it was.
    progress: called with (finished, total) after each file.
    Raises ModelError for the model or device, FormatError when `out` cannot be written.
    """
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise FormatError(f"{out}: cannot be written; give a file in a folder that exists")
    predictor = open_predictor(model, device=device, precision=precision)
    failures = 0
    try:
        with write_atomically(out) as file:
            file.write(b"[")
            for index, path in enumerate(paths):
                item = _item(predictor, path, limit)
                failures += "error" in item
                file.write(b",\n" if index else b"\n")
                file.write(json.dumps(item).encode())
                if progress is not None:
                    progress(index + 1, len(paths))
            file.write(b"\n]\n")
    except OSError as error:
        raise FormatError(f"{out}: cannot be written ({error.strerror}); give a file in a folder of yours") from error
    return failures


def _item(predictor: Predictor, path: str, limit: int) -> dict[str, Any]:
    try:
        photo = read_photo(Path(path), name=path)
        proposals = predictor.propose(photo.pixels, limit=limit)
    except MaskwrightError as error:
        return {"file_name": path, "error": str(error)}
    label_set = predictor.model.label_set
    return {
        "file_name": path,
        "height": photo.height,
        "width": photo.width,
        "proposals": [_proposal(proposal, label_set) for proposal in proposals],
    }


def _proposal(proposal: Proposal, label_set: LabelSet) -> dict[str, Any]:
    category = None if proposal.name == REGION else label_set.named(proposal.name)
    return {
        "segmentation": proposal.mask.to_coco(),
        "score": proposal.score,
        "category_id": category.id if category else None,
        "category": category.name if category else None,
        "bbox": list(proposal.mask.bbox),
        "area": proposal.mask.area,
    }
