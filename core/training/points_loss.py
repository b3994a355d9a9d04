"""Teaching the heat map of mask centres: penalty-reduced focal loss (Law and Deng 2018; Zhou et al. 2019)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.training.target import Target

# Standard deviation of a centre's blob: this share of the mask's side, at least LEAST_SIGMA cells.
SIGMA_SHARE = 0.1
LEAST_SIGMA = 0.6


def point_loss(point_logits: Tensor, targets: tuple[Target, ...], unknown_weight: float) -> Tensor:
    """Loss per target of heat-map logits [B, 1, h, w], any whole-number stride coarser than the masks'.

    unknown_weight: how much a cell without a known centre counts in an image that is not completely labelled.
    """
    losses = [
        _one(logits[0], target, 1.0 if target.complete else unknown_weight)
        for logits, target in zip(point_logits, targets, strict=True)
    ]
    return torch.stack(losses).sum() / max(1, sum(len(target.labels) for target in targets))


def _one(logits: Tensor, target: Target, background: float) -> Tensor:
    heat, valid = heat_map(target, logits.shape)
    probability = logits.sigmoid()
    at_centres = F.softplus(-logits) * (1 - probability) ** 2
    elsewhere = F.softplus(logits) * probability**2 * (1 - heat) ** 4
    loss = torch.where(heat == 1, at_centres, elsewhere * background)
    return (loss * valid).sum()


def heat_map(target: Target, shape: torch.Size) -> tuple[Tensor, Tensor]:
    """The wanted heat, float [h, w], 1 at each mask's centre, and where it is valid, bool [h, w]."""
    fine = target.validity.shape
    ratio = round(fine[0] / shape[0])
    valid = F.max_pool2d(target.validity[None].float(), ratio, ceil_mode=True)[0] > 0
    heat = torch.zeros(shape, device=target.masks.device)
    if not len(target.labels):
        return heat, valid
    y, x = (torch.arange(side, device=heat.device) for side in shape)
    centres = (target.points / ratio).floor()
    area = target.masks.flatten(1).sum(1).float() / (255 * ratio**2)
    sigma = (SIGMA_SHARE * area.sqrt()).clamp(min=LEAST_SIGMA)[:, None, None]
    distance = (x[None, None] - centres[:, :1, None]) ** 2 + (y[None, :, None] - centres[:, 1:, None]) ** 2
    return torch.exp(-distance / (2 * sigma**2)).amax(0), valid
