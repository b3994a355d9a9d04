"""Masked attention to several levels in turn (Cheng et al. 2022, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.maskformer.pixel_decoders.features import LEVEL_STRIDES, PixelFeatures
from core.maskformer.positions import RealArea, sine_positions
from core.maskformer.query_sources.start import StartingQueries
from core.maskformer.transformer_decoders.layers import DecoderLayer, Look


class MaskedTransformerDecoder(nn.Module):
    """Layer i looks at level i, coarse to fine and round again; each query only inside its own mask so far."""

    def __init__(self, *, layers: Sequence[DecoderLayer], level_channels: int, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.inputs = nn.ModuleList(nn.Linear(level_channels, width) for _ in LEVEL_STRIDES)
        self.level_embeddings = nn.Parameter(torch.zeros(len(LEVEL_STRIDES), width))
        self.norm = nn.LayerNorm(width)

    def forward(self, start: StartingQueries, features: PixelFeatures, area: RealArea, look: Look) -> list[Tensor]:
        """Normalised content of the start and of each layer: 1 + layers times [B, Q, width]."""
        memories = [self._memory(index, level, area) for index, level in enumerate(features.levels)]
        content = start.content
        states = [self.norm(content)]
        for index, layer in enumerate(self.layers):
            level = index % len(memories)
            # Places are part of the values too: in the trial, masks stayed empty for minutes without.
            memory = memories[level]
            content = layer(content, start.positions, memory, memory, look(states[-1], LEVEL_STRIDES[level]))
            states.append(self.norm(content))
        return states

    def _memory(self, index: int, level: Tensor, area: RealArea) -> Tensor:
        """A level's cells with their places: [B, h·w, width]."""
        places = sine_positions(area.points(LEVEL_STRIDES[index]), self.level_embeddings.shape[1])
        projected: Tensor = self.inputs[index](level.flatten(2).transpose(1, 2))
        return projected + self.level_embeddings[index] + places.flatten(1, 2).to(level.dtype)
