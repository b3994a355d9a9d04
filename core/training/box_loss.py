"""The box terms of all layers and images.

Legend: L layers, M pairs, T targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.maskformer.output import MaskFormerOutput
from core.training.assignment import Matched, Matches
from core.training.boxes import box_loss, mask_boxes
from core.training.truth import ImageTruth


@dataclass(frozen=True)
class BoxLoss:
    """things: bool by label code, whether it is a thing.   stuff_too: whether boxes of other targets are taught."""

    things: Tensor
    stuff_too: bool

    def __call__(self, layers: Sequence[MaskFormerOutput], matched: Matched) -> tuple[Tensor, Tensor]:
        """L1 distance and 1 − generalised IoU of each layer, [L] both: the mean over the batch's taught pairs."""
        wanted = [mask_boxes(truth) for truth in matched.truths]
        sums = [self._sums(*layer, matched.truths, wanted) for layer in zip(layers, matched.matches, strict=True)]
        l1_L, giou_L, counts_L = torch.stack(sums, dim=1)
        return l1_L / counts_L.clamp(min=1), giou_L / counts_L.clamp(min=1)

    def _sums(
        self,
        layer: MaskFormerOutput,
        matches: Sequence[Matches],
        truths: Sequence[ImageTruth],
        wanted: Sequence[Tensor],
    ) -> Tensor:
        """Summed L1, summed 1 − generalised IoU and number of one layer's taught pairs: float32 [3]."""
        assert layer.boxes is not None, "a box head serves every layer"
        images = list(enumerate(matches))
        boxes_M4 = torch.cat([layer.boxes[image, match.queries] for image, match in images]).float()
        targets_M4 = torch.cat([wanted[image][match.targets] for image, match in images])
        labels_M = torch.cat([truths[image].labels[match.targets] for image, match in images])
        taught_M = (self.things[labels_M] | self.stuff_too).float()
        l1_M, giou_M = box_loss(boxes_M4, targets_M4)
        return torch.stack(((l1_M * taught_M).sum(), (giou_M * taught_M).sum(), taught_M.sum()))
