"""What the mask classifier learns: to name each mask of the truth."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.annotation.errors import TrainingError
from core.maskformer.heads.mask_classifier import MaskClassifier
from core.maskformer.pixel_decoders.features import LEVEL_STRIDES
from core.training.labels import LabelTable, log_probability
from core.training.target import Target


def classifier_loss(
    classifier: MaskClassifier,
    levels: Sequence[Tensor],
    targets: Sequence[Target],
    table: LabelTable,
    whole: float | None = None,
) -> Tensor:
    """Cross-entropy of the batch's masks, the mean over those that it can be asked about: float32, a scalar.

    levels: `PixelFeatures.levels` of the batch.   table: that of `LabelCodes`, on their device. A label that allows
    several categories is right with any of them. Ignored cells count as outside their mask. Not asked about: masks
    that may be anything, and those that are ignored as a whole; 0 when there is no other.
    whole: the masks asked about in the batch that these images are a part of; None: they are all of it.
    Raises TrainingError when the targets' grid does not line up with the levels.
    """
    masks = [target.coverage() for target in targets]
    allowed_TK = table.allowed[torch.cat([target.labels for target in targets])][:, :-1]
    visible_T = torch.cat([part.flatten(1).any(1) for part in masks])
    asked_T = visible_T & ~allowed_TK.all(1)
    logits_TK = classifier(levels, masks, stride=_stride(targets[0].validity, levels[-1]))
    loss_T = -log_probability(logits_TK, allowed_TK) * asked_T
    return loss_T.sum() / (asked_T.sum().clamp(min=1) if whole is None else max(1, whole))


def _stride(validity: Tensor, finest: Tensor) -> int:
    """How many input pixels a cell of the targets' grid [h, w] is wide, by the finest level [B, C, h', w']."""
    of = LEVEL_STRIDES[-1]
    pool = next((pool for pool in (1, 2, 4, 8) if _pooled(validity.shape, pool) == finest.shape[2:]), None)
    if pool is None:
        raise TrainingError(
            f"targets of {list(validity.shape)} cells do not line up with {list(finest.shape[2:])} cells of {of}×{of} "
            "pixels; draw them at the input's size or a half, a quarter or an eighth of it"
        )
    return of // pool


def _pooled(size: Sequence[int], pool: int) -> tuple[int, ...]:
    return tuple(-(-side // pool) for side in size)
