"""Which query answers for which target: the cheapest one-to-one assignment (Carion et al. 2020, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from core.annotation.errors import TrainingError
from core.maskformer.output import MaskFormerOutput, mask_product
from core.training.labels import log_probability
from core.training.masks import PixelLoss, dice_cost, pixel_cost
from core.training.target import Target


@dataclass(frozen=True, eq=False)
class Matches:
    """queries, targets: int64 [M], pairs of indices by rising query.   left_out: targets that found no query."""

    queries: Tensor
    targets: Tensor
    left_out: int


@dataclass(frozen=True)
class Matcher:
    """Hungarian matching on −p(label) and the mask terms, each with its weight.

    pool: masks are compared after averaging over pool×pool cells. Logits are linear in the features,
    so pooling those gives the pooled logits exactly.
    """

    class_weight: float = 2.0
    mask_weight: float = 5.0
    dice_weight: float = 5.0
    mask_loss: PixelLoss = "bce"
    pool: int = 2

    @torch.no_grad()
    def match(self, output: MaskFormerOutput, targets: tuple[Target, ...], allowed: Tensor) -> list[Matches]:
        """The pairs of each image; `allowed` is the label table. Raises TrainingError on logits that are not finite."""
        features = _pooled(output.mask_features, self.pool)
        mask_logits_BQhw = mask_product(output.mask_embeddings, features)
        return [
            self._match_one(mask_logits.flatten(1), class_logits.float(), target, allowed)
            for mask_logits, class_logits, target in zip(mask_logits_BQhw, output.class_logits, targets, strict=True)
        ]

    def _match_one(self, mask_logits_QP: Tensor, class_logits: Tensor, target: Target, allowed: Tensor) -> Matches:
        validity = _pooled(target.validity[None, None].float(), self.pool).flatten()
        coverage_TP = _pooled(target.coverage()[:, None], self.pool).flatten(1)
        cost_QT = self.cost(mask_logits_QP, class_logits, coverage_TP, validity, allowed[target.labels])
        if not torch.isfinite(cost_QT).all():
            raise TrainingError(
                f"the model's output for {target.name} is not finite; "
                "lower the learning rate, or go on from the last checkpoint with another seed"
            )
        rows, columns = linear_sum_assignment(cost_QT.cpu().numpy())
        device = mask_logits_QP.device
        pairs = (torch.as_tensor(rows, device=device), torch.as_tensor(columns, device=device))
        return Matches(*pairs, left_out=len(target.labels) - len(rows))

    def cost(
        self, mask_logits_QP: Tensor, class_logits: Tensor, targets_TP: Tensor, valid_P: Tensor, allowed: Tensor
    ) -> Tensor:
        """What each query would cost as the answer for each target, [Q, T].

        class_logits: [Q, K+1].   allowed: bool [T, K+1], the columns that each target's label allows.
        """
        cost = -self.class_weight * log_probability(class_logits[:, None], allowed[None]).exp()
        cost = cost + self.mask_weight * pixel_cost(mask_logits_QP, targets_TP, valid_P, self.mask_loss)
        return cost + self.dice_weight * dice_cost(mask_logits_QP, targets_TP, valid_P)


def _pooled(maps: Tensor, pool: int) -> Tensor:
    """[N, C, h, w] averaged over pool×pool cells; a part at the edge is the mean of what it has."""
    return maps if pool == 1 else F.avg_pool2d(maps, pool, ceil_mode=True)
