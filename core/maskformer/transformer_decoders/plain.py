"""MaskFormer's own transformer decoder: every query looks at the whole photo at stride 32 (Cheng et al. 2021, 3.3)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from core.maskformer.pixel_decoders.features import LEVEL_STRIDES, PixelFeatures
from core.maskformer.positions import RealArea, sine_positions
from core.maskformer.query_sources.start import StartingQueries
from core.maskformer.transformer_decoders.layers import DecoderLayer, Look


class PlainTransformerDecoder(nn.Module):
    """DETR's decoder; the final norm is shared by all layers' outputs."""

    def __init__(self, *, layers: Sequence[DecoderLayer], memory_channels: int, width: int) -> None:
        """The memory is projected only where its channels are not `width` already."""
        super().__init__()
        self.project = nn.Identity() if memory_channels == width else nn.Conv2d(memory_channels, width, 1)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width)

    def forward(self, start: StartingQueries, features: PixelFeatures, area: RealArea, look: Look) -> list[Tensor]:
        """Normalised content after each layer: layers times [B, Q, width]. No query looks at padding."""
        values = self.project(features.memory).flatten(2).transpose(1, 2)
        stride = LEVEL_STRIDES[0]
        keys = values + sine_positions(area.steps(stride), values.shape[2]).flatten(1, 2).to(values.dtype)
        allowed = area.cells(stride).flatten(1)[:, None] if area.is_padded else None
        content, states = start.content, []
        for layer in self.layers:
            content = layer(content, start.positions, keys, values, allowed)
            states.append(self.norm(content))
        return states
