"""The instance view: things one by one, each with its whole mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from core.annotation.errors import ModelError
from core.annotation.labels import LabelSet
from core.annotation.mask import Mask
from core.inference.mask_means import upsampled_with_means
from core.inference.postprocess.raw import NOTHING, RawImage, Size, raw_images, threshold_logit
from core.maskformer.output import MaskFormerOutput


@dataclass(frozen=True)
class InstanceSegment:
    """One thing as the model sees it; masks of several may overlap, and a query may be there under several categories.

    score: in 0..1, the category's probability times the mean mask probability inside the mask.
    """

    query: int
    category_id: int
    score: float
    mask: Mask


@torch.no_grad()
def instance(
    output: MaskFormerOutput,
    sizes: Sequence[Size],
    label_set: LabelSet,
    *,
    top: int = 100,
    threshold: float = 0.0,
    mask_threshold: float = 0.5,
    input_sizes: Sequence[Size] | None = None,
) -> list[tuple[InstanceSegment, ...]]:
    """The things of each image, best first, with masks of the image's size.

    top: how many pairs of a query and a category are looked at, the most probable ones of all categories; those of
    stuff are then left out, like masks without a pixel.   threshold: the least score.   mask_threshold: a mask is
    where its probability is above this.   sizes: each image's (height, width).
    Raises ModelError for sizes, labels, thresholds or logits that cannot be used.
    """
    if not isinstance(top, int) or top < 1:
        raise ModelError(f"top is a whole number of 1 or more, got {top!r:.80}")
    threshold_logit("threshold", threshold)
    cut = threshold_logit("mask_threshold", mask_threshold)
    images = raw_images(output, sizes, label_set, input_sizes)
    return [_instance(image, label_set, top=top, threshold=threshold, cut=cut) for image in images]


def _instance(
    image: RawImage, label_set: LabelSet, *, top: int, threshold: float, cut: float
) -> tuple[InstanceSegment, ...]:
    probabilities = image.class_logits.softmax(-1)[:, :-1]
    best = probabilities.flatten().topk(min(top, probabilities.numel()))
    categories = label_set.categories
    pairs = [
        (probability, *divmod(index, len(categories)))
        for probability, index in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        if categories[index % len(categories)].is_thing and probability >= threshold and probability > NOTHING
    ]
    queries = sorted({query for _, query, _ in pairs})
    if not queries:
        return ()
    logits, rows, columns = image.masks(torch.tensor(queries, dtype=torch.int64))
    masks = dict(zip(queries, upsampled_with_means(logits - cut, rows, columns, cut=cut), strict=True))
    found = [
        InstanceSegment(query, categories[index].id, probability * masks[query][1], masks[query][0])
        for probability, query, index in pairs
    ]
    kept = (segment for segment in found if segment.mask.area and segment.score >= threshold)
    return tuple(sorted(kept, key=lambda segment: -segment.score))
