"""The block that transformer backbones are made of, and stochastic depth."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.kernels.linear import Linear, LinearGELU


class PreNormBlock(nn.Module):
    """Attention and a two-layer network, each normalised first and added (Dosovitskiy et al. 2021, equations 2, 3).

    Parameters: attention_norm, attention, mlp_norm, expand, contract.
    """

    def __init__(
        self, *, attention: nn.Module, width: int, mlp_ratio: float, drop_path: float, epsilon: float = 1e-5
    ) -> None:
        super().__init__()
        hidden = int(width * mlp_ratio)
        self.attention_norm = nn.LayerNorm(width, eps=epsilon)
        self.attention = attention
        self.mlp_norm = nn.LayerNorm(width, eps=epsilon)
        self.expand = LinearGELU(width, hidden)
        self.contract = Linear(hidden, width)
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: Tensor, *layout: object) -> Tensor:
        """[B, ..., width] → the same shape; `layout` is what the attention needs to know of it."""
        tokens = tokens + self.drop_path(self.attention(self.attention_norm(tokens), *layout))
        answer: Tensor = tokens + self.drop_path(self.contract(self.expand(self.mlp_norm(tokens))))
        return answer


class DropPath(nn.Module):
    """In training, replaces a sample's branch by zeros with probability `chance` and scales up the others.

    Stochastic depth: Huang et al. 2016.
    """

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def forward(self, branch: Tensor) -> Tensor:
        """[B, ...] → the same shape."""
        if not self.training:
            return branch
        kept = F.dropout(branch.new_ones(len(branch)), self.chance)
        return branch * kept.view(-1, *[1] * (branch.ndim - 1))


def drop_paths(last: float, depth: int) -> list[float]:
    """The chance of each of `depth` blocks: from 0 up to `last` in equal steps."""
    return [last * index / max(depth - 1, 1) for index in range(depth)]
