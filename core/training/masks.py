"""What two masks cost: the pixel and dice terms, for matched pairs and for every pair.

Legend: M matched pairs, Q queries, T targets, P cells. `targets` are shares in 0..1, at most `valid`, the share of
each cell of which something is known (0..1; [M, P] or the same for all pairs [P]); the rest enters no term.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

PixelLoss = Literal["bce", "focal"]

FOCAL_ALPHA = 0.25
FOCAL_GAMMA = 2

# Terms of so many cells stay in a core's second-level cache.
CACHED_CELLS = 2**16


def pixel_terms(logits: Tensor, kind: PixelLoss) -> tuple[Tensor, Tensor]:
    """The loss of each cell if it is inside, and if it is outside, of the same shape as the logits.

    focal: α 0.25 and γ 2 (Lin et al. 2017).
    """
    outside = F.softplus(logits)
    inside = outside - logits
    if kind == "bce":
        return inside, outside
    probability = logits.sigmoid()
    return (
        FOCAL_ALPHA * (1 - probability) ** FOCAL_GAMMA * inside,
        (1 - FOCAL_ALPHA) * probability**FOCAL_GAMMA * outside,
    )


def pixel_loss(logits_MP: Tensor, targets_MP: Tensor, valid: Tensor, kind: PixelLoss) -> Tensor:
    """Mean over the valid cells of each pair: [M]."""
    return pixel_and_dice_loss(logits_MP, targets_MP, valid, kind)[0]


def dice_loss(logits_MP: Tensor, targets_MP: Tensor, valid: Tensor) -> Tensor:
    """1 − (2 · intersection + 1) / (sum + 1) of each pair: [M]."""
    return pixel_and_dice_loss(logits_MP, targets_MP, valid, "bce")[1]


def pixel_and_dice_loss(logits_MP: Tensor, targets_MP: Tensor, valid: Tensor, kind: PixelLoss) -> tuple[Tensor, Tensor]:
    """`pixel_loss` and `dice_loss` at once, which share most of their work; targets and validity have no gradient."""
    valid_MP = valid.expand_as(logits_MP)
    pixels_M, dice_M = _PixelAndDice.apply(logits_MP, targets_MP, valid_MP, kind)  # type: ignore[no-untyped-call]
    return pixels_M, dice_M


class _PixelAndDice(torch.autograd.Function):
    """Keeps the logits alone for the gradient, which is written out: the terms of each cell would be ten times that.

    With p = σ(x), s = softplus(x), target t and validity v of a cell, A its α and γ = 2:
    bce' = v·p − t.   focal' = A·t·(1−p)²·(p − 1 − 2p·(s − x)) + (1−A)·(v−t)·p²·(p + 2(1−p)·s).
    dice' = p(1−p)·v·((2I + 1)/D² − 2t/D) with I = Σpvt and D = Σpv + Σt + 1.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, valid: Tensor, kind: PixelLoss) -> tuple[Tensor, Tensor]:
        parts = [_row_terms(logits[rows], targets[rows], valid[rows], kind) for rows in _runs(logits)]
        pixels, shared, whole, cells = torch.cat(parts, dim=1) if parts else logits.new_zeros(4, 0)
        ctx.kind = kind
        ctx.save_for_backward(logits, targets, valid, shared, whole, cells)
        return pixels / cells, 1 - shared / whole

    @staticmethod
    def backward(ctx: Any, pixels: Tensor, dice: Tensor) -> tuple[Tensor, None, None, None]:
        logits, targets, valid, shared, whole, cells = ctx.saved_tensors
        slopes = torch.stack((pixels / cells, dice * shared / whole**2, 2 * dice / whole))[..., None]
        parts = [
            _gradient(logits[rows], targets[rows], valid[rows], slopes[:, rows], ctx.kind) for rows in _runs(logits)
        ]
        return torch.cat(parts) if parts else torch.zeros_like(logits), None, None, None


