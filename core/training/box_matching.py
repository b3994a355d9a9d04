"""Matching by class and box, as DETR does (Carion et al. 2020); the paper compares with it in section 4.3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput
from core.training.assignment import Matched, assign
from core.training.boxes import box_cost, mask_boxes
from core.training.labels import LabelTable
from core.training.matcher import class_cost
from core.training.truth import ImageTruth


@dataclass(frozen=True)
class BoxMatching:
    """Hungarian matching on −p(label), the boxes' L1 distance and their generalised IoU, each with its weight.

    Stuff is matched by the boxes of its masks too: without one it could not be matched at all.
    """

    class_weight: float = 2.0
    l1_weight: float = 5.0
    giou_weight: float = 2.0

    def __call__(self, layers: Sequence[MaskFormerOutput], truths: Sequence[ImageTruth], table: LabelTable) -> Matched:
        """The pairs of every layer. Raises TrainingError on outputs without boxes, or that are not finite."""
        boxes = [layer.boxes for layer in layers if layer.boxes is not None]
        if len(boxes) < len(layers):
            raise TrainingError("matching by 'boxes' needs a model with a box head; give it one, or choose 'hungarian'")
        with torch.autocast(boxes[0].device.type, enabled=False), torch.no_grad():
            costs = []
            for image, truth in enumerate(truths):
                class_logits = torch.stack([layer.class_logits[image] for layer in layers]).float()
                boxes_LQ4 = torch.stack([layer[image] for layer in boxes]).float()
                l1, giou = box_cost(boxes_LQ4, mask_boxes(truth))
                cost = self.class_weight * class_cost(class_logits, table.allowed[truth.labels])
                costs.append(cost + self.l1_weight * l1 + self.giou_weight * giou)
        return assign(costs, truths)
