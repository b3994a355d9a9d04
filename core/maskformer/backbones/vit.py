"""Plain ViT (Dosovitskiy et al. 2021) without a class token, and a simple feature pyramid (Li et al. 2022).

Parameters: patch_embedding.{projection,positions}, blocks.i.{attention_norm, attention.{qkv,out}, mlp_norm, expand,
contract}, norm, pyramid.{0,1,2,3} (strides 4 to 32). `qkv` is fused: rows of the query, then the key, then the value.
`positions` is [side, side, width], row by row.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.backbones.blocks import PreNormBlock, drop_paths
from core.maskformer.backbones.config import ViTConfig
from core.maskformer.kernels.linear import Linear

PATCH_PX = 16
# The published weights' own.
LAYER_NORM_EPSILON = 1e-6


class PatchEmbedding(nn.Module):
    """One token for each 16×16 patch, with its place; a last patch that overhangs is filled up with zeros."""

    def __init__(self, *, width: int, side: int) -> None:
        """side: of the square of tokens that the learned positions are for."""
        super().__init__()
        self.projection = nn.Conv2d(3, width, PATCH_PX, stride=PATCH_PX)
        self.positions = nn.Parameter(torch.empty(side, side, width))
        nn.init.trunc_normal_(self.positions, std=0.02)

    def forward(self, pixels: Tensor) -> Tensor:
        """[B, 3, H, W] → [B, ceil(H/16), ceil(W/16), width]."""
        bottom, right = (-size % PATCH_PX for size in pixels.shape[2:])
        patches = self.projection(F.pad(pixels, (0, right, 0, bottom))).permute(0, 2, 3, 1)
        tokens: Tensor = patches + self._positions_at(*patches.shape[1:3]).to(patches.dtype)
        return tokens

    def _positions_at(self, height: int, width: int) -> Tensor:
        """[height, width, C], bicubic where the square is another."""
        if self.positions.shape[:2] == (height, width):
            return self.positions
        square = self.positions.permute(2, 0, 1)[None].float()
        return F.interpolate(square, size=(height, width), mode="bicubic", align_corners=False)[0].permute(1, 2, 0)


class GlobalAttention(nn.Module):
    """Multi-head attention among all tokens of a map."""

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = Linear(width, 3 * width)
        self.out = Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """[B, H, W, width] → the same shape."""
        qkv = self.qkv(tokens).flatten(1, 2).unflatten(2, (3, self.heads, -1))
        mixed = F.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4))
        answer: Tensor = self.out(mixed.transpose(1, 2).reshape(tokens.shape))
        return answer


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation of each pixel's channels."""

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] → the same shape."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def pyramid(width: int) -> list[nn.Sequential]:
    """From features at stride 16 to those at 4, 8, 16 and 32, each step one convolution (Li et al. 2022, section 3)."""
    half, quarter = width // 2, width // 4

    def up(inputs: int, outputs: int) -> nn.Module:
        return nn.ConvTranspose2d(inputs, outputs, 2, stride=2)

    return [
        nn.Sequential(up(width, half), ChannelNorm(half), nn.GELU(), up(half, quarter), ChannelNorm(quarter)),
        nn.Sequential(up(width, half), ChannelNorm(half)),
        nn.Sequential(ChannelNorm(width)),
        nn.Sequential(nn.Conv2d(width, width, 2, stride=2), ChannelNorm(width)),
    ]


class ViT(nn.Module):
    """The backbone."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        width = config.width
        self.channels = (width // 4, width // 2, width, width)
        self.patch_embedding = PatchEmbedding(width=width, side=config.image_px // PATCH_PX)
        self.blocks = nn.ModuleList(
            PreNormBlock(
                attention=GlobalAttention(width=width, heads=config.heads),
                width=width,
                mlp_ratio=config.mlp_ratio,
                drop_path=chance,
                epsilon=LAYER_NORM_EPSILON,
            )
            for chance in drop_paths(config.drop_path, config.depth)
        )
        self.norm = nn.LayerNorm(width, eps=LAYER_NORM_EPSILON)
        self.pyramid = nn.ModuleList(pyramid(width))

    @property
    def freezable(self) -> tuple[nn.Module, ...]:
        """The patch embedding, then the blocks in order."""
        return self.patch_embedding, *self.blocks

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Normalised pixels [B, 3, H, W] → features [B, channels[i], ceil(H/s), ceil(W/s)] at s = 4, 8, 16, 32."""
        tokens = self.patch_embedding(pixels)
        for block in self.blocks:
            tokens = block(tokens)
        height, width = tokens.shape[1:3]
        x = self.norm(tokens).permute(0, 3, 1, 2)
        # An odd row or column at stride 16 is half a cell at stride 32: filled up with zeros.
        finest, finer, same, coarser = self.pyramid
        features = finest(x), finer(x), same(x), coarser(F.pad(x, (0, width % 2, 0, height % 2)))
        return tuple(
            feature[:, :, : -(-pixels.shape[2] // stride), : -(-pixels.shape[3] // stride)]
            for feature, stride in zip(features, (4, 8, 16, 32), strict=True)
        )
