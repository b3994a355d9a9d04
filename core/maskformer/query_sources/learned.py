"""MaskFormer's queries: learned, the same for every photo (Cheng et al. 2021, 3.3; Carion et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.maskformer.pixel_decoders.features import PixelFeatures
from core.maskformer.positions import RealArea
from core.maskformer.query_sources.start import StartingQueries


class LearnedQueries(nn.Module):
    """Q queries with learned positions; their content starts at zero."""

    def __init__(self, *, width: int, queries: int) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(queries, width))

    def forward(self, features: PixelFeatures, area: RealArea) -> StartingQueries:
        """The same start for each photo of the batch."""
        positions: Tensor = self.positions.expand(len(features.memory), -1, -1)
        return StartingQueries(torch.zeros_like(positions), positions)
