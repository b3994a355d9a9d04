"""Swin Transformer (Liu et al. 2021): attention in windows that shift from block to block, maps that halve by stages.

Parameters, for stage i from 0 and its block j:
patch_embedding.{projection,norm}, norms.i, stages.i.merge.{norm,reduce} (not in the last), and of
stages.i.blocks.j: attention_norm, attention.{qkv,out,position_bias}, mlp_norm, expand, contract.
`qkv` is fused: rows of the query, then the key, then the value. `position_bias` is [(2 · window − 1)², heads], row
(Δy + window − 1) · (2 · window − 1) + Δx + window − 1 for a query that lies Δy below and Δx right of its key.
`merge.norm` and `merge.reduce` take the four tokens of a square column by column: top left, bottom left, top right,
bottom right.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.backbones.blocks import PreNormBlock, drop_paths
from core.maskformer.backbones.config import SwinConfig
from core.maskformer.backbones.windows import WindowGrid
from core.maskformer.kernels.linear import Linear

PATCH_PX = 4


class PatchEmbedding(nn.Module):
    """One token for each 4×4 patch of the photo; a last patch that overhangs is filled up with zeros."""

    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.projection = nn.Conv2d(3, width, PATCH_PX, stride=PATCH_PX)
        self.norm = nn.LayerNorm(width)

    def forward(self, pixels: Tensor) -> Tensor:
        """[B, 3, H, W] → [B, ceil(H/4), ceil(W/4), width]."""
        bottom, right = (-size % PATCH_PX for size in pixels.shape[2:])
        patches = self.projection(F.pad(pixels, (0, right, 0, bottom)))
        tokens: Tensor = self.norm(patches.permute(0, 2, 3, 1).contiguous())
        return tokens


class PatchMerging(nn.Module):
    """Each 2×2 square of tokens becomes one of twice the width; a last square that overhangs is filled with zeros."""

    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * width)
        self.reduce = Linear(4 * width, 2 * width, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """[B, H, W, width] → [B, ceil(H/2), ceil(W/2), 2 · width]."""
        batch, height, width, channels = tokens.shape
        padded = F.pad(tokens, (0, 0, 0, width % 2, 0, height % 2))
        squares = padded.view(batch, -(-height // 2), 2, -(-width // 2), 2, channels)
        merged: Tensor = self.reduce(self.norm(squares.permute(0, 1, 3, 4, 2, 5).flatten(3)))
        return merged


class WindowAttention(nn.Module):
    """Multi-head attention inside windows, with a learned bias for each relative position."""

    def __init__(self, *, width: int, heads: int, window: int, qkv_bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = Linear(width, 3 * width, bias=qkv_bias)
        self.out = Linear(width, width)
        self.position_bias = nn.Parameter(torch.empty((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.position_bias, std=0.02)

    def forward(self, tokens: Tensor, grid: WindowGrid) -> Tensor:
        """[B, H, W, width] → the same shape; `grid` is theirs."""
        # The published models attend to padding as to tokens of zeros: one more token a map stands for all of it.
        padded = torch.cat((tokens.flatten(1, 2), tokens.new_zeros(len(tokens), 1, tokens.shape[3])), dim=1)
        qkv = self.qkv(padded).flatten(0, 1).index_select(0, grid.order)
        side = grid.cuts.shape[-1]
        query, key, value = qkv.view(-1, side, 3, self.heads, qkv.shape[-1] // self.heads // 3).permute(2, 0, 3, 1, 4)
        # Anew in each pass: half a millisecond at 512², and no copy that could outlive a change of the weights.
        bias = self.position_bias[grid.offsets].permute(2, 0, 1)
        mixed = [
            F.scaled_dot_product_attention(
                query[windows], key[windows], value[windows], attn_mask=(bias + cut)[None].to(query.dtype)
            ).transpose(1, 2)
            for windows, cut in grid.groups()
        ]
        answer: Tensor = self.out(torch.cat(mixed).view(len(grid.order), -1).index_select(0, grid.places))
        return answer.view(tokens.shape)


class SwinStage(nn.Module):
    """Blocks at one stride, every second one with shifted windows."""

    def __init__(self, *, blocks: Sequence[PreNormBlock], window: int, merge: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.merge = merge
        self.window = window

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """[B, H, W, width] → the same shape, and what `merge` makes of it for the next stage."""
        grids = [WindowGrid.of(tokens, window=self.window, shift=shift) for shift in (0, self.window // 2)]
        for index, block in enumerate(self.blocks):
            tokens = block(tokens, grids[index % 2])
        return tokens, self.merge(tokens)


class Swin(nn.Module):
    """The backbone; each stage's output is normalised before it leaves."""

    def __init__(self, config: SwinConfig) -> None:
        super().__init__()
        self.channels = tuple(config.embed_dim << stage for stage in range(4))
        self.patch_embedding = PatchEmbedding(width=config.embed_dim)
        chances = drop_paths(config.drop_path, sum(config.depths))
        ends = list(accumulate(config.depths))
        self.stages = nn.ModuleList(
            SwinStage(
                blocks=[
                    PreNormBlock(
                        attention=WindowAttention(
                            width=width, heads=heads, window=config.window, qkv_bias=config.qkv_bias
                        ),
                        width=width,
                        mlp_ratio=config.mlp_ratio,
                        drop_path=chance,
                    )
                    for chance in chances[end - depth : end]
                ],
                window=config.window,
                merge=nn.Identity() if end == ends[-1] else PatchMerging(width=width),
            )
            for width, heads, depth, end in zip(self.channels, config.heads, config.depths, ends, strict=True)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in self.channels)

    @property
    def freezable(self) -> tuple[nn.Module, ...]:
        """The patch embedding, then the stages in order."""
        return self.patch_embedding, *self.stages

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Normalised pixels [B, 3, H, W] → features [B, channels[i], ceil(H/s), ceil(W/s)] at s = 4, 8, 16, 32.

        The features lie channel by channel in memory (channels_last).
        """
        merged = self.patch_embedding(pixels)
        features = []
        for stage, norm in zip(self.stages, self.norms, strict=True):
            tokens, merged = stage(merged)
            features.append(norm(tokens).permute(0, 3, 1, 2))
        return tuple(features)
