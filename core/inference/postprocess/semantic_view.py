"""The semantic view: one category a pixel (paper, section 3.4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.annotation.errors import ModelError
from core.annotation.labels import LabelSet
from core.annotation.views import SEMANTIC_VOID
from core.inference.axis import Axis
from core.inference.class_map import ClassMap
from core.inference.contest import Contest, plain_logit
from core.inference.postprocess.raw import NOTHING, RawImage, Size, raw_images, threshold_logit
from core.maskformer.output import MaskFormerOutput


@torch.no_grad()
def semantic(
    output: MaskFormerOutput,
    sizes: Sequence[Size],
    label_set: LabelSet,
    *,
    threshold: float | None = None,
    input_sizes: Sequence[Size] | None = None,
) -> list[npt.NDArray[np.int32]]:
    """The category of each pixel, as its place 0 … K − 1 in the label set: an int32 [H, W] map an image.

    It is the one with the largest Σ over queries of p(category)·σ(mask logit), "no object" left out; the first one
    where several are equal. A per-pixel output (query k for category k alone) gives the argmax of its mask logits.
    threshold: with one, −1 where the sum does not reach it; the sums of queries that overlap may be above 1.
    sizes: each image's (height, width).
    Raises ModelError for sizes, labels, thresholds or logits that cannot be used.
    """
    if threshold is not None and not (isinstance(threshold, Real) and 0 <= threshold < math.inf):
        raise ModelError(f"threshold is a number of 0 or more, or None for no threshold; got {threshold!r:.80}")
    return [_semantic(image, threshold) for image in raw_images(output, sizes, label_set, input_sizes)]


def _semantic(image: RawImage, threshold: float | None) -> npt.NDArray[np.int32]:
    probabilities = image.class_logits.softmax(-1)[:, :-1]
    logits, rows, columns = image.masks(torch.arange(len(probabilities)))
    if _is_per_pixel(probabilities):
        return _argmax(logits, rows, columns, threshold)
    least = -math.inf if threshold is None else threshold
    canvas = ClassMap(probabilities.contiguous(), logits, threshold=least).paint(rows, columns)
    values = torch.arange(probabilities.shape[1] + 1, dtype=torch.int32)
    values[-1] = SEMANTIC_VOID
    return canvas.translated(values).numpy()


def _is_per_pixel(probabilities: Tensor) -> bool:
    queries, classes = probabilities.shape
    return queries == classes and torch.allclose(probabilities, torch.eye(classes), rtol=0, atol=NOTHING)


def _argmax(logits: Tensor, rows: Axis, columns: Axis, threshold: float | None) -> npt.NDArray[np.int32]:
    """The query with the largest logit. Its sigmoid would do, were it not 1 for all of them from 17 on in float32."""
    cut = -math.inf if threshold is None else threshold_logit("threshold", min(threshold, 1.0))
    contest = Contest(logits, torch.zeros(len(logits)), plain_logit, cut)
    inside = torch.arange(len(logits), dtype=torch.int32)
    values = torch.stack((torch.full_like(inside, SEMANTIC_VOID), inside), 1)
    return contest.paint(rows, columns).translated(values.flatten()).numpy()
