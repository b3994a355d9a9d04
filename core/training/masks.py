"""What two masks cost: the pixel and dice terms, for matched pairs and for every pair.

Legend: M matched pairs, Q queries, T targets, P cells. `targets` are shares in 0..1, at most `valid`, the share of
each cell of which something is known (0..1; [M, P] or the same for all pairs [P]); the rest enters no term.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

PixelLoss = Literal["bce", "focal"]

FOCAL_ALPHA = 0.25
FOCAL_GAMMA = 2


def pixel_terms(logits: Tensor, kind: PixelLoss) -> tuple[Tensor, Tensor]:
    """The loss of each cell if it is inside, and if it is outside, of the same shape as the logits.

    focal: α 0.25 and γ 2 (Lin et al. 2017).
    """
    inside, outside = F.softplus(-logits), F.softplus(logits)
    if kind == "bce":
        return inside, outside
    probability = logits.sigmoid()
    return (
        FOCAL_ALPHA * (1 - probability) ** FOCAL_GAMMA * inside,
        (1 - FOCAL_ALPHA) * probability**FOCAL_GAMMA * outside,
    )


def pixel_loss(logits_MP: Tensor, targets_MP: Tensor, valid: Tensor, kind: PixelLoss) -> Tensor:
    """Mean over the valid cells of each pair: [M]."""
    inside, outside = pixel_terms(logits_MP, kind)
    loss = inside * targets_MP + outside * (valid - targets_MP)
    return loss.sum(1) / valid.sum(-1).clamp(min=1)


def dice_loss(logits_MP: Tensor, targets_MP: Tensor, valid: Tensor) -> Tensor:
    """1 − (2 · intersection + 1) / (sum + 1) of each pair: [M]."""
    probability = logits_MP.sigmoid() * valid
    shared = (probability * targets_MP).sum(1)
    return 1 - (2 * shared + 1) / (probability.sum(1) + targets_MP.sum(1) + 1)


@torch.no_grad()
def mask_iou(logits_MP: Tensor, targets_MP: Tensor, valid: Tensor) -> Tensor:
    """IoU of each pair's mask (logits above 0) with its target over the valid cells, [M] in 0..1."""
    inside = (logits_MP > 0) * valid
    shared = torch.minimum(inside, targets_MP).sum(1)
    return shared / torch.maximum(inside, targets_MP).sum(1).clamp(min=1e-6)


def pixel_cost(logits_QP: Tensor, targets_TP: Tensor, valid_P: Tensor, kind: PixelLoss) -> Tensor:
    """`pixel_loss` of every query with every target: logits [..., Q, P] → [..., Q, T]."""
    inside, outside = pixel_terms(logits_QP, kind)
    cost = inside @ targets_TP.T + outside @ (valid_P - targets_TP).T
    return cost / valid_P.sum().clamp(min=1)


def dice_cost(logits_QP: Tensor, targets_TP: Tensor, valid_P: Tensor) -> Tensor:
    """`dice_loss` of every query with every target: logits [..., Q, P] → [..., Q, T]."""
    probability = logits_QP.sigmoid() * valid_P
    shared = probability @ targets_TP.T
    return 1 - (2 * shared + 1) / (probability.sum(-1, keepdim=True) + targets_TP.sum(1) + 1)
