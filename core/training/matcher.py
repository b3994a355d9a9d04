"""Which query answers for which target, by class and mask (Cheng et al. 2021, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.maskformer.output import MaskFormerOutput, Masks
from core.training.assignment import Matched, assign
from core.training.labels import LabelTable
from core.training.masks import PixelLoss, dice_cost, pixel_cost
from core.training.sampled_points import PointSampling
from core.training.truth import Compared, ImageTruth, compared_cells, compared_points, padded


@dataclass(frozen=True)
class MaskMatching:
    """Hungarian matching on −p(label) and the mask terms, each with its weight.

    pool: masks are compared after averaging over pool×pool cells of the logits' grid. A truth on a finer grid is
    first reduced to the logits' (nearest), its validity likewise.
    points: masks are compared at these points instead, the same for all masks of an image (Cheng et al. 2022,
        section 3.3).
    """

    class_weight: float = 2.0
    mask_weight: float = 5.0
    dice_weight: float = 5.0
    mask_loss: PixelLoss = "bce"
    pool: int = 2
    points: PointSampling | None = None

    def __call__(self, layers: Sequence[MaskFormerOutput], truths: Sequence[ImageTruth], table: LabelTable) -> Matched:
        """The pairs of every layer. Raises TrainingError on logits that are not finite."""
        # Not under no_grad: features that are first computed here serve the losses later.
        masks, compared = self._compared(layers[0].masks.beside([layer.masks for layer in layers[1:]]), truths)
        with torch.autocast(masks.device.type, enabled=False), torch.no_grad():
            class_logits = torch.cat([layer.class_logits for layer in layers], dim=1).float()
            allowed_BTK = padded([table.allowed[truth.labels] for truth in truths])
            costs = self.cost(masks, class_logits, compared.targets, compared.validity, allowed_BTK)
            by_layer = costs.view(len(truths), len(layers), layers[0].class_logits.shape[1], costs.shape[2])
            return assign([by_layer[image, ..., : len(truth.labels)] for image, truth in enumerate(truths)], truths)

    def _compared(self, masks: Masks, truths: Sequence[ImageTruth]) -> tuple[Tensor, Compared]:
        """Logits of all layers' queries [B, L·Q, P], without a gradient, and what they are compared with."""
        if self.points is None:
            return masks.pooled(self.pool).detach().flatten(2), compared_cells(truths, masks.size, self.pool)
        points_BP2 = self.points.even(truths)
        return masks.at_points(points_BP2).detach(), compared_points(truths, points_BP2)

    def cost(
        self, mask_logits_QP: Tensor, class_logits: Tensor, targets_TP: Tensor, valid_P: Tensor, allowed: Tensor
    ) -> Tensor:
        """What each query would cost as the answer for each target, [..., Q, T].

        mask_logits: [..., Q, P].   class_logits: [..., Q, K+1].   allowed: bool [..., T, K+1], the columns that each
        target's label allows. All may be batched alike.
        """
        cost = self.class_weight * class_cost(class_logits, allowed)
        cost = cost + self.mask_weight * pixel_cost(mask_logits_QP, targets_TP, valid_P, self.mask_loss)
        return cost + self.dice_weight * dice_cost(mask_logits_QP, targets_TP, valid_P)


def class_cost(class_logits: Tensor, allowed: Tensor) -> Tensor:
    """−p(label) of logits [..., Q, K+1] for labels that allow the columns bool [..., T, K+1]: [..., Q, T]."""
    return -class_logits.softmax(-1) @ allowed.mT.float()
