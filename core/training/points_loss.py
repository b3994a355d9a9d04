"""Teaching the heat map of mask centres: penalty-reduced focal loss (Law and Deng 2018; Zhou et al. 2019).

Legend: B images, T targets of all of them, h×w cells of the heat map.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from core.training.target import Target

# Standard deviation of a centre's blob: this share of the mask's side, at least LEAST_SIGMA cells.
SIGMA_SHARE = 0.1
LEAST_SIGMA = 0.6


def point_loss(
    point_logits: Tensor, targets: tuple[Target, ...], unknown_weight: float, whole: float | None = None
) -> Tensor:
    """Loss per target of heat-map logits [B, 1, h, w], any whole-number stride coarser than the masks'.

    unknown_weight: how much a cell without a known centre counts in an image that is not completely labelled.
    whole: the targets of the batch that these images are a part of; None: they are all of it.
    """
    logits_Bhw = point_logits[:, 0]
    heat_Bhw, valid_Bhw = heat_maps(targets, logits_Bhw.shape[1:])
    background_B = torch.tensor([1.0 if target.complete else unknown_weight for target in targets])
    probability = logits_Bhw.sigmoid()
    at_centres = F.softplus(-logits_Bhw) * (1 - probability) ** 2
    elsewhere = F.softplus(logits_Bhw) * probability**2 * (1 - heat_Bhw) ** 4
    loss = torch.where(heat_Bhw == 1, at_centres, elsewhere * background_B.to(heat_Bhw.device)[:, None, None])
    count = sum(len(target.labels) for target in targets) if whole is None else whole
    return (loss * valid_Bhw).sum() / max(1, count)


def heat_maps(targets: Sequence[Target], shape: torch.Size) -> tuple[Tensor, Tensor]:
    """The wanted heat, float [B, h, w], 1 at each mask's centre, and where it is valid, bool [B, h, w]."""
    fine = torch.stack([target.validity for target in targets])
    ratio = round(fine.shape[1] / shape[0])
    valid = F.max_pool2d(fine.float(), ratio, ceil_mode=True) > 0
    device = fine.device
    y, x = (torch.arange(side, device=device) for side in shape)
    centres_T2 = (torch.cat([target.points for target in targets]) / ratio).floor()
    area_T = torch.cat([target.masks for target in targets]).flatten(1).sum(1).float() / (255 * ratio**2)
    sigma = (SIGMA_SHARE * area_T.sqrt()).clamp(min=LEAST_SIGMA)[:, None, None]
    distance = (x[None, None] - centres_T2[:, :1, None]) ** 2 + (y[None, :, None] - centres_T2[:, 1:, None]) ** 2
    blobs = torch.split(torch.exp(-distance / (2 * sigma**2)), [len(target.labels) for target in targets])
    nothing = torch.zeros(tuple(shape), device=device)
    return torch.stack([part.amax(0) if len(part) else nothing for part in blobs]), valid
