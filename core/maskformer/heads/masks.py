"""From a query's state to its mask embedding (Cheng et al. 2021, section 3.3)."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from core.maskformer.heads.mlp import MLP
from core.maskformer.heads.prior import SpatialPrior, prior_channels
from core.maskformer.output import MaskFeatures
from core.maskformer.pixel_decoders.features import MASK_STRIDE
from core.maskformer.positions import RealArea


class MaskHead(nn.Module):
    """MaskFormer's: an MLP of three layers."""

    def __init__(self, *, width: int, mask_dim: int) -> None:
        super().__init__()
        self.mlp = MLP(width, width, width, mask_dim)

    def features(self, mask_features: MaskFeatures, area: RealArea) -> MaskFeatures:
        """What the embeddings are multiplied with."""
        return mask_features

    def forward(self, states: Tensor, points: Tensor | None) -> Tensor:
        """[B, Q, width] → float32 [B, Q, mask_dim]; queries may have no points."""
        embeddings: Tensor = self.mlp(states)
        return embeddings.float()


class PointMaskHead(nn.Module):
    """For queries that have a point: a learned mask and the spatial prior, added up by one product."""

    def __init__(self, *, width: int, mask_dim: int) -> None:
        super().__init__()
        self.mlp = MLP(width, width, width, mask_dim)
        self.prior = SpatialPrior(width=width)
        self.scale = mask_dim**-0.5

    def features(self, mask_features: MaskFeatures, area: RealArea) -> MaskFeatures:
        """With the prior's channels beside the learned ones."""
        return dataclasses.replace(mask_features, beside=prior_channels(area, MASK_STRIDE))

    def forward(self, states: Tensor, points: Tensor | None) -> Tensor:
        """[B, Q, width] and points [B, Q, 2] → float32 [B, Q, mask_dim + 5]."""
        assert points is not None, "queries of this head have points"
        return torch.cat((self.mlp(states).float() * self.scale, self.prior(states, points)), dim=-1)
