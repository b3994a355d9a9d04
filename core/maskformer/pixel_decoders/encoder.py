"""The FPN behind a transformer encoder (Cheng et al. 2021, section 4.1: "MaskFormer with 6 encoder layers")."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.pixel_decoders.features import LEVEL_STRIDES, PixelFeatures
from core.maskformer.pixel_decoders.fpn import FPNPixelDecoder
from core.maskformer.positions import RealArea, sine_positions
from core.maskformer.transformer_decoders.layers import Attention


class EncoderLayer(nn.Module):
    """DETR's encoder layer: self-attention and feed-forward; each added, then normalised (post-norm)."""

    def __init__(self, *, width: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.self_attention = Attention(width=width, heads=heads)
        self.expand = nn.Linear(width, feedforward)
        self.contract = nn.Linear(feedforward, width)
        self.self_norm = nn.LayerNorm(width)
        self.final_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, content: Tensor, positions: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Content and positions [B or 1, L, width], allowed bool [B, 1, L]: the cells to look at → content."""
        placed = content + positions
        seen = self.self_attention(placed, placed, content, allowed)
        content = self.self_norm(content + self.dropout(seen))
        thought = self.contract(self.dropout(F.relu(self.expand(content))))
        answer: Tensor = self.final_norm(content + self.dropout(thought))
        return answer


class TransformerEncoder(nn.Module):
    """The cells of a coarse map look at each other, layer by layer (Carion et al. 2020, section 3.2)."""

    def __init__(self, *, layers: Sequence[EncoderLayer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, features: Tensor, area: RealArea) -> Tensor:
        """[B, width, h, w] at stride 32 → the same; padded cells are looked at by none, and hold nothing of use."""
        stride = LEVEL_STRIDES[0]
        content = features.flatten(2).transpose(1, 2)
        positions = sine_positions(area.steps(stride), content.shape[2]).flatten(1, 2).to(content.dtype)
        allowed = area.cells(stride).flatten(1)[:, None] if area.is_padded else None
        for layer in self.layers:
            content = layer(content, positions, allowed)
        return content.transpose(1, 2).reshape(features.shape)


class EncoderPixelDecoder(FPNPixelDecoder):
    """An FPN whose coarsest input is projected and went through a transformer encoder; that is the memory too."""

    def __init__(self, *, in_channels: Sequence[int], width: int, mask_dim: int, encoder: TransformerEncoder) -> None:
        """`in_channels` of the backbone's outputs, finest first; the encoder's layers are `width` wide."""
        super().__init__(in_channels=(*in_channels[:-1], width), width=width, mask_dim=mask_dim)
        self.project = nn.Conv2d(in_channels[-1], width, 1)
        self.encoder = encoder

    def forward(self, features: Sequence[Tensor], area: RealArea) -> PixelFeatures:
        """Features [B, in_channels[i], h_i, w_i], finest first, at strides 4, 8, 16, 32."""
        memory = self.encoder(self.project(features[-1]), area)
        return self.pyramid(features[:-1], memory, memory=memory)
