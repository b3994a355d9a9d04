"""The box terms of all layers and images.

Legend: L layers, M pairs, T targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.maskformer.output import MaskFormerOutput
from core.training.assignment import Matched
from core.training.boxes import box_loss, mask_boxes


@dataclass(frozen=True)
class BoxLoss:
    """things: bool by label code, whether it is a thing.   stuff_too: whether boxes of other targets are taught."""

    things: Tensor
    stuff_too: bool

    def __call__(self, layers: Sequence[MaskFormerOutput], matched: Matched) -> tuple[Tensor, Tensor]:
        """L1 distance and 1 − generalised IoU of each layer, [L] both: the sums over the batch's taught pairs."""
        boxes = [layer.boxes for layer in layers if layer.boxes is not None]
        assert len(boxes) == len(layers), "a box head serves every layer"
        pairs = matched.pairs
        boxes_M4 = torch.stack(boxes)[pairs.layers, pairs.images, pairs.queries].float()
        targets_M4 = torch.cat([mask_boxes(truth) for truth in matched.truths])[pairs.targets]
        taught_M = (self.things[matched.labels[pairs.targets]] | self.stuff_too).float()
        l1_L, giou_L = matched.by_layer(torch.stack(box_loss(boxes_M4, targets_M4)) * taught_M)
        return l1_L, giou_L
