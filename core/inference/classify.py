"""Names for given masks, drawn or proposed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.annotation.errors import ModelError
from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore
from core.inference.mask_shares import mask_shares
from core.inference.network_input import Photo, check_photo, network_input
from core.maskformer.heads.mask_classifier import MaskClassifier
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


@dataclass(frozen=True, eq=False)
class Namer:
    """Names masks of one photo by what a model saw in it, without looking at the photo again.

    names: the model's categories.   input_size: (height, width) of the network's input.   score: from masks [T, h, w]
    (shares of the network's cells, 0..1) to scores [T, K].   size_bytes: what it holds of the photo.
    """

    names: tuple[str, ...]
    input_size: tuple[int, int]
    score: Callable[[Tensor], Tensor]
    size_bytes: int

    @classmethod
    def of(
        cls, model: MaskFormer, input_size: tuple[int, int], levels: Sequence[Tensor], output: MaskFormerOutput | None
    ) -> Namer:
        """The model's mask classifier answers, by the `levels` of its pixel features; for a model without one its
        queries do, each as far as its mask and the given one overlap, by the `output`, which is needed for that alone.
        """
        names = tuple(category.name for category in model.label_set)
        classifier = model.mask_classifier
        if classifier is not None:
            score = functools.partial(_scores_by_classifier, classifier, tuple(levels))
            return cls(names, input_size, score, sum(level.nbytes for level in levels))
        assert output is not None, "a model without a mask classifier names masks by its queries"
        held = output.class_logits.nbytes + output.mask_logits.nbytes
        return cls(names, input_size, functools.partial(scores_by_queries, output), held)

    @torch.inference_mode()
    def __call__(self, masks: Sequence[Mask]) -> list[tuple[ClassScore, ...]]:
        """For each mask, checked before, all names with scores that add up to 1, best first. Raises ModelError."""
        if not masks:
            return []
        scores = torch.cat([self.score(part).float().cpu() for part in _on_grid(masks, self.input_size)])
        if not scores.isfinite().all():
            raise ModelError(
                "the model's scores are not finite numbers; take a checkpoint from before its training broke"
            )
        return [_ranked(self.names, row) for row in scores]


@torch.inference_mode()
def classify(model: MaskFormer, image: Photo, masks: Sequence[Mask]) -> list[tuple[ClassScore, ...]]:
    """What each mask shows: for each, all categories of the model with scores that add up to 1, best first.

    image: RGB, uint8 [H, W, 3].   masks: at its size, none of them empty.   model: in evaluation mode. See `Namer.of`.
    Raises ModelError for another kind of array, and for masks of another size or without a pixel.
    """
    check_photo(image)
    check_masks(masks, (image.shape[0], image.shape[1]))
    if not masks:
        return []
    pixels = network_input(model, image)
    area = RealArea.of(pixels, None)
    features = model.pixel_features(pixels, area)
    output = model.head(features, area) if model.mask_classifier is None else None
    return Namer.of(model, (pixels.shape[2], pixels.shape[3]), features.levels, output)(masks)


def _scores_by_classifier(classifier: MaskClassifier, levels: Sequence[Tensor], masks: Tensor) -> Tensor:
    device = next(classifier.parameters()).device
    given = [level.to(device) for level in levels]
    logits: Tensor = classifier(given, [masks.to(device)])
    return logits.softmax(-1)


def scores_by_queries(output: MaskFormerOutput, masks: Tensor) -> Tensor:
    """Scores [T, K] of masks [T, h, w] (shares 0..1, on the grid of the mask logits) from the queries of one photo.

    Each query's class probabilities count by its IoU with the mask, to IOU_POWER.
    """
    given = masks.to(output.class_logits.device).flatten(1)
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


def check_masks(masks: Sequence[Mask], size: tuple[int, int]) -> None:
    """Raise ModelError unless all are masks of this (height, width), none of them empty."""
    if not isinstance(masks, Sequence):
        raise ModelError(f"masks is a list of masks, got {type(masks).__name__}")
    height, width = size
    for place, mask in enumerate(masks):
        if not isinstance(mask, Mask):
            raise ModelError(f"mask {place} is a {type(mask).__name__}; encode arrays with Mask.from_array")
        if mask.shape != (height, width):
            raise ModelError(
                f"mask {place} is {mask.width}×{mask.height}, but the photo is {width}×{height}; give masks at its size"
            )
        if not mask.area:
            raise ModelError(f"mask {place} is empty; leave out masks without a pixel, they show nothing to name")
