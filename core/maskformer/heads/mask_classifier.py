"""Names any given mask by the features inside it, as Mask R-CNN names its proposals (He et al. 2017, section 3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.heads.mlp import MLP
from core.maskformer.pixel_decoders.features import LEVEL_STRIDES, MASK_STRIDE

# On held-back photos more of them, or a second such layer, named no mask better.
HIDDEN_CHANNELS = 128


class MaskClassifier(nn.Module):
    """The mean feature inside a mask at each level, through a small network.

    It asks no query: drawn and corrected masks are named as well as proposed ones. A mask is always something, so
    there is no logit for "no object".
    """

    def __init__(self, *, level_channels: int, categories: int) -> None:
        super().__init__()
        pooled = level_channels * len(LEVEL_STRIDES)
        self.norm = nn.LayerNorm(pooled)
        self.mlp = MLP(pooled, HIDDEN_CHANNELS, categories)

    def forward(self, levels: Sequence[Tensor], masks: Sequence[Tensor], *, stride: int = MASK_STRIDE) -> Tensor:
        """Class logits of all masks of a batch, photo by photo: float32 [T_1 + … + T_B, K].

        levels: [B, level_channels, h, w] at LEVEL_STRIDES.   masks: one a photo, float [T_b, h', w'], the share of
        each cell of `stride` pixels inside the mask, 0..1, 0 on padding. `stride` divides those of the levels. The
        logits of a mask without any cell say nothing, but are finite.
        """
        means = [_means([level[place] for level in levels], part, stride) for place, part in enumerate(masks)]
        logits: Tensor = self.mlp(self.norm(torch.cat(means).to(self.norm.weight.dtype)))
        return logits.float()


def _means(levels: Sequence[Tensor], masks: Tensor, stride: int) -> Tensor:
    """One photo's mean features: levels [C, h, w], masks [T, h', w'] at `stride` → [T, levels · C]."""
    parts = zip(levels, LEVEL_STRIDES, strict=True)
    return torch.cat([mean_inside(level, masks, of // stride) for level, of in parts], dim=1)


def mean_inside(features: Tensor, masks: Tensor, pool: int) -> Tensor:
    """The mean of features [C, h, w] inside masks [T, h', w'] on a `pool` times finer grid: float32 [T, C].

    A cell counts by its area inside the mask, so a mask smaller than a cell still has a feature. Zero for an
    empty mask.
    """
    with torch.autocast(features.device.type, enabled=False):
        areas = F.avg_pool2d(masks.float()[:, None], pool, ceil_mode=True, divisor_override=1).flatten(1)
        sums = areas @ features.float().flatten(1).T
        return sums / areas.sum(1, keepdim=True).clamp(min=torch.finfo(sums.dtype).tiny)
