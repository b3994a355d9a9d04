"""Which query answers for which target, by class and mask (Cheng et al. 2021, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.maskformer.output import MaskFormerOutput
from core.training.assignment import Matched, assign
from core.training.labels import LabelTable
from core.training.masks import PixelLoss, dice_cost, pixel_cost
from core.training.truth import ImageTruth


@dataclass(frozen=True)
class MaskMatching:
    """Hungarian matching on −p(label) and the mask terms, each with its weight.

    pool: masks are compared after averaging over pool×pool cells of the logits' grid. A truth on a finer grid is
    first reduced to the logits' (nearest), its validity likewise.
    """

    class_weight: float = 2.0
    mask_weight: float = 5.0
    dice_weight: float = 5.0
    mask_loss: PixelLoss = "bce"
    pool: int = 2

    def __call__(self, layers: Sequence[MaskFormerOutput], truths: Sequence[ImageTruth], table: LabelTable) -> Matched:
        """The pairs of every layer. Raises TrainingError on logits that are not finite."""
        # Not under no_grad: features that are first computed here serve the losses later.
        pooled = [layer.masks.pooled(self.pool).detach() for layer in layers]
        size = layers[0].masks.size
        with torch.autocast(pooled[0].device.type, enabled=False), torch.no_grad():
            costs = []
            for image, truth in enumerate(truths):
                mask_logits_LQP = torch.stack([maps[image] for maps in pooled]).flatten(2)
                class_logits = torch.stack([layer.class_logits[image] for layer in layers]).float()
                allowed = table.allowed[truth.labels]
                costs.append(self.cost(mask_logits_LQP, class_logits, *truth.reduced(size, self.pool), allowed))
        return assign(costs, truths)

    def cost(
        self, mask_logits_QP: Tensor, class_logits: Tensor, targets_TP: Tensor, valid_P: Tensor, allowed: Tensor
    ) -> Tensor:
        """What each query would cost as the answer for each target, [..., Q, T].

        mask_logits: [..., Q, P].   class_logits: [..., Q, K+1].   allowed: bool [T, K+1], the columns that each
        target's label allows.
        """
        cost = self.class_weight * class_cost(class_logits, allowed)
        cost = cost + self.mask_weight * pixel_cost(mask_logits_QP, targets_TP, valid_P, self.mask_loss)
        return cost + self.dice_weight * dice_cost(mask_logits_QP, targets_TP, valid_P)


def class_cost(class_logits: Tensor, allowed: Tensor) -> Tensor:
    """−p(label) of logits [..., Q, K+1] for labels that allow the columns bool [T, K+1]: [..., Q, T]."""
    return -class_logits.softmax(-1) @ allowed.T.float()