def _runs(rows: Tensor) -> list[slice]:
    """Rows whose terms fit a CPU's cache; other devices take all at once."""
    at_once = max(1, CACHED_CELLS // rows.shape[1] if rows.device.type == "cpu" else len(rows))
    return [slice(first, first + at_once) for first in range(0, len(rows), at_once)]


def _row_terms(logits: Tensor, targets: Tensor, valid: Tensor, kind: PixelLoss) -> Tensor:
    """Summed pixel terms, 2I + 1, D, and the number of valid cells, of each row: [4, rows]."""
    probability = logits.sigmoid()
    outside = F.softplus(logits)
    if kind == "bce":
        pixels = (outside * valid).addcmul_(logits, targets, value=-1)
    else:
        inside = (outside - logits).mul_(targets).mul_(FOCAL_ALPHA).mul_((1 - probability).square_())
        known = (valid - targets).mul_(1 - FOCAL_ALPHA).mul_(probability).mul_(probability)
        pixels = inside.addcmul_(outside, known)
    probability.mul_(valid)
    whole = probability.sum(1) + targets.sum(1) + 1
    shared = 2 * probability.mul_(targets).sum(1) + 1
    return torch.stack((pixels.sum(1), shared, whole, valid.sum(1).clamp(min=1)))


def _gradient(logits: Tensor, targets: Tensor, valid: Tensor, slopes: Tensor, kind: PixelLoss) -> Tensor:
    """Of the logits; slopes [3, rows, 1] are those of the pixel terms, of Σpv, and of −Σpvt."""
    pixel_slope, whole_slope, shared_slope = slopes
    probability = logits.sigmoid()
    rest = 1 - probability
    gradient: Tensor = (whole_slope - targets * shared_slope).mul_(valid).mul_(probability).mul_(rest)
    if kind == "bce":
        return gradient.add_((probability * valid).sub_(targets).mul_(pixel_slope))
    outside = F.softplus(logits)
    inside = (outside - logits).mul_(probability).mul_(-2).sub_(rest)
    inside.mul_(rest).mul_(rest).mul_(targets).mul_(FOCAL_ALPHA)
    outside.mul_(rest).mul_(2).add_(probability).mul_(probability).mul_(probability)
    outside.mul_(valid - targets).mul_(1 - FOCAL_ALPHA)
    return gradient.add_(inside.add_(outside).mul_(pixel_slope))


@torch.no_grad()
def mask_iou(logits_MP: Tensor, targets_MP: Tensor, valid: Tensor) -> Tensor:
    """IoU of each pair's mask (logits above 0) with its target over the valid cells, [M] in 0..1."""
    inside = (logits_MP > 0) * valid
    shared = torch.minimum(inside, targets_MP).sum(1)
    return shared / torch.maximum(inside, targets_MP).sum(1).clamp(min=1e-6)


def pixel_cost(logits_QP: Tensor, targets_TP: Tensor, valid_P: Tensor, kind: PixelLoss) -> Tensor:
    """`pixel_loss` of every query with every target, [..., Q, T], of logits [..., Q, P]; all may be batched alike."""
    inside, outside = pixel_terms(logits_QP, kind)
    cost = inside @ targets_TP.mT + outside @ (valid_P[..., None, :] - targets_TP).mT
    return cost / valid_P.sum(-1)[..., None, None].clamp(min=1)


def dice_cost(logits_QP: Tensor, targets_TP: Tensor, valid_P: Tensor) -> Tensor:
    """`dice_loss` of every query with every target, [..., Q, T], of logits [..., Q, P]; all may be batched alike."""
    probability = logits_QP.sigmoid() * valid_P[..., None, :]
    shared = probability @ targets_TP.mT
    return 1 - (2 * shared + 1) / (probability.sum(-1, keepdim=True) + targets_TP.sum(-1)[..., None, :] + 1)
