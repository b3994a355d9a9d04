"""Names for given masks, drawn or proposed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from core.annotation.errors import ModelError
from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore
from core.inference.mask_shares import mask_shares
from core.inference.network_input import Photo, check_photo, network_input
from core.maskformer.model import MaskFormer
from core.maskformer.output import MaskFormerOutput
from core.maskformer.pixel_decoders.features import MASK_STRIDE
from core.maskformer.positions import RealArea

# Masks on the network's grid are held this many at a time: 64 MiB on a grid of 512².
MASKS_AT_ONCE = 64
# A query's word counts by the square of its IoU: else many that barely touch the mask outvote the one that fits.
IOU_POWER = 2
# Added before a division, so that a mask that no query touches gives even scores.
LEAST = 1e-12


@torch.inference_mode()
def classify(model: MaskFormer, image: Photo, masks: Sequence[Mask]) -> list[tuple[ClassScore, ...]]:
    """What each mask shows: for each, all categories of the model with scores that add up to 1, best first.

    image: RGB, uint8 [H, W, 3].   masks: at its size, none of them empty.   model: in evaluation mode. Its mask
    classifier answers; for a model without one, its queries do, each as far as its mask and the given one overlap.
    Raises ModelError for another kind of array, and for masks of another size or without a pixel.
    """
    _check(image, masks)
    if not masks:
        return []
    pixels = network_input(model, image)
    height, width = pixels.shape[2:]
    score = _scorer(model, pixels)
    parts = [score(part.to(model.device)).float().cpu() for part in _on_grid(masks, (height, width))]
    scores = torch.cat(parts)
    if not scores.isfinite().all():
        raise ModelError("the model's scores are not finite numbers; take a checkpoint from before its training broke")
    names = [category.name for category in model.label_set]
    return [_ranked(names, row) for row in scores]


def _scorer(model: MaskFormer, pixels: Tensor) -> Callable[[Tensor], Tensor]:
    """From masks [T, h, w] on the network's grid to scores [T, K], by the photo [1, 3, H, W]."""
    area = RealArea.of(pixels, None)
    features = model.pixel_features(pixels, area)
    classifier = model.mask_classifier
    if classifier is not None:
        return lambda masks: classifier(features.levels, [masks]).softmax(-1)
    output = model.head(features, area)
    return lambda masks: scores_by_queries(output, masks)


def scores_by_queries(output: MaskFormerOutput, masks: Tensor) -> Tensor:
    """Scores [T, K] of masks [T, h, w] (shares 0..1, on the grid of the mask logits) from the queries of one photo.

    Each query's class probabilities count by its IoU with the mask, to IOU_POWER.
    """
    given = masks.flatten(1)
    proposed = output.mask_logits[0].sigmoid().flatten(1)
    shared = given @ proposed.T
    iou = shared / (given.sum(1)[:, None] + proposed.sum(1) - shared).clamp(min=LEAST)
    votes = iou**IOU_POWER @ output.class_logits[0].softmax(-1)[:, :-1]
    return (votes + LEAST) / (votes + LEAST).sum(1, keepdim=True)


def _on_grid(masks: Sequence[Mask], input_size: tuple[int, int]) -> Iterator[Tensor]:
    """The masks' shares of the network's cells, some at a time: float32 [T, h, w]."""
    for start in range(0, len(masks), MASKS_AT_ONCE):
        part = masks[start : start + MASKS_AT_ONCE]
        yield torch.from_numpy(np.stack([mask_shares(mask, input_size, MASK_STRIDE) for mask in part]))


def _ranked(names: Sequence[str], scores: Tensor) -> tuple[ClassScore, ...]:
    values, order = scores.sort(descending=True, stable=True)
    return tuple(ClassScore(names[index], value) for index, value in zip(order.tolist(), values.tolist(), strict=True))


def _check(image: Photo, masks: Sequence[Mask]) -> None:
    check_photo(image)
    if not isinstance(masks, Sequence):
        raise ModelError(f"masks is a list of masks, got {type(masks).__name__}")
    height, width = image.shape[:2]
    for place, mask in enumerate(masks):
        if not isinstance(mask, Mask):
            raise ModelError(f"mask {place} is a {type(mask).__name__}; encode arrays with Mask.from_array")
        if mask.shape != (height, width):
            raise ModelError(
                f"mask {place} is {mask.width}×{mask.height}, but the photo is {width}×{height}; give masks at its size"
            )
        if not mask.area:
            raise ModelError(f"mask {place} is empty; leave out masks without a pixel, they show nothing to name")
